"""Values that differ over the surface: one for all, one for each zone, or a field of the mesh file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cementflow.case.kinds import INVALID, Kind, Quantity, Reading, as_table, unknown_keys
from cementflow.units import parse_quantity

# In this order everywhere; `mesh.zones` finds them.
ZONES = (
    "posterior wall",
    "anterior wall",
    "left wall",
    "right wall",
    "inferior endplate",
    "superior endplate",
    "arch",
)
# Names for several zones, the widest first: a narrower one overrides it.
GROUPS = {
    "elsewhere": ZONES,
    "walls": ZONES[:4],
    "lateral walls": ZONES[2:4],
    "endplates": ZONES[4:6],
    "anterior": ZONES[1:2],
    "posterior": ZONES[:1],
}
ARCH_LIKE = "posterior wall"  # what the arch takes where it is not named


@dataclass(frozen=True)
class Zoned:
    """A value for each zone, in the order of `ZONES` [SI]."""

    values: tuple[float, ...]


@dataclass(frozen=True)
class MeshField:
    """A point or cell field of the mesh file, and the unit of its numbers."""

    name: str
    unit: str


@dataclass(frozen=True)
class ByZone(Kind):
    """One quantity, a table of quantities by zone, or a field of the mesh file."""

    item: Quantity

    def read(self, value: object, key: str, reading: Reading) -> Any:
        """A number, `Zoned` or `MeshField`."""
        if not isinstance(value, Mapping):
            return self.item.read(value, key, reading)
        return self._field(value, key, reading) if "field" in value else self._zones(value, key, reading)

    def write(self, value: float | Zoned | MeshField) -> Any:
        """Text or table."""
        if isinstance(value, Zoned):
            return {name: self.item.write(v) for name, v in zip(ZONES, value.values, strict=True)}
        if isinstance(value, MeshField):
            return {"field": value.name, "unit": value.unit}
        return self.item.write(value)

    def describe(self) -> str:
        """The three forms."""
        groups = ", ".join(GROUPS)
        return (
            f"{self.item.describe()}; or a table of them by zone ({', '.join(ZONES)}; or {groups}, where the "
            f'narrower counts; an arch that is not named is as the {ARCH_LIKE}); or {{field = "name", unit = "..."}} '
            "of the mesh file"
        )

    def factor(self, field: MeshField) -> float:
        """SI value of one in the unit of a field."""
        return parse_quantity(f"1 {field.unit}", self.item.dimension)

    def _field(self, table: Mapping[str, object], key: str, reading: Reading) -> Any:
        unknown_keys(table, ("field", "unit"), key, reading)
        name, unit = table["field"], table.get("unit")
        if not isinstance(name, str) or not name:
            return reading.refuse(f"{key}.field", name, "is not the name of a field")
        try:
            if not isinstance(unit, str):
                raise ValueError(f"needs the unit of its numbers, such as {self._example}")
            parse_quantity(f"1 {unit}", self.item.dimension)
        except ValueError as error:
            return reading.refuse(f"{key}.unit", unit if unit is not None else "", str(error))
        return MeshField(name, unit) if len(table) == 2 else INVALID

    @property
    def _example(self) -> str:
        return f'unit = "{self.item.low.split()[-1]}"'

    def _zones(self, value: Mapping[str, object], key: str, reading: Reading) -> Any:
        example = '{walls = "0.3 mm", endplates = "0.5 mm"}'
        table = as_table(value, key, reading, example)
        unknown_keys(table, (*ZONES, *GROUPS), key, reading)
        found: dict[str, Any] = {}
        for group, names in (*GROUPS.items(), *((name, (name,)) for name in ZONES)):
            if group in table:
                found |= dict.fromkeys(names, self.item.read(table[group], f"{key}.{group}", reading))
        found.setdefault("arch", found.get(ARCH_LIKE))
        missing = [name for name in ZONES[:6] if name not in found]
        if missing:
            reading.problems.append(
                f"{key} says nothing of {', '.join(missing)}; state elsewhere, or each of them"
            )
        known = all(name in ZONES or name in GROUPS for name in table)
        if missing or not known or any(v is INVALID for v in found.values()):
            return INVALID
        return Zoned(tuple(found[name] for name in ZONES))
