"""The tetrahedral mesh: arrays, the checks they must pass, and topology derived once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from cementflow.errors import MeshError

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]

# Faces of a positively oriented tetrahedron, seen from outside counter-clockwise.
TET_FACES = np.array([[1, 2, 3], [0, 3, 2], [0, 1, 3], [0, 2, 1]], dtype=np.int32)
# Local vertex pairs of the six edges.
TET_EDGES = np.array([[0, 1], [0, 2], [0, 3], [1, 2], [1, 3], [2, 3]], dtype=np.int32)


@dataclass(frozen=True, eq=False)
class TetMesh:
    """Conforming tetrahedral mesh in metres.

    Build one with `TetMesh.build`, which checks the arrays and orients the tetrahedra.

    Parameters
    ----------
    points
        Vertex coordinates [m], shape (n, 3).
    tets
        Vertex indices, shape (m, 4), every signed volume positive.
    region
        Region number of each tetrahedron, shape (m,).
    region_names
        Names of region numbers, where the source had any.
    """

    points: Floats
    tets: Ints
    region: Ints
    region_names: Mapping[int, str] = field(default_factory=dict)

    @classmethod
    def build(
        cls,
        points: NDArray,
        tets: NDArray,
        region: NDArray | None = None,
        region_names: Mapping[int, str] | None = None,
        source: str | None = None,
    ) -> TetMesh:
        """Check raw arrays and return a mesh with positively oriented tetrahedra.

        Raises
        ------
        MeshError
            For indices out of range, values that are not finite, tetrahedra without volume, tetrahedra that
            overlap (also those truly inverted), vertices that no tetrahedron uses, or more than one
            component; all problems at once.
        """
        points = np.ascontiguousarray(points, dtype=np.float64)
        tets = np.ascontiguousarray(tets)
        region = np.zeros(len(tets), np.int32) if region is None else np.asarray(region, np.int32)
        problems = _shape_problems(points, tets, region)
        if problems:
            raise MeshError(problems, source)
        tets = tets.astype(np.int32)
        volume = signed_volumes(points, tets)
        tets[volume < 0] = tets[volume < 0][:, [0, 1, 3, 2]]
        problems = _content_problems(points, tets, np.abs(volume))
        if problems:
            raise MeshError(problems, source)
        return cls(points, tets, region, dict(region_names or {}))

    @cached_property
    def volumes(self) -> Floats:
        """Volume of each tetrahedron [m3], shape (m,)."""
        return signed_volumes(self.points, self.tets)

    @cached_property
    def boundary(self) -> Ints:
        """Outward triangles of the surface, shape (k, 3)."""
        return boundary_faces(self.tets)

    @cached_property
    def boundary_area_vectors(self) -> Floats:
        """Outward area vector of each boundary triangle [m2], shape (k, 3)."""
        a, b, c = (self.points[self.boundary[:, i]] for i in range(3))
        return 0.5 * np.cross(b - a, c - a)

    @cached_property
    def extent(self) -> Floats:
        """Size of the bounding box [m], shape (3,)."""
        return np.ptp(self.points, axis=0)

    @cached_property
    def mean_edge_length(self) -> float:
        """Mean length over the distinct edges [m]."""
        pairs = np.sort(self.tets[:, TET_EDGES].reshape(-1, 2), axis=1).astype(np.int64)
        keys = np.unique(pairs[:, 0] * len(self.points) + pairs[:, 1])
        ends = np.divmod(keys, len(self.points))
        return float(np.linalg.norm(self.points[ends[0]] - self.points[ends[1]], axis=1).mean())


def signed_volumes(points: Floats, tets: NDArray) -> Floats:
    """Signed volume of each tetrahedron [m3]; positive when 3 sees 0, 1, 2 counter-clockwise."""
    a = points[tets[:, 0]]
    b, c, d = (points[tets[:, i]] - a for i in (1, 2, 3))
    return np.einsum("ij,ij->i", b, np.cross(c, d)) / 6.0


def boundary_faces(tets: Ints) -> Ints:
    """Triangles that belong to exactly one tetrahedron, oriented outward, shape (k, 3)."""
    faces, key, order = _sorted_faces(tets)
    same_as_next = np.zeros(len(key), bool)
    same_as_next[:-1] = (key[1:] == key[:-1]).all(axis=1)
    shared = same_as_next.copy()
    shared[1:] |= same_as_next[:-1]
    return np.ascontiguousarray(faces[np.sort(order[~shared])])


def badly_shared_faces(tets: Ints) -> tuple[int, int]:
    """Count triangles with more than two tetrahedra, and triangles whose two tetrahedra lie on the same side.

    Both are zero in a conforming mesh of positively oriented tetrahedra. A tetrahedron that was inverted in
    the file looks right after orienting, but then overlaps its neighbours: it shows up in the second
    number.
    """
    faces, key, order = _sorted_faces(tets)
    same = (key[1:] == key[:-1]).all(axis=1)
    crowded = int(np.count_nonzero(same[1:] & same[:-1]))
    odd = _odd_permutation(faces[order])
    return crowded, int(np.count_nonzero(same & (odd[1:] == odd[:-1])))


def _sorted_faces(tets: Ints) -> tuple[Ints, Ints, NDArray]:
    """All faces (4 m, 3), their sorted vertices in lexicographic order, and the order that makes it."""
    faces = tets[:, TET_FACES].reshape(-1, 3)
    key = np.sort(faces, axis=1)
    order = np.lexsort(key.T[::-1])
    return faces, key[order], order


def _odd_permutation(faces: Ints) -> NDArray[np.bool_]:
    """Whether sorting the three vertices takes an odd number of swaps."""
    a, b, c = faces.T
    return (a > b) ^ (b > c) ^ (a > c)


def components(n_points: int, tets: Ints) -> tuple[int, Ints]:
    """Number of connected components and the component of each vertex."""
    rows = tets[:, [0, 1, 2]].ravel()
    cols = tets[:, [1, 2, 3]].ravel()
    graph = coo_array((np.ones(len(rows), np.int8), (rows, cols)), shape=(n_points, n_points))
    count, label = connected_components(graph, directed=False)
    return int(count), label.astype(np.int32)


def _shape_problems(points: NDArray, tets: NDArray, region: NDArray) -> list[str]:
    problems = []
    if points.ndim != 2 or points.shape[1] != 3 or len(points) == 0:
        problems.append(f"vertex coordinates must have shape (n, 3), found {points.shape}")
    elif not np.isfinite(points).all():
        problems.append(f"{np.count_nonzero(~np.isfinite(points).all(axis=1))} vertices are NaN or infinite")
    if tets.ndim != 2 or tets.shape[1] != 4 or len(tets) == 0:
        problems.append(f"tetrahedra must have shape (m, 4) with m > 0, found {tets.shape}")
    elif not np.issubdtype(tets.dtype, np.integer):
        problems.append(f"tetrahedra must be integer indices, found {tets.dtype}")
    elif len(points) and (tets.min() < 0 or tets.max() >= len(points)):
        problems.append(f"tetrahedra refer to vertex {tets.max()} or {tets.min()}, there are {len(points)}")
    if region.shape != (len(tets),):
        problems.append(f"{region.shape} region numbers for {len(tets)} tetrahedra")
    return problems


def _content_problems(points: Floats, tets: Ints, volume: Floats) -> list[str]:
    problems = []
    flat = volume <= 1e-12 * volume.mean()
    if flat.any():
        problems.append(
            f"{np.count_nonzero(flat)} tetrahedra have no volume (first: number {np.argmax(flat)})"
        )
    crowded, overlapping = badly_shared_faces(tets)
    if crowded:
        problems.append(f"{crowded} triangles belong to more than two tetrahedra")
    if overlapping:
        problems.append(
            f"{overlapping} pairs of tetrahedra overlap: the mesh has inverted tetrahedra or folds"
        )
    orphans = len(points) - len(np.unique(tets))
    if orphans:
        problems.append(f"{orphans} vertices belong to no tetrahedron")
    else:
        count, label = components(len(points), tets)
        if count > 1:
            sizes = ", ".join(str(s) for s in np.sort(np.bincount(label))[::-1][:5])
            problems.append(f"the mesh is in {count} separate pieces (vertices: {sizes}); keep one")
    return problems
