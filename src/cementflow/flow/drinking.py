"""What the vertices around a vein give to it, and how easily, while the front of the cement crosses them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cementflow.flow.mobility import Mobility
from cementflow.flow.problem import Problem
from cementflow.flow.state import State
from cementflow.sites.veins import VeinTree

Floats = NDArray[np.float64]
PLACES = 64  # saturations at which the chord of the fractional flow is looked for


def cement_fraction(m: Mobility, vertex: NDArray[np.int32]) -> Floats:
    """Cement share of what flows at some vertices."""
    cement = m.relative_cement[vertex] / m.viscosity[vertex]
    return np.asarray(cement / (cement + m.marrow[vertex]))


def drinking_shares(problem: Problem, state: State, m: Mobility) -> Floats:
    """Share of each link in what its node takes.

    A control volume that the front crosses gives marrow until it is full, so the mean F of the cement fraction over a
    tube is behind the part B of the tube that is behind the front, by the volumes that are half full. Cement flows into
    the vein by F times the mean pressure, which both count by shares: those of full volumes are raised to sqrt(B / F),
    the others lowered, and the cement is B times what it would be. In all else they are those of even bone.

    Parameters
    ----------
    problem, state, m
        The run and where it stands, and the mobilities there.
    """
    tree = problem.veins
    assert tree is not None
    own, node, nodes = tree.share, tree.link_node, tree.n_nodes
    fraction = cement_fraction(m, tree.link_vertex)
    behind = _behind_the_front(problem, state.saturation[tree.link_vertex], m, fraction)
    seen = tree.summed(own * fraction)
    meant = np.sqrt(seen * tree.summed(own * behind))
    mixed = (seen > 0.0) & (seen < 1.0)
    up = np.divide(meant, seen, out=np.ones(nodes), where=mixed)
    down = np.divide(1.0 - meant, 1.0 - seen, out=np.ones(nodes), where=mixed)
    return np.asarray(own * (fraction * up[node] + (1.0 - fraction) * down[node]))


def mobility_around(tree: VeinTree, share: Floats, mobility: Floats) -> Floats:
    """Mobility that each node meets in the bone [1/(Pa s)], shape (m,), from that of the vertex of each link.

    What each vertex gives is stated, so their resistances count by it.
    """
    resistance = tree.summed(share / mobility)
    return np.divide(1.0, resistance, out=np.zeros(tree.n_nodes), where=resistance > 0.0)


def _behind_the_front(problem: Problem, saturation: Floats, m: Mobility, fraction: Floats) -> Floats:
    """Cement fraction at the line of a vein in control volumes that a shock crosses.

    Where the shock has passed it is that behind it, so on average the chord of the fractional flow, as far as that is
    above it (Welge).
    """
    assert problem.veins is not None
    found = fraction.copy()
    some = np.flatnonzero((saturation > 0.0) & (fraction < 1.0))
    if len(some) == 0:
        return found
    vertex, relative = problem.veins.link_vertex[some], problem.corey
    ratio = m.viscosity[vertex] * m.marrow[vertex] / relative.marrow(saturation[some])
    s = np.linspace(0.0, relative.largest_saturation, PLACES + 1)[1:]
    cement, marrow = relative.cement(s), relative.marrow(s)
    chord = (cement / (cement + np.outer(ratio, marrow)) / s).max(axis=1)
    found[some] = np.maximum(fraction[some], np.minimum(chord * saturation[some], 1.0))
    return found
