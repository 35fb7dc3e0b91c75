"""The needle tip: a ball inside the bone into which cement is injected uniformly by volume."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cementflow.mesh.tetmesh import TetMesh

Floats = NDArray[np.float64]
SUBDIVISIONS = 12


def ball_weights(mesh: TetMesh, center: Floats, radius: float) -> Floats:
    """Fraction of a ball that lies in each control volume.

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
        Weights that sum to 1, shape (n,); all zero if the ball does not touch the mesh.
    """
    corners = mesh.points[mesh.tets]
    middle = corners.mean(axis=1)
    reach = np.linalg.norm(corners - middle[:, None], axis=2).max(axis=1)
    near = np.flatnonzero(np.linalg.norm(middle - center, axis=1) <= radius + reach)
    weights = np.zeros(len(mesh.points))
    if len(near) == 0:
        return weights
    smallest = float(np.cbrt(mesh.volumes[near].mean()))
    barycentric, ownership = _lattice(
        int(np.clip(np.ceil(SUBDIVISIONS * smallest / radius), SUBDIVISIONS, 60))
    )
    for e in near:
        inside = np.linalg.norm(barycentric @ corners[e] - center, axis=1) <= radius
        if inside.any():
            weights[mesh.tets[e]] += mesh.volumes[e] * ownership[inside].sum(axis=0) / len(ownership)
    total = weights.sum()
    return weights / total if total > 0.0 else weights


def _lattice(n: int) -> tuple[Floats, Floats]:
    """Barycentric coordinates of the interior lattice of n points along an edge, and what each vertex owns of each."""
    i, j, k = np.meshgrid(*[np.arange(n)] * 3, indexing="ij")
    keep = i + j + k < n
    index = np.stack([i[keep], j[keep], k[keep], n - 1 - (i + j + k)[keep]], axis=1)
    largest = index == index.max(axis=1, keepdims=True)
    # Quarter offsets centre the lattice in the tetrahedron (n = 1 gives its centroid).
    return (index + 0.25) / n, largest / largest.sum(axis=1, keepdims=True)
