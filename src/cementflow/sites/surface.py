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
    cover parts of vertices, and do not jump when the mesh is refined. Only triangles that can matter are sampled.

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
        middle, reach = self._balls
        distance = np.linalg.norm(middle - point, axis=1)
        # A sample lies within the reach of its triangle's middle, so others cannot hold the nearest one.
        samples = self._samples(np.flatnonzero(distance - reach <= (distance + reach).min()))
        i, away = samples.nearest(point)
        return Spot(samples.center[i], self.normals[samples.face[i]], away)

    def disc(self, spot: Spot, radius: float) -> tuple[Ints, Floats]:
        """Vertices under a round opening and the area of each that it covers [m2].

        An opening smaller than the samples covers the nearest one, with its own area.
        """
        middle, reach = self._balls
        distance = np.linalg.norm(middle - spot.center, axis=1)
        # Always with those that may hold the nearest sample.
        within = max(radius, float((distance + reach).min()))
        samples = self._samples(np.flatnonzero(distance - reach <= within))
        covered = np.linalg.norm(samples.center - spot.center, axis=1) <= radius
        covered &= self.normals[samples.face] @ spot.outward >= FACING
        if not covered.any():
            i, _ = samples.nearest(spot.center)
            return samples.owner[i : i + 1], np.array([np.pi * radius**2])
        vertices, index = np.unique(samples.owner[covered], return_inverse=True)
        return vertices, np.bincount(index, samples.area[covered]).astype(np.float64)

    @cached_property
    def _balls(self) -> tuple[Floats, Floats]:
        """Middle of each boundary triangle and how far its corners are from there [m]."""
        corners = self.mesh.points[self.mesh.boundary]
        middle = corners.mean(axis=1)
        return middle, np.linalg.norm(corners - middle[:, None], axis=2).max(axis=1)

    def _samples(self, triangles: NDArray[np.intp]) -> _Samples:
        barycentric = _small_triangles(SUBDIVISIONS)
        count = len(barycentric)
        boundary = self.mesh.boundary[triangles]
        area = np.linalg.norm(self.mesh.boundary_area_vectors[triangles], axis=1) / count
        return _Samples(
            np.einsum("sj,kjx->ksx", barycentric, self.mesh.points[boundary]).reshape(-1, 3),
            np.repeat(triangles, count),
            boundary[:, barycentric.argmax(axis=1)].ravel(),
            np.repeat(area, count),
        )


@dataclass(frozen=True, eq=False)
class _Samples:
    """Small triangles: centroid [m], boundary triangle that each is part of, nearest vertex, area [m2]."""

    center: Floats
    face: NDArray[np.intp]
    owner: Ints
    area: Floats

    def nearest(self, point: Floats) -> tuple[int, float]:
        """The one nearest to a point [m], and how far it is [m]."""
        distance = np.linalg.norm(self.center - point, axis=1)
        i = int(distance.argmin())
        return i, float(distance[i])


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
