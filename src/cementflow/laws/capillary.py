"""Any generalised Newtonian fluid in a round capillary, tabulated once a law.

The stress in a capillary grows evenly from its axis to its wall, tau = tau_w r / R. So what is asked of the flow is an
integral over the stress from 0 to tau_w, and one sweep over the shear rate at the wall gives it for all flow rates.
A flow rate is stated as the wall rate that a Newtonian fluid would have, Gamma = 4 v / R at the mean velocity v.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from cementflow.laws.rheology import Rheology

Floats = NDArray[np.float64]

# Shear rates [1/s] that a table covers: below, a law is taken as Newtonian; at both ends Gamma is held.
LOWEST, HIGHEST = 1e-9, 1e9
_PER_DECADE = 400
# Gauss-Legendre points on (0, 1) for each interval of the sweep.
_POINTS, _POINT_WEIGHTS = np.polynomial.legendre.leggauss(2)
_X, _W = 0.5 * (_POINTS + 1.0), 0.5 * _POINT_WEIGHTS


@dataclass(frozen=True, eq=False)
class CapillaryTable:
    """A viscosity over Gamma, in straight lines between evenly spaced logarithms.

    Straight lines are as monotone as the entries are. Against the integrals the error is below 1e-4.

    Parameters
    ----------
    start, spacing
        ln Gamma [ln 1/s] of the first entry, and from one to the next.
    logarithms
        ln mu [ln Pa s].
    """

    start: float
    spacing: float
    logarithms: Floats

    def __call__(self, gamma: Floats) -> Floats:
        """Viscosity [Pa s] at Newtonian wall rates [1/s], 0 included."""
        end = float(len(self.logarithms) - 1)
        place = np.log(np.maximum(gamma, LOWEST))
        place -= self.start
        place /= self.spacing
        # A hair's breadth before the end, so that there is an entry to the right.
        place = np.minimum(np.maximum(place, 0.0, out=place), np.nextafter(end, 0.0), out=place)
        left = place.astype(np.intp)
        place -= left
        place *= self.rises.take(left)
        place += self.logarithms.take(left)
        return np.exp(place, out=place)

    @cached_property
    def rises(self) -> Floats:
        """From each entry to the next."""
        return np.diff(self.logarithms)


def rabinowitsch_table(law: Rheology) -> CapillaryTable:
    """Viscosity of the Newtonian fluid that loses the same pressure at the same flow, mu = tau_w / Gamma.

    Gamma = (4 / tau_w^3) integral_0^tau_w tau^2 rate dtau (Rabinowitsch 1929), by parts (4/3) [rate_w - (1 /
    tau_w^3) integral_0^rate_w tau^3 drate].
    """
    stress, gamma, _ = _sweep(law)
    return _table(gamma, stress / gamma)


def mean_viscosity_table(law: Rheology) -> CapillaryTable:
    """Mean of the local viscosity over the cross-section, mu = (2 / tau_w^2) integral_0^tau_w mu(tau) tau dtau.

    For a power law of index n it is [2n/(3n - 1)] [4n/(3n + 1)] times that of `rabinowitsch_table`. At n <= 1/3 the
    axis decides, where the fluid hardly shears, and with it the viscosity at rest.
    """
    _, gamma, mean = _sweep(law)
    return _table(gamma, mean)


def _sweep(law: Rheology) -> tuple[Floats, Floats, Floats]:
    """Stress at the wall [Pa], Gamma [1/s] and mean viscosity [Pa s] over rising rates at the wall.

    Both integrals by parts, so that the integrands have no jump where a law has a kink.
    """
    intervals = round(np.log10(HIGHEST / LOWEST)) * _PER_DECADE
    nodes = np.linspace(np.log(LOWEST), np.log(HIGHEST), intervals + 1)
    width = nodes[1] - nodes[0]
    between = np.exp(nodes[:-1, None] + width * _X)
    cubes = (law.viscosity(between) * between) ** 3
    wall = np.exp(nodes)
    stress = law.viscosity(wall) * wall
    flow = _cumulated(0.25 * stress[0] ** 3 * wall[0], np.sum(width * _W * cubes * between, axis=1))
    mean = _cumulated(0.5 * stress[0] ** 3 / wall[0], np.sum(width * _W * cubes / between, axis=1))
    return stress, 4.0 / 3.0 * (wall - flow / stress**3), 2.0 / 3.0 * (stress / wall + mean / stress**2)


def _cumulated(start: float, parts: Floats) -> Floats:
    return start + np.concatenate([np.zeros(1), np.cumsum(parts)])


def _table(gamma: Floats, viscosity: Floats) -> CapillaryTable:
    """Entries at even logarithms of Gamma."""
    logarithms = np.log(gamma)
    even = np.linspace(logarithms[0], logarithms[-1], len(gamma))
    entries = np.interp(even, logarithms, np.log(viscosity))
    return CapillaryTable(float(even[0]), float(even[1] - even[0]), entries)
