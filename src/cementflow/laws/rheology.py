"""Bulk viscosity of the cement as a function of shear rate.

Every law answers `viscosity(rate)` for arrays of shear rates [1/s] and knows the power-law index `index` that its
shear-thinning tends to; ageing multiplies a law (`cementflow.laws.ageing`) and never enters here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Rheology(Protocol):
    """What the flow asks of a viscosity law."""

    @property
    def index(self) -> float:
        """Power-law index n of the shear-thinning branch; 1 for a Newtonian fluid."""
        ...

    def viscosity(self, rate: Floats) -> Floats:
        """Viscosity [Pa s] at shear rates [1/s]."""
        ...


@dataclass(frozen=True)
class Newtonian:
    """mu = constant.

    Parameters
    ----------
    mu
        Viscosity [Pa s].
    """

    mu: float

    @property
    def index(self) -> float:
        """Power-law index, 1."""
        return 1.0

    def viscosity(self, rate: Floats) -> Floats:
        """Viscosity [Pa s]; the rate does not matter."""
        return np.full(np.shape(rate), self.mu)


@dataclass(frozen=True)
class PowerLaw:
    """mu = K rate^(n - 1), with the rate held inside [rate_min, rate_max] (Ostwald 1925, de Waele 1923).

    Without the lower bound the viscosity of a shear-thinning fluid at rest would be infinite.

    Parameters
    ----------
    K
        Consistency [Pa s^n].
    n
        Index, 0 < n; below 1 the fluid thins under shear.
    rate_min, rate_max
        Range of shear rates [1/s] in which the power law is used.
    """

    K: float
    n: float
    rate_min: float = 1e-3
    rate_max: float = 1e4

    @property
    def index(self) -> float:
        """Power-law index n."""
        return self.n

    def viscosity(self, rate: Floats) -> Floats:
        """Viscosity [Pa s] at shear rates [1/s]."""
        return self.K * np.clip(rate, self.rate_min, self.rate_max) ** (self.n - 1.0)


@dataclass(frozen=True)
class Carreau:
    """mu = mu_inf + (mu_0 - mu_inf) [1 + (lambda rate)^2]^((n - 1)/2) (Carreau 1972).

    Parameters
    ----------
    mu_0, mu_inf
        Viscosities [Pa s] towards zero and infinite shear rate.
    relaxation_time
        lambda [s]: thinning sets in near the rate 1/lambda.
    n
        Index of the thinning branch, 0 < n <= 1.
    """

    mu_0: float
    mu_inf: float
    relaxation_time: float
    n: float

    @property
    def index(self) -> float:
        """Power-law index n of the thinning branch."""
        return self.n

    def viscosity(self, rate: Floats) -> Floats:
        """Viscosity [Pa s] at shear rates [1/s]."""
        thinning = (1.0 + (self.relaxation_time * np.asarray(rate)) ** 2) ** (0.5 * (self.n - 1.0))
        return self.mu_inf + (self.mu_0 - self.mu_inf) * thinning
