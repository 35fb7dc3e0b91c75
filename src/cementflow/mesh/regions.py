"""Which share of each tetrahedron lies in a simple shape."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cementflow.errors import MeshError
from cementflow.mesh.frame import AnatomicalFrame, along_axes
from cementflow.mesh.tetmesh import Floats, Ints, TetMesh

SHAPES = ("ball", "ellipsoid", "box", "cylinder")
# Tetrahedra near the border of the shape are sampled at so many points.
SAMPLES = 320
# So many tetrahedra at once: bounds the memory.
CHUNK = 20_000


def shape_fractions(
    mesh: TetMesh, frame: AnatomicalFrame, shape: str, center: ArrayLike, radii: ArrayLike, axis: str = "si"
) -> Floats:
    """Volume fraction of each tetrahedron inside a shape.

    Parameters
    ----------
    mesh
        Mesh, m tetrahedra.
    frame
        Gives the directions ap, lr, si of the shape.
    shape
        "ball", "ellipsoid", "box" or "cylinder".
    center
        Centre in mesh coordinates [m], shape (3,).
    radii
        Half sizes along ap, lr, si [m], shape (3,), or one for all.
    axis
        Direction of a cylinder: "ap", "lr" or "si". Its cross-section is the ellipse of the other two radii.

    Returns
    -------
    Fractions from 0 to 1, shape (m,): sampled where the border passes through a tetrahedron, else exact.
    """
    half = np.broadcast_to(np.asarray(radii, float), (3,))
    if shape not in SHAPES:
        raise MeshError(f"there is no shape '{shape}'; use {', '.join(SHAPES)}")
    if axis not in ("ap", "lr", "si"):
        raise MeshError(f"a cylinder points along ap, lr or si, not '{axis}'")
    if not (np.isfinite(half).all() and (half > 0).all()):
        raise MeshError(f"the radii of a {shape} must be positive, found {half}")
    local = along_axes(mesh.points - np.asarray(center, float), frame.axes) / half
    along = ("ap", "lr", "si").index(axis)
    near = overlapping(mesh.tets, local, -1.0, 1.0)
    return _all_fractions(mesh, local, near, lambda points: _gauge(shape, points, along))


def in_shape(
    points: Floats, frame: AnatomicalFrame, shape: str, center: ArrayLike, radii: ArrayLike
) -> NDArray[np.bool_]:
    """Whether points (n, 3) [m] lie inside a shape, which is as in `shape_fractions`, shape (n,)."""
    local = along_axes(points - np.asarray(center, float), frame.axes) / np.asarray(radii, float)
    return _gauge(shape, local, 2) < 1.0


def capsule_fractions(mesh: TetMesh, start: Floats, end: Floats, radius: float) -> Floats:
    """Volume fraction of each tetrahedron within a distance of the line between two points [m], shape (m,)."""
    local, line = (mesh.points - start) / radius, (end - start) / radius
    square = float(line @ line)
    if square <= 0.0:
        raise MeshError("the ends of a capsule must be apart; use a ball")

    def gauge(points: Floats) -> Floats:
        foot = np.clip(points @ line / square, 0.0, 1.0)
        return np.linalg.norm(points - foot[:, None] * line, axis=1)

    near = overlapping(mesh.tets, local, np.minimum(line, 0.0) - 1.0, np.maximum(line, 0.0) + 1.0)
    return _all_fractions(mesh, local, near, gauge)


def slab_fractions(mesh: TetMesh, start: Floats, end: Floats) -> Floats:
    """Volume fraction of each tetrahedron between the planes through two points [m] across their join, shape (m,)."""
    half = 0.5 * float(np.linalg.norm(end - start))
    if half <= 0.0:
        raise MeshError("the planes of a slab must be apart")
    local, normal = (mesh.points - 0.5 * (start + end)) / half, 0.5 * (end - start) / half
    # Along the normal all is told; the other two directions are free.
    along = np.zeros_like(local)
    along[:, 0] = local @ normal
    near = overlapping(mesh.tets, along, -1.0, 1.0)
    return _all_fractions(mesh, along, near, lambda points: np.abs(points[:, 0]))


def _all_fractions(
    mesh: TetMesh, local: Floats, near: NDArray[np.intp], gauge: Callable[[Floats], Floats]
) -> Floats:
    """Volume fractions inside a shape that only the tetrahedra `near` can touch, from scaled coordinates (n, 3)."""
    fraction = np.zeros(len(mesh.tets))
    for start in range(0, len(near), CHUNK):
        part = near[start : start + CHUNK]
        fraction[part] = _fractions(gauge, local[mesh.tets[part]])
    return fraction


def overlapping(tets: Ints, points: Floats, low: ArrayLike, high: ArrayLike) -> NDArray[np.intp]:
    """Tetrahedra that may touch a box, in the coordinates of `points` (n, 3): their own boxes overlap it.

    A vertex has a bit for each side of the box that it lies beyond; a tetrahedron all beyond one side is left out.
    """
    beyond = np.zeros(len(points), np.uint8)
    for i, along in enumerate(points.T):
        beyond |= (along < np.broadcast_to(low, 3)[i]).astype(np.uint8) << (2 * i)
        beyond |= (along > np.broadcast_to(high, 3)[i]).astype(np.uint8) << (2 * i + 1)
    common = beyond[tets[:, 0]]
    for corner in tets.T[1:]:
        common &= beyond[corner]
    return np.flatnonzero(common == 0)


def _fractions(gauge_of: Callable[[Floats], Floats], corner: Floats) -> Floats:
    """Volume fractions of tetrahedra, given by their scaled corners (k, 4, 3), inside a shape."""
    # The gauges are 1-Lipschitz in the norm that bounds them, so a middle further from the border than its
    # corners reach settles the tetrahedron.
    middle = corner.mean(axis=1)
    reach = np.linalg.norm(corner - middle[:, None], axis=2).max(axis=1)
    gauge = gauge_of(middle)
    fraction = (gauge < 1.0).astype(float)
    doubtful = np.abs(gauge - 1.0) <= reach
    samples = np.einsum("sk,mki->msi", sample_weights(), corner[doubtful])
    inside = gauge_of(samples.reshape(-1, 3)) < 1.0
    fraction[doubtful] = inside.reshape(-1, SAMPLES).mean(axis=1)
    return fraction


def _gauge(shape: str, local: Floats, along: int) -> Floats:
    """Gauge of a shape at scaled coordinates (n, 3): below 1 inside."""
    if shape == "box":
        return np.abs(local).max(axis=1)
    if shape == "cylinder":
        across = np.delete(local, along, axis=1)
        return np.maximum(np.linalg.norm(across, axis=1), np.abs(local[:, along]))
    return np.linalg.norm(local, axis=1)


@cache
def sample_weights() -> Floats:
    """Barycentric coordinates of evenly spread points, shape (s, 4).

    An additive recurrence with powers of the root of x^4 = x + 1 fills the unit cube evenly (the generalised
    golden ratio); sorted coordinates map it onto the tetrahedron and keep volumes in proportion. A regular
    pattern would line up with faces of shapes that are parallel to the lattice.
    """
    ratio = 1.22074408460575947536
    cube = np.sort((0.5 + np.outer(np.arange(1, SAMPLES + 1), ratio ** -np.arange(1.0, 4.0))) % 1.0, axis=1)
    return np.diff(np.pad(cube, ((0, 0), (1, 1)), constant_values=(0.0, 1.0)), axis=1)
