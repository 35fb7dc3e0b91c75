"""What lies along the needle: the line itself, and regions of the bone that are stated by it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from cementflow.case import BoneSpec, InjectionSpec, Position, RegionSpec
from cementflow.mesh.frame import AnatomicalFrame
from cementflow.sites.locate import locate
from cementflow.sites.needles import build_needles

Floats = NDArray[np.float64]
FAR = 0.15  # m: longer than any way through a vertebra


def needle_lines(spec: InjectionSpec, frame: AnatomicalFrame) -> tuple[tuple[Floats, Floats], ...]:
    """Tip [m] and unit vector in which it points, of each needle; a source counts as one from straight behind."""
    needles = build_needles(spec, frame)
    if needles:
        return tuple((needle.tip, needle.direction) for needle in needles)
    assert spec.source is not None
    return ((locate(spec.source.center, frame), frame.axes[0]),)


def lay_along(spec: BoneSpec, injection: InjectionSpec, frame: AnatomicalFrame) -> BoneSpec:
    """Bone whose regions all have places: a tract lies along each needle, a shape without a centre at each tip.

    Parameters
    ----------
    spec, injection
        As stated.
    frame
        Of the body.
    """
    if all(_placed(region) for region in spec.region):
        return spec
    lines = needle_lines(injection, frame)
    laid = ((r,) if _placed(r) else tuple(_laid(r, *line) for line in lines) for r in spec.region)
    return replace(spec, region=tuple(region for regions in laid for region in regions))


def _placed(region: RegionSpec) -> bool:
    return region.shape is None or region.center is not None or region.points is not None


def _laid(region: RegionSpec, tip: Floats, direction: Floats) -> RegionSpec:
    if region.shape == "tract":
        points = tuple(_position(p) for p in (tip - FAR * direction, tip))
        return replace(region, shape="capsule", points=points)
    return replace(region, center=_position(tip))


def _position(point: Floats) -> Position:
    x, y, z = (float(c) for c in point)
    return Position("point", (x, y, z))
