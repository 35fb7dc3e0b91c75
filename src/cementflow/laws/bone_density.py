"""From the grey values of an image to the share of bone in a volume (BV/TV), each law a straight line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class BoneShare(Protocol):
    """A law of BV/TV; it may come out below 0 or above 1, which is for the porosity to hold."""

    def bone_share(self, grey: Floats) -> Floats:
        """BV/TV [-] at grey values."""
        ...


@dataclass(frozen=True)
class HounsfieldBone:
    """BV/TV = (HU + 20) / 1600.

    Source: a straight line through the Hounsfield units of bone and an even mixture of red and yellow marrow, computed
    with spekpy 2.5.4 and xraydb 4.5.8 for 120 kVp behind 20 cm of tissue: BV/TV 0.06, 0.10, 0.15, 0.20 at 76, 140,
    220, 300 HU. Published means agree: 236 HU in young women (0.16), 82 HU in the eighth decade (0.06).

    Validity: 120 kVp, no contrast agent, no metal nearby; BV/TV 0.06 to 0.20. Another tube voltage or filter shifts
    the units of bone by some ten per cent.
    """

    def bone_share(self, grey: Floats) -> Floats:
        """BV/TV [-] at Hounsfield units."""
        return (grey + 20.0) / 1600.0


@dataclass(frozen=True)
class MineralBone:
    """BV/TV = density / tissue density.

    Source: definition, for solid bone that is mineralised alike everywhere.

    Validity: images calibrated to mineral density [mg/cm3] in which marrow is 0. Fat in the marrow lowers the density
    of a calibration by one energy by some tens of mg/cm3.

    Parameters
    ----------
    tissue_density
        Mineral in a volume of solid bone [kg/m3], which is [mg/cm3].
    """

    tissue_density: float

    def bone_share(self, grey: Floats) -> Floats:
        """BV/TV [-] at densities [mg/cm3]."""
        return grey / self.tissue_density


@dataclass(frozen=True)
class LinearBone:
    """BV/TV = slope x grey + offset.

    Source: the user's own calibration.

    Validity: that of the calibration.

    Parameters
    ----------
    slope, offset
        [1/grey] and [-].
    """

    slope: float
    offset: float

    def bone_share(self, grey: Floats) -> Floats:
        """BV/TV [-] at grey values."""
        return self.slope * grey + self.offset
