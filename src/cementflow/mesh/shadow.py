"""What a parallel beam crosses: lengths of what the vertices of a mesh hold, on a grid of pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array

from cementflow.mesh.frame import along_axes
from cementflow.mesh.tetmesh import Floats, TetMesh, around_vertices, touching

PIXEL = 1e-3  # m
ROUND = 24  # pixels around the mesh, so that the canal and its arch are in the picture


@dataclass(frozen=True, eq=False)
class Shadow:
    """A view along a direction.

    Parameters
    ----------
    toward
        Unit vector along the beam.
    across
        The two unit vectors of the picture, shape (2, 3).
    low
        Corner of the picture along these [m], shape (2,).
    shape
        Pixels along these.
    spread
        Share of each vertex in each pixel, divided by its area [1/m2], shape (pixels, n).
    """

    toward: Floats
    across: Floats
    low: Floats
    shape: tuple[int, int]
    spread: csc_array

    def lengths(self, volumes: Floats) -> Floats:
        """Length in the beam at each pixel of volumes at the vertices [m3]; [m], of the shape of the picture."""
        return np.asarray(self.spread @ volumes).reshape(self.shape)

    def pixels(self, points: Floats) -> NDArray[np.intp]:
        """Number of the pixel of each point [m], -1 outside of the picture."""
        place = np.floor((along_axes(points, self.across) - self.low) / PIXEL).astype(np.intp)
        inside = ((place >= 0) & (place < self.shape)).all(axis=1)
        return np.where(inside, place[:, 0] * self.shape[1] + place[:, 1], -1)

    @property
    def middles(self) -> tuple[Floats, Floats]:
        """Coordinates of the middles of the pixels along the two directions of the picture [m]."""
        first, second = (
            low + PIXEL * (np.arange(n) + 0.5) for low, n in zip(self.low, self.shape, strict=True)
        )
        return first, second


def control_centers(mesh: TetMesh) -> Floats:
    """Where each vertex has what it stands for [m], shape (n, 3): at the boundary its centre of mass, inside the bone.

    The integral of N_a x over a tetrahedron is V / 20 times the sum of its corners and once more the corner a.
    """
    n = len(mesh.points)
    on = np.zeros(n, bool)
    on[mesh.boundary] = True
    tets = touching(mesh.tets, on)
    at_wall, volumes = mesh.tets[tets], mesh.volumes[tets]
    corners, owner = mesh.points[at_wall], at_wall.ravel()
    moment = (volumes / 20.0)[:, None, None] * (corners.sum(axis=1, keepdims=True) + corners)
    volume = 0.25 * around_vertices(at_wall, volumes, n)
    centers = mesh.points.copy()
    for axis, along in enumerate(moment.reshape(-1, 3).T):
        centers[on, axis] = np.bincount(owner, along, minlength=n)[on] / volume[on]
    return centers


def build_shadow(points: Floats, volumes: Floats, toward: Floats, across: Floats) -> Shadow:
    """View of what vertices hold.

    Each vertex is smeared out over the picture as a pyramid. In a body-centred cubic lattice of the side a each vertex
    has half a cube, and pyramids of the half-width a sum to an even picture.

    Parameters
    ----------
    points, volumes
        Of the vertices, shape (n, 3) [m], and their control volumes [m3], shape (n,).
    toward, across
        Direction of the beam, and those of the picture, shape (2, 3).
    """
    place = along_axes(points, across)
    low = np.floor(place.min(axis=0) / PIXEL - ROUND) * PIXEL
    shape = np.ceil((place.max(axis=0) - low) / PIXEL + ROUND).astype(int)
    width = np.maximum(np.cbrt(2.0 * volumes) / PIXEL, 1.0)
    count = int(np.ceil(2.0 * width.max())) + 1
    first, share = [], []
    for axis in range(2):
        middle = (place[:, axis] - low[axis]) / PIXEL
        start = np.maximum(np.floor(middle - width), 0.0)
        pixel = start[:, None] + np.arange(count)
        weight = np.maximum(1.0 - np.abs(pixel + 0.5 - middle[:, None]) / width[:, None], 0.0)
        first.append(np.minimum(pixel, shape[axis] - 1).astype(np.int32))
        share.append(weight / weight.sum(axis=1, keepdims=True))
    index = first[0][:, :, None] * np.int32(shape[1]) + first[1][:, None, :]
    value = share[0][:, :, None] * (share[1][:, None, :] / PIXEL**2)
    some = value > 0.0
    ends = np.cumsum(np.count_nonzero(some, axis=(1, 2)))
    starts = np.concatenate([[0], ends]).astype(np.int32)
    size = (int(shape[0]) * int(shape[1]), len(points))
    spread = csc_array((value[some], index[some], starts), size)
    return Shadow(toward, across, low, (int(shape[0]), int(shape[1])), spread)
