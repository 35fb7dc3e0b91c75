"""Conditions between factors: where some of them have certain values, a point is left out or sets more."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import Any

from cementflow.case.inline import inline_key, shown
from cementflow.study.factors import Factor
from cementflow.study.points import Cell
from cementflow.units import close_match, parse_quantity

COMPARED = ("above", "below", "at_least", "at_most")
RELATIONS = (*COMPARED, "not", "among")


@dataclass(frozen=True)
class Relation:
    """One relation that a factor must be in.

    Parameters
    ----------
    key
        Of the factor.
    relation
        One of `RELATIONS`.
    cells
        What it is compared with, as the table shows it: one cell, or several for "among".
    stated
        The same as a study file says it.
    """

    key: str
    relation: str
    cells: tuple[Cell, ...]
    stated: Any

    def holds(self, cell: Cell) -> bool:
        """Whether the factor's cell is in this relation; nothing is above or below a text or an absent value."""
        if self.relation not in COMPARED:
            return (cell in self.cells) == (self.relation == "among")
        limit = self.cells[0]
        if not isinstance(cell, (int, float)) or not isinstance(limit, (int, float)):
            return False
        return {
            "above": cell > limit,
            "below": cell < limit,
            "at_least": cell >= limit,
            "at_most": cell <= limit,
        }[self.relation]


@dataclass(frozen=True)
class Condition:
    """All tests that must hold, and what is set then (nothing for a point that is left out)."""

    relations: tuple[Relation, ...]
    changes: Mapping[str, Any]

    def holds(self, cells: Mapping[str, Cell]) -> bool:
        """Whether all tests hold for the cells of a point by key."""
        return all(t.holds(cells[t.key]) for t in self.relations)

    def stated(self) -> dict[str, Any]:
        """What a study file says of it."""
        when: dict[str, Any] = {}
        for t in self.relations:
            if t.relation == "among":
                when[t.key] = t.stated
            else:
                when.setdefault(t.key, {})[t.relation] = t.stated
        return {"when": when} | ({"set": dict(self.changes)} if self.changes else {})


def read_conditions(
    stated: object,
    name: str,
    factors: tuple[Factor, ...],
    refused: Set[str],
    problems: list[str],
    sets: bool,
) -> tuple[Condition, ...]:
    """Conditions of a study file.

    Parameters
    ----------
    stated
        List of tables.
    name
        Its key, for messages.
    factors
        All that may be asked for.
    refused
        Keys of further ones, of which something is wrong that is noted already.
    problems
        Where problems are noted.
    sets
        Whether each must say what is set.
    """
    if not isinstance(stated, (list, tuple)) or not all(isinstance(s, Mapping) for s in stated):
        problems.append(f"{name} must be a list of tables, [[{name}]]")
        return ()
    known = {f.key: f for f in factors} | dict.fromkeys(refused)
    return tuple(_condition(s, f"{name}.{i}", known, problems, sets) for i, s in enumerate(stated))


def _condition(
    table: Mapping[str, Any], where: str, known: Mapping[str, Factor | None], problems: list[str], sets: bool
) -> Condition:
    names = ("when", "set") if sets else ("when",)
    problems += [
        f"{where}.{inline_key(n)} is unknown{close_match(n, names)}" for n in table if n not in names
    ]
    when, changes = table.get("when"), table.get("set", {})
    tests: list[Relation] = []
    if not isinstance(when, Mapping) or not when:
        problems.append(f'{where}.when must be a table of factors, such as {{"cement.preset" = "low"}}')
    else:
        for key, value in when.items():
            place = f"{where}.when.{inline_key(key)}"
            if (factor := known.get(key)) is not None:
                tests += _tests(factor, value, place, problems)
            elif key not in known:
                problems.append(f"{place} is no factor of the study{close_match(key, tuple(known))}")
    if sets and (not isinstance(changes, Mapping) or not changes):
        problems.append(f"{where}.set must be a table of values by dotted key")
        changes = {}
    return Condition(tuple(tests), dict(changes) if sets else {})


def _tests(factor: Factor, value: Any, where: str, problems: list[str]) -> list[Relation]:
    if not isinstance(value, Mapping):
        values = value if isinstance(value, list) else [value]
        cells = tuple(_cell(factor, v, where, problems) for v in values)
        return [Relation(factor.key, "among", cells, value)]
    found = []
    for relation, limit in value.items():
        place = f"{where}.{inline_key(relation)}"
        if relation not in RELATIONS[:-1]:
            problems.append(f"{place} is unknown{close_match(relation, RELATIONS[:-1])}")
            continue
        cell = _cell(factor, limit, place, problems)
        if relation in COMPARED and (isinstance(cell, (bool, str)) or cell is None):
            problems.append(f"{place} = {shown(limit)} is nothing to compare with")
        found.append(Relation(factor.key, relation, (cell,), limit))
    return found


def _cell(factor: Factor, value: Any, where: str, problems: list[str]) -> Cell:
    """What a stated value looks like in the table; a quantity must have its unit."""
    if factor.dimension and value != "none":
        try:
            return parse_quantity(value if isinstance(value, str) else str(value), factor.dimension)
        except ValueError as error:
            if value not in factor.levels():
                problems.append(f"{where} = {shown(value)} {error}")
    return factor.cell(value)
