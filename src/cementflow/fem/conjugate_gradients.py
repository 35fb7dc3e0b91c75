"""Compiled conjugate gradients on levels, in two halves, the same to the last bit on one thread and on two.

The preconditioner is an incomplete Cholesky factor, which sees one mesh width at a time, and a correction that is
constant on groups of neighbouring vertices, which carries what is left across the bone: A-DEF2 in Tang, Nabben, Vuik &
Erlangga 2009 (J Sci Comput 39:340). The small system of the correction is solved loosely by the same method, down to a
level that is small enough for a dense factor (K-cycle: Notay & Vassilevski 2008, Numer Linear Algebra Appl 15:473). So
the preconditioner changes a little from one iteration to the next, and each direction is made conjugate to the last by
what it is, not by what theory makes of it.

The factor shares its triangle with the matrix (Eisenstat 1981, SIAM J Sci Stat Comput 2:1), so that the product A z
falls out of the backward solve, and that with the direction follows from it. The triangle is read twice an
iteration, the matrix never.

Each sweep comes in two halves that two threads can share (`sweeps`).
"""

from __future__ import annotations

import numpy as np

from cementflow.compiled import inner, kernel
from cementflow.fem.preconditioner import dense_solve
from cementflow.fem.sweeps import (
    BACKWARD,
    CORRECT,
    FORWARD,
    ONE,
    backward,
    both_halves,
    correct,
    forward,
    restrict,
    take_part,
)

# The systems of the levels are solved to this share of their right-hand side, in at most so many iterations.
LOOSE = 0.1
MOST_INNER = 20


@kernel
def residual(row_start, columns, pairs, diagonal, conductance, alone, rhs, x, tied, r, begin, end):
    """Put rows `begin` to `end` of rhs - A x into r; the sum of their squares, and of their sizes.

    Parameters
    ----------
    row_start, columns, pairs, diagonal, conductance
        Of pattern and matrix; what is said to be behind a slot on the diagonal is not looked at.
    alone
        Whether an unknown is tied to no other.
    rhs, x, tied, r
        Vectors; `tied` is x with zeros for those that are alone.
    begin, end
        The rows.
    """
    size, left = 0.0, 0.0
    for i in range(begin, end):
        total, own = 0.0, diagonal[i] * x[i]
        if alone[i]:
            total = own
        else:
            s, stop = row_start[i], row_start[i + 1]
            while columns[s] < i:
                total -= conductance[pairs[s]] * tied[columns[s]]
                s += ONE
            total += own
            s += ONE
            while s < stop:
                total -= conductance[pairs[s]] * tied[columns[s]]
                s += ONE
        r[i] = rhs[i] - total
        size += r[i] * r[i]
        left += abs(r[i])
    return size, left


@inner
def _down(m, v, s, level, iterated):
    """Backward solve, and the next level begun: right-hand side P^T (r - A z), all else zero. The 2-norm of it."""
    end, last = m.row_base[level + 1], m.row_base[level + 2]
    for i in range(end, last):
        v.x[i] = v.r[i] = v.p[i] = v.ap[i] = v.z[i] = v.az[i] = v.sums[i] = 0.0
    between = m.halves[level, 1]
    if iterated:
        backward(m, v, v.az, between, end)
    both_halves(m, v, s, BACKWARD, level, 1.0 if iterated else 0.0, 0.0)
    for i in range(between, end):
        v.az[i] += v.beside[i]
        v.beside[i] = 0.0
    restrict(m, v, v.az, v.r, between, end)
    size = 0.0
    for i in range(end, last):
        v.r[i] += v.beside[i]
        v.beside[i] = 0.0
        size += v.r[i] * v.r[i]
    return np.sqrt(size)


@inner
def _up(m, v, s, level):
    """`correct` in all rows of a level."""
    both_halves(m, v, s, CORRECT, level, 0.0, 0.0)
    with_r, with_az, with_ap = correct(m, v, v.az, m.halves[level, 1], m.row_base[level + 1])
    one, two = s.sums[0], s.sums[1]
    return one[0] + two[0] + with_r, one[1] + two[1] + with_az, one[2] + two[2] + with_ap


@inner
def _step(m, v, s, level, beta, step):
    """`forward` in all rows of a level; the 2-norm of the residual."""
    both_halves(m, v, s, FORWARD, level, beta, step)
    between, end = m.halves[level, 1], m.row_base[level + 1]
    for i in range(between, end):
        v.sums[i] += v.beside[i]
        v.beside[i] = 0.0
    size = forward(m, v, v.sums, between, end, beta, step)
    return np.sqrt(s.sums[0, 0] + s.sums[1, 0] + size)


@kernel
def solve_levels(m, v, s, helping, goal, most, goals, iterations, curvature):
    """Solve A x = r of the first level from x = 0, or help another thread that does.

    The method begins with a whole step along the correction by groups alone, which leaves the groups no residual; that
    is iteration 0 of each level.

    Parameters
    ----------
    m, v, s
        The levels. Of the vectors, r of the first level is given and overwritten with what is left, x becomes the
        solution, and the others of the first level are zero to begin with. The slate.
    helping
        Do second halves until the slate is closed; what follows then means nothing.
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
    # One function for both, as each that is called from Python takes a second to compile.
    if helping:
        take_part(m, v, s)
        return 0, True
    last = m.row_base.shape[0] - 2
    level, done = np.int64(0), False
    goals[0], iterations[0] = goal, 0
    while True:
        if not done:
            size = _down(m, v, s, level, iterations[level] > 0)
            if level + 1 < last:
                level += 1
                goals[level], iterations[level] = LOOSE * size, 0
                continue
            end = m.row_base[level + 1]
            dense_solve(m.dense, v.r[end:], v.x[end:])
        with_r, with_az, with_ap = _up(m, v, s, level)
        at = iterations[level]
        beta = -with_ap / curvature[level] if at > 1 else 0.0
        curvature[level] = with_az + beta * with_ap
        broken = at > 0 and not curvature[level] > 0.0
        if not broken:
            step = with_r / curvature[level] if at > 0 else 1.0
            size = _step(m, v, s, level, beta, step)
        iterations[level] += 1
        # A level that is done hands its x up as the correction of the one above.
        done = broken or size <= goals[level] or at >= (MOST_INNER if level > 0 else most)
        if done:
            if level == 0:
                return at, not broken and size <= goal
            level -= 1
