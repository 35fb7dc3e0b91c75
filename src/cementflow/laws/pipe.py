"""Laminar flow of any generalised Newtonian fluid through a round pipe."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Viscosity = Callable[[Floats], Floats]

# Gauss-Legendre points x on (0, 1) for an integral over the shear rate; with rate = rate_w x^3 the integrand of a
# power law, which starts like rate^(3n), is smooth.
_POINTS, _POINT_WEIGHTS = np.polynomial.legendre.leggauss(32)
_X, _W = 0.5 * (_POINTS + 1.0), 0.5 * _POINT_WEIGHTS
_SHARE, _SHARE_WEIGHT = _X**3, 3.0 * _X**2 * _W
_ONE = np.ones(1)


def pipe_flow(gradient: float, radius: float, viscosity: Viscosity) -> float:
    """Volume rate through a pipe.

    Q = (pi R^3 / tau_w^3) integral_0^tau_w tau^2 rate dtau with the shear stress tau_w = G R / 2 at the wall
    (Rabinowitsch 1929). By parts it needs no inverse of the law: Q = (pi R^3 / 3) [rate_w - I] with
    I = integral_0^rate_w (tau / tau_w)^3 drate.

    Parameters
    ----------
    gradient
        Pressure gradient G [Pa/m], not negative.
    radius
        R [m].
    viscosity
        mu(rate) [Pa s] with mu(rate) rate growing.

    Returns
    -------
    float
        Q [m3/s].
    """
    if gradient <= 0.0:
        return 0.0
    stress = 0.5 * gradient * radius
    return _flow_at(wall_rate(stress, viscosity), radius, viscosity)


def pipe_gradient(flow: float, radius: float, viscosity: Viscosity) -> float:
    """Pressure gradient [Pa/m] that drives a volume rate [m3/s] through a pipe; inverse of `pipe_flow`.

    Parameters
    ----------
    flow
        Q [m3/s]; the sign is carried over.
    radius, viscosity
        As in `pipe_flow`.
    """
    if flow == 0.0:
        return 0.0
    newtonian = 4.0 * abs(flow) / (np.pi * radius**3)
    rate = _log_root(lambda r: _flow_at(r, radius, viscosity), abs(flow), newtonian)
    return float(np.sign(flow) * 2.0 * _stress(rate, viscosity) / radius)


def wall_rate(stress: float, viscosity: Viscosity) -> float:
    """Shear rate [1/s] at which mu(rate) rate equals a stress [Pa]."""
    return _log_root(lambda r: _stress(r, viscosity), stress, stress / float(viscosity(_ONE)[0]))


def power_law_pipe_gradient(flow: float, radius: float, K: float, n: float) -> float:
    """Closed form (2K/R) [(3n + 1) Q / (n pi R^3)]^n for a power-law fluid [Pa/m]; used to verify `pipe_gradient`."""
    return float(2.0 * K / radius * ((3.0 * n + 1.0) * flow / (n * np.pi * radius**3)) ** n)


def _stress(rate: float, viscosity: Viscosity) -> float:
    return float(viscosity(rate * _ONE)[0]) * rate


def _flow_at(wall: float, radius: float, viscosity: Viscosity) -> float:
    """Volume rate [m3/s] at a shear rate at the wall [1/s]."""
    rates = wall * _SHARE
    relative = viscosity(rates) * rates / _stress(wall, viscosity)
    return float(np.pi * radius**3 / 3.0 * wall * (1.0 - np.sum(_SHARE_WEIGHT * relative**3)))


def _log_root(function: Callable[[float], float], target: float, guess: float) -> float:
    """Argument at which an increasing function reaches a target, both positive, by secants between logarithms.

    The functions here are close to powers, straight lines in logarithms, so a few secants do. At a yield stress the
    power bends from 1 to nearly 0 and back: a secant that leaves what is known to hold the root is cut to its middle.
    """
    goal, x = np.log(target), np.log(guess)
    f = np.log(function(guess)) - goal
    low, high, slope = -np.inf, np.inf, 1.0
    for _ in range(200):
        if abs(f) < 1e-13:
            break
        low, high = (x, high) if f < 0.0 else (low, x)
        new_x = x - f / slope
        if not low < new_x < high:
            new_x = 0.5 * (low + high)
        new_f = np.log(function(float(np.exp(new_x)))) - goal
        if new_x == x:
            break
        slope = max((new_f - f) / (new_x - x), 0.02)
        x, f = new_x, new_f
    return float(np.exp(x))
