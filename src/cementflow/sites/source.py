"""The needle tip: a ball inside the bone into which cement is injected uniformly by volume."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cementflow.mesh.regions import overlapping
from cementflow.mesh.tetmesh import TetMesh

Floats = NDArray[np.float64]
SUBDIVISIONS = 12
CHUNK = 1000  # tetrahedra sampled at once: bounds the memory


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
    near = overlapping(mesh.tets, mesh.points, center - radius, center + radius)
    corners = mesh.points[mesh.tets[near]]
    middle = corners.mean(axis=1)
    reach = np.linalg.norm(corners - middle[:, None], axis=2).max(axis=1)
    touching = np.linalg.norm(middle - center, axis=1) <= radius + reach
    near, corners = near[touching], corners[touching]
    weights = np.zeros(len(mesh.points))
    if len(near) == 0:
        return weights
    smallest = float(np.cbrt(mesh.volumes[near].mean()))
    barycentric, ownership = barycentric_lattice(
        int(np.clip(np.ceil(SUBDIVISIONS * smallest / radius), SUBDIVISIONS, 60))
    )
    owned = np.full((len(near), 4), 0.25)  # of a tetrahedron inside the ball
    cut = np.flatnonzero((np.linalg.norm(corners - center, axis=2) > radius).any(axis=1))
    for start in range(0, len(cut), CHUNK):
        part = cut[start : start + CHUNK]
        # Sums by einsum, not by a BLAS: the same on any number of threads.
        samples = np.einsum("sk,eki->esi", barycentric, corners[part] - center)
        inside = np.einsum("esi,esi->es", samples, samples) <= radius * radius
        owned[part] = np.einsum("es,sk->ek", inside.astype(np.float64), ownership) / len(ownership)
    np.add.at(weights, mesh.tets[near], mesh.volumes[near, None] * owned)
    total = weights.sum()
    return weights / total if total > 0.0 else weights


def barycentric_lattice(n: int) -> tuple[Floats, Floats]:
    """Barycentric coordinates of the interior lattice of n points along an edge, and what each vertex owns of each."""
    i, j, k = np.meshgrid(*[np.arange(n)] * 3, indexing="ij")
    keep = i + j + k < n
    index = np.stack([i[keep], j[keep], k[keep], n - 1 - (i + j + k)[keep]], axis=1)
    largest = index == index.max(axis=1, keepdims=True)
    # Quarter offsets centre the lattice in the tetrahedron (n = 1 gives its centroid).
    return (index + 0.25) / n, largest / largest.sum(axis=1, keepdims=True)
