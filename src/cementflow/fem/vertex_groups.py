"""Groups of neighbouring vertices, groups of groups, and so on: the levels of the linear solver."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Indices = NDArray[np.uint32]

# Members of a group, and groups that are few enough for a dense factor.
GROUP_SIZE = 24
FEW = 100
# Vertices are taken plane by plane, row by row; a plane is this share of the mean spacing thick.
PLANE = 0.25


@dataclass(frozen=True, eq=False)
class VertexGroups:
    """A tree over the vertices of a mesh.

    Parameters
    ----------
    order
        The vertices that take part, in the order in which the solver goes through them.
    levels
        Group of each of them (in that order), then group of each group, and so on; numbers count from 0 without a gap.
    chained
        How many of the last members of each level, the vertices first, are nodes of a tree or groups of such. Each has
        few neighbours behind it and they may be tied to it far more tightly than all else.
    """

    order: Indices
    levels: tuple[Indices, ...]
    chained: tuple[int, ...] = ()


def one_group(n: int) -> VertexGroups:
    """All of `n` vertices in one group."""
    return VertexGroups(np.arange(n, dtype=np.uint32), (np.zeros(n, np.uint32),))


def group_vertices(
    points: Floats, left_out: NDArray[np.bool_], nodes: NDArray[np.intp] | None = None
) -> VertexGroups:
    """Groups of some `GROUP_SIZE` neighbours, level by level, until they are few.

    The nodes of a tree come last, so that an incomplete factor eliminates them without loss. They have no groups with
    vertices, nor among each other on the first level: pressures in a vein and in the bone beside it have little in
    common.

    Parameters
    ----------
    points
        Coordinates, shape (n, 3).
    left_out
        Vertices whose rows and columns are empty but for the diagonal, such as those of known pressure.
    nodes
        Unknowns that are nodes of a tree, in the order in which they are to be eliminated; none by default.
    """
    last = nodes if nodes is not None else np.zeros(0, np.intp)
    in_bone = ~left_out
    in_bone[last] = False
    inside = np.flatnonzero(in_bone)
    if len(inside) == 0:
        return VertexGroups(last.astype(np.uint32), (), (len(last),))
    order = inside[_sweep(points[inside])]
    places, chained = points[order], [len(last)]
    levels: list[Indices] = []
    few = False
    while not few:
        count = max(len(places) // GROUP_SIZE, 1)
        group = _boxes(places, count)
        members = np.bincount(group)
        places = np.stack([np.bincount(group, x) / members for x in places.T], axis=1)
        chain = np.arange(chained[-1]) // (GROUP_SIZE if levels else 1)
        levels.append(np.concatenate([group, len(places) + chain]).astype(np.uint32))
        chained.append(int(chain[-1]) + 1 if len(chain) else 0)
        # Boxes may come out more than asked for; a level that groups nothing would never end.
        few = count + chained[-1] <= FEW
    return VertexGroups(np.append(order, last).astype(np.uint32), tuple(levels), tuple(chained))


def _sweep(points: Floats) -> NDArray[np.intp]:
    """Order by planes, rows and places in a row: with it the incomplete factor takes 20 % fewer iterations."""
    layer = np.rint(points / (PLANE * _side(points, len(points)))).astype(np.int64)
    return np.lexsort(layer.T)


def _boxes(points: Floats, count: int) -> Indices:
    """Number of the box in which each point lies, the empty ones of about `count` left out."""
    cell = np.floor((points - points.min(axis=0)) / _side(points, count)).astype(np.int64)
    across = cell.max(axis=0) + 1
    flat = (cell[:, 2] * across[1] + cell[:, 1]) * across[0] + cell[:, 0]
    return np.unique(flat, return_inverse=True)[1].astype(np.uint32)


def _side(points: Floats, count: int) -> float:
    """Side of a cube that goes `count` times into the bounding box of the points."""
    extent = np.ptp(points, axis=0)
    # A flat cloud is taken to be as thick as one side of the squares that fill it.
    thick = np.maximum(extent, extent.max() / np.sqrt(count))
    side = float(np.cbrt(np.prod(thick) / count))
    return side if side > 0.0 else 1.0
