"""What a cement does with time when it is kept at one temperature: its viscosity, its cure, the pressure it takes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cementflow.case import CementSpec, PhysicsSpec
from cementflow.case.kinds import Reading
from cementflow.case.rules import GAUGE_DIAMETERS
from cementflow.case.sections import read_section
from cementflow.errors import CaseError
from cementflow.laws.ageing import AgeingCement
from cementflow.laws.cure import CureKinetics
from cementflow.laws.thermal import ZERO_CELSIUS
from cementflow.materials import cement_law, cure_kinetics
from cementflow.presets import read_preset
from cementflow.sites.cannula import Cannula

Floats = NDArray[np.float64]

BODY = 37.0 + ZERO_CELSIUS
FLOW = 4e-6 / 60.0  # m3/s
GAUGE, LENGTH = 11, 0.12  # m
# The largest pressure in a syringe in vivo, 3215 kPa, is from Krebs et al. 2005.
LIMIT = 3.2e6  # Pa
_LONGEST = 24.0 * 3600.0


@dataclass(frozen=True, eq=False)
class CementCourse:
    """A cement of the presets, left alone. Times are since mixing, in s.

    Parameters
    ----------
    name, title
        Name of the preset and what it stands for.
    spec
        All that is stated about the cement.
    """

    name: str
    title: str
    spec: CementSpec

    @cached_property
    def kinetics(self) -> CureKinetics:
        """How it cures."""
        return cure_kinetics(self.spec.cure)

    @cached_property
    def law(self) -> AgeingCement:
        """How it flows and ages."""
        return cement_law(self.spec, PhysicsSpec(), self.kinetics)

    def cure(self, times: Floats, temperature: float) -> Floats:
        """Degree of cure [-]."""
        return self.kinetics.isothermal(temperature, times)

    def factor(self, times: Floats, temperature: float) -> Floats:
        """Growth of the viscosity [-]."""
        return self.law.factor(times * self.law.speed(temperature), self.cure(times, temperature))

    def viscosity(self, times: Floats, rates: Floats, temperature: float) -> Floats:
        """Viscosity [Pa s] of shape (times, rates) at shear rates [1/s]."""
        return self.law.viscosity(rates, self.factor(times, temperature)[:, None])

    def pressure(self, times: Floats, temperature: float) -> Floats:
        """Pressure [Pa] that drives the cement through the cannula at the rate `FLOW`."""
        cannula = Cannula(0.5 * GAUGE_DIAMETERS[GAUGE], LENGTH)
        return np.array([cannula.drop(FLOW, self.law, float(f)) for f in self.factor(times, temperature)])

    def set_time(self, temperature: float) -> float | None:
        """When it counts as set [s]; None if not within a day."""
        return _first_time(lambda t: self.cure(t, temperature), self.kinetics.set_at)

    def limit_time(self, temperature: float) -> float | None:
        """When the pressure reaches `LIMIT` [s]; None if not within a day."""
        return _first_time(lambda t: self.pressure(t, temperature), LIMIT)

    def window(self, temperature: float) -> tuple[float, float] | None:
        """Working window [s]: the times with the equivalent ages of the stated one."""
        if self.spec.working_window is None:
            return None
        begin, end = (age / float(self.law.speed(temperature)) for age in self.spec.working_window)
        return begin, end

    @cached_property
    def end(self) -> float:
        """Time [s] up to which pictures show it: a round one by which it is set at its own temperature."""
        latest = self.set_time(self.spec.temperature)
        rounds = [60.0 * minutes for minutes in (10, 20, 30, 40, 60)]
        return next((t for t in rounds if latest is not None and t >= latest), rounds[-1])


def open_cement(name: str) -> CementCourse:
    """The course of a cement of the presets.

    Raises
    ------
    CaseError
        If there is no such preset.
    """
    preset = read_preset("cements", name)
    reading = Reading(Path())
    spec = read_section(CementSpec, {"preset": name}, "cement", reading)
    if reading.problems:
        raise CaseError(reading.problems, f'preset "{name}"')
    return CementCourse(name, preset.title, spec)


def _first_time(course: Callable[[Floats], Floats], level: float) -> float | None:
    """Time [s] at which something that grows reaches a level."""
    low, high = 0.0, _LONGEST
    if course(np.array([high]))[0] < level:
        return None
    while high - low > 1e-3:
        middle = 0.5 * (low + high)
        low, high = (middle, high) if course(np.array([middle]))[0] < level else (low, middle)
    return high
