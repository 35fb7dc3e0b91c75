"""Compiled topology of tetrahedra: edges, the pattern of a matrix, faces that match, pieces.

Everything is found by sorting into one short list a vertex, so the cost grows with the mesh and no key needs 64 bits.
Indices are unsigned 32-bit throughout: Numba then need not ask of each whether it counts from the end.
"""

from __future__ import annotations

import numpy as np

from cementflow.compiled import kernel

# Faces of a positively oriented tetrahedron, seen from outside counter-clockwise.
TET_FACES = np.array([[1, 2, 3], [0, 3, 2], [0, 1, 3], [0, 2, 1]], dtype=np.int32)
# Local vertex pairs of the six edges.
TET_EDGES = np.array([[0, 1], [0, 2], [0, 3], [1, 2], [1, 3], [2, 3]], dtype=np.int32)


@kernel
def number_edges(tets, n):  # type: ignore[no-untyped-def]
    """Distinct edges (k, 2), lower vertex first, in lexicographic order, and the edge of each local pair (m, 6).

    Each vertex keeps a sorted list of the higher vertices that it is joined to.
    """
    room = np.zeros(n + 1, np.uint32)
    for e in range(tets.shape[0]):
        for i in range(4):
            for j in range(4):
                if tets[e, i] < tets[e, j]:
                    room[tets[e, i] + 1] += 1
    for a in range(n):
        room[a + 1] += room[a]
    higher = np.empty(room[n], np.uint32)
    end = room.copy()
    for e in range(tets.shape[0]):
        for i in range(4):
            for j in range(4):
                a, b = tets[e, i], tets[e, j]
                if a < b:
                    k = end[a]
                    while k > room[a] and higher[k - 1] > b:
                        k -= 1
                    if k == room[a] or higher[k - 1] != b:
                        for s in range(end[a], k, -1):
                            higher[s] = higher[s - 1]
                        higher[k] = b
                        end[a] += 1
    count = 0
    for a in range(n):
        count += end[a] - room[a]
    edges = np.empty((count, 2), np.uint32)
    number = np.empty(n, np.uint32)  # of the first edge of each vertex
    count = 0
    for a in range(n):
        number[a] = count
        for s in range(room[a], end[a]):
            edges[count, 0], edges[count, 1] = a, higher[s]
            count += 1
    tet_edges = np.empty((tets.shape[0], 6), np.uint32)
    for e in range(tets.shape[0]):
        for j in range(6):
            a, b = tets[e, TET_EDGES[j, 0]], tets[e, TET_EDGES[j, 1]]
            if a > b:
                a, b = b, a
            k = room[a]
            while higher[k] != b:
                k += 1
            tet_edges[e, j] = number[a] + (k - room[a])
    return edges, tet_edges


@kernel
def row_pattern(edges, n):  # type: ignore[no-untyped-def]
    """CSR pattern with sorted columns: row starts, columns, edge behind each slot (-1 on the diagonal).

    The edges come in lexicographic order, so a row meets its lower neighbours, itself and its higher ones in turn.
    """
    start = np.zeros(n + 1, np.uint32)
    for j in range(edges.shape[0]):
        start[edges[j, 0] + 1] += 1
        start[edges[j, 1] + 1] += 1
    for a in range(n):
        start[a + 1] += start[a] + 1
    column = np.empty(start[n], np.uint32)
    behind = np.empty(start[n], np.int32)
    free = start[:n].copy()
    j = 0
    for a in range(n):
        s = free[a]
        column[s], behind[s] = a, -1
        free[a] = s + 1
        while j < edges.shape[0] and edges[j, 0] == a:
            b = edges[j, 1]
            column[free[a]], column[free[b]] = b, a
            behind[free[a]], behind[free[b]] = j, j
            free[a] += 1
            free[b] += 1
            j += 1
    return start, column, behind


@kernel
def match_faces(tets, n):  # type: ignore[no-untyped-def]
    """Which face (4 e + k, opposite vertex k of e) each face coincides with, and how many are badly shared.

    Returns
    -------
    The twin of each face, -1 for one alone, shape (4 m,); the number of faces beyond the second at the same place; the
    number of pairs that see their common triangle from the same side.
    """
    start = np.zeros(n + 1, np.uint32)
    for e in range(tets.shape[0]):
        for k in range(4):
            a = tets[e, TET_FACES[k, 0]]
            start[min(a, tets[e, TET_FACES[k, 1]], tets[e, TET_FACES[k, 2]]) + 1] += 1
    for a in range(n):
        start[a + 1] += start[a]
    # By lowest vertex: number of the face (twice, plus 1 where sorting its vertices takes an odd number of swaps), the
    # other two vertices in order.
    face, middle, top = (
        np.empty(start[n], np.uint32),
        np.empty(start[n], np.uint32),
        np.empty(start[n], np.uint32),
    )
    free = start[:n].copy()
    for e in range(tets.shape[0]):
        for k in range(4):
            a, b, c = tets[e, TET_FACES[k, 0]], tets[e, TET_FACES[k, 1]], tets[e, TET_FACES[k, 2]]
            odd = 0
            if a > b:
                a, b, odd = b, a, 1
            if b > c:
                b, c, odd = c, b, 1 - odd
            if a > b:
                a, b, odd = b, a, 1 - odd
            s = free[a]
            face[s], middle[s], top[s] = 2 * (4 * e + k) + odd, b, c
            free[a] = s + 1
    twin = np.full(4 * tets.shape[0], -1, np.int32)
    crowded, overlapping = 0, 0
    for a in range(n):
        for s in range(start[a], start[a + 1]):
            for r in range(s, start[a], -1):
                if middle[r - 1] == middle[s] and top[r - 1] == top[s]:
                    here, there = face[s] >> 1, face[r - 1] >> 1
                    crowded += twin[there] >= 0
                    overlapping += (face[s] & 1) == (face[r - 1] & 1)
                    twin[here], twin[there] = there, here
                    break
    return twin, crowded, overlapping


@kernel
def pieces(rows, n):  # type: ignore[no-untyped-def]
    """Piece of each of n things, where each row of numbers belongs together; numbered by their first member."""
    root = np.empty(n, np.uint32)
    for a in range(n):
        root[a] = a
    for r in range(rows.shape[0]):
        a = rows[r, 0]
        while root[a] != a:
            root[a] = root[root[a]]
            a = root[a]
        for i in range(1, rows.shape[1]):
            b = rows[r, i]
            while root[b] != b:
                root[b] = root[root[b]]
                b = root[b]
            if b < a:
                a, b = b, a
            root[b] = a
    label = np.empty(n, np.int32)
    count = 0
    for a in range(n):
        if root[a] == a:
            label[a] = count
            count += 1
        else:
            label[a] = label[root[a]]  # a root is never above its members
    return count, label


@kernel
def signed_volumes(points, tets):  # type: ignore[no-untyped-def]
    """Signed volume of each tetrahedron [m3]; positive when 3 sees 0, 1, 2 counter-clockwise."""
    volume = np.empty(tets.shape[0])
    for e in range(tets.shape[0]):
        a, b, c, d = tets[e, 0], tets[e, 1], tets[e, 2], tets[e, 3]
        x, y, z = points[a, 0], points[a, 1], points[a, 2]
        ux, uy, uz = points[b, 0] - x, points[b, 1] - y, points[b, 2] - z
        vx, vy, vz = points[c, 0] - x, points[c, 1] - y, points[c, 2] - z
        wx, wy, wz = points[d, 0] - x, points[d, 1] - y, points[d, 2] - z
        volume[e] = (ux * (vy * wz - vz * wy) + uy * (vz * wx - vx * wz) + uz * (vx * wy - vy * wx)) / 6.0
    return volume
