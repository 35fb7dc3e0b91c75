"""The answer to a plan: up to which value the limits are kept often enough."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cementflow.study.intervals import Share, clopper_pearson
from cementflow.study.plan_statement import Plan


@dataclass(frozen=True)
class Level:
    """One value and how often the limits were kept there.

    Parameters
    ----------
    value
        In the unit of the plan.
    share
        Of the drawn bodies in which all limits were kept, with the interval of Clopper and Pearson.
    failed
        Runs without a result, which are counted as not keeping them.
    """

    value: float
    share: Share
    failed: int = 0


@dataclass(frozen=True)
class Answer:
    """What comes out.

    Parameters
    ----------
    plan
        The question.
    levels
        All that was computed, by rising value.
    likely
        The largest (smallest) value up to (down to) which the estimated probability holds everywhere, or None.
    sure
        The same by the lower end of the 95 % interval: with so few draws, this is what can be relied on.
    """

    plan: Plan
    levels: tuple[Level, ...]
    likely: float | None
    sure: float | None


Judge = Callable[[Sequence[float]], list[list[bool | None]]]


def solve(plan: Plan, judge: Judge) -> Answer:
    """Ask for the levels of the plan, then once more between the two around each answer.

    Parameters
    ----------
    plan
        The question.
    judge
        Whether each drawn body keeps all limits (None: its run has no result), by value and body; the bodies are the
        same at every value.
    """
    levels = _judged(plan.levels(), judge)
    finer: set[float] = set()
    for bound in (_estimate, _lower):
        edge = _edge(plan, levels, bound)
        if edge is not None:
            finer.update(plan.levels(*edge, inner=plan.count))
    known = {level.value for level in levels}
    levels = sorted(levels + _judged(sorted(finer - known), judge), key=lambda level: level.value)
    return Answer(plan, tuple(levels), _last(plan, levels, _estimate), _last(plan, levels, _lower))


def _judged(values: Sequence[float], judge: Judge) -> list[Level]:
    found = []
    for value, kept in zip(values, judge(values) if values else [], strict=True):
        share = clopper_pearson(sum(k is True for k in kept), len(kept))
        found.append(Level(value, share, sum(k is None for k in kept)))
    return found


def _estimate(level: Level) -> float:
    return level.share.value


def _lower(level: Level) -> float:
    return level.share.low


def _last(plan: Plan, levels: Sequence[Level], bound: Callable[[Level], float]) -> float | None:
    last = None
    for level in _from_safe(plan, levels):
        if bound(level) < plan.probability:
            break
        last = level.value
    return last


def _edge(plan: Plan, levels: Sequence[Level], bound: Callable[[Level], float]) -> tuple[float, float] | None:
    """The last value that holds and the first that does not, the lower one first; None if there are no such two."""
    ordered = _from_safe(plan, levels)
    last = _last(plan, levels, bound)
    held = next((i for i, level in enumerate(ordered) if level.value == last), None)
    if held is None or held + 1 == len(ordered):
        return None
    a, b = ordered[held].value, ordered[held + 1].value
    return min(a, b), max(a, b)


def _from_safe(plan: Plan, levels: Sequence[Level]) -> list[Level]:
    return sorted(levels, key=lambda level: level.value, reverse=plan.goal == "smallest")
