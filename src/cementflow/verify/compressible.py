"""Power-law fluid injected at once into bone that yields a little."""

from __future__ import annotations

from dataclasses import dataclass
from math import gamma, pi

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
# Of what surrounds a plane (both sides), a line and a point, by the number of dimensions.
UNIT_SURFACE = {1: 2.0, 2: 2.0 * pi, 3: 4.0 * pi}


@dataclass(frozen=True)
class InstantInjection:
    """Pressure after a volume came into a plane, a line or a point at once, and spreads.

    With fluid and bone slightly compressible the volume balance is phi c0 dp/dt = div[(k/M)^(1/n) |grad p|^(1/n - 1)
    grad p], whose solution from a point is p = s^(-d b) [C - kappa (r s^(-b))^(1 + n)]^(1/(1 - n)) as far as that is
    positive, with s = t (k/M)^(1/n) / (phi c0), b = n / (d (1 - n) + 1 + n) and kappa = b^n (1 - n)/(1 + n). That is
    Barenblatt's solution of the p-Laplacian, for flow in porous media after Di Federico & Ciriello 2012 (recalled;
    derived anew here). It has a front, as the fluid does not flow where nothing pushes it.

    Parameters
    ----------
    n
        Power-law index, below 1.
    dimensions
        d: 1 from a plane (per area, to both sides), 2 from a line (per length), 3 from a point.
    mobility
        k/M [m^(n+1) / (Pa s^n)], with the Darcy consistency M.
    storage
        phi c0: volume taken up by a volume of bone and a pascal [1/Pa].
    volume
        Injected [m^d].
    """

    n: float
    dimensions: int
    mobility: float
    storage: float
    volume: float

    @property
    def exponent(self) -> float:
        """b: all lengths grow as t^b."""
        n, d = self.n, self.dimensions
        return float(n / (d * (1.0 - n) + 1.0 + n))

    @property
    def _kappa(self) -> float:
        return float(self.exponent**self.n * (1.0 - self.n) / (1.0 + self.n))

    @property
    def _constant(self) -> float:
        """C, from the volume: the integral over all space is a beta function."""
        n, d = self.n, self.dimensions
        x, y = d / (1.0 + n), 1.0 / (1.0 - n) + 1.0
        beta = gamma(x) * gamma(y) / gamma(x + y)
        whole = self.volume / self.storage * (1.0 + n) * self._kappa**x / (UNIT_SURFACE[d] * beta)
        return float(whole ** (1.0 / (x + y - 1.0)))

    def _stretched(self, time: float) -> float:
        return time * self.mobility ** (1.0 / self.n) / self.storage

    def front(self, time: float) -> float:
        """Distance that the fluid has reached at a time [s] after the injection [m]."""
        reach = (self._constant / self._kappa) ** (1.0 / (1.0 + self.n))
        return float(reach * self._stretched(time) ** self.exponent)

    def pressure(self, distance: Floats, time: float) -> Floats:
        """Pressure above what was there before [Pa] at distances [m] and a time [s] after the injection."""
        s = self._stretched(time)
        core = self._constant - self._kappa * (distance * s**-self.exponent) ** (1.0 + self.n)
        shape = np.maximum(core, 0.0) ** (1.0 / (1.0 - self.n))
        return np.asarray(s ** (-self.dimensions * self.exponent) * shape)
