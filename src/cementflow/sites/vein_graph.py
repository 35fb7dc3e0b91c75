"""A tree of veins as a graph."""

from __future__ import annotations

import heapq

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int32]


def leaves_first(nodes: int, start: Ints, end: Ints) -> NDArray[np.intp]:
    """Nodes in an order in which each has as few neighbours behind it as can be: in a tree one, and none is left out.

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
    taken = [False] * nodes
    while waiting:
        left, i = heapq.heappop(waiting)
        if taken[i] or left != len(around[i]):
            continue
        taken[i] = True
        order.append(i)
        for j in around[i]:
            around[j].discard(i)
            heapq.heappush(waiting, (len(around[j]), j))
    return np.array(order, np.intp)
