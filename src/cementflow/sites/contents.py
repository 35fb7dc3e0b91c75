"""The cement that stands in the cannula: first in, first out, and ageing while it waits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cementflow.laws.ageing import AgeingCement
from cementflow.laws.cure import CureKinetics
from cementflow.sites.cannula import Cannula

Floats = NDArray[np.float64]
SLUGS = 24  # in a full cannula; thinner ones that follow each other are taken together
# Slowest mode of heat in a long cylinder whose wall is held at a temperature: 5.783 kappa / R^2, with the square of the
# first zero of the Bessel function J_0 (Carslaw & Jaeger 1959, ch. 7).
SLOWEST_MODE = 5.7831859629
# Gauss-Legendre points and weights on (0, 1), for a mean over time.
_POINTS, _POINT_WEIGHTS = np.polynomial.legendre.leggauss(8)
_X, _W = 0.5 * (_POINTS + 1.0), 0.5 * _POINT_WEIGHTS
TRIFLE = 1e-12  # of the dead volume: what is pushed is nothing
LONGEST_PART = 0.5  # of the time in which the kinetics change anything


@dataclass(frozen=True, eq=False)
class Contents:
    """Slugs of cement from the tip to the syringe; arrays of shape (k,), empty where none are followed.

    Parameters
    ----------
    volume
        [m3]; their sum is the dead volume.
    temperature, age, cure
        [K], equivalent age [s], degree of cure [-].
    """

    volume: Floats
    temperature: Floats
    age: Floats
    cure: Floats

    @classmethod
    def none(cls) -> Contents:
        """Nothing to follow."""
        return cls(*(np.zeros(0) for _ in range(4)))

    @classmethod
    def even(cls, volume: float, temperature: float, age: float, cure: float, slugs: int = SLUGS) -> Contents:
        """A volume [m3] of one temperature, age and cure."""
        return cls(
            np.full(slugs, volume / slugs),
            np.full(slugs, temperature),
            np.full(slugs, age),
            np.full(slugs, cure),
        )

    def __len__(self) -> int:
        return len(self.volume)

    def part(self, chosen: slice) -> Contents:
        """Some of the slugs."""
        return Contents(self.volume[chosen], self.temperature[chosen], self.age[chosen], self.cure[chosen])

    def then(self, other: Contents) -> Contents:
        """These slugs, and others behind them."""
        pairs = zip(self._arrays, other._arrays, strict=True)
        return Contents(*(np.concatenate(pair) for pair in pairs))

    @property
    def mean(self) -> tuple[float, float, float]:
        """Temperature, age and cure, averaged by volume."""
        share = self.volume / np.sum(self.volume)
        temperature, age, cure = (float(np.sum(share * values)) for values in self._arrays[1:])
        return temperature, age, cure

    @property
    def _arrays(self) -> tuple[Floats, Floats, Floats, Floats]:
        return self.volume, self.temperature, self.age, self.cure

    def cut(self, volume: float) -> tuple[Contents, Contents]:
        """The first volume [m3] and the rest."""
        ends = np.cumsum(self.volume)
        i = min(int(np.searchsorted(ends, volume)), len(self) - 1)
        before = float(min(max(volume - (ends[i] - self.volume[i]), 0.0), self.volume[i]))
        first, rest = self.part(slice(0, i + 1)), self.part(slice(i, None))
        front, back = first.volume.copy(), rest.volume.copy()
        front[-1], back[0] = before, back[0] - before
        return _solid(Contents(front, *first._arrays[1:])), _solid(Contents(back, *rest._arrays[1:]))


@dataclass(frozen=True)
class Warmth:
    """How the cement in a cannula ages where it stands.

    The part outside the body is as warm as the syringe, the part inside as the body, and the cement follows the wall by
    its slowest mode. What it warms itself by its cure is taken up by the steel.

    Parameters
    ----------
    room, body
        Temperatures of the wall outside and inside the body [K].
    diffusivity
        Of heat in the cement [m2/s].
    """

    room: float
    body: float
    diffusivity: float

    def waited(
        self,
        slugs: Contents,
        time: Floats,
        wall: float,
        radius: Floats,
        cement: AgeingCement,
        kinetics: CureKinetics,
    ) -> Contents:
        """The slugs after times [s], shape (k,), at a wall [K] of some radii [m], shape (k,)."""
        longest = float(np.max(time, initial=0.0))
        if longest == 0.0:
            return slugs
        rate = SLOWEST_MODE * self.diffusivity / radius**2
        excess = slugs.temperature - wall

        def temperature(at: float) -> Floats:
            return np.asarray(wall + excess * np.exp(-rate * at * time))

        speed = sum(w * cement.speed(temperature(x)) for x, w in zip(_X, _W, strict=True))
        hottest = max(float(slugs.temperature.max()), wall)
        fastest = kinetics.frequency * np.exp(-kinetics.numbers[1] / hottest)
        parts = max(int(np.ceil(longest * fastest / LONGEST_PART)), 1)
        cure, h = slugs.cure, time / parts
        for i in range(parts):
            begin, middle, end = (temperature((i + x) / parts) for x in (0.0, 0.5, 1.0))
            k1 = kinetics.rate(cure, begin)
            k2 = kinetics.rate(cure + 0.5 * h * k1, middle)
            k3 = kinetics.rate(cure + 0.5 * h * k2, middle)
            k4 = kinetics.rate(cure + h * k3, end)
            cure = cure + h / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4)
        return Contents(slugs.volume, temperature(1.0), slugs.age + time * speed, cure)


def pushed(
    contents: Contents,
    cannula: Cannula,
    warmth: Warmth,
    cement: AgeingCement,
    kinetics: CureKinetics,
    fresh: tuple[float, float, float],
    volume: float,
    dt: float,
) -> tuple[Contents, Contents, Floats]:
    """What a cannula holds after a volume was pushed through it at an even rate, and what left it.

    Parameters
    ----------
    contents, cannula, warmth, cement, kinetics
        What it holds, what it is, and how its cement ages.
    fresh
        Temperature [K], equivalent age [s] and degree of cure [-] of the cement in the syringe at the start.
    volume
        Pushed [m3], not negative.
    dt
        In this time [s].

    Returns
    -------
    held, left, moment
        What is in it then; what has left, each slug in the state in which it left; and how long after the start that
        was [s].
    """
    slugs, dead = contents, cannula.dead_volume
    moves = volume > TRIFLE * dead
    if moves:
        count = int(np.ceil(volume / dead * SLUGS * (1.0 - 1e-9)))
        slugs = contents.then(Contents.even(volume, *fresh, slugs=count))
        front, back = slugs.cut(volume)
        slugs, leaving = front.then(back), len(front)
    else:
        leaving = 0
    # The middle of a slug goes this far down to the tip; what leaves does so before the end of the step.
    middle = np.cumsum(slugs.volume) - 0.5 * slugs.volume
    there, outside = np.full(len(slugs), dt), np.where(middle > cannula.volume_in_body, dt, 0.0)
    if moves:
        there[:leaving] = np.minimum(middle[:leaving] / volume, 1.0) * dt
        outside = np.clip((middle - cannula.volume_in_body) / volume * dt, 0.0, there)
    radius = cannula.radius_at(np.minimum(middle, dead))
    slugs = warmth.waited(slugs, outside, warmth.room, radius, cement, kinetics)
    slugs = warmth.waited(slugs, there - outside, warmth.body, radius, cement, kinetics)
    held = _thinned(slugs.part(slice(leaving, None)), dead / SLUGS)
    return held, slugs.part(slice(0, leaving)), there[:leaving]


def _solid(slugs: Contents) -> Contents:
    """Without slugs of no volume."""
    full = slugs.volume > 0.0
    return slugs if full.all() else Contents(*(values[full] for values in slugs._arrays))


def _thinned(slugs: Contents, least: float) -> Contents:
    """Neighbours taken together, from the syringe on, as long as they hold no more than a least volume [m3]."""
    group, held = np.zeros(len(slugs), np.intp), np.inf
    for i in range(len(slugs) - 1, -1, -1):
        together = held + slugs.volume[i] <= least * (1.0 + 1e-9)
        held = held + slugs.volume[i] if together else slugs.volume[i]
        group[: i + 1] += not together
    group = group[0] - group
    if group[-1] == len(slugs) - 1:
        return slugs
    volume = np.bincount(group, slugs.volume).astype(np.float64)
    means = (np.bincount(group, slugs.volume * values) / volume for values in slugs._arrays[1:])
    return Contents(volume, *means)
