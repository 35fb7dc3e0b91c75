"""Dose and damage by heat: hand values, limits, monotony."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cementflow.laws.harm import (
    BONE_DAMAGE,
    BONE_DOSE,
    BONE_TEMPERATURE,
    BONE_TIME,
    damage_rate,
    dose_rate,
)
from cementflow.laws.thermal import ZERO_CELSIUS


def dose(celsius: float, minutes: float) -> float:
    return float(dose_rate(np.array(ZERO_CELSIUS + celsius))) * minutes


@pytest.mark.parametrize(
    ("celsius", "minutes", "equivalent"),
    [
        (43.0, 60.0, 60.0),
        (44.0, 60.0, 120.0),
        (44.94, 60.0, 60.0 * 2.0**1.94),
        (47.0, 1.0, 16.0),
        (50.0, 1.0, 128.0),
        (42.0, 60.0, 15.0),
        (41.0, 60.0, 3.75),
        (39.0, 256.0, 1.0),
        (38.9, 1e6, 0.0),
        (37.0, 1e6, 0.0),
        (-3.0, 1e6, 0.0),
    ],
)
def test_equivalent_minutes(celsius: float, minutes: float, equivalent: float) -> None:
    assert dose(celsius, minutes) == pytest.approx(equivalent, rel=1e-9, abs=1e-300)


def test_dose_of_a_field() -> None:
    field = ZERO_CELSIUS + np.array([[37.0, 43.0], [44.0, 45.0]])
    np.testing.assert_allclose(dose_rate(field), [[0.0, 1.0], [2.0, 4.0]], rtol=1e-12)


def test_damage_by_hand() -> None:
    """A exp(-E / RT) at 50 degC, which kills in 17 min there and in a second at 60 degC."""
    at_50 = float(damage_rate(np.array(ZERO_CELSIUS + 50.0)))
    exact = np.exp(np.log(3.1) + 98.0 * np.log(10.0) - 6.28e5 / (8.314462618 * 323.15))
    assert at_50 == pytest.approx(exact, rel=1e-12)
    times = BONE_DAMAGE / damage_rate(ZERO_CELSIUS + np.array([50.0, 60.0]))
    np.testing.assert_allclose(times, [1042.0, 0.94], rtol=1e-2)


@given(st.floats(273.15, 400.0), st.floats(0.01, 50.0))
def test_warmer_is_worse(temperature: float, more: float) -> None:
    both = np.array([temperature, temperature + more])
    for rate in (dose_rate, damage_rate):
        cool, warm = rate(both)
        assert 0.0 <= cool <= warm
    assert damage_rate(both)[0] < damage_rate(both)[1]


def test_extremes_are_finite() -> None:
    extremes = np.array([1.0, 273.0, 1e3, 1e4, 1e6])
    assert np.isfinite(dose_rate(extremes)).all()
    assert np.isfinite(damage_rate(extremes)).all()


def test_thresholds_are_of_one_size() -> None:
    """A minute at 47 degC is below what kills bone by the recalled dose and damage, 60 degC is above in seconds."""
    minute = np.array(BONE_TEMPERATURE)
    assert dose_rate(minute) * BONE_TIME / 60.0 < BONE_DOSE
    assert damage_rate(minute) * BONE_TIME < BONE_DAMAGE
    hot = np.array(ZERO_CELSIUS + 60.0)
    assert dose_rate(hot) * 10.0 / 60.0 > BONE_DOSE
    assert damage_rate(hot) * 10.0 > BONE_DAMAGE
