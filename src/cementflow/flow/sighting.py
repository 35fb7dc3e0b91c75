"""When the operator sees a leak, and when that ends the injection."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cementflow.flow.control import Crossing
from cementflow.flow.course import NOT_WATCHED, Event, Plan, Step, Watched
from cementflow.flow.state import State
from cementflow.flow.watch import CLOSE_ENOUGH, VIEWS


def unseen(plan: Plan) -> Watched:
    """Before anything leaked."""
    if plan.watch is None:
        return NOT_WATCHED
    shape = (len(plan.watch.outside.outlets), len(VIEWS))
    return Watched(np.zeros(shape), np.full(shape, np.nan))


def looked(plan: Plan, old: Step, state: State, events: list[Event]) -> Watched:
    """What is seen after a step, with the times at which it first was; straight between the ends of the step."""
    watch, before = plan.watch, old.watched
    if watch is None:
        return before
    sight = watch.sight(state)
    threshold = watch.fluoroscopy.threshold
    first, start, dt = before.first.copy(), old.state.time, state.time - old.state.time
    for site, view in np.argwhere(np.isnan(first) & (sight.ratio >= threshold * (1.0 - CLOSE_ENOUGH))):
        was, now = before.ratio[site, view], sight.ratio[site, view]
        # A step that was cut to end on it does.
        on_it = now <= threshold * (1.0 + CLOSE_ENOUGH)
        first[site, view] = state.time if on_it else start + dt * (threshold - was) / (now - was)
        name = watch.outside.outlets[site].name
        events.append(Event(float(first[site, view]), f"seen in the {VIEWS[view]} view: {name}"))
    leaked, since = before.leaked, before.since
    if np.isnan(leaked) and not np.isnan(first).all():
        part = (float(np.nanmin(first)) - start) / dt
        was, now = float(old.state.leaked.sum()), float(state.leaked.sum())
        leaked = was + part * (now - was)
    if np.isnan(since) and np.isfinite(plan.seen) and sight.margin(threshold, plan.seen) >= -CLOSE_ENOUGH:
        since = state.time
    return replace(before, ratio=sight.ratio, first=first, leaked=leaked, since=since)


def stop_at(plan: Plan, step: Step) -> float:
    """Time at which the operator stops for what they see [s], infinite while that is not known."""
    since = step.watched.since
    return np.inf if plan.watch is None or step.stopped or np.isnan(since) else since + plan.watch.delay


def seen_crossing(plan: Plan, step: Step, after: State) -> list[Crossing]:
    """The moment at which enough is seen to stop: a step ends there."""
    watch = plan.watch
    if watch is None or not np.isfinite(plan.seen) or step.stopped or not np.isnan(step.watched.since):
        return []
    threshold = watch.fluoroscopy.threshold
    before, now = (watch.sight(state).margin(threshold, plan.seen) for state in (step.state, after))
    return [Crossing(before, now, CLOSE_ENOUGH)]
