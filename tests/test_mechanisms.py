"""The study of mechanisms: its cases are sound, its measures measure, and what was kept is read again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from benchmarks.mechanisms import measure, tables
from benchmarks.mechanisms.__main__ import PARTS
from benchmarks.mechanisms.measure import Outcome, elsewhere, measured
from benchmarks.mechanisms.variants import Variant

from cementflow.bench.section import put_tables
from cementflow.case import digest

DOCUMENT = Path(__file__).parents[1] / "docs/cement.md"
COARSE = {"geometry.edge_length": "4 mm", "injection.volume": "0.5 mL"}
HEATED = {**COARSE, "physics.heat": True, "stop.until": "3 min"}


@pytest.fixture(scope="module")
def outcome() -> Outcome:
    return measured(Variant("heated", HEATED), None)


@pytest.mark.parametrize("part", PARTS)
def test_the_cases_are_sound_and_differ(part: str) -> None:
    variants = PARTS[part]()
    cases = [(digest(v.case), v.cure_a_step) for v in variants]
    assert len({v.name for v in variants}) == len(variants)
    assert len(set(cases)) == len(variants)


def test_what_is_measured(outcome: Outcome) -> None:
    summary, history = outcome.summary, outcome.history
    assert summary["stop_reason"] == "volume injected" and summary["simulated_s"] == pytest.approx(180.0)
    assert sum(outcome.cement) == pytest.approx(1e3 * summary["in_bone_ml"], rel=1e-4)
    assert len(outcome.shells) == len(history["time_s"]) == len(history["centre"])
    low, median, high = outcome.rates
    assert 0.0 < low < median < high
    assert outcome.viscosities[0] < outcome.mean_viscosity < outcome.viscosities[2]
    assert max(history["anterior wall"]) == pytest.approx(summary["heat"]["peak_at_degC"]["anterior wall"])
    assert all(0.0 <= x <= 1.0 for x in outcome.hottest)


def test_the_radius_of_an_even_ball() -> None:
    class Ball:
        problem = None

    points = np.random.default_rng(1).normal(size=(200_000, 3))
    points *= (
        0.01 * np.random.default_rng(2).random(len(points)) ** (1 / 3) / np.linalg.norm(points, axis=1)
    )[:, None]
    distance = np.linalg.norm(points, axis=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(measure, "_distance", lambda model: distance)
        assert measure._cloud_radius(Ball(), np.ones(len(points))) == pytest.approx(10.0, rel=2e-3)  # type: ignore[arg-type]


def test_cement_that_lies_elsewhere(outcome: Outcome) -> None:
    cement = np.array(outcome.cement)
    moved = cement.copy()
    full = np.flatnonzero(cement > 0.0)
    moved[full[0]], moved[0 if cement[0] == 0.0 else -1] = 0.0, cement[full[0]]
    assert elsewhere(outcome, outcome) == 0.0
    there = replace(outcome, cement=moved.tolist())
    assert elsewhere(there, outcome) == pytest.approx(cement[full[0]] / cement.sum())


def test_what_was_kept_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    variant = Variant("coarse", COARSE)
    first = measured(variant, tmp_path)
    monkeypatch.setattr(measure, "_run", lambda *_: pytest.fail("was run again"))
    again = measured(replace(variant, name="another name"), tmp_path)
    assert again.name == "another name"
    assert again.summary == first.summary and tuple(again.rates) == first.rates


def test_the_tables(outcome: Outcome) -> None:
    flat = replace(outcome, name="no thinning, viscosity at rest")
    section = tables.mechanisms("medium", [outcome, flat])
    assert section.rows[0][1] == f"{outcome.summary['peak_tip_pressure_kPa']:.1f}"
    assert section.rows[1][5] == "0.0" and len(section.notes) == 2
    assert tables.laws([outcome]).rows[0][6] == f"{outcome.solves[0]:g}"


def test_the_document_has_a_place_for_each_part(tmp_path: Path) -> None:
    document = tmp_path / "cement.md"
    document.write_text(DOCUMENT.read_text())
    for part in PARTS:
        mark = f"<!-- begin: python -m benchmarks.mechanisms {part} -->"
        assert DOCUMENT.read_text().count(mark) == 1
        put_tables(document, f"table of {part}", begin=mark)
    text = document.read_text()
    assert all(text.count(f"table of {part}\n") == 1 for part in PARTS)
    assert text.startswith("# The cement\n") and "## What is assumed" in text
