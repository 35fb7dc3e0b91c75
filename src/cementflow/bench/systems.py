"""Pressure systems as they come up in the middle of a run, for comparing linear solvers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from cementflow.bench.cases import BenchCase
from cementflow.fem.control_volumes import ControlVolumes
from cementflow.fem.linear_solver import LinearResult, PressureSolver
from cementflow.fem.pressure_matrix import PressureMatrix

Floats = NDArray[np.float64]
Indices = NDArray[np.uint32]
CONTRAST = 500.0  # viscosity of the cement over that of the marrow
# Two systems of one run, one step apart: whatever a solver keeps from the first is fair to use for the second.
PARTS = (0.45, 0.5)  # of the volume injected so far


@dataclass(frozen=True, eq=False)
class Systems:
    """Symmetric positive definite systems of one pattern.

    Parameters
    ----------
    row_start, columns
        CSR pattern with sorted columns.
    matrices, rhs
        Matrix and right-hand side of each system.
    values
        Entries of each matrix by rows, as other solvers read them.
    make_solver
        A new solver as a run makes it.
    """

    row_start: Indices
    columns: Indices
    matrices: tuple[PressureMatrix, ...]
    rhs: tuple[Floats, ...]
    values: tuple[Floats, ...]
    make_solver: Callable[[], PressureSolver]

    @property
    def n(self) -> int:
        """Unknowns."""
        return len(self.row_start) - 1

    def residual(self, x: Floats, which: int = 1) -> float:
        """True residual of a solution, relative to the right-hand side (2-norms)."""
        product = np.add.reduceat(self.values[which] * x[self.columns], self.row_start[:-1])
        difference = product - self.rhs[which]
        return float(np.sqrt(np.sum(difference**2) / np.sum(self.rhs[which] ** 2)))


def pressure_systems(case: BenchCase) -> Systems:
    """Systems of a case with a ball of Newtonian cement around its source, 500 times as thick as marrow."""
    from cementflow.case import preset
    from cementflow.flow.pressure import solve_pressure
    from cementflow.flow.state import State
    from cementflow.laws.ageing import AgeingCement
    from cementflow.laws.rheology import Newtonian
    from cementflow.mesh.geometry import build_geometry
    from cementflow.model import build_model

    stated = preset(case.preset).replace(case.changes)
    model = build_model(stated, build_geometry(stated.geometry))
    cement = AgeingCement(Newtonian(CONTRAST * model.problem.marrow_viscosity))
    problem = replace(model.problem, cement=cement)
    distance = np.linalg.norm(problem.volumes.mesh.points - model.source.center, axis=1)
    edge = 1e-3 * case.edge
    recorder = _Recorder(problem.make_solver())
    matrices, rhs = [], []
    for part in PARTS:
        porosity = problem.volumes.pore_volume.sum() / problem.volumes.mesh.volumes.sum()
        radius = np.cbrt(3.0 * part * problem.drive.volume / (4.0 * np.pi * porosity))
        state = State.initial(problem)
        cloud = replace(state, saturation=np.clip((radius - distance) / edge + 0.5, 0.0, 1.0))
        solve_pressure(problem, recorder, cloud, 1.0)
        # The last of the iteration, in which the upstream directions are those of the solution.
        matrices.append(recorder.matrix)
        rhs.append(recorder.rhs)
    v = problem.volumes
    values = tuple(by_rows(matrix, v, problem.fixed) for matrix in matrices)
    return Systems(v.row_start, v.neighbour, tuple(matrices), tuple(rhs), values, problem.make_solver)


def by_rows(matrix: PressureMatrix, volumes: ControlVolumes, fixed: NDArray[np.bool_]) -> Floats:
    """Entries in the pattern of the control volumes; those of vertices of known pressure are zero off the diagonal."""
    row = np.repeat(np.arange(volumes.n), np.diff(volumes.row_start))
    tied = ~(fixed[row] | fixed[volumes.neighbour])
    off = np.where(tied, -matrix.conductance[volumes.slot_edge], 0.0)
    return np.where(volumes.slot_edge < 0, matrix.diagonal[row], off)


class _Recorder(PressureSolver):
    """Hands systems on to a solver and keeps the last one."""

    def __init__(self, solver: PressureSolver) -> None:
        self._solver = solver

    def solve(self, matrix: PressureMatrix, rhs: Floats, start: Floats, tolerance: float) -> LinearResult:
        self.matrix, self.rhs = PressureMatrix(*(part.copy() for part in matrix)), rhs.copy()
        return self._solver.solve(matrix, rhs, start, tolerance)
