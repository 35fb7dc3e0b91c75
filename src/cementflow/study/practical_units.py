"""Factors in the units in which people speak of them; the table itself holds SI units."""

from __future__ import annotations

from collections.abc import Sequence

from cementflow.study.factors import si_unit
from cementflow.study.points import Cell
from cementflow.study.table import Table
from cementflow.units import DIMENSIONS, Unit, parse_unit


def in_practical_units(table: Table) -> Table:
    """The table with its factors in practical units: "injection.max_pressure [Pa]" becomes "... [MPa]".

    Parameters
    ----------
    table
        Table of a study, its factors in SI units as their names say.

    Returns
    -------
    Table
        The same rows; results keep their units.
    """
    practical = {si_unit(name): dimension.preferred for name, dimension in DIMENSIONS.items()}
    names, units = list(table.names), dict[int, Unit]()
    for i, name in enumerate(names):
        key, bracket, unit = name.partition(" [")
        if bracket and name in table.factors and unit[:-1] in practical:
            chosen = _readable(table.column(name), practical[unit[:-1]])
            names[i], units[i] = f"{key} [{chosen}]", parse_unit(chosen)
    rows = (tuple(_in_unit(c, units.get(i)) for i, c in enumerate(row)) for row in table.rows)
    return Table(tuple(names), tuple(rows))


def _readable(cells: Sequence[Cell], units: Sequence[str]) -> str:
    """The first unit in which the largest number has one to three digits before its point, or else the first."""
    numbers = [abs(c) for c in cells if isinstance(c, int | float)]
    largest = max(numbers, default=0.0)
    return next((u for u in units if 1 <= float(largest / parse_unit(u).factor) < 1000), units[0])


def _in_unit(cell: Cell, unit: Unit | None) -> Cell:
    if unit is None or not isinstance(cell, int | float):
        return cell
    return float((cell - unit.offset) / unit.factor)
