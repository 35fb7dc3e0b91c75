"""A random field in space that is known as a formula: the same on every mesh, and by its seed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

Floats = NDArray[np.float64]
MODES = 256
CHUNK = 16_384  # points at once, which then stay in the cache of the processor


@dataclass(frozen=True)
class LogNormalField:
    """exp(spread Z - spread^2 / 2), whose mean is 1, of an even Gaussian field Z.

    Z has the mean 0, the variance 1 and the correlation exp(-r^2 / (2 correlation^2)) over the distance r. It is a sum
    of cosine waves of one amplitude and of random phases (as Shinozuka and Deodatis 1991, recalled), whose wave vectors
    follow the spectrum of that correlation, a normal distribution.

    Parameters
    ----------
    spread
        Standard deviation of the logarithm [-].
    correlation
        Distance at which the correlation has fallen to exp(-1/2) [m].
    seed
        Tells one field from another.
    """

    spread: float
    correlation: float
    seed: int

    def logarithm(self, points: Floats) -> Floats:
        """Natural logarithm at points (n, 3) [m], shape (n,) [-]."""
        return self.spread * self.gaussian(points) - 0.5 * self.spread**2

    def gaussian(self, points: Floats) -> Floats:
        """Z at points (n, 3) [m], shape (n,) [-]."""
        waves, phases = self._waves()
        total = np.zeros(len(points))
        for start in range(0, len(points), CHUNK):
            x, y, z = np.ascontiguousarray(points[start : start + CHUNK].T)
            part = total[start : start + CHUNK]
            # Wave by wave: a product of matrices would add up in an order that depends on the number of threads.
            for (kx, ky, kz), phase in zip(waves, phases, strict=True):
                part += np.cos(kx * x + ky * y + kz * z + phase)
        return total * np.sqrt(2.0 / MODES)

    def _waves(self) -> tuple[Floats, Floats]:
        """Wave vectors (MODES, 3) [1/m] and phases (MODES,).

        The vectors are spread evenly over their distribution (additive recurrence with powers of the root of
        x^4 = x + 1, begun at a random place), so that already few of them have the correlation that is asked for.
        """
        random = np.random.default_rng(self.seed)
        ratio = 1.22074408460575947536
        steps = np.outer(np.arange(1.0, MODES + 1.0), ratio ** -np.arange(1.0, 4.0))
        even = np.clip((random.random(3) + steps) % 1.0, 1e-9, 1.0 - 1e-9)
        return ndtri(even) / self.correlation, 2.0 * np.pi * random.random(MODES)
