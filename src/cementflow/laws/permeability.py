"""Permeability of cancellous bone along si as a function of its porosity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class PorosityLaw(Protocol):
    """A law k(porosity)."""

    def permeability(self, porosity: Floats) -> Floats:
        """Permeability [m2] at porosities [-]."""
        ...


@dataclass(frozen=True)
class LogLinearPermeability:
    """log10(k / m2) = -8 + 8 (porosity - 0.90).

    Source: assumed; a straight line near Kozeny and Carman's law for rods of 0.15 mm, at half of it. 1.6e-9 m2 at
    0.80, 1e-8 at 0.90, 2.5e-8 at 0.95, inside 2.7e-11 to 2e-8 m2 of Nauman et al. 1999 and 4.5e-8 m2 of Baroud et al.
    2004, who found density a weak predictor.

    Validity: porosity 0.75 to 0.97.
    """

    def permeability(self, porosity: Floats) -> Floats:
        """Permeability [m2] at porosities [-]."""
        return np.asarray(10.0 ** (-8.0 + 8.0 * (porosity - 0.90)), np.float64)


@dataclass(frozen=True)
class KozenyCarmanPermeability:
    """k = porosity^3 / (5 S^2), S = a (1 - porosity) / t, and no more than the largest.

    Source: Kozeny 1927, Carman 1937 with the constant 5; S is the surface of rods (a = 4) or plates (a = 2) of the
    thickness t in a volume of bone.

    Validity: porosity 0.75 to 0.92; above, it is too high (9.6e-8 m2 at 0.95 for rods of 0.15 mm), hence the largest.

    Parameters
    ----------
    thickness
        Of the trabeculae, t [m].
    shape
        Surface of a trabecula times its thickness over its volume, a [-]: 4 for rods, 2 for plates.
    largest
        Permeability that it does not pass [m2].
    """

    thickness: float
    shape: float
    largest: float

    def permeability(self, porosity: Floats) -> Floats:
        """Permeability [m2] at porosities [-]."""
        solid = np.maximum(1.0 - porosity, 1e-6)
        surface = self.shape * solid / self.thickness
        return np.minimum(porosity**3 / (5.0 * surface**2), self.largest)
