"""How many bodies of a virtual cohort leak, and how: shares with intervals, beside published ones."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from cementflow.errors import InputError
from cementflow.study.intervals import Share, wilson
from cementflow.study.leaks_seen import OBSERVERS, leaking
from cementflow.study.published import KINDS, SERIES, Series, series
from cementflow.study.table import Table

Floats = NDArray[np.float64]

# Fewer bodies than this behind a calibrated share say nothing: the fit hangs on single ones.
LEAST_BODIES = 10.0
_STEP, _MOST = 0.02, 1000  # of the tilts that are tried


@dataclass(frozen=True)
class Calibration:
    """One number fitted on one published series: how much more some bodies count than others.

    A body with the value z of a column counts exp(tilt z), z being scaled to mean 0 and deviation 1.

    Parameters
    ----------
    series
        That it was fitted on, by the share of bodies with any leak; it must not be compared with again.
    column
        Whose values decide.
    tilt
        The number.
    bodies
        To how many bodies that count alike the weighted ones amount: (sum w)^2 / sum w^2.
    weights
        Of the bodies, mean 1.
    """

    series: Series
    column: str
    tilt: float
    bodies: float
    weights: Floats


@dataclass(frozen=True)
class Frequencies:
    """Shares of a cohort.

    Parameters
    ----------
    bodies, failed
        Bodies that are counted, and runs that came to no end.
    shares
        By observer and kind of leak.
    against
        Published series to be shown beside them.
    calibration
        If there is one.
    """

    bodies: int
    failed: int
    shares: Mapping[str, Mapping[str, Share]]
    against: tuple[Series, ...]
    calibration: Calibration | None = None


def frequencies(
    tables: Sequence[Table],
    against: Sequence[str] | None = None,
    calibrate: str | None = None,
    by: str | None = None,
) -> Frequencies:
    """Shares of leaking bodies in one or more studies taken together.

    Parameters
    ----------
    tables
        Of the studies.
    against
        Names of published series; None for all that are not calibrated on.
    calibrate, by
        Name of the published series to calibrate on, and the column whose values say which bodies count more.

    Raises
    ------
    InputError
        For an unknown series, a comparison with the series of the calibration, or a calibration that does not work.
    """
    if calibrate is not None and calibrate in (against or ()):
        raise InputError(
            f'the frequencies would be calibrated on the series "{calibrate}" and compared with it; compare with others'
        )
    if (calibrate is None) != (by is None):
        raise InputError("a calibration needs both a series and the column whose values weigh the bodies")
    names = [s.name for s in SERIES if s.name != calibrate] if against is None else against
    shown = tuple(series(n) for n in names)
    done = [t.done() for t in tables]
    count = sum(len(t.rows) for t in done)
    if not count:
        raise InputError("no run of the cohort is done")
    flags = {o: _together([leaking(t, o) for t in done]) for o in OBSERVERS}
    fitted = None
    if calibrate is not None and by is not None:
        fitted = calibration(series(calibrate), by, [t.numbers(by) for t in done], flags)
    weights = np.ones(count) if fitted is None else fitted.weights * (fitted.bodies / count)
    shares = {
        o: {k: wilson(float(weights @ kinds[k]), float(weights.sum())) for k in KINDS}
        for o, kinds in flags.items()
    }
    return Frequencies(count, sum(len(t.rows) for t in tables) - count, shares, shown, fitted)


def calibration(
    goal: Series, column: str, values: Sequence[Floats], flags: Mapping[str, Mapping[str, NDArray[np.bool_]]]
) -> Calibration:
    """Weights with which as many bodies leak anywhere as in a published series, seen by the method of that series.

    Raises
    ------
    InputError
        If the series does not say how it saw leaks, the column tells no bodies apart, or no weight reaches the share.
    """
    if goal.method not in flags:
        raise InputError(
            f'the text read of "{goal.name}" does not say how leaks were seen; calibrate on another'
        )
    given, leaks = np.concatenate(list(values)), flags[goal.method]["any"]
    if not np.isfinite(given).all() or given.std() == 0.0:
        raise InputError(f'"{column}" has no value for every body, or the same for all; it cannot weigh them')
    scaled = (given - given.mean()) / given.std()
    wanted = goal.shares["any"]

    def share(tilt: float) -> float:
        return float(_weights(scaled, tilt) @ leaks) / len(leaks)

    tilts = _tilts(scaled)
    found = [share(t) for t in tilts]
    # The mildest weights that do: neighbours between which the wanted share lies, nearest to weights that are all one.
    between = [i for i, pair in enumerate(pairwise(found)) if min(pair) <= wanted <= max(pair)]
    if not between:
        raise InputError(
            f'no weight by "{column}" makes {wanted:.1%} of the bodies leak as in "{goal.name}" without hanging on '
            f"fewer than {LEAST_BODIES:g} of {len(leaks)}: it reaches {min(found):.1%} to {max(found):.1%}"
        )
    i = min(between, key=lambda i: abs(tilts[i] + tilts[i + 1]))
    low, high, rising = tilts[i], tilts[i + 1], found[i + 1] > found[i]
    for _ in range(60):
        middle = (low + high) / 2.0
        low, high = (low, middle) if (share(middle) > wanted) == rising else (middle, high)
    tilt = (low + high) / 2.0
    weights = _weights(scaled, tilt)
    bodies = _bodies(weights)
    return Calibration(goal, column, tilt, bodies, weights)


def _tilts(scaled: Floats) -> list[float]:
    """Tilts to try, rising, as far as the weights do not hang on too few bodies."""
    sides = []
    for step in (-_STEP, _STEP):
        side = [0.0]
        while len(side) < _MOST and _bodies(_weights(scaled, side[-1] + step)) >= LEAST_BODIES:
            side.append(side[-1] + step)
        sides.append(side)
    return [*sides[0][:0:-1], *sides[1]]


def _bodies(weights: Floats) -> float:
    """How many bodies that count alike the weighted ones amount to, after Kish."""
    return float(weights.sum() ** 2 / (weights**2).sum())


def _weights(scaled: Floats, tilt: float) -> Floats:
    """Of mean 1."""
    exponent = tilt * scaled
    weights = np.exp(exponent - exponent.max())
    return weights * (len(weights) / math.fsum(weights))


def _together(found: Sequence[Mapping[str, NDArray[np.bool_]]]) -> dict[str, NDArray[np.bool_]]:
    return {k: np.concatenate([f[k] for f in found]) for k in KINDS}
