"""Signed distance to a triangle surface: closest triangle, and a winding number that forgives holes.

The sign comes from the generalized winding number (Jacobson, Kavan & Sorkine-Hornung 2013, ACM Trans.
Graph. 32(4), 33), with distant triangles lumped into dipoles (Barill, Dickson, Schmidt, Levin & Jacobson
2018, ACM Trans. Graph. 37(4), 43). Solid angle of a triangle: van Oosterom & Strackee 1983, IEEE Trans.
Biomed. Eng. 30, 125-126.
"""

from __future__ import annotations

import numpy as np

from cementflow.compiled import kernel
from cementflow.mesh.tetmesh import Floats, Ints

LEAF = 8
# A node is seen as one dipole from further away than this many of its radii.
FAR = 2.0


class SurfaceDistance:
    """Signed distance to a triangle surface with outward triangles, negative inside.

    Parameters
    ----------
    points
        Vertices [m], shape (n, 3).
    triangles
        Vertex indices, shape (m, 3), oriented outward (a few wrong or missing ones are forgiven).
    """

    def __init__(self, points: Floats, triangles: Ints) -> None:
        corners = np.ascontiguousarray(points[triangles], dtype=np.float64)
        box_low, box_high = corners.min(axis=1), corners.max(axis=1)
        order, first, count, right = _build(0.5 * (box_low + box_high))
        self._corners = corners[order]
        self._first, self._count, self._right = first, count, right
        self._low, self._high = _boxes(box_low[order], box_high[order], first, count)
        self._centre, self._normal, self._radius = _dipoles(self._corners, first, count)

    def __call__(self, queries: Floats) -> Floats:
        """Signed distance [m] at points (n, 3), shape (n,)."""
        distance = self.distance(queries)
        return np.where(self.winding(queries) > 0.5, -distance, distance)

    def distance(self, queries: Floats) -> Floats:
        """Unsigned distance [m] at points (n, 3), shape (n,)."""
        queries = np.ascontiguousarray(queries, dtype=np.float64)
        return _distances(
            queries, self._corners, self._low, self._high, self._first, self._count, self._right
        )

    def winding(self, queries: Floats) -> Floats:
        """Generalized winding number at points (n, 3), shape (n,): about 1 inside, 0 outside."""
        queries = np.ascontiguousarray(queries, dtype=np.float64)
        return _windings(
            queries,
            self._corners,
            self._centre,
            self._normal,
            self._radius,
            self._first,
            self._count,
            self._right,
        )


@kernel
def _build(centroid):  # type: ignore[no-untyped-def]
    """Split at the median of the longest axis down to small leaves.

    Nodes are in depth-first order, so the left child of node i is i + 1; `right` is the other one or -1.
    """
    n = len(centroid)
    order = np.arange(n)
    size = 2 * n + 1
    first, count, right = np.zeros(size, np.int64), np.zeros(size, np.int64), np.full(size, -1, np.int64)
    starts, ends, parents = np.zeros(128, np.int64), np.zeros(128, np.int64), np.full(128, -1, np.int64)
    ends[0] = n
    depth, nodes = 1, 0
    while depth > 0:
        depth -= 1
        start, end, parent = starts[depth], ends[depth], parents[depth]
        node = nodes
        nodes += 1
        if parent >= 0:
            right[parent] = node
        first[node], count[node] = start, end - start
        if end - start <= LEAF:
            continue
        part = order[start:end]
        axis, widest = 0, -1.0
        for k in range(3):
            values = centroid[part, k]
            if values.max() - values.min() > widest:
                axis, widest = k, values.max() - values.min()
        order[start:end] = part[np.argsort(centroid[part, axis], kind="mergesort")]
        middle = (start + end) // 2
        starts[depth], ends[depth], parents[depth] = middle, end, node
        starts[depth + 1], ends[depth + 1], parents[depth + 1] = start, middle, -1
        depth += 2
    return order, first[:nodes].copy(), count[:nodes].copy(), right[:nodes].copy()


@kernel
def _boxes(low, high, first, count):  # type: ignore[no-untyped-def]
    """Box of each node, shapes (k, 3)."""
    box_low, box_high = np.empty((len(first), 3)), np.empty((len(first), 3))
    for node in range(len(first)):
        for k in range(3):
            part = slice(first[node], first[node] + count[node])
            box_low[node, k] = low[part, k].min()
            box_high[node, k] = high[part, k].max()
    return box_low, box_high


@kernel
def _dipoles(corners, first, count):  # type: ignore[no-untyped-def]
    """Area-weighted centre, summed area vector and radius of the triangles of each node."""
    nodes = len(first)
    centre, normal, radius = np.zeros((nodes, 3)), np.zeros((nodes, 3)), np.zeros(nodes)
    for node in range(nodes):
        total = 0.0
        for t in range(first[node], first[node] + count[node]):
            a, b, c = corners[t, 0], corners[t, 1], corners[t, 2]
            area = 0.5 * np.cross(b - a, c - a)
            weight = np.sqrt((area * area).sum())
            total += weight
            normal[node] += area
            centre[node] += weight * (a + b + c) / 3.0
        centre[node] /= total
        for t in range(first[node], first[node] + count[node]):
            for k in range(3):
                offset = corners[t, k] - centre[node]
                radius[node] = max(radius[node], np.sqrt((offset * offset).sum()))
    return centre, normal, radius


@kernel
def _windings(queries, corners, centre, normal, radius, first, count, right):  # type: ignore[no-untyped-def]
    result = np.empty(len(queries))
    stack = np.empty(128, np.int64)
    for q in range(len(queries)):
        x, y, z = queries[q, 0], queries[q, 1], queries[q, 2]
        total = 0.0
        stack[0] = 0
        depth = 1
        while depth > 0:
            depth -= 1
            node = stack[depth]
            dx, dy, dz = centre[node, 0] - x, centre[node, 1] - y, centre[node, 2] - z
            square = dx * dx + dy * dy + dz * dz
            reach = FAR * radius[node]
            if square > reach * reach:
                flux = dx * normal[node, 0] + dy * normal[node, 1] + dz * normal[node, 2]
                total += flux / (square * np.sqrt(square))
            elif right[node] < 0:
                for t in range(first[node], first[node] + count[node]):
                    total += _solid_angle(corners[t], x, y, z)
            else:
                stack[depth], stack[depth + 1] = right[node], node + 1
                depth += 2
        result[q] = total / (4.0 * np.pi)
    return result


@kernel
def _solid_angle(triangle, x, y, z):  # type: ignore[no-untyped-def]
    """Signed solid angle of a triangle seen from a point; zero from its own corners."""
    ax, ay, az = triangle[0, 0] - x, triangle[0, 1] - y, triangle[0, 2] - z
    bx, by, bz = triangle[1, 0] - x, triangle[1, 1] - y, triangle[1, 2] - z
    cx, cy, cz = triangle[2, 0] - x, triangle[2, 1] - y, triangle[2, 2] - z
    a = np.sqrt(ax * ax + ay * ay + az * az)
    b = np.sqrt(bx * bx + by * by + bz * bz)
    c = np.sqrt(cx * cx + cy * cy + cz * cz)
    numerator = ax * (by * cz - bz * cy) + ay * (bz * cx - bx * cz) + az * (bx * cy - by * cx)
    ab, bc, ca = ax * bx + ay * by + az * bz, bx * cx + by * cy + bz * cz, cx * ax + cy * ay + cz * az
    return 2.0 * np.arctan2(numerator, a * b * c + ab * c + bc * a + ca * b)


@kernel
def _distances(queries, corners, low, high, first, count, right):  # type: ignore[no-untyped-def]
    result = np.empty(len(queries))
    stack, bound = np.empty(128, np.int64), np.empty(128)
    best = np.inf
    for q in range(len(queries)):
        x, y, z = queries[q, 0], queries[q, 1], queries[q, 2]
        if q > 0:
            # The last answer bounds this one: a good start where queries are sorted in space.
            dx, dy, dz = x - queries[q - 1, 0], y - queries[q - 1, 1], z - queries[q - 1, 2]
            reach = (np.sqrt(best) + np.sqrt(dx * dx + dy * dy + dz * dz)) * (1.0 + 1e-9)
            best = reach * reach + 1e-300
        stack[0], bound[0] = 0, _box_distance(low[0], high[0], x, y, z)
        depth = 1
        while depth > 0:
            depth -= 1
            node = stack[depth]
            if bound[depth] >= best:
                continue
            if right[node] < 0:
                for t in range(first[node], first[node] + count[node]):
                    best = min(best, _triangle_distance(corners[t], x, y, z))
                continue
            near, far = node + 1, right[node]
            to_near = _box_distance(low[near], high[near], x, y, z)
            to_far = _box_distance(low[far], high[far], x, y, z)
            if to_far < to_near:
                near, far, to_near, to_far = far, near, to_far, to_near
            stack[depth], bound[depth] = far, to_far
            stack[depth + 1], bound[depth + 1] = near, to_near
            depth += 2
        result[q] = np.sqrt(best)
    return result


@kernel
def _box_distance(low, high, x, y, z):  # type: ignore[no-untyped-def]
    """Squared distance from a point to a box."""
    dx = max(low[0] - x, 0.0, x - high[0])
    dy = max(low[1] - y, 0.0, y - high[1])
    dz = max(low[2] - z, 0.0, z - high[2])
    return dx * dx + dy * dy + dz * dz


@kernel
def _triangle_distance(triangle, x, y, z):  # type: ignore[no-untyped-def]
    """Squared distance from a point to a triangle: to its plane or, beside it, to its edges."""
    ux, uy, uz = (
        triangle[1, 0] - triangle[0, 0],
        triangle[1, 1] - triangle[0, 1],
        triangle[1, 2] - triangle[0, 2],
    )
    vx, vy, vz = (
        triangle[2, 0] - triangle[0, 0],
        triangle[2, 1] - triangle[0, 1],
        triangle[2, 2] - triangle[0, 2],
    )
    px, py, pz = x - triangle[0, 0], y - triangle[0, 1], z - triangle[0, 2]
    nx, ny, nz = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
    square = nx * nx + ny * ny + nz * nz
    if square > 0.0:
        # Barycentric weights of the foot of the point, times the squared normal.
        v = (py * vz - pz * vy) * nx + (pz * vx - px * vz) * ny + (px * vy - py * vx) * nz
        w = (uy * pz - uz * py) * nx + (uz * px - ux * pz) * ny + (ux * py - uy * px) * nz
        if v >= 0.0 and w >= 0.0 and v + w <= square:
            height = px * nx + py * ny + pz * nz
            return height * height / square
    return min(
        _segment_distance(triangle[0], triangle[1], x, y, z),
        _segment_distance(triangle[1], triangle[2], x, y, z),
        _segment_distance(triangle[2], triangle[0], x, y, z),
    )


@kernel
def _segment_distance(a, b, x, y, z):  # type: ignore[no-untyped-def]
    """Squared distance from a point to a segment."""
    ux, uy, uz = b[0] - a[0], b[1] - a[1], b[2] - a[2]
    px, py, pz = x - a[0], y - a[1], z - a[2]
    square = ux * ux + uy * uy + uz * uz
    t = 0.0
    if square > 0.0:
        t = min(1.0, max(0.0, (px * ux + py * uy + pz * uz) / square))
    dx, dy, dz = px - t * ux, py - t * uy, pz - t * uz
    return dx * dx + dy * dy + dz * dz
