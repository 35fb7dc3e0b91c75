"""Compiled code that brings a pressure system up to date where it changes: at the edges with cement.

Marrow far from the cement keeps its mobility, and most of a bone is far from the cement.
"""

from __future__ import annotations

import numpy as np

from cementflow.compiled import kernel
from cementflow.fem.kernels import edge_mobility, least_mobility

NONE = np.uint32(0xFFFFFFFF)


@kernel
def edges_near(n_edges, wet, tets, t, obtuse, obtuse_edges, row_start, slot_edge):
    """Edges whose conductance depends on what happens at some vertices.

    Those with such a vertex at an end, and those with a negative coefficient in an obtuse tetrahedron that has one.

    Parameters
    ----------
    n_edges
        Of the mesh.
    wet
        Whether it is such a vertex, shape (n,).
    tets, t, obtuse, obtuse_edges, row_start, slot_edge
        Of the mesh.

    Returns
    -------
    chosen
        The edges, ascending.
    adding, place
        Obtuse tetrahedra that add to some of them, by their place in `obtuse`, ascending; and where the edges that each
        adds to stand among the chosen ones, `NONE` for its others, shape (adding, 6).
    """
    place = np.full(n_edges, NONE, np.uint32)
    for a in range(row_start.shape[0] - 1):
        if wet[a]:
            for s in range(row_start[a], row_start[a + 1]):
                if slot_edge[s] >= 0:
                    place[slot_edge[s]] = 0
    for i in range(obtuse.shape[0]):
        e = obtuse[i]
        if wet[tets[e, 0]] or wet[tets[e, 1]] or wet[tets[e, 2]] or wet[tets[e, 3]]:
            for j in range(6):
                if t[i, j] < 0.0:
                    place[obtuse_edges[i, j]] = 0
    chosen = np.empty(n_edges, np.uint32)
    size = 0
    for j in range(n_edges):
        if place[j] != NONE:
            chosen[size], place[j] = j, size
            size += 1
    adding = np.empty(obtuse.shape[0], np.uint32)
    count = 0
    for i in range(obtuse.shape[0]):
        for j in range(6):
            if t[i, j] < 0.0 and place[obtuse_edges[i, j]] != NONE:
                adding[count] = i
                count += 1
                break
    place_of = np.full((count, 6), NONE, np.uint32)
    for k in range(count):
        for j in range(6):
            if t[adding[k], j] < 0.0:
                place_of[k, j] = place[obtuse_edges[adding[k], j]]
    return chosen[:size].copy(), adding[:count].copy(), place_of


@kernel
def edge_conductances(
    chosen,
    adding,
    place,
    edges,
    coefficient,
    tets,
    t,
    obtuse,
    relative_cement,
    marrow_mobility,
    viscosity,
    pressure,
):
    """Conductances of chosen edges [m3/(Pa s)]: the mobility on each times its coefficient, and the negative ones.

    Parameters
    ----------
    chosen, adding, place
        As of `edges_near`.
    edges, coefficient, tets, t, obtuse
        Of the mesh.
    relative_cement, marrow_mobility, viscosity, pressure
        At the vertices, as in `edge_mobility`.
    """
    weight = np.empty(chosen.shape[0])
    for i in range(chosen.shape[0]):
        j = chosen[i]
        a, b = edges[j, 0], edges[j, 1]
        weight[i] = coefficient[j] * edge_mobility(
            pressure[a],
            pressure[b],
            relative_cement[a],
            relative_cement[b],
            marrow_mobility[a],
            marrow_mobility[b],
            viscosity[a],
            viscosity[b],
        )
    for k in range(adding.shape[0]):
        i = adding[k]
        e = obtuse[i]
        a, b, c, d = tets[e, 0], tets[e, 1], tets[e, 2], tets[e, 3]
        least = least_mobility(
            relative_cement[a],
            relative_cement[b],
            relative_cement[c],
            relative_cement[d],
            marrow_mobility[a],
            marrow_mobility[b],
            marrow_mobility[c],
            marrow_mobility[d],
            viscosity[a],
            viscosity[b],
            viscosity[c],
            viscosity[d],
        )
        for j in range(6):
            if t[i, j] < 0.0 and place[k, j] != NONE:
                weight[place[k, j]] += least * t[i, j]
    return weight


@kernel
def rows_of(chosen, edges, touched):
    """Mark the ends of chosen edges, in place."""
    for i in range(chosen.shape[0]):
        touched[edges[chosen[i], 0]] = True
        touched[edges[chosen[i], 1]] = True


@kernel
def add_outflow(out, chosen, edges, conductance, before, pressure):
    """Add what leaves each vertex along chosen edges [m3/s], by conductances beyond those before of all edges."""
    for i in range(chosen.shape[0]):
        a, b = edges[chosen[i], 0], edges[chosen[i], 1]
        f = (conductance[i] - before[chosen[i]]) * (pressure[a] - pressure[b])
        out[a] += f
        out[b] -= f
