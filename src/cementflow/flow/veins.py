"""What flows in the veins: conductances that follow the cement in them, and the cement that moves along."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cementflow.fem.veins import along_veins
from cementflow.flow.condition import at
from cementflow.flow.drinking import cement_fraction, drinking_shares, mobility_around
from cementflow.flow.mobility import Mobility
from cementflow.flow.problem import Problem
from cementflow.flow.state import Fluxes, State, VeinFluxes, VeinState
from cementflow.flow.vein_cells import Answer, Surroundings, settled_cells
from cementflow.flow.viscosity import pipe_viscosity
from cementflow.flow.ways import VeinConductances
from cementflow.sites.veins import OUTSIDE, VeinTree

Floats = NDArray[np.float64]
AHEAD = 0.25  # of a step over which the resistance of a cell is a mean


def vein_conductances(
    problem: Problem,
    state: State,
    m: Mobility,
    pressure: Floats,
    flow: VeinFluxes,
    dt: float,
    before: VeinConductances | None,
    little: float,
) -> VeinConductances:
    """Conductances of the veins over a step, for a guess of pressures and flows.

    A cell resists as on average over the first part of the step, in which cement fills it as the guess has it: an empty
    one would let far too much through in what is left of the step, a mean over all of it, at both ends of a step, would
    be that of half a step later. What the cells are to conduct is found in the veins alone, for what the bone is
    thought to do (`settled_cells`); what they would conduct at the flows of the guess tells whether that was right.

    Parameters
    ----------
    problem, state, m
        The run and where it stands, and the mobilities.
    pressure
        Of vertices and nodes [Pa], shape (n + m,).
    flow
        Guess of the flows.
    dt
        Length of the step [s].
    before
        Conductances of the last iteration.
    little
        Flow that the iteration with the bone may leave [m3/s].
    """
    tree = problem.veins
    assert tree is not None
    vertex, node = tree.link_vertex, tree.link_node
    share = before.share if before is not None else drinking_shares(problem, state, m)
    exchange = tree.exchange * mobility_around(tree, share, m.vertex[vertex])
    fraction = cement_fraction(m, vertex)

    def conducts(taken: Floats, through: Floats) -> Floats:
        flows = VeinFluxes(share * taken[node], through)
        cement = fraction * np.maximum(flows.link, 0.0)
        return _conducting(problem, state, flows, cement, AHEAD * dt)

    outside = tree.outside_at(state.time)
    taken, mean = tree.summed(flow.link), tree.summed(share * pressure[vertex])
    found = conducts(taken, flow.cell)
    start = before.cell if before is not None else found
    answer = Answer.seen(mean, taken, exchange, before.answer if before is not None else None)
    around = Surroundings.of(exchange, answer, outside)
    cell = settled_cells(tree, around, conducts, start, found, little)
    return VeinConductances(exchange, share, cell, outside, found, answer)


def _conducting(problem: Problem, state: State, flow: VeinFluxes, cement: Floats, dt: float) -> Floats:
    """What the cells conduct on average over a time of steady flow, with the cement of each link [m3/(Pa s)]."""
    tree = problem.veins
    assert tree is not None
    veins, mean = _filled(problem, state, state.veins, flow, cement, dt)
    thick = _cement_viscosity(problem, tree, veins, flow.cell)
    viscosity = mean * thick + (1.0 - mean) * problem.blood_viscosity
    return np.asarray(np.pi * tree.radius**4 / (8.0 * viscosity * tree.length))


def moved_in_veins(
    problem: Problem, state: State, fluxes: Fluxes, returned: Floats, cement: Floats, dt: float
) -> VeinState:
    """Veins after a step.

    Parameters
    ----------
    problem, state, fluxes
        The run, and the flows during the step.
    returned
        Cement that each link gives back to the bone [m3/s] (`returning`).
    cement
        Cement that each link takes from the bone [m3/s].
    dt
        Length of the step [s].
    """
    tree = problem.veins
    assert tree is not None
    left = _without(tree, state.veins, fluxes.vein, returned, dt)
    return _filled(problem, state, left, fluxes.vein, cement, dt)[0]


def returning(problem: Problem, state: State, fluxes: VeinFluxes, dt: float) -> Floats:
    """Cement that each link gives back to the bone [m3/s], at most what the cells that feed its node hold."""
    tree = problem.veins
    if tree is None:
        return np.zeros(0)
    back = np.maximum(-fluxes.link, 0.0)
    if not back.any() or not state.veins.cement.any():
        return np.zeros(len(back))
    inflow, cement, held = _arriving(tree, state.veins, fluxes)
    share = np.divide(cement, inflow, out=np.zeros_like(cement), where=inflow > 0.0)
    wanted = back * share[tree.link_node]
    total = np.bincount(tree.link_node, wanted, minlength=tree.n_nodes) * dt
    part = np.divide(held, total, out=np.ones_like(held), where=total > held)
    return wanted * part[tree.link_node]


def vein_fluxes(problem: Problem, conductances: VeinConductances, pressure: Floats) -> VeinFluxes:
    """Flows of links and cells at pressures of vertices and nodes [Pa]."""
    tree = problem.veins
    assert tree is not None
    node = pressure[problem.volumes.n :]
    share = conductances.share
    around = tree.summed(share * pressure[tree.link_vertex])
    link = share * (conductances.exchange * (around - node))[tree.link_node]
    beyond = np.where(tree.end == OUTSIDE, conductances.outside, node[tree.end])
    return VeinFluxes(link, conductances.cell * (node[tree.start] - beyond))


def _filled(
    problem: Problem, state: State, veins: VeinState, flow: VeinFluxes, cement: Floats, dt: float
) -> tuple[VeinState, Floats]:
    """Veins after a time of steady flow, and the mean share of cement in each cell."""
    tree = problem.veins
    assert tree is not None
    nodes = tree.n_nodes
    into = np.bincount(tree.link_node, cement, minlength=nodes)
    weight = np.maximum(into, 1e-300)
    fresh = [
        np.where(
            into > 0.0,
            np.bincount(tree.link_node, cement * _at(x, tree.link_vertex), minlength=nodes) / weight,
            0.0,
        )
        for x in (state.condition.age, state.condition.cure)
    ]
    held, age, cure = veins.cement.copy(), veins.age.copy(), veins.cure.copy()
    mean, beyond = along_veins(
        dt, tree.start, tree.end, tree.capacity, flow.cell, into, held, age, cure, *fresh
    )
    # Blood is as warm as the body.
    warm = problem.body_temperature
    age += np.where(held > 0.0, dt * problem.cement.speed(warm), 0.0)
    cure += np.where(held > 0.0, dt * problem.syringe.kinetics.rate(cure, warm), 0.0)
    cure = np.minimum(cure, np.maximum(problem.syringe.kinetics.limit(warm), veins.cure))
    return VeinState(held, age, cure, veins.beyond + beyond), np.clip(mean, 0.0, 1.0)


def _cement_viscosity(problem: Problem, tree: VeinTree, veins: VeinState, flux: Floats) -> Floats:
    """Apparent viscosity of the cement in each cell [Pa s]."""
    return pipe_viscosity(problem, flux, tree.radius, problem.cement.factor(veins.age, veins.cure))


def _arriving(tree: VeinTree, veins: VeinState, flow: VeinFluxes) -> tuple[Floats, Floats, Floats]:
    """What cells bring to each node: fluid and cement [m3/s], and what they hold of it [m3]."""
    target = np.where(flow.cell > 0.0, tree.end, tree.start)
    some = target != OUTSIDE
    q = np.abs(flow.cell[some])
    # A cell that feeds the bone as well as the next one may hold more than it can: the bone takes no more than what was
    # there at the start of a step.
    share = np.minimum(veins.cement[some] / tree.capacity[some], 1.0)
    nodes = tree.n_nodes

    def summed(values: Floats) -> Floats:
        return np.bincount(target[some], values, minlength=nodes).astype(np.float64)

    inflow = summed(q) + np.bincount(tree.link_node, np.maximum(flow.link, 0.0), minlength=nodes) + tree.blood
    return inflow, summed(q * share), summed(np.where(q > 0.0, veins.cement[some], 0.0))


def _without(tree: VeinTree, veins: VeinState, flow: VeinFluxes, returned: Floats, dt: float) -> VeinState:
    """Veins after the cement that goes back to the bone is taken out of the cells that feed it."""
    if not returned.any():
        return veins
    taken = np.bincount(tree.link_node, returned, minlength=tree.n_nodes) * dt
    target = np.where(flow.cell > 0.0, tree.end, tree.start)
    feeds = (target != OUTSIDE) & (flow.cell != 0.0)
    held = np.bincount(target[feeds], veins.cement[feeds], minlength=tree.n_nodes)
    part = np.divide(taken, held, out=np.zeros_like(taken), where=held > 0.0)
    cement = veins.cement.copy()
    cement[feeds] *= 1.0 - np.minimum(part[target[feeds]], 1.0)
    return VeinState(cement, veins.age, veins.cure, veins.beyond)


def _at(values: Floats, chosen: NDArray) -> Floats:
    return np.broadcast_to(at(values, chosen), chosen.shape)
