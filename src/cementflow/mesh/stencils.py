"""What remains of body-centred-cubic tetrahedra when a surface cuts them.

Signs are -1 inside, 0 on the surface, +1 outside. A cut tetrahedron leaves a smaller tetrahedron, a pyramid
or a prism (the cases of Labelle & Shewchuk 2007). Quadrilaterals that two tetrahedra share are split by a
rule that depends on the quadrilateral alone: the diagonal starts at the corner whose edge keeps the longer
stump inside.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cementflow.mesh.lattice import half_coordinates
from cementflow.mesh.tetmesh import Floats, touching

Index = NDArray[Any]


def cut_tets(
    tets: Index, sign: NDArray[np.int8], a: Index, b: Index, points: Floats, shape: tuple[int, int, int]
) -> Index:
    """Replace tetrahedra that the surface cuts by what lies inside.

    Parameters
    ----------
    tets
        Lattice tetrahedra with at least one point inside, shape (m, 4).
    sign
        Side of each lattice point after moving points onto the surface, shape (n,).
    a, b
        Ends of the edges that have cut points, shape (k,).
    points
        Coordinates of the lattice points and, after them, of the cut points [m], shape (n + k, 3).
    shape
        Cells of the lattice.

    Returns
    -------
    Tetrahedra, shape (p, 4), of any orientation; number n + e stands for the cut point of edge e.
    """
    cuts = Cuts(a, b, len(sign), points, shape)
    whole = ~touching(tets, sign >= 0)
    pieces = [tets[whole]]
    tets = tets[~whole]
    # Inside points first, then those on the surface, then outside.
    tets = np.take_along_axis(tets, np.argsort(sign[tets], axis=1, kind="stable"), axis=1)
    inside = np.count_nonzero(sign[tets] < 0, axis=1)
    outside = np.count_nonzero(sign[tets] > 0, axis=1)
    pieces.append(tets[outside == 0])
    for n_out in (1, 2, 3):
        pieces.append(cuts.corners(tets[(inside == 1) & (outside == n_out)], n_out))
    pieces.append(cuts.pyramids(tets[(inside == 2) & (outside == 1)]))
    pieces.append(cuts.wedges(tets[(inside == 2) & (outside == 2)]))
    pieces.append(cuts.truncated(tets[(inside == 3) & (outside == 1)]))
    return np.concatenate(pieces)


class Cuts:
    """Cut points by the lattice edge they are on, and the stencils that use them."""

    def __init__(self, a: Index, b: Index, first: int, points: Floats, shape: tuple[int, int, int]) -> None:
        self._first = first
        self._points = points
        self._shape = shape
        self._grain = 1e-9 * float(np.ptp(points[:first], axis=0).max()) / max(shape)
        key = self._edge_key(a, b)
        order = np.argsort(key)
        self._order, self._key = order.astype(np.int32), key[order]

    def _edge_key(self, a: Index, b: Index) -> Index:
        return np.minimum(a, b).astype(np.int64) * self._first + np.maximum(a, b)

    def point(self, a: Index, b: Index) -> Index:
        """Number of the cut point between two lattice points."""
        return self._first + self._order[np.searchsorted(self._key, self._edge_key(a, b))]

    def starts_at_first(self, a: Index, b: Index, out: Index) -> NDArray[np.bool_]:
        """Whether the diagonal of the quadrilateral a, b, cut(b), cut(a) starts at a (else at b).

        It starts at the longer stump, which any number of quadrilaterals at one tetrahedron can agree on.
        Equal stumps follow the rules of the paper: between two alike edges the parity of the coordinates that
        exceed those of `out` decides, otherwise the diagonal ends on the long edge. Lengths are compared in
        whole grains, so that rounding does not decide where a shape is symmetric.
        """
        stump_a, stump_b = (np.rint(self._distance(k, self.point(k, out)) / self._grain) for k in (a, b))
        ha, hb, ho = (half_coordinates(k, self._shape) for k in (a, b, out))
        alike = ((ha - hb) % 2 == 0).all(axis=1)
        even = np.count_nonzero(ha > ho, axis=1) % 2 == 0
        b_is_long = ((hb - ho) % 2 == 0).all(axis=1)
        return np.where(stump_a == stump_b, np.where(alike, even, b_is_long), stump_a > stump_b)

    def corners(self, tets: Index, n_out: int) -> Index:
        """One point inside: the tetrahedron shrinks towards it."""
        tets = tets.copy()
        for k in range(4 - n_out, 4):
            tets[:, k] = self.point(tets[:, 0], tets[:, k])
        return tets

    def pyramids(self, tets: Index) -> Index:
        """Two inside, one on the surface (the apex), one outside."""
        a, b, apex, out = tets.T
        first = self.starts_at_first(a, b, out)
        a, b = np.where(first, a, b), np.where(first, b, a)
        cut_a, cut_b = self.point(a, out), self.point(b, out)
        return np.concatenate([np.stack(t, axis=1) for t in ((apex, a, b, cut_b), (apex, a, cut_b, cut_a))])

    def wedges(self, tets: Index) -> Index:
        """Two inside, two outside: a prism between the triangles at the two inside points."""
        a, b, o, p = tets.T
        top = np.stack([a, self.point(a, o), self.point(a, p)], axis=1)
        bottom = np.stack([b, self.point(b, o), self.point(b, p)], axis=1)
        at_o, at_p = self.starts_at_first(a, b, o), self.starts_at_first(a, b, p)
        # The third diagonal lies on the surface, seen by nobody else. Where the first two start at different
        # triangles only one choice fills the prism; elsewhere the shorter one is taken.
        shorter = self._distance(top[:, 1], bottom[:, 2]) < self._distance(top[:, 2], bottom[:, 1])
        third = np.where(at_o == at_p, shorter, at_p)
        wins = np.stack([1 * at_o + at_p, 1 * ~at_o + third, 1 * ~at_p + ~third], axis=1)
        return _prisms(top, bottom, wins)

    def truncated(self, tets: Index) -> Index:
        """Three inside, one outside: a prism between the inner face and the cut."""
        a, b, c, out = tets.T
        ab, bc, ca = (self.starts_at_first(*pair, out) for pair in ((a, b), (b, c), (c, a)))
        wins = np.stack([1 * ab + ~ca, 1 * bc + ~ab, 1 * ca + ~bc], axis=1)
        outer = np.stack([self.point(k, out) for k in (a, b, c)], axis=1)
        return _prisms(tets[:, :3], outer, wins)

    def _distance(self, a: Index, b: Index) -> Floats:
        return np.linalg.norm(self._points[a] - self._points[b], axis=1)


def _prisms(top: Index, bottom: Index, wins: NDArray) -> Index:
    """Three tetrahedra a prism, where `wins` counts the diagonals that start at each top vertex (2, 1, 0)."""
    order = np.argsort(-wins, axis=1, kind="stable")
    u, v, w = np.take_along_axis(top, order, axis=1).T
    x, y, z = np.take_along_axis(bottom, order, axis=1).T
    return np.concatenate([np.stack(t, axis=1) for t in ((u, x, y, z), (u, v, y, z), (u, v, w, z))])
