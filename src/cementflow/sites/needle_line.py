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


def needle_line(spec: InjectionSpec, frame: AnatomicalFrame) -> tuple[Floats, Floats]:
    """Tip of the first needle [m], and the unit vector in which it points; a source is taken to come from behind."""
    needles = build_needles(spec, frame)
    if needles:
        return needles[0].tip, needles[0].direction
    assert spec.source is not None
    return locate(spec.source.center, frame), frame.axes[0]


def lay_along(spec: BoneSpec, injection: InjectionSpec, frame: AnatomicalFrame) -> BoneSpec:
    """Bone whose regions all have places: a tract lies along the needle, a shape without a centre at its tip.

    Parameters
    ----------
    spec, injection
        As stated.
    frame
        Of the body.
    """
    if all(region.center or region.points or region.shape is None for region in spec.region):
        return spec
    tip, direction = needle_line(injection, frame)
    return replace(spec, region=tuple(_laid(region, tip, direction) for region in spec.region))


def _laid(region: RegionSpec, tip: Floats, direction: Floats) -> RegionSpec:
    if region.shape == "tract":
        points = tuple(_position(p) for p in (tip - FAR * direction, tip))
        return replace(region, shape="capsule", points=points)
    if region.shape is None or region.center is not None or region.points is not None:
        return region
    return replace(region, center=_position(tip))


def _position(point: Floats) -> Position:
    x, y, z = (float(c) for c in point)
    return Position("point", (x, y, z))
