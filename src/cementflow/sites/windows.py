"""Holes in the wall as sets of small triangles: discs, ellipses, polygons, whole zones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from cementflow.case import DefectSpec, Position, RegionSpec
from cementflow.case.zoned import ZONES
from cementflow.errors import CaseError
from cementflow.mesh.frame import AnatomicalFrame
from cementflow.mesh.regions import in_shape
from cementflow.mesh.samples import Samples
from cementflow.sites.locate import locate
from cementflow.sites.surface import FACING, BoneSurface, Spot
from cementflow.sites.wall import Wall

Floats = NDArray[np.float64]
FEW = 50  # samples of a hole, below which their number says too little of its area
FLAT_ON = 0.7  # cosine to the long axis of the spine above which a wall is an endplate


@dataclass(frozen=True, eq=False)
class Window:
    """Where a hole is, and the samples of the surface inside it."""

    spot: Spot
    samples: Samples

    @property
    def radius(self) -> float:
        """Of a disc of the same area [m]."""
        return float(np.sqrt(np.sum(self.samples.area) / np.pi))


def window(
    spec: DefectSpec, wall: Wall, needle: float | None, regions: Sequence[RegionSpec] = ()
) -> Window | None:
    """The hole of a defect that is one.

    A hole of a few samples has the area that is stated.

    Parameters
    ----------
    spec, wall
        As stated, and the wall that it is in.
    needle
        Outer diameter of the needle [m], where its gauge tells.
    regions
        Of the bone; a zone may be lost within one only.

    Returns
    -------
    Window or None
        None for a zone that its region does not reach.

    Raises
    ------
    CaseError
        For a zone that the geometry does not have.
    """
    if spec.shape == "zone":
        return _zone(spec, wall, regions)
    spot = defect_spot(spec, wall.surface, wall.geometry.frame)
    assert spot is not None
    if spec.shape == "polygon":
        return _polygon(spec.points or (), wall, spot)
    if spec.shape == "ellipse":
        assert spec.radii is not None
        long, short = spec.radii
        first, second = _directions(spec, wall, spot)
    else:
        radius = spec.radius if spec.radius is not None else 0.5 * (spec.diameter or needle or 0.0)
        long = short = radius
        first, second = _directions(spec, wall, spot)
    samples = _facing(wall, spot, max(long, short))
    offset = samples.center - spot.center
    inside = (offset @ first / long) ** 2 + (offset @ second / short) ** 2 <= 1.0
    return Window(spot, _fitted(samples, inside, spot, np.pi * long * short))


def defect_spot(spec: DefectSpec, surface: BoneSurface, frame: AnatomicalFrame) -> Spot | None:
    """Middle of a defect on the surface; None for a whole zone and for a track."""
    if spec.at is not None:
        return surface.nearest(locate(spec.at, frame))
    if spec.points is None:
        return None
    points = [locate(p, frame) for p in spec.points]
    if spec.shape == "crack":
        points = points[len(points) // 2 - 1 : len(points) // 2 + 1]
    return surface.nearest(np.mean(points, axis=0))


def _zone(spec: DefectSpec, wall: Wall, regions: Sequence[RegionSpec]) -> Window | None:
    samples = wall.zones.samples.part(wall.zones.zone == ZONES.index(spec.zone or ""))
    if not len(samples.area):
        raise CaseError(f"defect.{spec.name}: the geometry has no {spec.zone}")
    if spec.within is not None:
        region = next(r for r in regions if r.name == spec.within)
        samples = samples.part(_inside(region, samples, wall.geometry.frame))
        if not len(samples.area):
            return None
    middle = samples.area @ samples.center / np.sum(samples.area)
    nearest, away = samples.nearest(middle)
    return Window(Spot(samples.center[nearest], wall.surface.normals[samples.face[nearest]], away), samples)


def _inside(region: RegionSpec, samples: Samples, frame: AnatomicalFrame) -> NDArray[np.bool_]:
    assert region.shape is not None and region.center is not None and region.radii is not None
    return in_shape(samples.center, frame, region.shape, locate(region.center, frame), region.radii)


def _polygon(places: tuple[Position, ...], wall: Wall, spot: Spot) -> Window:
    """Samples whose projection to the plane of the wall lies between the corners (even-odd rule)."""
    corners = np.array([locate(p, wall.geometry.frame) for p in places]) - spot.center
    first, second = _across(spot.outward, wall.geometry.frame.axes[2])
    x, y = corners @ first, corners @ second
    samples = _facing(wall, spot, float(np.linalg.norm(corners, axis=1).max()))
    offset = samples.center - spot.center
    u, v = offset @ first, offset @ second
    inside = np.zeros(len(u), bool)
    for x0, y0, x1, y1 in zip(x, y, np.roll(x, -1), np.roll(y, -1), strict=True):
        between = (y0 > v) != (y1 > v)
        rise = y1 - y0 if y1 != y0 else 1.0
        inside ^= between & (u < x0 + (v - y0) * (x1 - x0) / rise)
    area = 0.5 * abs(float(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y)))
    return Window(spot, _fitted(samples, inside, spot, area))


def _facing(wall: Wall, spot: Spot, size: float) -> Samples:
    """Samples within a distance of a spot [m] that look its way, not the other side of a thin wall."""
    samples = wall.surface.near(spot.center, size)
    near = np.linalg.norm(samples.center - spot.center, axis=1) <= 1.5 * size
    facing = wall.surface.normals[samples.face] @ spot.outward >= FACING
    return samples.part(near & facing) if (near & facing).any() else samples


def _fitted(samples: Samples, inside: NDArray[np.bool_], spot: Spot, area: float) -> Samples:
    """The samples of a hole; few of them, or the nearest one where there is none, take its own area [m2]."""
    if not inside.any():
        inside = np.arange(len(samples.area)) == samples.nearest(spot.center)[0]
    found = samples.part(inside)
    return found if len(found.area) > FEW else replace(found, area=found.area * (area / np.sum(found.area)))


def _directions(spec: DefectSpec, wall: Wall, spot: Spot) -> tuple[Floats, Floats]:
    """Unit vectors in the plane of the wall along the half axes of an ellipse."""
    frame = wall.geometry.frame
    if spec.toward is not None:
        wanted = locate(spec.toward, frame) - spot.center
    else:
        wanted = frame.axes[0] if abs(spot.outward @ frame.axes[2]) > FLAT_ON else frame.axes[2]
    return _across(spot.outward, wanted)


def _across(outward: Floats, wanted: Floats) -> tuple[Floats, Floats]:
    """Two unit vectors across a normal, the first as near to a wanted direction as can be."""
    first = wanted - (wanted @ outward) * outward
    if np.linalg.norm(first) <= 1e-6 * np.linalg.norm(wanted):
        # The wanted direction is the normal itself; any other will do.
        other = np.eye(3)[np.abs(outward).argmin()]
        first = other - (other @ outward) * outward
    first = first / np.linalg.norm(first)
    return first, np.cross(outward, first)
