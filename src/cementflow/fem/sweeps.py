"""The sweeps over a level of the linear solver, each in two halves of the rows and a layer between them.

What the second half adds to the layer, and to groups that have members in both, goes to a vector of its own. So two
threads can share the halves (`threads`).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cementflow.compiled import inner
from cementflow.fem.atomics import give_way, read, take, write

Floats = NDArray[np.float64]
Indices = NDArray[np.uint32]

# Rows hold an even number of entries, which are taken two by two.
ONE, TWO = np.uint32(1), np.uint32(2)


class Levels(NamedTuple):
    """The matrices of all levels one behind the other, with one numbering of all rows; the coarsest is last.

    Attributes
    ----------
    row_base
        First row of each level, and the end, shape (levels + 1,).
    halves
        Ends of the first and of the second half of each level; the layer between them follows, shape (levels, 2).
    start, stop, column, value
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
    halves: Indices
    start: Indices
    stop: Indices
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
    """Of all levels one behind the other: solution, residual, direction p, A p, correction z, A z, sums under way.

    The last one stands in for A z and the sums, and for the residual of the next level, where the second half adds.
    """

    x: Floats
    r: Floats
    p: Floats
    ap: Floats
    z: Floats
    az: Floats
    sums: Floats
    beside: Floats


class Slate(NamedTuple):
    """What two threads tell each other.

    Attributes
    ----------
    calls
        Number of the call, of the last one whose second half was taken, and of the last one that another thread did, in
        cache lines of their own.
    task
        What to do: kind and level.
    number
        Factor of the last direction, and step.
    sums
        What comes of each half, shape (2, 8).
    """

    calls: NDArray[np.int64]
    task: NDArray[np.int64]
    number: Floats
    sums: Floats


CALL, TAKEN, DONE, LINES = 0, 8, 16, 24
CLOSED = -1  # in place of a call
# Not plain integers, for each of which Numba would compile what it is handed to once more.
BACKWARD, CORRECT, FORWARD = np.int64(0), np.int64(1), np.int64(2)
SECOND = np.int64(1)


def slate() -> Slate:
    """An empty slate."""
    return Slate(np.zeros(LINES, np.int64), np.zeros(2, np.int64), np.zeros(2), np.zeros((2, 8)))


@inner
def forward(m, v, sums, begin, end, beta, step):
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
        forward = (left - sums[i]) * m.inverse[i]
        sums[i] = 0.0
        v.z[i] = forward
        s, stop = m.start[i], m.stop[i]
        while s < stop:
            sums[m.column[s]] += m.value[s] * forward
            sums[m.column[s + ONE]] += m.value[s + ONE] * forward
            s += TWO
    return size


@inner
def backward(m, v, az, begin, end):
    """Go on to z = (D + L^T)^-1 D z, and find A z."""
    for k in range(begin, end):
        i = np.uint32(begin + end - ONE - k)
        s, stop = m.start[i], m.stop[i]
        above = 0.0
        while s < stop:
            above += m.value[s] * v.z[m.column[s]] + m.value[s + ONE] * v.z[m.column[s + ONE]]
            s += TWO
        here = v.z[i] - m.inverse[i] * above
        v.z[i] = here
        az[i] = m.diagonal[i] * here + above
        s = m.start[i]
        while s < stop:
            az[m.column[s]] += m.value[s] * here
            az[m.column[s + ONE]] += m.value[s + ONE] * here
            s += TWO


@inner
def restrict(m, v, az, coarse, begin, end):
    """Add P^T (r - A z) to the next level."""
    for i in range(begin, end):
        coarse[m.group[i]] += v.r[i] - az[i]


@inner
def correct(m, v, az, begin, end):
    """Add P c to z and A P c to A z, with c the x of the next level; the products z.r, z.A z and z.A p."""
    with_r, with_az, with_ap = 0.0, 0.0, 0.0
    for i in range(begin, end):
        here = v.z[i] + v.x[m.group[i]]
        image = az[i]
        s, stop = m.ap_start[i], m.ap_start[i + ONE]
        while s < stop:
            image += m.ap[s] * v.x[m.ap_column[s]] + m.ap[s + ONE] * v.x[m.ap_column[s + ONE]]
            s += TWO
        az[i] = 0.0
        v.z[i], v.az[i] = here, image
        with_r += here * v.r[i]
        with_az += here * image
        with_ap += here * v.ap[i]
    return with_r, with_az, with_ap


@inner
def _half(m, v, s, half):
    """One half of the task on the slate."""
    kind, level = s.task[0], s.task[1]
    begin = m.row_base[level] if half == 0 else m.halves[level, 0]
    end = m.halves[level, half]
    own = s.sums[half]
    if kind == BACKWARD:
        az, coarse = (v.az, v.r) if half == 0 else (v.beside, v.beside)
        if s.number[0] > 0.0:
            backward(m, v, az, begin, end)
        restrict(m, v, az, coarse, begin, end)
    elif kind == CORRECT:
        own[0], own[1], own[2] = correct(m, v, v.az if half == 0 else v.beside, begin, end)
    else:
        own[0] = forward(m, v, v.sums if half == 0 else v.beside, begin, end, s.number[0], s.number[1])


@inner
def both_halves(m, v, s, kind, level, first, second):
    """Do a task, one half of it here, the other where there is time for it first."""
    s.task[0], s.task[1], s.number[0], s.number[1] = kind, level, first, second
    call = s.calls[CALL] + 1
    write(s.calls, CALL, call)
    # One call in a loop: each that is written down is compiled.
    for half in range(2):
        if half == 0 or take(s.calls, TAKEN, call - 1, call):
            _half(m, v, s, half)
        else:
            while read(s.calls, DONE) != call:
                give_way()


@inner
def take_part(m, v, s):
    """Do second halves until the slate is closed, in a thread of its own."""
    last = 0
    while True:
        call = read(s.calls, CALL)
        if call == CLOSED:
            return
        if call != last:
            last = call
            if take(s.calls, TAKEN, call - 1, call):
                _half(m, v, s, SECOND)
                write(s.calls, DONE, call)
        else:
            give_way()
