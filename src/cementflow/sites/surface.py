"""Places on the surface of the bone: the nearest spot to a point, and the vertices under a round opening."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from cementflow.mesh.samples import Samples, sample_boundary
from cementflow.mesh.tetmesh import TetMesh

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]

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

    Openings cover small parts of triangles (`mesh/samples.py`), and so parts of vertices. Only triangles that can
    matter are sampled.

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
        samples = sample_boundary(self.mesh, np.flatnonzero(distance - reach <= (distance + reach).min()))
        i, away = samples.nearest(point)
        return Spot(samples.center[i], self.normals[samples.face[i]], away)

    def near(self, point: Floats, radius: float) -> Samples:
        """Samples of all triangles that reach within a radius of a point [m], the one nearest to it among them."""
        middle, reach = self._balls
        distance = np.linalg.norm(middle - point, axis=1)
        # Always with those that may hold the nearest sample.
        within = max(radius, float((distance + reach).min()))
        return sample_boundary(self.mesh, np.flatnonzero(distance - reach <= within))

    def disc(self, spot: Spot, radius: float) -> tuple[Ints, Floats]:
        """Vertices under a round opening and the area of each that it covers [m2].

        An opening smaller than the samples covers the nearest one, with its own area.
        """
        samples = self.near(spot.center, radius)
        covered = np.linalg.norm(samples.center - spot.center, axis=1) <= radius
        covered &= self.normals[samples.face] @ spot.outward >= FACING
        if not covered.any():
            i, _ = samples.nearest(spot.center)
            return samples.owner[i : i + 1], np.array([np.pi * radius**2])
        return samples.by_vertex(covered)

    @cached_property
    def _balls(self) -> tuple[Floats, Floats]:
        """Middle of each boundary triangle and how far its corners are from there [m]."""
        corners = self.mesh.points[self.mesh.boundary]
        middle = corners.mean(axis=1)
        return middle, np.linalg.norm(corners - middle[:, None], axis=2).max(axis=1)
