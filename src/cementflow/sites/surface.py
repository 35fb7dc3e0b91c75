"""Places on the surface of the bone: the nearest spot to a point, and the vertices under a round opening."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from cementflow.mesh.tetmesh import TetMesh

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]

SUBDIVISIONS = 6
FACING = 0.3  # cosine: an opening covers surface that looks its way, not the other side of a thin wall


@dataclass(frozen=True, eq=False)
class Spot:
    """A place on the surface.

    Parameters
    ----------
    center
        Coordinates [m].
    outward
        Unit normal.
    distance
        From the point that was asked for [m].
    """

    center: Floats
    outward: Floats
    distance: float


@dataclass(frozen=True, eq=False)
class BoneSurface:
    """The boundary of a mesh, sampled evenly.

    Each triangle stands for SUBDIVISIONS^2 small ones, given by their centroid, area and nearest vertex: openings so
    cover parts of vertices, and do not jump when the mesh is refined.

    Parameters
    ----------
    mesh
        The tetrahedra.
    """

    mesh: TetMesh

    @cached_property
    def area(self) -> Floats:
        """Surface area of each vertex [m2], 0 inside, shape (n,)."""
        thirds = np.repeat(np.linalg.norm(self.mesh.boundary_area_vectors, axis=1) / 3.0, 3)
        area = np.bincount(self.mesh.boundary.ravel(), thirds, minlength=len(self.mesh.points))
        return area.astype(np.float64)

    @cached_property
    def normals(self) -> Floats:
        """Outward unit normal of each boundary triangle, shape (k, 3)."""
        vectors = self.mesh.boundary_area_vectors
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    def nearest(self, point: Floats) -> Spot:
        """Spot nearest to a point [m], to within a sixth of a triangle's side."""
        centers, face, _, _ = self._samples
        distance = np.linalg.norm(centers - point, axis=1)
        i = int(distance.argmin())
        return Spot(centers[i], self.normals[face[i]], float(distance[i]))

    def disc(self, spot: Spot, radius: float) -> tuple[Ints, Floats]:
        """Vertices under a round opening and the area of each that it covers [m2].

        An opening smaller than the samples covers the nearest one, with its own area.
        """
        centers, face, owner, area = self._samples
        distance = np.linalg.norm(centers - spot.center, axis=1)
        covered = (distance <= radius) & (self.normals[face] @ spot.outward >= FACING)
        if not covered.any():
            i = int(distance.argmin())
            return owner[i : i + 1].astype(np.int32), np.array([np.pi * radius**2])
        vertices, index = np.unique(owner[covered], return_inverse=True)
        return vertices.astype(np.int32), np.bincount(index, area[covered]).astype(np.float64)

    @cached_property
    def _samples(self) -> tuple[Floats, Ints, Ints, Floats]:
        barycentric = _small_triangles(SUBDIVISIONS)
        corners = self.mesh.points[self.mesh.boundary]
        centers = np.einsum("sj,kjx->ksx", barycentric, corners).reshape(-1, 3)
        count = len(barycentric)
        face = np.repeat(np.arange(len(corners), dtype=np.int32), count)
        owner = self.mesh.boundary[:, barycentric.argmax(axis=1)].ravel()
        area = np.repeat(np.linalg.norm(self.mesh.boundary_area_vectors, axis=1) / count, count)
        return centers, face, owner, area


def _small_triangles(n: int) -> Floats:
    """Barycentric centroids of the n^2 triangles that a triangle divides into."""
    rows = [
        (i + shift, j + shift)
        for shift, last in ((1.0 / 3.0, n), (2.0 / 3.0, n - 1))
        for i in range(last)
        for j in range(last - i)
    ]
    first = np.array(rows) / n
    return np.column_stack([first, 1.0 - first.sum(axis=1)])
