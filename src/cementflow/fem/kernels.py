"""Compiled code of coefficients and fluxes: serial, so that a run gives the same bytes on any number of threads.

Indices are unsigned where nothing is negative: Numba then need not ask of each whether it counts from the end. Values
are float64 throughout, which keeps one compiled signature a kernel.
"""

from __future__ import annotations

import numpy as np

from cementflow.compiled import inner, kernel

# Local vertices of the six edges of a tetrahedron, and the edge between two of them.
FIRST, SECOND = np.array([0, 0, 0, 1, 1, 2]), np.array([1, 2, 3, 2, 3, 3])
BETWEEN = np.array([[-1, 0, 1, 2], [0, -1, 3, 4], [1, 3, -1, 5], [2, 4, 5, -1]])


@inner
def edge_mobility(pressure_a, pressure_b, cement_a, cement_b, marrow_a, marrow_b, viscosity_a, viscosity_b):
    """Mobility of both fluids on the edge between two vertices [1/(Pa s)].

    What fills the pores comes from the upstream vertex, as it is carried by the flow. The viscosity varies smoothly
    along a streamline and is the mean of both ends: upstream it would be first order, 4 % of the pressure at 1.5 mm.

    Parameters
    ----------
    pressure_a, pressure_b
        At both ends [Pa].
    cement_a, cement_b
        Relative permeabilities of the cement [-].
    marrow_a, marrow_b
        Mobilities of the marrow [1/(Pa s)].
    viscosity_a, viscosity_b
        Of the cement [Pa s].
    """
    cement, marrow = (cement_a, marrow_a) if pressure_a >= pressure_b else (cement_b, marrow_b)
    return marrow + 2.0 * cement / (viscosity_a + viscosity_b) if cement > 0.0 else marrow


@inner
def least_mobility(
    cement_a,
    cement_b,
    cement_c,
    cement_d,
    marrow_a,
    marrow_b,
    marrow_c,
    marrow_d,
    viscosity_a,
    viscosity_b,
    viscosity_c,
    viscosity_d,
):
    """Lower bound of the mobilities on the edges of a tetrahedron [1/(Pa s)], which its negative coefficients take.

    Then every element's share of the matrix is at least that mobility times its own positive semi-definite P1 matrix,
    so the sum stays definite whatever the contrast.
    """
    thickest = max(max(viscosity_a, viscosity_b), max(viscosity_c, viscosity_d))
    return min(
        min(cement_a / thickest + marrow_a, cement_b / thickest + marrow_b),
        min(cement_c / thickest + marrow_c, cement_d / thickest + marrow_d),
    )


@kernel
def pressure_rows(
    rows, row_start, slot_edge, neighbour, fixed, fixed_pressure, weight, outlet, diagonal, known
):
    """Diagonal of the pressure matrix in some rows, and what known pressures add to the right-hand side.

    A fixed vertex keeps its natural diagonal, so that the matrix stays well scaled, and its pressure is all of its
    right-hand side. `diagonal` and `known` are changed in place.
    """
    for i in range(rows.shape[0]):
        a = rows[i]
        own, total = outlet[a], 0.0
        for s in range(row_start[a], row_start[a + 1]):
            j = slot_edge[s]
            if j >= 0:
                own += weight[j]
                if not fixed[a] and fixed[neighbour[s]]:
                    total += weight[j] * fixed_pressure[neighbour[s]]
        diagonal[a] = own
        known[a] = own * fixed_pressure[a] if fixed[a] else total


@kernel
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


@kernel
def reroute_obtuse(
    flux, tets, obtuse_edges, t, obtuse, relative_cement, marrow_mobility, viscosity, pressure
):
    """Let what flows through negative coefficients take the other edges of its tetrahedron, in place.

    A negative coefficient carries fluid against the pressure, and transport along such fluxes runs in circles. Half of
    it each way over the two other vertices is the same flow: each vertex keeps its balance, the element its velocity.

    Parameters
    ----------
    flux
        Of the edges, from lower to higher vertex [m3/s].
    tets, obtuse_edges, t, obtuse
        Of the mesh.
    relative_cement, marrow_mobility, viscosity, pressure
        At the vertices, as in `edge_mobility`.
    """
    for i in range(obtuse.shape[0]):
        e = obtuse[i]
        v0, v1, v2, v3 = tets[e, 0], tets[e, 1], tets[e, 2], tets[e, 3]
        least = least_mobility(
            relative_cement[v0],
            relative_cement[v1],
            relative_cement[v2],
            relative_cement[v3],
            marrow_mobility[v0],
            marrow_mobility[v1],
            marrow_mobility[v2],
            marrow_mobility[v3],
            viscosity[v0],
            viscosity[v1],
            viscosity[v2],
            viscosity[v3],
        )
        for j in range(6):
            if t[i, j] < 0.0:
                a, b = FIRST[j], SECOND[j]
                f = least * t[i, j] * (pressure[tets[e, a]] - pressure[tets[e, b]])
                flux[obtuse_edges[i, j]] -= f if tets[e, a] < tets[e, b] else -f
                for k in range(4):
                    if k != a and k != b:
                        flux[obtuse_edges[i, BETWEEN[a, k]]] += 0.5 * (f if tets[e, a] < tets[e, k] else -f)
                        flux[obtuse_edges[i, BETWEEN[k, b]]] += 0.5 * (f if tets[e, k] < tets[e, b] else -f)


@kernel
def with_neighbours(marked, row_start, neighbour):
    """Marked vertices and all that are joined to them."""
    found = marked.copy()
    for a in range(marked.shape[0]):
        if marked[a]:
            for s in range(row_start[a], row_start[a + 1]):
                found[neighbour[s]] = True
    return found


@kernel
def touching(tets, marked):
    """Tetrahedra with a marked vertex, ascending."""
    found = np.empty(tets.shape[0], np.uint32)
    count = 0
    for e in range(tets.shape[0]):
        if marked[tets[e, 0]] or marked[tets[e, 1]] or marked[tets[e, 2]] or marked[tets[e, 3]]:
            found[count] = e
            count += 1
    return found[:count].copy()


@kernel
def element_velocity(
    chosen, points, tets, permeability, relative_cement, marrow_mobility, viscosity, pressure, t, obtuse
):
    """Darcy flux of chosen tetrahedra [m/s] rebuilt from their edge fluxes, u = sum f_ab (x_b - x_a) / |e|.

    Exact for P1 with one mobility. In front elements the product of a mean mobility and the gradient would overrate it.
    The sum is taken vertex by vertex: what a vertex receives, times its position. The coefficients are those of
    `element_coefficients`, made again: that takes no longer than to read them. All in one loop: calls that hand arrays
    on cost ten times as much as the arithmetic.

    Parameters
    ----------
    chosen
        Tetrahedra, ascending.
    points, tets
        Of the mesh.
    permeability
        As (xx, yy, zz, yz, xz, xy) [m2], shape (m, 6), or (1, 6) for one that holds everywhere.
    relative_cement, marrow_mobility, viscosity, pressure
        At the vertices, as in `edge_mobility`.
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
        inverse = 1.0 / (bx * gbx + by * gby + bz * gbz)
        pa, pb, pc, pd = pressure[a], pressure[b], pressure[c], pressure[d]
        ca, cb, cc, cd = relative_cement[a], relative_cement[b], relative_cement[c], relative_cement[d]
        ma, mb, mc, md = marrow_mobility[a], marrow_mobility[b], marrow_mobility[c], marrow_mobility[d]
        va, vb, vc, vd = viscosity[a], viscosity[b], viscosity[c], viscosity[d]
        flux[0] = edge_mobility(pa, pb, ca, cb, ma, mb, va, vb)
        flux[1] = edge_mobility(pa, pc, ca, cc, ma, mc, va, vc)
        flux[2] = edge_mobility(pa, pd, ca, cd, ma, md, va, vd)
        flux[3] = edge_mobility(pb, pc, cb, cc, mb, mc, vb, vc)
        flux[4] = edge_mobility(pb, pd, cb, cd, mb, md, vb, vd)
        flux[5] = edge_mobility(pc, pd, cc, cd, mc, md, vc, vd)
        if next_obtuse < obtuse.shape[0] and obtuse[next_obtuse] == e:
            least = least_mobility(ca, cb, cc, cd, ma, mb, mc, md, va, vb, vc, vd)
            for j in range(6):
                flux[j] = t[next_obtuse, j] * (least if t[next_obtuse, j] < 0.0 else flux[j])
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
            g_bc = gbx * fx + gby * fy + gbz * fz
            g_cc = gcx * fx + gcy * fy + gcz * fz
            g_cd = gdx * fx + gdy * fy + gdz * fz
            fx, fy, fz = (
                xx * gdx + xy * gdy + xz * gdz,
                xy * gdx + yy * gdy + yz * gdz,
                xz * gdx + yz * gdy + zz * gdz,
            )
            g_bd = gbx * fx + gby * fy + gbz * fz
            g_dd = gdx * fx + gdy * fy + gdz * fz
            fx, fy, fz = (
                xx * gbx + xy * gby + xz * gbz,
                xy * gbx + yy * gby + yz * gbz,
                xz * gbx + yz * gby + zz * gbz,
            )
            g_bb = gbx * fx + gby * fy + gbz * fz
            # The four gradients add up to nothing.
            scale = inverse / 6.0
            flux[0] *= (g_bb + g_bc + g_bd) * scale
            flux[1] *= (g_bc + g_cc + g_cd) * scale
            flux[2] *= (g_bd + g_cd + g_dd) * scale
            flux[3] *= -g_bc * scale
            flux[4] *= -g_bd * scale
            flux[5] *= -g_cd * scale
        b_to_c, b_to_d, c_to_d = flux[3] * (pb - pc), flux[4] * (pb - pd), flux[5] * (pc - pd)
        to_b = (flux[0] * (pa - pb) - b_to_c - b_to_d) * 6.0 * inverse
        to_c = (flux[1] * (pa - pc) + b_to_c - c_to_d) * 6.0 * inverse
        to_d = (flux[2] * (pa - pd) + b_to_d + c_to_d) * 6.0 * inverse
        velocity[i_chosen, 0] = to_b * bx + to_c * cx + to_d * dx
        velocity[i_chosen, 1] = to_b * by + to_c * cy + to_d * dy
        velocity[i_chosen, 2] = to_b * bz + to_c * cz + to_d * dz
    return velocity


@kernel
def add_shear(total, chosen, velocity, inverse_permeability, porosity, tets, volumes):
    """Add u / sqrt(k phi) [1/s] of chosen tetrahedra times their volume at their vertices, in place; k along the flow.

    1/k = (u . K^-1 u) / |u|^2, hence |u| / sqrt(k phi) = sqrt(u . K^-1 u / phi).
    """
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
