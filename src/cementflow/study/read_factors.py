"""From a study file to factors: each number in the unit of its entry, every problem with its key."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cementflow.case.compound_kinds import Whole
from cementflow.case.inline import inline, inline_key, shown
from cementflow.case.kinds import INVALID, FilePath, Kind, Number, Quantity, Reading
from cementflow.presets.describe import entry_of
from cementflow.study.factors import Factor, Normal, Range, Values
from cementflow.units import (
    DIMENSIONS,
    close_match,
    format_quantity,
    missing_unit,
    parse_quantity,
    parse_unit,
)

KNOWN = {
    "values": ("values", "weights", "labels"),
    "low": ("low", "high", "scale", "count", "whole"),
    "mean": ("mean", "sd", "scale", "low", "high", "count", "whole"),
    "median": ("median", "spread", "scale", "low", "high", "count", "whole"),
}
SCALES = {"low": ("linear", "log"), "mean": ("linear",), "median": ("log",)}
EXAMPLE = 'a list of values, or a table such as {low = "1 mL", high = "4 mL"}'
MOST_LEVELS = 10_000
LARGEST = 1e100  # so that sums and differences of numbers are finite; integers of TOML have no end
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\s*")


def read_factors(stated: object, where: str, folder: Path, problems: list[str]) -> tuple[Factor, ...]:
    """Factors of a table of a study file.

    Parameters
    ----------
    stated
        The table, by dotted key.
    where
        Its name, for messages.
    folder
        Where relative paths start.
    problems
        Where problems are noted.
    """
    if not isinstance(stated, Mapping):
        problems.append(f"{where} = {shown(stated)} is not a table of factors by dotted key")
        return ()
    made = (_read(str(k), v, f"{where}.{inline_key(str(k))}", folder, problems) for k, v in stated.items())
    return tuple(factor for factor in made if factor is not None)


def dimension_of(text: object) -> str:
    """Dimension of a quantity by its unit; empty if it is none."""
    if not isinstance(text, str) or (number := _NUMBER.match(text.strip())) is None:
        return ""
    try:
        unit = parse_unit(text.strip()[number.end() :])
    except ValueError:
        return ""
    return next((d.name for d in DIMENSIONS.values() if d.exponents == unit.exponents), "")


def _read(key: str, stated: object, where: str, folder: Path, problems: list[str]) -> Factor | None:
    found = entry_of("cases", key)
    before = len(problems)
    table: object = {"values": stated} if isinstance(stated, (list, tuple)) else stated
    form = _form(table) if isinstance(table, Mapping) else None
    if form is None or not isinstance(table, Mapping):
        problems.append(f"{where} = {shown(stated)} is neither {EXAMPLE}")
        return None
    for name in table:
        if name not in KNOWN[form]:
            problems.append(
                f"{where}.{inline_key(str(name))} is unknown{close_match(str(name), KNOWN[form])}"
            )
    optional = found is not None and found.optional
    reader = _Reader(key, found.kind if found else None, optional, table, where, folder, problems)
    factor = reader.values() if form == "values" else reader.numbers(form)
    return factor if len(problems) == before else None


def _form(table: Mapping[str, Any]) -> str | None:
    """Which of the forms in `KNOWN` a table has; a distribution may have limits too."""
    return next((form for form in ("values", "mean", "median", "low") if form in table), None)


@dataclass(frozen=True)
class _Reader:
    """One factor while it is being read."""

    key: str
    kind: Kind | None
    optional: bool
    table: Mapping[str, Any]
    where: str
    folder: Path
    problems: list[str]

    def values(self) -> Factor | None:
        """A list of values, with weights or labels."""
        values = self.table["values"]
        if not isinstance(values, (list, tuple)) or not values:
            self._refuse("values", "is not a list with at least one value")
            return None
        read = tuple(self._one(v, i) for i, v in enumerate(values))
        dimensions = {dimension_of(v) for v in values if v != "none"}
        dimension = dimensions.pop() if len(dimensions) == 1 else ""
        if isinstance(self.kind, Quantity):
            dimension = self.kind.dimension
        if dimension:
            read = tuple(_canonical(v, dimension) for v in read)
        weights = self._beside("weights", len(values), lambda w: _is_number(w) and 0 <= w <= LARGEST)
        labels = self._beside("labels", len(values), lambda t: isinstance(t, str) and bool(t.strip()))
        if weights and not sum(weights) > 0:
            self._refuse("weights", "are all zero")
        if len(set(labels)) < len(labels):
            self._refuse("labels", "are not all different")
        return Values(self.key, dimension, read, tuple(float(w) for w in weights), labels)

    def numbers(self, form: str) -> Factor | None:
        """A range or a distribution."""
        log = self._choice("scale", SCALES[form]) == "log"
        whole = self._flag("whole") or isinstance(self.kind, Whole)
        dimension = self._dimension(form)
        count = self._count()
        low, high = (self._number(n, dimension, required=form == "low") for n in ("low", "high"))
        if low is not None and high is not None and not low < high:
            self.problems.append(f"{self.where} must have low below high")
        if log and low is not None and low <= 0:
            self._refuse("low", "must be above zero on a scale that is log")
        if whole and any(n is not None and n != round(n) for n in (low, high)):
            self.problems.append(f"{self.where} is whole, so low and high must be whole numbers")
        if whole and dimension:
            self.problems.append(f"{self.where} has a unit, so it cannot be whole")
        if form == "low":
            ends = low is not None and high is not None
            return Range(self.key, dimension, whole, count, low, high, log) if ends else None  # type: ignore[arg-type]
        return self._normal(form, dimension, whole, count, low, high)

    def _normal(
        self, form: str, dimension: str, whole: bool, count: int | None, low: float | None, high: float | None
    ) -> Factor | None:
        log, before = form == "median", len(self.problems)
        center = self._number(form, dimension)
        spread = self._number("spread", "") if log else self._number("sd", dimension, difference=True)
        if log and center is not None and center <= 0:
            self._refuse("median", "must be above zero")
        name = "spread" if log else "sd"
        if spread is not None and not (0 < spread <= 20 if log else spread > 0):
            self._refuse(name, "must be above zero" + (" and at most 20" if log else ""))
        if center is None or spread is None or len(self.problems) > before:
            return None
        made = Normal(self.key, dimension, whole, count, center, spread, low, high, log)
        usable = not (log and any(n is not None and n <= 0 for n in (low, high)))
        if usable and (low is None or high is None or low < high):
            below, upto = made.mass()
            if not upto > below:
                self.problems.append(f"{self.where} has nothing between low and high")
        return made

    def _one(self, value: Any, index: int) -> Any:
        """One value of a list, checked by the kind of the entry where that stands alone."""
        where = f"{self.where}.{index}"
        if self.optional and value == "none":
            return value
        if isinstance(self.kind, FilePath) and isinstance(value, str):
            return self.kind.read(value, where, Reading(self.folder, self.problems))
        if self.kind is None or isinstance(value, (Mapping, list)):
            return value  # the case says what is wrong with it
        reading = Reading(self.folder)
        self.kind.read(value, where, reading)
        self.problems.extend(reading.problems)
        return value

    def _dimension(self, form: str) -> str:
        if isinstance(self.kind, Quantity):
            return self.kind.dimension
        return dimension_of(self.table.get(form))

    def _number(
        self, name: str, dimension: str, required: bool = True, difference: bool = False
    ) -> float | None:
        """SI value of a number or quantity; None if there is none or it was refused."""
        if name not in self.table:
            if required:
                self.problems.append(f"{self.where}.{name} must be stated")
            return None
        value = self.table[name]
        if not dimension:
            if not _is_number(value) or not abs(value) <= LARGEST:
                self._refuse(name, "is not a plain number")
                return None
            return float(value) if self._fits(name, value, difference) else None
        if not isinstance(value, str):
            self._refuse(name, missing_unit(dimension) if _is_number(value) else f"is not a {dimension}")
            return None
        text = re.sub(r"(deg|°)?C\s*$", "K", value) if difference and dimension == "temperature" else value
        try:
            si = parse_quantity(text, dimension)
        except ValueError as error:
            self._refuse(name, str(error))
            return None
        return si if self._fits(name, value, difference) else None

    def _fits(self, name: str, value: Any, difference: bool) -> bool:
        """Whether a number is one that the entry may have; spreads are no such values."""
        if difference or name == "spread" or not isinstance(self.kind, (Quantity, Number, Whole)):
            return True
        reading = Reading(self.folder, self.problems)
        if isinstance(self.kind, Whole) and isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(self.kind, Whole) and name in ("mean", "median"):
            return True
        return self.kind.read(value, f"{self.where}.{name}", reading) is not INVALID

    def _choice(self, name: str, options: tuple[str, ...]) -> str:
        value = self.table.get(name, options[0])
        if value in options:
            return str(value)
        hint = close_match(value, options) if isinstance(value, str) else ""
        self._refuse(name, f"must be {' or '.join(options)} here{hint}")
        return options[0]

    def _flag(self, name: str) -> bool:
        value = self.table.get(name, False)
        if not isinstance(value, bool):
            self._refuse(name, "is neither true nor false")
        return value is True

    def _count(self) -> int | None:
        value = self.table.get("count")
        if value is None or (
            isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MOST_LEVELS
        ):
            return value
        self._refuse("count", f"is no whole number from 1 to {MOST_LEVELS}")
        return None

    def _beside(self, name: str, wanted: int, good: Any) -> tuple[Any, ...]:
        """A list as long as the values; empty if it is not stated."""
        found = self.table.get(name)
        if found is None:
            return ()
        if not isinstance(found, (list, tuple)) or len(found) != wanted or not all(good(x) for x in found):
            self._refuse(name, f"is no list of {wanted} {name}, one for each value")
            return ()
        return tuple(found)

    def _refuse(self, name: str, why: str) -> None:
        self.problems.append(f"{self.where}.{name} = {inline(self.table.get(name))[:60]} {why}")


def _canonical(value: Any, dimension: str) -> Any:
    """Shortest text of a quantity; words such as "none" as they are."""
    try:
        return format_quantity(parse_quantity(value, dimension), dimension)
    except (ValueError, AttributeError):
        return value


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
