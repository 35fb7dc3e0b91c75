"""The symmetric matrix of a pressure system: a diagonal, and one number for each pair of unknowns."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class PressureMatrix(NamedTuple):
    """Volume balances: row a is `diagonal[a] x[a]` less the sum of `conductance[ab] x[b]`.

    Written out by rows it would take twice the room: each conductance stands in two of them.

    Attributes
    ----------
    diagonal
        Shape (n,).
    conductance
        Of each pair of the pattern that it belongs to, shape (k,).
    """

    diagonal: Floats
    conductance: Floats
