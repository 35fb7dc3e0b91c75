"""How the viscosity of the cement grows with its age."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cementflow.laws.rheology import Rheology

Floats = NDArray[np.float64]
GAS_CONSTANT = 8.314462618  # J/(mol K), CODATA 2018


@dataclass(frozen=True)
class AgeingCement:
    """A bulk law whose viscosity grows exponentially with equivalent age, up to a cap.

    mu(rate, age) = min(mu_bulk(rate) exp(speed (age - reference_age) / growth), maximum), where the speed is the
    Arrhenius factor of the cement temperature, exp[(E/R)(1/T_ref - 1/T)]; E = 44.4 kJ/mol halves the curing time
    from 25 to 37 degC as measured by Nicholas et al. 2007 (10.1007/s10856-007-0125-2).

    Parameters
    ----------
    bulk
        Law that holds at `reference_age`.
    growth
        e-folding time of the viscosity [s]; infinite for a cement that does not age.
    reference_age
        Age [s] since mixing at which `bulk` holds.
    maximum
        Largest viscosity [Pa s], that of the set cement.
    speed
        Ageing speed relative to the reference temperature [-].
    """

    bulk: Rheology
    growth: float = np.inf
    reference_age: float = 0.0
    maximum: float = np.inf
    speed: float = 1.0

    def factor(self, age: float) -> float:
        """Growth of the viscosity [-] at an age [s] since mixing."""
        return float(np.exp(min(self.speed * (age - self.reference_age) / self.growth, 300.0)))

    def viscosity(self, rate: Floats, age: float) -> Floats:
        """Viscosity [Pa s] at shear rates [1/s] and one age [s]."""
        return self.aged(self.bulk.viscosity(rate), age)

    def aged(self, viscosity: Floats, age: float) -> Floats:
        """What a viscosity [Pa s] at the reference age, in bulk or in the pores, has become at an age [s]."""
        return np.minimum(viscosity * self.factor(age), self.maximum)


def arrhenius_speed(activation_energy: float, temperature: float, reference: float) -> float:
    """Speed of a thermally activated process relative to a reference temperature.

    Parameters
    ----------
    activation_energy
        E [J/mol].
    temperature, reference
        Absolute temperatures [K].
    """
    return float(np.exp(activation_energy / GAS_CONSTANT * (1.0 / reference - 1.0 / temperature)))
