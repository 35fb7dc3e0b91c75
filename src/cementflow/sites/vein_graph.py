"""A tree of veins as a graph whose nodes are eliminated one by one. It may have loops, too."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int32]
Numbers = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Elimination:
    """Order in which nodes are eliminated, and what that ties: the pattern of the factor of a small sparse matrix.

    Attributes
    ----------
    order
        The nodes; each has as few neighbours behind it as can be, in a tree at most one.
    first, behind
        Where the neighbours behind each node begin, in this order and with the end, shape (m + 1,); and they.
    pair
        Which of these each cell is.
    first_fill, fill
        Where what the elimination of each node adds begins, shape (m + 1,); and it, as two of the neighbours behind it
        and the one that ties them, shape (f, 3). A tree has none.
    """

    order: Numbers
    first: Numbers
    behind: Numbers
    pair: Numbers
    first_fill: Numbers
    fill: NDArray[np.intp]


def elimination(nodes: int, start: Ints, end: Ints) -> Elimination:
    """Elimination of the leaves first.

    Parameters
    ----------
    nodes
        Number of nodes.
    start, end
        Nodes that each cell joins.
    """
    around: list[set[int]] = [set() for _ in range(nodes)]
    for a, b in zip(start.tolist(), end.tolist(), strict=True):
        around[a].add(b)
        around[b].add(a)
    waiting = [(len(near), i) for i, near in enumerate(around)]
    heapq.heapify(waiting)
    order: list[int] = []
    rows: list[list[int]] = []
    taken = [False] * nodes
    while waiting:
        left, i = heapq.heappop(waiting)
        if taken[i] or left != len(around[i]):
            continue
        taken[i] = True
        order.append(i)
        rows.append(sorted(around[i]))
        for j in rows[-1]:
            around[j].discard(i)
            around[j].update(k for k in rows[-1] if k != j)
            heapq.heappush(waiting, (len(around[j]), j))
    first = np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.intp)
    slot = {
        (i, j): int(first[k]) + n
        for k, (i, row) in enumerate(zip(order, rows, strict=True))
        for n, j in enumerate(row)
    }

    def between(a: int, b: int) -> int:
        return slot[(a, b)] if (a, b) in slot else slot[(b, a)]

    fills = [
        [(slot[(i, a)], slot[(i, b)], between(a, b)) for a, b in combinations(row, 2)]
        for i, row in zip(order, rows, strict=True)
    ]
    return Elimination(
        order=np.array(order, np.intp),
        first=first,
        behind=np.array([j for row in rows for j in row], np.intp),
        pair=np.array([between(a, b) for a, b in zip(start.tolist(), end.tolist(), strict=True)], np.intp),
        first_fill=np.concatenate([[0], np.cumsum([len(f) for f in fills])]).astype(np.intp),
        fill=np.array([f for some in fills for f in some], np.intp).reshape(-1, 3),
    )
