"""The unknowns of a pressure system: the vertices of the bone, then the nodes of the veins."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cementflow.fem.control_volumes import ControlVolumes
from cementflow.mesh.topology import row_pattern
from cementflow.sites.veins import VeinTree

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Indices = NDArray[np.uint32]


@dataclass(frozen=True, eq=False)
class Pattern:
    """CSR pattern of the matrix, n + m rows.

    Attributes
    ----------
    extra
        Pairs of unknowns that the veins tie, the lower one first: links, cells between two nodes, and vertices with a
        node in common, shape (e, 2).
    place
        Where they stand among all pairs: the edges of the mesh, some of which they are, and then the others.
    count
        Of all pairs.
    row_start, neighbour, slot_edge
        As of the control volumes, of all pairs.
    points
        Places of the unknowns [m], shape (n + m, 3).
    """

    extra: Indices
    place: NDArray[np.intp]
    count: int
    row_start: Indices
    neighbour: Indices
    slot_edge: Ints
    points: Floats

    @property
    def size(self) -> int:
        """Number of unknowns."""
        return len(self.row_start) - 1


def pattern_of(volumes: ControlVolumes, veins: VeinTree | None) -> Pattern:
    """Pattern of a bone, with its veins if there are any."""
    v = volumes
    if veins is None:
        none = np.zeros((0, 2), np.uint32)
        nowhere = np.zeros(0, np.intp)
        return Pattern(none, nowhere, len(v.edges), v.row_start, v.neighbour, v.slot_edge, v.mesh.points)
    links = np.stack([veins.link_vertex, v.n + veins.link_node], axis=1)
    cells = v.n + np.sort(np.stack([veins.start, veins.end], axis=1)[veins.inner], axis=1)
    extra = np.concatenate([links, cells, veins.pairs.ends]).astype(np.uint32)
    size = v.n + veins.n_nodes
    place, added = _places(v.edges, extra, size)
    edges = np.concatenate([v.edges, extra[added]])
    order = np.lexsort((edges[:, 1], edges[:, 0]))
    row_start, neighbour, slot = row_pattern(np.ascontiguousarray(edges[order]), size)
    slot_edge = np.where(slot >= 0, order[np.maximum(slot, 0)], -1).astype(np.int32)
    points = np.concatenate([v.mesh.points, _node_points(veins)])
    return Pattern(extra, place, len(edges), row_start, neighbour, slot_edge, points)


def _places(edges: Indices, extra: Indices, size: int) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Place of each extra pair among the edges and those that are none, and which of them are none."""
    known, asked = (x[:, 0].astype(np.int64) * size + x[:, 1] for x in (edges, extra))
    sorter = np.argsort(known)
    at = np.minimum(np.searchsorted(known, asked, sorter=sorter), len(known) - 1)
    place = sorter[at]
    added = known[place] != asked
    place[added] = len(known) + np.arange(np.count_nonzero(added))
    return place, added


def _node_points(veins: VeinTree) -> Floats:
    points = np.zeros((veins.n_nodes, 3))
    points[veins.start] = veins.points[:, 0]
    return points
