"""Intervals of a share that was counted: so many of so many."""

from __future__ import annotations

import math
from dataclasses import dataclass

CONFIDENCE = 0.95
_Z = 1.959963984540054  # of the standard normal distribution, at 97.5 %


@dataclass(frozen=True)
class Share:
    """A counted share.

    Parameters
    ----------
    count, runs
        How many of how many; weighted ones need not be whole.
    low, high
        Ends of the 95 % interval.
    """

    count: float
    runs: float
    low: float
    high: float

    @property
    def value(self) -> float:
        """The share itself, NaN of none."""
        return self.count / self.runs if self.runs else math.nan


def wilson(count: float, runs: float) -> Share:
    """With the interval of Wilson (1927), which keeps its 95 % in the mean and for small counts too.

    Centre (p + z^2/2n) / (1 + z^2/n), half width z / (1 + z^2/n) sqrt(p (1 - p)/n + z^2/4n^2).
    """
    if not runs:
        return Share(count, runs, 0.0, 1.0)
    p, w = count / runs, _Z**2 / runs
    middle, half = p + w / 2.0, math.sqrt(w * max(p * (1.0 - p), 0.0) + w**2 / 4.0)
    low, high = max((middle - half) / (1.0 + w), 0.0), min((middle + half) / (1.0 + w), 1.0)
    return Share(count, runs, low if count > 0.0 else 0.0, high if count < runs else 1.0)


def clopper_pearson(count: int, runs: int) -> Share:
    """With the interval of Clopper and Pearson (1934), which covers with at least 95 % whatever the share is.

    Its ends are quantiles of beta distributions: B(0.025; k, n - k + 1) and B(0.975; k + 1, n - k).
    """
    from scipy.special import betaincinv

    tail = (1.0 - CONFIDENCE) / 2.0
    low = float(betaincinv(count, runs - count + 1, tail)) if count else 0.0
    high = float(betaincinv(count + 1, runs - count, 1.0 - tail)) if count < runs else 1.0
    return Share(count, runs, low, high)
