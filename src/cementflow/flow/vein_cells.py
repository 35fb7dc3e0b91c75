"""Conductances of the cells of veins, found with the flow in the veins before the bone is asked again.

A vein that fills resists in proportion to what flowed in, and what flows goes by what resists. Met half-way on a
logarithmic scale an empty vein, which at first lets far too much through, is found in one round; from then on each cell
goes by its own secant. With the bone asked in each round two cells could hand a flow to and fro for many systems; here
a round is a solution on some hundred nodes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cementflow.fem.veins import node_pressures
from cementflow.sites.veins import OUTSIDE, VeinTree

Floats = NDArray[np.float64]
# Of what the conductance of a cell misses: first and least part by which it moves.
HALF_WAY, SLOWEST = 0.5, 0.02
MOST_ROUNDS = 100
SHORTER, LONGER = 0.6, 1.1  # of the largest part, after a round that overshot and after one that did not
SETTLED = 0.1  # of what the iteration with the bone is to leave
# Pressure lost in the bone around a node over that in its exchange, as long as nothing is known, and at most. It only
# decides on how many systems are solved.
RESPONSE, LARGEST_RESPONSE = 1.0, 10.0
CHANGED = 1e-3  # of a flow: a smaller change says nothing


@dataclass(frozen=True, eq=False)
class Answer:
    """What the bone around each node has last been seen to do, all of shape (m,).

    Parameters
    ----------
    pressure, taken
        Mean pressure of the bone around it [Pa], and what flowed into it [m3/s].
    response
        Pressure that more flow costs in the bone, over what it costs in the exchange [-].
    """

    pressure: Floats
    taken: Floats
    response: Floats

    @classmethod
    def seen(cls, pressure: Floats, taken: Floats, exchange: Floats, before: Answer | None) -> Answer:
        """The last one, and with the one before it the straight line through both."""
        if before is None:
            return cls(pressure, taken, np.full(len(taken), RESPONSE))
        more = taken - before.taken
        known = np.abs(more) > CHANGED * np.abs(taken)
        slope = np.divide(before.pressure - pressure, more, out=np.zeros(len(more)), where=known)
        response = np.where(known, np.clip(slope * exchange, 0.0, LARGEST_RESPONSE), before.response)
        return cls(pressure, taken, response)


@dataclass(frozen=True, eq=False)
class Surroundings:
    """What the bone around each node would do: flow into the vein = exchange (head - pressure of the node).

    Parameters
    ----------
    exchange
        [m3/(Pa s)], shape (m,).
    head
        [Pa], shape (m,).
    outside
        Pressure beyond each cell that ends outside [Pa], shape (c,).
    """

    exchange: Floats
    head: Floats
    outside: Floats

    @classmethod
    def of(cls, exchange: Floats, answer: Answer, outside: Floats) -> Surroundings:
        """From the exchange and what the bone was seen to do."""
        lost = answer.response * answer.taken
        drop = np.divide(lost, exchange, out=np.zeros(len(exchange)), where=exchange > 0.0)
        return cls(exchange / (1.0 + answer.response), answer.pressure + drop, outside)

    def flows(self, tree: VeinTree, cell: Floats) -> tuple[Floats, Floats]:
        """Into each node from the bone, and through each cell [m3/s], for conductances of the cells."""
        nodes, inner, last = tree.n_nodes, tree.inner, tree.last
        diagonal, rhs = self.exchange.copy(), self.exchange * self.head + tree.blood
        diagonal += np.bincount(tree.start, cell, minlength=nodes)
        diagonal += np.bincount(tree.end[inner], cell[inner], minlength=nodes)
        rhs += np.bincount(tree.start[last], cell[last] * self.outside[last], minlength=nodes)
        e = tree.elimination
        value = np.bincount(e.pair, cell[inner], minlength=len(e.behind)).astype(np.float64)
        node = node_pressures(e.order, e.first, e.behind, e.first_fill, e.fill, value, diagonal, rhs)
        beyond = np.where(tree.end == OUTSIDE, self.outside, node[tree.end])
        return self.exchange * (self.head - node), cell * (node[tree.start] - beyond)


def settled_cells(
    tree: VeinTree,
    around: Surroundings,
    conducts: Callable[[Floats, Floats], Floats],
    start: Floats,
    found: Floats,
    little: float,
) -> Floats:
    """Conductances that the flows they let through bring about [m3/(Pa s)], as far as they are found.

    Parameters
    ----------
    tree, around
        The veins, and the bone around their nodes.
    conducts
        What cells conduct, from the flow into each node and through each cell.
    start, found
        To begin with, and what the flows at these conductances bring about.
    little
        Flow that may be left, summed over the cells [m3/s].
    """
    cell, miss = start, np.log(found / start)
    pace, most = np.full(len(cell), HALF_WAY), np.ones(len(cell))
    for _ in range(MOST_ROUNDS):
        cell = cell * np.exp(pace * miss)
        taken, through = around.flows(tree, cell)
        before, miss = miss, np.log(conducts(taken, through) / cell)
        off = np.sum(np.abs(through) * np.minimum(np.abs(miss), 1.0))
        if off <= SETTLED * little:
            break
        # Cells of one vein that overshoot in turn may do so for ever: each time one does, it may move less.
        most = np.where(miss * before < 0.0, SHORTER * most, np.minimum(LONGER * most, 1.0))
        pace = np.minimum(_pace(miss, before, pace), most)
    return cell


def _pace(miss: Floats, before: Floats, pace: Floats) -> Floats:
    """Part of what each cell misses by which it moves: that of a straight line through this and the last miss."""
    closer = before - miss
    known = (before != 0.0) & (closer * before > 0.0)
    part = np.divide(before, closer, out=np.full(len(miss), 2.0), where=known)
    return np.where(before == 0.0, HALF_WAY, np.clip(pace * part, SLOWEST, 1.0))
