"""From Darcy flux to the shear rate that the cement feels inside the pores."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class CapillaryBundle:
    """Equivalent shear rate in a porous medium, rate = C B(n) u / sqrt(k phi).

    With B(n) = [(3n + 1)/(4n)]^(n/(n - 1)) and C = sqrt(2) this makes a power-law fluid lose exactly the pressure that
    it loses in a bundle of straight capillaries of permeability k and porosity phi; C = 6 is the fit of Cannella et
    al. 1988 to rock. With `bracket` off, B = 1 (the form 4u/sqrt(8 k phi) at C = sqrt(2)).

    Parameters
    ----------
    C
        Prefactor [-].
    bracket
        Whether B(n) is applied.
    """

    C: float = float(np.sqrt(2.0))
    bracket: bool = True

    def factor(self, n: float) -> float:
        """Prefactor C B(n) of u / sqrt(k phi) for the power-law index n; B(1) = exp(-1/4) is the limit."""
        if not self.bracket:
            return self.C
        if abs(n - 1.0) < 1e-8:
            return self.C * float(np.exp(-0.25))
        return self.C * float(((3.0 * n + 1.0) / (4.0 * n)) ** (n / (n - 1.0)))


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
