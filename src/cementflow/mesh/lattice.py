"""Body-centred-cubic lattices: what their edges, tetrahedra and sizes are."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cementflow.errors import MeshError
from cementflow.mesh.tetmesh import Floats, Ints

# Seen from a vertex: three long edges of length a and four short ones of sqrt(3)/2 a (each edge counted
# once).
MEAN_EDGE = (3.0 + 4.0 * math.sqrt(3.0) / 2.0) / 7.0
MAX_CELLS = 40_000_000


@dataclass(frozen=True)
class Lattice:
    """Cubic cells with corners and centres: `origin` [m], cell side `a` [m], number of cells `shape`."""

    origin: Floats
    a: float
    shape: tuple[int, int, int]

    @classmethod
    def around(cls, low: Floats, high: Floats, a: float) -> Lattice:
        """Lattice over a box and at least one more cell on each side, with a corner at the centre of the box.

        The anchor moves with the box, so a moved shape gets the same mesh, moved.
        """
        half = np.ceil((high - low) / (2.0 * a) + 1.0).astype(int)
        if np.prod(2.0 * half) > MAX_CELLS:
            raise MeshError(
                f"lattice cells of {1e3 * a:g} mm give {np.prod(2.0 * half):.2g} cells; coarsen the mesh"
            )
        return cls(0.5 * (low + high) - half * a, a, (int(2 * half[0]), int(2 * half[1]), int(2 * half[2])))

    @property
    def corner_shape(self) -> tuple[int, int, int]:
        """Number of corners along the three axes."""
        return self.shape[0] + 1, self.shape[1] + 1, self.shape[2] + 1

    @property
    def corners(self) -> int:
        """Number of corners; the centres are numbered after them."""
        return int(np.prod(self.corner_shape))

    def points(self, index: NDArray) -> Floats:
        """Coordinates [m] of numbered lattice points, shape (n, 3)."""
        return self.origin + 0.5 * self.a * half_coordinates(index, self.shape)


def reading_order(place: NDArray, shape: tuple[int, int, int]) -> NDArray[np.intp]:
    """Order of points in which they are read plane by plane, row by row, the planes across the longest side.

    Neighbours then have near numbers, which is kind to the cache, and an incomplete factor of the pressure matrix is
    better: on L3 at 1 mm it takes 53 iterations in place of 86 with the centres after the corners.

    Parameters
    ----------
    place
        Whole coordinates of the points, not negative, shape (n, 3).
    shape
        Cells of the lattice along the three axes.
    """
    first, second, third = np.argsort(-np.asarray(shape), kind="stable")
    size = place.max(axis=0).astype(np.int64) + 1
    key = (place[:, first] * size[second] + place[:, second]) * size[third] + place[:, third]
    return np.argsort(key, kind="stable")


def by_lowest_vertex(tets: NDArray) -> NDArray:
    """Tetrahedra in the order of their lowest vertices: loops over them then go through the vertices in order."""
    a, b, c, d = tets.T  # a reduction over so few takes several times as long
    lowest = np.minimum(np.minimum(a, b), np.minimum(c, d))
    return tets[np.argsort(lowest, kind="stable")]


def lattice_constant(edge_length: float) -> float:
    """Side `a` of the cubic cell [m] whose lattice has this mean edge length [m]."""
    return edge_length / MEAN_EDGE


def corner_index(ijk: NDArray, shape: tuple[int, int, int]) -> NDArray[np.int64]:
    """Number of the cell corners (i, j, k), shape (..., 3), in a lattice of `shape` cells."""
    return (ijk[..., 0] * (shape[1] + 1) + ijk[..., 1]) * (shape[2] + 1) + ijk[..., 2]


def centre_index(ijk: NDArray, shape: tuple[int, int, int]) -> NDArray[np.int64]:
    """Number of the centres of the cells (i, j, k), shape (..., 3); centres follow the corners."""
    corners = (shape[0] + 1) * (shape[1] + 1) * (shape[2] + 1)
    return corners + (ijk[..., 0] * shape[1] + ijk[..., 1]) * shape[2] + ijk[..., 2]


def half_coordinates(index: NDArray, shape: tuple[int, int, int]) -> NDArray[np.int64]:
    """Coordinates of numbered lattice points in half cells: even at corners, odd at centres, shape (n, 3)."""
    index = np.asarray(index, np.int64)
    corners = (shape[0] + 1) * (shape[1] + 1) * (shape[2] + 1)
    of_corner = np.stack(np.unravel_index(np.minimum(index, corners - 1), [s + 1 for s in shape]), axis=-1)
    of_centre = np.stack(np.unravel_index(np.maximum(index - corners, 0), shape), axis=-1)
    return np.where((index < corners)[:, None], 2 * of_corner, 2 * of_centre + 1)


def face_ring(ijk: NDArray, axis: int) -> NDArray[np.int64]:
    """Corners around the lower face of cells along `axis`, in order, shape (n, 4, 3)."""
    e = np.eye(3, dtype=np.int64)
    u, v = e[(axis + 1) % 3], e[(axis + 2) % 3]
    return ijk[:, None, :] + np.stack([0 * u, u, u + v, v])


def inner_tets(faces: NDArray, axis: int, shape: tuple[int, int, int]) -> Ints:
    """Tetrahedra around the segment joining the two cells that share each face.

    Parameters
    ----------
    faces
        Upper cells (i, j, k) of the faces, shape (n, 3); the lower cell is one step back along `axis`.
    axis
        Normal of the faces.
    shape
        Cells of the lattice along the three axes.

    Returns
    -------
    Lattice points, shape (4 n, 4): lower centre, upper centre, two neighbouring corners of the face. The
    first and the last pair are joined by long edges, all other pairs by short ones; positively oriented.
    """
    ring = corner_index(face_ring(faces, axis), shape)
    upper = centre_index(faces, shape)
    lower = centre_index(faces - np.eye(3, dtype=np.int64)[axis], shape)
    tets = np.empty((len(faces), 4, 4), np.int32)
    tets[:, :, 0] = lower[:, None]
    tets[:, :, 1] = upper[:, None]
    tets[:, :, 2] = ring
    tets[:, :, 3] = np.roll(ring, -1, axis=1)
    return tets.reshape(-1, 4)
