"""What a study varies: values, ranges and distributions of one entry of the case, each by its quantile function.

Every factor turns a number u from 0 to 1 into a value of a case file, so that all designs are made in the unit cube.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from cementflow.case.inline import inline
from cementflow.study.points import Cell
from cementflow.units import DIMENSIONS, format_quantity, parse_quantity, parse_unit

# A quantile of 0 or 1 of an unbounded distribution is infinite; a draw this near to them stands for it.
_EDGE = 2.0**-40


@dataclass(frozen=True)
class Factor:
    """An entry of the case that differs from point to point.

    Parameters
    ----------
    key
        Its dotted key.
    dimension
        Name of the dimension (a key of `units.DIMENSIONS`); empty for what has no unit.
    """

    key: str
    dimension: str

    @property
    def column(self) -> str:
        """Name of the column in the table: the key, with the SI unit of a quantity."""
        return f"{self.key} [{si_unit(self.dimension)}]" if self.dimension else self.key

    @property
    def bounded(self) -> bool:
        """Whether u = 0 and u = 1 have values."""
        return True

    def at(self, u: float) -> Any:
        """Value at the quantile `u`, from 0 to 1, as a case file would state it."""
        raise NotImplementedError

    def levels(self) -> tuple[Any, ...]:
        """Values on a grid; empty if their number is not stated."""
        raise NotImplementedError

    def stated(self) -> Any:
        """What a study file says of it, the same for statements that mean the same."""
        raise NotImplementedError

    def cell(self, value: Any) -> Cell:
        """A value as the table shows it: quantities in SI, tables and lists as their text."""
        if value is None or (value == "none" and self.dimension):
            return None
        if isinstance(value, str) and self.dimension:
            return _si_or_word(value, self.dimension)
        return value if isinstance(value, (bool, int, float, str)) else inline(value)


@dataclass(frozen=True)
class Values(Factor):
    """One of some values.

    Parameters
    ----------
    values
        As a case file would state them.
    weights
        How often each is drawn, in proportion; empty for all alike.
    labels
        What the table shows instead of the values; empty for the values themselves.
    """

    values: tuple[Any, ...]
    weights: tuple[float, ...] = ()
    labels: tuple[str, ...] = ()

    def at(self, u: float) -> Any:
        """The value whose part of the unit interval `u` lies in; parts are as wide as the weights."""
        weights = self.weights or (1.0,) * len(self.values)
        ends = list(accumulate(weights))
        last = max(i for i, w in enumerate(weights) if w > 0)
        return self.values[min(bisect_right(ends, u * ends[-1]), last)]

    def levels(self) -> tuple[Any, ...]:
        """All values in their order."""
        return self.values

    def stated(self) -> Any:
        """The list, or a table with weights or labels."""
        more = {"weights": list(self.weights), "labels": list(self.labels)}
        more = {name: value for name, value in more.items() if value}
        return {"values": list(self.values), **more} if more else list(self.values)

    def cell(self, value: Any) -> Cell:
        """The label of the value, or the value."""
        if self.labels and value in self.values:
            return self.labels[self.values.index(value)]
        return super().cell(value)


@dataclass(frozen=True)
class Numbers(Factor):
    """Numbers or quantities.

    Parameters
    ----------
    whole
        Whether they are whole numbers.
    count
        How many there are on a grid; None if that is not stated.
    """

    whole: bool
    count: int | None

    def at(self, u: float) -> Any:
        """Value at a quantile: text with unit of a quantity, which reads back to the same bits; else a number."""
        return self._value(self.quantile(u))

    def quantile(self, u: float) -> float:
        """SI value at a quantile."""
        raise NotImplementedError

    def _value(self, number: float) -> Any:
        if self.dimension:
            return format_quantity(number, self.dimension)
        return round(number) if self.whole else number

    def _shown(self, **numbers: float | None) -> dict[str, Any]:
        """Table of those that are there."""
        return {k: self._value(v) for k, v in numbers.items() if v is not None}

    def _more(self) -> dict[str, Any]:
        whole = {"whole": True} if self.whole else {}
        return whole | ({"count": self.count} if self.count is not None else {})


@dataclass(frozen=True)
class Range(Numbers):
    """Everything from `low` to `high` (SI), even in the value or, with `log`, in its logarithm."""

    low: float
    high: float
    log: bool

    def quantile(self, u: float) -> float:
        """Uniform, or uniform in the logarithm; of whole numbers each one has its share."""
        end = self.high + 1 if self.whole else self.high
        number = self.low * math.pow(end / self.low, u) if self.log else self.low + u * (end - self.low)
        if self.whole:
            number = math.floor(number)
        return min(max(number, self.low), self.high)

    def levels(self) -> tuple[Any, ...]:
        """`count` values from end to end, evenly spaced; whole ones rounded, each once."""
        if self.count is None:
            return ()
        parts = [i / (self.count - 1) for i in range(1, self.count - 1)] if self.count > 1 else []
        ratio = self.high / self.low if self.log else 0.0
        inner = [
            self.low * math.pow(ratio, p) if self.log else self.low + p * (self.high - self.low)
            for p in parts
        ]
        numbers = [self.low, *inner, self.high] if self.count > 1 else [self.low]
        return tuple(dict.fromkeys(self._value(n) for n in numbers))

    def stated(self) -> Any:
        """Ends, and what is not as by default."""
        scale = {"scale": "log"} if self.log else {}
        return self._shown(low=self.low, high=self.high) | scale | self._more()


@dataclass(frozen=True)
class Normal(Numbers):
    """A normal distribution, or with `log` a log-normal one, cut at `low` and `high`.

    Parameters
    ----------
    center
        Mean, or the median of a log-normal distribution (SI).
    spread
        Standard deviation (SI), or that of the natural logarithm.
    low, high
        Nothing is drawn below and above (SI); None for no limit.
    log
        Whether the logarithm is normal.
    """

    center: float
    spread: float
    low: float | None
    high: float | None
    log: bool

    @property
    def bounded(self) -> bool:
        """Both ends are stated."""
        return self.low is not None and self.high is not None

    def mass(self) -> tuple[float, float]:
        """Share of the uncut distribution below `low` and below `high`."""
        from scipy.special import ndtr

        low = 0.0 if self.low is None else float(ndtr(self._deviation(self.low)))
        high = 1.0 if self.high is None else float(ndtr(self._deviation(self.high)))
        return low, high

    def quantile(self, u: float) -> float:
        """Inverse of the cumulative distribution between the limits."""
        from scipy.special import ndtri

        low, high = self.mass()
        share = min(max(low + u * (high - low), _EDGE), 1 - _EDGE)
        score = self.spread * float(ndtri(share))
        number = self.center * math.exp(score) if self.log else self.center + score
        number = float(round(number)) if self.whole else number
        number = number if self.low is None else max(number, self.low)
        return number if self.high is None else min(number, self.high)

    def levels(self) -> tuple[Any, ...]:
        """Medians of `count` parts that are equally likely."""
        n = self.count or 0
        return tuple(dict.fromkeys(self.at((i + 0.5) / n) for i in range(n)))

    def stated(self) -> Any:
        """Center and spread, and what is not as by default."""
        if self.log:
            middle = {"median": self._value(self.center), "spread": self.spread}
        else:
            # A difference of temperatures must not be written on a scale with another zero.
            sd = f"{self.spread!r} {si_unit(self.dimension)}" if self.dimension else self.spread
            middle = {"mean": self._value(self.center) if self.dimension else self.center, "sd": sd}
        return middle | self._shown(low=self.low, high=self.high) | self._more()

    def _deviation(self, number: float) -> float:
        """Distance from the center in spreads."""
        if self.log:
            return math.log(number / self.center) / self.spread
        return (number - self.center) / self.spread


def si_unit(dimension: str) -> str:
    """Name of the SI unit of a dimension."""
    for name in DIMENSIONS[dimension].preferred:
        unit = parse_unit(name)
        if unit.factor == 1 and not unit.offset:
            return name
    raise AssertionError(f"{dimension} has no SI unit among those preferred")


def cells_of(factors: tuple[Factor, ...], changes: Mapping[str, object]) -> dict[str, Cell]:
    """Cells of the factors by key, of what a point sets."""
    return {f.key: f.cell(changes.get(f.key)) for f in factors}


def _si_or_word(text: str, dimension: str) -> Cell:
    try:
        return parse_quantity(text, dimension)
    except ValueError:
        return text
