"""The tetrahedral mesh: arrays, the checks they must pass, and topology derived once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from cementflow.errors import MeshError
from cementflow.mesh import topology

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Indices = NDArray[np.uint32]


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
        # One number stands for all where there is one region.
        region = np.broadcast_to(np.int32(0), len(tets)) if region is None else np.asarray(region, np.int32)
        problems = _shape_problems(points, tets, region)
        if problems:
            raise MeshError(problems, source)
        tets = np.array(tets, np.int32, order="C")
        volume = topology.signed_volumes(points, unsigned(tets))
        turned = volume < 0
        tets[turned] = tets[turned][:, [0, 1, 3, 2]]
        mesh = cls(points, tets, region, dict(region_names or {}))
        problems = _content_problems(mesh, np.abs(volume, out=volume))
        if problems:
            raise MeshError(problems, source)
        return mesh

    @property
    def indices(self) -> Indices:
        """The tetrahedra as kernels read them: unsigned, in the same memory, shape (m, 4)."""
        return unsigned(self.tets)

    @property
    def volumes(self) -> Floats:
        """Volume of each tetrahedron [m3], shape (m,); found at each call and not kept, like `tet_edges`."""
        return signed_volumes(self.points, self.tets)

    @cached_property
    def faces(self) -> FaceMatch:
        """The surface, and what is wrong with the way in which tetrahedra share triangles."""
        return match_faces(self.tets)

    @property
    def boundary(self) -> Ints:
        """Outward triangles of the surface, shape (k, 3)."""
        return self.faces.boundary

    def number_edges(self) -> tuple[Indices, Indices]:
        """Edges of the mesh and of each tetrahedron.

        Found at each call and not kept: they are larger than points and tetrahedra together, and finding them takes
        some milliseconds.

        Returns
        -------
        edges
            Vertex pairs that are joined, the lower one first, in lexicographic order, shape (k, 2).
        tet_edges
            Number of the edge of each local pair (`topology.TET_EDGES`), shape (m, 6).
        """
        edges, tet_edges = topology.number_edges(self.indices, len(self.points))
        if "mean_edge_length" not in self.__dict__:
            self.__dict__["mean_edge_length"] = _mean_length(self.points, edges)
        return edges, tet_edges

    @property
    def edges(self) -> Indices:
        """The first of `number_edges`."""
        return self.number_edges()[0]

    @property
    def tet_edges(self) -> Indices:
        """The second of `number_edges`."""
        return self.number_edges()[1]

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
        return _mean_length(self.points, self.edges)


@dataclass(frozen=True, eq=False)
class FaceMatch:
    """How the tetrahedra of a mesh share their triangles.

    Attributes
    ----------
    boundary
        Triangles that belong to exactly one tetrahedron, outward, in the order of the tetrahedra, shape (k, 3).
    element
        The tetrahedron of each of them, shape (k,).
    crowded
        Number of tetrahedra beyond the second at one triangle.
    overlapping
        Number of pairs of tetrahedra on the same side of their common triangle. A tetrahedron that was inverted in the
        file looks right after orienting, but then overlaps its neighbours: it shows up here.
    """

    boundary: Ints
    element: NDArray[np.intp]
    crowded: int
    overlapping: int


def match_faces(tets: NDArray) -> FaceMatch:
    """Match the faces of tetrahedra (m, 4)."""
    twin, crowded, overlapping = topology.match_faces(unsigned(tets), int(tets.max()) + 1)
    element, opposite = np.divmod(np.flatnonzero(twin < 0), 4)
    boundary = np.take_along_axis(tets[element], topology.TET_FACES[opposite].astype(np.intp), axis=1)
    return FaceMatch(np.ascontiguousarray(boundary, np.int32), element, crowded, overlapping)


def unsigned(tets: NDArray) -> Indices:
    """Indices (m, 4) for kernels: the same memory where they are int32 and contiguous."""
    return np.ascontiguousarray(tets, np.int32).view(np.uint32)


def touching(tets: NDArray, marked: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Whether each tetrahedron (m, 4) has a marked vertex."""
    found = marked[tets[:, 0]]
    for corner in tets.T[1:]:
        found |= marked[corner]
    return found


def around_vertices(tets: NDArray, volumes: Floats, n: int) -> Floats:
    """Volume of the tetrahedra (m, 4) around each of n vertices, of which a quarter is its control volume."""
    total = np.zeros(n)
    for corner in tets.T:
        total += np.bincount(corner, volumes, minlength=n)
    return total


def signed_volumes(points: Floats, tets: NDArray) -> Floats:
    """Signed volume of each tetrahedron [m3]; positive when 3 sees 0, 1, 2 counter-clockwise."""
    volume: Floats = topology.signed_volumes(points, unsigned(tets))
    return volume


def components(n_points: int, tets: NDArray) -> tuple[int, Ints]:
    """Number of connected components and the component of each vertex."""
    count, label = topology.pieces(unsigned(tets), n_points)
    return int(count), label


def _mean_length(points: Floats, edges: Indices) -> float:
    square = np.zeros(len(edges))
    for along in points.T:
        square += (along[edges[:, 1]] - along[edges[:, 0]]) ** 2
    return float(np.sqrt(square).mean())


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


def _content_problems(mesh: TetMesh, volume: Floats) -> list[str]:
    problems = []
    flat = volume <= 1e-12 * volume.mean()
    if flat.any():
        problems.append(
            f"{np.count_nonzero(flat)} tetrahedra have no volume (first: number {np.argmax(flat)})"
        )
    if mesh.faces.crowded:
        problems.append(f"{mesh.faces.crowded} triangles belong to more than two tetrahedra")
    if mesh.faces.overlapping:
        problems.append(
            f"{mesh.faces.overlapping} pairs of tetrahedra overlap: the mesh has inverted tetrahedra or folds"
        )
    count, label = components(len(mesh.points), mesh.tets)
    if count > 1:
        used = np.zeros(len(mesh.points), bool)
        used[mesh.tets] = True
        orphans = np.count_nonzero(~used)
        if orphans:
            problems.append(f"{orphans} vertices belong to no tetrahedron")
        else:
            sizes = ", ".join(str(s) for s in np.sort(np.bincount(label))[::-1][:5])
            problems.append(f"the mesh is in {count} separate pieces (vertices: {sizes}); keep one")
    return problems
