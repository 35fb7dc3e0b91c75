"""Boxes filled exactly with body-centred-cubic tetrahedra."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cementflow.errors import MeshError
from cementflow.mesh.lattice import (
    by_lowest_vertex,
    centre_index,
    corner_index,
    face_ring,
    inner_tets,
    lattice_constant,
    reading_order,
)
from cementflow.mesh.tetmesh import Ints, TetMesh

MAX_CELLS = 20_000_000


def box_mesh(size: Sequence[float], edge_length: float) -> TetMesh:
    """Mesh of the box from the origin to `size`.

    The corners of the lattice lie on the faces, its centres inside; the half octahedra left over at the
    faces are closed by one more vertex in the middle of each square of the face. With cubic cells every
    coefficient -|e| grad N_a . grad N_b is non-negative; when the sides have no common divisor the cells
    are slightly oblong and the long edges along the longest cell side get a small negative one.

    Parameters
    ----------
    size
        Sides [m], shape (3,).
    edge_length
        Mean edge length wanted [m]; the number of cells along each side is rounded.

    Raises
    ------
    MeshError
        For sizes that are not positive, or a mesh that would be absurdly large.
    """
    sides = np.asarray(size, float)
    if sides.shape != (3,) or not np.isfinite(sides).all() or not (sides > 0).all() or not edge_length > 0:
        raise MeshError(
            f"a box needs three positive sides and a positive edge length, found {size}, {edge_length}"
        )
    cells = np.maximum(1, np.rint(sides / lattice_constant(edge_length)))
    if cells.prod() > MAX_CELLS:
        raise MeshError(
            f"an edge length of {1e3 * edge_length:g} mm would give {12 * cells.prod():.2g} tetrahedra"
        )
    shape = (int(cells[0]), int(cells[1]), int(cells[2]))
    step = sides / cells
    corners = np.stack(np.meshgrid(*(np.arange(n + 1) for n in shape), indexing="ij"), -1).reshape(-1, 3)
    cubes = np.stack(np.meshgrid(*(np.arange(n) for n in shape), indexing="ij"), -1).reshape(-1, 3)
    half = [2 * corners, 2 * cubes + 1]  # coordinates in half cells
    tets = [inner_tets(cubes[cubes[:, axis] > 0], axis, shape) for axis in range(3)]
    count = len(corners) + len(cubes)
    for axis in range(3):
        for upper in (False, True):
            middle, caps = _caps(cubes, axis, upper, shape, count)
            half.append(middle)
            tets.append(caps)
            count += len(middle)
    place = np.concatenate(half)
    order = reading_order(place, shape)
    number = np.empty(count, np.int32)
    number[order] = np.arange(count, dtype=np.int32)
    return TetMesh.build(0.5 * step * place[order], by_lowest_vertex(number[np.concatenate(tets)]))


def _caps(
    cubes: NDArray, axis: int, upper: bool, shape: tuple[int, int, int], first: int
) -> tuple[NDArray[np.int64], Ints]:
    """Vertices in the middle of the squares of one face (in half cells), and four tetrahedra on each square."""
    rim = cubes[cubes[:, axis] == (shape[axis] - 1 if upper else 0)]
    ring = face_ring(rim, axis)
    ring[:, :, axis] += upper
    middle = ring[:, 0] + ring[:, 2]
    corner = corner_index(ring, shape)
    tets = np.empty((len(rim), 4, 4), np.int32)
    tets[:, :, 0] = centre_index(rim, shape)[:, None]
    tets[:, :, 1] = (first + np.arange(len(rim)))[:, None]
    tets[:, :, 2] = corner
    tets[:, :, 3] = np.roll(corner, -1, axis=1)
    return middle, tets.reshape(-1, 4)
