"""How fast the cement cures."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cementflow.units import GAS_CONSTANT

Floats = NDArray[np.float64]
SMALLEST, LARGEST = 1e-15, 0.1  # degrees of cure of fresh cement that are looked among


def cure_rate(cure: Any, temperature: Any, numbers: Any) -> Any:
    """Degree of cure per second, K exp(-theta / T) cure^m (limit - cure)^n with limit = min(1, a + b T).

    The same lines run on arrays and, compiled, on one vertex after the other.

    Parameters
    ----------
    cure
        Degree of cure [-].
    temperature
        [K].
    numbers
        (K [1/s], theta [K], m, n, a, b [1/K]).
    """
    frequency, theta, m, n, a, b = numbers
    rest = np.maximum(np.minimum(a + b * temperature, 1.0) - cure, 0.0)
    return frequency * np.exp(-theta / temperature) * np.maximum(cure, 0.0) ** m * rest**n


@dataclass(frozen=True)
class CureKinetics:
    """Autocatalytic cure with a final degree that rises with temperature, as the polymer turns to glass before.

    The form that Stanczyk & van Rietbergen 2004 use after Baliga et al., Borzacchiello et al. and Maffezzoli et al.;
    the defaults are their set as recalled, not read again. An induction time, in which inhibitors are used up, is
    stood for by the degree of cure at mixing: the smaller, the longer. Limits: no cure at 0 and at the final degree.

    Parameters
    ----------
    frequency
        K [1/s].
    activation_energy
        E [J/mol].
    m, n
        Orders in what has cured and in what is left.
    limit_offset, limit_slope
        a [-] and b [1/K] of the final degree a + b T, at most 1.
    initial
        Degree of cure of fresh cement.
    set_at
        Degree of cure from which cement counts as set.
    enthalpy
        Heat of complete cure [J/kg].
    """

    frequency: float = 9897.0
    activation_energy: float = 31.886e3
    m: float = 0.98
    n: float = 1.06
    limit_offset: float = -0.37
    limit_slope: float = 0.0039
    initial: float = 1e-3
    set_at: float = 0.7
    enthalpy: float = 193e3

    @property
    def numbers(self) -> tuple[float, float, float, float, float, float]:
        """For `cure_rate`."""
        theta = self.activation_energy / GAS_CONSTANT
        return self.frequency, theta, self.m, self.n, self.limit_offset, self.limit_slope

    def rate(self, cure: ArrayLike, temperature: ArrayLike) -> Floats:
        """Degree of cure per second at degrees of cure and temperatures [K]."""
        return np.asarray(cure_rate(np.asarray(cure), np.asarray(temperature), self.numbers))

    def limit(self, temperature: ArrayLike) -> Floats:
        """Final degree of cure at temperatures [K]."""
        return np.minimum(self.limit_offset + self.limit_slope * np.asarray(temperature), 1.0)

    def peak_cure(self, temperature: float) -> float:
        """Degree of cure at which the rate is largest, limit m / (m + n)."""
        return float(self.limit(temperature)) * self.m / (self.m + self.n)

    def peak_time(self, temperature: float) -> float:
        """Time [s] from mixing to the largest rate, at one temperature [K]."""
        return float(self._time_between(self.initial, self.peak_cure(temperature), temperature))

    def isothermal(self, temperature: float, times: ArrayLike) -> Floats:
        """Degree of cure at times since mixing [s], at one temperature [K].

        Time is the integral of d ln cure / (rate / cure): tabulated over cure, it is smooth and read backwards.
        """
        logarithms, time = self._course(temperature)
        return np.exp(np.interp(np.asarray(times), time, logarithms))

    def initial_for(self, setting_time: float, temperature: float) -> float:
        """Degree of cure of fresh cement whose rate peaks at a time [s] when kept at a temperature [K].

        Raises
        ------
        ValueError
            If no degree between 1e-15 and 0.1 does.
        """
        peak = self.peak_cure(temperature)
        earliest, latest = (self._time_between(c, peak, temperature) for c in (min(LARGEST, peak), SMALLEST))
        if not earliest <= setting_time <= latest:
            raise ValueError(f"between {earliest:.0f} and {latest:.0f} s")
        low, high = np.log(SMALLEST), np.log(min(LARGEST, peak))
        for _ in range(100):
            middle = 0.5 * (low + high)
            if middle in (low, high):
                break
            late = self._time_between(float(np.exp(middle)), peak, temperature) > setting_time
            low, high = (middle, high) if late else (low, middle)
        return float(np.exp(0.5 * (low + high)))

    def _time_between(self, start: float, end: float, temperature: float) -> float:
        points, weights = _gauss_points()
        edges = np.linspace(np.log(start), np.log(end), 41)
        half = 0.5 * np.diff(edges)
        cure = np.exp(edges[:-1, None] + half[:, None] * (points + 1.0))
        return float(np.sum(half[:, None] * weights * cure / self.rate(cure, temperature)))

    def _course(self, temperature: float) -> tuple[Floats, Floats]:
        """Logarithm of the degree of cure, and the time at which it is reached."""
        limit = float(self.limit(temperature))
        # Even in ln cure at first, in ln of what is left at the end.
        left = np.geomspace(0.5, 1e-6, 1500)
        cure = np.concatenate([np.geomspace(self.initial, 0.5 * limit, 1500)[:-1], limit * (1.0 - left)])
        logarithms = np.log(cure)
        middle = np.exp(0.5 * (logarithms[1:] + logarithms[:-1]))
        slowness = cure / self.rate(cure, temperature)
        between = middle / self.rate(middle, temperature)
        # Simpson's rule from each degree of cure to the next.
        steps = np.diff(logarithms) / 6.0 * (slowness[:-1] + 4.0 * between + slowness[1:])
        return logarithms, np.concatenate([np.zeros(1), np.cumsum(steps)])


@cache
def _gauss_points() -> tuple[Floats, Floats]:
    """Points and weights of Gauss and Legendre's rule; finding them takes longer than an integral."""
    points, weights = np.polynomial.legendre.leggauss(12)
    return points, weights
