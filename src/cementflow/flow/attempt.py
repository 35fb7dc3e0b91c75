"""One step that is tried: it ends on the limits that it meets, and is judged by its error."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from cementflow.fem.linear_solver import PressureSolver
from cementflow.flow.control import Crossing, cut_to, next_step
from cementflow.flow.course import Ends, Plan, Step
from cementflow.flow.heat import HeatStalled
from cementflow.flow.pressure import solve_pressure, tube_change
from cementflow.flow.problem import Problem
from cementflow.flow.sighting import seen_crossing, stop_at
from cementflow.flow.state import Flow, State
from cementflow.flow.step import correct, predict, step_error
from cementflow.flow.transport import TransportStalled
from cementflow.timing import Stopwatch

REJECT_ABOVE = 4.0  # times the step tolerance
VOLUME_TOLERANCE = 1e-8  # of the volume to inject
LEAK_TOLERANCE = 1e-12  # m3
SWITCH_TOLERANCE = 1e-3  # of the pressure limit
PRESSURE_TOLERANCE = 1e-4  # of a pressure that ends a stage
TUBE_CHANGE = 0.02  # of the flow through a filling tube, beyond which the next step needs a flow of its own
NOT_FOUND = "the time of a limit was not found"
SWITCH_TRIES = 8  # an empty tube lets the demand depend on the step itself; then its switch has no exact time
LARGEST_GROWTH = (
    0.25  # of the cloud in one step, so that the steps follow a young cloud as they do an old one
)
CURE_A_STEP = 0.06  # change of the degree of cure that a step aims for, some 6 K of warming
CURE_TOO_MUCH = 0.2


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


def attempt(
    problem: Problem, plan: Plan, solver: PressureSolver, step: Step, dt: float, tries: int, watch: Stopwatch
) -> Attempt:
    """Try a step.

    Parameters
    ----------
    problem, plan, solver, step
        The run and where it stands.
    dt
        Length of the step [s].
    tries
        Attempts at this step so far.
    watch
        Counts the seconds of pressure and transport.
    """
    try:
        with watch.phase("transport"):
            predicted = predict(problem, step.state, step.flow, step.rate_slope, dt)
        part = _part_to_limits(_volume_crossings(problem, plan, step, predicted), problem, dt)
        if part < 1.0:
            return Attempt(part, reason=NOT_FOUND)
        with watch.phase("pressure"):
            # Tubes and tissue stay as they were: what they resist already is a mean over the step.
            before = step.state
            still = replace(predicted, held=before.held, leaked=before.leaked, marrow_out=before.marrow_out)
            flow = solve_pressure(problem, solver, still, dt, step.flow)
        if not flow.converged:
            reason = f"the pressure iteration stopped at a residual of {flow.residual:.1e}"
            return Attempt(0.25, flow=flow, reason=reason)
        with watch.phase("transport"):
            state, cured = correct(problem, step.state, step.flow, flow, dt)
    except TransportStalled:
        return Attempt(0.25, reason="the saturations did not settle")
    except HeatStalled:
        return Attempt(0.25, flow=flow, reason="the temperatures were not found")
    if cured > CURE_TOO_MUCH:
        part = CURE_A_STEP / cured
        return Attempt(part, flow=flow, reason=f"the degree of cure changes by {cured:.1e}")
    error = step_error(problem, step.state, predicted, state, dt)
    tolerances = problem.tolerances
    if error > REJECT_ABOVE * tolerances.step and dt > 1e3 * tolerances.min_step:
        part = next_step(dt, error, tolerances.step, dt) / dt
        return Attempt(part, flow=flow, reason=f"the error estimate stays at {error:.1e}")
    crossings = _volume_crossings(problem, plan, step, state)
    if tries < SWITCH_TRIES:
        crossings += _demand_crossings(step.flow, flow) + _pressure_crossings(plan.ends, step.flow, flow)
    part = _part_to_limits(crossings, problem, dt)
    following = min(_following(problem, step, error, dt), curing_step(dt, cured))
    if part >= 1.0:
        coming = cut(problem, plan, state, flow.fluxes.rate, following, stop_at(plan, step))
        if tube_change(problem, state, coming, flow) > TUBE_CHANGE:
            with watch.phase("pressure"):
                flow = _renewed(solve_pressure(problem, solver, state, coming, flow), flow)
            if not flow.converged:
                return Attempt(0.25, flow=flow, reason=f"the tubes left a residual of {flow.residual:.1e}")
    return Attempt(part, state, flow, following, NOT_FOUND)


def curing_step(dt: float, cured: float) -> float:
    """Step [s] in which the degree of cure changes as it should, after one in which it changed by `cured`."""
    return dt * CURE_A_STEP / cured if cured > 0.0 else np.inf


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


def cut(problem: Problem, plan: Plan, state: State, rate: float, dt: float, stop: float = np.inf) -> float:
    """The part of a step up to the next output time, the end of the injection, or the growth that is allowed.

    `stop` is the time at which the operator stops for a leak [s].
    """
    time = state.time
    if rate > 0.0:
        dt = min(dt, first_step(problem, state, rate))
    ahead = [
        t
        for t in (*plan.output_times, *plan.bends, plan.max_time, plan.until or np.inf, stop, plan.ends.time)
        if t > time + 1e-9 * max(time, 1.0)
    ]
    dt = cut_to(dt, min(ahead, default=np.inf) - time)
    rest = min(problem.drive.volume, problem.next_change(state.injected)) - state.injected
    return cut_to(dt, rest / rate) if rate > 0.0 and rest > VOLUME_TOLERANCE * problem.drive.volume else dt


def first_step(problem: Problem, state: State, rate: float) -> float:
    """The step in which the cloud around the tip grows as much as it may [s]."""
    return LARGEST_GROWTH * (state.injected - problem.drive.elsewhere + problem.source_pores) / rate


def _volume_crossings(problem: Problem, plan: Plan, step: Step, after: State) -> list[Crossing]:
    before, volume = step.state, problem.drive.volume
    change = problem.next_change(before.injected)  # to the next batch
    return [
        Crossing(before.injected - volume, after.injected - volume, VOLUME_TOLERANCE * volume),
        Crossing(before.injected - change, after.injected - change, VOLUME_TOLERANCE * volume),
        *(
            Crossing(before.leaked.sum() - limit, after.leaked.sum() - limit, LEAK_TOLERANCE)
            for limit in (plan.max_leaked, plan.ends.leaked, plan.ends.answered)
        ),
        *seen_crossing(plan, step, after),
    ]


def _demand_crossings(before: Flow, after: Flow) -> list[Crossing]:
    """The moment at which a pressure limit starts or ceases to hold; without a wanted rate it always does."""
    if not (np.isfinite(before.demand) and np.isfinite(after.demand)):
        return []
    return [
        Crossing(before.demand - 1.0, after.demand - 1.0, SWITCH_TOLERANCE),
        Crossing(1.0 - before.demand, 1.0 - after.demand, SWITCH_TOLERANCE),
    ]


def _pressure_crossings(ends: Ends, before: Flow, after: Flow) -> list[Crossing]:
    """The moment at which a pressure ends a stage."""
    return [
        Crossing(old - limit, new - limit, PRESSURE_TOLERANCE * limit)
        for limit, old, new in (
            (ends.syringe, before.syringe_pressure, after.syringe_pressure),
            (ends.tip, before.tip_pressure, after.tip_pressure),
        )
        if np.isfinite(limit)
    ]


def _part_to_limits(crossings: list[Crossing], problem: Problem, dt: float) -> float:
    """Part of the step that ends on the first limit crossed in it, 1 without any."""
    overshot = [c.fraction() for c in crossings if c.overshot]
    if not overshot or dt * min(overshot) < problem.tolerances.min_step:
        return 1.0
    return min(max(min(overshot), 0.02), 0.98)
