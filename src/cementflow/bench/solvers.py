"""The pressure solver against others: one system, one residual, set-up and solution apart."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cementflow.bench import solve_one
from cementflow.bench.section import Section
from cementflow.bench.systems import Systems

TOLERANCE = solve_one.TOLERANCE
TIMEOUT = (
    180.0  # s for all repetitions of one solver; sparse direct ones may need far more in three dimensions
)
# Dot products on two threads spin while anything else runs; the threads of the MKL are its own.
ONE_BLAS_THREAD = {"OPENBLAS_NUM_THREADS": "1"}
INSTALL = {
    "pyamg": "pip install pyamg",
    "PETSc": "apt-get install python3-petsc4py-real (and --python /usr/bin/python3), or pip install petsc petsc4py",
    "NGSolve": "pip install ngsolve",
    "MKL": "pip install pypardiso",
    "SciPy": "pip install scipy",
}


@dataclass(frozen=True)
class SolverResult:
    """One solver on the second system.

    Parameters
    ----------
    name
        Of the solver.
    setup, solve
        Seconds of its own set-up and solution.
    kept
        Seconds from a system with new entries to its solution, with what was set up for the first system.
    iterations
        0 for a direct solver.
    residual
        True relative residual, recomputed here.
    missing
        Why there are no numbers.
    """

    name: str
    setup: float = np.nan
    solve: float = np.nan
    kept: float = np.nan
    iterations: int = 0
    residual: float = np.nan
    missing: str = ""

    @property
    def best(self) -> float:
        """The cheaper of both ways to the solution of one more system of a run [s]."""
        return min(self.setup + self.solve, self.kept)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self) | {"best": self.best}


def compare_solvers(
    systems: Systems, pythons: Sequence[str], repeat: int, tell: Callable[[str], object]
) -> list[SolverResult]:
    """Ours first, then every other that one of the interpreters has."""
    results = [our_solver(systems, repeat)]
    with tempfile.TemporaryDirectory() as folder:
        stored = Path(folder) / "systems.npz"
        pattern: dict[str, Any] = {"row_start": systems.row_start, "columns": systems.columns}
        values = {f"values{i}": v for i, v in enumerate(systems.values)}
        arrays: dict[str, Any] = pattern | values | {f"rhs{i}": v for i, v in enumerate(systems.rhs)}
        np.savez(stored, **arrays)
        for name in solve_one.METHODS:
            tell(f"solver: {name}")
            results.append(_other(systems, name, stored, pythons, repeat))
    return results


def our_solver(systems: Systems, repeat: int) -> SolverResult:
    """Ours, compiled beforehand; the best of so many, as for the others."""
    zero = np.zeros(systems.n)
    systems.make_solver().solve(systems.matrices[0], systems.rhs[0], zero, TOLERANCE)
    setup = solve = kept = np.inf
    for _ in range(repeat):
        start = time.perf_counter()
        solver = systems.make_solver()
        middle = time.perf_counter()
        result = solver.solve(systems.matrices[1], systems.rhs[1], zero, TOLERANCE)
        end = time.perf_counter()
        setup, solve = min(setup, middle - start), min(solve, end - middle)
        solver = systems.make_solver()
        solver.solve(systems.matrices[0], systems.rhs[0], zero, TOLERANCE)
        start = time.perf_counter()
        again = solver.solve(systems.matrices[1], systems.rhs[1], zero, TOLERANCE)
        kept = min(kept, time.perf_counter() - start)
    residual = max(systems.residual(result.x), systems.residual(again.x))
    return SolverResult("cementflow", setup, solve, kept, again.iterations, residual)


def _other(systems: Systems, name: str, stored: Path, pythons: Sequence[str], repeat: int) -> SolverResult:
    missing = ""
    for python in pythons:
        target = stored.with_name("solution.npy")
        command = [python, str(Path(solve_one.__file__)), str(stored), str(target), name, str(repeat)]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=TIMEOUT, env=os.environ | ONE_BLAS_THREAD
            )
        except subprocess.TimeoutExpired:
            return SolverResult(name, missing=f"not done after {TIMEOUT:.0f} s")
        if done.returncode != 0:
            missing = (done.stderr.strip().splitlines() or [f"ended with status {done.returncode}"])[-1]
            continue
        found = json.loads(done.stdout.splitlines()[-1])
        if "missing" not in found:
            x = np.load(target)
            if not np.isfinite(x).all():
                return SolverResult(name, missing="its solution is not finite")
            return SolverResult(name, **found, residual=systems.residual(x))
        missing = missing or found["missing"]
    return SolverResult(name, missing=f"{missing}; {INSTALL[name.split()[0]]}")


def section(results: Sequence[SolverResult], systems: Systems) -> Section:
    """As a table."""
    head = ("solver", "set-up [s]", "solution [s]", "next system [s]", "iterations", "true residual")
    rows = [
        (
            r.name,
            f"{r.setup:.3f}",
            f"{r.solve:.3f}",
            f"{r.kept:.3f}",
            str(r.iterations or "-"),
            f"{r.residual:.1e}",
        )
        for r in results
        if not r.missing
    ]
    ours = results[0]
    others = [r for r in results[1:] if not r.missing and r.residual <= 2.0 * TOLERANCE]
    notes = [
        f"{systems.n} unknowns, {len(systems.columns) / systems.n:.1f} entries a row, from zero to 1e-8; the residual "
        "is recomputed from the matrix. Next system: new entries in the same pattern, solved with whatever was set up "
        "for the system before it."
    ]
    if others:
        best = min(others, key=lambda r: r.best)
        notes.append(
            f"Cheapest way to one more system of a run: cementflow {ours.best:.3f} s, {best.name} {best.best:.3f} s, "
            f"ratio {best.best / ours.best:.1f}."
        )
    notes += [f"not measured: {r.name} ({r.missing})" for r in results if r.missing]
    return Section("Linear solvers", head, rows, notes)
