"""The levels of a factor in a table: the values it takes, or bins of as many runs each where it was drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cementflow.errors import InputError
from cementflow.study.points import Cell
from cementflow.study.table import Table

MOST = 10  # values of a factor that are levels of their own
BINS = 6


@dataclass(frozen=True, eq=False)
class Levels:
    """The levels of one factor.

    Parameters
    ----------
    factor
        Name of its column.
    labels
        What each level is called.
    places
        Where it stands on an axis: the value, of a bin the median of its runs, of a text its number from 0.
    of_row
        The level of each row of the table; -1 where the cell is empty.
    log
        Whether the places are spaced more evenly by their logarithms.
    ordered
        Whether the places are numbers of the factor, not only an order.
    binned
        Whether a level is a range of numbers.
    """

    factor: str
    labels: tuple[str, ...]
    places: NDArray[np.float64]
    of_row: NDArray[np.int64]
    log: bool
    ordered: bool
    binned: bool = False

    def __len__(self) -> int:
        """How many there are."""
        return len(self.labels)


def levels_of(table: Table, factor: str, bins: int = BINS) -> Levels:
    """Levels of a factor: in rising order for numbers, in the order of the table for texts and booleans.

    Parameters
    ----------
    table
        Table of a study.
    factor
        Name of a column.
    bins
        Number of bins where there are more than `MOST` different numbers.

    Raises
    ------
    InputError
        If there is no such column, or nothing in it.
    """
    cells = table.column(factor)
    known = [c for c in cells if c is not None]
    if not known:
        raise InputError(f'the column "{factor}" is empty')
    if any(isinstance(c, str | bool) for c in known):
        return _named(factor, cells)
    values = table.numbers(factor)
    there = np.isfinite(values)
    different = np.unique(values[there])
    if len(different) <= MOST:
        of_row = np.where(there, np.searchsorted(different, values), -1)
        labels = tuple(short(v) for v in different)
        return Levels(factor, labels, different, of_row, is_log_spaced(different), True)
    return _bins(factor, values, there, bins)


def short(value: float, digits: int = 4) -> str:
    """A number in few digits, without a power of ten where it can be read without."""
    text = f"{value:.{digits}g}"
    return f"{value:.0f}" if "e" in text and 1 <= abs(value) < 1e5 else text


def is_log_spaced(values: Sequence[float] | NDArray[np.float64]) -> bool:
    """Whether rising numbers, three or more, are spaced more evenly by their logarithms than as they are."""
    values = np.asarray(values, float)
    if len(values) < 3 or values[0] <= 0:
        return False
    plain, log = np.diff(values), np.diff(np.log(values))
    return bool(log.std() / log.mean() < 0.5 * plain.std() / plain.mean())


def _named(factor: str, cells: list[Cell]) -> Levels:
    texts = ["" if c is None else str(c).lower() if isinstance(c, bool) else str(c) for c in cells]
    labels = tuple(dict.fromkeys(t for t in texts if t))
    of_row = np.array([labels.index(t) if t else -1 for t in texts])
    return Levels(factor, labels, np.arange(len(labels), dtype=float), of_row, False, False)


def _bins(factor: str, values: NDArray[np.float64], there: NDArray[np.bool_], bins: int) -> Levels:
    """Bins of as many rows each; equal numbers are never parted."""
    edges = np.unique(np.quantile(values[there], np.linspace(0, 1, bins + 1)))
    inner = edges[1:-1]
    of_row = np.where(there, np.searchsorted(inner, values, side="right"), -1)
    taken = np.unique(of_row[there])
    of_row = np.where(there, np.searchsorted(taken, of_row), -1)
    places = np.array([np.median(values[of_row == i]) for i in range(len(taken))])
    labels = tuple(f"{short(edges[i], 3)} to {short(edges[i + 1], 3)}" for i in taken)
    return Levels(factor, labels, places, of_row, is_log_spaced(edges), True, True)
