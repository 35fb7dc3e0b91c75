"""Two fluids that mix at the front: Buckley and Leverett."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def buckley_leverett_front(ratio: float, nc: float = 2.0, nm: float = 2.0) -> tuple[float, float]:
    """Saturation behind the front, and front speed over u/phi (Buckley & Leverett 1942, Welge 1952).

    The tangent f'(S) = f(S)/S to the fractional flow; sqrt(A/(1 + A)) for nc = nm = 2 and A = mu_c/mu_m.
    Where f is convex all the way the front is a piston (1, 1), where it is concave there is no front (0,
    f'(0)).

    Parameters
    ----------
    ratio
        A = mu_c / mu_m.
    nc, nm
        Corey exponents of cement and marrow; nothing is residual.
    """
    from scipy.optimize import brentq

    def above_tangent(s: float) -> float:
        f, slope = _fractional_flow(s, ratio, nc, nm)
        return float(s * slope - f)

    low, high = 1e-6, 1.0
    if above_tangent(high) >= 0.0:
        return 1.0, 1.0
    if above_tangent(low) <= 0.0:
        return 0.0, float(_fractional_flow(0.0, ratio, nc, nm)[1])
    front = float(brentq(above_tangent, low, high, xtol=1e-15))
    return front, float(_fractional_flow(front, ratio, nc, nm)[1])


def buckley_leverett_saturation(
    position: ArrayLike, ratio: float, nc: float = 2.0, nm: float = 2.0
) -> Floats:
    """Saturation at x phi / (u t), any shape; its integral over all positions is 1.

    Parameters
    ----------
    position
        x phi / (u t) [-].
    ratio, nc, nm
        As in `buckley_leverett_front`.
    """
    front, speed = buckley_leverett_front(ratio, nc, nm)
    x = np.asarray(position, float)
    low, high = np.full(x.shape, front), np.ones(x.shape)
    for _ in range(60):
        middle = 0.5 * (low + high)
        faster = _fractional_flow(middle, ratio, nc, nm)[1] > x
        low, high = np.where(faster, middle, low), np.where(faster, high, middle)
    return np.where(x <= speed, 0.5 * (low + high), 0.0)


def _fractional_flow(s: ArrayLike, ratio: float, nc: float, nm: float) -> tuple[Floats, Floats]:
    """Fractional flow s^nc / (s^nc + A (1 - s)^nm) and its slope."""
    s = np.asarray(s, float)
    cement, marrow = s**nc, ratio * (1.0 - s) ** nm
    d_cement, d_marrow = nc * s ** (nc - 1.0), -ratio * nm * (1.0 - s) ** (nm - 1.0)
    total = cement + marrow
    return cement / total, (d_cement * marrow - cement * d_marrow) / total**2
