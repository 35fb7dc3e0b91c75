"""Benchmark A: its cases, its reference, and the accuracy that is asked of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import cementflow as cf
from cementflow.bench import sharp_front
from cementflow.bench.cases import BOXES
from cementflow.case import digest


def errors(name: str, edge: str, out: Path) -> tuple[np.ndarray, np.ndarray]:
    """Relative errors of tip pressure and cloud radius at 10, 20 and 30 s."""
    case = cf.preset(BOXES[name]).replace({"geometry.edge_length": edge, "output.figures": False})
    result = cf.run(case, out=out)
    assert result.summary["status"] == "completed"
    assert result.summary["balance_error"] <= 1e-6
    at = [np.abs(result.history["time_s"] - t).argmin() for t in sharp_front.TIMES]
    np.testing.assert_allclose(result.history["time_s"][at], sharp_front.TIMES, rtol=1e-9)
    found = sharp_front.errors(name, out)
    return np.array(found["pressure"]), np.array(found["radius"])


def test_the_three_cases_differ() -> None:
    assert len({digest(cf.preset(p)) for p in BOXES.values()}) == 3


def test_reference_is_the_agreed_one() -> None:
    np.testing.assert_allclose(np.array(sharp_front.radii()) * 1e3, [6.683, 8.419, 9.638], rtol=1e-4)
    agreed = {"A1": [19.94, 22.39, 23.58], "A2": [15.41, 18.50, 20.24], "A3": [18.20, 25.81, 33.37]}
    for name, pressures in agreed.items():
        np.testing.assert_allclose(
            np.array(sharp_front.mean_ball_pressure(name)) * 1e-3, pressures, rtol=3e-4
        )


def test_newtonian_cement_at_1_mm(tmp_path: Path) -> None:
    pressure, radius = errors("A1", "1 mm", tmp_path / "run")
    assert np.abs(radius).max() < 0.01
    assert (np.abs(pressure) < [0.03, 0.02, 0.02]).all()


@pytest.mark.parametrize("name", ["A2", "A3"])
def test_shear_thinning_cement_at_2_mm(name: str, tmp_path: Path) -> None:
    pressure, radius = errors(name, "2 mm", tmp_path / "run")
    assert np.abs(radius).max() < 0.02
    assert (np.abs(pressure) < [0.04, 0.03, 0.03]).all()


def test_wrong_cement_is_noticed(tmp_path: Path) -> None:
    """Negative control: the answers of A1 do not fit the pressures of A2."""
    assert (
        np.abs(
            np.divide(sharp_front.mean_ball_pressure("A2"), sharp_front.mean_ball_pressure("A1")) - 1.0
        ).min()
        > 0.1
    )
