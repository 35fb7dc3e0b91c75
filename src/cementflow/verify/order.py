"""How fast errors fall."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class ObservedOrder:
    """How fast errors fall with the size of the cells or steps.

    Parameters
    ----------
    fitted
        Slope of the least-squares line through log(error) over log(size).
    pairwise
        Slopes between neighbouring sizes, from coarse to fine.
    """

    fitted: float
    pairwise: tuple[float, ...]


def observed_order(sizes: Sequence[float], errors: Sequence[float]) -> ObservedOrder:
    """Observed order of convergence.

    Parameters
    ----------
    sizes, errors
        Mesh widths or time steps and the errors they give, at least two, in any order and all positive.

    Raises
    ------
    ValueError
        For fewer than two sizes, equal sizes, or values that are not positive and finite.
    """
    h, e = np.asarray(sizes, float), np.asarray(errors, float)
    if h.shape != e.shape or h.ndim != 1 or len(h) < 2:
        raise ValueError(
            f"an order needs at least two sizes with one error each, found {h.shape} and {e.shape}"
        )
    if not (np.isfinite(h).all() and np.isfinite(e).all() and (h > 0).all() and (e > 0).all()):
        raise ValueError(f"sizes and errors must be positive and finite, found {h} and {e}")
    if len(np.unique(h)) < len(h):
        raise ValueError(f"sizes must differ, found {h}")
    order = np.argsort(-h)
    x, y = np.log(h[order]), np.log(e[order])
    return ObservedOrder(float(np.polyfit(x, y, 1)[0]), tuple((np.diff(y) / np.diff(x)).tolist()))
