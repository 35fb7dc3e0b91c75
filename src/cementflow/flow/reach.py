"""Vertices and tetrahedra with cement, and those that it may come to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cementflow.fem import kernels, upwind
from cementflow.fem.fractional_flow import passing_on
from cementflow.flow.problem import Problem
from cementflow.flow.state import Flow, State

Floats = NDArray[np.float64]
Indices = NDArray[np.uint32]
AHEAD = 2  # layers of vertices ahead of the cement in which its viscosity is kept up to date
TRIFLE = 1e-13  # of the flow rate: a flux that is none


@dataclass(frozen=True, eq=False)
class Reach:
    """Vertices, ascending, and all tetrahedra that have one of them, ascending too."""

    vertices: Indices
    tets: Indices

    @classmethod
    def of(cls, problem: Problem, marked: NDArray[np.bool_]) -> Reach:
        """Of the vertices that are marked."""
        return cls(np.flatnonzero(marked).astype(np.uint32), kernels.touching(problem.volumes.tets, marked))


def with_cement(problem: Problem, saturation: Floats, flow: Flow) -> NDArray[np.bool_]:
    """Vertices that cement goes on from: those that pass some of it on, and those that it is pushed into.

    Around them is a layer with so little cement that it stays where it is (`SMALLEST_FRACTION`).
    """
    ratio = flow.cement_viscosity / flow.marrow_viscosity
    return passing_on(saturation, ratio, problem.corey.numbers) | (problem.source > 0.0)


def near_cement(problem: Problem, state: State, start: Flow | None) -> tuple[Reach, Reach]:
    """Where viscosities have to follow each system of a flow, and where the flow that was found is enough.

    The first are the vertices that pass cement on and their neighbours, the ends of all edges that the viscosity of the
    cement counts on; the second those that it may come to in the next step. The second are all others without a flow to
    start from; and where the marrow thins, all are the first.
    """
    v = problem.volumes
    nowhere = Reach(np.zeros(0, np.uint32), np.zeros(0, np.uint32))
    if not problem.marrow.newtonian:
        return Reach.of(problem, np.ones(v.n, bool)), nowhere
    if problem.cement.bulk.newtonian:
        return nowhere, nowhere
    if start is None:
        wet = (state.saturation > 0.0) | (problem.source > 0.0)
        here = kernels.with_neighbours(wet, v.row_start, v.neighbour)
        return Reach.of(problem, here), Reach.of(problem, ~here)
    wet = with_cement(problem, state.saturation, start)
    here = kernels.with_neighbours(wet, v.row_start, v.neighbour)
    ahead, least = np.zeros(v.n, bool), TRIFLE * start.fluxes.rate
    region, _ = upwind.downstream(
        v.row_start, v.neighbour, v.slot_edge, *start.fluxes.both_ends, wet, AHEAD, least
    )
    ahead[region] = True
    return Reach.of(problem, here), Reach.of(problem, ahead & ~here)
