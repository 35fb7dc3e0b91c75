"""The needle tip: a ball inside the bone into which cement is injected uniformly by volume."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cementflow.compiled import kernel
from cementflow.mesh.regions import overlapping
from cementflow.mesh.tetmesh import TetMesh

Floats = NDArray[np.float64]
SUBDIVISIONS = 12


def ball_weights(mesh: TetMesh, center: Floats, radius: float) -> Floats:
    """Shares of the control volumes in what of a ball lies in the mesh, shape (n,), sum 1; 0 if nothing does.

    See `ball_volumes`.
    """
    return shares(ball_volumes(mesh, center, radius))


def shares(volumes: Floats) -> Floats:
    """Volumes relative to their sum; all zero if that is."""
    total = volumes.sum()
    return volumes / total if total > 0.0 else volumes


def ball_volumes(mesh: TetMesh, center: Floats, radius: float) -> Floats:
    """Volume of a ball that lies in each control volume [m3].

    Every tetrahedron that may touch the ball is sampled at the points of a regular barycentric lattice; a sample
    belongs to the vertex with its largest barycentric coordinate, as the median-dual control volumes have it;
    vertices that tie share it, as nothing may depend on their order. Whole vertices instead would move the source by
    half a mesh width.

    Parameters
    ----------
    mesh
        The tetrahedra.
    center, radius
        Of the ball [m].

    Returns
    -------
    ndarray
        Shape (n,); all zero if the ball does not touch the mesh.
    """
    near = overlapping(mesh.tets, mesh.points, center - radius, center + radius)
    corners = mesh.points[mesh.tets[near]]
    middle = corners.mean(axis=1)
    reach = _lengths(corners - middle[:, None]).max(axis=1)
    touching = _lengths(middle - center) <= radius + reach
    near, corners = near[touching], corners[touching]
    inside_of = np.zeros(len(mesh.points))
    if len(near) == 0:
        return inside_of
    volumes = mesh.volumes[near]
    smallest = float(np.cbrt(volumes.mean()))
    barycentric, ownership = barycentric_lattice(
        int(np.clip(np.ceil(SUBDIVISIONS * smallest / radius), SUBDIVISIONS, 60))
    )
    owned = np.full((len(near), 4), 0.25)  # of a tetrahedron inside the ball
    cut = np.flatnonzero((_lengths(corners - center) > radius).any(axis=1))
    owned[cut] = _sampled(corners[cut] - center, radius, barycentric, ownership)
    np.add.at(inside_of, mesh.tets[near], volumes[:, None] * owned)
    return inside_of


@kernel
def _sampled(corners, radius, barycentric, ownership):  # type: ignore[no-untyped-def]
    """Share of each tetrahedron (m, 4, 3) that is within `radius` of the origin and belongs to each corner, (m, 4)."""
    owned = np.zeros((corners.shape[0], 4))
    for e in range(corners.shape[0]):
        for s in range(barycentric.shape[0]):
            square = 0.0
            for i in range(3):
                x = 0.0
                for k in range(4):
                    x += barycentric[s, k] * corners[e, k, i]
                square += x * x
            if square <= radius * radius:
                for k in range(4):
                    owned[e, k] += ownership[s, k]
    return owned / barycentric.shape[0]


def _lengths(vectors: Floats) -> Floats:
    """Euclidean norms along the last axis."""
    return np.sqrt(np.einsum("...i,...i->...", vectors, vectors))


def barycentric_lattice(n: int) -> tuple[Floats, Floats]:
    """Barycentric coordinates of the interior lattice of n points along an edge, and what each vertex owns of each."""
    i, j, k = np.meshgrid(*[np.arange(n)] * 3, indexing="ij")
    keep = i + j + k < n
    index = np.stack([i[keep], j[keep], k[keep], n - 1 - (i + j + k)[keep]], axis=1)
    largest = index == index.max(axis=1, keepdims=True)
    # Quarter offsets centre the lattice in the tetrahedron (n = 1 gives its centroid).
    return (index + 0.25) / n, largest / largest.sum(axis=1, keepdims=True)
