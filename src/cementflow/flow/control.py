"""The size of the steps: from the error of the last one, and cut so that events and output times are met."""

from __future__ import annotations

from dataclasses import dataclass

GROWTH_LIMITS = (0.25, 2.0)
SAFETY = 0.85


def next_step(dt: float, error: float, tolerance: float, largest: float) -> float:
    """Step for which the second-order error estimate would meet the tolerance [s].

    Parameters
    ----------
    dt, error
        Step that was taken [s] and its error estimate.
    tolerance
        Aim for the estimate.
    largest
        Upper limit [s].
    """
    low, high = GROWTH_LIMITS
    factor = SAFETY * (tolerance / max(error, 1e-12)) ** 0.5
    return min(dt * min(max(factor, low), high), largest)


def cut_to(dt: float, remaining: float) -> float:
    """Step that ends on a time ahead, or leaves a remainder that is not tiny [s]."""
    if dt >= remaining * (1.0 - 1e-9):
        return remaining
    return 0.5 * remaining if dt > 0.6 * remaining else dt


@dataclass(frozen=True)
class Crossing:
    """A quantity that has to be stopped at zero: negative before, positive after a step that went too far.

    Parameters
    ----------
    before, after
        Its values at both ends of the step.
    tolerance
        How far above zero is close enough.
    """

    before: float
    after: float
    tolerance: float

    @property
    def overshot(self) -> bool:
        """Whether the step went past zero by more than the tolerance."""
        return self.before < 0.0 and self.after > self.tolerance

    def fraction(self) -> float:
        """Part of the step that reaches zero if the quantity grows evenly; aims at the middle of the tolerance."""
        return (0.5 * self.tolerance - self.before) / (self.after - self.before)
