"""Vertices and tetrahedra with cement, and those that it may come to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cementflow.fem import kernels
from cementflow.fem.fractional_flow import passing_on
from cementflow.fem.region import downstream
from cementflow.flow.problem import Problem
from cementflow.flow.state import Flow, State

Floats = NDArray[np.float64]
Indices = NDArray[np.uint32]
AHEAD = 2  # layers of vertices ahead of the cement in which its viscosity is kept up to date
TRIFLE = 1e-13  # of the flow rate: a flux that is none


@dataclass(frozen=True, eq=False)
class Reach:
    """Vertices, ascending, and the tetrahedra that have one of them, ascending too.

    The vertices are of the type that NumPy counts in, which it would else make of them whenever they are asked for.
    """

    vertices: NDArray[np.intp]
    tets: Indices

    @classmethod
    def of(cls, problem: Problem, marked: NDArray[np.bool_]) -> Reach:
        """Of the vertices that are marked."""
        return cls.of_both(problem, marked, np.zeros_like(marked))[0]

    @classmethod
    def of_both(
        cls, problem: Problem, first: NDArray[np.bool_], second: NDArray[np.bool_]
    ) -> tuple[Reach, Reach]:
        """Of two sets of vertices; the second has the tetrahedra that the first lacks."""
        marks = first.view(np.uint8) + 2 * second.view(np.uint8)
        tets = kernels.touching(problem.volumes.tets, marks)
        return cls(np.flatnonzero(first), tets[0]), cls(np.flatnonzero(second), tets[1])


def with_cement(problem: Problem, saturation: Floats, flow: Flow) -> NDArray[np.bool_]:
    """Vertices that cement goes on from: those that pass some of it on, and those that it is pushed into.

    Around them is a layer with so little cement that it stays where it is (`SMALLEST_FRACTION`).
    """
    found: NDArray[np.bool_] = passing_on(
        saturation, flow.cement_viscosity, flow.marrow_viscosity, problem.corey.numbers
    )
    found[problem.source_vertices] = True
    return found


def near_cement(problem: Problem, state: State, start: Flow | None) -> tuple[Reach, Reach]:
    """Where viscosities have to follow each system of a flow, and where the flow that was found is enough.

    The first are the vertices that pass cement on and their neighbours, the ends of all edges that the viscosity of the
    cement counts on; the second those that it may come to in the next step. The second are all others without a flow to
    start from; and where the marrow thins, all are the first.
    """
    v = problem.volumes
    nowhere = Reach(np.zeros(0, np.intp), np.zeros(0, np.uint32))
    if not problem.marrow.newtonian:
        return Reach.of(problem, np.ones(v.n, bool)), nowhere
    if problem.cement.bulk.newtonian:
        return nowhere, nowhere
    if start is None:
        wet = (state.saturation > 0.0) | (problem.source > 0.0)
        here = kernels.with_neighbours(wet, v.row_start, v.neighbour)
        return Reach.of_both(problem, here, ~here)
    wet = with_cement(problem, state.saturation, start)
    here = kernels.with_neighbours(wet, v.row_start, v.neighbour)
    ahead, least = np.zeros(v.n, bool), TRIFLE * start.fluxes.rate
    region, _ = downstream(v.row_start, v.neighbour, v.slot_edge, *start.fluxes.both_ends, wet, AHEAD, least)
    ahead[region] = True
    return Reach.of_both(problem, here, ahead & ~here)
