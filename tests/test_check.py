"""What `check` says about cases: each doubt is raised where it holds, and only there."""

from __future__ import annotations

from pathlib import Path

import meshio
import numpy as np
import pytest

import cementflow as cf
from cementflow.mesh.box import box_mesh

BOX = {"geometry.size": "30 mm", "geometry.edge_length": "5 mm"}
COARSE = {"geometry.edge_length": "3 mm"}
TIP = {"injection.cannula.tip_radius": "4 mm"}  # resolved by the coarse mesh


def findings(case: cf.Case, level: str) -> list[str]:
    return [f.text for f in cf.check(case) if f.level == level]


def l3(**changes: object) -> cf.Case:
    return cf.preset("l3-osteoporotic").replace(
        {**COARSE, **TIP, **{k.replace("__", "."): v for k, v in changes.items()}}
    )


def box(changes: dict[str, object] | None = None) -> cf.Case:
    return cf.preset("box-newtonian").replace({**BOX, "injection.source.radius": "6 mm", **(changes or {})})


def mesh_file_case(path: Path, scale: float = 1e3, anisotropy: float = 1.0) -> cf.Case:
    made = box_mesh([0.03, 0.03, 0.03], 5e-3)
    points = made.points * scale * np.array([1.0, 1.0, anisotropy])
    meshio.write(path, meshio.Mesh(points, [("tetra", made.tets)]))
    return box().replace({"geometry": {"mesh": str(path)}})


def test_nothing_is_wrong_with_the_benchmark_box() -> None:
    assert findings(box(), "error") == []
    assert findings(box(), "warning") == []
    assert any(text.startswith("mesh: ") for text in findings(box(), "note"))


def test_the_default_case_runs_without_errors() -> None:
    assert findings(cf.preset("l3-osteoporotic").replace(COARSE), "error") == []


def test_errors_come_first() -> None:
    case = l3(outlet__0__at={"ap": 0.5, "lr": 0.5, "si": 0.5}).replace({"injection.volume": "60 mL"})
    levels = [f.level for f in cf.check(case)]
    assert levels == sorted(levels, key=("error", "warning", "note").index)
    assert {"error", "warning", "note"} == set(levels)


def test_tip_outside() -> None:
    (text,) = findings(box({"injection.source.center": {"ap": 1.24, "lr": 0.5, "si": 0.5}}), "error")
    assert (
        text == "injection: the tip lies outside the bone, 7.2 mm from it "
        "(fractions of its box: ap 1.24, lr 0.50, si 0.50)"
    )


def test_tip_half_outside() -> None:
    (text,) = findings(box({"injection.source.center": {"ap": 1.0, "lr": 0.5, "si": 0.5}}), "warning")
    share = float(text.split("only ")[1].split("%")[0])
    assert share == pytest.approx(50, abs=2)


def test_tip_below_the_mesh() -> None:
    """Newtonian cement does not mind."""
    small = {"injection.source.radius": "0.9 mm"}
    (text,) = findings(cf.preset("box-power").replace({"geometry.edge_length": "1.5 mm", **small}), "warning")
    assert "the tip's radius of 0.9 mm is below 0.75 mean edges" in text
    assert not findings(
        cf.preset("box-newtonian").replace({"geometry.edge_length": "1.5 mm", **small}), "warning"
    )


def test_places_far_from_the_surface() -> None:
    inside = {"ap": 0.5, "lr": 0.5, "si": 0.5}
    errors = findings(l3(outlet__0__at=inside, outlet__1__at=inside), "error")
    assert [text.split(":")[0] for text in errors] == [
        "outlet.basivertebral vein",
        "outlet.left segmental vein",
    ]
    off = findings(l3(outlet__0__at={"ap": -0.2, "lr": 0.5, "si": 0.5}), "warning")
    assert any(text.startswith("outlet.basivertebral vein: moved ") for text in off)


def test_more_than_the_pores_hold() -> None:
    assert any(
        "is more than the pores hold" in text
        for text in findings(box({"injection.volume": "60 mL"}), "warning")
    )
    assert any(
        "% of the pores hold" in text for text in findings(box({"injection.volume": "15 mL"}), "warning")
    )


def test_cement_too_stiff() -> None:
    assert findings(box({"cement.viscosity": "1 kPa s"}), "warning") == []
    (text,) = findings(box({"cement.viscosity": "3 kPa s"}), "warning")
    assert text.startswith("cement: at its age it has 3000 Pa s")


def test_pressure_limit_holds_the_flow_from_the_start() -> None:
    weak = findings(l3(injection__max_pressure="50 kPa"), "warning")
    assert any(
        text.startswith("injection.max_pressure: 0.05 MPa does not reach the wanted rate") for text in weak
    )
    assert not any("max_pressure" in text for text in findings(l3(), "warning"))


def test_every_stage_is_looked_at_with_its_cement() -> None:
    """With its own rate and limits, and with cement as old as it is when the stage begins."""
    stages: list[dict[str, object]] = [
        {"name": "as stated", "inject": "1 mL"},
        {"name": "by hand", "inject": "1 mL", "max_pressure": "50 kPa"},
        {"name": "wait", "pause": "10 s"},
        {"name": "slow", "inject": "1 mL", "flow_rate": "1 mL/min"},
        {"name": "fresh", "inject": "1 mL", "batch": {"age": "3 min"}},
    ]
    case = l3(injection__volume=None, injection__stage=stages)
    (weak,) = (text for text in findings(case, "warning") if "max_pressure" in text)
    assert weak.startswith("injection.stage.by hand.max_pressure: 0.05 MPa does not reach the wanted rate")
    notes = [text for text in findings(case, "note") if "the cannula takes" in text]
    assert [text.split(":")[0].split(".")[-1] for text in notes] == ["as stated", "by hand", "slow", "fresh"]
    starts = [text.split("from ")[1].split(", ")[0] for text in notes]
    assert starts == [
        "0 s with cement 4.0 min old",
        "15 s with cement 4.2 min old",
        "40 s with cement 4.7 min old",
        "100 s with cement 3.0 min old",
    ]


def test_a_long_pause_puts_a_stage_out_of_reach() -> None:
    stages: list[dict[str, object]] = [
        {"name": "first", "inject": "1 mL"},
        {"name": "wait", "pause": "10 min"},
        {"name": "late", "inject": "1 mL"},
    ]
    limits = {"injection__volume": None, "injection__max_pressure": "2 MPa"}
    (weak,) = (t for t in findings(l3(**limits, injection__stage=stages), "warning") if "max_pressure" in t)
    assert weak.startswith(
        "injection.max_pressure: 2.00 MPa does not reach the wanted rate of stage.late with cement 14.2 min old"
    )
    stages[1]["pause"] = "10 s"
    stages[2]["until"] = {"syringe_pressure": "0.3 MPa"}
    (soon,) = (t for t in findings(l3(**limits, injection__stage=stages), "warning") if "syringe" in t)
    assert soon.startswith("injection.stage.late.until.syringe_pressure: 0.30 MPa is there from the start")


def test_wall_as_the_only_way_out() -> None:
    wall = {"thickness": "0.3 mm", "permeability": "1e-19 m2", "pressure": "1 kPa"}
    tight = findings(l3(outlet=[], cortex=wall), "warning")
    assert any("sealed but for its wall" in text for text in tight)
    leaky = findings(l3(outlet=[], cortex=wall | {"permeability": "1e-13 m2"}), "warning")
    assert not any("sealed" in text for text in leaky)


def test_cells_that_cannot_be_reached() -> None:
    middle = {"ap": 0.5, "lr": 0.5, "si": 0.5}
    shell = {"shape": "ball", "center": middle, "radius": "13 mm", "permeability": "1e-16 m2"}
    core = {"shape": "ball", "center": middle, "radius": "8 mm", "permeability": "1e-8 m2"}
    (text,) = findings(box({"geometry.edge_length": "2 mm", "bone.region": [shell, core]}), "error")
    assert "cannot be reached from the needle" in text
    assert "no outlet is among those" in text
    aside = {"ap": 0.2, "lr": 0.2, "si": 0.2}
    lesion = shell | {"center": aside, "radius": "5 mm"}
    fine = box({"geometry.edge_length": "2 mm", "bone.region": [lesion]})
    assert any("cannot be reached" in text for text in findings(fine, "warning"))
    assert findings(fine, "error") == []
    # Negative control: the same shell with a bone's permeability.
    texts = findings(
        box({"geometry.edge_length": "2 mm", "bone.region": [shell | {"permeability": "1e-9 m2"}]}), "warning"
    )
    assert texts == []


def test_mesh_file_in_another_unit_is_an_error(tmp_path: Path) -> None:
    assert findings(mesh_file_case(tmp_path / "mm.vtu"), "error") == []
    for scale, unit in ((1.0, "m"), (1e6, "um")):
        errors = findings(mesh_file_case(tmp_path / f"{unit}.vtu", scale), "error")
        assert any(f"with units = '{unit}'" in text for text in errors)


def test_obtuse_mesh_file(tmp_path: Path) -> None:
    assert not any("obtuse" in t for t in findings(mesh_file_case(tmp_path / "a.vtu"), "warning"))
    squeezed = mesh_file_case(tmp_path / "b.vtu", anisotropy=0.3)
    assert any("(obtuse tetrahedra)" in t and "cementflow mesh" in t for t in findings(squeezed, "warning"))


def test_bad_mesh_file_is_named(tmp_path: Path) -> None:
    case = mesh_file_case(tmp_path / "a.vtu")
    (tmp_path / "a.vtu").write_bytes(b"<VTK")
    (text,) = findings(case, "error")
    assert text.startswith(f"{tmp_path / 'a.vtu'}: ")


def test_defects_belong_on_the_wall() -> None:
    hole = {"name": "hole", "type": "C", "shape": "disc", "radius": "3 mm"}
    assert findings(l3(defect=[hole | {"at": "left wall centre"}]), "error") == []
    (text,) = findings(l3(defect=[hole | {"at": {"ap": 0.5, "lr": 0.5, "si": 0.5}}]), "error")
    assert text.startswith("defect.hole: touches no surface")


def test_a_zone_that_is_not_there() -> None:
    lost = {"name": "arch gone", "type": "C", "shape": "zone", "zone": "arch"}
    (text,) = findings(l3(defect=[lost]), "error")
    assert text == "defect.arch gone: the geometry has no arch"
