"""How good a tetrahedral mesh is: dihedral angles and the sign of the finite-element coefficients."""

from __future__ import annotations

import math

import numpy as np

from cementflow.mesh.tetmesh import TET_EDGES, TET_FACES, Floats, Ints, TetMesh


def area_vectors(mesh: TetMesh) -> Floats:
    """Outward area vector [m2] of the face opposite each vertex of each tetrahedron, shape (m, 4, 3)."""
    corner = mesh.points[mesh.tets]
    a, b, c = (corner[:, TET_FACES[:, i]] for i in range(3))
    return 0.5 * np.cross(b - a, c - a)


def dihedral_range(mesh: TetMesh) -> tuple[float, float]:
    """Smallest and largest dihedral angle [degrees]."""
    normal = area_vectors(mesh)
    normal /= np.linalg.norm(normal, axis=2, keepdims=True)
    cosine = -np.einsum("mei,mei->me", normal[:, TET_EDGES[:, 0]], normal[:, TET_EDGES[:, 1]])
    return math.degrees(math.acos(min(1.0, cosine.max()))), math.degrees(math.acos(max(-1.0, cosine.min())))


def edge_coefficients(mesh: TetMesh) -> tuple[Ints, Floats]:
    """Edges (k, 2) and their assembled isotropic coefficients -sum |e| grad N_a . grad N_b [m], shape (k,).

    The gradient of N_a is the inward area vector opposite a over three times the volume.
    """
    normal = area_vectors(mesh)
    dot = np.einsum("mei,mei->me", normal[:, TET_EDGES[:, 0]], normal[:, TET_EDGES[:, 1]])
    part = -dot / (9.0 * mesh.volumes[:, None])
    pairs = np.sort(mesh.tets[:, TET_EDGES].reshape(-1, 2), axis=1).astype(np.int64)
    key, inverse = np.unique(pairs[:, 0] * len(mesh.points) + pairs[:, 1], return_inverse=True)
    total = np.bincount(inverse, part.ravel(), minlength=len(key))
    return np.stack(np.divmod(key, len(mesh.points)), axis=1).astype(np.int32), np.asarray(total, float)


def negative_share(mesh: TetMesh, tolerance: float = 1e-10) -> float:
    """Share of edges whose coefficient is below minus `tolerance` times the mean magnitude.

    Such edges can push fluid against the pressure gradient; a body-centred-cubic interior has none.
    """
    value = edge_coefficients(mesh)[1]
    return float(np.mean(value < -tolerance * np.abs(value).mean()))
