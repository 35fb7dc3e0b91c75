"""Solves the symmetric positive definite pressure systems of one mesh."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cementflow.fem import conjugate_gradients as cg

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Indices = NDArray[np.uint32]

MAX_ITERATIONS = 5000
# Vertices in a group and the largest number of groups: more groups save iterations until their dense factor costs more.
GROUP_SIZE = 70
MOST_GROUPS = 250


@dataclass(frozen=True, eq=False)
class LinearResult:
    """Solution of one system.

    Parameters
    ----------
    x
        The solution.
    iterations
        Conjugate-gradient iterations.
    converged
        Whether the residual reached the tolerance.
    """

    x: Floats
    iterations: int
    converged: bool


class PressureSolver:
    """Conjugate gradients with an incomplete Cholesky factor of each matrix and a correction by groups of vertices.

    Nothing is kept from one system to the next but patterns, so a restarted run goes on with the same bytes.

    Parameters
    ----------
    row_start, columns
        CSR pattern with sorted columns, unsigned, the same for every system.
    group
        Group of each vertex, -1 for none; without groups only the factor is used.
    """

    def __init__(self, row_start: Indices, columns: Indices, group: Ints | None = None) -> None:
        n = len(row_start) - 1
        self._row_start, self._columns = row_start, columns
        self._start, self._column, self._slot = cg.lower_pattern(row_start, columns)
        rows = np.repeat(np.arange(n, dtype=np.uint32), np.diff(row_start))
        self._diagonal = np.flatnonzero(columns == rows).astype(np.uint32)
        self._group = group if group is not None else np.full(n, -1, np.int32)
        self._n_groups = int(self._group.max(initial=-1)) + 1
        self._ap_start, self._ap_column, self._ap_target = cg.group_pattern(row_start, columns, self._group)

    def solve(self, values: Floats, rhs: Floats, start: Floats, tolerance: float) -> LinearResult:
        """Solve one system.

        Parameters
        ----------
        values
            Matrix entries in the pattern.
        rhs, start
            Right-hand side and first guess, shape (n,).
        tolerance
            Residual to reach, relative to the 2-norm of `rhs`.
        """
        lower, inverse = cg.incomplete_cholesky(self._start, self._column, self._slot, self._diagonal, values)
        entries, factor = cg.group_matrix(
            values, self._group, self._ap_start, self._ap_column, self._ap_target, self._n_groups
        )
        x = start.copy()
        iterations, converged = cg.conjugate_gradients(
            self._row_start,
            self._columns,
            values,
            self._start,
            self._column,
            lower,
            inverse,
            self._group,
            self._ap_start,
            self._ap_column,
            entries,
            factor,
            rhs,
            x,
            tolerance,
            MAX_ITERATIONS,
        )
        return LinearResult(x, iterations, converged)


def group_vertices(points: Floats, left_out: NDArray[np.bool_]) -> Ints:
    """Groups of neighbouring vertices: those in one cell of a coarse grid.

    Parameters
    ----------
    points
        Coordinates, shape (n, 3).
    left_out
        Vertices that take no part, such as those of known pressure.

    Returns
    -------
    ndarray
        Group numbers from 0, -1 for those left out.
    """
    group = np.full(len(points), -1, np.int32)
    count = min(len(points) // GROUP_SIZE, MOST_GROUPS)
    if count < 2 or left_out.all():
        return group
    inside = points[~left_out]
    extent = np.ptp(inside, axis=0)
    side = float(np.cbrt(np.prod(extent) / count))
    cell = np.floor((inside - inside.min(axis=0)) / side).astype(np.int64)
    group[~left_out] = np.unique(cell, axis=0, return_inverse=True)[1].ravel()
    return group
