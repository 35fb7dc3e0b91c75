"""Numbers of one level of the linear solver: triangle, incomplete factor, A P and P^T A P; and the dense coarsest one.

The incomplete Cholesky factor is the diagonal one: (D + L) D^-1 (D + L^T) with the strictly lower triangle L of A
itself, and D such that the diagonal of the product is that of A (Meijerink & van der Vorst 1977, for a pattern without
triangles).
"""

from __future__ import annotations

import numpy as np
from numba import njit

# A pivot below this share of its diagonal is replaced by the diagonal; only negative coefficients cause it, but for the
# nodes of a tree, which may be tied to one neighbour far more than to all else.
SMALLEST_PIVOT = 1e-2
ROUND_OFF = 1e-13


@njit(cache=True, nogil=True)
def fill_level(
    values,
    slots,
    diagonal_slots,
    pattern_start,
    pattern_column,
    ap_start,
    first_target,
    second_target,
    coarse_target,
    row_base,
    entry_base,
    chained,
    start,
    column,
    value,
    diagonal,
    inverse,
    ap,
    coarse,
):
    """Fill `start` to `coarse` from the values of the matrix; the triangle without its zeros.

    A row of the triangle with an odd number of entries gets a zero on the diagonal.

    Parameters
    ----------
    values
        Of the matrix, in whatever order `slots` and `diagonal_slots` say.
    pattern_start, pattern_column, ap_start, first_target, second_target, coarse_target
        See `LevelPattern`.
    row_base, entry_base
        Where the level begins in the numbering of all rows, and in `column` and `value`.
    chained
        Row from which on they are nodes of a tree, whose pivots are as small as they are.
    start, column, value
        Upper triangle by rows; the last two of all levels.
    diagonal, inverse
        Diagonal of A; reciprocal of D.
    ap, coarse
        Zeros, to become entries of A P; diagonal and upper triangle of P^T A P, and a last place for what is below.

    Returns
    -------
    int
        End of the level in `column` and `value`.
    """
    n = diagonal.shape[0]
    for i in range(n):
        own = values[diagonal_slots[i]]
        diagonal[i] = own
        inverse[i] = own
        ap[ap_start[i]] = own
    at = entry_base
    for i in range(n):
        start[i] = at
        least = SMALLEST_PIVOT * diagonal[i] if i < chained else ROUND_OFF * diagonal[i]
        pivot = inverse[i] if inverse[i] > least else diagonal[i]
        pivot = 1.0 / pivot if pivot > 0.0 else 0.0
        inverse[i] = pivot
        for s in range(pattern_start[i], pattern_start[i + 1]):
            entry = values[slots[s]]
            if entry != 0.0:
                j = pattern_column[s]
                value[at] = entry
                column[at] = row_base + j
                at += np.uint32(1)
                inverse[j] -= entry * entry * pivot
                ap[ap_start[i] + first_target[s]] += entry
                ap[ap_start[j] + second_target[s]] += entry
        if (at - start[i]) % np.uint32(2) == 1:
            value[at] = 0.0
            column[at] = row_base + np.uint32(i)
            at += np.uint32(1)
    start[n] = at
    for s in range(ap.shape[0]):
        coarse[coarse_target[s]] += ap[s]
    return at


@njit(cache=True, nogil=True)
def dense_factor(coarse, start, column, factor):
    """Put the Cholesky factor U^T U into zeros: U above the diagonal and U^T below, reciprocal pivots on it.

    A pivot that is not positive gives a zero: nothing is corrected there.
    """
    n = start.shape[0] - 1
    for i in range(n):
        factor[i, i] = coarse[i]
        for s in range(start[i], start[i + 1]):
            factor[i, column[s]] = coarse[n + s]
    for k in range(n):
        pivot = factor[k, k]
        factor[k, k] = 1.0 / np.sqrt(pivot) if pivot > 0.0 else 0.0
        for j in range(k + 1, n):
            factor[k, j] *= factor[k, k]
        for i in range(k + 1, n):
            if factor[k, i] != 0.0:
                for j in range(i, n):
                    factor[i, j] -= factor[k, i] * factor[k, j]
    for i in range(n):
        for j in range(i):
            factor[i, j] = factor[j, i]


@njit(cache=True, nogil=True)
def dense_solve(factor, r, x):
    """Solve for r with `dense_factor`, by rows that are added: sums would have to be taken one by one."""
    n = x.shape[0]
    for k in range(n):
        x[k] = r[k]
    for k in range(n):
        x[k] *= factor[k, k]
        for i in range(k + 1, n):
            x[i] -= factor[k, i] * x[k]
    for k in range(n - 1, -1, -1):
        x[k] *= factor[k, k]
        for i in range(k):
            x[i] -= factor[k, i] * x[k]
