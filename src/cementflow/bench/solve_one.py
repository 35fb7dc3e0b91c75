"""Solves stored systems with one solver of another package; needs NumPy and that package only.

python solve_one.py SYSTEMS.npz SOLUTION.npy METHOD REPEAT

The systems are those that `cementflow.bench.solvers` stores. Prints one line of JSON: seconds of set-up and solution of
the second system ("setup", "solve"), seconds of its solution with what was set up for the first ("kept"), iterations;
or "missing" and why. The solution of the second system is stored, and its residual is looked at by the caller.
"""

from __future__ import annotations

import glob
import json
import sys
import time
from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np

TOLERANCE = 1e-8


def main() -> None:
    """Solve and print."""
    systems, target, method, repeat = sys.argv[1:5]
    data = np.load(systems)
    pattern = (data["row_start"].astype(np.int32), data["columns"].astype(np.int32))
    first, second = [(*pattern, data[f"values{i}"], data[f"rhs{i}"]) for i in (0, 1)]
    try:
        solver = METHODS[method]
        found = measure(solver, first, second, target, int(repeat))
    except ImportError as error:
        found = {"missing": str(error)}
    print(json.dumps(found))


def measure(solver: Callable[..., Any], first: Any, second: Any, target: str, repeat: int) -> dict[str, Any]:
    """Best times of so many."""
    best = {"setup": np.inf, "solve": np.inf, "kept": np.inf}
    for _ in range(repeat):
        # This goes first, as it imports the package too.
        of_first = solver(*first)
        start = time.perf_counter()
        of_first(second)
        best["kept"] = min(best["kept"], time.perf_counter() - start)
        del of_first
        start = time.perf_counter()
        ready = solver(*second)
        middle = time.perf_counter()
        x, iterations = ready(second)
        end = time.perf_counter()
        best["setup"], best["solve"] = min(best["setup"], middle - start), min(best["solve"], end - middle)
        np.save(target, np.asarray(x, dtype=np.float64))
        del ready
    return {**best, "iterations": iterations}


def pyamg_with(build: str) -> Callable[..., Any]:
    """Conjugate gradients with a multigrid cycle of pyamg."""

    def prepare(row_start: Any, columns: Any, values: Any, rhs: Any) -> Callable[..., Any]:
        pyamg = import_module("pyamg")
        from scipy.sparse import csr_array, csr_matrix

        n = len(rhs)
        levels = getattr(pyamg, build)(csr_matrix((values, columns, row_start), shape=(n, n)))
        preconditioner = levels.aspreconditioner()

        def solve(system: Any) -> tuple[Any, int]:
            matrix = csr_array((system[2], system[1], system[0]), shape=(n, n))
            norms: list[float] = []
            x, _ = pyamg.krylov.cg(
                matrix, system[3], tol=TOLERANCE, M=preconditioner, residuals=norms, maxiter=500
            )
            return x, len(norms) - 1

        return solve

    return prepare


def petsc_with(kind: str) -> Callable[..., Any]:
    """Conjugate gradients of PETSc with one of its preconditioners; Debian hides petsc4py in a folder of its own."""

    def prepare(row_start: Any, columns: Any, values: Any, rhs: Any) -> Callable[..., Any]:
        sys.path += sorted(glob.glob("/usr/lib/petscdir/petsc*/*/lib/python3/dist-packages"))
        PETSc = import_module("petsc4py.PETSc")

        def matrix_of(system: Any) -> Any:
            n = len(system[3])
            matrix = PETSc.Mat().createAIJ((n, n), csr=(system[0], system[1], system[2]))
            matrix.setOption(PETSc.Mat.Option.SYMMETRIC, True)
            matrix.setOption(PETSc.Mat.Option.SPD, True)
            return matrix

        ksp = PETSc.KSP().create()
        built = matrix_of((row_start, columns, values, rhs))
        ksp.setOperators(built)
        ksp.setType("cg")
        ksp.setNormType(PETSc.KSP.NormType.UNPRECONDITIONED)
        ksp.setTolerances(rtol=TOLERANCE, atol=0.0, max_it=5000)
        try:
            ksp.getPC().setType(kind)
        except PETSc.Error as error:
            raise ImportError(f"this PETSc has no {kind}") from error
        ksp.setUp()

        def solve(system: Any) -> tuple[Any, int]:
            ksp.setOperators(built if system[2] is values else matrix_of(system), built)
            ksp.getPC().setReusePreconditioner(True)
            b = PETSc.Vec().createWithArray(system[3])
            x = b.duplicate()
            ksp.solve(b, x)
            return x.getArray().copy(), ksp.getIterationNumber()

        return solve

    return prepare


def pardiso(row_start: Any, columns: Any, values: Any, rhs: Any) -> Callable[..., Any]:
    """Direct solver of the MKL for symmetric positive definite matrices; kept is the ordering only."""
    pypardiso = import_module("pypardiso")
    from scipy.sparse import csr_matrix, triu

    n = len(rhs)

    def upper(system: Any) -> Any:
        return triu(csr_matrix((system[2], system[1], system[0]), shape=(n, n)), format="csr")

    solver = pypardiso.PyPardisoSolver(mtype=2)
    matrix = upper((row_start, columns, values, rhs))
    solver.set_phase(12)
    solver._call_pardiso(matrix, np.zeros(n))

    def solve(system: Any) -> tuple[Any, int]:
        same = system[2] is values
        solver.set_phase(33 if same else 23)
        x = solver._call_pardiso(matrix if same else upper(system), system[3])
        return x, 0

    return solve


def ngsolve_with(preconditioner: str) -> Callable[..., Any]:
    """NGSolve on the matrix: its own sparse Cholesky, or conjugate gradients with symmetric Gauss-Seidel sweeps."""

    def prepare(row_start: Any, columns: Any, values: Any, rhs: Any) -> Callable[..., Any]:
        import_module("ngsolve")
        CGSolver = import_module("ngsolve.krylovspace").CGSolver
        SparseMatrixd = import_module("ngsolve.la").SparseMatrixd

        n = len(rhs)

        def matrix_of(system: Any) -> Any:
            rows = np.repeat(np.arange(n, dtype=np.int32), np.diff(system[0]))
            return SparseMatrixd.CreateFromCOO(rows, system[1], system[2], n, n)

        matrix = matrix_of((row_start, columns, values, rhs))
        direct = preconditioner == "cholesky"
        inverse = matrix.Inverse(inverse="sparsecholesky") if direct else matrix.CreateSmoother()

        def solve(system: Any) -> tuple[Any, int]:
            current = matrix if system[2] is values else matrix_of(system)
            b = current.CreateColVector()
            b.FV().NumPy()[:] = system[3]
            if direct and current is matrix:
                return (inverse * b).Evaluate().FV().NumPy().copy(), 0
            # CGSolver stops by the preconditioned norm, so it is asked for more than the residual that counts.
            cg = CGSolver(current, inverse, tol=0.03 * TOLERANCE, maxiter=5000, printrates=False)
            x = (cg * b).Evaluate()
            return x.FV().NumPy().copy(), cg.iterations

        return solve

    return prepare


def splu(row_start: Any, columns: Any, values: Any, rhs: Any) -> Callable[..., Any]:
    """SuperLU of SciPy; nothing is kept."""
    from scipy.sparse import csc_array
    from scipy.sparse.linalg import splu as factorise

    n = len(rhs)
    factor = factorise(csc_array((values, columns, row_start), shape=(n, n)), permc_spec="MMD_AT_PLUS_A")

    def solve(system: Any) -> tuple[Any, int]:
        if system[2] is values:
            return factor.solve(system[3]), 0
        return splu(*system)(system)

    return solve


METHODS: dict[str, Callable[..., Any]] = {
    "pyamg Ruge-Stuben + CG": pyamg_with("ruge_stuben_solver"),
    "pyamg smoothed aggregation + CG": pyamg_with("smoothed_aggregation_solver"),
    "PETSc ICC + CG": petsc_with("icc"),
    "PETSc GAMG + CG": petsc_with("gamg"),
    "PETSc hypre BoomerAMG + CG": petsc_with("hypre"),
    "PETSc ML + CG": petsc_with("ml"),
    "NGSolve Gauss-Seidel + CG": ngsolve_with("gauss-seidel"),
    "NGSolve sparse Cholesky": ngsolve_with("cholesky"),
    "MKL PARDISO (pypardiso)": pardiso,
    "SciPy SuperLU": splu,
}


if __name__ == "__main__":
    main()
