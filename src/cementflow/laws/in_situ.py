"""From Darcy flux to the viscosity that the cement has inside the pores.

Three upscalings, all of the measure u / sqrt(k phi) of the Darcy flux, which is a shear rate. They are stated for the
bulk law; a factor on the whole law, as ageing is one, goes straight through all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from cementflow.laws.capillary import mean_viscosity_table, rabinowitsch_table
from cementflow.laws.rheology import PowerLaw, Rheology

Floats = NDArray[np.float64]
PoreLaw = Callable[[Floats], Floats]

STRAIGHT_CAPILLARIES = float(np.sqrt(2.0))
CHRISTOPHER_MIDDLEMAN = 12.0 / float(np.sqrt(150.0))


class Upscaling(Protocol):
    """What the flow asks of a way from the bulk law to the pores."""

    def pore_law(self, law: Rheology) -> PoreLaw:
        """Viscosity [Pa s] as a function of u / sqrt(k phi) [1/s]."""
        ...


@dataclass(frozen=True)
class CapillaryBundle:
    """The viscosity of the Newtonian fluid that would lose the same pressure in a bundle of capillaries.

    The bundle is known by its Newtonian wall rate, Gamma = C u / sqrt(k phi). C = sqrt(2) is that of straight
    capillaries with the radius sqrt(8 k / phi); C = 12 / sqrt(150) gives the packed bed of Christopher & Middleman
    1965 (`christopher_middleman_viscosity`) for any law; C = 6 is the fit of Cannella et al. 1988 to rock. The
    viscosity comes from Rabinowitsch's integral. For a power law it is closed: mu(B Gamma) with B(n) = [(3n +
    1)/(4n)]^(n/(n - 1)).

    Parameters
    ----------
    C
        Prefactor [-].
    """

    C: float = STRAIGHT_CAPILLARIES

    def factor(self, n: float) -> float:
        """Prefactor C B(n) of u / sqrt(k phi) for the power-law index n; B(1) = exp(-1/4) is the limit."""
        if abs(n - 1.0) < 1e-8:
            return self.C * float(np.exp(-0.25))
        return self.C * float(((3.0 * n + 1.0) / (4.0 * n)) ** (n / (n - 1.0)))

    def pore_law(self, law: Rheology) -> PoreLaw:
        """Closed form for a power law (its bounds then hold for the rate B Gamma), a table for any other."""
        if isinstance(law, PowerLaw):
            return _scaled(law.viscosity, self.factor(law.n))
        return _scaled(rabinowitsch_table(law), self.C)


@dataclass(frozen=True)
class EquivalentRate:
    """The bulk viscosity at the shear rate C u / sqrt(k phi), such as 4u / sqrt(8 k phi) (Savins 1969).

    Parameters
    ----------
    C
        Prefactor [-].
    """

    C: float = STRAIGHT_CAPILLARIES

    def pore_law(self, law: Rheology) -> PoreLaw:
        """The law itself, at another rate."""
        return _scaled(law.viscosity, self.C)


@dataclass(frozen=True)
class MeanViscosity:
    """The local viscosity averaged over the cross-section of a capillary, after Eberhard et al. 2019.

    10.3389/fphy.2019.00071; the capillary is that of `CapillaryBundle`. The average exceeds what the pressure sees:
    by 29 % for a power law of n = 0.6.

    Parameters
    ----------
    C
        Prefactor [-] of the Newtonian wall rate.
    """

    C: float = STRAIGHT_CAPILLARIES

    def pore_law(self, law: Rheology) -> PoreLaw:
        """A table."""
        return _scaled(mean_viscosity_table(law), self.C)


def _scaled(function: PoreLaw, factor: float) -> PoreLaw:
    return lambda rate: function(factor * rate)


def bundle_viscosity(K: float, n: float, k: float, porosity: float) -> float:
    """Effective consistency of a power-law fluid in a bundle of straight capillaries.

    mu_eff = (2 k K / R) [(3n + 1)/(n phi R)]^n with R = sqrt(8 k / phi): the pressure gradient is mu_eff u^n / k.

    Parameters
    ----------
    K, n
        Consistency [Pa s^n] and index.
    k, porosity
        Permeability [m2] and porosity [-].

    Returns
    -------
    float
        mu_eff [Pa s^n m^(1-n)].
    """
    radius = np.sqrt(8.0 * k / porosity)
    return float(2.0 * k * K / radius * ((3.0 * n + 1.0) / (n * porosity * radius)) ** n)


def christopher_middleman_viscosity(K: float, n: float, k: float, porosity: float) -> float:
    """Effective consistency (K/12)(9 + 3/n)^n (150 k phi)^((1-n)/2) after Christopher & Middleman 1965.

    Parameters and result as in `bundle_viscosity`.
    """
    return float(K / 12.0 * (9.0 + 3.0 / n) ** n * (150.0 * k * porosity) ** (0.5 * (1.0 - n)))
