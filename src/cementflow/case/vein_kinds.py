"""Kinds of values that a vein has: a course, one or two diameters, names of other veins."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

from cementflow.case.kinds import INVALID, Kind, Quantity, Reading, Text
from cementflow.case.positions import Position, PositionKind


@dataclass(frozen=True)
class Path(Kind):
    """Two or more positions, joined by straight lines."""

    def read(self, value: object, key: str, reading: Reading) -> Any:
        """Tuple of positions."""
        if not isinstance(value, (list, tuple)) or len(value) < 2:
            return reading.refuse(key, value, f"is not {self.describe()}")
        places = [PositionKind().read(v, f"{key}.{i}", reading) for i, v in enumerate(value)]
        if INVALID in places:
            return INVALID
        if any(a == b for a, b in itertools.pairwise(places)):
            return reading.refuse(key, value, "has the same position twice in a row")
        return tuple(places)

    def write(self, value: tuple[Position, ...]) -> list[Any]:
        """List of positions."""
        return [PositionKind().write(v) for v in value]

    def describe(self) -> str:
        """A list of positions."""
        return "a list of two or more positions"


@dataclass(frozen=True)
class Taper(Kind):
    """One length, or one at the begin and one at the end."""

    item: Quantity

    def read(self, value: object, key: str, reading: Reading) -> Any:
        """Pair of SI values."""
        if isinstance(value, (list, tuple)):
            if len(value) != 2:
                return reading.refuse(key, value, f"is not {self.describe()}")
            parts = tuple(self.item.read(v, f"{key}.{i}", reading) for i, v in enumerate(value))
            return INVALID if INVALID in parts else parts
        one = self.item.read(value, key, reading)
        return INVALID if one is INVALID else (one, one)

    def write(self, value: tuple[float, float]) -> str | list[str]:
        """One text where both are equal, else two."""
        begin, end = (self.item.write(v) for v in value)
        return begin if begin == end else [begin, end]

    def describe(self) -> str:
        """Both forms."""
        return f"{self.item.describe()}; or a list of two, at its begin and its end"


@dataclass(frozen=True)
class Names(Kind):
    """One name, or a list of them."""

    def read(self, value: object, key: str, reading: Reading) -> Any:
        """Tuple of names, each once."""
        listed = value if isinstance(value, (list, tuple)) else (value,)
        names = [Text(80).read(v, key, reading) for v in listed]
        return INVALID if INVALID in names else tuple(dict.fromkeys(names))

    def write(self, value: tuple[str, ...]) -> str | list[str]:
        """The name where there is one, else a list."""
        return value[0] if len(value) == 1 else list(value)

    def describe(self) -> str:
        """Both forms."""
        return "a name, or a list of names"
