"""Benchmark A1 with NGSolve (mesh, matrix and conjugate gradients): python ngsolve_a1.py CELLS."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from answer import answer


def benchmark(cells: int) -> dict[str, Any]:
    """The cube with so many cells along an edge, cut into tetrahedra."""
    import ngsolve as ng
    import sequential
    from ngsolve.meshes import MakeStructured3DMesh
    from scipy.sparse import csr_array

    start = time.perf_counter()
    side = sequential.SIDE
    cube = MakeStructured3DMesh(
        hexes=False, nx=cells, ny=cells, nz=cells, mapping=lambda x, y, z: (side * x, side * y, side * z)
    )
    space = ng.H1(cube, order=1)
    u, v = space.TnT()
    form = ng.BilinearForm(ng.grad(u) * ng.grad(v) * ng.dx).Assemble()
    load = ng.LinearForm(1.0 * v * ng.dx).Assemble()
    rows, columns, values = form.mat.COO()
    n = space.ndof
    stiffness = csr_array((np.array(values), (np.array(rows), np.array(columns))), shape=(n, n))
    points = np.array([vertex.point for vertex in cube.vertices])
    mesh = sequential.mesh_from(points, stiffness, load.vec.FV().NumPy().copy(), side / cells)
    return sequential.outcome(f"NGSolve {ng.__version__}", cells, mesh, _Solver(), start)


class _Solver:
    """Conjugate gradients with symmetric Gauss-Seidel sweeps: cheaper here than NGSolve's sparse Cholesky."""

    def __init__(self) -> None:
        self.iterations = 0
        self._matrix: Any = None

    def solve(self, matrix: Any, rhs: np.ndarray, start: np.ndarray) -> np.ndarray:
        from ngsolve.krylovspace import CGSolver
        from ngsolve.la import SparseMatrixd

        if self._matrix is None:
            rows = np.repeat(np.arange(len(rhs)), np.diff(matrix.indptr))
            self._matrix = SparseMatrixd.CreateFromCOO(rows, matrix.indices, matrix.data, len(rhs), len(rhs))
        current = self._matrix
        current.AsVector().FV().NumPy()[:] = matrix.data  # same pattern, sorted alike
        b, x = current.CreateColVector(), current.CreateColVector()
        b.FV().NumPy()[:] = rhs
        x.FV().NumPy()[:] = start
        # The tolerance is relative to the start, which is good already.
        solver = CGSolver(current, current.CreateSmoother(), tol=1e-5, maxiter=2000, printrates=False)
        solver.Solve(rhs=b, sol=x, initialize=False)
        self.iterations += solver.iterations
        return x.FV().NumPy().copy()


if __name__ == "__main__":
    answer(benchmark)
