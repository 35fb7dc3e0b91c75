"""Compiled code of coefficients and fluxes: serial, so that a run gives the same bytes on any number of threads.

Indices are unsigned where nothing is negative: Numba then need not ask of each whether it counts from the end. Values
are float64 throughout, which keeps one compiled signature a kernel.
"""

from __future__ import annotations

import numpy as np
from numba import njit

# Local vertices of the six edges of a tetrahedron, and the edge between two of them.
FIRST, SECOND = np.array([0, 0, 0, 1, 1, 2]), np.array([1, 2, 3, 2, 3, 3])
BETWEEN = np.array([[-1, 0, 1, 2], [0, -1, 3, 4], [1, 3, -1, 5], [2, 4, 5, -1]])


@njit(cache=True, nogil=True)
def edge_conductances(edges, coefficient, relative_cement, marrow_mobility, viscosity, pressure):
    """Mobility of both fluids on each edge [1/(Pa s)], and times its coefficient the conductance [m3/(Pa s)].

    What fills the pores comes from the upstream vertex, as it is carried by the flow. The viscosity varies smoothly
    along a streamline and is the mean of both ends: upstream it would be first order, 4 % of the pressure at 1.5 mm.
    """
    mobility = np.empty(edges.shape[0])
    weight = np.empty(edges.shape[0])
    for j in range(edges.shape[0]):
        a, b = edges[j, 0], edges[j, 1]
        up = a if pressure[a] >= pressure[b] else b
        m = marrow_mobility[up]
        if relative_cement[up] > 0.0:
            m += 2.0 * relative_cement[up] / (viscosity[a] + viscosity[b])
        mobility[j] = m
        weight[j] = m * coefficient[j]
    return mobility, weight


@njit(cache=True, nogil=True)
def least_mobilities(tets, obtuse, relative_cement, marrow_mobility, viscosity):
    """Lower bound of the mobilities on the edges of each obtuse tetrahedron [1/(Pa s)]."""
    least = np.empty(obtuse.shape[0])
    for i in range(obtuse.shape[0]):
        thickest = 0.0
        for k in range(4):
            thickest = max(thickest, viscosity[tets[obtuse[i], k]])
        least[i] = np.inf
        for k in range(4):
            a = tets[obtuse[i], k]
            least[i] = min(least[i], relative_cement[a] / thickest + marrow_mobility[a])
    return least


@njit(cache=True, nogil=True)
def add_obtuse(weight, tet_edges, t, obtuse, least):
    """Add the negative coefficients to the conductances, in place.

    A negative coefficient takes the least mobility of its element: then every element's share is at least that
    mobility times its own positive semi-definite P1 matrix, so the sum stays definite whatever the contrast.
    """
    for i in range(obtuse.shape[0]):
        for j in range(6):
            if t[i, j] < 0.0:
                weight[tet_edges[obtuse[i], j]] += least[i] * t[i, j]


@njit(cache=True, nogil=True)
def pressure_rows(
    rows, row_start, slot_edge, neighbour, diagonal_slot, fixed, fixed_pressure, weight, outlet, values, known
):
    """Rows of the symmetric pressure matrix in its fixed pattern, and what known pressures add to the right-hand side.

    A fixed vertex keeps its natural diagonal, so that the matrix stays well scaled, and its pressure is all of its
    right-hand side. `values` and `known` are changed in place.
    """
    for i in range(rows.shape[0]):
        a = rows[i]
        diagonal, total = outlet[a], 0.0
        for s in range(row_start[a], row_start[a + 1]):
            j = slot_edge[s]
            if j >= 0:
                diagonal += weight[j]
                values[s] = 0.0
                if not fixed[a]:
                    if fixed[neighbour[s]]:
                        total += weight[j] * fixed_pressure[neighbour[s]]
                    else:
                        values[s] = -weight[j]
        values[diagonal_slot[a]] = diagonal
        known[a] = diagonal * fixed_pressure[a] if fixed[a] else total


@njit(cache=True, nogil=True)
def edge_fluxes(edges, weight, pressure):
    """Flux from the first to the second vertex of each edge [m3/s], and what leaves each control volume in all."""
    flux = np.empty(edges.shape[0])
    out = np.zeros(pressure.shape[0])
    for j in range(edges.shape[0]):
        a, b = edges[j, 0], edges[j, 1]
        flux[j] = weight[j] * (pressure[a] - pressure[b])
        out[a] += flux[j]
        out[b] -= flux[j]
    return flux, out


@njit(cache=True, nogil=True)
def reroute_obtuse(flux, tets, tet_edges, t, obtuse, least, pressure):
    """Let what flows through negative coefficients take the other edges of its tetrahedron, in place.

    A negative coefficient carries fluid against the pressure, and transport along such fluxes runs in circles. Half of
    it each way over the two other vertices is the same flow: each vertex keeps its balance, the element its velocity.

    Parameters
    ----------
    flux
        Of the edges, from lower to higher vertex [m3/s].
    tets, tet_edges, t, obtuse, least
        Of the mesh, and the mobility of the negative coefficients of each obtuse tetrahedron.
    pressure
        At the vertices [Pa].
    """
    for i in range(obtuse.shape[0]):
        e = obtuse[i]
        for j in range(6):
            if t[i, j] < 0.0:
                a, b = FIRST[j], SECOND[j]
                f = least[i] * t[i, j] * (pressure[tets[e, a]] - pressure[tets[e, b]])
                flux[tet_edges[e, j]] -= f if tets[e, a] < tets[e, b] else -f
                for k in range(4):
                    if k != a and k != b:
                        flux[tet_edges[e, BETWEEN[a, k]]] += 0.5 * (f if tets[e, a] < tets[e, k] else -f)
                        flux[tet_edges[e, BETWEEN[k, b]]] += 0.5 * (f if tets[e, k] < tets[e, b] else -f)


@njit(cache=True, nogil=True)
def touching(tets, marked):
    """Tetrahedra with a marked vertex, ascending."""
    found = np.empty(tets.shape[0], np.uint32)
    count = 0
    for e in range(tets.shape[0]):
        if marked[tets[e, 0]] or marked[tets[e, 1]] or marked[tets[e, 2]] or marked[tets[e, 3]]:
            found[count] = e
            count += 1
    return found[:count].copy()


@njit(cache=True, nogil=True)
def element_velocity(chosen, points, tets, permeability, tet_edges, mobility, pressure, t, obtuse, least):
    """Darcy flux of chosen tetrahedra [m/s] rebuilt from their edge fluxes, u = sum f_ab (x_b - x_a) / |e|.

    Exact for P1 with one mobility. In front elements the product of a mean mobility and the gradient would overrate it.
    The sum is taken vertex by vertex: what a vertex receives, times its position. The coefficients are those of
    `element_coefficients`, made again: that takes no longer than to read them. All in one loop: calls that hand arrays
    on cost ten times as much as the arithmetic.

    Parameters
    ----------
    chosen
        Tetrahedra, ascending.
    points, tets, tet_edges
        Of the mesh.
    permeability
        As (xx, yy, zz, yz, xz, xy) [m2], shape (m, 6), or (1, 6) for one that holds everywhere.
    mobility, least
        On the edges, and of the negative coefficients of each obtuse tetrahedron [1/(Pa s)].
    pressure
        At the vertices [Pa].
    t, obtuse
        Coefficients of the obtuse tetrahedra, and their numbers.

    Returns
    -------
    ndarray
        Shape (chosen, 3).
    """
    velocity = np.empty((chosen.shape[0], 3))
    flux = np.empty(6)
    next_obtuse = 0
    for i_chosen in range(chosen.shape[0]):
        e = chosen[i_chosen]
        while next_obtuse < obtuse.shape[0] and obtuse[next_obtuse] < e:
            next_obtuse += 1
        a, b, c, d = tets[e, 0], tets[e, 1], tets[e, 2], tets[e, 3]
        x, y, z = points[a, 0], points[a, 1], points[a, 2]
        bx, by, bz = points[b, 0] - x, points[b, 1] - y, points[b, 2] - z
        cx, cy, cz = points[c, 0] - x, points[c, 1] - y, points[c, 2] - z
        dx, dy, dz = points[d, 0] - x, points[d, 1] - y, points[d, 2] - z
        # Gradients of the last three hat functions times six volumes.
        gbx, gby, gbz = cy * dz - cz * dy, cz * dx - cx * dz, cx * dy - cy * dx
        six_volumes = bx * gbx + by * gby + bz * gbz
        pa, pb, pc, pd = pressure[a], pressure[b], pressure[c], pressure[d]
        if next_obtuse < obtuse.shape[0] and obtuse[next_obtuse] == e:
            for j in range(6):
                flux[j] = t[next_obtuse, j] * (
                    least[next_obtuse] if t[next_obtuse, j] < 0.0 else mobility[tet_edges[e, j]]
                )
        else:
            gcx, gcy, gcz = dy * bz - dz * by, dz * bx - dx * bz, dx * by - dy * bx
            gdx, gdy, gdz = by * cz - bz * cy, bz * cx - bx * cz, bx * cy - by * cx
            k = e if permeability.shape[0] > 1 else 0
            xx, yy, zz = permeability[k, 0], permeability[k, 1], permeability[k, 2]
            yz, xz, xy = permeability[k, 3], permeability[k, 4], permeability[k, 5]
            fx, fy, fz = (
                xx * gcx + xy * gcy + xz * gcz,
                xy * gcx + yy * gcy + yz * gcz,
                xz * gcx + yz * gcy + zz * gcz,
            )
            bc = gbx * fx + gby * fy + gbz * fz
            cc = gcx * fx + gcy * fy + gcz * fz
            cd = gdx * fx + gdy * fy + gdz * fz
            fx, fy, fz = (
                xx * gdx + xy * gdy + xz * gdz,
                xy * gdx + yy * gdy + yz * gdz,
                xz * gdx + yz * gdy + zz * gdz,
            )
            bd = gbx * fx + gby * fy + gbz * fz
            dd = gdx * fx + gdy * fy + gdz * fz
            fx, fy, fz = (
                xx * gbx + xy * gby + xz * gbz,
                xy * gbx + yy * gby + yz * gbz,
                xz * gbx + yz * gby + zz * gbz,
            )
            bb = gbx * fx + gby * fy + gbz * fz
            # The four gradients add up to nothing.
            scale = 1.0 / (6.0 * six_volumes)
            flux[0] = (bb + bc + bd) * scale * mobility[tet_edges[e, 0]]
            flux[1] = (bc + cc + cd) * scale * mobility[tet_edges[e, 1]]
            flux[2] = (bd + cd + dd) * scale * mobility[tet_edges[e, 2]]
            flux[3] = -bc * scale * mobility[tet_edges[e, 3]]
            flux[4] = -bd * scale * mobility[tet_edges[e, 4]]
            flux[5] = -cd * scale * mobility[tet_edges[e, 5]]
        b_to_c, b_to_d, c_to_d = flux[3] * (pb - pc), flux[4] * (pb - pd), flux[5] * (pc - pd)
        to_b = (flux[0] * (pa - pb) - b_to_c - b_to_d) * 6.0 / six_volumes
        to_c = (flux[1] * (pa - pc) + b_to_c - c_to_d) * 6.0 / six_volumes
        to_d = (flux[2] * (pa - pd) + b_to_d + c_to_d) * 6.0 / six_volumes
        velocity[i_chosen, 0] = to_b * bx + to_c * cx + to_d * dx
        velocity[i_chosen, 1] = to_b * by + to_c * cy + to_d * dy
        velocity[i_chosen, 2] = to_b * bz + to_c * cz + to_d * dz
    return velocity


@njit(cache=True, nogil=True)
def pore_shear(chosen, velocity, inverse_permeability, porosity, tets, volumes, n_vertices):
    """Volume average of u / sqrt(k phi) [1/s] over the chosen tetrahedra at each vertex, with k along the flow.

    1/k = (u . K^-1 u) / |u|^2, hence |u| / sqrt(k phi) = sqrt(u . K^-1 u / phi). NaN where there is none of them.
    """
    total = np.zeros(n_vertices)
    weight = np.zeros(n_vertices)
    for i_chosen in range(chosen.shape[0]):
        e = chosen[i_chosen]
        x, y, z = velocity[i_chosen, 0], velocity[i_chosen, 1], velocity[i_chosen, 2]
        k = e if inverse_permeability.shape[0] > 1 else 0
        xx, yy, zz = inverse_permeability[k, 0], inverse_permeability[k, 1], inverse_permeability[k, 2]
        yz, xz, xy = inverse_permeability[k, 3], inverse_permeability[k, 4], inverse_permeability[k, 5]
        form = xx * x * x + yy * y * y + zz * z * z + 2.0 * (yz * y * z + xz * x * z + xy * x * y)
        pores = porosity[e if porosity.shape[0] > 1 else 0]
        rate = np.sqrt(max(form, 0.0) / pores) * volumes[e]
        for i in range(4):
            total[tets[e, i]] += rate
            weight[tets[e, i]] += volumes[e]
    for a in range(n_vertices):
        total[a] = total[a] / weight[a] if weight[a] > 0.0 else np.nan
    return total
