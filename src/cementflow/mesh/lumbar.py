"""Parametric bodies of the lumbar vertebrae L1 to L5, as level sets that behave like signed distances.

The shape: in plan a rounded kidney whose posterior wall is dented, from the lower to the upper endplate
ever so slightly changing size, drawn in at the waist; above and below closed by endplates that are wedged
towards the front and dished in the middle, with a rounded rim. No arch, no processes. Axes: +x right, +y
anterior, +z superior; origin at the centre of the box around the body.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from cementflow.mesh.tetmesh import Floats

MM = 1e-3

# Sources of the numbers below. 'Recalled' means: written down from memory, not re-read for this table.
SOURCES = {
    "endplate widths and depths, posterior height": (
        "Panjabi et al. 1992, Spine 17(3):299-306 (12 spines; recalled, not re-read). "
        "Depths were measured in the mid-sagittal plane."
    ),
    "anterior height": (
        "posterior height times a wedge ratio. L5: 30.3 / 26.3 = 1.15, Cook & Baker 2021, Int J Spine Surg "
        "15(6):1072-1081, table 6 (196 patients; table read). L1 to L4: assumed, rising from 0.97 to 1.08."
    ),
    "endplate dish": (
        "mean depth 1.5 mm at the inferior and 0.7 mm at the superior endplate, its middle about 70 % of "
        "the diameter wide: Wang, Battie & Videman 2012, Eur Spine J 21(11):2316-2323 (abstract read)."
    ),
    "lateral and anterior waist": (
        "4.0 and 2.1 mm on the L3 of the Visible Human (surface of Remus et al. 2021, measured here), "
        "rounded to 3.5 and 2 mm for all levels. Cook & Baker 2021 at L5: 33.5 mm deep at the pedicles "
        "and laminae, 35.7 and 35.3 mm at the endplates (table read)."
    ),
    "posterior dent": "assumed; plans usually show a kidney at L1 to L3, a flat wall at L4, none at L5.",
    "rim radius, exponent of the outline, waist profile": "assumed, by looking.",
}


@dataclass(frozen=True)
class BodySize:
    """Dimensions of one vertebral body [mm]; see `SOURCES`."""

    upper_width: float
    upper_depth: float
    lower_width: float
    lower_depth: float
    posterior_height: float
    wedge: float
    dent: float


# Panjabi 1992 (recalled): EPWu, EPDu, EPWl, EPDl, VBHp; then the wedge ratio and the dent.
SIZES = {
    "L1": BodySize(41.2, 34.1, 43.3, 35.3, 23.8, 0.97, 2.5),
    "L2": BodySize(42.6, 34.6, 45.5, 34.9, 24.3, 1.00, 2.5),
    "L3": BodySize(44.1, 35.2, 48.0, 34.8, 23.8, 1.04, 2.0),
    "L4": BodySize(46.6, 35.5, 49.5, 33.9, 24.1, 1.08, 1.0),
    "L5": BodySize(47.3, 34.7, 49.4, 33.2, 22.9, 1.15, 0.0),
}

LATERAL_WAIST = 3.5
ANTERIOR_WAIST = 2.0
SUPERIOR_DISH = 0.7
INFERIOR_DISH = 1.5
# The dish fades out at this share of the way to the wall; its half depth is at 0.46 of it.
DISH_REACH = 0.85
RIM_RADIUS = 3.0
OUTLINE_EXPONENT = 2.3
# Largest slope of the level set, found by sampling (and tested).
SLOPE = 1.5
# Share of the dent by which the lobes beside it reach further back than the wall between them.
LOBE = 0.2


@dataclass(frozen=True)
class LumbarBody:
    """Level-set function of one vertebral body, with the box that holds it [m]."""

    level: Callable[[Floats], Floats]
    low: Floats
    high: Floats


def lumbar_body(name: str) -> LumbarBody:
    """Vertebral body by its name.

    Parameters
    ----------
    name
        "L1" to "L5".

    Returns
    -------
    LumbarBody
        `level` maps points (n, 3) [m] to signed distances (n,) [m]: first order right near the surface.
    """
    size = SIZES[name]
    half = 0.5 * np.array(
        [
            max(size.upper_width, size.lower_width),
            max(size.upper_depth, size.lower_depth) + LOBE * size.dent,
            size.posterior_height * max(1.0, size.wedge) + 1.0,
        ]
    )

    def level(points: Floats) -> Floats:
        return MM * _level(size, np.asarray(points, float) / MM)

    return LumbarBody(level, -half * MM, half * MM)


def _level(size: BodySize, points: Floats) -> Floats:
    """Signed distance [mm] at points [mm]: walls and endplates, joined with a rounded rim."""
    outline, distance = _normalised(lambda p: _outline(size, p), points)
    top, bottom = _endplates(size, points, outline)
    return _rounded_max(_rounded_max(top, bottom), distance)


def _normalised(function: Callable[[Floats], Floats], points: Floats) -> tuple[Floats, Floats]:
    """Value of a function and its first-order distance (value - 1) / |gradient| to where it is 1."""
    step = 0.05
    value = function(points)
    gradient = np.stack(
        [(function(points + d) - function(points - d)) / (2 * step) for d in step * np.eye(3)], axis=1
    )
    steepness = np.maximum(np.linalg.norm(gradient, axis=1), 0.01)
    return value, (value - 1.0) / steepness


def _outline(size: BodySize, points: Floats) -> Floats:
    """Gauge of the plan at the height of each point: 0 on the axis, 1 on the wall."""
    x, y, z = points.T
    height = np.clip(z / (0.5 * size.posterior_height), -1.2, 1.2)
    share = 0.5 * (1.0 + height)
    waist = np.clip(1.0 - height**2, 0.0, 1.0) ** 1.5
    half_width = (
        0.5 * (size.lower_width + share * (size.upper_width - size.lower_width)) - LATERAL_WAIST * waist
    )
    depth = size.lower_depth + share * (size.upper_depth - size.lower_depth)
    largest = max(size.upper_depth, size.lower_depth) + LOBE * size.dent
    front = 0.5 * largest - ANTERIOR_WAIST * waist
    # The mid-sagittal depth ends at the bottom of the dent; the lobes beside it reach further back.
    back = 0.5 * largest - (depth + size.dent)
    middle, half_depth = 0.5 * (front + back), 0.5 * (front - back)
    behind = 1.0 / (1.0 + np.exp(np.clip((y - middle) / (0.2 * half_depth), -40.0, 40.0)))
    y = y - middle - size.dent * behind * np.exp(-((x / (0.45 * half_width)) ** 2))
    p = OUTLINE_EXPONENT
    return (np.abs(x / half_width) ** p + np.abs(y / half_depth) ** p + 1e-12) ** (1.0 / p)


def _endplates(size: BodySize, points: Floats, outline: Floats) -> tuple[Floats, Floats]:
    """Signed distances [mm] to the upper and the lower endplate."""
    y, z = points[:, 1], points[:, 2]
    depth = 0.5 * (size.upper_depth + size.lower_depth)
    rise = size.posterior_height * (size.wedge - 1.0)
    height = size.posterior_height + rise * np.clip(y / depth + 0.5, -0.2, 1.2)
    dish = np.clip(1.0 - (outline / DISH_REACH) ** 2, 0.0, 1.0) ** 2
    return z - 0.5 * height + SUPERIOR_DISH * dish, -z - 0.5 * height + INFERIOR_DISH * dish


def _rounded_max(a: Floats, b: Floats) -> Floats:
    """Maximum of two distances with the edge between them rounded by a polynomial blend."""
    overlap = np.clip(1.0 - np.abs(a - b) / RIM_RADIUS, 0.0, None)
    return np.maximum(a, b) + 0.25 * RIM_RADIUS * overlap**2
