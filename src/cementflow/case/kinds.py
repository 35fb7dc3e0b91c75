"""Kinds of values in a case file: each reads, checks, writes and describes one sort of value."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import permutations, product
from pathlib import Path
from typing import Any, ClassVar

from cementflow.case.inline import inline_key, shown
from cementflow.units import close_match, format_quantity, missing_unit, parse_quantity

INVALID: Any = type("Invalid", (), {"__repr__": lambda self: "INVALID"})()
"""Stands for a value that was refused, so that reading can go on and find every problem."""


@dataclass
class Reading:
    """What one pass over a case file carries along.

    Parameters
    ----------
    folder
        Where relative paths start.
    problems
        Everything found wrong so far, one sentence each.
    """

    folder: Path
    problems: list[str] = field(default_factory=list)

    def refuse(self, key: str, value: object, why: str) -> Any:
        """Note that `key = value` cannot be used and return INVALID."""
        self.problems.append(f"{key} = {shown(value)} {why}")
        return INVALID


class Kind:
    """One sort of value; subclasses say how it is read from TOML and written back.

    Where `free_text` is true every text is a value, so that "none" cannot mean absence.
    """

    free_text: ClassVar[bool] = False

    def read(self, value: object, key: str, reading: Reading) -> Any:
        """SI value of what the user wrote; INVALID after noting a problem."""
        raise NotImplementedError

    def write(self, value: Any) -> Any:
        """TOML value that reads back to `value`."""
        return value

    def describe(self) -> str:
        """What may be written, for the reference and for messages."""
        raise NotImplementedError


@dataclass(frozen=True)
class Quantity(Kind):
    """Text with number and unit; `low` and `high` are the limits of what makes sense, as such text."""

    dimension: str
    low: str
    high: str

    @cached_property
    def limits(self) -> tuple[float, float]:
        """Smallest and largest value in SI."""
        return parse_quantity(self.low, self.dimension), parse_quantity(self.high, self.dimension)

    def read(self, value: object, key: str, reading: Reading) -> Any:
        """SI value as a float."""
        if not isinstance(value, str):
            if isinstance(value, (int, float)) and not isinstance(value, bool):
                return reading.refuse(key, value, missing_unit(self.dimension))
            return reading.refuse(key, value, f"is not a {self.dimension}; write it as {self.describe()}")
        try:
            si = parse_quantity(value, self.dimension)
        except ValueError as error:
            return reading.refuse(key, value, str(error))
        return self._within(si, value, key, reading)

    def _within(self, si: float, value: str, key: str, reading: Reading) -> Any:
        low, high = self.limits
        if si < low:
            return reading.refuse(key, value, f"is below the smallest sensible value, {self.low}")
        if si > high:
            return reading.refuse(key, value, f"is above the largest sensible value, {self.high}")
        return si

    def write(self, value: float) -> str:
        """Shortest exact text."""
        return format_quantity(value, self.dimension)

    def describe(self) -> str:
        """Dimension and range."""
        return f"{self.dimension}, {self.low} to {self.high}"


@dataclass(frozen=True)
class Number(Kind):
    """Plain number between two limits, both allowed."""

    low: float
    high: float

    def read(self, value: object, key: str, reading: Reading) -> Any:
        """The number as a float."""
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return reading.refuse(key, value, "is not a plain number")
        # Python compares integers of any size, and NaN with nothing.
        if not self.low <= value <= self.high:
            return reading.refuse(key, value, f"is outside {self.low:g} to {self.high:g}")
        return float(value)

    def describe(self) -> str:
        """Range."""
        return f"number, {self.low:g} to {self.high:g}"


@dataclass(frozen=True)
class Choice(Kind):
    """One of a few texts."""

    options: tuple[str, ...]

    def read(self, value: object, key: str, reading: Reading) -> Any:
        """The text itself."""
        if isinstance(value, str) and value in self.options:
            return value
        hint = close_match(value, self.options) if isinstance(value, str) else ""
        return reading.refuse(key, value, f"is none of {self.describe()}{hint}")

    def describe(self) -> str:
        """All options."""
        return ", ".join(f'"{o}"' for o in self.options)


@dataclass(frozen=True)
class Gauge(Kind):
    """Needle gauge, as a number or as text such as "11 G"."""

    options: tuple[int, ...]

    def read(self, value: object, key: str, reading: Reading) -> Any:
        """The gauge as an integer."""
        number = value
        if isinstance(value, str) and (match := re.fullmatch(r"(\d{1,3}) ?[Gg]", value.strip())):
            number = int(match[1])
        if isinstance(number, int) and not isinstance(number, bool) and number in self.options:
            return number
        return reading.refuse(
            key, value, f"is not a known gauge ({self.describe()}); state inner_diameter instead"
        )

    def describe(self) -> str:
        """All gauges."""
        return ", ".join(str(o) for o in self.options)


@dataclass(frozen=True)
class Flag(Kind):
    """true or false."""

    def read(self, value: object, key: str, reading: Reading) -> Any:
        """The flag itself."""
        return value if isinstance(value, bool) else reading.refuse(key, value, "is neither true nor false")

    def describe(self) -> str:
        """The two values."""
        return "true or false"


@dataclass(frozen=True)
class Text(Kind):
    """Printable text on one line."""

    free_text: ClassVar[bool] = True
    longest: int = 200
    empty: bool = False
    reserved: tuple[str, ...] = ()

    def read(self, value: object, key: str, reading: Reading) -> Any:
        """The text itself."""
        if not isinstance(value, str):
            return reading.refuse(key, value, "is not a text in quotes")
        if not (value or self.empty) or value != value.strip() or not value.isprintable():
            why = "must be printable text on one line, without blanks at its ends"
            return reading.refuse(key, value, why if value else "is empty")
        if len(value) > self.longest:
            return reading.refuse(key, value, f"is longer than {self.longest} characters")
        if value in self.reserved:
            return reading.refuse(key, value, "is a reserved word; choose another one")
        return value

    def describe(self) -> str:
        """Just text."""
        return "text"


@dataclass(frozen=True)
class Tag(Kind):
    """Region of a mesh file: its number or its name."""

    free_text: ClassVar[bool] = True

    def read(self, value: object, key: str, reading: Reading) -> Any:
        """Integer or text."""
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**31:
            return value
        if isinstance(value, str):
            return Text().read(value, key, reading)
        return reading.refuse(key, value, "is neither the number nor the name of a region")

    def describe(self) -> str:
        """Both forms."""
        return "number or name"


@dataclass(frozen=True)
class FilePath(Kind):
    """Path of a file; held as an absolute path so that a case means the same wherever it is written to."""

    free_text: ClassVar[bool] = True

    def read(self, value: object, key: str, reading: Reading) -> Any:
        """Absolute path as text."""
        if not isinstance(value, str) or not value or "\0" in value:
            return reading.refuse(key, value, "is not the path of a file")
        return str((reading.folder / value).absolute())

    def describe(self) -> str:
        """How it is resolved."""
        return "path, relative to the case file"


@dataclass(frozen=True)
class Axes(Kind):
    """Where +x, +y and +z point, one letter each: R or L, A or P, S or I."""

    def read(self, value: object, key: str, reading: Reading) -> Any:
        """The three letters, upper case."""
        if isinstance(value, str) and value.upper() in _AXES:
            return value.upper()
        why = 'must say where +x, +y and +z point, one letter each of R/L, A/P and S/I, such as "RAS"'
        return reading.refuse(key, value, why)

    def describe(self) -> str:
        """The letters."""
        return "three letters, one each of R/L, A/P, S/I"


_AXES = {"".join(p) for triple in product("RL", "AP", "SI") for p in permutations(triple)}


@dataclass(frozen=True)
class Times(Kind):
    """List of times; held sorted, each once."""

    item: Quantity

    def read(self, value: object, key: str, reading: Reading) -> Any:
        """Tuple of SI values."""
        if not isinstance(value, (list, tuple)):
            return reading.refuse(key, value, 'is not a list of times, such as ["30 s", "1 min"]')
        values = [self.item.read(v, f"{key}.{i}", reading) for i, v in enumerate(value)]
        return INVALID if INVALID in values else tuple(sorted(set(values)))

    def write(self, value: tuple[float, ...]) -> list[str]:
        """List of texts."""
        return [self.item.write(v) for v in value]

    def describe(self) -> str:
        """A list of the item."""
        return f"list of times, each {self.item.low} to {self.item.high}"


@dataclass(frozen=True)
class Triple(Kind):
    """Three lengths; with `single`, one length stands for three equal ones."""

    item: Quantity
    single: bool = False

    def read(self, value: object, key: str, reading: Reading) -> Any:
        """Three SI values."""
        if self.single and isinstance(value, (str, int, float)) and not isinstance(value, bool):
            one = self.item.read(value, key, reading)
            return INVALID if one is INVALID else (one, one, one)
        if not isinstance(value, (list, tuple)) or len(value) != 3:
            return reading.refuse(key, value, f"is not {self.describe()}")
        values = tuple(self.item.read(v, f"{key}.{i}", reading) for i, v in enumerate(value))
        return INVALID if INVALID in values else values

    def write(self, value: tuple[float, ...]) -> list[str]:
        """List of three texts."""
        return [self.item.write(v) for v in value]

    def describe(self) -> str:
        """The forms allowed."""
        text = f"list of three lengths, each {self.item.low} to {self.item.high}"
        return f"one length or a {text}" if self.single else f"a {text}"


def as_table(value: object, key: str, reading: Reading, example: str) -> Mapping[str, object]:
    """The value if it is a table, else INVALID after noting the problem."""
    if isinstance(value, Mapping):
        return value
    return reading.refuse(key, value, f"is not a table, such as {example}")


def unknown_keys(table: Mapping[str, object], known: tuple[str, ...], key: str, reading: Reading) -> None:
    """Note every key of `table` that is not known, with a close match."""
    for name in table:
        if name not in known:
            where = f"{key}.{inline_key(name)}" if key else inline_key(name)
            hint = close_match(name, known) or f"; known here: {', '.join(known)}"
            reading.problems.append(f"{where} is unknown{hint}")
