"""The time loop: it knows the flow and its events, and nothing of files or pictures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from cementflow.errors import RunFailed
from cementflow.fem.linear_solver import PressureSolver
from cementflow.flow.control import Crossing, cut_to, next_step
from cementflow.flow.pressure import solve_pressure
from cementflow.flow.problem import Problem
from cementflow.flow.state import Flow, State
from cementflow.flow.step import Attempt, attempt_step
from cementflow.timing import Stopwatch

REJECT_ABOVE = 4.0  # times the step tolerance
SMALLEST_RATE = 1e-3  # of the wanted rate: below it a pressure-limited injection has come to rest
FIRST_LEAK = 1e-9  # m3: cement behind an outlet that counts as its first leak
VOLUME_TOLERANCE = 1e-8  # of the volume to inject
LEAK_TOLERANCE = 1e-12  # m3
SWITCH_TOLERANCE = 1e-3  # of the pressure limit
MAX_TRIES = 60
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
    return Step(state, flow, dt, Counters().plus(flow), nothing)


def _advance(problem: Problem, plan: Plan, solver: PressureSolver, step: Step, watch: Stopwatch) -> Step:
    """One accepted step; a failed or inaccurate attempt is repeated, smaller, from the untouched state."""
    counters, reason = step.counters, ""
    planned = dt = _cut(problem, plan, step.state, step.flow.fluxes.rate, step.dt)
    for tries in range(MAX_TRIES):
        attempt = attempt_step(problem, solver, step.state, step.flow, dt, watch)
        counters = counters.plus(attempt.flow)
        part, reason = _part_to_keep(problem, plan, step, attempt, dt, tries)
        if part >= 1.0 and attempt.state is not None and attempt.flow is not None:
            following = _following(problem, step, attempt, dt, dt == planned)
            coming = _cut(problem, plan, attempt.state, attempt.flow.fluxes.rate, following)
            with watch.phase("pressure"):
                flow = solve_pressure(problem, solver, attempt.state, coming, attempt.flow)
            counters = counters.plus(flow)
            if flow.converged:
                counters = counters.plus(None, steps=1)
                return _accepted(problem, plan, step, attempt.state, flow, following, counters)
            part, reason = 0.25, f"the pressure iteration stopped at a residual of {flow.residual:.1e}"
        counters = counters.plus(None, rejected=1)
        dt *= part
        if dt < problem.tolerances.min_step:
            break
    raise RunFailed(
        f"no step down to {dt:.1e} s was accepted: {reason}",
        step.state.time,
        "a finer mesh, a lower flow rate or a looser numerics.step_tolerance may help",
    )


def _following(problem: Problem, step: Step, attempt: Attempt, dt: float, as_planned: bool) -> float:
    """Step to try after an accepted one [s]."""
    tolerances = problem.tolerances
    grown = next_step(dt, attempt.error, tolerances.step, tolerances.max_step)
    # A step cut short for an output time says nothing against the size that was aimed at. And below the shortest
    # step the run would creep on for ever instead of ending.
    return max(grown, step.dt if as_planned and dt < step.dt else 0.0, tolerances.min_step)


def _cut(problem: Problem, plan: Plan, state: State, rate: float, dt: float) -> float:
    """The part of a step up to the next output time, the end of the injection, or the growth that is allowed."""
    time = state.time
    if rate > 0.0:
        dt = min(dt, LARGEST_GROWTH * (state.injected + problem.source_pores) / rate)
    ahead = [t for t in (*plan.output_times, plan.max_time) if t > time + 1e-9 * max(time, 1.0)]
    dt = cut_to(dt, min(ahead, default=np.inf) - time)
    rest = problem.drive.volume - state.injected
    return cut_to(dt, rest / rate) if rate > 0.0 and rest > VOLUME_TOLERANCE * problem.drive.volume else dt


def _part_to_keep(
    problem: Problem, plan: Plan, step: Step, attempt: Attempt, dt: float, tries: int
) -> tuple[float, str]:
    """1 to accept the attempt, else the part of its length to try next; and why."""
    tolerances = problem.tolerances
    if attempt.state is None or attempt.flow is None:
        return 0.25, attempt.reason
    if attempt.error > REJECT_ABOVE * tolerances.step and dt > 1e3 * tolerances.min_step:
        part = next_step(dt, attempt.error, tolerances.step, dt) / dt
        return part, f"the error estimate stays at {attempt.error:.1e}"
    before, after = step.state, attempt.state
    volume, demand = problem.drive.volume, (step.flow.demand, attempt.flow.demand)
    crossings = [
        Crossing(before.injected - volume, after.injected - volume, VOLUME_TOLERANCE * volume),
        Crossing(before.leaked.sum() - plan.max_leaked, after.leaked.sum() - plan.max_leaked, LEAK_TOLERANCE),
    ]
    if tries < SWITCH_TRIES:
        crossings += [
            Crossing(demand[0] - 1.0, demand[1] - 1.0, SWITCH_TOLERANCE),
            Crossing(1.0 - demand[0], 1.0 - demand[1], SWITCH_TOLERANCE),
        ]
    overshot = [c.fraction() for c in crossings if c.overshot]
    if not overshot or dt * min(overshot) < tolerances.min_step:
        return 1.0, ""
    return min(max(min(overshot), 0.02), 0.98), "the time of a limit was not found"


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
    return Step(state, flow, dt, counters, first_leak, tuple(events), finished)


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
