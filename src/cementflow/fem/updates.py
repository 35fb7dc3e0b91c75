"""Compiled code for what changes from one linear system of a pressure field to the next: the edges with cement.

Marrow far from the cement keeps its mobility, and most of a bone is far from the cement.
"""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def with_cement(n_edges, tets, tet_edges, t, obtuse, row_start, slot_edge, relative_cement):
    """Edges whose conductance depends on pressure and viscosity of the cement.

    Those with cement at an end, and those with a negative coefficient in an obtuse tetrahedron that has cement at a
    vertex.

    Returns
    -------
    chosen, place
        The edges, ascending; and where each edge of the mesh stands among them (not set for the others).
    wet
        The obtuse tetrahedra with cement, by their place in `obtuse`, ascending.
    """
    marked = np.zeros(n_edges, np.bool_)
    for a in range(row_start.shape[0] - 1):
        if relative_cement[a] > 0.0:
            for s in range(row_start[a], row_start[a + 1]):
                if slot_edge[s] >= 0:
                    marked[slot_edge[s]] = True
    wet = np.empty(obtuse.shape[0], np.uint32)
    count = 0
    for i in range(obtuse.shape[0]):
        e = obtuse[i]
        for k in range(4):
            if relative_cement[tets[e, k]] > 0.0:
                wet[count] = i
                count += 1
                for j in range(6):
                    if t[i, j] < 0.0:
                        marked[tet_edges[e, j]] = True
                break
    chosen, place = np.empty(n_edges, np.uint32), np.empty(n_edges, np.uint32)
    size = 0
    for j in range(n_edges):
        if marked[j]:
            chosen[size], place[j] = j, size
            size += 1
    return chosen[:size].copy(), place, wet[:count].copy()


@njit(cache=True, nogil=True)
def conductance_changes(
    chosen,
    place,
    wet,
    edges,
    coefficient,
    tets,
    tet_edges,
    t,
    obtuse,
    relative_cement,
    marrow_mobility,
    viscosity,
    pressure,
    mobility,
    least,
):
    """What `edge_conductances`, `least_mobilities` and `add_obtuse` would give on chosen edges.

    Returns
    -------
    Mobilities of the chosen edges, change of their conductances, and least mobilities of the wet tetrahedra.
    """
    new_mobility, change = np.empty(chosen.shape[0]), np.empty(chosen.shape[0])
    for i in range(chosen.shape[0]):
        j = chosen[i]
        a, b = edges[j, 0], edges[j, 1]
        up = a if pressure[a] >= pressure[b] else b
        m = marrow_mobility[up]
        if relative_cement[up] > 0.0:
            m += 2.0 * relative_cement[up] / (viscosity[a] + viscosity[b])
        new_mobility[i] = m
        change[i] = (m - mobility[j]) * coefficient[j]
    new_least = np.empty(wet.shape[0])
    for i in range(wet.shape[0]):
        e = obtuse[wet[i]]
        thickest = 0.0
        for k in range(4):
            thickest = max(thickest, viscosity[tets[e, k]])
        lowest = np.inf
        for k in range(4):
            a = tets[e, k]
            lowest = min(lowest, relative_cement[a] / thickest + marrow_mobility[a])
        new_least[i] = lowest
        more = lowest - least[wet[i]]
        for j in range(6):
            if t[wet[i], j] < 0.0:
                change[place[tet_edges[e, j]]] += more * t[wet[i], j]
    return new_mobility, change, new_least


@njit(cache=True, nogil=True)
def add_outflow(out, chosen, edges, conductance, pressure):
    """Add what leaves each vertex along chosen edges of given conductances [m3/s], in place."""
    for i in range(chosen.shape[0]):
        a, b = edges[chosen[i], 0], edges[chosen[i], 1]
        f = conductance[i] * (pressure[a] - pressure[b])
        out[a] += f
        out[b] -= f
