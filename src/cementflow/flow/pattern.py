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
        Pairs of unknowns beyond the edges of the mesh, the lower one first: links, then cells between two nodes, shape
        (e, 2).
    row_start, neighbour, slot_edge, diagonal_slot
        As of the control volumes; edges are counted on through `extra`.
    points
        Places of the unknowns [m], shape (n + m, 3).
    """

    extra: Indices
    row_start: Indices
    neighbour: Indices
    slot_edge: Ints
    diagonal_slot: Indices
    points: Floats

    @property
    def size(self) -> int:
        """Number of unknowns."""
        return len(self.diagonal_slot)


def pattern_of(volumes: ControlVolumes, veins: VeinTree | None) -> Pattern:
    """Pattern of a bone, with its veins if there are any."""
    v = volumes
    if veins is None:
        none = np.zeros((0, 2), np.uint32)
        return Pattern(none, v.row_start, v.neighbour, v.slot_edge, v.diagonal_slot, v.mesh.points)
    links = np.stack([veins.link_vertex, v.n + veins.link_node], axis=1)
    cells = v.n + np.sort(np.stack([veins.start, veins.end], axis=1)[veins.inner], axis=1)
    extra = np.concatenate([links, cells]).astype(np.uint32)
    edges = np.concatenate([v.edges, extra])
    order = np.lexsort((edges[:, 1], edges[:, 0]))
    size = v.n + veins.n_nodes
    row_start, neighbour, slot, diagonal = row_pattern(np.ascontiguousarray(edges[order]), size)
    slot_edge = np.where(slot >= 0, order[np.maximum(slot, 0)], -1).astype(np.int32)
    return Pattern(
        extra, row_start, neighbour, slot_edge, diagonal, np.concatenate([v.mesh.points, _node_points(veins)])
    )


def _node_points(veins: VeinTree) -> Floats:
    points = np.zeros((veins.n_nodes, 3))
    points[veins.start] = veins.points[:, 0]
    return points
