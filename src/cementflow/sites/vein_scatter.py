"""Where the corners of a tree of veins lie in a body whose veins are not where they usually are."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from cementflow.case import Position, ScatterSpec
from cementflow.mesh.frame import AnatomicalFrame
from cementflow.sites.locate import locate

Floats = NDArray[np.float64]

RIM = 0.1  # of the box of the body: so near to a face, places are moved along it only
MOST = 2.0  # standard deviations


def corners(
    places: Iterable[Position], scatter: ScatterSpec | None, frame: AnatomicalFrame
) -> dict[Position, Floats]:
    """Mesh coordinates [m] of all places of a tree, those that are equal moved alike.

    Parameters
    ----------
    places
        As stated, in an order that the drawn numbers follow.
    scatter
        How they differ; None where they do not.
    frame
        Axes and box of the body.
    """
    stated = list(dict.fromkeys(places))
    points = np.array([locate(p, frame) for p in stated])
    if scatter is not None:
        drawn = np.random.default_rng(scatter.seed).standard_normal(points.shape)
        fraction = frame.fractions(points)
        free = (fraction > RIM) & (fraction < 1.0 - RIM)
        points = points + (scatter.spread * np.clip(drawn, -MOST, MOST) * free) @ frame.axes
    return dict(zip(stated, points, strict=True))
