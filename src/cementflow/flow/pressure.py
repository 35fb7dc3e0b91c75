"""The nonlinear pressure equation: viscosity, upstream mobilities, tubes and the limited source, iterated together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cementflow.fem import kernels
from cementflow.fem.linear_solver import PressureSolver
from cementflow.flow.drive import Driven, drive_system, syringe_pressure
from cementflow.flow.mobility import Mobility, edge_weights, mobility, pore_viscosity
from cementflow.flow.problem import Problem
from cementflow.flow.state import Flow, Fluxes, State
from cementflow.laws.pipe import pipe_gradient
from cementflow.sites.outlets import Tube

Floats = NDArray[np.float64]
MAX_PICARD = 60


@dataclass(frozen=True, eq=False)
class System:
    """The equation A (p - p_ref) = rhs + rate source, linearised about one pressure and viscosity field."""

    mobility: Mobility
    weight: Floats
    conductance: Floats
    overfull: Floats
    values: Floats
    rhs: Floats


@dataclass(frozen=True, eq=False)
class Guess:
    """What a system is linearised about."""

    pressure: Floats
    viscosity: Floats
    rate: float
    link: Floats


def solve_pressure(
    problem: Problem,
    solver: PressureSolver,
    state: State,
    dt: float,
    start: Flow | None = None,
    tolerance: float | None = None,
) -> Flow:
    """Pressure and fluxes of a state.

    Picard iteration on viscosity, upstream directions and tube flows, until the volume imbalance of the equation put
    together anew from the solution is small against the flow rate. When an iteration does not come closer, the
    logarithm of the viscosity moves only part of the way.

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
    tolerance
        Volume imbalance to reach, relative to the flow rate; by default that of the problem.

    Returns
    -------
    Flow
        `converged` tells whether the residual met its tolerance; nothing is raised.
    """
    age = problem.age + state.time
    guess = _first_guess(problem, start, age)
    tolerance = problem.tolerances.picard if tolerance is None else tolerance
    part, best = 1.0, np.inf
    solves = iterations = 0
    anew = _assemble(problem, state, dt, guess, age)
    while True:
        system = anew
        driven = drive_system(problem, solver, system.values, system.rhs, guess.pressure, guess.rate, age)
        solves += driven.solves
        iterations += driven.iterations
        guess = _next_guess(problem, system, driven, guess, part, age)
        anew = _assemble(problem, state, dt, guess, age)
        residual = _imbalance(problem, anew, guess)
        if residual <= tolerance or solves >= MAX_PICARD or not driven.converged:
            break
        part = max(0.5 * part, 0.125) if residual > 0.9 * best else part
        best = min(best, residual)
    tip = problem.tip_pressure(guess.pressure)
    return Flow(
        time=state.time,
        pressure=guess.pressure,
        fluxes=_fluxes(problem, system, guess.pressure, guess.rate),
        cement_viscosity=guess.viscosity,
        tip_pressure=tip,
        syringe_pressure=syringe_pressure(problem, tip, guess.rate, age),
        limited_by=driven.limited_by,
        demand=driven.demand,
        residual=residual,
        solves=solves,
        iterations=iterations,
        converged=driven.converged and residual <= tolerance,
    )


def _first_guess(problem: Problem, start: Flow | None, age: float) -> Guess:
    law, n = problem.cement, problem.volumes.n
    if start is None:
        viscosity = law.viscosity(np.ones(n), age)
        pressure = np.full(n, problem.reference_pressure)
        return Guess(pressure, viscosity, problem.drive.rate, np.zeros(len(problem.links)))
    grown = law.factor(age) / law.factor(problem.age + start.time)
    viscosity = np.minimum(start.cement_viscosity * grown, law.maximum)
    return Guess(start.pressure, viscosity, start.fluxes.rate, start.fluxes.link)


def _next_guess(
    problem: Problem, system: System, driven: Driven, old: Guess, part: float, age: float
) -> Guess:
    viscosity = pore_viscosity(problem, system.mobility, driven.pressure, age)
    if part < 1.0:
        viscosity = old.viscosity * (viscosity / old.viscosity) ** part
    link = system.conductance * (driven.pressure[problem.links] - problem.link_pressure)
    return Guess(driven.pressure, viscosity, driven.rate, link)


def _assemble(problem: Problem, state: State, dt: float, guess: Guess, age: float) -> System:
    v = problem.volumes
    m = mobility(problem, state.saturation, guess.viscosity, guess.pressure)
    weight = edge_weights(problem, m)
    conductance = _conductances(problem, state, dt, guess, m, age)
    outlet = problem.sum_links(conductance)
    values = kernels.matrix_values(
        v.row_start, v.slot_edge, v.neighbour, v.diagonal_slot, problem.fixed, weight, outlet
    )
    reference = problem.reference_pressure
    rhs = problem.sum_links(conductance * (problem.link_pressure - reference))
    overfull = _overfull(problem, state, dt)
    rhs += overfull
    diagonal = values[v.diagonal_slot]
    kernels.fixed_to_right_hand_side(
        v.edges, problem.fixed, problem.fixed_pressure - reference, weight, rhs, diagonal
    )
    return System(m, weight, conductance, overfull, values, rhs)


def _overfull(problem: Problem, state: State, dt: float) -> Floats:
    """Rate [m3/s] that drives out what linear residuals of earlier steps put above full; near round-off.

    Not faster than the source fills its own pores: in a step cut very short it would rival the injection.
    """
    excess = np.maximum(state.saturation - problem.corey.largest_saturation, 0.0)
    return excess * problem.volumes.pore_volume / max(dt, problem.source_pores / problem.drive.rate)


def _conductances(problem: Problem, state: State, dt: float, guess: Guess, m: Mobility, age: float) -> Floats:
    parts = [np.zeros(0)]
    for i, outlet, links in problem.linked:
        if isinstance(outlet, Tube):
            at = outlet.vertices
            held = float(state.held[i])
            cement_share = float(outlet.share @ m.cement_fraction[at])
            with_cement = held > 0.0 or cement_share > 0.0
            flow = float(guess.link[links].sum())
            total = outlet.conductance(
                mouth_pressure=float(outlet.share @ guess.pressure[at]),
                held=held,
                cement_share=cement_share,
                cement_viscosity=_pipe_viscosity(problem, flow, outlet.radius, age) if with_cement else 0.0,
                dt=dt,
            )
            parts.append(outlet.share * total)
        else:
            parts.append(outlet.conductance(m.vertex, 1.0 / problem.marrow_viscosity, guess.pressure))
    return np.concatenate(parts)


def _pipe_viscosity(problem: Problem, flow: float, radius: float, age: float) -> float:
    """Viscosity of the Newtonian fluid that would lose the same pressure in a pipe [Pa s]."""
    flow = max(abs(flow), 1e-4 * problem.drive.rate)
    gradient = pipe_gradient(flow, radius, lambda rate: problem.cement.viscosity(rate, age))
    return float(gradient * np.pi * radius**4 / (8.0 * flow))


def _imbalance(problem: Problem, system: System, guess: Guess) -> float:
    """Volume that the equation fails to balance, summed over the vertices, relative to the flow rate."""
    v = problem.volumes
    links = system.conductance * (guess.pressure[problem.links] - problem.link_pressure)
    out = kernels.net_outflow(v.edges, system.weight, guess.pressure, v.n) - guess.rate * problem.source
    out += problem.sum_links(links) - system.overfull
    out[problem.fixed] = 0.0
    return float(np.abs(out).sum()) / max(guess.rate, 1e-3 * problem.drive.rate)


def _fluxes(problem: Problem, system: System, pressure: Floats, rate: float) -> Fluxes:
    v = problem.volumes
    edge = system.weight * (pressure[v.edges[:, 0]] - pressure[v.edges[:, 1]])
    link = system.conductance * (pressure[problem.links] - problem.link_pressure)
    fixed = np.zeros(v.n)
    if problem.fixed.any():
        net = kernels.net_outflow(v.edges, system.weight, pressure, v.n)
        fixed[problem.fixed] = (rate * problem.source - net)[problem.fixed]
    return Fluxes(edge, link, fixed, rate)
