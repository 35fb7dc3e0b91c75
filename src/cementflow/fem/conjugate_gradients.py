"""Compiled conjugate gradients on levels, serial and so the same to the last bit on any number of threads.

The preconditioner is an incomplete Cholesky factor, which sees one mesh width at a time, and a correction that is
constant on groups of neighbouring vertices, which carries what is left across the bone: A-DEF2 in Tang, Nabben, Vuik &
Erlangga 2009 (J Sci Comput 39:340). The small system of the correction is solved loosely by the same method, down to a
level that is small enough for a dense factor (K-cycle: Notay & Vassilevski 2008, Numer Linear Algebra Appl 15:473). So
the preconditioner changes a little from one iteration to the next, and each direction is made conjugate to the last by
what it is, not by what theory makes of it.

The factor shares its triangle with the matrix (Eisenstat 1981, SIAM J Sci Stat Comput 2:1), so that the product A z
falls out of the backward solve, and that with the direction follows from it. The triangle is read twice an
iteration, the matrix never.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from cementflow.fem.preconditioner import dense_solve

Floats = NDArray[np.float64]
Indices = NDArray[np.uint32]

# The systems of the levels are solved to this share of their right-hand side, in at most so many iterations.
LOOSE = 0.1
MOST_INNER = 20
# Rows hold an even number of entries, which are taken two by two.
ONE, TWO = np.uint32(1), np.uint32(2)


class Levels(NamedTuple):
    """The matrices of all levels one behind the other, with one numbering of all rows; the coarsest is last.

    Attributes
    ----------
    row_base
        First row of each level, and the end, shape (levels + 1,).
    start, column, value
        Upper triangles by rows.
    diagonal, inverse
        Diagonal of A and reciprocal of that of the factor.
    group
        Group of each row: its row on the next level.
    ap_start, ap_column, ap
        A P by rows.
    dense
        Factor of the coarsest matrix.
    """

    row_base: Indices
    start: Indices
    column: Indices
    value: Floats
    diagonal: Floats
    inverse: Floats
    group: Indices
    ap_start: Indices
    ap_column: Indices
    ap: Floats
    dense: Floats


class Vectors(NamedTuple):
    """Of all levels one behind the other: solution, residual, direction p, A p, correction z, A z, sums under way."""

    x: Floats
    r: Floats
    p: Floats
    ap: Floats
    z: Floats
    az: Floats
    sums: Floats


@njit(cache=True, nogil=True)
def residual(row_start, columns, values, rhs, x, r):
    """Put rhs - A x into r; its 2-norm."""
    size = 0.0
    for i in range(r.shape[0]):
        total = 0.0
        for s in range(row_start[i], row_start[i + 1]):
            total += values[s] * x[columns[s]]
        r[i] = rhs[i] - total
        size += r[i] * r[i]
    return np.sqrt(size)


@njit(cache=True, nogil=True)
def _step_and_forward(m, v, begin, end, beta, step):
    """New direction, step along it, and z = (D + L)^-1 r in one go; the squared residual."""
    size = 0.0
    for i in range(begin, end):
        direction = v.z[i] + beta * v.p[i]
        image = v.az[i] + beta * v.ap[i]
        v.p[i], v.ap[i] = direction, image
        v.x[i] += step * direction
        left = v.r[i] - step * image
        v.r[i] = left
        size += left * left
        forward = (left - v.sums[i]) * m.inverse[i]
        v.sums[i] = 0.0
        v.z[i] = forward
        s, stop = m.start[i], m.start[i + ONE]
        while s < stop:
            v.sums[m.column[s]] += m.value[s] * forward
            v.sums[m.column[s + ONE]] += m.value[s + ONE] * forward
            s += TWO
    return size


@njit(cache=True, nogil=True)
def _backward(m, v, begin, end):
    """Go on to z = (D + L^T)^-1 D z, and find A z."""
    for k in range(begin, end):
        i = np.uint32(begin + end - ONE - k)
        s, stop = m.start[i], m.start[i + ONE]
        above = 0.0
        while s < stop:
            above += m.value[s] * v.z[m.column[s]] + m.value[s + ONE] * v.z[m.column[s + ONE]]
            s += TWO
        here = v.z[i] - m.inverse[i] * above
        v.z[i] = here
        v.az[i] = m.diagonal[i] * here + above
        s = m.start[i]
        while s < stop:
            v.az[m.column[s]] += m.value[s] * here
            v.az[m.column[s + ONE]] += m.value[s + ONE] * here
            s += TWO


@njit(cache=True, nogil=True)
def _correct(m, v, begin, end):
    """Add P c to z and A P c to A z, with c the x of the next level; the products z.r, z.A z and z.A p."""
    with_r, with_az, with_ap = 0.0, 0.0, 0.0
    for i in range(begin, end):
        here = v.z[i] + v.x[m.group[i]]
        image = v.az[i]
        s, stop = m.ap_start[i], m.ap_start[i + ONE]
        while s < stop:
            image += m.ap[s] * v.x[m.ap_column[s]] + m.ap[s + ONE] * v.x[m.ap_column[s + ONE]]
            s += TWO
        v.z[i], v.az[i] = here, image
        with_r += here * v.r[i]
        with_az += here * image
        with_ap += here * v.ap[i]
    return with_r, with_az, with_ap


@njit(cache=True, nogil=True)
def _restrict(m, v, begin, end, last):
    """Begin the level of rows `end` to `last`: right-hand side P^T (r - A z), all else zero. The 2-norm of it."""
    for i in range(end, last):
        v.x[i] = v.r[i] = v.p[i] = v.ap[i] = v.z[i] = v.az[i] = v.sums[i] = 0.0
    for i in range(begin, end):
        v.r[m.group[i]] += v.r[i] - v.az[i]
    size = 0.0
    for i in range(end, last):
        size += v.r[i] * v.r[i]
    return np.sqrt(size)


@njit(cache=True, nogil=True)
def solve_levels(m, v, goal, most, goals, iterations, curvature):
    """Solve A x = r of the first level from x = 0.

    The method begins with a whole step along the correction by groups alone, which leaves the groups no residual; that
    is iteration 0 of each level.

    Parameters
    ----------
    m, v
        The levels. Of the vectors, r of the first level is given and overwritten with what is left, x becomes the
        solution, and the others of the first level are zero to begin with.
    goal
        2-norm of the residual to reach.
    most
        Iterations.
    goals, iterations, curvature
        Work space, one of each for a level.

    Returns
    -------
    iterations, converged
    """
    last = m.row_base.shape[0] - 2
    level, done = np.int64(0), False
    goals[0], iterations[0] = goal, 0
    while True:
        begin, end = m.row_base[level], m.row_base[level + 1]
        if not done:
            if iterations[level] > 0:
                _backward(m, v, begin, end)
            size = _restrict(m, v, begin, end, m.row_base[level + 2])
            if level + 1 < last:
                level += 1
                goals[level], iterations[level] = LOOSE * size, 0
                continue
            dense_solve(m.dense, v.r[end:], v.x[end:])
        with_r, with_az, with_ap = _correct(m, v, begin, end)
        at = iterations[level]
        beta = -with_ap / curvature[level] if at > 1 else 0.0
        curvature[level] = with_az + beta * with_ap
        broken = at > 0 and not curvature[level] > 0.0
        if not broken:
            step = with_r / curvature[level] if at > 0 else 1.0
            size = np.sqrt(_step_and_forward(m, v, begin, end, beta, step))
        iterations[level] += 1
        # A level that is done hands its x up as the correction of the one above.
        done = broken or size <= goals[level] or at >= (MOST_INNER if level > 0 else most)
        if done:
            if level == 0:
                return at, not broken and size <= goal
            level -= 1
