"""What X-rays show of cement: attenuation, contrast, and when a contrast stands out from the noise.

Linear attenuations are the table of a computation with spekpy 2.5.4 and xraydb 4.5.8 on ICRU compositions (thin limit):
80 kVp behind 3 mm Al, 0.2 mm Cu and 15 cm of tissue, and 120 kVp of computed tomography behind 20 cm. Those of cement
follow from mass attenuations, which reproduce that table for 10 to 40 % of barium sulphate or zirconia within 1 %. That
of iodine was computed with the same programs; what it is dissolved in attenuates as PMMA does (water: 8 % more).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cementflow.case.cement_rules import PMMA_DENSITY, RADIOPACIFIERS

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Beam:
    """Attenuation of a spectrum.

    Parameters
    ----------
    water, soft, marrow, bone
        Linear attenuation of water, soft tissue, marrow (half red, half yellow) and the solid of bone [1/m].
    plastic, added
        Mass attenuation of PMMA and of what is added to it [m2/kg].
    """

    water: float
    soft: float
    marrow: float
    bone: float
    plastic: float
    added: Mapping[str, float]

    def cement(self, material: str, share: float) -> float:
        """Linear attenuation of cement [1/m]: mass attenuations by mass, volumes add.

        Parameters
        ----------
        material
            "BaSO4", "ZrO2" or "iodine".
        share
            Its share of the mass of the cement.
        """
        density = 1.0 / (share / RADIOPACIFIERS[material] + (1.0 - share) / PMMA_DENSITY)
        return density * (share * self.added[material] + (1.0 - share) * self.plastic)


RADIOGRAPHY = Beam(21.3, 22.5, 20.55, 68.9, 0.01975, {"BaSO4": 0.600, "ZrO2": 0.353, "iodine": 0.927})
TOMOGRAPHY = Beam(18.9, 19.9, 18.55, 48.8, 0.01788, {"BaSO4": 0.330, "ZrO2": 0.185, "iodine": 0.490})


@dataclass(frozen=True)
class Picture:
    """How a projected picture is taken and looked at.

    Parameters
    ----------
    photons
        Counted behind soft tissue alone, by area [1/m2].
    scatter
        Scattered photons that come with each of these, the same everywhere: what thins the beam in a small place does
        not thin what is scattered into it from around.
    bone, cloud
        Unevenness of bone and of cement in the beam, as a share of their optical depth.
    grain
        Size of that unevenness in the picture [m].
    threshold
        Ratio of signal to noise from which an object is seen (Rose's criterion).
    """

    photons: float
    scatter: float
    bone: float
    cloud: float
    grain: float
    threshold: float

    def contrast(self, depth: Floats, primary: Floats) -> Floats:
        """Contrast of an object of an optical depth above soft tissue, where a share of the photons is left [-].

        Without anything else in the beam it is (1 - exp(-depth)) / (1 + scatter).
        """
        return primary * -np.expm1(-depth) / (primary + self.scatter)

    def ratio(
        self, area: Floats, depth: Floats, whole: Floats, bone: Floats, cloud: Floats, rest: Floats
    ) -> Floats:
        """Signal to noise of parts of objects; those of one object add as squares.

        An object of the area A changes the counts by N A T (1 - exp(-depth)), N being the photons behind soft tissue
        and T the share of them that the rest of the beam lets through. Counting makes noise of the variance
        N A (T + scatter) (Poisson; Rose 1948). What else lies in the beam is not known to the eye: where its optical
        depth is uneven by a standard deviation d, over grains of the area G, that is another N^2 A T^2 d^2 min(A, G).

        Parameters
        ----------
        area
            Of the parts in the picture [m2].
        depth
            Their optical depth above soft tissue [-].
        whole
            Area of the object that each is a part of [m2].
        bone, cloud, rest
            Optical depth of the bone, of the cement inside it and of all else in the beam, above soft tissue.
        """
        primary = np.exp(-(bone + cloud + rest))
        rough = (self.bone * bone) ** 2 + (self.cloud * cloud) ** 2
        noise = (primary + self.scatter) / self.photons
        noise = noise + np.minimum(whole, self.grain**2) * rough * primary**2
        return primary * -np.expm1(-depth) * np.sqrt(area / noise)


@dataclass(frozen=True)
class Scanner:
    """A computed tomography.

    Parameters
    ----------
    voxel
        Side of a voxel [m].
    noise
        Standard deviation of the numbers of even tissue [HU].
    threshold
        Ratio of signal to noise from which an object is seen.
    """

    voxel: float
    noise: float
    threshold: float

    def ratio(self, volume: Floats, sides: Floats, gain: float, shell: Floats) -> Floats:
        """Signal to noise of objects in the voxel that holds most of them.

        A voxel that an object fills a part f of shows f times its number: f = volume / product of max(side, voxel).
        Beside a wall of the thickness w, a voxel holds anything from none of it to w / voxel, evenly: a standard
        deviation of its number times w / voxel / sqrt(12).

        Parameters
        ----------
        volume
            Of each [m3].
        sides
            Of a box around each [m], shape (k, 3).
        gain
            Number of cement above soft tissue [HU].
        shell
            Number of the wall above soft tissue times its thickness [HU m]; 0 away from it.
        """
        part = np.minimum(volume / np.prod(np.maximum(sides, self.voxel), axis=1), 1.0)
        wall = np.minimum(shell / self.voxel, TOMOGRAPHY_BONE) / np.sqrt(12.0)
        return part * gain / np.sqrt(self.noise**2 + wall**2)


def hounsfield(attenuation: float, beam: Beam = TOMOGRAPHY) -> float:
    """Number of a linear attenuation above that of soft tissue [HU]."""
    return 1e3 * (attenuation - beam.soft) / beam.water


TOMOGRAPHY_BONE = hounsfield(TOMOGRAPHY.bone)
