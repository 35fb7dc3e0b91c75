"""Compiled code for cement that cures, warms itself by it, and ages with its temperature."""

from __future__ import annotations

import numpy as np

from cementflow.compiled import kernel
from cementflow.laws.cure import cure_rate

_rate = kernel(cure_rate)
LONGEST_PART = 0.5  # of the time in which the kinetics change anything: Runge-Kutta is then good to 1e-4


@kernel
def cure_for(dt, heat, temperature, age, cure, numbers, theta, reference):
    """Cure and age all cement for a time, each control volume for itself, in place.

    The temperature follows the cure, T = T_0 + heat (cure - cure_0), so that no heat is lost however long the steps of
    the Runge-Kutta method are.

    Parameters
    ----------
    dt
        [s].
    heat
        Warming of each control volume by complete cure of what it holds [K], negative without cement, shape (n,).
    temperature, age, cure
        [K], [s], [-], shape (n,); where there is no cement only the age goes on.
    numbers
        Of the kinetics (`cure_rate`).
    theta, reference
        E/R of ageing and its reference temperature [K].

    Returns
    -------
    float
        Largest change of the degree of cure.
    """
    largest = 0.0
    for a in range(temperature.shape[0]):
        before = temperature[a]
        if heat[a] >= 0.0:
            fastest = numbers[0] * np.exp(-numbers[1] / (before + 0.1 * heat[a]))
            parts = int(np.ceil(dt * fastest / LONGEST_PART))
            h = dt / max(parts, 1)
            start, c = cure[a], cure[a]
            for _ in range(max(parts, 1)):
                k1 = _rate(c, before + heat[a] * (c - start), numbers)
                d = c + 0.5 * h * k1
                k2 = _rate(d, before + heat[a] * (d - start), numbers)
                d = c + 0.5 * h * k2
                k3 = _rate(d, before + heat[a] * (d - start), numbers)
                d = c + h * k3
                k4 = _rate(d, before + heat[a] * (d - start), numbers)
                c += h / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4)
            cure[a] = c
            temperature[a] = before + heat[a] * (c - start)
            largest = max(largest, c - start)
        middle = 0.5 * (before + temperature[a])
        age[a] += dt * np.exp(theta * (1.0 / reference - 1.0 / middle))
    return largest
