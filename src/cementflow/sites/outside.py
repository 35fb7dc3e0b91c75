"""Where the cement outside the bone lies: pieces with a place, a direction and a size.

What left through an opening is assumed to lie on it as a cap of the height that the volume gives, or, when that is
higher than a half-ball, as that half-ball. A tube runs straight along its outward normal. A wall that is leaky all over
carries a film where cement stands behind it. What passed the end of a vein is carried off and seen nowhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from cementflow.mesh.tetmesh import TetMesh
from cementflow.sites.outlets import OpenFaces, Opening, Outlet, Tube
from cementflow.sites.veins import VeinTree

Floats = NDArray[np.float64]
LEAST = 1e-12  # m3: less than this behind an outlet makes no piece
STRAIGHT = 1e-6


@dataclass(frozen=True, eq=False)
class Pieces:
    """Cylinders of cement; arrays of length k.

    Parameters
    ----------
    site
        Number of the outlet that each belongs to.
    center, axis
        Middle [m] and unit vector along it, shape (k, 3).
    length, diameter
        [m].
    at_wall
        Whether it lies on the wall of the bone.
    """

    site: NDArray[np.intp]
    center: Floats
    axis: Floats
    length: Floats
    diameter: Floats
    at_wall: NDArray[np.bool_]

    @property
    def volume(self) -> Floats:
        """Of each [m3]."""
        return 0.25 * np.pi * self.diameter**2 * self.length

    def area(self, toward: Floats) -> Floats:
        """Of the shadow of each along a direction [m2]: L D sin + pi D^2 / 4 cos of the angle to its axis."""
        cosine = np.minimum(np.abs(np.sum(self.axis * toward, axis=1)), 1.0)
        side = self.length * self.diameter * np.sqrt(1.0 - cosine**2)
        return side + 0.25 * np.pi * self.diameter**2 * cosine

    @property
    def sides(self) -> Floats:
        """Of a box of the same volume around each [m], shape (k, 3)."""
        wide = np.sqrt(0.25 * np.pi) * self.diameter
        return np.stack([wide, wide, self.length], axis=1)


@dataclass(frozen=True, eq=False)
class Outside:
    """The ways out of a bone, ready to say where cement that took them lies.

    Parameters
    ----------
    outlets
        All of them, the veins of the tree last.
    tree
        The veins, None without.
    mesh
        The bone.
    """

    outlets: tuple[Outlet, ...]
    tree: VeinTree | None
    mesh: TetMesh

    def pieces(self, leaked: Floats, held: Floats, cement: Floats, saturation: Floats) -> Pieces:
        """Where the cement lies.

        Parameters
        ----------
        leaked, held
            Cement behind each outlet, and in each tube [m3].
        cement
            In each cell of the veins [m3].
        saturation
            Cement share of the pores at the vertices.
        """
        found = []
        for i, outlet in enumerate(self.outlets):
            if isinstance(outlet, Tube) and held[i] > LEAST:
                found.append(_rod(i, outlet, float(held[i])))
            elif isinstance(outlet, Opening) and outlet.center is not None and leaked[i] > LEAST:
                found.append(_pool(i, outlet, float(leaked[i]), saturation))
            elif isinstance(outlet, (Opening, OpenFaces)) and leaked[i] > LEAST:
                found.append(self._film(i, outlet, float(leaked[i]), saturation))
        if self.tree is not None and cement.sum() > LEAST:
            found.append(self._in_veins(self.tree, cement))
        return _joined(found)

    def _film(self, site: int, outlet: Opening | OpenFaces, volume: float, saturation: Floats) -> Pieces:
        """On a whole wall: each vertex has its share by the cement that stands there and what lets it through."""
        area, normal = self._surface
        vertices = outlet.vertices
        through = outlet.transmissibility if isinstance(outlet, Opening) else area[vertices]
        weight = through * saturation[vertices]
        kept = (weight > 1e-3 * max(float(weight.max()), 1e-300)) & (area[vertices] > 0.0)
        if not kept.any():
            return _joined([])
        vertices, weight = vertices[kept], weight[kept]
        thickness = volume * weight / weight.sum() / area[vertices]
        return Pieces(
            np.full(len(vertices), site),
            self.mesh.points[vertices],
            normal[vertices],
            thickness,
            np.sqrt(4.0 / np.pi * area[vertices]),
            np.ones(len(vertices), bool),
        )

    def _in_veins(self, tree: VeinTree, cement: Floats) -> Pieces:
        """In the straight stretches of the tree that lie outside the bone."""
        stretch, vein, direction = self._stretches
        out = stretch >= 0
        number, count = stretch[out], len(vein)
        volume = np.bincount(number, cement[out], minlength=count)
        filled = (cement / tree.capacity * tree.length)[out]
        length = np.bincount(number, filled, minlength=count).astype(np.float64)
        middle = tree.points.mean(axis=1)[out]
        center = np.stack([np.bincount(number, filled * x, minlength=count) for x in middle.T], axis=1)
        some = volume > LEAST
        length, first = length[some], len(self.outlets) - len(tree.names)
        return Pieces(
            first + vein[some],
            center[some] / length[:, None],
            direction[some],
            length,
            np.sqrt(4.0 / np.pi * volume[some] / length).astype(np.float64),
            np.zeros(len(length), bool),
        )

    @cached_property
    def _surface(self) -> tuple[Floats, Floats]:
        """Area of the surface at each vertex [m2] and its outward unit normal."""
        mesh, n = self.mesh, len(self.mesh.points)
        third = np.repeat(mesh.boundary_area_vectors / 3.0, 3, axis=0)
        vector = np.stack([np.bincount(mesh.boundary.ravel(), x, minlength=n) for x in third.T], axis=1)
        size = np.linalg.norm(vector, axis=1, keepdims=True)
        area = np.bincount(mesh.boundary.ravel(), np.linalg.norm(third, axis=1), minlength=n)
        return area.astype(np.float64), vector / np.where(size > 0.0, size, 1.0)

    @cached_property
    def _stretches(self) -> tuple[NDArray[np.intp], NDArray[np.intp], Floats]:
        """Stretch of each cell, -1 in the bone; vein and direction of each stretch.

        A cell that drinks is in the bone.
        """
        tree = self.tree
        assert tree is not None
        along = tree.points[:, 1] - tree.points[:, 0]
        along = along / np.linalg.norm(along, axis=1, keepdims=True)
        out = ~np.isin(tree.start, tree.link_node)
        before = np.roll(along, 1, axis=0)
        goes_on = (tree.vein == np.roll(tree.vein, 1)) & (np.sum(along * before, axis=1) > 1.0 - STRAIGHT)
        goes_on[0] = False
        begins = out & ~(goes_on & np.roll(out, 1))
        number = np.where(out, np.cumsum(begins) - 1, -1)
        return number, tree.vein[begins].astype(np.intp), along[begins]


def _rod(site: int, tube: Tube, held: float) -> Pieces:
    """In a tube, from its mouth on."""
    length = min(held, tube.capacity) / tube.area
    middle = tube.center + 0.5 * length * tube.outward
    return _one(site, middle, tube.outward, length, 2.0 * tube.radius, False)


def _pool(site: int, opening: Opening, volume: float, saturation: Floats) -> Pieces:
    """On an opening: a cap on the part of it that cement stands behind, or a half-ball."""
    assert opening.center is not None and opening.outward is not None
    through = opening.transmissibility
    share = float(np.sum(through * saturation[opening.vertices]) / np.sum(through))
    radius = opening.radius * max(share, 1e-3) ** 0.5
    half_ball = float(np.cbrt(1.5 * volume / np.pi))
    radius = max(radius, half_ball)
    height = volume / (np.pi * radius**2)
    foot = opening.center if opening.exit is None else opening.exit
    middle = foot + 0.5 * height * opening.outward
    return _one(site, middle, opening.outward, height, 2.0 * radius, True)


def _one(site: int, center: Floats, axis: Floats, length: float, diameter: float, at_wall: bool) -> Pieces:
    return Pieces(
        np.array([site]),
        center[None],
        axis[None],
        np.array([length]),
        np.array([diameter]),
        np.array([at_wall]),
    )


def _joined(found: list[Pieces]) -> Pieces:
    if not found:
        none = np.zeros(0)
        return Pieces(np.zeros(0, np.intp), np.zeros((0, 3)), np.zeros((0, 3)), none, none, np.zeros(0, bool))
    return Pieces(
        *(
            np.concatenate([getattr(p, name) for p in found])
            for name in ("site", "center", "axis", "length", "diameter", "at_wall")
        )
    )
