"""Heat: spheres that spread, cool and are kept warm."""

from __future__ import annotations

from math import cos, cosh, exp, pi, sin, sinh, sqrt

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


def pennes_ball_source(r: ArrayLike, radius: float, depth: float) -> Floats:
    """Steady excess temperature of perfused tissue in a ball of which heat is set free evenly (Pennes 1948).

    In units of q delta^2 / lambda, with q the heat by volume and time, x = a / delta and s = r / delta: 1 - (1 + x)
    exp(-x) sinh(s) / s inside and (x cosh x - sinh x) exp(-s) / s outside.

    Parameters
    ----------
    r
        Distances from the centre [m].
    radius
        a of the ball [m].
    depth
        delta = sqrt(lambda / (omega rho_b c_b)) [m].
    """
    s, x = np.maximum(np.asarray(r, float) / depth, 1e-9), radius / depth
    inside = 1.0 - (1.0 + x) * exp(-x) * np.sinh(np.minimum(s, x)) / s
    outside = (x * cosh(x) - sinh(x)) * np.exp(-s) / s
    return np.asarray(np.where(s < x, inside, outside))


def pennes_ball_source_in_time(
    r: ArrayLike, time: float, radius: float, diffusivity: float, rate: float
) -> Floats:
    """Excess temperature after a ball of perfused tissue was heated evenly for some time.

    What was set free at each moment has spread as `heated_sphere` and has been carried off by exp(-rate tau); so the
    answer is the integral of their product over the time, here by Gauss and Legendre in sqrt(tau). In units of q / (rho
    c), so in s.

    Parameters
    ----------
    r
        Distances from the centre [m], positive.
    time
        [s].
    radius
        Of the ball [m].
    diffusivity
        lambda / (rho c) [m2/s].
    rate
        omega rho_b c_b / (rho c) [1/s].
    """
    nodes, weights = np.polynomial.legendre.leggauss(60)
    roots = 0.5 * sqrt(time) * (nodes + 1.0)
    parts = [
        weight * root * heated_sphere(r, root**2, radius, diffusivity) * exp(-rate * root**2)
        for root, weight in zip(roots, weights, strict=True)
    ]
    return np.asarray(sqrt(time) * np.sum(parts, axis=0))


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
