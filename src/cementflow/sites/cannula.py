"""The pressure that the cannula takes, and how much cement stands in it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from cementflow.laws.ageing import AgeingCement
from cementflow.laws.capillary import CapillaryTable, rabinowitsch_table
from cementflow.laws.pipe import pipe_gradient

Floats = NDArray[np.float64]
SLIP_STEPS = 200  # at most, of a search between bounds


@dataclass(frozen=True)
class Cannula:
    """A straight pipe full of cement, from the syringe to the tip; the part next to the syringe may be wider.

    Parameters
    ----------
    radius, length
        Inner radius at the tip, and whole length [m].
    proximal_radius, proximal_length
        Inner radius and length of the part next to the syringe [m]; no such part where the length is 0.
    in_body
        Length from the tip that lies in the body [m].
    slip
        Speed of the cement along the wall over the shear stress there, Navier's law [m/(Pa s)].
    holds
        Whether what enters the bone is what entered the cannula earlier. Otherwise it comes straight from the syringe.
    """

    radius: float
    length: float
    proximal_radius: float = 0.0
    proximal_length: float = 0.0
    in_body: float = 0.0
    slip: float = 0.0
    holds: bool = True

    @cached_property
    def pipes(self) -> tuple[tuple[float, float], ...]:
        """Radius and length [m] of each part, from the tip to the syringe."""
        distal = (self.radius, self.length - self.proximal_length)
        return (distal, (self.proximal_radius, self.proximal_length)) if self.proximal_length else (distal,)

    @cached_property
    def ends(self) -> Floats:
        """Volume from the tip to the end of each part [m3], with a 0 in front."""
        return np.cumsum([0.0, *(np.pi * radius**2 * length for radius, length in self.pipes)])

    @property
    def dead_volume(self) -> float:
        """Cement that stands in it [m3]."""
        return float(self.ends[-1])

    @cached_property
    def volume_in_body(self) -> float:
        """Volume from the tip to where it leaves the body [m3]."""
        volume, rest = 0.0, self.in_body
        for radius, length in self.pipes:
            volume += np.pi * radius**2 * min(rest, length)
            rest -= min(rest, length)
        return float(volume)

    def radius_at(self, volume: Floats) -> Floats:
        """Inner radius [m] where a volume [m3] lies between there and the tip."""
        part = np.searchsorted(self.ends[1:-1], volume, side="right")
        return np.array([radius for radius, _ in self.pipes])[part]

    def drop(self, flow: float, cement: AgeingCement, factor: float) -> float:
        """Pressure lost between syringe and tip [Pa], full of cement of one age.

        Parameters
        ----------
        flow
            Volume rate [m3/s].
        cement, factor
            The cement and the growth of its viscosity [-].
        """
        if self.slip > 0.0:
            return self.drop_along(flow, cement, np.array([self.dead_volume]), np.array([float(factor)]))
        # Of one age it is worth the exact integral, which every system of a pressure field asks for again.
        return sum(length * _gradient(float(flow), r, cement, float(factor)) for r, length in self.pipes)

    def drop_along(self, flow: float, cement: AgeingCement, volumes: Floats, factors: Floats) -> float:
        """Pressure lost between syringe and tip [Pa], full of slugs of different age.

        Parameters
        ----------
        flow
            Volume rate [m3/s].
        cement
            Its law; tabulated, good to 1e-4.
        volumes, factors
            Of the slugs from the tip to the syringe: volume [m3] and growth of the viscosity [-], shape (k,).
        """
        if flow <= 0.0:
            return 0.0
        law, edges = _pipe_law(cement), np.concatenate([np.zeros(1), np.cumsum(volumes)])
        total = 0.0
        for (radius, _), low, high in zip(self.pipes, self.ends[:-1], self.ends[1:], strict=True):
            within = np.diff(np.clip(edges, low, high)) / (np.pi * radius**2)
            gradient = _slipping_gradients(flow, radius, self.slip, law, cement, factors)
            total += float(np.sum(within * gradient))
        return total


@lru_cache(maxsize=8)  # every system of a pressure field asks for the same one, at some 0.5 ms
def _gradient(flow: float, radius: float, cement: AgeingCement, factor: float) -> float:
    return pipe_gradient(flow, radius, lambda rate: cement.viscosity(rate, factor))


@lru_cache(maxsize=4)
def _pipe_law(cement: AgeingCement) -> CapillaryTable:
    return rabinowitsch_table(cement.bulk)


def _slipping_gradients(
    flow: float, radius: float, slip: float, law: CapillaryTable, cement: AgeingCement, factors: Floats
) -> Floats:
    """Pressure gradients [Pa/m] of cement grown by some factors that also slides along the wall.

    Q = pi R^3 Gamma / 4 + pi R^2 b tau_w with tau_w = mu(Gamma) Gamma = G R / 2: what does not slide shears. The root
    is found between 0 and the Gamma of cement that sticks, as the left side grows with Gamma.
    """
    sticking = 4.0 * flow / (np.pi * radius**3)
    low, high = np.full(len(factors), np.log(1e-12)), np.full(len(factors), np.log(sticking))
    stress = np.exp(high) * cement.aged(law(np.exp(high)), factors)
    if slip > 0.0:
        for _ in range(SLIP_STEPS):
            middle = 0.5 * (low + high)
            gamma = np.exp(middle)
            stress = gamma * cement.aged(law(gamma), factors)
            too_much = gamma + 4.0 * slip / radius * stress > sticking
            low, high = np.where(too_much, low, middle), np.where(too_much, middle, high)
            if np.max(high - low) < 1e-13:
                break
    return np.asarray(2.0 * stress / radius)
