"""Where a field that is linear in cells takes the value zero: a plane through a mesh, the front of a cloud, a line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Indices = NDArray[np.integer]

_Pairs = list[list[tuple[int, int]]]


def _cases(corners: int, kinds: dict[int, _Pairs]) -> tuple[Indices, Indices]:
    """Pieces of a cell by which of its corners are inside, a bit each, and how many they are.

    `kinds` has them for the first corners being inside, by how many these are. A corner of a piece lies between two
    corners of the cell, the first of them inside, or is a corner itself; triangles turn outward.
    """
    table = np.zeros((1 << corners, 2, len(kinds[1][0]), 2), int)
    count = np.zeros(1 << corners, int)
    for order in permutations(range(corners)):
        if np.linalg.det(np.eye(corners)[list(order)]) < 0:
            continue  # would turn the triangles inward
        for inside, pieces in kinds.items():
            case = sum(1 << corner for corner in order[:inside])
            count[case] = len(pieces)
            table[case, : len(pieces)] = np.array(order)[np.array(pieces)]
    return table, count


# Triangles across a tetrahedron, triangles of the inside of a triangle, the line across a triangle.
_IN_TETRAHEDRON = _cases(
    4,
    {
        1: [[(0, 1), (0, 2), (0, 3)]],
        2: [[(0, 2), (0, 3), (1, 3)], [(0, 2), (1, 3), (1, 2)]],
        3: [[(0, 3), (1, 3), (2, 3)]],
    },
)
_IN_TRIANGLE = _cases(
    3,
    {
        1: [[(0, 0), (0, 1), (0, 2)]],
        2: [[(0, 0), (1, 1), (1, 2)], [(0, 0), (1, 2), (0, 2)]],
        3: [[(0, 0), (1, 1), (2, 2)]],
    },
)
_ACROSS_TRIANGLE = _cases(3, {1: [[(0, 1), (0, 2)]], 2: [[(0, 2), (1, 2)]]})


@dataclass(frozen=True, eq=False)
class Level:
    """Triangles, or lines, whose corners lie on edges of a mesh.

    Parameters
    ----------
    ends
        Vertices of the mesh at both ends of the edge of each point, shape (points, 2); twice the same where the point
        is a vertex.
    weights
        Of the second end, shape (points,).
    pieces
        Of points, shape (triangles, 3) or (lines, 2).
    cells
        Number of the cell that each piece is from.
    """

    ends: Indices
    weights: Floats
    pieces: Indices
    cells: Indices

    def at(self, field: Floats) -> Floats:
        """Values at the points of a field at the vertices, shape (vertices, ...)."""
        first, second = field[self.ends[:, 0]], field[self.ends[:, 1]]
        weights = self.weights.reshape(-1, *[1] * (field.ndim - 1))
        return first + weights * (second - first)


def level(values: Floats, tets: Indices) -> Level:
    """The surface between vertices with positive values, which it turns away from, and the others."""
    return _welded(values, [_corners(_IN_TETRAHEDRON, values, tets)])


def closed_level(values: Floats, tets: Indices, wall: Indices) -> Level:
    """The same, closed by the part of the wall of the mesh, triangles of vertices, on which values are positive."""
    return _welded(values, [_corners(_IN_TETRAHEDRON, values, tets), _corners(_IN_TRIANGLE, values, wall)])


def level_line(values: Floats, triangles: Indices) -> Level:
    """The lines between vertices with positive values and the others."""
    return _welded(values, [_corners(_ACROSS_TRIANGLE, values, triangles)])


def _corners(cases: tuple[Indices, Indices], values: Floats, cells: Indices) -> tuple[Indices, Indices]:
    """Pairs of vertices that the corners of pieces lie between, shape (pieces, corners, 2), and their cells."""
    table, count = cases
    # All cells are looked at, a byte each; few have pieces.
    inside = (values > 0.0).astype(np.uint8)
    case = sum(inside.take(corner) << i for i, corner in enumerate(cells.T))
    found = [np.flatnonzero((count > i).take(case)) for i in range(table.shape[1])]
    within = np.concatenate([table[case[chosen], i] for i, chosen in enumerate(found)])
    chosen = np.concatenate(found)
    return cells.take(cells.shape[1] * chosen[:, None, None] + within), chosen


def _welded(values: Floats, parts: Sequence[tuple[Indices, Indices]]) -> Level:
    """One point for corners of pieces in the same place."""
    pairs = np.concatenate([pairs for pairs, _ in parts])
    inside, outside = pairs[..., 0], pairs[..., 1]
    inside = np.where(values[outside] == 0.0, outside, inside)
    # Vertices may come as 32 bits, which their product does not fit into.
    edges = inside.astype(np.int64) * len(values) + outside
    names, corner = np.unique(edges.ravel(), return_inverse=True)
    ends = np.stack(np.divmod(names, len(values)), axis=1)
    first, second = values[ends].T
    apart = ends[:, 0] != ends[:, 1]
    weights = np.divide(first, first - second, out=np.zeros(len(ends)), where=apart)
    pieces = corner.reshape(inside.shape)
    # Vertices on the level take whole pieces into a point or a line.
    real = (pieces != np.roll(pieces, 1, axis=1)).all(axis=1)
    return Level(ends, weights, pieces[real], np.concatenate([cells for _, cells in parts])[real])
