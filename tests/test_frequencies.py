"""Frequencies of leakage in virtual cohorts: counting, intervals, calibration, and what the command says."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cementflow.cli import main
from cementflow.errors import InputError
from cementflow.study.frequencies import frequencies
from cementflow.study.intervals import clopper_pearson, wilson
from cementflow.study.leaks_seen import LEAST_ML, OBSERVERS, leaking
from cementflow.study.published import KINDS, SERIES, series
from cementflow.study.table import Table, write_csv

NAMES = (
    "point",
    "cement.age [s]",
    "status",
    "reason",
    "leaked_by_type_ml.B",
    "leaked_by_type_ml.S",
    "leaked_by_type_ml.C",
    "leaked_by_type_ml.D",
    "sites.outlets.trunk.type",
    "detectability.trunk.ct",
    "detectability.trunk.near_ml",
    "detectability.trunk.radiograph.AP",
    "detectability.trunk.radiograph.lateral",
    "sites.outlets.crack.type",
    "detectability.crack.ct",
    "detectability.crack.near_ml",
    "detectability.crack.radiograph.AP",
    "detectability.crack.radiograph.lateral",
)


def body(name: str, age: float, vein: bool, crack: bool | None, status: str = "completed") -> tuple:
    """A row: tomography sees both leaks, a radiograph in front that of the crack; None: there is no crack."""
    if status == "failed":
        return (name, age, status, "it went wrong", *(None,) * 14)
    ml = (0.1 if vein else 0.0, 0.0, 0.0, 0.1 if crack else 0.0)
    at_crack = (None,) * 5 if crack is None else ("D", crack, 0.1, crack, False)
    return (name, age, status, "", *ml, "B", vein, 0.002, False, False, *at_crack)


COHORT = Table(
    NAMES,
    (
        body("1", 100.0, True, True),
        body("2", 120.0, True, None),
        body("3", 140.0, False, True),
        body("4", 160.0, False, False),
        body("5", 180.0, False, None, "failed"),
    ),
)


def test_counts_by_kind_and_observer() -> None:
    found = frequencies([COHORT])
    counts = {o: [found.shares[o][k].count for k in KINDS] for o in OBSERVERS}
    assert (found.bodies, found.failed) == (4, 1)
    assert counts["ct"] == [3, 2, 2, 0, 0, 2]
    assert counts["large on ct"] == [2, 0, 0, 0, 0, 2]
    assert counts["radiograph"] == [2, 0, 0, 0, 0, 2]
    assert counts["lateral radiograph"] == [0, 0, 0, 0, 0, 0]
    assert counts["model"] == [3, 2, 2, 0, 0, 2]


def test_studies_are_counted_together() -> None:
    """Three studies of the same bodies: the same shares, narrower intervals."""
    one, three = (frequencies([COHORT] * n).shares["ct"]["any"] for n in (1, 3))
    assert three.value == one.value
    assert three.high - three.low < one.high - one.low


def test_a_trace_is_no_leak_to_the_model() -> None:
    row = body("1", 100.0, True, False)
    rows = [(*row[:4], ml, *row[5:]) for ml in (0.9 * LEAST_ML, 1.1 * LEAST_ML)]
    assert leaking(Table(NAMES, tuple(rows)), "model")["B"].tolist() == [False, True]


def test_a_table_without_results_is_refused() -> None:
    with pytest.raises(InputError, match="names no outlets"):
        frequencies([Table(NAMES[:8], (COHORT.rows[0][:8],))])
    with pytest.raises(InputError, match="no run of the cohort is done"):
        frequencies([Table(NAMES, COHORT.rows[-1:])])


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_intervals_hold_the_share(counted: tuple[int, int]) -> None:
    for share in (wilson(*counted), clopper_pearson(*counted)):
        assert 0.0 <= share.low <= share.value <= share.high <= 1.0


def test_intervals_are_the_published_ones() -> None:
    """64 of 80 leaked in VERTOS II, with an interval of 70 to 87 %; Clopper and Pearson for 8 of 10 by tables."""
    vertos = wilson(64, 80)
    assert (round(vertos.low, 2), round(vertos.high, 2)) == (0.70, 0.87)
    assert math.isclose(wilson(0, 10).high, 0.2775, abs_tol=5e-5)
    exact = clopper_pearson(8, 10)
    assert (round(exact.low, 4), round(exact.high, 4)) == (0.4439, 0.9748)
    # The rule of (alpha/2)^(1/n) where nothing failed.
    assert math.isclose(clopper_pearson(20, 20).low, 0.025 ** (1 / 20), rel_tol=1e-12)


def test_clopper_and_pearson_cover() -> None:
    """At least 95 % whatever the share, by the whole binomial distribution; Wilson's goes below somewhere."""
    runs, shares = 20, np.linspace(0.02, 0.98, 49)
    least = {}
    for interval in (clopper_pearson, wilson):
        ends = [interval(k, runs) for k in range(runs + 1)]
        least[interval] = min(
            sum(
                math.comb(runs, k) * p**k * (1 - p) ** (runs - k)
                for k, e in enumerate(ends)
                if e.low <= p <= e.high
            )
            for p in shares
        )
    assert least[clopper_pearson] >= 0.95 > least[wilson]


def cohort(count: int, seed: int = 1) -> Table:
    """Bodies that leak the more often the younger their cement is, every one with a vein and a crack."""
    rng = np.random.default_rng(seed)
    ages = rng.uniform(100.0, 300.0, count)
    leaks = rng.uniform(size=count) < (300.0 - ages) / 200.0
    rows = (body(str(i), float(a), bool(v), False) for i, (a, v) in enumerate(zip(ages, leaks, strict=True)))
    return Table(NAMES, tuple(rows))


def test_calibration_meets_its_series_and_hides_it() -> None:
    found = frequencies([cohort(400)], calibrate="no-cleft", by="cement.age [s]")
    assert found.calibration is not None
    assert math.isclose(found.shares["ct"]["any"].value, series("no-cleft").shares["any"], rel_tol=1e-9)
    assert [s.name for s in found.against] == [s.name for s in SERIES if s.name != "no-cleft"]
    # Young cement has to count more, as half of the bodies leak and three quarters are wanted.
    assert found.calibration.tilt < 0.0
    # The interval is that of the bodies which the weights amount to.
    share = found.shares["ct"]["any"]
    assert found.calibration.bodies < 400
    assert math.isclose(share.runs, found.calibration.bodies, rel_tol=1e-12)


def test_a_calibrated_series_cannot_be_compared_with() -> None:
    with pytest.raises(InputError, match="compare with others"):
        frequencies([cohort(50)], against=["no-cleft"], calibrate="no-cleft", by="cement.age [s]")


@pytest.mark.parametrize(
    ("calibrate", "by", "message"),
    [
        ("no-clef", "cement.age [s]", "no-cleft"),
        ("no-cleft", None, "both a series and the column"),
        ("no-cleft", "cement.aeg [s]", "cement.age"),
        ("al-ali", "cement.age [s]", "how leaks were seen"),
        ("no-cleft", "leaked_by_type_ml.C", "cannot weigh"),
    ],
)
def test_calibrations_that_cannot_be_made(calibrate: str, by: str | None, message: str) -> None:
    with pytest.raises(InputError, match=message):
        frequencies([cohort(50)], calibrate=calibrate, by=by)


def test_a_calibration_must_not_hang_on_few_bodies() -> None:
    with pytest.raises(InputError, match="it reaches"):
        frequencies([cohort(12)], calibrate="no-cleft", by="cement.age [s]")


def test_a_share_that_turns_back_is_met_by_the_mildest_weights() -> None:
    """Young and old cement leaks, half of it in all: weights for old and for young both do, a little of either."""
    ages = np.linspace(100.0, 300.0, 201)
    rows = tuple(body(str(i), float(a), bool(abs(a - 210.0) > 50.0), False) for i, a in enumerate(ages))
    found = frequencies([Table(NAMES, rows)], calibrate="no-cleft", by="cement.age [s]")
    assert found.calibration is not None
    assert math.isclose(found.shares["ct"]["any"].value, series("no-cleft").shares["any"], rel_tol=1e-9)
    # The middle lies above the mean, so that counting young ones more takes less.
    assert -1.5 < found.calibration.tilt < 0.0


def test_published_shares_are_shares() -> None:
    for one in SERIES:
        assert one.number > 0 and one.source
        assert one.method in ("", *OBSERVERS)
        assert set(one.shares) <= set(KINDS)
        assert all(0.0 <= s <= 1.0 for s in one.shares.values())
        assert max(one.shares.values()) == one.shares["any"]


def test_the_command_shows_cohort_and_literature(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = cohort(60)
    write_csv(tmp_path / "table.csv", table.names, table.rows)
    (tmp_path / "sweep.toml").write_text("")
    picture = tmp_path / "frequencies.png"
    assert main(["frequencies", str(tmp_path), "--against", "vertos-2", "-o", str(picture)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(li.startswith("vertos-2: tomography, n = 80") and "80 (70-87)" in li for li in lines)
    assert picture.stat().st_size > 10_000
    assert main(["frequencies", str(tmp_path), "--against", "vertos"]) == 2
    assert "vertos-2" in capsys.readouterr().err
