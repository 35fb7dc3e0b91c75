"""Links between the nodes of veins and the vertices of the bone around them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cementflow.mesh.tetmesh import TetMesh
from cementflow.sites.line_exchange import ways_to_wall
from cementflow.sites.line_source import SPREAD, line_piece

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
WIDE = 1.5  # times the radius of a vein: the least tube over which its line is spread
BEYOND = 10.0  # radii of its tube that a vein goes on where it leaves the bone: it does not end at the wall


@dataclass(frozen=True, eq=False)
class DrinkingCell:
    """A cell that takes from the bone around it.

    Parameters
    ----------
    vein, node
        Number of its vein, and its node.
    ends
        Begin and end in mesh coordinates [m], shape (2, 3).
    radius
        Of the vein [m].
    first, last
        Whether its vein begins or ends with it.
    """

    vein: int
    node: int
    ends: Floats
    radius: float
    first: bool
    last: bool


@dataclass(frozen=True, eq=False)
class VeinLinks:
    """Links ordered by vertex and node, one for each such pair.

    Parameters
    ----------
    vertex, node, vein
        Of each link, shape (l,).
    index
        Transmissibility [m3].
    """

    vertex: Ints
    node: Ints
    vein: Ints
    index: Floats


def vein_links(mesh: TetMesh, permeability: Floats, cells: Sequence[DrinkingCell]) -> VeinLinks:
    """Links of all cells that drink.

    Parameters
    ----------
    mesh, permeability
        The bone and its permeability by tetrahedron (m, 6) [m2].
    cells
        Those that drink, in the bone or not.
    """
    tubes = [max(SPREAD * mesh.mean_edge_length, WIDE * c.radius) for c in cells]
    found = [
        line_piece(mesh, permeability, c.ends[0], c.ends[1], tube)
        for c, tube in zip(cells, tubes, strict=True)
    ]
    inside = [
        (c, tube, piece) for c, tube, piece in zip(cells, tubes, found, strict=True) if piece is not None
    ]
    if not inside:
        nothing = np.zeros(0, np.int32)
        return VeinLinks(nothing, nothing, nothing, np.zeros(0))
    others = [c.ends for c, piece in zip(cells, found, strict=True) if piece is None]
    for cell, tube, piece in zip(cells, tubes, found, strict=True):
        if piece is None or not piece.whole:
            others += _beyond(cell, tube)
    ways = ways_to_wall(
        np.array([c.ends for c, _, _ in inside]),
        np.array([c.radius for c, _, _ in inside]),
        np.array([tube for _, tube, _ in inside]),
        np.array(others).reshape(-1, 2, 3),
    )
    count = [len(piece.vertices) for _, _, piece in inside]
    index = [
        2.0 * np.pi * piece.permeability * piece.length / way * piece.weight
        for (_, _, piece), way in zip(inside, ways, strict=True)
    ]
    return _joined(
        np.concatenate([piece.vertices for _, _, piece in inside]),
        np.repeat([c.node for c, _, _ in inside], count),
        np.repeat([c.vein for c, _, _ in inside], count),
        np.concatenate(index),
    )


def _beyond(cell: DrinkingCell, tube: float) -> list[Floats]:
    """What goes on behind the first or last cell of a vein, where that is not in the bone."""
    begin, end = cell.ends
    on = (end - begin) / np.linalg.norm(end - begin) * BEYOND * tube
    return [np.array([begin - on, begin])] * cell.first + [np.array([end, end + on])] * cell.last


def _joined(vertex: Ints, node: NDArray, vein: NDArray, index: Floats) -> VeinLinks:
    """Links between the same vertex and node as one, ordered by vertex and node."""
    pairs, where = np.unique(np.stack([vertex, node], axis=1).astype(np.int64), axis=0, return_inverse=True)
    last = np.zeros(len(pairs), np.int32)
    last[where.ravel()] = vein
    summed = np.bincount(where.ravel(), index, minlength=len(pairs)).astype(np.float64)
    return VeinLinks(pairs[:, 0].astype(np.int32), pairs[:, 1].astype(np.int32), last, summed)
