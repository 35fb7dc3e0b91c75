"""What a factor does to a result: its mean and spread over each level, and over pairs of levels of two factors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cementflow.study.levels import BINS, Levels, levels_of
from cementflow.study.table import Table

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Effect:
    """A result over the levels of a factor, whatever the other factors are.

    Parameters
    ----------
    levels
        Levels of the factor, n in all.
    result
        Name of the result.
    values
        Of each level, the results of its runs that came to their end and have one.
    """

    levels: Levels
    result: str
    values: tuple[Floats, ...]

    @property
    def mean(self) -> Floats:
        """Mean of each level, shape (n,); NaN without runs."""
        return np.array([v.mean() if len(v) else np.nan for v in self.values])

    @property
    def spread(self) -> Floats:
        """Standard deviation between the runs of each level, shape (n,); NaN below two runs."""
        return np.array([v.std(ddof=1) if len(v) > 1 else np.nan for v in self.values])

    @property
    def size(self) -> float:
        """Largest less smallest mean; 0 where fewer than two levels have runs."""
        means = self.mean[np.isfinite(self.mean)]
        return float(np.ptp(means)) if len(means) > 1 else 0.0


@dataclass(frozen=True, eq=False)
class Interaction:
    """Mean of a result over pairs of levels of two factors, and over all others.

    Parameters
    ----------
    rows, columns
        Levels of the two factors.
    result
        Name of the result.
    mean
        Shape (rows, columns); NaN where no run came to its end.
    runs
        Number of runs that the mean is over.
    """

    rows: Levels
    columns: Levels
    result: str
    mean: Floats
    runs: NDArray[np.int64]


def main_effect(table: Table, factor: str, result: str, bins: int = BINS) -> Effect:
    """Effect of one factor on a result.

    Raises
    ------
    InputError
        If there is no such column, or the result is no number.
    """
    table = table.done()
    levels, values = levels_of(table, factor, bins), table.numbers(result)
    there = np.isfinite(values)
    groups = tuple(values[there & (levels.of_row == i)] for i in range(len(levels)))
    return Effect(levels, result, groups)


def varied_factors(table: Table) -> tuple[str, ...]:
    """Factors that take more than one value in the runs that came to their end."""
    done = table.done()
    return tuple(f for f in table.factors if len({c for c in done.column(f) if c is not None}) > 1)


def interaction(table: Table, rows: str, columns: str, result: str, bins: int = BINS) -> Interaction:
    """Table of a result over two factors.

    Raises
    ------
    InputError
        If there is no such column, or the result is no number.
    """
    table = table.done()
    down, across = levels_of(table, rows, bins), levels_of(table, columns, bins)
    values = table.numbers(result)
    there = np.isfinite(values) & (down.of_row >= 0) & (across.of_row >= 0)
    shape = (len(down), len(across))
    total, runs = np.zeros(shape), np.zeros(shape, np.int64)
    cell = (down.of_row[there], across.of_row[there])
    np.add.at(total, cell, values[there])
    np.add.at(runs, cell, 1)
    mean = np.full(shape, np.nan)
    mean[runs > 0] = total[runs > 0] / runs[runs > 0]
    return Interaction(down, across, result, mean, runs)
