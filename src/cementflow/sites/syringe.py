"""The cement in the syringe: how old it is, and how far it has cured."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from cementflow.laws.ageing import AgeingCement
from cementflow.laws.cure import CureKinetics

LONGEST = 24 * 3600.0  # s; by then the cement in the syringe is as cured as it gets
USUAL = CureKinetics()


@dataclass(frozen=True)
class Batch:
    """Cement that was mixed at one time.

    Parameters
    ----------
    after
        Injected volume from which the syringe holds this batch [m3].
    mixed
        When it was mixed, on the clock of the run [s]; before the start of the injection this is negative.
    """

    after: float
    mixed: float


@dataclass(frozen=True, eq=False)
class Syringe:
    """Batches of one cement, kept at one temperature until they are pushed out.

    Parameters
    ----------
    batches
        In the order in which they come; the first after nothing.
    temperature
        [K].
    speed
        Of ageing at that temperature, relative to the reference temperature of the cement [-].
    kinetics
        Of the cure.
    """

    batches: tuple[Batch, ...]
    temperature: float = 296.15
    speed: float = 1.0
    kinetics: CureKinetics = USUAL

    def condition(self, time: float, injected: float) -> tuple[float, float, float]:
        """Temperature [K], equivalent age [s] and degree of cure [-] of the cement in it."""
        return self.temperature, self.age(time, injected), self.cure(time, injected)

    def age(self, time: float, injected: float) -> float:
        """Equivalent age [s] of the cement in it at a time [s] after so much has been injected [m3]."""
        return self.speed * self._clock(time, injected)

    def cure(self, time: float, injected: float) -> float:
        """Its degree of cure [-]."""
        ages, cures = self._course
        return float(np.interp(self._clock(time, injected), ages, cures))

    def factor(self, cement: AgeingCement, time: float, injected: float) -> float:
        """By how much it has thickened [-]."""
        return float(cement.factor(self.age(time, injected), self.cure(time, injected)))

    def _clock(self, time: float, injected: float) -> float:
        """Time since mixing [s]."""
        current = [b for b in self.batches if b.after <= injected * (1.0 + 1e-9)][-1]
        return max(time - current.mixed, 0.0)

    @cached_property
    def _course(self) -> tuple[np.ndarray, np.ndarray]:
        ages = np.concatenate([np.arange(0.0, 7200.0, 2.0), np.geomspace(7200.0, LONGEST, 200)])
        return ages, self.kinetics.isothermal(self.temperature, ages)
