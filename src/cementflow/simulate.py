"""The time loop: it knows the flow and its events, and nothing of files or pictures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from cementflow.errors import RunFailed
from cementflow.fem.linear_solver import PressureSolver
from cementflow.flow.accept import accepted, at_rest
from cementflow.flow.attempt import (
    CURE_TOO_MUCH,
    LARGEST_GROWTH,
    attempt,
    curing_step,
    cut,
)
from cementflow.flow.carried import Changed, change
from cementflow.flow.course import Counters, Plan, Step
from cementflow.flow.heat import HeatStalled
from cementflow.flow.pressure import solve_pressure
from cementflow.flow.problem import Problem
from cementflow.flow.sighting import stop_at, unseen
from cementflow.flow.state import Flow, State, fresh_condition
from cementflow.timing import Stopwatch

MAX_TRIES = 60
FIRST_WAIT, LONGEST_WAIT = 0.5, 20.0  # s: steps after the injection, while nothing flows


def simulate(
    problem: Problem,
    plan: Plan,
    solver: PressureSolver,
    start: Step | None = None,
    watch: Stopwatch | None = None,
) -> Iterator[Step]:
    """Steps of a run, the initial one first; after a restart, those after `start`.

    Parameters
    ----------
    problem, plan
        What to solve, and until when.
    solver
        Of the pressure systems.
    start
        Step to go on from.
    watch
        Counts the seconds of pressure and transport.

    Raises
    ------
    RunFailed
        When no step, however small, can be taken.
    """
    watch = watch or Stopwatch()
    step = start
    if step is None:
        with watch.phase("pressure"):
            step = _first(problem, plan, solver)
        yield step
    while not step.stopped:
        step = _advance(problem, plan, solver, step, watch)
        yield step
    if not step.finished:
        yield from _rest(problem.stopped(), plan, solver, step, watch)


def _first(problem: Problem, plan: Plan, solver: PressureSolver) -> Step:
    state = State.initial(problem)
    dt = min(LARGEST_GROWTH * problem.source_pores / problem.drive.rate, problem.tolerances.max_step)
    flow = solve_pressure(problem, solver, state, dt)
    if not flow.converged:
        raise RunFailed(
            f"the first pressure field was not found (residual {flow.residual:.1e})",
            0.0,
            "look at the permeabilities and viscosities; `cementflow check` lists doubtful ones",
        )
    nothing = np.full(len(problem.outlets), np.nan)
    return Step(state, flow, 0.0, dt, Counters().plus(flow), nothing, watched=unseen(plan))


def _rest(
    problem: Problem, plan: Plan, solver: PressureSolver, step: Step, watch: Stopwatch
) -> Iterator[Step]:
    """Steps after the injection: what still flows comes to rest, the cement cures."""
    if step.flow.fluxes.rate > 0.0:
        with watch.phase("pressure"):
            flow = solve_pressure(problem, solver, step.state, FIRST_WAIT, step.flow)
        if not flow.converged:
            raise RunFailed("the pressure field after the injection was not found", step.state.time, "")
        counters = step.counters.plus(flow)
        step = replace(step, flow=flow, rate_slope=0.0, dt=FIRST_WAIT, counters=counters)
    while not step.finished:
        if at_rest(problem, step.state, step.flow):
            with watch.phase("transport"):
                step = _wait(problem, plan, step)
        else:
            step = _advance(problem, plan, solver, step, watch)
        yield step


def _wait(problem: Problem, plan: Plan, step: Step) -> Step:
    """A step in which nothing flows."""
    state, counters = step.state, step.counters
    dt = cut(problem, plan, state, 0.0, min(step.dt, LONGEST_WAIT))
    for _ in range(MAX_TRIES):
        try:
            changed = _changed(problem, state, dt)
        except HeatStalled:
            changed = None
        if changed is not None and changed.cured <= CURE_TOO_MUCH:
            after = changed.put(replace(state, time=state.time + dt))
            flow = _aged(problem, step.flow, after)
            following = min(
                2.0 * max(dt, min(step.dt, LONGEST_WAIT)), curing_step(dt, changed.cured), LONGEST_WAIT
            )
            return accepted(problem, plan, step, after, flow, following, counters.plus(None, steps=1))
        counters = counters.plus(None, rejected=1)
        dt *= 0.25
    raise RunFailed(f"no step down to {dt:.1e} s was accepted: the cement cures too fast", state.time, "")


def _aged(problem: Problem, flow: Flow, state: State) -> Flow:
    """A flow at rest, at a later time: only the cement has thickened."""
    grown = problem.cement.factor(state.condition.age, state.condition.cure)
    viscosity = problem.cement.aged(flow.cement_viscosity, grown / flow.growth)
    return replace(flow, time=state.time, cement_viscosity=viscosity, growth=grown, solves=0, iterations=0)


def _changed(problem: Problem, state: State, dt: float) -> Changed:
    """What a step does in which nothing flows."""
    if problem.followed:
        return change(problem, state, None, dt)
    now = fresh_condition(problem, state.time + dt, state.injected)
    return Changed(now, state.heat, state.harm, state.cannula, float(now.cure[0] - state.condition.cure[0]))


def _advance(problem: Problem, plan: Plan, solver: PressureSolver, step: Step, watch: Stopwatch) -> Step:
    """One accepted step; a failed or inaccurate attempt is repeated, smaller, from the untouched state."""
    counters, reason = step.counters, ""
    dt = cut(problem, plan, step.state, step.flow.fluxes.rate, step.dt, stop_at(plan, step))
    for tries in range(MAX_TRIES):
        tried = attempt(problem, plan, solver, step, dt, tries, watch)
        counters = counters.plus(tried.flow)
        if tried.part >= 1.0 and tried.state is not None and tried.flow is not None:
            counters = counters.plus(None, steps=1)
            return accepted(problem, plan, step, tried.state, tried.flow, tried.following, counters)
        reason = tried.reason
        counters = counters.plus(None, rejected=1)
        dt *= tried.part
        if dt < problem.tolerances.min_step:
            break
    raise RunFailed(
        f"no step down to {dt:.1e} s was accepted: {reason}",
        step.state.time,
        "a finer mesh, a lower flow rate or a looser numerics.step_tolerance may help",
    )
