"""Vertices that a node of a vein drinks from together, as pairs.

A node takes Q = G (sum of w_i p_i - P) and w_i Q from vertex i, w being its shares. So every two of its vertices feel
each other by G w_i w_j: as if they were joined by a conductance of minus that. Linked one by one instead, by G w_i
each, a node of little resistance would short-circuit the bone around it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class VertexPairs:
    """Pairs of vertices with a node in common.

    Attributes
    ----------
    ends
        Lower and higher vertex of each pair, without repeats, shape (q, 2).
    pair, first, second
        For each node that two vertices have in common their pair, and the links of both to it, shape (t,).
    """

    ends: Ints
    pair: NDArray[np.intp]
    first: NDArray[np.intp]
    second: NDArray[np.intp]

    def conductance(self, link: Floats, share: Floats) -> Floats:
        """Of each pair [m3/(Pa s)], below zero, for conductances G w and shares w of the links."""
        felt = link[self.first] * share[self.second]
        return -np.bincount(self.pair, felt, minlength=len(self.ends)).astype(np.float64)


def vertex_pairs(vertex: Ints, node: Ints) -> VertexPairs:
    """Pairs of the links between vertices and nodes."""
    order = np.argsort(node, kind="stable")
    count = np.bincount(node) if len(node) else np.zeros(0, np.intp)
    firsts, seconds = [np.zeros(0, np.intp)], [np.zeros(0, np.intp)]
    for end, links in zip(np.cumsum(count), count, strict=True):
        one, other = np.triu_indices(links, 1)
        firsts.append(order[end - links + one])
        seconds.append(order[end - links + other])
    first, second = np.concatenate(firsts), np.concatenate(seconds)
    ends = np.sort(np.stack([vertex[first], vertex[second]], axis=1), axis=1)
    unique, pair = np.unique(ends, axis=0, return_inverse=True)
    return VertexPairs(unique, pair.ravel(), first, second)
