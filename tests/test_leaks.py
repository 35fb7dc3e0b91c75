"""What a run says of its leaks: by compartment, with marrow, and nothing lost."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

import cementflow as cf
from cementflow.summary_text import summary_text
from cementflow.views.leak_report import leak_parts

CASES = ("l3-osteoporotic", "l3-healthy", "l3-metastatic", "l3-haemangioma", "l3-cleft")


@pytest.fixture(scope="module", params=CASES)
def result(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> cf.Result:
    changes = {
        # A cleft of 4 mm is not to be told on a mesh of 4 mm.
        "geometry.edge_length": "3 mm" if request.param == "l3-cleft" else "4 mm",
        "output.figures": False,
        "injection.cannula.tip_radius": "3 mm",
    }
    return cf.run(cf.preset(request.param).replace(changes), tmp_path_factory.mktemp("leaks") / request.param)


def test_all_that_was_injected_is_somewhere(result: cf.Result) -> None:
    s: dict[str, Any] = result.summary
    assert s["injected_ml"] == pytest.approx(4.0, rel=1e-7)
    assert s["largest_balance_error"] < 1e-6
    # Nothing is compressible: what came out, cement and marrow, is what went in.
    assert s["leaked_ml"]["total"] + s["marrow_out_ml"]["total"] == pytest.approx(4.0, rel=1e-6)


def test_the_report_adds_up(result: cf.Result) -> None:
    s: dict[str, Any] = result.summary
    assert {"canal", "disc", "paravertebral", "veins"} <= set(s["leaked_by_compartment_ml"])
    for by, total in (("leaked", "leaked_ml"), ("marrow_out", "marrow_out_ml")):
        parts = s[f"{by}_by_compartment_ml"]
        assert sum(parts.values()) == pytest.approx(s[total]["total"], abs=1e-12)
    assert s["leaked_by_type_ml"].keys() == {"B", "S", "C", "D"}
    assert set(s["leak_rate_ml_min"]) == set(s["leaked_ml"]) - {"total"}
    tubes = [n for n, site in s["sites"]["outlets"].items() if site["kind"] == "tube"]
    ends = {*tubes, *(["veins"] if s["veins"] else [])}
    assert set(s["blood_beyond_ml"]) == ends == set(s["embolus_ml"]) - {"total"}
    for name in tubes:
        held = s["leaked_ml"][name] - s["embolus_ml"][name]
        assert held == pytest.approx(s["detectability"][name]["near_ml"], abs=2e-6)
        assert s["blood_beyond_ml"][name] == pytest.approx(s["marrow_out_ml"][name] + held)
        assert s["embolus_ml"][name] >= -1e-12
    times = [event["time_s"] for event in s["events"]]
    assert times == sorted(times)
    for name, rate in s["leak_rate_ml_min"].items():
        leaked = s["leaked_ml"][name]
        assert rate["peak"] * s["simulated_s"] / 60.0 >= leaked * (1 - 1e-9)


def test_no_tissue_gives_back_more_than_it_took(result: cf.Result) -> None:
    s: dict[str, Any] = result.summary
    stated = {c.name for c in cf.load(result.path / "case.toml").compartment}
    behind = [name for name in s["compartment_kPa"] if name in stated]
    for name in behind:
        assert s["marrow_out_by_compartment_ml"][name] >= -1e-9
        assert s["compartment_kPa"][name] >= 1.0 - 1e-9
    assert bool(behind) == bool(stated)


def test_the_screen_says_where_it_went(result: cf.Result) -> None:
    text = summary_text(result)
    assert "into veins" in text
    assert Path(result.path, "summary.json").is_file()


def leaks(name: str, changes: dict[str, Any]) -> dict[str, float]:
    """By what it went into, of a coarse body [mL]."""
    quick = {"geometry.edge_length": "3 mm", "output.figures": False, "output.fields": False}
    found: dict[str, float] = cf.run(cf.preset(name).replace(quick | changes)).summary[
        "leaked_by_compartment_ml"
    ]
    return found


def test_a_cleft_shifts_leaks_from_veins_to_the_wall() -> None:
    """Sign of a published effect, against the same body without cleft and cracks."""
    whole = leaks("l3-cleft", {"bone.region": [], "defect": []})
    cleft = leaks("l3-cleft", {})
    assert cleft["veins"] < whole["veins"]
    assert whole["disc"] + whole["paravertebral"] < 1e-3 < cleft["paravertebral"]
    assert cleft["disc"] + cleft["paravertebral"] > cleft["veins"]


def test_lost_walls_leak_and_a_tumour_closes_its_veins() -> None:
    """Signs of two published effects."""
    lost = leaks("l3-metastatic", {})
    whole = leaks("l3-metastatic", {"defect": []})
    open_veins = leaks("l3-metastatic", {"bone.region.tumour.closes_veins": False})
    assert lost["canal"] > 0.02 > whole["canal"]
    assert lost["veins"] < 0.9 * open_veins["veins"]


@pytest.mark.parametrize(
    ("bone", "name"),
    [("L2", "l3-healthy"), ("L3", "l3-metastatic"), ("L4", "l3-haemangioma"), ("L2", "l3-cleft")],
)
def test_real_bones(bone: str, name: str, shared_data: Path, tmp_path: Path) -> None:
    """With their arch: zones, defects, veins and compartments find their places, and all of it balances."""
    file = shared_data / f"clouthier_mean_L2-L5/{bone}_mean.ply"
    if not file.is_file():
        pytest.skip(f"{file.name} is not in the shared data")
    edge = "3 mm" if name == "l3-cleft" else "4.5 mm"
    changes = {
        "geometry": {"surface": str(file), "units": "mm", "axes": "ALS", "edge_length": edge},
        "output.figures": False,
    }
    s = cf.run(cf.preset(name).replace(changes), tmp_path / "out").summary
    assert s["status"] == "completed"
    assert s["largest_balance_error"] < 1e-6
    assert s["leaked_ml"]["total"] + s["marrow_out_ml"]["total"] == pytest.approx(4.0, rel=1e-6)
    assert s["leaked_ml"]["total"] > 0.005


@pytest.mark.parametrize(
    ("leaked", "told"),
    [(0.0, "none"), (5e-5, "none"), (2e-4, "&lt; 0.001"), (-2e-4, "none"), (0.0042, "0.004")],
)
def test_little_is_told_as_little(result: cf.Result, leaked: float, told: str) -> None:
    """And a rate that rounds to nothing has no minus sign."""
    s = deepcopy(dict(result.summary))
    name = next(iter(s["sites"]["outlets"]))
    s["sites"]["outlets"][name] |= {"leaked_ml": leaked, "first_leak_s": 1.0}
    s["leak_rate_ml_min"][name] = {"peak": 1.0, "last": -1e-5}
    row = next(r for r in leak_parts(s)[1].split("<tr") if f"<td>{name}</td>" in r)
    assert f">{told}<" in row
    assert "-0.000" not in row


@pytest.mark.parametrize(("pressure", "told"), [(1.8, "1.8 kPa"), (670.0, "0.67 MPa")])
def test_a_small_pressure_in_the_syringe_is_told(result: cf.Result, pressure: float, told: str) -> None:
    changed = cf.Result(result.path)
    changed.summary["peak_syringe_pressure_kPa"] = pressure
    assert f", {told} in the syringe" in summary_text(changed)
