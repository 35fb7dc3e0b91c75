"""Compiled code of coefficients and fluxes: serial, so that a run gives the same bytes on any number of threads.

Indices are unsigned where nothing is negative: Numba then need not ask of each whether it counts from the end. Values
are float64 throughout, which keeps one compiled signature a kernel.
"""

from __future__ import annotations

import numpy as np
from numba import njit

LOCAL_EDGES = np.array([[0, 1], [0, 2], [0, 3], [1, 2], [1, 3], [2, 3]], dtype=np.int32)


@njit(cache=True)
def tet_coefficients(points, tets, permeability):
    """t_ab = -|e| grad N_a . K_e grad N_b [m3] of the six edges of each tetrahedron; K as (xx, yy, zz, yz, xz, xy)."""
    t = np.empty((tets.shape[0], 6))
    grad = np.empty((4, 3))
    for e in range(tets.shape[0]):
        a, b, c, d = tets[e, 0], tets[e, 1], tets[e, 2], tets[e, 3]
        u = points[b] - points[a]
        v = points[c] - points[a]
        w = points[d] - points[a]
        grad[1] = np.cross(v, w)
        grad[2] = np.cross(w, u)
        grad[3] = np.cross(u, v)
        six_volume = u[0] * grad[1, 0] + u[1] * grad[1, 1] + u[2] * grad[1, 2]
        grad[0] = -(grad[1] + grad[2] + grad[3])
        kxx, kyy, kzz = permeability[e, 0], permeability[e, 1], permeability[e, 2]
        kyz, kxz, kxy = permeability[e, 3], permeability[e, 4], permeability[e, 5]
        for j in range(6):
            g, h = grad[LOCAL_EDGES[j, 0]], grad[LOCAL_EDGES[j, 1]]
            k_h0 = kxx * h[0] + kxy * h[1] + kxz * h[2]
            k_h1 = kxy * h[0] + kyy * h[1] + kyz * h[2]
            k_h2 = kxz * h[0] + kyz * h[1] + kzz * h[2]
            t[e, j] = -(g[0] * k_h0 + g[1] * k_h1 + g[2] * k_h2) / (6.0 * six_volume)
    return t


@njit(cache=True)
def sum_to_edges(t, tet_edges, n_edges):
    """Sum over elements of the non-negative coefficients, one value an edge."""
    total = np.zeros(n_edges)
    for e in range(t.shape[0]):
        for j in range(6):
            if t[e, j] > 0.0:
                total[tet_edges[e, j]] += t[e, j]
    return total


@njit(cache=True)
def edge_mobilities(edges, relative_cement, marrow_mobility, viscosity, pressure):
    """Mobility of both fluids on each edge [1/(Pa s)].

    What fills the pores comes from the upstream vertex, as it is carried by the flow. The viscosity varies smoothly
    along a streamline and is the mean of both ends: upstream it would be first order, 4 % of the pressure at 1.5 mm.
    """
    mobility = np.empty(edges.shape[0])
    for j in range(edges.shape[0]):
        a, b = edges[j, 0], edges[j, 1]
        up = a if pressure[a] >= pressure[b] else b
        mobility[j] = 2.0 * relative_cement[up] / (viscosity[a] + viscosity[b]) + marrow_mobility[up]
    return mobility


@njit(cache=True)
def least_mobility(tet, relative_cement, marrow_mobility, viscosity):
    """Lower bound of the mobilities on the edges of one tetrahedron."""
    thickest = viscosity[tet[0]]
    for i in range(1, 4):
        thickest = max(thickest, viscosity[tet[i]])
    least = np.inf
    for i in range(4):
        least = min(least, relative_cement[tet[i]] / thickest + marrow_mobility[tet[i]])
    return least


@njit(cache=True)
def edge_weights(
    coefficient, mobility, tets, tet_edges, t, obtuse, relative_cement, marrow_mobility, viscosity
):
    """Conductance of each edge [m3/(Pa s)]: mobility times coefficient.

    A negative coefficient takes the least mobility of its element: then every element's share is at least that
    mobility times its own positive semi-definite P1 matrix, so the sum stays definite whatever the contrast.
    """
    weight = coefficient * mobility
    for i in range(obtuse.shape[0]):
        e = obtuse[i]
        least = least_mobility(tets[e], relative_cement, marrow_mobility, viscosity)
        for j in range(6):
            if t[e, j] < 0.0:
                weight[tet_edges[e, j]] += least * t[e, j]
    return weight


@njit(cache=True)
def matrix_values(row_start, slot_edge, neighbour, diagonal_slot, fixed, weight, outlet):
    """Values of the symmetric pressure matrix in its fixed pattern; fixed vertices get rows of the identity's shape.

    A fixed vertex keeps its natural diagonal, so that the matrix stays well scaled.
    """
    values = np.zeros(slot_edge.shape[0])
    for a in range(row_start.shape[0] - 1):
        diagonal = outlet[a]
        for s in range(row_start[a], row_start[a + 1]):
            j = slot_edge[s]
            if j >= 0:
                diagonal += weight[j]
                if not fixed[a] and not fixed[neighbour[s]]:
                    values[s] = -weight[j]
        values[diagonal_slot[a]] = diagonal
    return values


@njit(cache=True)
def fixed_to_right_hand_side(edges, fixed, fixed_pressure, weight, rhs, natural_diagonal):
    """Move known pressures to the right-hand side, in place."""
    for j in range(edges.shape[0]):
        a, b = edges[j, 0], edges[j, 1]
        if fixed[a] and not fixed[b]:
            rhs[b] += weight[j] * fixed_pressure[a]
        elif fixed[b] and not fixed[a]:
            rhs[a] += weight[j] * fixed_pressure[b]
    for a in range(fixed.shape[0]):
        if fixed[a]:
            rhs[a] = natural_diagonal[a] * fixed_pressure[a]


@njit(cache=True)
def net_outflow(edges, weight, pressure, n_vertices):
    """Sum of the edge fluxes that leave each control volume [m3/s]."""
    out = np.zeros(n_vertices)
    for j in range(edges.shape[0]):
        a, b = edges[j, 0], edges[j, 1]
        flux = weight[j] * (pressure[a] - pressure[b])
        out[a] += flux
        out[b] -= flux
    return out


@njit(cache=True)
def element_velocity(
    points, tets, volumes, tet_edges, t, mobility, relative_cement, marrow_mobility, viscosity, pressure
):
    """Darcy flux of each tetrahedron [m/s] rebuilt from its edge fluxes, u = sum f_ab (x_b - x_a) / |e|.

    Exact for P1 with one mobility. In front elements the product of a mean mobility and the gradient would
    overrate it.
    """
    velocity = np.zeros((tets.shape[0], 3))
    for e in range(tets.shape[0]):
        least = -1.0
        for j in range(6):
            if t[e, j] == 0.0:
                continue
            a, b = tets[e, LOCAL_EDGES[j, 0]], tets[e, LOCAL_EDGES[j, 1]]
            if t[e, j] < 0.0:
                if least < 0.0:
                    least = least_mobility(tets[e], relative_cement, marrow_mobility, viscosity)
                m = least
            else:
                m = mobility[tet_edges[e, j]]
            flux = m * t[e, j] * (pressure[a] - pressure[b]) / volumes[e]
            for i in range(3):
                velocity[e, i] += flux * (points[b, i] - points[a, i])
    return velocity


@njit(cache=True)
def pore_shear(velocity, inverse_permeability, porosity, tets, volumes, n_vertices):
    """Volume average at the vertices of u / sqrt(k phi) [1/s], with k the permeability along the flow.

    1/k = (u . K^-1 u) / |u|^2, hence |u| / sqrt(k phi) = sqrt(u . K^-1 u / phi).
    """
    total = np.zeros(n_vertices)
    weight = np.zeros(n_vertices)
    for e in range(tets.shape[0]):
        x, y, z = velocity[e, 0], velocity[e, 1], velocity[e, 2]
        q = inverse_permeability[e]
        form = q[0] * x * x + q[1] * y * y + q[2] * z * z + 2.0 * (q[3] * y * z + q[4] * x * z + q[5] * x * y)
        rate = np.sqrt(max(form, 0.0) / porosity[e]) * volumes[e]
        for i in range(4):
            total[tets[e, i]] += rate
            weight[tets[e, i]] += volumes[e]
    return total / weight
