"""Contrast agent in place of cement: it does not change, and the nearest veins take it first."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import cementflow as cf
from cementflow.views.drainage_report import drainage_parts

COARSE = {"geometry.edge_length": "4 mm", "output.figures": False, "output.field_times": []}


@pytest.fixture(scope="module")
def venogram(tmp_path_factory: pytest.TempPathFactory) -> cf.Result:
    return cf.run(cf.preset("l3-venogram").replace(COARSE), tmp_path_factory.mktemp("venogram") / "run")


def test_thin_contrast_settles(venogram: cf.Result) -> None:
    s = venogram.summary
    assert s["status"] == "completed" and s["largest_balance_error"] < 1e-9
    assert s["steps"] < 60 and s["rejected_steps"] < 5
    assert s["pressure_solves"] < 6 * s["steps"]
    assert s["cure"]["mean"] < 1e-9


def test_the_nearest_vein_takes_most_and_first(venogram: cf.Result) -> None:
    """The needle is on the left, next to the left segmental collecting vein."""
    veins = venogram.summary["veins"]
    taken = {name: v["leaked_ml"] for name, v in veins.items()}
    assert max(taken, key=lambda name: taken[name]) == "left segmental collecting vein"
    began = {name: v["first_leak_s"] for name, v in veins.items() if v["first_leak_s"] is not None}
    assert min(began, key=lambda name: began[name]) == "left segmental collecting vein"
    for place in ("lower", "upper"):
        assert taken[f"left {place} anterior vein"] > 4.0 * taken[f"right {place} anterior vein"]


def test_the_other_side_drains_the_other_veins() -> None:
    case = cf.preset("l3-venogram").replace(
        COARSE | {"injection.cannula.tip.lr": 0.75, "injection.volume": "1 mL"}
    )
    from cementflow.mesh.geometry import build_geometry
    from cementflow.model import build_model
    from cementflow.simulate import simulate

    model = build_model(case, build_geometry(case.geometry))
    *_, last = simulate(model.problem, model.plan, model.problem.make_solver())
    leaked = dict(zip((o.name for o in model.problem.outlets), last.state.leaked, strict=True))
    assert leaked["right segmental collecting vein"] > 10.0 * leaked["left segmental collecting vein"]


def test_the_report_tells_shares(venogram: cf.Result, tmp_path: Path) -> None:
    (head, rows, meaning) = drainage_parts(venogram.path, venogram.summary)
    assert "Venogram" in head and "thicker cement" in " ".join(meaning.split())
    assert rows.index("left segmental collecting vein") < rows.index("left lower collecting vein")
    shares = [int(cell.split("%")[0].split(">")[-1]) for cell in rows.split("</td>") if cell.endswith("%")]
    assert 98 <= np.sum(shares) <= 102
    assert "Venogram" in (venogram.path / "report.html").read_text()
    # A run with cement says nothing of it.
    (tmp_path / "case.toml").write_text('[cement]\npreset = "medium"\n')
    assert list(drainage_parts(tmp_path, venogram.summary)) == []
    assert list(drainage_parts(tmp_path / "nowhere", venogram.summary)) == []
