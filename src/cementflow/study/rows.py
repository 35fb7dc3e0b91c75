"""Rows of a study's table: the scalars of each run's summary beside what was changed for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cementflow.study.points import Cell, Point
from cementflow.study.table import POINT, REASON, STATUS, Table

CLOCK = ("wall_s", "peak_rss_mb")
MISSING, FAILED, INVALID = "missing", "failed", "invalid"


def scalars(summary: Mapping[str, Any], head: str = "") -> dict[str, Cell]:
    """Numbers, texts and switches of nested tables by dotted name; lists are left out."""
    found: dict[str, Cell] = {}
    for key, value in summary.items():
        if isinstance(value, Mapping):
            found |= scalars(value, f"{head}{key}.")
        elif value is None or isinstance(value, bool | int | float | str):
            found[head + key] = value
    return found


def results_of(summary: Mapping[str, Any]) -> dict[str, Cell]:
    """What a run found, without its status and what depends on the clock."""
    return scalars({k: v for k, v in summary.items() if k not in (*CLOCK, STATUS)})


def timings_of(summary: Mapping[str, Any]) -> dict[str, Cell]:
    """What a run took: seconds and memory."""
    return scalars({k: summary[k] for k in CLOCK if k in summary})


def make_table(points: Sequence[Point], outcomes: Mapping[str, tuple[str, str, Mapping[str, Cell]]]) -> Table:
    """One row a point in their order, which the order of the runs has no part in.

    Parameters
    ----------
    points
        All points of a study.
    outcomes
        Status, reason and results by name of a point.
    """
    factors = _names(p.columns for p in points)
    results = _names(outcomes[p.name][2] for p in points)
    rows = []
    for point in points:
        status, reason, found = outcomes[point.name]
        stated = [point.columns.get(n) for n in factors]
        rows.append((point.name, *stated, status, reason, *(found.get(n) for n in results)))
    return Table((POINT, *factors, STATUS, REASON, *results), tuple(rows))


def _names(tables: Iterable[Mapping[str, Cell]]) -> tuple[str, ...]:
    """All keys in the order in which they first appear."""
    return tuple(dict.fromkeys(name for table in tables for name in table))
