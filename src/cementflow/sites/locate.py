"""From places as a case states them to coordinates of the mesh."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cementflow.case import Position
from cementflow.case.positions import DIRECTIONS
from cementflow.mesh.frame import AnatomicalFrame

Floats = NDArray[np.float64]

# Fractions (ap, lr, si) of the named places.
NAMED = {
    "posterior wall centre": (0.0, 0.5, 0.5),
    "anterior wall centre": (1.0, 0.5, 0.5),
    "left wall centre": (0.5, 0.0, 0.5),
    "right wall centre": (0.5, 1.0, 0.5),
    "inferior endplate centre": (0.5, 0.5, 0.0),
    "superior endplate centre": (0.5, 0.5, 1.0),
}


def locate(place: Position | str, frame: AnatomicalFrame) -> Floats:
    """Mesh coordinates [m] of a stated position or a named place, shape (3,)."""
    if isinstance(place, str):
        return frame.point(*NAMED[place])
    if place.kind == "fraction":
        return frame.point(*place.values)
    return np.array(place.values)


def toward(direction: str, frame: AnatomicalFrame) -> Floats:
    """Unit vector of an anatomical direction in coordinates of the mesh, shape (3,)."""
    number = DIRECTIONS.index(direction)
    return (1.0, -1.0, -1.0, 1.0, 1.0, -1.0)[number] * frame.axes[number // 2]
