"""The boundary of a mesh as many small triangles, so that what lies on it does not jump when the mesh is refined."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from cementflow.mesh.tetmesh import Floats, Ints, TetMesh

SUBDIVISIONS = 6


@dataclass(frozen=True, eq=False)
class Samples:
    """Small triangles of the boundary.

    Parameters
    ----------
    center
        Centroids [m], shape (s, 3).
    face
        Boundary triangle that each is part of.
    weights
        Barycentric coordinates of the centroids in it, shape (s, 3).
    owner
        Nearest vertex.
    area
        [m2].
    """

    center: Floats
    face: NDArray[np.intp]
    weights: Floats
    owner: Ints
    area: Floats

    def nearest(self, point: Floats) -> tuple[int, float]:
        """The one nearest to a point [m], and how far it is [m]."""
        distance = np.linalg.norm(self.center - point, axis=1)
        i = int(distance.argmin())
        return i, float(distance[i])

    def by_vertex(self, chosen: NDArray) -> tuple[Ints, Floats]:
        """Vertices that own chosen samples (a mask), and the area of each [m2]."""
        vertices, index = np.unique(self.owner[chosen], return_inverse=True)
        return vertices, np.bincount(index, self.area[chosen]).astype(np.float64)

    def part(self, chosen: NDArray) -> Samples:
        """Some of them, by mask or number."""
        return Samples(
            self.center[chosen],
            self.face[chosen],
            self.weights[chosen],
            self.owner[chosen],
            self.area[chosen],
        )

    def spread(self, mesh: TetMesh, amounts: Floats) -> tuple[Ints, Floats]:
        """What each vertex of the triangles gets of an amount at each sample, in proportion to its weights."""
        corners = mesh.boundary[self.face]
        vertices, index = np.unique(corners, return_inverse=True)
        given = np.bincount(index.ravel(), (amounts[:, None] * self.weights).ravel())
        return vertices.astype(np.int32), given.astype(np.float64)


def sample_boundary(
    mesh: TetMesh, triangles: NDArray[np.intp] | None = None, subdivisions: int = SUBDIVISIONS
) -> Samples:
    """Each boundary triangle, or each of chosen ones, as `subdivisions`^2 small ones."""
    if triangles is None:
        triangles = np.arange(len(mesh.boundary))
    barycentric = _small_triangles(subdivisions)
    count = len(barycentric)
    boundary = mesh.boundary[triangles]
    area = np.linalg.norm(mesh.boundary_area_vectors[triangles], axis=1) / count
    return Samples(
        np.einsum("sj,kjx->ksx", barycentric, mesh.points[boundary]).reshape(-1, 3),
        np.repeat(triangles, count),
        np.tile(barycentric, (len(triangles), 1)),
        boundary[:, barycentric.argmax(axis=1)].ravel(),
        np.repeat(area, count),
    )


@cache
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
