"""Factors in the units in which people speak of them; the table itself holds SI units."""

from __future__ import annotations

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
    practical = {si_unit(name): dimension.preferred[0] for name, dimension in DIMENSIONS.items()}
    names, units = list(table.names), dict[int, Unit]()
    for i, name in enumerate(names):
        key, bracket, unit = name.partition(" [")
        if bracket and name in table.factors and unit[:-1] in practical:
            names[i] = f"{key} [{practical[unit[:-1]]}]"
            units[i] = parse_unit(practical[unit[:-1]])
    rows = (tuple(_in_unit(c, units.get(i)) for i, c in enumerate(row)) for row in table.rows)
    return Table(tuple(names), tuple(rows))


def _in_unit(cell: Cell, unit: Unit | None) -> Cell:
    if unit is None or not isinstance(cell, int | float):
        return cell
    return float((cell - unit.offset) / unit.factor)
