"""The nonlinear pressure equation: viscosity, upstream mobilities, tubes and the limited source, iterated together."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from cementflow.fem import kernels
from cementflow.fem.linear_solver import PressureSolver
from cementflow.flow.assembly import Assembly, assembly_of
from cementflow.flow.behind import braked, outside_pressure, overdrawn, tissue_flow
from cementflow.flow.condition import at
from cementflow.flow.drive import Driven, drive_system
from cementflow.flow.held_rate import HeldRate
from cementflow.flow.mobility import SMALL_FLOW, Mobility, tip_resistance
from cementflow.flow.problem import Problem
from cementflow.flow.reach import Reach, near_cement
from cementflow.flow.state import Flow, Fluxes, State, VeinFluxes
from cementflow.flow.veins import vein_conductances, vein_fluxes
from cementflow.flow.viscosity import Fluids, fluids_of, pipe_viscosity, pore_viscosities
from cementflow.flow.ways import Ways
from cementflow.sites.outlets import Tube
from cementflow.threads import at_once

Floats = NDArray[np.float64]
Indices = NDArray[np.uint32]
MAX_PICARD = 60
SMALLEST_RATE = 1e-3  # of the wanted rate: a smaller one does not count as less


@dataclass(frozen=True, eq=False)
class Guess:
    """What a system is linearised about: fields, rate, and flows through links and veins [m3/s].

    The pressure is that of the vertices and of the nodes of the veins, shape (n + m,). What shear rates were summed for
    the viscosities is kept, as those further ahead share tetrahedra with them.
    """

    pressure: Floats
    viscosity: Floats
    marrow: Floats
    rate: float
    link: Floats
    vein: VeinFluxes
    shear: Floats | None = None


def solve_pressure(
    problem: Problem,
    solver: PressureSolver,
    state: State,
    dt: float,
    start: Flow | None = None,
) -> Flow:
    """Pressure and fluxes of a state.

    Picard iteration on viscosity, upstream directions and tube flows, until the volume imbalance of the equation put
    together anew from the solution is small against the flow rate. When an iteration does not come closer, the
    logarithm of the viscosity moves only part of the way. Under a pressure limit the viscosity is taken at a rate that
    runs ahead of the iteration (`HeldRate`).

    Parameters
    ----------
    problem, solver
        The run and the linear solver of its pattern.
    state
        Saturations and time.
    dt
        Length of the step to come [s]: tubes resist by the length of cement that they will then hold.
    start
        A flow to start from, usually that of the step before.

    Returns
    -------
    Flow
        `converged` tells whether the residual met its tolerance; nothing is raised.
    """
    fluids = fluids_of(problem, state)
    tolerance = problem.tolerances.picard
    guess = _first_guess(problem, start, fluids)
    overfull, outside = _overfull(problem, state, dt), outside_pressure(problem, state)
    part, best, held = 1.0, np.inf, HeldRate(guess.rate)
    solves, iterations, resting = 0, 0, None
    # Where marrow has one viscosity from place to place, or nearly so, upstream is as well known from the last flow.
    even = len(guess.marrow) == 1 or (problem.marrow.newtonian and start is not None)
    assembly = assembly_of(problem)

    _, (near, ahead) = at_once(
        partial(
            assembly.begin, problem, state.saturation, guess.viscosity, guess.marrow, guess.pressure, even
        ),
        partial(near_cement, problem, state, start),
        problem.volumes.n,
    )
    ways = _ways(problem, state, dt, guess, fluids, assembly.mobility, outside, None)
    while True:
        matrix, rhs = assembly.system(problem, ways, overfull)
        near_tip = tip_resistance(problem, assembly.mobility, guess.rate)
        driven = drive_system(
            problem, solver, matrix, rhs, guess.pressure, guess.rate, fluids.drop, near_tip, resting
        )
        # Blood flows without the source too; nothing else does, or hardly.
        resting = driven.without if problem.veins is not None else None
        solves += driven.solves
        iterations += driven.iterations
        scale = held.scale(driven.rate, driven.limited_by not in ("rate", "stopped"), part)
        guess = _next_guess(problem, assembly.mobility, ways, driven, guess, part, fluids, near, scale)
        change = assembly.change(problem, guess.viscosity, guess.marrow, guess.pressure)
        coming = _ways(problem, state, dt, guess, fluids, change.mobility, outside, ways)
        left = driven.left + assembly.imbalance(problem, change, ways, coming.as_found, guess.pressure)
        residual = left / max(guess.rate, SMALLEST_RATE * problem.drive.rate)
        settled = residual <= tolerance and not overdrawn(problem, state, dt, guess.link)
        if settled or solves >= MAX_PICARD or not driven.converged:
            break
        assembly.take(change)
        ways = coming
        part = max(0.5 * part, 0.125) if residual > 0.9 * best else part
        best = min(best, residual)
    tip = problem.tip_pressure(guess.pressure) + near_tip * guess.rate
    viscosity = guess.viscosity
    if len(ahead.vertices):
        last = assembly.mobility, fluids, guess.pressure
        further, *_ = pore_viscosities(problem, *last, ahead, scale, begun=guess.shear)
        viscosity[ahead.vertices] = further[ahead.vertices]
    return Flow(
        time=state.time,
        pressure=guess.pressure[: problem.volumes.n],
        vein_pressure=guess.pressure[problem.volumes.n :],
        fluxes=_fluxes(problem, assembly, guess),
        cement_viscosity=viscosity,
        marrow_viscosity=guess.marrow,
        growth=fluids.growth,
        tip_pressure=tip,
        syringe_pressure=tip + fluids.drop(guess.rate),
        limited_by=driven.limited_by,
        demand=driven.demand,
        residual=residual,
        solves=solves,
        iterations=iterations,
        converged=driven.converged and residual <= tolerance,
    )


def _first_guess(problem: Problem, start: Flow | None, fluids: Fluids) -> Guess:
    law, n = problem.cement, problem.volumes.n
    if start is None:
        viscosity = law.viscosity(np.ones(n), fluids.growth)
        pressure = np.full(problem.pattern.size, problem.reference_pressure)
        rate = problem.drive.rate
        none = np.zeros(len(problem.links))
        return Guess(pressure, viscosity, fluids.marrow, rate, none, VeinFluxes.none(problem))
    viscosity = law.aged(start.cement_viscosity, fluids.growth / start.growth)
    marrow = fluids.marrow if problem.marrow.newtonian else start.marrow_viscosity
    fluxes, pressure = start.fluxes, np.concatenate([start.pressure, start.vein_pressure])
    return Guess(pressure, viscosity, marrow, fluxes.rate, fluxes.link, fluxes.vein)


def _next_guess(
    problem: Problem,
    used: Mobility,
    ways: Ways,
    driven: Driven,
    old: Guess,
    part: float,
    fluids: Fluids,
    near: Reach,
    scale: float,
) -> Guess:
    viscosity, marrow, shear = pore_viscosities(problem, used, fluids, driven.pressure, near, scale)
    if part < 1.0:
        viscosity = old.viscosity * (viscosity / old.viscosity) ** part
        marrow = old.marrow * (marrow / old.marrow) ** part
    pressure = driven.pressure
    link = ways.link * (pressure[problem.links] - ways.outside)
    vein = old.vein if ways.vein is None else vein_fluxes(problem, ways.vein, pressure)
    return Guess(pressure, viscosity, marrow, driven.rate, link, vein, shear)


def _overfull(problem: Problem, state: State, dt: float) -> Floats:
    """Rate [m3/s] that drives out what linear residuals of earlier steps put above full; near round-off.

    Not faster than the source fills its own pores: in a step cut very short it would rival the injection.
    """
    excess = np.maximum(state.saturation - problem.corey.largest_saturation, 0.0)
    return excess * problem.volumes.pore_volume / max(dt, problem.source_pores / problem.drive.rate)


def _ways(
    problem: Problem,
    state: State,
    dt: float,
    guess: Guess,
    fluids: Fluids,
    m: Mobility,
    outside: Floats,
    before: Ways | None,
) -> Ways:
    """Conductances of the ways out; those of veins follow the last ones."""
    vein = None
    if problem.veins is not None:
        last = before.vein if before is not None else None
        little = problem.tolerances.picard * max(guess.rate, SMALLEST_RATE * problem.drive.rate)
        vein = vein_conductances(problem, state, m, guess.pressure, guess.vein, dt, last, little)
    return Ways(_links(problem, state, dt, guess, fluids, m, outside), outside, vein)


def _links(
    problem: Problem, state: State, dt: float, guess: Guess, fluids: Fluids, m: Mobility, outside: Floats
) -> Floats:
    """Conductances of the links [m3/(Pa s)]."""
    links, mobility_at = [np.zeros(0)], m.vertex if problem.linked else np.zeros(0)
    for i, outlet, span in problem.linked:
        if isinstance(outlet, Tube):
            links.append(outlet.share * _tube(problem, i, outlet, span, state, dt, guess, fluids))
        else:
            marrow = 1.0 / at(guess.marrow, outlet.vertices)
            links.append(outlet.conductance(mobility_at, marrow, guess.pressure, float(outside[span.start])))
    return braked(problem, state, dt, np.concatenate(links), guess.pressure, guess.viscosity, outside)


def tube_change(problem: Problem, state: State, dt: float, flow: Flow) -> float:
    """By how much the flow through tubes and into tissue would differ in a coming step, under the same pressure.

    Parameters
    ----------
    problem, state
        The run and where it stands.
    dt
        Length of the step to come [s].
    flow
        Flow whose tubes and tissue may be those of another step.

    Returns
    -------
    float
        Largest change relative to the flow through the outlet itself; next to nothing of the flow rate does not count.
    """
    if not problem.linked:
        return 0.0
    fluids = fluids_of(problem, state)
    guess = Guess(
        flow.pressure,
        flow.cement_viscosity,
        flow.marrow_viscosity,
        flow.fluxes.rate,
        flow.fluxes.link,
        flow.fluxes.vein,
    )
    change, into = 0.0, tissue_flow(problem, state, dt, flow)
    for i, outlet, span in problem.linked:
        through = float(guess.link[span].sum())
        if isinstance(outlet, Tube):
            mouth = float(outlet.share @ flow.pressure[outlet.vertices])
            coming = _tube(problem, i, outlet, span, state, dt, guess, fluids) * (mouth - outlet.pressure)
        else:
            coming = float(into[span].sum()) if outlet.confined else through
        if abs(coming - through) > SMALL_FLOW * problem.drive.rate:
            change = max(change, abs(coming - through) / max(abs(through), abs(coming)))
    return change


def _tube(
    problem: Problem,
    i: int,
    tube: Tube,
    links: slice,
    state: State,
    dt: float,
    guess: Guess,
    fluids: Fluids,
) -> float:
    """Conductance of a tube, outlet i, over the coming step [m3/(Pa s)]."""
    mouth = tube.vertices
    held, flow = float(state.held[i]), guess.link[links].sum(keepdims=True)
    cement = problem.corey.cement(state.saturation[mouth]) / guess.viscosity[mouth]
    marrow = problem.corey.marrow(state.saturation[mouth]) / at(guess.marrow, mouth)
    cement_share = float(tube.share @ (cement / (cement + marrow)))
    growth = float(np.sum(tube.share * at(fluids.growth, mouth)))  # as at the mouth
    with_cement = held > 0.0 or cement_share > 0.0
    return tube.conductance(
        mouth_pressure=float(tube.share @ guess.pressure[mouth]),
        held=held,
        cement_share=cement_share,
        cement_viscosity=float(pipe_viscosity(problem, flow, tube.radius, growth)[0]) if with_cement else 0.0,
        dt=dt,
    )


def _fluxes(problem: Problem, used: Assembly, guess: Guess) -> Fluxes:
    v, m = problem.volumes, used.mobility
    pressure = guess.pressure[: v.n]
    edge, out = kernels.edge_fluxes(v.edges, used.conductance, pressure)
    kernels.reroute_obtuse(
        edge, v.tets, v.obtuse_edges, v.t, v.obtuse, m.relative_cement, m.marrow, m.viscosity, pressure
    )
    if problem.veins is not None:
        out += problem.sum_links(np.zeros_like(guess.link), guess.vein.link)
    fixed, at = np.zeros(v.n), problem.fixed_vertices
    fixed[at] = guess.rate * problem.source[at] - out[at]
    return Fluxes(edge, guess.link, fixed, guess.rate, guess.vein)
