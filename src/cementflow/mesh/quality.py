"""How good a tetrahedral mesh is: edge lengths, dihedral angles and the sign of the finite-element coefficients."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from cementflow.compiled import kernel
from cementflow.mesh.tetmesh import Floats, TetMesh
from cementflow.mesh.topology import TET_EDGES, TET_FACES

# A coefficient further below zero than this share of the mean magnitude counts as negative.
NEGATIVE = 1e-10


@dataclass(frozen=True, eq=False)
class Quality:
    """Edges and shape of the tetrahedra of a mesh.

    Parameters
    ----------
    mean_edge_length
        Over the distinct edges [m].
    dihedral
        Smallest and largest dihedral angle [degrees].
    coefficient
        Isotropic coefficient -sum |e| grad N_a . grad N_b of each edge of the mesh [m], shape (k,).
    """

    mean_edge_length: float
    dihedral: tuple[float, float]
    coefficient: Floats

    @property
    def negative_share(self) -> float:
        """Share of edges with a negative coefficient.

        Such edges can push fluid against the pressure gradient; a body-centred-cubic interior has none.
        """
        return float(np.mean(self.coefficient < -NEGATIVE * np.abs(self.coefficient).mean()))


def mesh_quality(mesh: TetMesh) -> Quality:
    """Edge lengths, dihedral angles and edge coefficients of a mesh."""
    edges, tet_edges = mesh.number_edges()
    coefficient, least, most = _angles(mesh.points, mesh.indices, tet_edges, len(edges))
    angles = (math.degrees(math.acos(min(1.0, most))), math.degrees(math.acos(max(-1.0, least))))
    return Quality(mesh.mean_edge_length, angles, coefficient)


@kernel
def _angles(points, tets, tet_edges, n_edges):  # type: ignore[no-untyped-def]
    """Sums of the edge coefficients, smallest and largest cosine of a dihedral angle.

    The gradient of N_a is the inward area vector opposite a over three times the volume, and the angle at an edge that
    between the outward area vectors of the two faces that do not hold one of its ends.
    """
    total = np.zeros(n_edges)
    least, most = 1.0, -1.0
    area = np.empty((4, 3))
    size = np.empty(4)
    for e in range(tets.shape[0]):
        for k in range(4):
            a, b, c = tets[e, TET_FACES[k, 0]], tets[e, TET_FACES[k, 1]], tets[e, TET_FACES[k, 2]]
            x, y, z = points[a, 0], points[a, 1], points[a, 2]
            ux, uy, uz = points[b, 0] - x, points[b, 1] - y, points[b, 2] - z
            vx, vy, vz = points[c, 0] - x, points[c, 1] - y, points[c, 2] - z
            nx, ny, nz = 0.5 * (uy * vz - uz * vy), 0.5 * (uz * vx - ux * vz), 0.5 * (ux * vy - uy * vx)
            area[k, 0], area[k, 1], area[k, 2] = nx, ny, nz
            size[k] = np.sqrt(nx * nx + ny * ny + nz * nz)
        # Three times the volume: the outward area opposite the first vertex and the way to it from there.
        a, b = tets[e, 0], tets[e, 1]
        volume = (
            area[0, 0] * (points[b, 0] - points[a, 0])
            + area[0, 1] * (points[b, 1] - points[a, 1])
            + area[0, 2] * (points[b, 2] - points[a, 2])
        )
        for j in range(6):
            p, q = TET_EDGES[j, 0], TET_EDGES[j, 1]
            dot = area[p, 0] * area[q, 0] + area[p, 1] * area[q, 1] + area[p, 2] * area[q, 2]
            total[tet_edges[e, j]] -= dot / (3.0 * volume)
            cosine = -dot / (size[p] * size[q])
            least, most = min(least, cosine), max(most, cosine)
    return total, least, most
