"""Compiled code that takes the smallest cycles out of a flow."""

from __future__ import annotations

import numpy as np
from numba import njit

# Where one flux is split into equal parts, round-off must not decide between them; then the higher pressure does.
LESS = 1.0 - 1e-9


@njit(cache=True, nogil=True)
def cancel_triangles(by_pressure, row_start, neighbour, pressure, slot_flux, through, incoming):
    """Take out what flows round triangles, in place; every vertex keeps its balance.

    Where an edge carries fluid against the pressure, from a to b, it mostly comes back by one more vertex k. The least
    of the three fluxes is subtracted from all of them. Vertices have their turn by falling pressure, and the strongest
    of their triangles goes first, so that nothing depends on how they are numbered.

    Parameters
    ----------
    by_pressure
        Vertices of a region by falling pressure.
    row_start, neighbour
        The pattern.
    pressure
        At the vertices [Pa].
    slot_flux, through, incoming
        Fluxes of the slots, what leaves each vertex along its edges, and number of its edges that bring something from
        the region (`upwind.slot_fluxes`).
    """
    inside = np.zeros(row_start.shape[0] - 1, np.bool_)
    for i in range(by_pressure.shape[0]):
        inside[by_pressure[i]] = True
    for i in range(by_pressure.shape[0]):
        a = by_pressure[i]
        while True:
            # The strongest triangle: slots from a to b, from b to k, and from a to k.
            strongest, highest = 0.0, 0.0
            ab, bk, ak = row_start[a], row_start[a], row_start[a]
            for s in range(row_start[a], row_start[a + 1]):
                b = neighbour[s]
                if not (slot_flux[s] > strongest * LESS and pressure[a] < pressure[b] and inside[b]):
                    continue
                # Both rows ascend: their common columns are the third vertices.
                u, end = row_start[a], row_start[a + 1]
                for w in range(row_start[b], row_start[b + 1]):
                    k = neighbour[w]
                    while u < end and neighbour[u] < k:
                        u += 1
                    if u == end:
                        break
                    least = min(slot_flux[s], slot_flux[w], -slot_flux[u])
                    if neighbour[u] != k or not inside[k] or not least > strongest * LESS:
                        continue
                    height = pressure[b] + pressure[k]
                    if least * LESS > strongest or height > highest:
                        strongest, highest, ab, bk, ak = least, height, s, w, u
            if strongest == 0.0:
                break
            b, k = neighbour[ab], neighbour[bk]
            slot_flux[ab] -= strongest
            slot_flux[bk] -= strongest
            slot_flux[ak] += strongest
            for x in range(row_start[b], row_start[b + 1]):
                if neighbour[x] == a:
                    slot_flux[x] += strongest
            for x in range(row_start[k], row_start[k + 1]):
                if neighbour[x] == a:
                    slot_flux[x] -= strongest
                elif neighbour[x] == b:
                    slot_flux[x] += strongest
            through[a] -= strongest
            through[b] -= strongest
            through[k] -= strongest
            incoming[b] -= slot_flux[ab] == 0.0
            incoming[k] -= slot_flux[bk] == 0.0
            incoming[a] -= slot_flux[ak] == 0.0
