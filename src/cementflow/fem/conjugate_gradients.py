"""Compiled conjugate gradients, serial and so the same to the last bit on any number of threads.

The preconditioner is an incomplete Cholesky factor, which sees one mesh width at a time, and a correction that is
constant on groups of neighbouring vertices, which carries what is left across the bone: A-DEF2 in Tang, Nabben, Vuik &
Erlangga 2009 (J Sci Comput 39:340).
"""

from __future__ import annotations

import numpy as np
from numba import njit

# A pivot below this share of its diagonal is replaced by the diagonal; only negative coefficients cause it.
SMALLEST_PIVOT = 1e-2


@njit(cache=True)
def lower_pattern(row_start, columns):
    """Row starts, columns and source slots of the strictly lower triangle of a CSR pattern with sorted columns."""
    n = row_start.shape[0] - 1
    start = np.zeros(n + 1, np.uint32)
    for i in range(n):
        count = 0
        for s in range(row_start[i], row_start[i + 1]):
            if columns[s] < i:
                count += 1
        start[i + 1] = start[i] + count
    column = np.empty(start[n], np.uint32)
    slot = np.empty(start[n], np.uint32)
    for i in range(n):
        at = start[i]
        for s in range(row_start[i], row_start[i + 1]):
            if columns[s] < i:
                column[at] = columns[s]
                slot[at] = s
                at += 1
    return start, column, slot


@njit(cache=True)
def incomplete_cholesky(start, column, slot, diagonal_slot, values):
    """L D L^T without fill: strictly lower L in the pattern, and 1/D (Meijerink & van der Vorst 1977)."""
    n = start.shape[0] - 1
    lower = np.empty(column.shape[0])
    inverse = np.empty(n)
    for i in range(n):
        pivot = values[diagonal_slot[i]]
        smallest = SMALLEST_PIVOT * pivot
        for s in range(start[i], start[i + 1]):
            k = column[s]
            # What stands in `lower` of row i is L D until the row is done, so rows i and k meet as L_ij D_j L_kj.
            entry = values[slot[s]]
            a, b = start[i], start[k]
            while a < s and b < start[k + 1]:
                if column[a] == column[b]:
                    entry -= lower[a] * lower[b]
                    a += 1
                    b += 1
                elif column[a] < column[b]:
                    a += 1
                else:
                    b += 1
            lower[s] = entry
        for s in range(start[i], start[i + 1]):
            scaled = lower[s] * inverse[column[s]]
            pivot -= lower[s] * scaled
            lower[s] = scaled
        inverse[i] = 1.0 / pivot if pivot > smallest else 1.0 / values[diagonal_slot[i]]
    return lower, inverse


@njit(cache=True)
def _precondition(start, column, lower, inverse, r, z):
    n = r.shape[0]
    for i in range(n):
        total = r[i]
        for s in range(start[i], start[i + 1]):
            total -= lower[s] * z[column[s]]
        z[i] = total
    for i in range(n):
        z[i] *= inverse[i]
    for i in range(n - 1, -1, -1):
        value = z[i]
        for s in range(start[i], start[i + 1]):
            z[column[s]] -= lower[s] * value


@njit(cache=True)
def _multiply(row_start, columns, values, x, y):
    for i in range(y.shape[0]):
        total = 0.0
        for s in range(row_start[i], row_start[i + 1]):
            total += values[s] * x[columns[s]]
        y[i] = total


@njit(cache=True)
def _dot(a, b):
    total = 0.0
    for i in range(a.shape[0]):
        total += a[i] * b[i]
    return total


@njit(cache=True)
def group_pattern(row_start, columns, group):
    """CSR pattern of A P, with P constant on groups, and the slot of A P that each slot of A adds to (-1: none)."""
    n = row_start.shape[0] - 1
    start = np.zeros(n + 1, np.uint32)
    target = np.full(columns.shape[0], -1, np.int32)
    found = np.empty(columns.shape[0], np.uint32)
    count = 0
    for i in range(n):
        for s in range(row_start[i], row_start[i + 1]):
            g = group[columns[s]]
            if g < 0:
                continue
            at = start[i]
            while at < count and found[at] != g:
                at += 1
            if at == count:
                found[count] = g
                count += 1
            target[s] = at
        start[i + 1] = count
    return start, found[:count].copy(), target


@njit(cache=True)
def group_matrix(values, group, start, column, target, n_groups):
    """Entries of A P, and the Cholesky factor of P^T A P."""
    entries = np.zeros(column.shape[0])
    for s in range(values.shape[0]):
        if target[s] >= 0:
            entries[target[s]] += values[s]
    coarse = np.zeros((n_groups, n_groups))
    for i in range(group.shape[0]):
        if group[i] >= 0:
            for s in range(start[i], start[i + 1]):
                coarse[group[i], column[s]] += entries[s]
    for j in range(n_groups):
        for k in range(j):
            if coarse[j, k] != 0.0:
                for i in range(j, n_groups):
                    coarse[i, j] -= coarse[i, k] * coarse[j, k]
        pivot = np.sqrt(max(coarse[j, j], 1e-300))
        for i in range(j, n_groups):
            coarse[i, j] /= pivot
    return entries, coarse


@njit(cache=True)
def _solve_coarse(factor, c):
    for i in range(c.shape[0]):
        for k in range(i):
            c[i] -= factor[i, k] * c[k]
        c[i] /= factor[i, i]
    for i in range(c.shape[0] - 1, -1, -1):
        c[i] /= factor[i, i]
        for k in range(i):
            c[k] -= factor[i, k] * c[i]


@njit(cache=True)
def _correct(group, ap_start, ap_column, ap_entries, factor, r, z):
    """Add to z the correction P (P^T A P)^-1 P^T (r - A z)."""
    c = np.zeros(factor.shape[0])
    for i in range(r.shape[0]):
        if group[i] >= 0:
            c[group[i]] += r[i]
        for s in range(ap_start[i], ap_start[i + 1]):
            c[ap_column[s]] -= ap_entries[s] * z[i]
    _solve_coarse(factor, c)
    for i in range(r.shape[0]):
        if group[i] >= 0:
            z[i] += c[group[i]]


@njit(cache=True)
def conjugate_gradients(
    row_start,
    columns,
    values,
    start,
    column,
    lower,
    inverse,
    group,
    ap_start,
    ap_column,
    ap_entries,
    factor,
    rhs,
    x,
    tolerance,
    max_iterations,
):
    """Solve A x = rhs from the guess in `x`, in place.

    Parameters
    ----------
    row_start, columns, values
        The matrix in CSR form.
    start, column, lower, inverse
        Its incomplete Cholesky factor.
    group, ap_start, ap_column, ap_entries, factor
        Group of each vertex (-1: none), A P in CSR form and the factor of P^T A P.

    Returns
    -------
    iterations, converged
        Converged means a residual of `tolerance` times the norm of `rhs`.
    """
    n = rhs.shape[0]
    r = np.empty(n)
    z = np.zeros(n)
    image = np.empty(n)
    _multiply(row_start, columns, values, x, image)
    for i in range(n):
        r[i] = rhs[i] - image[i]
    # The method needs a start whose residual has no part left for the groups.
    _correct(group, ap_start, ap_column, ap_entries, factor, r, z)
    for i in range(n):
        x[i] += z[i]
    _multiply(row_start, columns, values, x, image)
    for i in range(n):
        r[i] = rhs[i] - image[i]
    goal = tolerance * np.sqrt(_dot(rhs, rhs))
    p = np.zeros(n)
    rho = 1.0
    for iteration in range(max_iterations):
        if np.sqrt(_dot(r, r)) <= goal:
            return iteration, True
        _precondition(start, column, lower, inverse, r, z)
        _correct(group, ap_start, ap_column, ap_entries, factor, r, z)
        new_rho = _dot(r, z)
        beta = new_rho / rho if iteration > 0 else 0.0
        for i in range(n):
            p[i] = z[i] + beta * p[i]
        _multiply(row_start, columns, values, p, image)
        curvature = _dot(p, image)
        if not (curvature > 0.0 and new_rho > 0.0):
            return iteration, False
        step = new_rho / curvature
        for i in range(n):
            x[i] += step * p[i]
            r[i] -= step * image[i]
        rho = new_rho
    return max_iterations, False
