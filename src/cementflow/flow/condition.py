"""How warm, old and cured everything is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Condition:
    """Temperature at the vertices, and age and cure of the cement there; where there is none, of what enters now.

    Each has the shape (n,), or (1,) while one number holds everywhere.

    Parameters
    ----------
    temperature
        [K].
    age
        Equivalent age [s].
    cure
        Degree of cure [-].
    """

    temperature: Floats
    age: Floats
    cure: Floats


def at(values: Floats, chosen: NDArray) -> Floats:
    """Values at chosen vertices, of an array that may have one number for all."""
    return values if len(values) == 1 else values[chosen]
