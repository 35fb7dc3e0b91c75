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
    attempt,
    curing_step,
    cut,
    first_step,
)
from cementflow.flow.carried import Changed, change
from cementflow.flow.course import Counters, Plan, Step
from cementflow.flow.heat import HeatStalled
from cementflow.flow.pressure import solve_pressure
from cementflow.flow.problem import Problem
from cementflow.flow.protocol import first_turn, now, pressure_reached
from cementflow.flow.sighting import stop_at, unseen
from cementflow.flow.state import Flow, State, fresh_condition, full_cannula
from cementflow.timing import Stopwatch

MAX_TRIES = 60
SHORT = 10.0  # times the shortest step
FIRST_WAIT, LONGEST_WAIT = (
    0.5,
    20.0,
)  # s: steps after the injection, while nothing flows; the first of a stage too


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
    here, goal = now(problem, plan, step.progress)
    while not step.stopped:
        if step.progress.turned:
            here, goal = now(problem, plan, step.progress)
            with watch.phase("pressure"):
                step = _begin(here, goal, solver, step)
        step = _onward(here, goal, solver, step, watch)
        yield step
    if not step.finished:
        yield from _rest(here.stopped(), plan, solver, step, watch)


def _first(whole: Problem, plan: Plan, solver: PressureSolver) -> Step:
    seen = unseen(plan)
    turn = first_turn(plan, State.initial(whole), seen)
    problem, _ = now(whole, plan, turn.progress)
    state = State.initial(problem)
    dt = min(first_step(problem, state, problem.drive.rate), problem.tolerances.max_step)
    flow = solve_pressure(problem, solver, state, dt)
    if not flow.converged:
        raise RunFailed(
            f"the first pressure field was not found (residual {flow.residual:.1e})",
            0.0,
            "look at the permeabilities and viscosities; `cementflow check` lists doubtful ones",
        )
    nothing = np.full(len(problem.outlets), np.nan)
    counters, during = Counters().plus(flow), turn.progress.stage + 1 if plan.stages else 0
    progress = replace(turn.progress, turned=False, filled=False)
    return Step(
        state,
        flow,
        0.0,
        dt,
        counters,
        nothing,
        watched=seen,
        progress=progress,
        ended=turn.ended,
        during=during,
    )


def _begin(problem: Problem, plan: Plan, solver: PressureSolver, step: Step) -> Step:
    """The flow with which the next thing that the protocol asks for begins, in place of that which ended the last."""
    state = step.state
    if step.progress.filled:
        state = replace(state, cannula=full_cannula(problem, state.time, state.injected))
    dt = min(FIRST_WAIT, problem.tolerances.max_step)
    if not problem.drive.stopped:
        dt = min(dt, first_step(problem, state, problem.drive.rate))
    # Where nothing was pushed, viscosities at rest would be a bad start.
    before = step.flow if problem.drive.stopped or step.flow.fluxes.rate > 0.0 else None
    flow = solve_pressure(problem, solver, state, dt, before)
    if not flow.converged:
        raise RunFailed(
            f"the pressure field at the start of {plan.stages[step.progress.stage].name} was not found",
            state.time,
            "",
        )
    if pressure_reached(plan, flow):
        dt = (
            SHORT * problem.tolerances.min_step
        )  # a stage that a pressure ends at once takes a step all the same
    progress = replace(
        step.progress,
        turned=False,
        filled=False,
        peak_tip=max(step.progress.peak_tip, flow.tip_pressure),
        peak_syringe=max(step.progress.peak_syringe, flow.syringe_pressure),
    )
    return replace(
        step,
        state=state,
        flow=flow,
        rate_slope=0.0,
        dt=dt,
        counters=step.counters.plus(flow),
        progress=progress,
    )


def _onward(problem: Problem, plan: Plan, solver: PressureSolver, step: Step, watch: Stopwatch) -> Step:
    """The next step, whether something is pushed or not."""
    if problem.drive.stopped and at_rest(problem, step.state, step.flow):
        with watch.phase("transport"):
            return _wait(problem, plan, step)
    return _advance(problem, plan, solver, step, watch)


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
        step = _onward(problem, plan, solver, step, watch)
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
