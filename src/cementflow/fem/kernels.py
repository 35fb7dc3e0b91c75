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
def missed_at_tip(upstream, downstream, flow, mesh, thickening, relative_cement, marrow_mobility, viscosity):
    """What the flow dissipates along edges near the tip beyond what the mesh does, over the squared rate [Pa s/m3].

    Parameters
    ----------
    upstream, downstream, flow, mesh
        As of `NearTip`.
    thickening
        Viscosity that the flow meets along each edge over that which the mesh takes; one number for all if that is 1.
    relative_cement, marrow_mobility, viscosity
        At the vertices, as in `edge_mobility`.
    """
    more = 0.0
    each = thickening.shape[0] > 1
    for i in range(upstream.shape[0]):
        a = upstream[i]
        mean = 0.5 * (viscosity[a] + viscosity[downstream[i]])
        cement = relative_cement[a] / mean
        more += flow[i] / (marrow_mobility[a] + cement / thickening[i if each else 0])
        more -= mesh[i] / (marrow_mobility[a] + cement)
    return more


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
def touching(tets, marks):
    """Tetrahedra with a vertex whose mark is 1, and all others with one whose mark is 2; ascending."""
    first, second = np.empty(tets.shape[0], np.uint32), np.empty(tets.shape[0], np.uint32)
    count, further = 0, 0
    for e in range(tets.shape[0]):
        mark = marks[tets[e, 0]] | marks[tets[e, 1]] | marks[tets[e, 2]] | marks[tets[e, 3]]
        if mark & 1:
            first[count] = e
            count += 1
        elif mark & 2:
            second[further] = e
            further += 1
    return first[:count].copy(), second[:further].copy()
