"""Needles: where they enter the bone, which way they go, and where their tips are."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from cementflow.case import CannulaSpec, InjectionSpec, NeedleSpec, Position
from cementflow.case.stage_rules import PEDICLE, pedicle
from cementflow.mesh.frame import AnatomicalFrame
from cementflow.mesh.regions import overlapping
from cementflow.mesh.tetmesh import TetMesh
from cementflow.sites.locate import locate, toward
from cementflow.sites.surface import BoneSurface

Floats = NDArray[np.float64]
ON_THE_EDGE = 1e-9  # of a tetrahedron or triangle: what lies so little outside counts as inside


@dataclass(frozen=True, eq=False)
class Needle:
    """A straight needle in mesh coordinates [m].

    Parameters
    ----------
    name
        Empty for the only one of a case.
    entry
        Where it enters the bone; None where that is not stated and the needle comes straight from behind.
    direction
        Unit vector from hub to tip.
    tip
        Where the cement comes out.
    ahead
        From the tip to the middle of the ball over which the cement is spread, zero where that is around the tip.
    radius
        Of that ball.
    """

    name: str
    entry: Floats | None
    direction: Floats
    tip: Floats
    ahead: Floats
    radius: float

    @property
    def center(self) -> Floats:
        """Of the ball over which the cement is spread."""
        return self.tip + self.ahead

    def drawn_back(self, length: float) -> Needle:
        """The same with its tip so much further out [m]."""
        return replace(self, tip=self.tip - length * self.direction)

    def depth(self, mesh: TetMesh) -> float:
        """How far the tip is from where the needle enters the bone [m]; NaN if a line from behind meets no bone."""
        if self.entry is not None:
            return float(np.linalg.norm(self.tip - self.entry))
        return way_out(mesh, self.tip, -self.direction)


def build_needles(spec: InjectionSpec, frame: AnatomicalFrame) -> tuple[Needle, ...]:
    """The needles of a case in their order; none where cement starts from a ball."""
    if spec.cannula is not None:
        return (_needle(spec.cannula, frame),)
    return tuple(_needle(needle, frame) for needle in spec.needle)


def _needle(spec: CannulaSpec, frame: AnatomicalFrame) -> Needle:
    tip = locate(spec.tip, frame)
    if not isinstance(spec, NeedleSpec) or spec.entry is None:
        name = spec.name if isinstance(spec, NeedleSpec) else ""
        straight = spec.opening == "front" and spec.direction is not None
        direction = toward(spec.direction, frame) if straight and spec.direction else frame.axes[0]
        return Needle(name, None, direction, tip, _ahead(spec, direction, frame), spec.tip_radius)
    place = spec.entry if isinstance(spec.entry, Position) else pedicle(spec.entry, PEDICLE)
    entry = locate(place, frame)
    way = tip - entry
    length = float(np.linalg.norm(way))
    direction = way / length if length > 0.0 else frame.axes[0]
    if spec.depth is not None:
        tip = entry + spec.depth * direction
    return Needle(spec.name, entry, direction, tip, _ahead(spec, direction, frame), spec.tip_radius)


def _ahead(spec: CannulaSpec, direction: Floats, frame: AnatomicalFrame) -> Floats:
    """From the tip to the middle of the ball of cement, which touches the end of the needle, or its side."""
    if spec.opening == "around":
        return np.zeros(3)
    return spec.tip_radius * (direction if spec.direction is None else toward(spec.direction, frame))


def lies_inside(mesh: TetMesh, point: Floats) -> bool:
    """Whether a point [m] lies in a tetrahedron, its faces included."""
    near = overlapping(mesh.tets, mesh.points, point, point)
    corners = mesh.points[mesh.tets[near]]
    if not len(corners):
        return False
    edges = (corners[:, 1:] - corners[:, :1]).transpose(0, 2, 1)
    inner = np.linalg.solve(edges, (point - corners[:, 0])[:, :, None])[:, :, 0]
    least = np.minimum(inner.min(axis=1), 1.0 - inner.sum(axis=1))
    return bool((least >= -ON_THE_EDGE).any())


def outside_by(mesh: TetMesh, point: Floats) -> float:
    """How far a point is from the bone [m], 0 inside."""
    return 0.0 if lies_inside(mesh, point) else BoneSurface(mesh).nearest(point).distance


def way_out(mesh: TetMesh, start: Floats, direction: Floats) -> float:
    """Distance from a point to the first triangle of the surface that a ray meets [m], NaN if it meets none."""
    return float(min(crossings(mesh, start, direction), default=np.nan))


def outside_parts(mesh: TetMesh, start: Floats, end: Floats, least: float) -> list[tuple[float, float]]:
    """Where a straight line lies outside the bone.

    Parameters
    ----------
    mesh
        The bone.
    start, end
        Of the line [m].
    least
        Length of a part that is not told [m].

    Returns
    -------
    list of (float, float)
        Begin and end of each part, counted from the start [m].
    """
    length = float(np.linalg.norm(end - start))
    if length == 0.0:
        return []
    way = (end - start) / length
    met = crossings(mesh, start, way)
    marks = [0.0, *np.sort(met[met < length]).tolist(), length]
    return [
        (a, b)
        for a, b in pairwise(marks)
        if b - a > least and not lies_inside(mesh, start + 0.5 * (a + b) * way)
    ]


def crossings(mesh: TetMesh, start: Floats, direction: Floats) -> Floats:
    """Distances from a point to the triangles of the surface that a ray meets [m], in no order.

    The intersection of Moeller and Trumbore 1997.
    """
    corner = mesh.points[mesh.boundary]
    one, two = corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0]
    across = np.cross(direction, two)
    determinant = np.einsum("ij,ij->i", one, across)
    usable = np.abs(determinant) > 1e-12 * np.linalg.norm(one, axis=1) * np.linalg.norm(two, axis=1)
    one, two, across, from_corner = one[usable], two[usable], across[usable], (start - corner[:, 0])[usable]
    scale = 1.0 / determinant[usable]
    u = scale * np.einsum("ij,ij->i", from_corner, across)
    lever = np.cross(from_corner, one)
    v = scale * (lever @ direction)
    distance = scale * np.einsum("ij,ij->i", two, lever)
    met = (u >= -ON_THE_EDGE) & (v >= -ON_THE_EDGE) & (u + v <= 1.0 + ON_THE_EDGE) & (distance > 0.0)
    found: Floats = distance[met]
    return found
