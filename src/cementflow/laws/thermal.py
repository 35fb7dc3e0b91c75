"""How bone, marrow and cement store and conduct heat."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
BLOOD_CAPACITY = 1060.0 * 3600.0  # J/(m3 K); density and specific heat of blood, textbook values
ZERO_CELSIUS = 273.15


@dataclass(frozen=True)
class Material:
    """A substance as heat sees it.

    Parameters
    ----------
    density
        [kg/m3].
    specific_heat
        [J/(kg K)].
    conductivity
        [W/(m K)].
    """

    density: float
    specific_heat: float
    conductivity: float

    @property
    def capacity(self) -> float:
        """Heat that a volume stores [J/(m3 K)]."""
        return self.density * self.specific_heat


@dataclass(frozen=True)
class Tissue:
    """Bone with what is in its pores, and what surrounds it.

    Parameters
    ----------
    bone, marrow, cement
        The bone matrix without its pores, and the two fluids.
    perfusion
        Blood that flows through a volume of marrow in bone [1/s]; it stops where cement is.
    exchange
        From the surface to the surroundings [W/(m2 K)].
    """

    bone: Material = Material(1900.0, 1300.0, 0.32)
    marrow: Material = Material(1000.0, 2500.0, 0.25)
    cement: Material = Material(1400.0, 1700.0, 0.20)
    perfusion: float = 5e-4
    exchange: float = 50.0

    def conductivity(self, porosity: Floats, saturation: Floats) -> Floats:
        """Conductivity of the whole [W/(m K)]: by volume, as of layers along the heat flow.

        That is Wiener's upper bound; the lower one, of layers across it, is some 3 % less for these materials.
        """
        pores = saturation * self.cement.conductivity + (1.0 - saturation) * self.marrow.conductivity
        return (1.0 - porosity) * self.bone.conductivity + porosity * pores
