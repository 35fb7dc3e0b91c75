"""Kinds of values that are made of other kinds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cementflow.case.kinds import INVALID, Choice, Kind, Number, Quantity, Reading
from cementflow.case.positions import Position, PositionKind
from cementflow.units import close_match


@dataclass(frozen=True)
class WordOrQuantity(Kind):
    """One of some words, or a quantity in its place."""

    words: tuple[str, ...]
    item: Quantity

    def read(self, value: object, key: str, reading: Reading) -> Any:
        """The word as it is, or the SI value."""
        if value in self.words:
            return value
        if isinstance(value, str) and not any(c.isdigit() for c in value):
            hint = close_match(value, self.words)
            return reading.refuse(key, value, f"is none of {self._listed} and no {self.item.dimension}{hint}")
        return self.item.read(value, key, reading)

    def write(self, value: float | str) -> str:
        """The word, or the shortest exact text."""
        return value if isinstance(value, str) else self.item.write(value)

    def describe(self) -> str:
        """Both forms."""
        return f"{self._listed}, or {self.item.describe()}"

    @property
    def _listed(self) -> str:
        return ", ".join(f'"{word}"' for word in self.words)


@dataclass(frozen=True)
class Whole(Kind):
    """A whole number between two limits, both allowed."""

    low: int
    high: int

    def read(self, value: object, key: str, reading: Reading) -> Any:
        """The number."""
        if isinstance(value, bool) or not isinstance(value, int) or not self.low <= value <= self.high:
            return reading.refuse(key, value, f"is no {self.describe()}")
        return value

    def describe(self) -> str:
        """Range."""
        return f"whole number, {self.low} to {self.high}"


@dataclass(frozen=True)
class Wholes(Kind):
    """One or several whole numbers, each once; held as a tuple."""

    item: Whole

    def read(self, value: object, key: str, reading: Reading) -> Any:
        """Tuple of the numbers."""
        if not isinstance(value, (list, tuple)):
            one = self.item.read(value, key, reading)
            return INVALID if one is INVALID else (one,)
        if not value:
            return reading.refuse(key, value, f"is not {self.describe()}")
        numbers = [self.item.read(v, f"{key}.{i}", reading) for i, v in enumerate(value)]
        return INVALID if INVALID in numbers else tuple(dict.fromkeys(numbers))

    def write(self, value: tuple[int, ...]) -> int | list[int]:
        """The number, or a list."""
        return value[0] if len(value) == 1 else list(value)

    def describe(self) -> str:
        """Both forms."""
        return f"{self.item.describe()}, or a list of such"


@dataclass(frozen=True)
class FlagOrQuantity(Kind):
    """true, which is held as 0, or a quantity; false is as absent."""

    item: Quantity

    def read(self, value: object, key: str, reading: Reading) -> Any:
        """The SI value, 0 or None."""
        if isinstance(value, bool):
            return 0.0 if value else None
        return self.item.read(value, key, reading)

    def write(self, value: float) -> bool | str:
        """True, or the shortest exact text."""
        return self.item.write(value) if value > 0.0 else True

    def describe(self) -> str:
        """Both forms."""
        return f"true or false, or {self.item.describe()}"


@dataclass(frozen=True)
class Pair(Kind):
    """Two quantities."""

    item: Quantity

    def read(self, value: object, key: str, reading: Reading) -> Any:
        """Pair of SI values."""
        if not isinstance(value, (list, tuple)) or len(value) != 2:
            return reading.refuse(key, value, f"is not {self.describe()}")
        first, second = (self.item.read(v, f"{key}.{i}", reading) for i, v in enumerate(value))
        return INVALID if first is INVALID or second is INVALID else (first, second)

    def write(self, value: tuple[float, float]) -> list[str]:
        """List of two texts."""
        return [self.item.write(v) for v in value]

    def describe(self) -> str:
        """A pair of the item."""
        return f"a list of two, each {self.item.low} to {self.item.high}"


@dataclass(frozen=True)
class Span(Pair):
    """Two quantities, the smaller one first."""

    def read(self, value: object, key: str, reading: Reading) -> Any:
        """Pair of SI values."""
        pair = super().read(value, key, reading)
        if pair is INVALID or pair[0] < pair[1]:
            return pair
        return reading.refuse(key, value, "must begin before it ends")

    def describe(self) -> str:
        """A pair of the item."""
        return f"a list of begin and end, each {self.item.low} to {self.item.high}"


@dataclass(frozen=True)
class NumberSpan(Kind):
    """Two plain numbers, the smaller one first."""

    item: Number

    def read(self, value: object, key: str, reading: Reading) -> Any:
        """Pair of numbers."""
        if not isinstance(value, (list, tuple)) or len(value) != 2:
            return reading.refuse(key, value, f"is not {self.describe()}")
        low, high = (self.item.read(v, f"{key}.{i}", reading) for i, v in enumerate(value))
        if low is INVALID or high is INVALID:
            return INVALID
        return (low, high) if low < high else reading.refuse(key, value, "must begin below its end")

    def write(self, value: tuple[float, float]) -> list[float]:
        """List of the two."""
        return list(value)

    def describe(self) -> str:
        """A pair of the item."""
        return f"a list of lowest and highest, each {self.item.low:g} to {self.item.high:g}"


@dataclass(frozen=True)
class Positions(Kind):
    """Some positions in a row."""

    most: int = 200

    def read(self, value: object, key: str, reading: Reading) -> Any:
        """Tuple of positions."""
        if not isinstance(value, (list, tuple)) or not 2 <= len(value) <= self.most:
            return reading.refuse(key, value, f"is not {self.describe()}")
        places = [PositionKind().read(v, f"{key}.{i}", reading) for i, v in enumerate(value)]
        return INVALID if INVALID in places else tuple(places)

    def write(self, value: tuple[Position, ...]) -> list[Any]:
        """List of tables or lists."""
        return [PositionKind().write(v) for v in value]

    def describe(self) -> str:
        """A list of the item."""
        return f"a list of 2 to {self.most} positions"


@dataclass(frozen=True)
class Names(Kind):
    """Some of a few texts, each at most once."""

    options: tuple[str, ...]

    def read(self, value: object, key: str, reading: Reading) -> Any:
        """Tuple of the texts."""
        if not isinstance(value, (list, tuple)):
            return reading.refuse(key, value, f"is not {self.describe()}")
        names = [Choice(self.options).read(v, f"{key}.{i}", reading) for i, v in enumerate(value)]
        return INVALID if INVALID in names else tuple(dict.fromkeys(names))

    def write(self, value: tuple[str, ...]) -> list[str]:
        """List of the texts."""
        return list(value)

    def describe(self) -> str:
        """All options."""
        return f"a list of some of {Choice(self.options).describe()}"
