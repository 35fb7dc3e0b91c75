"""What an accepted step adds to the record of a run, and whether the run is over."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cementflow.flow.carried import slowest_cure
from cementflow.flow.course import Counters, Event, Plan, Rest, Step
from cementflow.flow.problem import Problem
from cementflow.flow.protocol import Turn, next_turn
from cementflow.flow.sighting import looked
from cementflow.flow.state import Flow, State

FIRST_LEAK = 1e-9  # m3: cement behind an outlet that counts as its first leak
SET = 0.99  # of the cement in the bone
LONGEST_REST = 2 * 3600.0  # s
AT_REST = 1e-6  # of the flow rate of the injection
# Of that rate: where blood flows on, cement that moves more slowly stands still. In a hundred times the time of the
# injection it would come to a hundredth of it.
STILL = 1e-4


def accepted(
    problem: Problem, plan: Plan, old: Step, state: State, flow: Flow, dt: float, counters: Counters
) -> Step:
    """The step that ends in a state.

    Parameters
    ----------
    problem, plan
        Of what was done in the step.
    old
        Where the run stood before it.
    state, flow
        Where it stands now.
    dt
        Step to try next [s].
    counters
        Work done so far.
    """
    events = list(old.events)
    first_leak = _first_leaks(problem, old, state, events)
    if flow.limited_by != old.flow.limited_by and not old.stopped:
        events.append(Event(state.time, f"flow is held by {flow.limited_by}"))
    slope = (flow.fluxes.rate - old.flow.fluxes.rate) / (state.time - old.state.time)
    if flow.limited_by != old.flow.limited_by:
        slope = 0.0  # no trend reaches across the moment at which a limit takes hold
    watched = looked(plan, old, state, events)
    turn = next_turn(problem, plan, old, state, flow, watched)
    stopped = turn.stopped
    if not old.stopped:
        events += _told(old, turn, state.time)
    rest = _rest(problem, old, state, flow, stopped, events)
    finished = _finished(plan, state, rest, stopped)
    if finished and finished != stopped and finished not in (event.what for event in events):
        events.append(Event(state.time, finished))
    return Step(
        state,
        flow,
        slope,
        dt,
        counters,
        first_leak,
        tuple(
            sorted(events, key=lambda event: event.time)
        ),  # leaks are found by outlet, each at its own moment
        stopped,
        finished,
        rest,
        watched,
        turn.progress,
        turn.ended,
        during=old.progress.stage + 1 if plan.stages and not old.stopped else 0,
    )


def _told(old: Step, turn: Turn, time: float) -> list[Event]:
    """Ends of stages, answers to leaks, and the end of the injection."""
    texts = [f"{ended.name}: {ended.why}" for ended in turn.ended[len(old.ended) :]]
    return [Event(time, text) for text in (*texts, turn.told, turn.stopped) if text]


def at_rest(problem: Problem, state: State, flow: Flow) -> bool:
    """Whether no cement flows any more, nor will. Blood in veins without cement may flow for ever."""
    out = np.abs(flow.fluxes.link).sum() + np.abs(flow.fluxes.fixed).sum()
    tree = problem.veins
    if tree is not None:
        if state.time < tree.venous.times[-1]:
            return False
        in_cells = np.abs(flow.fluxes.vein.cell) * state.veins.cement / tree.capacity
        out += in_cells.sum() + np.sum(np.abs(flow.fluxes.vein.link) * state.saturation[tree.link_vertex])
    return flow.fluxes.rate == 0.0 and bool(out <= AT_REST * problem.drive.rate)


def _first_leaks(problem: Problem, old: Step, state: State, events: list[Event]) -> np.ndarray:
    first_leak = old.first_leak.copy()
    for i in np.flatnonzero(np.isnan(first_leak) & (state.leaked > FIRST_LEAK)):
        part = (FIRST_LEAK - old.state.leaked[i]) / (state.leaked[i] - old.state.leaked[i])
        first_leak[i] = old.state.time + part * (state.time - old.state.time)
        events.append(Event(float(first_leak[i]), f"first leak: {problem.outlets[i].name}"))
    return first_leak


def _rest(problem: Problem, old: Step, state: State, flow: Flow, stopped: str, events: list[Event]) -> Rest:
    rest = old.rest
    if np.isnan(rest.set_at):
        enough = problem.syringe.kinetics.set_at
        # The quantile takes a sort, which most steps need not make.
        now = slowest_cure(problem, state, SET) if state.condition.cure.max() >= enough else 0.0
        if now >= enough:
            before = slowest_cure(problem, old.state, SET)
            part = (enough - before) / (now - before) if before < enough else 0.0
            time = old.state.time + part * (state.time - old.state.time)
            rest = replace(rest, set_at=time)
            events.append(Event(time, "the cement is set"))
    if not stopped:
        return rest
    if not old.stopped:
        return replace(rest, since=state.time)
    elsewhere = 0.5 * np.sum(problem.volumes.pore_volume * np.abs(state.saturation - old.state.saturation))
    rest = replace(
        rest,
        leaked=rest.leaked + float(state.leaked.sum() - old.state.leaked.sum()),
        moved=rest.moved + float(elsewhere),
    )
    if problem.veins is not None:
        return replace(rest, still_since=_still(problem, old, state))
    if np.isnan(rest.still_since) and at_rest(problem, state, flow):
        rest = replace(
            rest, still_since=old.state.time if at_rest(problem, old.state, old.flow) else state.time
        )
    return rest


def _still(problem: Problem, old: Step, state: State) -> float:
    """Since when the cement stands still while blood flows on [s], NaN while it moves."""
    before, dt = old.state, state.time - old.state.time
    moved = 0.5 * np.sum(problem.volumes.pore_volume * np.abs(state.saturation - before.saturation))
    moved += np.abs(state.leaked - before.leaked).sum() + np.abs(state.held - before.held).sum()
    moved += np.abs(state.veins.cement - before.veins.cement).sum()
    moved += np.sum(state.veins.beyond - before.veins.beyond)
    if moved > STILL * problem.drive.rate * dt:
        return np.nan
    return before.time if np.isnan(old.rest.still_since) else old.rest.still_since


def _finished(plan: Plan, state: State, rest: Rest, stopped: str) -> str:
    if not stopped or plan.until is None:
        return stopped
    if np.isinf(plan.until):
        if not np.isnan(rest.set_at) and state.condition.temperature.max() <= plan.cool:
            return "the cement is set" if np.isinf(plan.cool) else "the cement is set and cool"
        return "the cement did not set" if state.time >= rest.since + LONGEST_REST else ""
    return "the time to wait is over" if state.time >= plan.until * (1.0 - 1e-12) else ""
