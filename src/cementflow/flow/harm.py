"""What heat has done to the tissue so far."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cementflow.laws.harm import BONE_TEMPERATURE, damage_rate, dose_rate

Floats = NDArray[np.float64]
SIMPSON = (1.0 / 6.0, 4.0 / 6.0, 1.0 / 6.0)
MOST = 1e30  # of dose and damage; any of it is far beyond all harm


@dataclass(frozen=True, eq=False)
class Harm:
    """Heat that the vertices went through, each of shape (n,), or (1,) while nothing is heated.

    Parameters
    ----------
    peak
        Highest temperature [K].
    hot
        Time above 47 degC [s].
    dose
        Equivalent minutes at 43 degC [min].
    damage
        Damage integral [-].
    """

    peak: Floats
    hot: Floats
    dose: Floats
    damage: Floats

    @classmethod
    def none(cls, temperature: Floats) -> Harm:
        """Before anything happened, at a temperature [K]."""
        nothing = np.zeros(len(temperature))
        return cls(temperature, nothing, nothing, nothing)

    def after(self, before: Floats, now: Floats, dt: float) -> Harm:
        """With a step of length dt [s], in which the temperatures [K] went evenly from one to the other."""
        dose, damage = np.zeros(len(now)), np.zeros(len(now))
        for part, weight in zip((0.0, 0.5, 1.0), SIMPSON, strict=True):
            temperature = before + part * (now - before)
            dose += weight * dt / 60.0 * dose_rate(temperature)
            damage += weight * dt * damage_rate(temperature)
        low, high = np.minimum(before, now), np.maximum(before, now)
        above = np.clip((high - BONE_TEMPERATURE) / np.maximum(high - low, 1e-9), 0.0, 1.0)
        return Harm(
            peak=np.maximum(self.peak, now),
            hot=self.hot + dt * above,
            dose=np.minimum(self.dose + dose, MOST),
            damage=np.minimum(self.damage + damage, MOST),
        )
