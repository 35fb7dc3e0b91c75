"""What heat does to tissue: rates of dose and of damage over temperature.

Each rate is to be integrated over time. The dose in equivalent minutes at 43 degC says how long tissue would have to be
kept at 43 degC for the same harm; the damage integral says how much of a cell population has died, a share of 1 -
exp(-damage).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cementflow.laws.thermal import ZERO_CELSIUS
from cementflow.units import GAS_CONSTANT

Floats = NDArray[np.float64]

REFERENCE = ZERO_CELSIUS + 43.0
"""Temperature [K] whose minutes the dose counts."""

BONE_DOSE = 240.0
"""Equivalent minutes at 43 degC that kill bone; assumed, as recalled from reviews of thermal dose."""

BONE_DAMAGE = 1.0
"""Damage integral [-] at which 63 % of the cells have died, and tissue counts as dead."""

BONE_TEMPERATURE = ZERO_CELSIUS + 47.0
"""Temperature [K] that injures bone within a minute (Eriksson & Albrektsson 1983, recalled)."""

BONE_TIME = 60.0
"""Time [s] at `BONE_TEMPERATURE` that injures bone (same source)."""

# Henriques & Moritz 1947 for skin, recalled and not read again.
_FREQUENCY_LOGARITHM = float(np.log(3.1) + 98.0 * np.log(10.0))
_ACTIVATION_ENERGY = 6.28e5
_LEAST_DOSE = ZERO_CELSIUS + 39.0


def dose_rate(temperature: Floats) -> Floats:
    """Equivalent minutes at 43 degC (CEM43) that one minute counts, R^(43 - T).

    R = 0.5 above 43 degC, 0.25 below, and nothing below 39 degC (Sapareto & Dewey 1984, recalled and not read again:
    assumed). Valid to some 57 degC; beyond, harm is so quick that any dose is far above every threshold.

    Parameters
    ----------
    temperature
        Absolute temperature [K], any shape.

    Returns
    -------
    ndarray
        Minutes a minute [-].
    """
    above = np.asarray(temperature) - REFERENCE
    # Steam has no dose; the bound keeps the power finite.
    power = np.minimum(np.where(above > 0.0, above, 2.0 * above), 1000.0)
    return np.where(np.asarray(temperature) < _LEAST_DOSE, 0.0, np.exp2(np.maximum(power, -1000.0)))


def damage_rate(temperature: Floats) -> Floats:
    """Rate of the damage integral, A exp(-E / (R T)) with A = 3.1e98 1/s and E = 6.28e5 J/mol.

    Henriques & Moritz 1947 for burns of skin, recalled and not read again (assumed); that bone dies alike is assumed.
    Valid from some 44 to 70 degC.

    Parameters
    ----------
    temperature
        Absolute temperature [K], any shape.

    Returns
    -------
    ndarray
        Rate [1/s].
    """
    return np.exp(_FREQUENCY_LOGARITHM - _ACTIVATION_ENERGY / (GAS_CONSTANT * np.asarray(temperature)))
