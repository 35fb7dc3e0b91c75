"""Patterns of the levels of the linear solver: found once a mesh, filled with numbers by every system."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cementflow.compiled import kernel

Indices = NDArray[np.uint32]
Ints = NDArray[np.int32]
Shorts = NDArray[np.uint16]

ONE = np.uint32(1)


@dataclass(frozen=True, eq=False)
class LevelPattern:
    """Where the numbers of one level come from and go to.

    Attributes
    ----------
    halves
        Ends of the two halves of the rows, which no entry connects; the layer between them comes last.
    start, column
        Upper triangle of the matrix A of this level by rows, without the diagonal.
    diagonal, slot
        Where the values of diagonal and triangle stand in what the level is given.
    ap_start
        Starts of the rows of A P (see `Grouping`).
    first_target, second_target
        Where in its row of A P the entry (i, j) of the triangle adds to: in row i, and in row j.
    coarse
        Where an entry of A P adds to in the diagonal (in front) and the triangle of P^T A P; past the end if below.
    """

    halves: tuple[int, int]
    start: Indices
    column: Indices
    diagonal: Indices
    slot: Indices
    ap_start: Indices
    first_target: Shorts
    second_target: Shorts
    coarse: Indices


@dataclass(frozen=True, eq=False)
class Grouping:
    """How the rows of one level are grouped to those of the next.

    Attributes
    ----------
    group
        Group of each row: P of the next level.
    ap_column
        A P by rows of even length: the row's own group first, and once more at the end if need be.
    """

    group: Indices
    ap_column: Indices


@kernel
def _count_above(row_start, columns, order, number, end):
    """Entries of each row above the diagonal into `end` (behind a zero)."""
    n = order.shape[0]
    for i in range(n):
        for s in range(row_start[order[i]], row_start[order[i] + ONE]):
            j = number[columns[s]]
            if i < j < n:
                end[i + 1] += ONE


@kernel
def _take_above(row_start, columns, order, number, start, column, slot):
    """Columns, sorted, and slots of the entries above the diagonal."""
    n = order.shape[0]
    for i in range(n):
        end = start[i]
        for s in range(row_start[order[i]], row_start[order[i] + ONE]):
            j = number[columns[s]]
            if i < j < n:
                at = end
                while at > start[i] and column[at - ONE] > j:
                    column[at], slot[at] = column[at - ONE], slot[at - ONE]
                    at -= ONE
                column[at], slot[at] = j, s
                end += ONE


@kernel
def _find_groups(start, column, group, begin, end, found, first, second):
    """Groups that each row of A meets, `begin` to `end` of `found`, and at which place of it an entry meets its."""
    for i in range(group.shape[0]):
        for s in range(start[i], start[i + 1]):
            for side in range(2):
                row, other = (i, column[s]) if side == 0 else (column[s], i)
                at = begin[row]
                while at < end[row] and found[at] != group[other]:
                    at += 1
                if at == end[row]:
                    found[at] = group[other]
                    end[row] += 1
                if side == 0:
                    first[s] = at - begin[row]
                else:
                    second[s] = at - begin[row]


def _upper_triangle(row_start: Indices, columns: Indices, order: Indices) -> tuple[Indices, Indices, Indices]:
    """Row starts, columns and slots of the rows and columns in `order`."""
    n = len(order)
    number = np.full(len(row_start) - 1, n, np.uint32)
    number[order] = np.arange(n, dtype=np.uint32)
    start = np.zeros(n + 1, np.uint32)
    _count_above(row_start, columns, order, number, start)
    start = np.cumsum(start, dtype=np.uint32)
    column, slot = np.empty(start[-1], np.uint32), np.empty(start[-1], np.uint32)
    _take_above(row_start, columns, order, number, start, column, slot)
    return start, column, slot


def _times_groups(start: Indices, column: Indices, group: Indices) -> tuple[Indices, Indices, Shorts, Shorts]:
    """Pattern of A P from the upper triangle of A, and where each entry adds to."""
    n = len(group)
    # Room for a row: as many groups as it has entries on both sides of the diagonal and on it.
    room = np.diff(start).astype(np.int64) + np.bincount(column, minlength=n) + 1
    begin = np.cumsum(room) - room
    end = begin + 1
    found = np.empty(room.sum(), np.uint32)
    found[begin] = group
    first, second = np.empty(len(column), np.uint16), np.empty(len(column), np.uint16)
    _find_groups(start, column, group, begin, end, found, first, second)
    size = end - begin
    even = size + size % 2
    ap_start = np.concatenate([[0], np.cumsum(even)])
    ap_column = np.repeat(group, even)
    own = np.arange(ap_start[-1]) - np.repeat(ap_start[:-1], even)
    inside = own < np.repeat(size, even)
    ap_column[inside] = found[(np.repeat(begin, even) + own)[inside]]
    return ap_start.astype(np.uint32), ap_column, first, second


def _coarse_triangle(
    ap_start: Indices, ap_column: Indices, group: Indices, n: int
) -> tuple[Indices, Indices, Indices]:
    """Row starts and columns of the upper triangle of P^T A P, and where each entry of A P adds to."""
    row = np.repeat(group, np.diff(ap_start))
    upper = ap_column > row
    pair, where = np.unique(row[upper].astype(np.uint64) * n + ap_column[upper], return_inverse=True)
    target = np.where(ap_column == row, row, n + len(pair)).astype(np.uint32)
    target[upper] = n + where
    start = np.concatenate([[0], np.cumsum(np.bincount(pair // n, minlength=n))])
    return start.astype(np.uint32), (pair % n).astype(np.uint32), target


def _in_halves(start: Indices, column: Indices, chained: int) -> tuple[Indices, tuple[int, int]]:
    """Rows in a new order, and where two halves end that no entry of the upper triangle connects.

    The first half, the second from its far end, and between them those of the second that meet the first: with both
    swept towards the middle the incomplete factor is as good as that of one sweep. The chained rows stay last.
    """
    n = len(start) - 1
    half = (n - chained) // 2
    between = np.zeros(n, bool)
    between[column[: start[half]]] = True
    between[:half] = False
    between[n - chained :] = True
    second = np.arange(half, n)
    alone = second[~between[half:]][::-1]
    order = np.concatenate([np.arange(half), alone, np.flatnonzero(between)])
    return order.astype(np.uint32), (half, half + len(alone))


def _renumbered(
    start: Indices, column: Indices, target: Indices, number: Indices
) -> tuple[Indices, Indices, Indices]:
    """`_coarse_triangle` with other numbers of the rows."""
    n = len(number)
    row = number[np.repeat(np.arange(n), np.diff(start))]
    low, high = np.minimum(row, number[column]), np.maximum(row, number[column])
    order = np.lexsort((high, low))
    place = np.empty(len(order), np.uint32)
    place[order] = np.arange(len(order), dtype=np.uint32)
    moved = np.concatenate([number, n + place, [n + len(order)]]).astype(np.uint32)
    starts = np.concatenate([[0], np.cumsum(np.bincount(low, minlength=n))]).astype(np.uint32)
    return starts, high[order].astype(np.uint32), moved[target]


def level_patterns(
    row_start: Indices,
    columns: Indices,
    pairs: Ints,
    order: Indices,
    levels: tuple[Indices, ...],
    chained: tuple[int, ...] = (),
) -> tuple[Indices, list[LevelPattern], list[Grouping], tuple[Indices, Indices]]:
    """Patterns of all levels but the coarsest, and row starts and columns of the triangle of that.

    Parameters
    ----------
    row_start, columns, pairs
        CSR pattern of the whole matrix, see `PressureSolver`.
    order, levels, chained
        See `VertexGroups`.

    Returns
    -------
    order
        In which the rows of the first level follow each other.
    patterns, groupings, coarsest
        The first level finds its diagonal by unknowns and its triangle by pairs of the matrix, the others theirs by
        their own rows and entries.
    """
    chained = chained or (0,) * (len(levels) + 1)
    start, column, _ = _upper_triangle(row_start, columns, order)
    new, halves = _in_halves(start, column, chained[0])
    order = diagonal = order[new]
    start, column, slot = _upper_triangle(row_start, columns, order)
    slot = pairs[slot].view(np.uint32)
    patterns, groupings = [], []
    for k, level in enumerate(levels):
        group = level[new]
        n = int(group.max()) + 1
        ap_start, ap_column, first, second = _times_groups(start, column, group)
        coarse_start, coarse_column, coarse = _coarse_triangle(ap_start, ap_column, group, n)
        coarse_halves = (n, n)
        if k + 1 < len(levels):
            new, coarse_halves = _in_halves(coarse_start, coarse_column, chained[k + 1])
            number = np.empty(n, np.uint32)
            number[new] = np.arange(n, dtype=np.uint32)
            coarse_start, coarse_column, coarse = _renumbered(coarse_start, coarse_column, coarse, number)
            group, ap_column = number[group], number[ap_column]
        patterns.append(LevelPattern(halves, start, column, diagonal, slot, ap_start, first, second, coarse))
        groupings.append(Grouping(group, ap_column))
        start, column, halves = coarse_start, coarse_column, coarse_halves
        diagonal = np.arange(n, dtype=np.uint32)
        slot = np.arange(len(column), dtype=np.uint32)
    return order, patterns, groupings, (start, column)
