"""Places in the vertebral body and tensors along its axes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cementflow.case.kinds import INVALID, Choice, Kind, Number, Quantity, Reading, as_table, unknown_keys

AXES = ("ap", "lr", "si")
PLACES = (
    "posterior wall centre",
    "anterior wall centre",
    "left wall centre",
    "right wall centre",
    "superior endplate centre",
    "inferior endplate centre",
    "all faces",
)
DIRECTIONS = ("anterior", "posterior", "left", "right", "superior", "inferior")
_FRACTION = Number(-0.25, 1.25)
_COORDINATE = Quantity("length", "-10 m", "10 m")


@dataclass(frozen=True)
class Position:
    """A point, as fractions of the box of the vertebral body or in coordinates of the file.

    Parameters
    ----------
    kind
        "fraction" or "point".
    values
        Fractions (ap from posterior to anterior, lr from left to right, si from inferior to superior; 0 to 1
        inside the box), or x, y, z [m].
    """

    kind: str
    values: tuple[float, float, float]


@dataclass(frozen=True)
class Permeability:
    """Permeability [m2] along the axes of the vertebra."""

    si: float
    ap: float
    lr: float

    @classmethod
    def isotropic(cls, value: float) -> Permeability:
        """The same permeability [m2] in every direction."""
        return cls(value, value, value)


@dataclass(frozen=True)
class PositionKind(Kind):
    """A `Position`."""

    example = '{ap = 0.5, lr = 0.5, si = 0.5} or ["1 mm", "2 mm", "3 mm"]'

    def read(self, value: object, key: str, reading: Reading) -> Any:
        """Position from a table of fractions or a list of lengths."""
        if isinstance(value, (list, tuple)):
            if len(value) != 3:
                return reading.refuse(key, value, f"is not {self.describe()}")
            parts = [_COORDINATE.read(v, f"{key}.{i}", reading) for i, v in enumerate(value)]
            return INVALID if INVALID in parts else Position("point", (parts[0], parts[1], parts[2]))
        table = as_table(value, key, reading, self.example)
        if table is INVALID:
            return INVALID
        unknown_keys(table, AXES, key, reading)
        parts = _parts(table, AXES, _FRACTION, key, reading)
        valid = INVALID not in parts and len(table) == 3
        return Position("fraction", (parts[0], parts[1], parts[2])) if valid else INVALID

    def write(self, value: Position) -> dict[str, float] | list[str]:
        """Table of fractions or list of lengths."""
        if value.kind == "fraction":
            return dict(zip(AXES, value.values, strict=True))
        return [_COORDINATE.write(v) for v in value.values]

    def describe(self) -> str:
        """Both forms."""
        return f"a position: {self.example}"


@dataclass(frozen=True)
class PlaceKind(Kind):
    """A named place or a `Position`."""

    places: tuple[str, ...] = PLACES

    def read(self, value: object, key: str, reading: Reading) -> Any:
        """Text or Position."""
        kind = Choice(self.places) if isinstance(value, str) else PositionKind()
        return kind.read(value, key, reading)

    def write(self, value: str | Position) -> Any:
        """Text, table or list."""
        return value if isinstance(value, str) else PositionKind().write(value)

    def describe(self) -> str:
        """Names and forms."""
        return f"{Choice(self.places).describe()}, or {PositionKind().describe()}"


@dataclass(frozen=True)
class PermeabilityKind(Kind):
    """One permeability, or one for each axis of the vertebra."""

    item: Quantity

    def read(self, value: object, key: str, reading: Reading) -> Any:
        """Permeability from a text or a table with si, ap and lr."""
        if isinstance(value, (str, int, float)) and not isinstance(value, bool):
            one = self.item.read(value, key, reading)
            return INVALID if one is INVALID else Permeability.isotropic(one)
        table = as_table(value, key, reading, '{si = "1e-8 m2", ap = "8e-9 m2", lr = "8e-9 m2"}')
        if table is INVALID:
            return INVALID
        names = ("si", "ap", "lr")
        unknown_keys(table, names, key, reading)
        parts = _parts(table, names, self.item, key, reading)
        return INVALID if INVALID in parts or len(table) != 3 else Permeability(*parts)

    def write(self, value: Permeability) -> dict[str, str]:
        """Table, also when isotropic, so that every component has a dotted key."""
        return {name: self.item.write(getattr(value, name)) for name in ("si", "ap", "lr")}

    def describe(self) -> str:
        """Both forms."""
        return f"{self.item.describe()}; or {{si = ..., ap = ..., lr = ...}}"


def _parts(table: Any, names: tuple[str, ...], kind: Kind, key: str, reading: Reading) -> list[Any]:
    """Value of each name in the table; what is missing is noted and INVALID."""
    reading.problems.extend(f"{key}.{name} is missing" for name in names if name not in table)
    return [kind.read(table[n], f"{key}.{n}", reading) if n in table else INVALID for n in names]
