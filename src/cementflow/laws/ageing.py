"""How the viscosity of the cement grows with its age."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cementflow.laws.growth import Constant, Growth
from cementflow.laws.rheology import Rheology
from cementflow.units import GAS_CONSTANT

Floats = NDArray[np.float64]
LARGEST_LOGARITHM = 300.0
THINNEST_AT = 1e9  # 1/s: faster than anything shears
UNCHANGED = Constant()


@dataclass(frozen=True)
class AgeingCement:
    """A bulk law times a factor that grows with equivalent age and degree of cure, up to a cap.

    mu(rate) = min(mu_bulk(rate) factor(age, cure), maximum). The equivalent age is the time that the cement would
    have taken at its reference temperature (`arrhenius_speed`).

    Parameters
    ----------
    bulk
        Law of flow where the factor is 1.
    growth
        Logarithm of the factor.
    maximum
        Largest viscosity [Pa s], that of the set cement.
    activation_energy, reference_temperature
        E [J/mol] and T_ref [K]: at T equivalent age goes by exp[(E/R)(1/T_ref - 1/T)] times as fast as time.
    """

    bulk: Rheology
    growth: Growth = UNCHANGED
    maximum: float = np.inf
    activation_energy: float = 44.4e3
    reference_temperature: float = 296.15

    def factor(self, age: ArrayLike, cure: ArrayLike = 0.0) -> Floats:
        """Growth of the viscosity [-] at equivalent ages [s] and degrees of cure [-]."""
        logarithm = self.growth.logarithm(np.asarray(age, np.float64), np.asarray(cure, np.float64))
        return np.exp(np.minimum(logarithm, self._most))

    @cached_property
    def _most(self) -> float:
        """Logarithm of the factor from which on the cap holds at any rate.

        More says nothing, and a flow that is started from the one before, by the ratio of two factors, would be lost
        where a gel mixes with cement that flows.
        """
        thinnest = float(self.bulk.viscosity(np.array([THINNEST_AT]))[0])
        if not (np.isfinite(self.maximum) and thinnest > 0.0):
            return LARGEST_LOGARITHM
        # A little more, so that rounding does not keep a viscosity below the cap.
        return min(max(float(np.log(self.maximum / thinnest)) + 1e-9, 0.0), LARGEST_LOGARITHM)

    def speed(self, temperature: ArrayLike) -> Floats:
        """Equivalent age gained per second [-] at temperatures [K]."""
        return arrhenius_speed(self.activation_energy, temperature, self.reference_temperature)

    def viscosity(self, rate: Floats, factor: Floats | float = 1.0) -> Floats:
        """Viscosity [Pa s] at shear rates [1/s], grown by a factor [-]."""
        return self.aged(self.bulk.viscosity(rate), factor)

    def aged(self, viscosity: Floats, factor: Floats | float) -> Floats:
        """What a viscosity [Pa s] of the bulk law, or of the pores, has become after growing by a factor [-]."""
        return np.minimum(viscosity * factor, self.maximum)


def arrhenius_speed(activation_energy: float, temperature: ArrayLike, reference: float) -> Floats:
    """Speed of a thermally activated process relative to a reference temperature, exp[(E/R)(1/T_ref - 1/T)].

    E = 44.4 kJ/mol halves the curing time from 25 to 37 degC as measured by Nicholas et al. 2007
    (10.1007/s10856-007-0125-2).

    Parameters
    ----------
    activation_energy
        E [J/mol].
    temperature, reference
        Absolute temperatures [K].
    """
    difference = 1.0 / reference - 1.0 / np.asarray(temperature, np.float64)
    return np.asarray(np.exp(activation_energy / GAS_CONSTANT * difference))
