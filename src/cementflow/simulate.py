"""The time loop: it knows the flow and its events, and nothing of files or pictures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from cementflow.errors import RunFailed
from cementflow.fem.linear_solver import PressureSolver
from cementflow.flow.control import Crossing, cut_to, next_step
from cementflow.flow.pressure import solve_pressure, tube_change
from cementflow.flow.problem import Problem
from cementflow.flow.state import Flow, State
from cementflow.flow.step import correct, predict, step_error
from cementflow.flow.transport import TransportStalled
from cementflow.timing import Stopwatch

REJECT_ABOVE = 4.0  # times the step tolerance
SMALLEST_RATE = 1e-3  # of the wanted rate: below it a pressure-limited injection has come to rest
FIRST_LEAK = 1e-9  # m3: cement behind an outlet that counts as its first leak
VOLUME_TOLERANCE = 1e-8  # of the volume to inject
LEAK_TOLERANCE = 1e-12  # m3
SWITCH_TOLERANCE = 1e-3  # of the pressure limit
MAX_TRIES = 60
TUBE_CHANGE = 0.02  # of the flow through a filling tube, beyond which the next step needs a flow of its own
NOT_FOUND = "the time of a limit was not found"
SWITCH_TRIES = 8  # an empty tube lets the demand depend on the step itself; then its switch has no exact time
LARGEST_GROWTH = (
    0.25  # of the cloud in one step, so that the steps follow a young cloud as they do an old one
)


@dataclass(frozen=True)
class Plan:
    """When to stop and which times to meet.

    Parameters
    ----------
    output_times
        Ascending times [s] that a step has to end on.
    max_leaked
        Leaked cement [m3] at which the injection is stopped.
    max_time
        Time [s] at which it is stopped.
    """

    output_times: tuple[float, ...] = ()
    max_leaked: float = np.inf
    max_time: float = np.inf


@dataclass(frozen=True)
class Event:
    """Something worth telling that happened at a time [s]."""

    time: float
    what: str


@dataclass(frozen=True)
class Counters:
    """Work done so far."""

    steps: int = 0
    rejected: int = 0
    pressure_solves: int = 0
    linear_iterations: int = 0

    def plus(self, flow: Flow | None, steps: int = 0, rejected: int = 0) -> Counters:
        """With the solves of one more flow."""
        solves, iterations = (flow.solves, flow.iterations) if flow is not None else (0, 0)
        return Counters(
            self.steps + steps,
            self.rejected + rejected,
            self.pressure_solves + solves,
            self.linear_iterations + iterations,
        )


@dataclass(frozen=True, eq=False)
class Step:
    """An accepted step: everything that the next one needs.

    Parameters
    ----------
    state, flow
        Where the cement is and how it moves.
    rate_slope
        Change of the flow rate with time [m3/s2].
    dt
        Step to try next [s].
    counters, events
        Since the start of the run.
    first_leak
        Time of the first leak of each outlet [s], NaN before.
    finished
        Why the run is over, empty while it goes on.
    """

    state: State
    flow: Flow
    rate_slope: float
    dt: float
    counters: Counters
    first_leak: np.ndarray
    events: tuple[Event, ...] = field(default=())
    finished: str = ""


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
            step = _first(problem, solver)
        yield step
    while not step.finished:
        step = _advance(problem, plan, solver, step, watch)
        yield step


def _first(problem: Problem, solver: PressureSolver) -> Step:
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
    return Step(state, flow, 0.0, dt, Counters().plus(flow), nothing)


def _advance(problem: Problem, plan: Plan, solver: PressureSolver, step: Step, watch: Stopwatch) -> Step:
    """One accepted step; a failed or inaccurate attempt is repeated, smaller, from the untouched state."""
    counters, reason = step.counters, ""
    dt = _cut(problem, plan, step.state, step.flow.fluxes.rate, step.dt)
    for tries in range(MAX_TRIES):
        attempt = _attempt(problem, plan, solver, step, dt, tries, watch)
        counters = counters.plus(attempt.flow)
        if attempt.part >= 1.0 and attempt.state is not None and attempt.flow is not None:
            counters = counters.plus(None, steps=1)
            return _accepted(problem, plan, step, attempt.state, attempt.flow, attempt.following, counters)
        reason = attempt.reason
        counters = counters.plus(None, rejected=1)
        dt *= attempt.part
        if dt < problem.tolerances.min_step:
            break
    raise RunFailed(
        f"no step down to {dt:.1e} s was accepted: {reason}",
        step.state.time,
        "a finer mesh, a lower flow rate or a looser numerics.step_tolerance may help",
    )


@dataclass(frozen=True, eq=False)
class Attempt:
    """A step that was tried; the state it started from is untouched.

    Parameters
    ----------
    part
        1 to accept the step, else the part of its length to try next.
    state, flow
        At its end, None if it did not come that far.
    following
        Step to try after it [s].
    reason
        Why it is not accepted.
    """

    part: float
    state: State | None = None
    flow: Flow | None = None
    following: float = 0.0
    reason: str = ""


def _attempt(
    problem: Problem, plan: Plan, solver: PressureSolver, step: Step, dt: float, tries: int, watch: Stopwatch
) -> Attempt:
    try:
        with watch.phase("transport"):
            predicted = predict(problem, step.state, step.flow, step.rate_slope, dt)
        part = _part_to_limits(_volume_crossings(problem, plan, step.state, predicted), problem, dt)
        if part < 1.0:
            return Attempt(part, reason=NOT_FOUND)
        with watch.phase("pressure"):
            # The tubes stay as they were: their conductance already is a mean over the step.
            flow = solve_pressure(problem, solver, replace(predicted, held=step.state.held), dt, step.flow)
        if not flow.converged:
            reason = f"the pressure iteration stopped at a residual of {flow.residual:.1e}"
            return Attempt(0.25, flow=flow, reason=reason)
        with watch.phase("transport"):
            state = correct(problem, step.state, step.flow, flow, dt)
    except TransportStalled:
        return Attempt(0.25, reason="the saturations did not settle")
    error = step_error(problem, step.state, predicted, state, dt)
    tolerances = problem.tolerances
    if error > REJECT_ABOVE * tolerances.step and dt > 1e3 * tolerances.min_step:
        part = next_step(dt, error, tolerances.step, dt) / dt
        return Attempt(part, flow=flow, reason=f"the error estimate stays at {error:.1e}")
    crossings = _volume_crossings(problem, plan, step.state, state)
    if tries < SWITCH_TRIES:
        crossings += _demand_crossings(step.flow, flow)
    part = _part_to_limits(crossings, problem, dt)
    following = _following(problem, step, error, dt)
    if part >= 1.0:
        coming = _cut(problem, plan, state, flow.fluxes.rate, following)
        if tube_change(problem, state, coming, flow) > TUBE_CHANGE:
            with watch.phase("pressure"):
                flow = _renewed(solve_pressure(problem, solver, state, coming, flow), flow)
            if not flow.converged:
                return Attempt(0.25, flow=flow, reason=f"the tubes left a residual of {flow.residual:.1e}")
    return Attempt(part, state, flow, following, NOT_FOUND)


def _renewed(flow: Flow, before: Flow) -> Flow:
    """A flow that took the work of the one before too."""
    return replace(flow, solves=flow.solves + before.solves, iterations=flow.iterations + before.iterations)


def _following(problem: Problem, step: Step, error: float, dt: float) -> float:
    """Step to try after an accepted one [s]."""
    tolerances = problem.tolerances
    grown = next_step(dt, error, tolerances.step, tolerances.max_step)
    # A step cut short, for an output time or a limit, says nothing against the size that was aimed at as long as its
    # error is small. And below the shortest step the run would creep on for ever instead of ending.
    aimed = step.dt if dt < step.dt and error <= tolerances.step else 0.0
    return max(grown, aimed, tolerances.min_step)


def _cut(problem: Problem, plan: Plan, state: State, rate: float, dt: float) -> float:
    """The part of a step up to the next output time, the end of the injection, or the growth that is allowed."""
    time = state.time
    if rate > 0.0:
        dt = min(dt, LARGEST_GROWTH * (state.injected + problem.source_pores) / rate)
    ahead = [t for t in (*plan.output_times, plan.max_time) if t > time + 1e-9 * max(time, 1.0)]
    dt = cut_to(dt, min(ahead, default=np.inf) - time)
    rest = problem.drive.volume - state.injected
    return cut_to(dt, rest / rate) if rate > 0.0 and rest > VOLUME_TOLERANCE * problem.drive.volume else dt


def _volume_crossings(problem: Problem, plan: Plan, before: State, after: State) -> list[Crossing]:
    volume = problem.drive.volume
    return [
        Crossing(before.injected - volume, after.injected - volume, VOLUME_TOLERANCE * volume),
        Crossing(before.leaked.sum() - plan.max_leaked, after.leaked.sum() - plan.max_leaked, LEAK_TOLERANCE),
    ]


def _demand_crossings(before: Flow, after: Flow) -> list[Crossing]:
    """The moment at which a pressure limit starts or ceases to hold."""
    return [
        Crossing(before.demand - 1.0, after.demand - 1.0, SWITCH_TOLERANCE),
        Crossing(1.0 - before.demand, 1.0 - after.demand, SWITCH_TOLERANCE),
    ]


def _part_to_limits(crossings: list[Crossing], problem: Problem, dt: float) -> float:
    """Part of the step that ends on the first limit crossed in it, 1 without any."""
    overshot = [c.fraction() for c in crossings if c.overshot]
    if not overshot or dt * min(overshot) < problem.tolerances.min_step:
        return 1.0
    return min(max(min(overshot), 0.02), 0.98)


def _accepted(
    problem: Problem, plan: Plan, old: Step, state: State, flow: Flow, dt: float, counters: Counters
) -> Step:
    first_leak = old.first_leak.copy()
    events = list(old.events)
    for i in np.flatnonzero(np.isnan(first_leak) & (state.leaked > FIRST_LEAK)):
        part = (FIRST_LEAK - old.state.leaked[i]) / (state.leaked[i] - old.state.leaked[i])
        first_leak[i] = old.state.time + part * (state.time - old.state.time)
        events.append(Event(float(first_leak[i]), f"first leak: {problem.outlets[i].name}"))
    if flow.limited_by != old.flow.limited_by:
        events.append(Event(state.time, f"flow is held by {flow.limited_by}"))
    finished = _finished(problem, plan, state, flow)
    if finished:
        events.append(Event(state.time, finished))
    slope = (flow.fluxes.rate - old.flow.fluxes.rate) / (state.time - old.state.time)
    if flow.limited_by != old.flow.limited_by:
        slope = 0.0  # no trend reaches across the moment at which a limit takes hold
    return Step(state, flow, slope, dt, counters, first_leak, tuple(events), finished)


def _finished(problem: Problem, plan: Plan, state: State, flow: Flow) -> str:
    if state.injected >= problem.drive.volume * (1.0 - VOLUME_TOLERANCE):
        return "volume injected"
    if state.leaked.sum() >= plan.max_leaked - LEAK_TOLERANCE:
        return "leak limit reached"
    if state.time >= plan.max_time * (1.0 - 1e-12):
        return "time limit reached"
    if flow.fluxes.rate < SMALLEST_RATE * problem.drive.rate:
        return f"flow came to rest at the limit of the {flow.limited_by}"
    return ""
