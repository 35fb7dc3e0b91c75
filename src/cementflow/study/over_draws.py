"""A study whose points were each crossed with the same draws, as one row a point: the mean over the draws."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cementflow.errors import InputError
from cementflow.study.points import Cell
from cementflow.study.table import DONE, POINT, REASON, STATUS, Table


def mean_over_draws(table: Table, keys: Sequence[str], draws: int, result: str) -> Table:
    """Rows of the points of the design, each with the mean of a result over its draws.

    A mean over only some of the draws would differ from the others by what was drawn: a point with a failed run has
    failed.

    Parameters
    ----------
    table
        Table of a study, the draws of a point one after another.
    keys
        Dotted keys of the factors that make the design; all other factors were drawn.
    draws
        Number of draws at each point.
    result
        Name of the result.

    Returns
    -------
    Table
        With the factors of the design and that result.

    Raises
    ------
    InputError
        If the rows are not such, or the result is no number.
    """
    factors = tuple(c for c in table.factors if c in keys or c.partition(" [")[0] in keys)
    columns = [table.column(factor) for factor in factors]
    values = np.where([s in DONE for s in table.column(STATUS)], table.numbers(result), np.nan)
    names = table.column(POINT)
    rows: list[tuple[Cell, ...]] = []
    for start in range(0, len(values), draws):
        block = slice(start, start + draws)
        cells = [set(column[block]) for column in columns]
        if any(len(c) != 1 for c in cells) or len(values[block]) != draws:
            raise InputError(
                f"the table is not made of points with {draws} draws each, one after "
                "another: rows were moved or left out"
            )
        mean = float(values[block].mean())
        end = ("failed", "a draw has no result", None) if np.isnan(mean) else ("completed", "", mean)
        rows.append((names[start], *(column[start] for column in columns), *end))
    return Table((POINT, *factors, STATUS, REASON, result), tuple(rows))
