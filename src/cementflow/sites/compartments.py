"""Tissue behind the wall of the bone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cementflow.case import CompartmentSpec
from cementflow.case.wall_rules import BEHIND


@dataclass(frozen=True)
class Compartment:
    """A space that fluid leaves into; several openings may share it.

    Parameters
    ----------
    name
        As stated.
    stiffness
        Rise of its pressure with the volume that came [Pa/m3].
    permeability
        Of the tissue to cement [m2], None where it resists next to nothing.
    """

    name: str
    stiffness: float = 0.0
    permeability: float | None = None

    def resistance(self, radius: float, volume: float, viscosity: float) -> float:
        """Of the cement behind an opening [Pa s/m3].

        The cement stands there as a ball that grew from the radius r0 of the opening to r, r^3 = r0^3 + 3 V / (4 pi),
        and is fed at its middle. Through a shell, dp = mu Q dr / (4 pi k r^2) (Darcy), so together

            dp / Q = mu / (4 pi k) (1 / r0 - 1 / r).

        It is 0 at first and never passes mu / (4 pi k r0). The tissue gives way in full (no porosity is taken off) and
        what it drives off in turn resists nothing.

        Parameters
        ----------
        radius
            Of the opening [m].
        volume
            Cement behind it [m3].
        viscosity
            Of the cement [Pa s].
        """
        if self.permeability is None or volume <= 0.0:
            return 0.0
        grown = 3.0 * volume / (4.0 * np.pi * radius**3)
        # 1 - r0 / r, of which a difference would leave round-off of either sign for the first trace of cement.
        share = float(-np.expm1(-np.log1p(grown) / 3.0))
        return viscosity / (4.0 * np.pi * self.permeability) * share / radius


@dataclass(frozen=True)
class Behind:
    """What lies behind an opening.

    Parameters
    ----------
    name
        In results; empty where it is not one thing.
    pressure
        At the start [Pa].
    confined
        Whether it is a compartment of the case.
    """

    name: str
    pressure: float
    confined: bool


def build_compartments(specs: tuple[CompartmentSpec, ...]) -> tuple[Compartment, ...]:
    """Compartments of a case, in order."""
    return tuple(Compartment(c.name, c.stiffness, c.permeability) for c in specs)


def behind_zone(zone: str, specs: tuple[CompartmentSpec, ...]) -> str:
    """Name of what lies behind a zone of the surface: a compartment of the case, or a usual one."""
    for spec in specs:
        if zone in (spec.zones or ()):
            return spec.name
    return next(name for name, zones in BEHIND.items() if zone in zones)
