"""Pipes, and vessels that fill from the bone."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def power_law_pipe_front(drop: float, radius: float, K: float, n: float, time: ArrayLike) -> Floats:
    """Front x [m] of a power-law fluid that enters an empty pipe under a constant pressure drop.

    From dp / x = (2K/R) [(3n + 1) x' / (n R)]^n follows x = {(1 + 1/n) [n R / (3n + 1)] [R dp / (2K)]^(1/n)
    t}^(n/(n+1)).

    Parameters
    ----------
    drop, radius
        dp [Pa] and R [m].
    K, n
        Consistency [Pa s^n] and index.
    time
        Times [s], any shape.
    """
    speed = n * radius / (3.0 * n + 1.0) * (radius * drop / (2.0 * K)) ** (1.0 / n)
    return ((1.0 + 1.0 / n) * speed * np.asarray(time, float)) ** (n / (n + 1.0))


def herschel_bulkley_pipe_flow(
    gradient: float, radius: float, K: float, n: float, yield_stress: float
) -> float:
    """Volume rate of a Herschel-Bulkley fluid through a round pipe [m3/s].

    Q = pi R^3 (tau_w/K)^(1/n) (1 - X)^((n+1)/n) [(1 - X)^2/(3 + 1/n) + 2 X (1 - X)/(2 + 1/n) + X^2/(1 +
    1/n)] with tau_w = G R/2 and X = tau_y/tau_w; a power law for tau_y = 0, Buckingham-Reiner for n = 1,
    Hagen-Poiseuille for both (Chhabra & Richardson, Non-Newtonian Flow and Applied Rheology, 2nd ed. 2008,
    ch. 3).

    Parameters
    ----------
    gradient, radius
        G [Pa/m], at least 0, and R [m].
    K, n, yield_stress
        Consistency [Pa s^n], index and tau_y [Pa].
    """
    wall = 0.5 * gradient * radius
    if wall <= yield_stress:
        return 0.0
    m = 1.0 / n
    plug = yield_stress / wall
    free = 1.0 - plug
    profile = free**2 / (3.0 + m) + 2.0 * plug * free / (2.0 + m) + plug**2 / (1.0 + m)
    return float(np.pi * radius**3 * (wall / K) ** m * free ** (1.0 + m) * profile)


def leak_length(
    front: float,
    vessel: float,
    diameter: float,
    permeability: float,
    porosity: float,
    back_pressure: float = 0.0,
    cement: float = 1.0,
    rate: float = 1.0,
) -> float:
    """Length of cement [m] in a vessel that opens at the radius r_v of a growing ball of cement.

    x = (D/4) sqrt{(phi/k) [(1/r_v - P) (R^3 - R_0^3)/3 - (R^2 - R_0^2)/2]} with P = 4 pi k p_v / (mu_c Q)
    and the leak starting at 1/R_0 = 1/r_v - P. Cement far thicker than marrow and blood, both resisting
    nothing; the vessel takes little of the flow. Without back pressure neither viscosity nor rate matters.
    Derived in this project.

    Parameters
    ----------
    front, vessel, diameter
        R, r_v and D [m].
    permeability, porosity
        k [m2] and phi [-].
    back_pressure
        p_v in the vessel [Pa].
    cement, rate
        mu_c [Pa s] and Q [m3/s]; they only enter with a back pressure.
    """
    held = 4.0 * np.pi * permeability * back_pressure / (cement * rate)
    if front * (1.0 / vessel - held) <= 1.0:
        return 0.0
    opened = 1.0 / vessel - held
    start = 1.0 / opened
    form = opened * (front**3 - start**3) / 3.0 - 0.5 * (front**2 - start**2)
    return float(0.25 * diameter * np.sqrt(porosity / permeability * form))
