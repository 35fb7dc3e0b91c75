"""What a run with veins leaves in its folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import pyvista

import cementflow as cf
from cementflow.summary_text import summary_text
from cementflow.views import render_scene
from cementflow.views.sheet import open_run
from cementflow.views.snapshots import read_snapshot


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> cf.Result:
    case = cf.preset("l3-veins").replace(
        {
            "geometry.edge_length": "3.5 mm",
            "injection.volume": "1.5 mL",
            "output.figures": False,
            "output.field_times": ["10 s"],
            "physics.heat": True,
        }
    )
    return cf.run(case, tmp_path_factory.mktemp("veins") / "run")


def test_summary_tells_where_the_cement_of_the_veins_is(result: cf.Result) -> None:
    s = result.summary
    veins = s["veins"]
    assert list(veins) == [n for n, site in s["sites"]["outlets"].items() if site["kind"] == "vein"]
    taken = sum(v["leaked_ml"] for v in veins.values())
    assert taken > 0.002
    assert sum(v["held_ml"] + v["beyond_ml"] for v in veins.values()) == pytest.approx(taken, rel=1e-9)
    assert all(0.0 <= v["reach_mm"] <= v["length_mm"] * (1 + 1e-9) for v in veins.values())
    assert (
        s["embolus_ml"]["veins"]
        == s["embolus_ml"]["total"]
        == pytest.approx(sum(v["beyond_ml"] for v in veins.values()))
    )
    # What went past the ends is what went in: six veins bring 0.2 mL of blood a minute, the bone gives marrow.
    blood = 6 * 0.2 / 60.0 * s["simulated_s"]
    marrow = sum(s["marrow_out_ml"][name] for name in veins)
    held = sum(v["held_ml"] for v in veins.values())
    assert s["blood_beyond_ml"]["veins"] == pytest.approx(blood + marrow + held, rel=1e-6)
    assert s["leaked_by_compartment_ml"]["veins"] == pytest.approx(taken)
    assert s["balance_error"] < 1e-6


def test_heat_leaves_with_the_cement_of_the_veins(result: cf.Result) -> None:
    assert result.summary["heat"]["heat_imbalance"] < 1e-4


def test_text_lists_veins_with_cement_and_counts_the_others(result: cf.Result) -> None:
    text = summary_text(result)
    assert "in it over" in text
    assert "no cement in the other" in text
    assert "right epidural vein" not in text


def test_files_of_the_tree_hold_what_the_summary_says(result: cf.Result, tmp_path: Path) -> None:
    files = sorted((result.path / "veins").glob("*.vtu"))
    assert len(files) == len(list((result.path / "fields").glob("*.vtu"))) == 3
    assert all(f"veins/{f.name}" in (result.path / "veins.pvd").read_text() for f in files)
    last = pyvista.read(files[-1])
    ends = np.asarray(last.points).reshape(-1, 2, 3)
    length = np.linalg.norm(ends[:, 1] - ends[:, 0], axis=1)
    volume = (
        length * np.pi / 4.0 * np.asarray(last["diameter [m]"]) ** 2 * np.asarray(last["cement share [-]"])
    )
    held = [v["held_ml"] for v in result.summary["veins"].values()]
    assert 1e6 * np.bincount(np.asarray(last["vein"]), volume, len(held)) == pytest.approx(
        held, rel=1e-6, abs=1e-9
    )
    assert not np.asarray(pyvista.read(files[0])["cement share [-]"]).any()


def test_the_scene_has_the_tree_and_names_the_veins_that_take_cement(
    result: cf.Result, tmp_path: Path
) -> None:
    shot = read_snapshot(open_run(result.path))
    assert len(shot.veins.share) == len(
        pyvista.read(sorted((result.path / "veins").glob("*.vtu"))[-1])["vein"]
    )
    named = {s.outlet.name for s in shot.outlets if s.named and s.outlet.of_tree}
    first = {n for n, v in result.summary["veins"].items() if v["first_leak_s"] is not None}
    assert named == first
    assert named
    assert shot.veins.share.max() > 0.1
    picture = np.asarray(pyvista.read(render_scene(result.path, tmp_path / "scene.png")).active_scalars, int)
    red, green, blue = picture[:, 0], picture[:, 1], picture[:, 2]
    violet = (blue > green + 20) & (red > green + 5) & (blue < 220)
    assert violet.mean() > 0.005
