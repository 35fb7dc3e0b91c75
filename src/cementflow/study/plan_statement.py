"""What a plan asks for: a study file with the table `[plan]` beside its `[uncertain]` bones and veins."""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cementflow.errors import InputError
from cementflow.units import close_match

GOALS = ("largest", "smallest")
SCALES = ("linear", "log")
LEVELS = 7
PROBABILITY = 0.9
_KEYS = ("vary", "keep", "probability", "goal")
_VARY = ("low", "high", "count", "scale")
_DESIGN = ("design", "points", "skip")
_KEEP = ("below", "above")
_QUANTITY = re.compile(r"\s*(?P<number>[-+]?[\d.]+(?:[eE][-+]?\d+)?)\s*(?P<unit>.*?)\s*")


@dataclass(frozen=True)
class Limit:
    """What a run has to keep.

    Parameters
    ----------
    name
        Of the result, as a column of the table names it.
    below, above
        What it has to stay below or above; one of them may be None.
    """

    name: str
    below: float | None = None
    above: float | None = None

    def keeps(self, value: float) -> bool:
        """Whether a value is within; one that is not known is not."""
        return (self.below is None or value < self.below) and (self.above is None or value > self.above)

    def __str__(self) -> str:
        parts = (("below", self.below), ("above", self.above))
        return f"{self.name} " + " and ".join(f"{word} {v:g}" for word, v in parts if v is not None)


@dataclass(frozen=True)
class Plan:
    """A question: up to which value a limit is kept with a stated probability.

    Parameters
    ----------
    key
        Of the value that is varied, such as "injection.volume".
    low, high
        Between which, in `unit`.
    unit
        As stated, empty for a plain number.
    count
        Levels of a round.
    scale
        "linear" or "log".
    goal
        "largest" (values from `low` up have to hold) or "smallest" (from `high` down).
    keep
        Limits, all of which a run has to keep.
    probability
        That is asked for.
    """

    key: str
    low: float
    high: float
    unit: str
    keep: tuple[Limit, ...]
    probability: float = PROBABILITY
    goal: str = "largest"
    count: int = LEVELS
    scale: str = "linear"

    def levels(self, low: float | None = None, high: float | None = None, inner: int = 0) -> list[float]:
        """Values of a round: `count` from `low` to `high`, or `inner` ones between two values."""
        a, b = self.low if low is None else low, self.high if high is None else high
        spaced = np.geomspace if self.scale == "log" else np.linspace
        found = spaced(a, b, inner + 2)[1:-1] if inner else spaced(a, b, self.count)
        # Six digits read well and are finer than any answer.
        return [float(f"{v:.6g}") for v in found]

    def text(self, value: float) -> str | float:
        """A value as a case file states it."""
        return f"{value!r} {self.unit}" if self.unit else value


def read_plan(path: Path) -> tuple[Plan, dict[str, Any]]:
    """The question of a plan file, and the rest of the file: what the study is made from.

    Raises
    ------
    InputError
        If the file cannot be read, or with all that is wrong in `[plan]`.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"the plan cannot be read: {error}", str(path)) from error
    return plan_of(table, str(path))


def plan_of(table: dict[str, Any], source: str) -> tuple[Plan, dict[str, Any]]:
    """The same of the table of a plan file.

    Raises
    ------
    InputError
        With all that is wrong in `[plan]`.
    """
    table = dict(table)
    stated = table.pop("plan", None)
    problems = []
    if not isinstance(stated, dict):
        problems.append("[plan] is missing: what to vary and what to keep")
    if not table.get("uncertain"):
        problems.append("[uncertain] is missing: over what a probability is meant")
    problems += [f"{k} does not go with [plan], whose design is its levels" for k in _DESIGN if k in table]
    if table.get("factors"):
        problems.append("[factors] does not go with [plan], which varies one value; state it under [set]")
    plan = _plan(stated, problems) if isinstance(stated, dict) else None
    if plan is None or problems:
        raise InputError(problems, source)
    return plan, table


def _plan(stated: Mapping[str, Any], problems: list[str]) -> Plan | None:
    _known(stated, _KEYS, "plan", problems)
    probability = stated.get("probability", PROBABILITY)
    if not _is_number(probability) or not 0.0 < probability < 1.0:
        problems.append(f"plan.probability = {probability!r} must be a number between 0 and 1")
    goal = stated.get("goal", GOALS[0])
    if goal not in GOALS:
        problems.append(f'plan.goal = {goal!r} must be "largest" or "smallest"{_hint(goal, GOALS)}')
    keep = _limits(stated.get("keep"), problems)
    vary = stated.get("vary")
    if not isinstance(vary, dict) or len(vary) != 1:
        problems.append(
            'plan.vary must name one value, such as {"injection.volume" = {low = ..., high = ...}}'
        )
        return None
    ((key, between),) = vary.items()
    if not isinstance(between, dict):
        problems.append(f'plan.vary."{key}" must have low and high')
        return None
    low, high, unit = _ends(between, f'plan.vary."{key}"', problems)
    count, scale = between.get("count", LEVELS), between.get("scale", SCALES[0])
    if problems:
        return None
    return Plan(key, low, high, unit, keep, float(probability), goal, count, scale)


def _ends(between: Mapping[str, Any], where: str, problems: list[str]) -> tuple[float, float, str]:
    _known(between, _VARY, where, problems)
    ends, units = [], []
    for name in ("low", "high"):
        value = between.get(name)
        found = _QUANTITY.fullmatch(value) if isinstance(value, str) else None
        if found is None and not _is_number(value):
            problems.append(f'{where}: {name} = {value!r} must be a number or a quantity such as "2 mL"')
        ends.append(_number(found["number"] if found else value))
        units.append(found["unit"] if found else "")
    if units[0] != units[1]:
        problems.append(f'{where}: low and high must be in the same unit, not "{units[0]}" and "{units[1]}"')
    elif not ends[0] < ends[1]:
        problems.append(f"{where}: low must be below high")
    count, scale = between.get("count", LEVELS), between.get("scale", SCALES[0])
    if not isinstance(count, int) or isinstance(count, bool) or not 2 <= count <= 100:
        problems.append(f"{where}: count = {count!r} must be a whole number from 2 to 100")
    if scale not in SCALES:
        problems.append(f'{where}: scale = {scale!r} must be "linear" or "log"{_hint(scale, SCALES)}')
    elif scale == "log" and not ends[0] > 0.0:
        problems.append(f"{where}: a log scale needs a low above zero")
    return ends[0], ends[1], units[0]


def _limits(stated: Any, problems: list[str]) -> tuple[Limit, ...]:
    if not isinstance(stated, dict) or not stated:
        problems.append('plan.keep must name what to keep, such as {"leaked_ml.total" = {below = 0.2}}')
        return ()
    limits = []
    for name, within in stated.items():
        where = f'plan.keep."{name}"'
        if not isinstance(within, dict) or not within:
            problems.append(f"{where} must have below or above")
            continue
        _known(within, _KEEP, where, problems)
        wrong = [k for k in _KEEP if k in within and not _is_number(within[k])]
        problems += [f"{where}: {k} = {within[k]!r} must be a number" for k in wrong]
        if not wrong:
            limits.append(Limit(name, *(float(within[k]) if k in within else None for k in _KEEP)))
    return tuple(limits)


def _known(stated: Mapping[str, Any], names: tuple[str, ...], where: str, problems: list[str]) -> None:
    problems += [f"{where}.{k} is unknown{close_match(k, names)}" for k in stated if k not in names]


def _hint(value: object, names: tuple[str, ...]) -> str:
    return close_match(value, names) if isinstance(value, str) else ""


def _number(value: object) -> float:
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return math.nan


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
