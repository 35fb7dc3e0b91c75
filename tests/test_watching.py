"""The operator watches: a run that ends on what can be seen, and what it says of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import cementflow as cf
from cementflow.summary_text import summary_text

SITE = "left segmental vein"
WATCHED: dict[str, Any] = {
    "geometry.edge_length": "4 mm",
    "injection.cannula.tip_radius": "3 mm",
    "output.figures": False,
    "output.fields": False,
    "stop.seen": True,
    "imaging.delay": "2 s",
}


def run(out: Path, **changes: object) -> cf.Result:
    return cf.run(cf.preset("l3-osteoporotic").replace(WATCHED | changes), out)


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> cf.Result:
    return run(tmp_path_factory.mktemp("watched") / "run")


def at(result: cf.Result, column: str, time: float) -> float:
    """Value of the history at the end of a step."""
    times = result.history["time_s"]
    (i,) = np.flatnonzero(np.abs(times - time) <= 1e-9 * time)
    return float(result.history[column][i])


def test_the_run_ends_when_the_operator_reacts(watched: cf.Result) -> None:
    s = watched.summary
    assert s["status"] == "stopped"
    assert s["stop_reason"] == "leak was seen"
    first = s["first_seen_s"][SITE]["AP"]
    # A step ends on being seen, and another one so much later.
    since = s["simulated_s"] - 2.0
    assert since == pytest.approx(first, rel=1e-12)
    assert at(watched, "leaked_ml", since) == pytest.approx(s["leaked_until_seen_ml"], rel=1e-12)
    assert s["leaked_until_seen_ml"] < s["leaked_ml"]["total"]
    assert s["first_seen_s"][SITE]["lateral"] is None
    assert s["first_seen_s"]["endplate crack"] == {"AP": None, "lateral": None}
    assert s["balance_error"] < 1e-6


def test_what_it_says(watched: cf.Result) -> None:
    text, page = summary_text(watched), (watched.path / "report.html").read_text()
    assert f"seen in the AP view: {SITE}" in text
    assert "had left before any could be seen" in text
    assert "Who would see it" in page
    assert f"{SITE} at {watched.summary['first_seen_s'][SITE]['AP']:.1f} s (AP)" in page


def test_without_delay_it_ends_on_being_seen_by_volume(tmp_path: Path) -> None:
    s = run(tmp_path / "run", **{"stop.seen": "8 uL", "imaging.delay": "0 s"}).summary
    assert s["stop_reason"] == "leak was seen"
    assert s["detectability"][SITE]["near_ml"] == pytest.approx(0.008, rel=1.1e-3)
    # Other leaks there are, but they are not seen.
    assert s["leaked_ml"]["total"] > 0.01
    assert s["detectability"]["lateral wall defect"]["fluoroscopy"] == {"AP": False, "lateral": False}


def test_it_goes_on_where_nothing_is_seen(tmp_path: Path) -> None:
    s = run(tmp_path / "run", **{"imaging.threshold": 100.0}).summary
    assert s["status"] == "completed"
    assert s["leaked_ml"]["total"] > 0.01
    assert s["leaked_until_seen_ml"] is None
    assert s["first_seen_s"][SITE] == {"AP": None, "lateral": None}
    assert "nothing could be seen" in (tmp_path / "run/report.html").read_text()


def test_looking_changes_nothing(tmp_path: Path) -> None:
    """Neither the numbers of a run nor what is seen at its end."""
    plain = cf.preset("l3-osteoporotic").replace(
        {k: v for k, v in WATCHED.items() if k not in ("stop.seen", "imaging.delay")}
    )
    blind = cf.run(plain, tmp_path / "blind")
    looked = cf.run(plain.replace({"imaging": {}}), tmp_path / "looked")
    assert (blind.path / "history.csv").read_bytes() == (looked.path / "history.csv").read_bytes()
    assert blind.summary["detectability"] == looked.summary["detectability"]
    assert blind.summary["first_seen_s"] is None
    assert looked.summary["first_seen_s"][SITE]["AP"] is not None


def test_an_interrupted_run_sees_the_same(watched: cf.Result, tmp_path: Path) -> None:
    """Every third step it stops, also between being seen and the reaction."""
    case, count = cf.preset("l3-osteoporotic").replace(WATCHED), 0

    def every_third() -> bool:
        nonlocal count
        count += 1
        return count % 3 == 0

    for part in range(30):
        s = cf.run(case, tmp_path / "parts", resume=part > 0, stop_asked=every_third).summary
        if s["status"] != "interrupted":
            break
    assert part > 3
    assert (tmp_path / "parts/history.csv").read_bytes() == (watched.path / "history.csv").read_bytes()
    for key in ("first_seen_s", "leaked_until_seen_ml", "events", "detectability"):
        assert s[key] == watched.summary[key]
