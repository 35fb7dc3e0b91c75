"""Moves the cement through one step: implicit upwind saturations and what passes the sites."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from cementflow.fem import upwind
from cementflow.flow.problem import Problem
from cementflow.flow.state import Flow, Fluxes, State
from cementflow.sites.outlets import OpenFaces, Tube

Floats = NDArray[np.float64]
LARGEST_COURANT = 0.5
MOST_PARTS = 200


class TransportStalled(Exception):
    """The sweeps did not settle; the step is to be tried again, smaller."""


@dataclass(frozen=True, eq=False)
class Paths:
    """The fluxes of a step as the sweeps read them: order of the vertices, flux of each slot, all that leaves each."""

    order: NDArray[np.uint32]
    slot_flux: Floats
    through: Floats


def transport(problem: Problem, state: State, flow: Flow, fluxes: Fluxes, dt: float) -> State:
    """State after a step with given fluxes.

    Implicit upwinding is stable for any step, but a step in which the front crosses several control volumes leaves a
    trace of marrow in them, and a trace is enough to double the mobility of thick cement. So the cement takes as many
    smaller steps under the same fluxes as bring the Courant number at the front down; they cost little beside a
    pressure solve.

    Parameters
    ----------
    problem, state
        The run and where it stands; the state is not changed.
    flow
        Gives the order of the vertices and the viscosity of the cement.
    fluxes
        Volume rates during the step, balanced in every control volume.
    dt
        Length of the step [s].

    Raises
    ------
    TransportStalled
        When cyclic flow paths (possible only through negative coefficients) keep the sweeps from settling.
    """
    v = problem.volumes
    slot_flux, through = upwind.slot_fluxes(v.row_start, v.slot_edge, v.edges, fluxes.edge)
    through += problem.sum_links(np.maximum(fluxes.link, 0.0)) + np.maximum(fluxes.fixed, 0.0)
    by_pressure = np.argsort(-flow.pressure, kind="stable").astype(np.uint32)
    paths = Paths(upwind.flow_order(by_pressure, v.row_start, v.neighbour, slot_flux), slot_flux, through)
    parts = _parts(problem, state, through, dt)
    end = state.time + dt
    for _ in range(parts):
        state = _move(problem, state, flow, fluxes, paths, dt / parts)
    return replace(state, time=end)


def _parts(problem: Problem, state: State, through: Floats, dt: float) -> int:
    """Number of parts of a step for which the Courant number where cement is arriving stays below its limit."""
    full = problem.corey.largest_saturation
    arriving = (state.saturation > 0.02 * full) & (state.saturation < 0.98 * full)
    arriving |= problem.source > 0.0
    courant = float((through[arriving] * dt / problem.volumes.pore_volume[arriving]).max(initial=0.0))
    return int(np.clip(np.ceil(courant / LARGEST_COURANT), 1, MOST_PARTS))


def _move(problem: Problem, state: State, flow: Flow, fluxes: Fluxes, paths: Paths, dt: float) -> State:
    v = problem.volumes
    returned = _returning_cement(problem, state, fluxes, dt)
    saturation, fraction, sweeps = upwind.transport_sweeps(
        paths.order,
        v.row_start,
        v.neighbour,
        paths.slot_flux,
        paths.through,
        fluxes.rate * problem.source + problem.sum_links(returned),
        v.pore_volume / dt,
        flow.cement_viscosity / problem.marrow_viscosity,
        state.saturation,
        np.array(problem.corey.numbers),
    )
    if sweeps > upwind.MAX_SWEEPS:
        raise TransportStalled
    cement = np.maximum(fluxes.link, 0.0) * fraction[problem.links] - returned
    leaked, held, marrow = _through_outlets(problem, state, fluxes, cement, fraction, dt)
    return State(state.time + dt, saturation, state.injected + fluxes.rate * dt, leaked, held, marrow)


def _returning_cement(problem: Problem, state: State, fluxes: Fluxes, dt: float) -> Floats:
    """Cement that tubes push back through each link [m3/s], at most what they hold."""
    returned = np.zeros(len(problem.links))
    for i, outlet, links in problem.linked:
        inward = np.maximum(-fluxes.link[links], 0.0)
        total = inward.sum()
        if isinstance(outlet, Tube) and total > 0.0:
            returned[links] = inward * min(1.0, state.held[i] / (total * dt))
    return returned


def _through_outlets(
    problem: Problem, state: State, fluxes: Fluxes, cement: Floats, fraction: Floats, dt: float
) -> tuple[Floats, Floats, Floats]:
    leaked, held, marrow = state.leaked.copy(), state.held.copy(), state.marrow_out.copy()
    for i, outlet, links in problem.linked:
        amount = cement[links].sum() * dt
        leaked[i] += amount
        marrow[i] += (fluxes.link[links] - cement[links]).sum() * dt
        if isinstance(outlet, Tube):
            held[i] = min(held[i] + amount, outlet.capacity)
    for i, faces in enumerate(problem.outlets):
        if isinstance(faces, OpenFaces):
            out = fluxes.fixed[faces.vertices]
            amount = (np.maximum(out, 0.0) * fraction[faces.vertices]).sum() * dt
            leaked[i] += amount
            marrow[i] += out.sum() * dt - amount
    return leaked, held, marrow
