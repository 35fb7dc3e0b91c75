"""Laminar flow of any generalised Newtonian fluid through a round pipe."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Viscosity = Callable[[Floats], Floats]

# Gauss-Legendre points on (0, 1): with shear stress as the variable the integrand is smooth for every law here.
_NODES, _WEIGHTS = (lambda x, w: (0.5 * (x + 1.0), 0.5 * w))(*np.polynomial.legendre.leggauss(24))


def pipe_flow(gradient: float, radius: float, viscosity: Viscosity) -> float:
    """Volume rate through a pipe by the Rabinowitsch integral.

    Q = pi R^3 integral_0^1 x^2 rate(x tau_w) dx with the wall shear stress tau_w = G R / 2 and rate(tau) the inverse of
    tau = mu(rate) rate.

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
    stress = 0.5 * gradient * radius * _NODES
    return float(np.pi * radius**3 * np.sum(_WEIGHTS * _NODES**2 * shear_rate(stress, viscosity)))


def shear_rate(stress: Floats, viscosity: Viscosity, steps: int = 200) -> Floats:
    """Shear rate [1/s] at which mu(rate) rate equals each stress [Pa], by safeguarded secants in logarithms."""
    target = np.log(stress)
    x = target - np.log(viscosity(np.exp(np.zeros_like(stress))))
    low, high = np.full_like(x, -60.0), np.full_like(x, 60.0)
    slope = np.ones_like(x)
    previous_x, previous_f = x - 1.0, _log_stress(x - 1.0, viscosity) - target
    for _ in range(steps):
        f = _log_stress(x, viscosity) - target
        if np.max(np.abs(f)) < 1e-13:
            break
        low, high = np.where(f < 0, x, low), np.where(f > 0, x, high)
        moved = np.abs(x - previous_x) > 1e-14
        slope = np.where(moved, (f - previous_f) / np.where(moved, x - previous_x, 1.0), slope)
        slope = np.maximum(slope, 1e-3)
        trial = x - f / slope
        outside = (trial <= low) | (trial >= high)
        previous_x, previous_f = x, f
        x = np.where(outside, 0.5 * (low + high), trial)
    return np.exp(x)


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
    target = np.log(abs(flow))
    newtonian_rate = 4.0 * abs(flow) / (np.pi * radius**3)
    x = np.log(8.0 * float(viscosity(np.array([newtonian_rate]))[0]) * abs(flow) / (np.pi * radius**4))
    previous: tuple[float, float] | None = None
    for _ in range(60):
        f = np.log(pipe_flow(float(np.exp(x)), radius, viscosity)) - target
        if abs(f) < 1e-12:
            break
        slope = 1.0 if previous is None or x == previous[0] else (f - previous[1]) / (x - previous[0])
        previous = (x, f)
        x -= f / max(slope, 0.3)
    return float(np.sign(flow) * np.exp(x))


def power_law_pipe_gradient(flow: float, radius: float, K: float, n: float) -> float:
    """Closed form (2K/R) [(3n + 1) Q / (n pi R^3)]^n for a power-law fluid [Pa/m]; used to verify `pipe_gradient`."""
    return float(2.0 * K / radius * ((3.0 * n + 1.0) * flow / (n * np.pi * radius**3)) ** n)


def _log_stress(log_rate: Floats, viscosity: Viscosity) -> Floats:
    rate = np.exp(log_rate)
    return np.log(viscosity(rate)) + log_rate
