"""The studies of leakage: their cases are sound and differ, and their tables say what was found."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from benchmarks.effects import tables as effect_tables
from benchmarks.effects import variants as bodies
from benchmarks.leakage import figures, measure, tables, variants
from benchmarks.leakage.__main__ import PARTS, tables_of
from benchmarks.leakage.measure import Outcome, measured
from benchmarks.leakage.variants import ALL, FLAT, HIGH, LOW, VISCOSITIES, Variant

import cementflow as cf
from cementflow.case import digest

DOCUMENT = Path(__file__).parents[1] / "docs/leakage.md"
COARSE = {"geometry.edge_length": "4 mm", "injection.volume": "0.3 mL"}


def outcome(leaked: float, name: str = "x", **other: object) -> Outcome:
    """An outcome of 4 mL."""
    by_type = {"B": 0.5 * leaked, "S": 0.0, "C": 0.25 * leaked, "D": 0.25 * leaked}
    course = ([0.0, 2.0, 4.0], [0.0, 0.0, leaked])
    made = Outcome(name, "volume injected", 4.0, leaked, by_type, 10.0, 60.0, 100, 4031, course)
    return replace(made, **other)  # type: ignore[arg-type]


@pytest.mark.parametrize("part", [*PARTS, "effects"])
def test_the_cases_are_sound_and_differ(part: str) -> None:
    rows = PARTS[part]() if part in PARTS else bodies.rows()
    found = [v for row in rows.values() for v in row]
    assert len({v.name for v in found}) == len(found)
    assert len({digest(v.case) for v in found}) == len(found)


def test_the_flat_case_has_no_mechanism_and_the_other_has_all() -> None:
    flat = variants.alone()[FLAT][0].case
    everything = variants.all_but_one()[ALL][0].case
    assert not (flat.physics.shear_thinning or flat.physics.yield_stress or flat.physics.ageing)
    assert flat.injection.max_pressure is flat.bone.heterogeneity is flat.stop.seen is None
    assert flat.veins is not None and sum(v.blood_flow for v in flat.veins.vein) == 0.0
    assert everything.physics.shear_thinning and everything.physics.yield_stress and everything.physics.ageing
    assert everything.injection.max_pressure == 1.7e6 and everything.bone.heterogeneity is not None
    assert everything.stop.seen is not None and everything.marrow.viscosity == 5.0
    assert everything.veins is not None and sum(v.blood_flow for v in everything.veins.vein) > 0.0
    for name, row in variants.all_but_one().items():
        assert [v.case.cement.viscosity_zero for v in row] == list(VISCOSITIES), name


def test_the_stated_viscosity_is_that_at_rest_when_the_injection_begins() -> None:
    cement = variants.alone()[FLAT][2].case.cement
    assert (cement.viscosity_zero, cement.yield_stress) == (100.0, pytest.approx(20.0))
    assert cement.reference_age == cement.age


def test_what_is_measured_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    variant = Variant("coarse", COARSE)
    first = measured(variant, tmp_path)
    assert first.injected == pytest.approx(0.3) and first.reason == "volume injected"
    assert first.leaked == pytest.approx(sum(first.by_type.values()), abs=1e-12)
    assert first.leaked_at(0.3) == pytest.approx(first.leaked)
    monkeypatch.setattr(measure.cf, "run", lambda *_: pytest.fail("was run again"))
    again = measured(replace(variant, name="another"), tmp_path)
    assert again.name == "another" and again.share == first.share


def test_a_run_that_fails_is_an_outcome(monkeypatch: pytest.MonkeyPatch) -> None:
    """What there was is told, and that not all was injected."""
    run = cf.run

    def failing(case: cf.Case, out: Path) -> cf.Result:
        run(case.replace({"stop.time": "1 s"}), out)
        raise cf.RunFailed("no step was accepted", 1.0, "")

    monkeypatch.setattr(measure.cf, "run", failing)
    found = measured(Variant("fails", COARSE), None)
    assert found.injected == pytest.approx(1 / 15) and found.reason != "volume injected"
    assert tables.series("t", {"x": [found] * len(VISCOSITIES)}).rows[0][1].endswith("(0.1)")


def test_the_tables_of_viscosity() -> None:
    row = [outcome(0.2 - 0.02 * i) for i in range(len(VISCOSITIES))]
    row[0] = replace(row[0], reason="leak was seen", injected=2.0)
    series = tables.series("t", {"x": row})
    assert series.rows[0][1] == "10.00 (2.0)" and series.rows[0][2] == "4.50"
    ratio = row[VISCOSITIES.index(HIGH)].share / row[VISCOSITIES.index(LOW)].share
    assert series.rows[0][-2] == f"{ratio:.2f}"
    assert tables.types("t", {"x": row}).rows[0][1] == f"{0.5 * row[VISCOSITIES.index(LOW)].leaked:.3f}"


def test_the_table_of_a_row_of_bones() -> None:
    rows = {
        f"{kind} viscosity, thin marrow": [outcome(v) for v in leaks]
        for kind, leaks in (("low", (0.1, 0.3)), ("high", (0.02, 0.06)))
    }
    section = tables.cohort("t", rows)
    assert section.rows[1][1:4] == ("0.040", "0.020 to 0.060", "1 of 2")
    assert list(section.notes) == ["High against low viscosity, thin marrow: 0.20 of the mean leak."]


def test_the_tables_of_effects_can_say_no() -> None:
    def found(broken: float) -> str:
        rows = {name: [outcome(0.1)] * 2 for name in bodies.ROWS}
        rows["lateral defect and endplate crack"] = rows["tumour, walls lost"] = [outcome(broken)] * 2
        return effect_tables.effects(rows).rows[0][-1]

    assert (found(0.2), found(0.05)) == ("agrees", "does not")
    assert len(effect_tables.bodies({n: [outcome(0.1)] for n in bodies.ROWS}).rows) == len(bodies.ROWS)


def test_the_figure(tmp_path: Path) -> None:
    rows = {name: [outcome(0.1)] * len(VISCOSITIES) for name in (FLAT, "one")}
    together = {name: [outcome(0.1)] * len(VISCOSITIES) for name in (ALL, "without: one")}
    assert figures.leaks(tmp_path / "f.png", rows, together).stat().st_size > 10_000


def test_the_document_has_a_place_for_each_part() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    marks = [f"<!-- begin: python -m benchmarks.leakage {part} -->" for part in PARTS]
    assert all(text.count(mark) == 1 for mark in [*marks, "<!-- begin: python -m benchmarks.effects -->"])
    row = {"x": [outcome(0.1)] * len(VISCOSITIES)}
    assert all(section.markdown() for part in ("alone", "all") for section in tables_of(part, row))
