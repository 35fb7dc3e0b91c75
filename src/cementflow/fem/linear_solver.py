"""Solves the symmetric positive definite pressure systems of one mesh."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cementflow.fem.conjugate_gradients import conjugate_gradients, incomplete_cholesky, lower_pattern

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]

MAX_ITERATIONS = 5000


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
    """Conjugate gradients with an incomplete Cholesky factor of each matrix.

    Nothing is kept from one system to the next but the pattern, so a restarted run goes on with the same bytes.

    Parameters
    ----------
    row_start, columns
        CSR pattern with sorted columns, the same for every system.
    """

    def __init__(self, row_start: Ints, columns: Ints) -> None:
        self._row_start, self._columns = row_start, columns
        self._start, self._column, self._slot = lower_pattern(row_start, columns)
        rows = np.repeat(np.arange(len(row_start) - 1, dtype=np.int32), np.diff(row_start))
        self._diagonal = np.flatnonzero(columns == rows).astype(np.int32)

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
        lower, inverse = incomplete_cholesky(self._start, self._column, self._slot, self._diagonal, values)
        x = start.copy()
        iterations, converged = conjugate_gradients(
            self._row_start,
            self._columns,
            values,
            self._start,
            self._column,
            lower,
            inverse,
            rhs,
            x,
            tolerance,
            MAX_ITERATIONS,
        )
        return LinearResult(x, iterations, converged)
