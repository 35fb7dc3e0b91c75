"""Viscosity of the marrow over shear rate and temperature."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cementflow.laws.ageing import arrhenius_speed
from cementflow.laws.rheology import Rheology

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Marrow:
    """mu = min(mu_bulk(rate) exp[(E / R)(1 / T - 1 / T_ref)], maximum).

    Arrhenius' law is assumed; it stands for fat that melts. Bovine marrow has a limit of 0.04 Pa s when warm (above 37
    degC in distal, 42 degC in proximal bone), proximal marrow is 10 times as thick as distal at 35 degC and solid below
    30 degC (Bryant 1989), which is what the maximum is for. Valid for some ten kelvin below the reference temperature.
    Limit: the bulk law at any temperature for E = 0.

    Parameters
    ----------
    bulk
        Law that holds at the reference temperature.
    activation_energy
        E [J/mol], at least 0.
    reference_temperature
        T_ref [K].
    maximum
        Largest viscosity [Pa s].
    """

    bulk: Rheology
    activation_energy: float
    reference_temperature: float
    maximum: float

    @property
    def newtonian(self) -> bool:
        """Whether the viscosity is the same at all shear rates."""
        return self.bulk.newtonian

    def factor(self, temperature: Floats) -> Floats:
        """Viscosity [-] at absolute temperatures [K], relative to the reference temperature."""
        return arrhenius_speed(-self.activation_energy, temperature, self.reference_temperature)

    def viscosity(self, rate: Floats, temperature: Floats) -> Floats:
        """Viscosity [Pa s] at shear rates [1/s] and absolute temperatures [K], which are broadcast."""
        return np.minimum(self.bulk.viscosity(rate) * self.factor(temperature), self.maximum)
