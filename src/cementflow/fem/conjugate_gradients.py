"""Compiled conjugate gradients with an incomplete Cholesky factor, serial and so the same on any machine's cores."""

from __future__ import annotations

import numpy as np
from numba import njit

# A pivot below this share of its diagonal is replaced by the diagonal; only negative coefficients cause it.
SMALLEST_PIVOT = 1e-2


@njit(cache=True)
def lower_pattern(row_start, columns):
    """Row starts, columns and source slots of the strictly lower triangle of a CSR pattern with sorted columns."""
    n = row_start.shape[0] - 1
    start = np.zeros(n + 1, np.int32)
    for i in range(n):
        count = 0
        for s in range(row_start[i], row_start[i + 1]):
            if columns[s] < i:
                count += 1
        start[i + 1] = start[i] + count
    column = np.empty(start[n], np.int32)
    slot = np.empty(start[n], np.int32)
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
def conjugate_gradients(
    row_start, columns, values, start, column, lower, inverse, rhs, x, tolerance, max_iterations
):
    """Solve A x = rhs from the guess in `x`, in place.

    Returns
    -------
    iterations, converged
        Converged means a residual of `tolerance` times the norm of `rhs`.
    """
    n = rhs.shape[0]
    r = np.empty(n)
    z = np.empty(n)
    image = np.empty(n)
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
