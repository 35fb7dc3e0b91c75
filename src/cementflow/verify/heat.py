"""Heat: spheres that spread, cool and are kept warm."""

from __future__ import annotations

from math import cos, exp, pi, sin, sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def heated_sphere(r: ArrayLike, time: float, radius: float, diffusivity: float) -> Floats:
    """Excess temperature around a sphere that was warmer by 1 at time 0, in an infinite medium (Carslaw & Jaeger).

    (1/2) [erf((a + r)/s) + erf((a - r)/s)] - (s / (2 sqrt(pi) r)) [exp(-(a - r)^2/s^2) - exp(-(a + r)^2/s^2)], with s =
    sqrt(4 kappa t).

    Parameters
    ----------
    r
        Distances from the centre [m], positive.
    time
        t [s], positive.
    radius
        a of the sphere [m].
    diffusivity
        kappa [m2/s].
    """
    from scipy.special import erf

    r = np.asarray(r, float)
    s = sqrt(4.0 * diffusivity * time)
    near, far = (radius - r) / s, (radius + r) / s
    bell = np.exp(-np.minimum(near**2, 700.0)) - np.exp(-np.minimum(far**2, 700.0))
    return np.asarray(0.5 * (erf(far) + erf(near)) - s / (2.0 * sqrt(pi) * r) * bell)


def pennes_outside_sphere(r: ArrayLike, radius: float, depth: float) -> Floats:
    """Steady excess temperature in perfused tissue outside a sphere that is kept warmer by 1 (Pennes 1948).

    (a/r) exp(-(r - a)/delta) with delta = sqrt(lambda / (omega rho_b c_b)).

    Parameters
    ----------
    r
        Distances from the centre [m], at least the radius.
    radius
        a of the sphere [m].
    depth
        delta [m].
    """
    r = np.asarray(r, float)
    return np.asarray(radius / r * np.exp(-(r - radius) / depth))


def cooling_mode(biot: float) -> float:
    """Smallest x = beta a with x cot x = 1 - Bi: how a ball cools that gives off heat at its surface.

    Its temperature sin(beta r)/(beta r) exp(-kappa beta^2 t) keeps its shape.

    Parameters
    ----------
    biot
        Bi = h a / lambda, positive.
    """
    from scipy.optimize import brentq

    return float(brentq(lambda x: x * cos(x) - (1.0 - biot) * sin(x), 1e-6, pi - 1e-12))


def cooling_ball(
    r: ArrayLike,
    time: float,
    radius: float,
    conductivity: float,
    capacity: float,
    exchange: float,
    perfusion: float,
) -> Floats:
    """Excess temperature of a perfused ball that cools in its slowest mode, 1 at the centre at time 0.

    Parameters
    ----------
    r
        Distances from the centre [m].
    time
        [s].
    radius
        a [m].
    conductivity, capacity
        lambda [W/(m K)] and heat capacity by volume [J/(m3 K)].
    exchange
        h at the surface [W/(m2 K)].
    perfusion
        Heat that blood takes along, by volume [W/(m3 K)].
    """
    beta = cooling_mode(exchange * radius / conductivity) / radius
    rate = (conductivity * beta**2 + perfusion) / capacity
    return np.sinc(beta * np.asarray(r, float) / pi) * exp(-rate * time)
