"""Numbers of one level of the linear solver: triangle, incomplete factor, A P and P^T A P; and the dense coarsest one.

The incomplete Cholesky factor is the diagonal one: (D + L) D^-1 (D + L^T) with the strictly lower triangle L of A
itself, and D such that the diagonal of the product is that of A (Meijerink & van der Vorst 1977, for a pattern without
triangles).
"""

from __future__ import annotations

import numpy as np

from cementflow.compiled import inner, kernel

# A pivot below this share of its diagonal is replaced by the diagonal; only negative coefficients cause it.
SMALLEST_PIVOT = 1e-2


@inner
def _lift(first, end, sign, given, slots, pattern_start, pattern_column, diagonal, inverse):
    """Lift the pivots of the nodes of a tree, from which all vertices are eliminated, to what they are at least.

    What ties a node to vertices only adds to its pivot. But the incomplete factor takes too much of it away where bone
    conducts far better than the vein, to nothing or less. Among nodes the factor is exact, however small the pivots.
    """
    tied = np.zeros(end - first)  # to other nodes
    for i in range(first, end):
        for s in range(pattern_start[i], pattern_start[i + 1]):
            a = max(-sign * given[slots[s]], 0.0)
            tied[i - first] += a
            tied[pattern_column[s] - first] += a
    for i in range(first, end):
        rest = diagonal[i] - tied[i - first]
        inverse[i] = max(inverse[i], tied[i - first] + SMALLEST_PIVOT * rest)


@kernel
def fill_rows(
    given_diagonal,
    given,
    sign,
    diagonal_slots,
    slots,
    pattern_start,
    pattern_column,
    ap_start,
    first_target,
    second_target,
    coarse_target,
    begin,
    end,
    between,
    chained,
    row_base,
    entry,
    start,
    stop,
    column,
    value,
    diagonal,
    inverse,
    ap,
    inverse_between,
    ap_between,
    coarse,
):
    """Fill `start` to `coarse` in a range of rows from the values of the matrix; the triangle without its zeros.

    A row of the triangle with an odd number of entries gets a zero on the diagonal.

    Parameters
    ----------
    given_diagonal, given, sign
        Diagonal of the matrix, and its other entries times a sign, in whatever order `diagonal_slots` and `slots` say.
    pattern_start, pattern_column, ap_start, first_target, second_target, coarse_target
        See `LevelPattern`.
    begin, end, between
        The rows, and the first row of the layer between the halves.
    chained
        The first row of the nodes of a tree, whose pivots may be as small as their ties to other nodes.
    row_base, entry
        Where the level begins in the numbering of all rows, and where the first of the rows may begin in `column` and
        `value`.
    start, stop, column, value
        Upper triangle by rows; the last two of all levels.
    diagonal, inverse
        Diagonal of A; reciprocal of D.
    ap
        Entries of A P; this and `inverse` hold what other rows have added so far.
    inverse_between, ap_between
        To which these rows add what is due to the layer between the halves.
    coarse
        To which P^T A P is added: diagonal and upper triangle, and a last place for what is below.
    """
    for i in range(begin, end):
        own = given_diagonal[diagonal_slots[i]]
        diagonal[i] = own
        inverse[i] += own
        ap[ap_start[i]] += own
    at, base = entry, ap_start[between]
    for i in range(begin, end):
        start[i] = at
        if i == chained:
            _lift(i, end, sign, given, slots, pattern_start, pattern_column, diagonal, inverse)
        pivot = inverse[i]
        if i < chained and pivot < SMALLEST_PIVOT * diagonal[i]:
            pivot = diagonal[i]
        pivot = 1.0 / pivot if pivot > 0.0 else 0.0
        inverse[i] = pivot
        for s in range(pattern_start[i], pattern_start[i + 1]):
            a = sign * given[slots[s]]
            if a != 0.0:
                j = pattern_column[s]
                value[at] = a
                column[at] = row_base + j
                at += np.uint32(1)
                ap[ap_start[i] + first_target[s]] += a
                if j < between:
                    inverse[j] -= a * min(a, 0.0) * pivot
                    ap[ap_start[j] + second_target[s]] += a
                else:
                    inverse_between[j - between] -= a * min(a, 0.0) * pivot
                    ap_between[ap_start[j] - base + second_target[s]] += a
        if (at - start[i]) % np.uint32(2) == 1:
            value[at] = 0.0
            column[at] = row_base + np.uint32(i)
            at += np.uint32(1)
        stop[i] = at
    for s in range(ap_start[begin], ap_start[end]):
        coarse[coarse_target[s]] += ap[s]


@kernel
def dense_factor(diagonal, triangle, start, column, factor):
    """Put the Cholesky factor U^T U into zeros: U above the diagonal and U^T below, reciprocal pivots on it.

    A pivot that is not positive gives a zero: nothing is corrected there.
    """
    n = start.shape[0] - 1
    for i in range(n):
        factor[i, i] = diagonal[i]
        for s in range(start[i], start[i + 1]):
            factor[i, column[s]] = triangle[s]
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


@inner
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
