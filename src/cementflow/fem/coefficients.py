"""Compiled sums over the tetrahedra that are made once a mesh: coefficients of the flow and pore volumes."""

from __future__ import annotations

import numpy as np

from cementflow.compiled import kernel
from cementflow.mesh.topology import TET_EDGES

# A coefficient below this share of the largest of its element is round-off: right angles, of which a body-centred cubic
# mesh has many, would come out a hair negative.
ROUND_OFF = 1e-11


@kernel
def element_coefficients(points, tets, tet_edges, n_edges, permeability, porosity):  # type: ignore[no-untyped-def]
    """t_ab = -|e| grad N_a . K_e grad N_b [m3] of the six edges of each tetrahedron, and what is summed from elements.

    Parameters
    ----------
    points, tets, tet_edges, n_edges
        Of the mesh; every signed volume positive.
    permeability
        As (xx, yy, zz, yz, xz, xy) [m2], shape (m, 6), or (1, 6) for one that holds everywhere.
    porosity
        Shape (m,) [-], or (1,).

    Returns
    -------
    t, shape (m, 6); the sum of the non-negative t of each edge; tetrahedra that have a negative one; the pore volume of
    each vertex [m3].
    """
    t = np.empty((tets.shape[0], 6))
    total = np.zeros(n_edges)
    pores = np.zeros(points.shape[0])
    obtuse = np.empty(tets.shape[0], np.uint32)
    count = 0
    grad, flux = np.empty((4, 3)), np.empty((4, 3))
    for e in range(tets.shape[0]):
        a, b, c, d = tets[e, 0], tets[e, 1], tets[e, 2], tets[e, 3]
        x, y, z = points[a, 0], points[a, 1], points[a, 2]
        ux, uy, uz = points[b, 0] - x, points[b, 1] - y, points[b, 2] - z
        vx, vy, vz = points[c, 0] - x, points[c, 1] - y, points[c, 2] - z
        wx, wy, wz = points[d, 0] - x, points[d, 1] - y, points[d, 2] - z
        # Gradients times six volumes.
        grad[1, 0], grad[1, 1], grad[1, 2] = vy * wz - vz * wy, vz * wx - vx * wz, vx * wy - vy * wx
        grad[2, 0], grad[2, 1], grad[2, 2] = wy * uz - wz * uy, wz * ux - wx * uz, wx * uy - wy * ux
        grad[3, 0], grad[3, 1], grad[3, 2] = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
        six_volumes = ux * grad[1, 0] + uy * grad[1, 1] + uz * grad[1, 2]
        for i in range(3):
            grad[0, i] = -(grad[1, i] + grad[2, i] + grad[3, i])
        row = e if permeability.shape[0] > 1 else 0
        share = porosity[e if porosity.shape[0] > 1 else 0]
        kxx, kyy, kzz = permeability[row, 0], permeability[row, 1], permeability[row, 2]
        kyz, kxz, kxy = permeability[row, 3], permeability[row, 4], permeability[row, 5]
        for k in range(4):
            gx, gy, gz = grad[k, 0], grad[k, 1], grad[k, 2]
            flux[k, 0] = kxx * gx + kxy * gy + kxz * gz
            flux[k, 1] = kxy * gx + kyy * gy + kyz * gz
            flux[k, 2] = kxz * gx + kyz * gy + kzz * gz
            pores[tets[e, k]] += 0.25 * share * six_volumes / 6.0
        largest = 0.0
        for j in range(6):
            p, q = TET_EDGES[j, 0], TET_EDGES[j, 1]
            product = grad[p, 0] * flux[q, 0] + grad[p, 1] * flux[q, 1] + grad[p, 2] * flux[q, 2]
            t[e, j] = -product / (6.0 * six_volumes)
            largest = max(largest, abs(t[e, j]))
        negative = False
        for j in range(6):
            if abs(t[e, j]) < ROUND_OFF * largest:
                t[e, j] = 0.0
            elif t[e, j] > 0.0:
                total[tet_edges[e, j]] += t[e, j]
            else:
                negative = True
        if negative:
            obtuse[count] = e
            count += 1
    return t, total, obtuse[:count].copy(), pores
