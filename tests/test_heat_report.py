"""What the report says of heat and setting."""

from __future__ import annotations

import json
import re
from html import unescape
from pathlib import Path

import pytest

import cementflow as cf
from cementflow.views import write_report
from cementflow.views.heat_report import heat_parts
from cementflow.views.standing import cure_standing


def rows(page: str) -> list[list[str]]:
    """Cells of all rows of tables in a page, as text."""
    found = [
        re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", row) for row in re.findall(r"<tr[^>]*>(.*?)</tr>", page)
    ]
    return [[unescape(cell) for cell in row] for row in found]


def test_the_report_has_peaks_beside_measured_ones(heated: cf.Result) -> None:
    page = (heated.path / "report.html").read_text(encoding="utf-8")
    table, heat = rows(page), heated.summary["heat"]
    assert "<h2>Heat and setting</h2>" in page and "not validated against" in page
    assert ["hottest of all", f"{heat['peak_degC']:.1f}", ""] in table
    told = {row[0]: row for row in table}
    for place, key, low, high in (
        ("centre of the body", "centre", 49, 112),
        ("anterior wall", "anterior wall", 44, 113),
        ("posterior wall", "posterior wall", 39, 57),
    ):
        value = heat["peak_at_degC"][key]
        word = "below" if value < low else "above" if value > high else "within"
        assert told[place][1] == f"{value:.1f}"
        assert told[place][2].startswith(f"{low} to {high} in the") and told[place][2].endswith(word)
    assert told["superior endplate"][1] == f"{heat['peak_at_degC']['superior endplate']:.1f}"
    assert told["damage integral of 1"][1] == f"{heat['damage_1_ml']:.2f}"
    assert told["heat given off by the curing cement"][1] == f"{heat['heat_J']['cured']:.0f} J"


def test_the_report_says_when_it_set_and_what_moved_after(heated: cf.Result) -> None:
    told = {row[0]: row[1:] for row in rows((heated.path / "report.html").read_text(encoding="utf-8"))}
    cure, after = heated.summary["cure"], heated.summary["after_injection"]
    assert told["cement set"][0].startswith(f"after {cure['set_s']:.0f} s")
    assert told["injection ended"] == [f"after {after['since_s']:.1f} s"]
    assert told["left the bone after that"] == [f"{after['leaked_ml']:.3f} mL"]
    assert told["moved in the bone after that"] == [f"{after['moved_ml']:.3f} mL"]


@pytest.mark.parametrize(
    ("value", "word"), [(48.9, "below"), (49.0, "within"), (112.0, "within"), (112.1, "above")]
)
def test_a_peak_is_below_within_or_above(heated: cf.Result, value: float, word: str) -> None:
    summary = json.loads((heated.path / "summary.json").read_text())
    summary["heat"]["peak_at_degC"]["centre"] = value
    told = {row[0]: row for row in rows("".join(heat_parts(heated.path, summary)))}
    assert told["centre of the body"][2] == f"49 to 112 in the centre: {word}"


def test_what_is_beyond_the_model_is_said_only_where_it_is(heated: cf.Result) -> None:
    summary = json.loads((heated.path / "summary.json").read_text())
    assert "would boil" in "".join(heat_parts(heated.path, summary))
    summary["heat"]["peak_degC"] = 99.0
    assert "would boil" not in "".join(heat_parts(heated.path, summary))


def test_a_cold_run_tells_of_setting_only_if_it_waited(heated: cf.Result) -> None:
    summary = json.loads((heated.path / "summary.json").read_text())
    summary["heat"] = None
    page = "".join(heat_parts(heated.path, summary))
    assert page.startswith("<h2>Setting</h2>") and "degC for 1 min" not in page
    summary["simulated_s"] = summary["after_injection"]["since_s"]
    assert list(heat_parts(heated.path, summary)) == []
    summary["after_injection"] = None
    assert list(heat_parts(heated.path, summary)) == []


def test_each_number_of_the_cure_has_its_standing() -> None:
    case = cf.preset("l3-osteoporotic").replace({"cement.cure.enthalpy": "150 kJ/kg"})
    told = {name: (value, standing) for name, value, standing in cure_standing(case)}
    assert told["enthalpy"] == ("150 kJ/kg", "stated in the case")
    assert told["frequency"][1].startswith("assumed") and "recalled" in told["frequency"][1]
    assert told["setting time"][0] == "780 s" and told["setting time"][1].startswith("Nicholas")
    assert "initial" not in told


def test_without_a_preset_defaults_keep_their_standing() -> None:
    case = cf.preset("box-newtonian").replace({"cement.cure.setting_time": "9 min"})
    assert case.cement.preset is None
    told = {name: standing for name, _, standing in cure_standing(case)}
    assert told["setting time"] == "stated in the case"
    assert told["setting temperature"].startswith("Nicholas")


def test_a_report_without_a_readable_case_leaves_the_standing_out(heated: cf.Result, tmp_path: Path) -> None:
    summary = json.loads((heated.path / "summary.json").read_text())
    assert "kinetics of the cure" in "".join(heat_parts(heated.path, summary))
    page = "".join(heat_parts(tmp_path, summary))
    assert "kinetics of the cure" not in page and "hottest of all" in page


def test_the_picture_of_heat_is_in_the_report(heated: cf.Result, tmp_path: Path) -> None:
    heated.plot("heat")
    page = write_report(heated.path, tmp_path / "page.html").read_text(encoding="utf-8")
    assert page.count("data:image/png;base64,") == 1
    assert 'alt="Peak temperature and harm"' in page
