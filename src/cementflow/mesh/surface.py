"""Closed triangle surfaces: reading them and putting them in order."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from cementflow.compiled import kernel
from cementflow.errors import MeshError
from cementflow.mesh.files import existing, guarded
from cementflow.mesh.tetmesh import Floats, Ints
from cementflow.mesh.triangles import read_triangles

SUFFIXES = (".obj", ".ply", ".stl", ".vtp")
# Points nearer than this share of the diagonal of the box are one point.
MERGE = 1e-7


@dataclass(frozen=True, eq=False)
class Surface:
    """Triangle surface in metres, oriented outward as far as it can be.

    Parameters
    ----------
    points
        Vertices [m], shape (n, 3).
    triangles
        Vertex indices, shape (m, 3).
    notes
        What had to be repaired or is still wrong with it.
    """

    points: Floats
    triangles: Ints
    notes: tuple[str, ...] = ()

    @classmethod
    def build(cls, points: NDArray, triangles: NDArray, source: str | None = None) -> Surface:
        """Check, merge, clean and orient raw triangles.

        Raises
        ------
        MeshError
            For bad arrays, no triangle left, or a surface so open that it bounds no volume.
        """
        points, triangles = _checked(points, triangles, source)
        notes: list[str] = []
        points, triangles = _merged(points, triangles, notes)
        if len(triangles) < 4:
            raise MeshError(f"{len(triangles)} usable triangles do not make a closed surface", source)
        triangles = _oriented(points, triangles, notes)
        surface = cls(points, triangles, (*notes, *_topology(triangles)))
        if not surface.volume > 1e-6 * np.prod(surface.extent):
            raise MeshError("the triangles enclose no volume; the surface must be closed", source)
        return surface

    @cached_property
    def volume(self) -> float:
        """Enclosed volume [m3]; holes are closed as seen from the middle of the box."""
        corner = self.points[self.triangles] - 0.5 * (self.low + self.high)
        return float(np.einsum("ij,ij->i", corner[:, 0], np.cross(corner[:, 1], corner[:, 2])).sum() / 6.0)

    @property
    def low(self) -> Floats:
        """Smallest coordinates [m], shape (3,)."""
        return self.points.min(axis=0)

    @property
    def high(self) -> Floats:
        """Largest coordinates [m], shape (3,)."""
        return self.points.max(axis=0)

    @property
    def extent(self) -> Floats:
        """Size of the bounding box [m], shape (3,)."""
        return self.high - self.low


def read_surface(path: Path | str, factor: float = 1.0) -> Surface:
    """Read a closed triangle surface (OBJ, PLY, STL, VTP).

    Parameters
    ----------
    path
        File.
    factor
        Metres per unit of the file.

    Raises
    ------
    MeshError
        For anything that is wrong with the file, by its name.
    """
    file = existing(Path(path), SUFFIXES)
    points, triangles = guarded(lambda: read_triangles(file), file)
    with np.errstate(over="ignore", invalid="ignore"):
        scaled = np.asarray(points, float) * factor
    return Surface.build(scaled, triangles, str(file))


def _checked(points: NDArray, triangles: NDArray, source: str | None) -> tuple[Floats, NDArray[np.int64]]:
    points, triangles = np.asarray(points, float), np.asarray(triangles)
    problems = []
    if points.ndim != 2 or points.shape[1] != 3 or len(points) == 0:
        problems.append(f"vertex coordinates must have shape (n, 3), found {points.shape}")
    elif not np.isfinite(points).all():
        problems.append(f"{np.count_nonzero(~np.isfinite(points).all(axis=1))} vertices are NaN or infinite")
    if triangles.ndim != 2 or triangles.shape[1] != 3 or len(triangles) == 0:
        problems.append(f"triangles must have shape (m, 3) with m > 0, found {triangles.shape}")
    elif triangles.min() < 0 or triangles.max() >= len(points):
        problems.append(f"triangles refer to vertex {triangles.max()}, there are {len(points)}")
    if problems:
        raise MeshError(problems, source)
    return points, triangles.astype(np.int64)


def _merged(points: Floats, triangles: NDArray[np.int64], notes: list[str]) -> tuple[Floats, Ints]:
    """Merge points that coincide, drop triangles without area and doubled ones, drop unused points."""
    used = points[np.unique(triangles)]
    size = float(np.ptp(used, axis=0).max())
    if not size > 0:
        return points, np.empty((0, 3), np.int32)
    cell = np.rint((points - used.min(axis=0)) / (MERGE * size)).clip(-(2.0**62), 2.0**62).astype(np.int64)
    _, first, merged = np.unique(cell, axis=0, return_index=True, return_inverse=True)
    triangles = merged.reshape(-1)[triangles]
    a, b, c = triangles.T
    corner = points[first][triangles] / size
    area = np.linalg.norm(np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0]), axis=1)
    good = (a != b) & (b != c) & (c != a) & (area > 1e-14)
    if not good.all():
        notes.append(f"{np.count_nonzero(~good)} degenerate triangles dropped")
    triangles = triangles[good]
    _, once = np.unique(np.sort(triangles, axis=1), axis=0, return_index=True)
    if len(once) < len(triangles):
        notes.append(f"{len(triangles) - len(once)} doubled triangles dropped")
    triangles = triangles[np.sort(once)]
    kept, compact = np.unique(triangles, return_inverse=True)
    return np.ascontiguousarray(points[first][kept]), compact.reshape(-1, 3).astype(np.int32)


def _edges(triangles: Ints) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Sorted vertex pair of each side of each triangle, shape (3 m, 2), and whether it runs backwards."""
    sides = triangles[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2).astype(np.int64)
    return np.sort(sides, axis=1), sides[:, 0] > sides[:, 1]


def _oriented(points: Floats, triangles: Ints, notes: list[str]) -> Ints:
    """Make neighbours across manifold edges agree, then each piece enclose a positive volume."""
    pair, backwards = _edges(triangles)
    _, edge, count = np.unique(pair, axis=0, return_inverse=True, return_counts=True)
    edge = edge.reshape(-1)
    manifold = np.flatnonzero(count[edge] == 2)
    sides = manifold[np.argsort(edge[manifold], kind="stable")].reshape(-1, 2)
    left, right = sides[:, 0] // 3, sides[:, 1] // 3
    agree = backwards[sides[:, 0]] != backwards[sides[:, 1]]
    m = len(triangles)
    graph = coo_array((np.where(agree, 1, 2), (left, right)), shape=(m, m)).tocsr()
    graph = (graph + graph.T).tocsr()
    label, flip = _spread(graph.indptr, graph.indices, graph.data)
    turned = np.where(flip[:, None], triangles[:, [0, 2, 1]], triangles)
    corner = points[turned] - points.mean(axis=0)
    volume = np.einsum("ij,ij->i", corner[:, 0], np.cross(corner[:, 1], corner[:, 2]))
    inward = np.bincount(label, volume) < 0
    flip_by_piece = inward[label]
    result = np.where(flip_by_piece[:, None], turned[:, [0, 2, 1]], turned)
    changed = np.count_nonzero(flip != flip_by_piece)
    if changed:
        notes.append(f"{changed} of {m} triangles were turned to face outward")
    return np.ascontiguousarray(result)


@kernel
def _spread(start, beside, relation):  # type: ignore[no-untyped-def]
    """Carry the choice to flip from triangle to triangle; relation 2 means that two neighbours disagree.

    Returns the number of the piece of each triangle and whether to flip it.
    """
    label, flip = np.full(len(start) - 1, -1), np.zeros(len(start) - 1, np.bool_)
    stack = np.empty(len(start), np.int64)
    pieces = 0
    for seed in range(len(label)):
        if label[seed] >= 0:
            continue
        label[seed] = pieces
        stack[0] = seed
        depth = 1
        while depth > 0:
            depth -= 1
            here = stack[depth]
            for k in range(start[here], start[here + 1]):
                there = beside[k]
                if label[there] < 0:
                    label[there] = pieces
                    flip[there] = flip[here] != (relation[k] == 2)
                    stack[depth] = there
                    depth += 1
        pieces += 1
    return label, flip


def _topology(triangles: Ints) -> list[str]:
    """What is left that a closed manifold would not have, and the number of handles."""
    pair, backwards = _edges(triangles)
    edges, inverse, count = np.unique(pair, axis=0, return_inverse=True, return_counts=True)
    turn = np.bincount(inverse.reshape(-1), np.where(backwards, -1.0, 1.0))
    n_points = int(triangles.max()) + 1
    notes = []
    open_ = count == 1
    if open_.any():
        rim = edges[open_]
        graph = coo_array((np.ones(len(rim), np.int8), (rim[:, 0], rim[:, 1])), shape=(n_points, n_points))
        holes = connected_components(graph, directed=False)[0] - (n_points - len(np.unique(rim)))
        notes.append(f"{holes} holes ({len(rim)} open edges); closed by the winding number")
    if (count > 2).any():
        notes.append(f"{np.count_nonzero(count > 2)} edges join more than two triangles")
    torn = np.count_nonzero((count == 2) & (turn != 0))
    if torn:
        notes.append(f"{torn} edges between triangles that cannot be made to agree")
    pieces = connected_components(
        coo_array((np.ones(len(edges), np.int8), (edges[:, 0], edges[:, 1])), shape=(n_points, n_points)),
        directed=False,
    )[0]
    if pieces > 1:
        notes.append(f"{pieces} separate pieces")
    if not open_.any() and not (count > 2).any():
        handles = pieces - (n_points - len(edges) + len(triangles)) // 2
        if handles:
            notes.append(f"{handles} handle{'s' if handles > 1 else ''} (genus {handles})")
    return notes
