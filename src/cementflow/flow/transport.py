"""How the cement moves in one step: implicit upwind saturations and what passes the sites."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cementflow.fem import upwind
from cementflow.fem.cycles import cancel_triangles
from cementflow.fem.region import downstream, flow_graph, region_fields
from cementflow.flow.problem import Problem
from cementflow.flow.reach import TRIFLE, with_cement
from cementflow.flow.state import Flow, Fluxes, State, VeinState
from cementflow.flow.veins import moved_in_veins, returning
from cementflow.sites.outlets import OpenFaces, Tube

Floats = NDArray[np.float64]
Indices = NDArray[np.uint32]
LARGEST_COURANT = 0.5
HALVINGS = 4
MOST_OF_THEM = 0.9
MOST_PARTS = 100
LAYERS = 3  # of vertices ahead of the cement that a step is first taken to reach


class TransportStalled(Exception):
    """The sweeps did not settle; the step is to be tried again, smaller."""


@dataclass(frozen=True, eq=False)
class FlowGraph:
    """What flows between the r vertices of a region, which count from 0 in their order.

    Attributes
    ----------
    start, ahead, away
        Neighbours among them by rows, and flux to each of them [m3/s].
    through
        What leaves each of them along its edges [m3/s], shape (r,).
    order, cyclic
        They along the flow, and whether it still had cycles after its triangles were taken out.
    """

    start: Indices
    ahead: Indices
    away: Floats
    through: Floats
    order: Indices
    cyclic: bool


@dataclass(frozen=True, eq=False)
class Moved:
    """What a step moved where.

    Parameters
    ----------
    dt
        Length of the step [s].
    saturation
        Cement share of the pores at its end, shape (n,).
    share
        Cement share of what left each vertex, on average over the step, shape (n,).
    graph
        What flowed between the vertices that cement could reach, or all.
    entering, returned, outward
        At each vertex: cement from the syringe, cement that came back out of tubes, all that left by sites [m3/s].
    leaked, held, marrow_out, veins
        As in `State`, at the end of the step.
    """

    dt: float
    saturation: Floats
    share: Floats
    graph: FlowGraph
    entering: Floats
    returned: Floats
    outward: Floats
    leaked: Floats
    held: Floats
    marrow_out: Floats
    veins: VeinState


def transport(
    problem: Problem, state: State, flow: Flow, fluxes: Fluxes, dt: float, everywhere: bool = False
) -> Moved:
    """What a step with given fluxes moves.

    Implicit upwinding is stable for any step, but a step in which the front crosses several control volumes leaves a
    trace of marrow in them, and a trace is enough to double the mobility of thick cement. So the cement takes the step
    in as many parts, under the same fluxes, as bring the Courant number at the front down.

    Parameters
    ----------
    problem, state
        The run and where it stands; the state is not changed.
    flow
        Gives the viscosity of the cement, and where to cut cycles of the flow.
    fluxes
        Volume rates during the step, balanced in every control volume.
    dt
        Length of the step [s].
    everywhere
        Whether the order of the flow is wanted of all vertices, as heat is, not only of those near the cement.

    Raises
    ------
    TransportStalled
        When cyclic flow paths (possible only through negative coefficients) keep the sweeps from settling.
    """
    v = problem.volumes
    returned = _returning_cement(problem, state, fluxes, dt)
    from_veins = returning(problem, state, fluxes.vein, dt)
    entering = fluxes.rate * problem.source
    coming_back = problem.sum_links(returned, from_veins)
    source = entering + coming_back
    outward = problem.sum_links(np.maximum(fluxes.link, 0.0), np.maximum(fluxes.vein.link, 0.0))
    outward += np.maximum(fluxes.fixed, 0.0)
    wet = np.ones(v.n, bool) if everywhere else with_cement(problem, state.saturation, flow) | (source > 0.0)
    saturation, share = state.saturation.copy(), np.zeros(v.n)
    layers, arrived = LAYERS, True
    while arrived:  # at the rim of the region: then it was too small
        region, rim = downstream(
            v.row_start, v.neighbour, v.slot_edge, *fluxes.both_ends, wet, layers, TRIFLE * fluxes.rate
        )
        here = region.astype(np.intp)  # what NumPy would make of it each time
        graph = _flow_graph(problem, region, fluxes, flow.pressure)
        *fields, courant = region_fields(
            region,
            graph.through,
            outward,
            source,
            problem.source,
            v.pore_volume,
            flow.cement_viscosity,
            flow.marrow_viscosity,
            state.saturation,
            problem.corey.numbers,
            dt,
        )
        saturation[here], share[here], sweeps = upwind.transport_sweeps(
            graph.order, graph.start, graph.ahead, graph.away, *fields, problem.corey.numbers, _parts(courant)
        )
        arrived = len(here) < v.n and bool(share[here[rim]].any())
        layers *= 2
    if sweeps > upwind.MAX_SWEEPS:
        raise TransportStalled
    cement = np.maximum(fluxes.link, 0.0) * share[problem.links] - returned
    leaked, held, marrow = _through_outlets(problem, state, fluxes, cement, share, dt)
    veins = _through_veins(problem, state, fluxes, from_veins, share, dt, leaked, marrow)
    return Moved(
        dt=dt,
        saturation=saturation,
        share=share,
        graph=graph,
        entering=entering,
        returned=coming_back,
        outward=outward,
        leaked=leaked,
        held=held,
        marrow_out=marrow,
        veins=veins,
    )


def _flow_graph(problem: Problem, region: Indices, fluxes: Fluxes, pressure: Floats) -> FlowGraph:
    v = problem.volumes
    start, ahead, away, through, incoming = flow_graph(
        region, v.row_start, v.neighbour, v.slot_edge, *fluxes.both_ends
    )
    order, cut = upwind.flow_order(start, ahead, away, incoming, np.empty(0, np.uint32))
    if cut:
        here = pressure[region]
        by_pressure = np.argsort(-here, kind="stable").astype(np.uint32)
        cancel_triangles(by_pressure, start, ahead, here, away, through, incoming)
        order, cut = upwind.flow_order(start, ahead, away, incoming, by_pressure)
    return FlowGraph(start, ahead, away, through, order, bool(cut))


def _parts(courant: Floats) -> Floats:
    """Lengths of the parts of a step, relative to it, for Courant numbers where cement is arriving.

    As many as keep them below their limit at nine tenths of these vertices; the smallest would make all others pay. The
    last part is halved again and again: what it fills keeps a trace of marrow.
    """
    if len(courant) == 0:
        return np.ones(1)
    which = int(MOST_OF_THEM * (len(courant) - 1))
    most = float(np.partition(courant, which)[which])
    count = int(np.clip(np.ceil(most / LARGEST_COURANT), 1, MOST_PARTS))
    halved = 0.5 ** np.minimum(np.arange(1, HALVINGS + 2), HALVINGS)
    return np.concatenate([np.ones(count - 1), halved]) / count


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
    problem: Problem, state: State, fluxes: Fluxes, cement: Floats, share: Floats, dt: float
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
            amount = (np.maximum(out, 0.0) * share[faces.vertices]).sum() * dt
            leaked[i] += amount
            marrow[i] += out.sum() * dt - amount
    return leaked, held, marrow


def _through_veins(
    problem: Problem,
    state: State,
    fluxes: Fluxes,
    returned: Floats,
    share: Floats,
    dt: float,
    leaked: Floats,
    marrow: Floats,
) -> VeinState:
    """Veins after the step; what they took is added to `leaked` and `marrow`, where they come last."""
    tree = problem.veins
    if tree is None:
        return state.veins
    taken = np.maximum(fluxes.vein.link, 0.0) * share[tree.link_vertex]
    count, first = len(tree.names), len(leaked) - len(tree.names)
    net = dt * (taken - returned)
    leaked[first:] += np.bincount(tree.link_vein, net, minlength=count)
    marrow[first:] += np.bincount(tree.link_vein, dt * fluxes.vein.link - net, minlength=count)
    return moved_in_veins(problem, state, fluxes, returned, taken, dt)
