"""How the viscosity of the cement grows with age and cure: the logarithm of its factor.

Each law answers `logarithm(age, cure)` for arrays that numpy broadcasts against each other: the equivalent age [s],
which runs as fast as the clock at the reference temperature and faster where it is warmer, and the degree of cure [-].
It is 0 at the reference age in cement that has not begun to cure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

LARGEST = 300.0
"""No logarithm is above this, nor below its negative: a factor of 1e130 is as good as infinite."""


class Growth(Protocol):
    """What the ageing of a cement asks of a law of growth."""

    def logarithm(self, age: Floats, cure: Floats) -> Floats:
        """Logarithm [-] of the factor by which the viscosity has grown.

        Parameters
        ----------
        age
            Equivalent age [s].
        cure
            Degree of cure [-].
        """
        ...


@dataclass(frozen=True)
class Constant(Growth):
    """The same factor at any age: cement whose ageing is switched off.

    Parameters
    ----------
    value
        Logarithm of the factor.
    """

    value: float = 0.0

    def logarithm(self, age: Floats, cure: Floats) -> Floats:
        """The value, whatever age and cure are."""
        return np.full(np.broadcast_shapes(np.shape(age), np.shape(cure)), self.value)


@dataclass(frozen=True)
class Exponential(Growth):
    """(age - reference_age) / time: swelling and dissolution of the powder at an even pace.

    Usual for cement in its working time, in which the viscosity grows by a fixed share each minute (assumed); it
    knows of no setting. Limit: constant for an infinite time.

    Parameters
    ----------
    time
        e-folding time [s].
    reference_age
        Age [s] at which the viscosity is the stated one.
    """

    time: float
    reference_age: float = 0.0

    def logarithm(self, age: Floats, cure: Floats) -> Floats:
        """Logarithm of the factor; the cure has no part in it."""
        grown = (np.asarray(age) - self.reference_age) / self.time
        return _bounded(grown, cure)


@dataclass(frozen=True)
class TwoPhase(Growth):
    """Exponential with one time up to an age and with another one from there on, without a jump.

    Cement thickens slowly while the powder dissolves and swells, and fast once it polymerises; Trivedi et al. 2023
    (arXiv 2312.11426) report these two phases, their numbers are not known here. Limits: `Exponential` for equal times
    and before the second age.

    Parameters
    ----------
    time
        e-folding time [s] of the first phase.
    reference_age
        Age [s] at which the viscosity is the stated one, in either phase.
    second_age
        Age [s] at which the second phase begins.
    second_time
        e-folding time [s] of the second phase.
    """

    time: float
    reference_age: float
    second_age: float
    second_time: float

    def logarithm(self, age: Floats, cure: Floats) -> Floats:
        """Logarithm of the factor; the cure has no part in it."""
        return _bounded(self._grown(np.asarray(age)) - self._grown(np.asarray(self.reference_age)), cure)

    def _grown(self, age: Floats) -> Floats:
        first = np.minimum(age, self.second_age) / self.time
        return first + np.maximum(age - self.second_age, 0.0) / self.second_time


@dataclass(frozen=True)
class CastroMacosko(Growth):
    """(age - reference_age) / time + (A + B cure) ln[gel / (gel - cure)]: to infinity where the cement gels.

    The second term is the law of Castro & Macosko 1982 for polyurethane, whose A = 1.5 and B = 1 are recalled, not
    read again; that it holds for a cement which polymerises between its beads is assumed. The reference viscosity is
    that of cement without cure, so the law is good where next to nothing has cured at the reference age. Limits:
    `Exponential` without cure; at and beyond the gel it is `LARGEST`.

    Parameters
    ----------
    time
        e-folding time [s] of the swelling.
    reference_age
        Age [s] at which the viscosity is the stated one.
    gel
        Degree of cure [-] at which the cement is a gel.
    exponent, slope
        A and B [-].
    """

    time: float
    reference_age: float
    gel: float
    exponent: float
    slope: float

    def logarithm(self, age: Floats, cure: Floats) -> Floats:
        """Logarithm of the factor."""
        swollen = (np.asarray(age) - self.reference_age) / self.time
        # So near to the gel the logarithm is some 36, and the factor is what counts as infinite from there on.
        liquid = np.asarray(cure) < self.gel * (1.0 - 1e-15)
        share = np.where(liquid, cure, 0.0) / self.gel
        knitted = (self.exponent + self.slope * np.asarray(cure)) * -np.log1p(-share)
        return _bounded(np.where(liquid, swollen + knitted, LARGEST), cure)


def _bounded(grown: Floats, cure: Floats) -> Floats:
    """Inside what has an exponential, in the shape of both arguments."""
    bounded = np.empty(np.broadcast_shapes(np.shape(grown), np.shape(cure)))
    return np.clip(grown, -LARGEST, LARGEST, out=bounded)
