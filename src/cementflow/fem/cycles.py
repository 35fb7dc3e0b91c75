"""Compiled code that takes the smallest cycles out of a flow."""

from __future__ import annotations

import numpy as np

from cementflow.compiled import kernel

# Where one flux is split into equal parts, round-off must not decide between them; then the higher pressure does.
LESS = 1.0 - 1e-9
ONE = np.uint32(1)


@kernel
def cancel_triangles(by_pressure, start, ahead, pressure, away, through, incoming):
    """Take out what flows round triangles, in place; every vertex keeps its balance.

    Where an edge carries fluid against the pressure, from a to b, it mostly comes back by one more vertex k. The least
    of the three fluxes is subtracted from all of them. Vertices have their turn by falling pressure, and the strongest
    of their triangles goes first, so that nothing depends on how they are numbered.

    Parameters
    ----------
    by_pressure
        Vertices by falling pressure.
    start, ahead
        Their neighbours by rows, ascending.
    pressure
        At the vertices [Pa].
    away, through, incoming
        Flux to each neighbour, what leaves each vertex along its edges, and number of neighbours that bring something
        (`region.flow_graph`).
    """
    for i in range(by_pressure.shape[0]):
        a = by_pressure[i]
        row_end = start[a + ONE]
        while True:
            # The strongest triangle: slots from a to b, from b to k, and from a to k.
            strongest, highest = 0.0, 0.0
            ab, bk, ak = start[a], start[a], start[a]
            for s in range(start[a], row_end):
                b = ahead[s]
                if not (away[s] > strongest * LESS and pressure[a] < pressure[b]):
                    continue
                # Both rows ascend: their common columns are the third vertices.
                u = start[a]
                for w in range(start[b], start[b + ONE]):
                    k = ahead[w]
                    while u < row_end and ahead[u] < k:
                        u += ONE
                    if u == row_end:
                        break
                    least = min(away[s], away[w], -away[u])
                    if ahead[u] != k or not least > strongest * LESS:
                        continue
                    height = pressure[b] + pressure[k]
                    if least * LESS > strongest or height > highest:
                        strongest, highest, ab, bk, ak = least, height, s, w, u
            if strongest == 0.0:
                break
            b, k = ahead[ab], ahead[bk]
            away[ab] -= strongest
            away[bk] -= strongest
            away[ak] += strongest
            for x in range(start[b], start[b + ONE]):
                if ahead[x] == a:
                    away[x] += strongest
            for x in range(start[k], start[k + ONE]):
                if ahead[x] == a:
                    away[x] -= strongest
                elif ahead[x] == b:
                    away[x] += strongest
            through[a] -= strongest
            through[b] -= strongest
            through[k] -= strongest
            incoming[b] -= away[ab] == 0.0
            incoming[k] -= away[bk] == 0.0
            incoming[a] -= away[ak] == 0.0
