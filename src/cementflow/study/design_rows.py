"""The order of rows that Sobol indices and Morris effects are made from, checked against the factors in the table.

What SALib computes is right only for rows in the order of its own sampling. So that a table whose rows were moved,
left out or added is refused instead of answered wrongly, the order is read back from the factors themselves.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cementflow.errors import InputError
from cementflow.study.table import Table

Codes = NDArray[np.int64]


def codes_of(table: Table, factors: tuple[str, ...]) -> Codes:
    """The factors as whole numbers, shape (rows, factors): the rank of a number, of a text its first place."""
    columns = []
    for name in factors:
        cells = table.column(name)
        words = any(isinstance(c, str) for c in cells)
        # Not of their `repr`: 1 and 1.0 are one value.
        different = list(dict.fromkeys(cells)) if words or None in cells else sorted(set(cells), key=_number)
        place = {c: i for i, c in enumerate(different)}
        columns.append([place[c] for c in cells])
    return np.array(columns, np.int64).T.reshape(len(table.rows), len(factors))


def saltelli_second_order(codes: Codes) -> bool:
    """Whether the rows are blocks of 2 k + 2 (A, k mixtures AB, k mixtures BA, B) rather than of k + 2.

    Parameters
    ----------
    codes
        The k factors, shape (rows, k).

    Raises
    ------
    InputError
        If the rows are neither.
    """
    k = codes.shape[1]
    for second in (False, True):
        size = (2 * k + 2) if second else k + 2
        if len(codes) >= size and len(codes) % size == 0 and _is_saltelli(codes.reshape(-1, size, k)):
            return second
    raise InputError(
        f"Sobol indices need the rows of a `saltelli` design in its order: blocks of {k + 2} or {2 * k + 2} rows for "
        f"{k} factors, each with a factor taken from another row; this table of {len(codes)} rows is not that"
    )


def _is_saltelli(blocks: Codes) -> bool:
    _, size, k = blocks.shape
    first, last = blocks[:, 0], blocks[:, -1]
    for row in range(1, size - 1):
        own, other = (first, last) if row <= k else (last, first)
        wanted = own.copy()
        j = (row - 1) % k
        wanted[:, j] = other[:, j]
        if not np.array_equal(blocks[:, row], wanted):
            return False
    return True


def morris_steps(codes: Codes) -> NDArray[np.float64]:
    """Steps of the trajectories of k + 1 rows: of each row after the first which factor moved and whether up (+1).

    A step of a factor with few values may leave it where it is. Such a step belongs to one of the factors that moved
    nowhere else on the trajectory; to which does not matter, as the result has not moved either.

    Parameters
    ----------
    codes
        The k factors, shape (rows, k).

    Returns
    -------
    NDArray
        Shape (trajectories, k, k): one entry of +1 or -1 in each row and each column of a trajectory.

    Raises
    ------
    InputError
        If the rows are no such trajectories.
    """
    k = codes.shape[1]
    trouble = InputError(
        f"Morris effects need the rows of a `morris` design in its order: trajectories of {k + 1} rows for {k} "
        f"factors, each row with another one of them changed; this table of {len(codes)} rows is not that"
    )
    if not len(codes) or len(codes) % (k + 1):
        raise trouble
    steps = np.sign(np.diff(codes.reshape(-1, k + 1, k), axis=1)).astype(float)
    for step in steps:
        moved = step != 0
        if (moved.sum(axis=0) > 1).any() or (moved.sum(axis=1) > 1).any():
            raise trouble
        still, left = np.flatnonzero(~moved.any(axis=1)), np.flatnonzero(~moved.any(axis=0))
        step[still, left] = 1.0
    return steps


def _number(cell: object) -> float:
    assert isinstance(cell, int | float)
    return float(cell)
