"""What a user states of a study: a base case, what is varied in it and how, and conditions between the factors."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from cementflow.case import Case
from cementflow.case.inline import inline, inline_key
from cementflow.case.write import case_lines
from cementflow.errors import CaseError
from cementflow.study.conditions import Condition
from cementflow.study.designs import DRAWN, Design
from cementflow.study.factors import Factor, cells_of
from cementflow.study.points import Point


@dataclass(frozen=True)
class Study:
    """A base case and everything that is varied in it.

    Parameters
    ----------
    title
        What it is.
    source
        What to name in messages.
    base
        The case that every point starts from, with what `[set]` says.
    design
        How the points are chosen.
    factors
        What differs between the points of the design.
    uncertain
        What is drawn, the same draws at each point of the design.
    skip
        Points to leave out.
    then
        What else is set where a condition holds.
    follow
        Keys that take the value of a factor, by key.
    plan, cohort
        Tables for others to read, as stated; None where they are not.
    """

    title: str
    source: str
    base: Case
    design: Design
    factors: tuple[Factor, ...]
    uncertain: tuple[Factor, ...] = ()
    skip: tuple[Condition, ...] = ()
    then: tuple[Condition, ...] = ()
    follow: Mapping[str, str] = field(default_factory=dict)
    plan: Mapping[str, Any] | None = None
    cohort: Mapping[str, Any] | None = None

    def points(self) -> tuple[Point, ...]:
        """All points in their order, those too of which no case can be made; the draws of one row stand together."""
        return self._points

    def replace(self, changes: Mapping[str, object]) -> Study:
        """The study with values set in its base case.

        Raises
        ------
        CaseError
            With every problem found; a factor cannot be set.
        """
        keys = [*(f.key for f in (*self.factors, *self.uncertain)), *self.follow]
        varied = [key for key in keys if key in changes]
        if varied:
            raise CaseError(
                [f"{key} is varied by the study, so it cannot be set too" for key in varied], self.source
            )
        return dataclasses.replace(self, base=self.base.replace(changes))

    def to_toml(self) -> str:
        """Text of a study file that means the same anywhere.

        The base case is stated in full in it. Studies that mean the same have the same text, so that it tells whether
        a folder is that of this study.
        """
        design, lines = self.design, ["# Fully resolved study: the base case is stated in full at the end."]
        top: dict[str, Any] = {"title": self.title, "design": design.name}
        top |= {"points": design.points} if design.points is not None else {}
        top |= {"seed": design.seed} if design.name in DRAWN or self.uncertain else {}
        top |= {"draws": design.draws} if self.uncertain else {}
        lines += [f"{key} = {inline(value)}" for key, value in top.items()]
        for name, factors in (("factors", self.factors), ("uncertain", self.uncertain)):
            lines += _table(name, {f.key: f.stated() for f in factors})
        lines += _table("follow", self.follow)
        for name, conditions in (("skip", self.skip), ("then", self.then)):
            for condition in conditions:
                lines += ["", f"[[{name}]]", *(f"{k} = {inline(v)}" for k, v in condition.stated().items())]
        for name, table in (("plan", self.plan), ("cohort", self.cohort)):
            lines += _table(name, table) if table is not None else []
        return "\n".join([*lines, "", "[base]", *case_lines(self.base, "base")]) + "\n"

    @cached_property
    def _points(self) -> tuple[Point, ...]:
        varied = (*self.factors, *self.uncertain)
        draws = self.design.drawn(self.uncertain)
        rows = (
            {f.key: v for f, v in zip(varied, (*row, *draw), strict=True)}
            for row in self.design.values(self.factors)
            for draw in draws
        )
        kept = [row for row in rows if not any(c.holds(cells_of(varied, row)) for c in self.skip)]
        width = max(4, len(str(len(kept))))
        return tuple(self._point(f"{i:0{width}}", row) for i, row in enumerate(kept, 1))

    def _point(self, name: str, values: dict[str, Any]) -> Point:
        varied = (*self.factors, *self.uncertain)
        drawn = cells_of(varied, values)
        changes = values | {key: values[leader] for key, leader in self.follow.items()}
        for condition in self.then:
            if condition.holds(drawn):
                changes |= condition.changes
        cells = cells_of(varied, changes)
        columns = {f.column: cells[f.key] for f in varied}
        try:
            return Point(name, changes, columns, self.base.replace(changes))
        except CaseError as error:
            return Point(name, changes, columns, None, "; ".join(error.problems))


def _table(name: str, table: Mapping[str, Any]) -> list[str]:
    if not table:
        return []
    return ["", f"[{name}]", *(f"{inline_key(k)} = {inline(v)}" for k, v in table.items())]
