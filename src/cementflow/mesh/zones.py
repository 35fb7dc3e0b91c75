"""Parts of the surface of a vertebral body by where they look and where they are."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from cementflow.mesh.frame import AnatomicalFrame, along_axes
from cementflow.mesh.samples import Samples, sample_boundary
from cementflow.mesh.tetmesh import Floats, TetMesh

# Name, axis (ap, lr, si) and direction; then what lies outside the box of the body.
WALLS = (
    ("posterior wall", 0, -1.0),
    ("anterior wall", 0, 1.0),
    ("left wall", 1, -1.0),
    ("right wall", 1, 1.0),
    ("inferior endplate", 2, -1.0),
    ("superior endplate", 2, 1.0),
)
ARCH = "arch"
ZONES = (*(name for name, _, _ in WALLS), ARCH)
SMOOTH = 2.5e-3  # m: normals are averaged over this far, so that pits and rough spots do not change the zone
OUTSIDE = 1.5e-3  # m: beyond the box by more than this is arch
PLACE = 0.5  # weight of the place in the box against the direction: a pit in an endplate stays endplate
SUBDIVISIONS = 3


@dataclass(frozen=True, eq=False)
class SurfaceZones:
    """Which zone each bit of the surface belongs to; borders run through triangles, so that areas do not jump.

    A spot belongs to the wall for which n . d + c . d / 2 is largest, d being the direction of the wall, n the outward
    normal averaged over some millimetres and c the place in the box, -1 to 1 along each axis. Beyond the box of the
    body is the arch.

    Parameters
    ----------
    mesh
        The tetrahedra.
    frame
        Its anatomical axes and the box of the body.
    """

    mesh: TetMesh
    frame: AnatomicalFrame

    @cached_property
    def samples(self) -> Samples:
        """Small triangles of the whole boundary."""
        return sample_boundary(self.mesh, subdivisions=SUBDIVISIONS)

    @cached_property
    def zone(self) -> NDArray[np.intp]:
        """Number of the zone of each sample."""
        return self.of(self.samples)

    @cached_property
    def area(self) -> Floats:
        """Surface area of each vertex in each zone [m2], shape (zones, n)."""
        n = len(self.mesh.points)
        place = (self.zone * n)[:, None] + self.mesh.boundary[self.samples.face]
        part = self.samples.area[:, None] * self.samples.weights
        area = np.bincount(place.ravel(), part.ravel(), minlength=len(ZONES) * n)
        return area.reshape(len(ZONES), n).astype(np.float64)

    def inside(self, name: str) -> NDArray[np.int64]:
        """Vertices with a part in a zone; neighbouring zones share those on their border."""
        return np.flatnonzero(self.area[ZONES.index(name)] > 0.0)

    def of(self, samples: Samples) -> NDArray[np.intp]:
        """Numbers of the zones of some samples of the boundary, indices into `ZONES`."""
        corners = self.mesh.boundary[samples.face]
        normal = np.einsum("sj,sjx->sx", samples.weights, self._normals[corners])
        return zone_numbers(samples.center, normal, self.frame)

    @cached_property
    def _normals(self) -> Floats:
        return _smooth_normals(self.mesh, self.frame)


def surface_zones(mesh: TetMesh, frame: AnatomicalFrame) -> SurfaceZones:
    """Zones of the boundary of a mesh."""
    return SurfaceZones(mesh, frame)


def zone_numbers(points: Floats, normals: Floats, frame: AnatomicalFrame) -> NDArray[np.intp]:
    """Zones of points (s, 3) [m] on the surface with outward normals (s, 3) along (ap, lr, si)."""
    place = 2.0 * frame.fractions(points) - 1.0
    score = [
        sign * (normals[:, axis] + PLACE * np.clip(place[:, axis], -1.0, 1.0)) for _, axis, sign in WALLS
    ]
    zone = np.argmax(score, axis=0)
    beyond = 0.5 * (np.abs(place) - 1.0) * frame.size > OUTSIDE
    zone[beyond.any(axis=1)] = ZONES.index(ARCH)
    return zone


def _smooth_normals(mesh: TetMesh, frame: AnatomicalFrame) -> Floats:
    """Outward unit normals along (ap, lr, si), averaged over the surface around each boundary vertex, shape (n, 3).

    Weighted by area and by exp(-(d / SMOOTH)^2), so that they hardly depend on the mesh; surface that looks the other
    way, across a thin part, does not count.
    """
    from scipy.spatial import cKDTree  # a tenth of a second to import, and few runs need it

    area = along_axes(mesh.boundary_area_vectors, frame.axes)
    middle = mesh.points[mesh.boundary].mean(axis=1)
    vector = np.zeros((len(mesh.points), 3))
    for axis in range(3):
        thirds = np.repeat(area[:, axis] / 3.0, 3)
        vector[:, axis] = np.bincount(mesh.boundary.ravel(), thirds, minlength=len(vector))
    on = np.unique(mesh.boundary)
    pairs = cKDTree(mesh.points[on]).sparse_distance_matrix(
        cKDTree(middle), 2.0 * SMOOTH, output_type="ndarray"
    )
    vertex, triangle = on[pairs["i"]], pairs["j"]
    weight = np.exp(-((pairs["v"] / SMOOTH) ** 2))
    weight *= np.einsum("ix,ix->i", area[triangle], vector[vertex]) > 0.0
    # On a mesh coarser than the smoothing the vertex has at least its own triangles.
    total = np.zeros_like(vector)
    total[on] = 1e-3 * vector[on]
    for axis in range(3):
        total[:, axis] += np.bincount(vertex, weight * area[triangle, axis], minlength=len(total))
    length = np.linalg.norm(total, axis=1, keepdims=True)
    return total / np.where(length > 0.0, length, 1.0)
