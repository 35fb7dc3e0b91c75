"""Needles: where they enter and end; cases with needles and stages from the file to the report."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import cementflow as cf
from cementflow.mesh.box import box_mesh
from cementflow.mesh.geometry import build_geometry
from cementflow.mesh.tetmesh import TetMesh
from cementflow.model import build_model
from cementflow.simulate import simulate
from cementflow.sites.needles import Needle, lies_inside, outside_by, outside_parts, way_out
from cementflow.summary_text import summary_text
from cementflow.views.curves import pauses
from cementflow.views.sheet import open_run
from command import cementflow
from problems import ball

LEFT: dict[str, object] = {
    "name": "left",
    "gauge": 11,
    "length": "120 mm",
    "entry": "left",
    "tip_radius": "3 mm",
}
RIGHT = LEFT | {"name": "right", "entry": "right"}
COARSE: dict[str, object] = {
    "geometry.edge_length": "3.5 mm",
    "output.figures": False,
    "output.fields": False,
    "output.field_times": [],
}


def l3(
    needles: list[dict[str, object]], stages: list[dict[str, object]] | None = None, **more: object
) -> cf.Case:
    changes = {"injection.needle": needles, "injection.volume": "0.8 mL"}
    if stages:
        changes |= {"injection.stage": stages, "injection.volume": None}
    return cf.preset("l3-osteoporotic").replace(COARSE | changes | more)


def texts(case: cf.Case, level: str) -> list[str]:
    return [f.text for f in cf.check(case) if f.level == level]


# --- geometry


# To the hundredth: nothing lies on a face by round-off only.
@given(st.tuples(*[st.integers(-40, 140).map(lambda i: i / 100)] * 3))
def test_what_lies_in_a_box(place: tuple[float, float, float]) -> None:
    mesh = box_mesh((9e-3, 9e-3, 9e-3), 3e-3)
    point = 9e-3 * np.array(place)
    inside = all(0.0 <= x <= 1.0 for x in place)
    assert lies_inside(mesh, point) == inside
    away = np.linalg.norm(point - np.clip(point, 0.0, 9e-3))
    # The surface is known by samples, a sixth of a triangle's side apart.
    assert outside_by(mesh, point) == pytest.approx(away, abs=0.0 if inside else 1e-3)


@given(st.tuples(*[st.floats(-1.0, 1.0)] * 3), st.floats(0.0, 0.9))
def test_the_way_out_of_a_ball(way: tuple[float, float, float], part: float) -> None:
    length = np.linalg.norm(way)
    direction = np.array(way) / length if length > 0.1 else np.array([0.0, 0.0, 1.0])
    start = np.array([0.0, 6e-3 * part, 0.0])
    along = start @ direction
    expected = -along + np.sqrt(along**2 + 6e-3**2 - start @ start)
    mesh = ball(6e-3, 1.5e-3)
    assert way_out(mesh, start, direction) == pytest.approx(expected, abs=0.15e-3)
    assert np.isnan(way_out(mesh, np.array([0.0, 0.0, 7e-3]), np.array([0.0, 0.0, 1.0])))


def test_a_needle_is_drawn_back_along_itself() -> None:
    direction = np.array([0.6, 0.8, 0.0])
    needle = Needle("a", np.zeros(3), direction, 0.02 * direction, np.zeros(3), 1e-3)
    back = needle.drawn_back(5e-3)
    assert back.tip == pytest.approx(0.015 * direction)
    assert back.depth(box_mesh((9e-3, 9e-3, 9e-3), 3e-3)) == pytest.approx(0.015)


def test_pedicles_mirror_each_other() -> None:
    geometry = build_geometry(l3([LEFT]).geometry, Path())
    left, right = build_model(l3([LEFT, RIGHT]), geometry).needles
    axes, middle = geometry.frame.axes, geometry.frame.point(0.5, 0.5, 0.5)
    mirror = np.array([1.0, -1.0, 1.0])
    for a, b in ((left.tip, right.tip), (left.entry, right.entry)):
        assert a is not None and b is not None
        assert axes @ (a - middle) == pytest.approx(mirror * (axes @ (b - middle)), abs=1e-9)
    assert axes @ left.direction == pytest.approx(mirror * (axes @ right.direction), abs=1e-9)
    # From behind and the side towards the middle, downward.
    assert (axes @ left.direction > [0.5, 0.0, -1.0]).all() and axes[2] @ left.direction < 0.0


def test_depth_counts_from_the_entry_towards_the_tip() -> None:
    case = l3([LEFT | {"depth": "15 mm"}])
    (needle,) = build_model(case, build_geometry(case.geometry, Path())).needles
    assert needle.entry is not None
    assert needle.tip - needle.entry == pytest.approx(0.015 * needle.direction)


def test_a_cannula_without_entry_comes_from_behind() -> None:
    tip = {"ap": 0.6, "lr": 0.3, "si": 0.5}
    named = {k: v for k, v in LEFT.items() if k != "entry"} | {"tip": tip}
    case = l3([named])
    geometry = build_geometry(case.geometry, Path())
    (needle,) = build_model(case, geometry).needles
    assert (needle.direction == geometry.frame.axes[0]).all()
    deep = needle.depth(geometry.mesh)
    behind = geometry.frame.fractions(needle.tip - deep * needle.direction)[0]
    assert deep > 0.01 and abs(behind[0]) < 0.2
    alone = cf.preset("l3-osteoporotic").replace(
        COARSE | {"injection.cannula.tip": tip, "injection.cannula.tip_radius": "3 mm"}
    )
    other = build_model(alone, geometry)
    assert (other.problem.source == build_model(case, geometry).problem.source).all()


# --- what check says


def test_check_tells_where_needles_go() -> None:
    notes = texts(l3([LEFT, RIGHT]), "note")
    (left,) = (
        t for t in notes if t.startswith("injection.needle.left: enters at ap 0.00, lr 0.20, si 0.68, goes ")
    )
    assert "mm deep, its direction is ap +0.9" in left


def test_needles_that_miss_the_bone_are_refused() -> None:
    beside = LEFT | {"tip": {"ap": 0.6, "lr": -0.2, "si": 0.5}}
    (text,) = texts(l3([beside]), "error")
    assert text.startswith("injection.needle.left: the tip lies outside the bone, ")
    away = float(text.split("bone, ")[1].split(" mm")[0])
    assert 8.0 < away < 16.0
    (second,) = texts(l3([LEFT, beside | {"name": "b"}]), "error")
    assert second.startswith("injection.needle.b: the tip lies outside the bone")


def test_a_shaft_that_leaves_the_bone_is_told() -> None:
    """Along a hollow endplate: in at the rim, out over the hollow, in again at the other rim."""
    rims = {"entry": {"ap": 0.1, "lr": 0.5, "si": 0.97}, "tip": {"ap": 0.93, "lr": 0.5, "si": 0.96}}
    fine = {"geometry.edge_length": "1.5 mm"}
    (text,) = (t for t in texts(l3([LEFT | rims], **fine), "warning") if "leaves the bone" in t)
    begin, over, left = (
        float(text.split(before)[1].split(" mm")[0]) for before in ("leaves the bone ", "back after ", "mm, ")
    )
    assert begin > 0.0 and over > 5.0 and left > 0.0
    assert not any("leaves the bone" in t for t in texts(l3([LEFT, RIGHT], **fine), "warning"))


def test_parts_of_a_line_outside_two_boxes() -> None:
    """Two boxes of 9 mm with 3 mm between them, of which a line sees the gap and what lies before and behind."""
    box = box_mesh((9e-3, 9e-3, 9e-3), 3e-3)
    shift = np.array([12e-3, 0.0, 0.0])
    both = TetMesh(
        np.concatenate([box.points, box.points + shift]),
        np.concatenate([box.tets, box.tets + len(box.points)]).astype(box.tets.dtype),
        np.concatenate([box.region, box.region]),
    )
    ends = np.array([-2e-3, 4e-3, 5e-3]), np.array([24e-3, 4e-3, 5e-3])
    found = outside_parts(both, *ends, 1e-6)
    assert np.array(found) == pytest.approx(np.array([[0.0, 2e-3], [11e-3, 14e-3], [23e-3, 26e-3]]))
    assert outside_parts(both, *ends, 2.5e-3) == [pytest.approx(part) for part in found[1:]]
    assert outside_parts(both, ends[0], ends[0], 1e-6) == []


def test_a_needle_too_short_is_refused(tmp_path: Path) -> None:
    short = l3([LEFT | {"length": "20 mm"}])
    (text,) = texts(short, "error")
    assert text.startswith("injection.needle.left.length: 20 mm is too short for a tip ")
    with pytest.raises(cf.CaseError, match="too short"):
        cf.run(short, tmp_path / "run")


def test_a_needle_is_not_drawn_out_of_the_bone() -> None:
    stages = [{"inject": "0.2 mL"}, {"withdraw": "20 mm"}, {"withdraw": "10 mm"}, {"inject": "0.2 mL"}]
    (text,) = texts(l3([LEFT], stages), "error")
    assert text.startswith("injection.stage.stage 3.withdraw: in all 30 mm, but the needle is only ")
    assert texts(l3([LEFT], [*stages[:2], stages[3]]), "error") == []


# --- cases from the file to the report

STAGES: list[dict[str, object]] = [
    {"name": "begin", "inject": "0.4 mL", "flow_rate": "6 mL/min"},
    {"name": "wait", "pause": "20 s"},
    {"name": "on", "inject": "0.5 mL", "until": {"time": "5 s"}},
    {"name": "back", "withdraw": "4 mm"},
    {"name": "right", "inject": "0.3 mL", "needle": "right", "batch": {"age": "3 min"}},
]


@pytest.fixture(scope="module")
def staged(tmp_path_factory: pytest.TempPathFactory) -> cf.Result:
    return cf.run(l3([LEFT, RIGHT], STAGES), tmp_path_factory.mktemp("staged") / "run")


def test_the_summary_tells_the_stages(staged: cf.Result) -> None:
    s = staged.summary
    assert (s["status"], s["stop_reason"]) == ("completed", "all stages done")
    found = [
        (g["name"], g["ended_by"], round(g["end_s"], 6), round(g["injected_ml"], 6)) for g in s["stages"]
    ]
    assert found == [
        ("begin", "volume injected", 4.0, 0.4),
        ("wait", "pause over", 24.0, 0.0),
        ("on", "time over", 29.0, 0.333333),
        ("back", "drawn back 4 mm", 29.0, 0.0),
        ("right", "volume injected", 33.5, 0.3),
    ]
    assert sum(g["injected_ml"] for g in s["stages"]) == pytest.approx(s["injected_ml"], abs=1e-9)
    assert sum(g["leaked_ml"] for g in s["stages"]) == pytest.approx(s["leaked_ml"]["total"], abs=1e-12)
    assert max(g["peak_tip_pressure_kPa"] or 0 for g in s["stages"]) >= s["peak_tip_pressure_kPa"]
    assert s["stages"][3]["peak_tip_pressure_kPa"] is None
    assert set(s["sites"]["needles"]) == {"left", "right"}
    assert s["sites"]["cannula"]["direction"] == s["sites"]["needles"]["left"]["direction"]


def test_history_report_and_pictures_know_the_stages(staged: cf.Result) -> None:
    h = staged.history
    assert set(h["stage"]) == {1, 2, 3, 5}
    assert (h["flow_rate_ml_min"][h["stage"] == 2] == 0).all()
    assert (h["balance_error"] < 1e-9).all()
    assert (np.diff(h["time_s"]) > 0).all()
    report = (staged.path / "report.html").read_text()
    assert "<h2>Stages</h2>" in report and "<td>drawn back 4 mm</td>" in report
    assert "    back                         from   29.0 s" in summary_text(staged)
    sheet = open_run(staged.path)
    assert pauses(sheet) == [pytest.approx((4.0, 24.0))]
    assert [len(sheet.further), sheet.further[0].radius] == [1, 3.0]


def test_a_run_without_stages_tells_none(tmp_path: Path) -> None:
    plain = cf.run(
        cf.preset("l3-osteoporotic").replace(COARSE | {"injection.volume": "0.1 mL"}), tmp_path / "plain"
    )
    assert "stages" not in plain.summary
    assert "stage" not in plain.history
    assert "needles" not in plain.summary["sites"]
    assert pauses(open_run(plain.path)) == []
    assert "Stages" not in (plain.path / "report.html").read_text()


def test_several_needles_share_the_volume(tmp_path: Path) -> None:
    result = cf.run(l3([LEFT, RIGHT]), tmp_path / "two")
    assert [(g["name"], g["injected_ml"]) for g in result.summary["stages"]] == [
        ("left", pytest.approx(0.4, abs=1e-6)),
        ("right", pytest.approx(0.4, abs=1e-6)),
    ]


def test_a_run_that_was_interrupted_in_a_pause_goes_on_to_the_same_bytes(
    staged: cf.Result, tmp_path: Path
) -> None:
    seen = iter(range(10**6))
    stop_at = int(np.argmax(staged.history["stage"] == 2))
    case = l3([LEFT, RIGHT], STAGES)
    first = cf.run(case, tmp_path / "run", stop_asked=lambda: next(seen) == stop_at)
    assert first.summary["status"] == "interrupted"
    assert first.summary["stages"][-1] | {"ended_by": None, "end_s": None} == first.summary["stages"][-1]
    assert first.summary["stages"][-1]["name"] == "wait"
    again = cf.run(case, tmp_path / "run", resume=True)
    for name in ("history.csv", "report.html"):
        assert (again.path / name).read_bytes() == (staged.path / name).read_bytes(), name
    clock = {"wall_s", "peak_rss_mb"}
    one, other = (
        {k: v for k, v in json.loads((r.path / "summary.json").read_text()).items() if k not in clock}
        for r in (again, staged)
    )
    assert one == other


def test_a_stage_ends_when_a_leak_is_seen(tmp_path: Path) -> None:
    near = LEFT | {"tip": {"ap": 0.72, "lr": 0.15, "si": 0.65}}
    watch = {"name": "until it is seen", "inject": "2 mL", "until": {"seen": True}}
    case = l3(
        [near],
        [watch, watch | {"name": "again"}, {"name": "rest", "inject": "0.1 mL"}],
        **{"outlet.lateral wall defect.radius": "3 mm", "imaging.delay": "1.5 s", "imaging.threshold": 0.5},
    )
    s = cf.run(case, tmp_path / "run").summary
    ended = {g["name"]: (g["ended_by"], g["end_s"]) for g in s["stages"]}
    first = min(t for views in s["first_seen_s"].values() for t in views.values() if t is not None)
    assert ended["until it is seen"] == ("leak was seen", pytest.approx(first + 1.5, abs=1e-6))
    # What was seen stays seen.
    assert ended["again"] == ("leak was seen", ended["until it is seen"][1])
    assert ended["rest"][0] == "volume injected"
    assert s["status"] == "completed"
    with pytest.raises(
        cf.CaseError, match=r"stop.seen ends the injection before a stage can end at a seen leak"
    ):
        case.replace({"stop.seen": True})


def test_a_needle_is_filled_when_it_is_taken_up(tmp_path: Path) -> None:
    """What the second needle holds is the new mix, while the first one would bring the old one first."""
    stages = [
        {"name": "old", "inject": "0.1 mL"},
        {"name": "new", "inject": "0.1 mL", "batch": {"age": "3 min"}},
    ]
    model = build_model(l3([LEFT, RIGHT], stages), build_geometry(l3([LEFT]).geometry, Path()))
    other = build_model(
        l3([LEFT, RIGHT], [stages[0], stages[1] | {"needle": "right"}]),
        build_geometry(l3([LEFT]).geometry, Path()),
    )
    ages = []
    for m in (model, other):
        steps = list(simulate(m.problem, m.plan, m.problem.make_solver()))
        ages.append(float(steps[-1].state.cannula.mean[1]))
        first = next(s for s in steps if s.during == 2)
        assert first.state.cannula.volume.sum() == pytest.approx(m.problem.drive.cannula.dead_volume)
    # The syringes are 4 min and 3 min old at first; the needle holds 0.5 mL.
    assert ages[1] == pytest.approx(180.0, abs=3.0)
    assert ages[0] > 220.0


def test_a_stage_may_be_driven_by_its_pressure_alone(tmp_path: Path) -> None:
    stages = [
        {"name": "hand", "inject": "0.2 mL", "max_pressure": "1 MPa"},
        {"name": "screw", "inject": "0.1 mL"},
    ]
    stages[1] |= {"flow_rate": "2 mL/min"}
    case = l3(
        [LEFT],
        [{"name": "back", "withdraw": "2 mm"}, *stages],
        **{"injection.flow_rate": None, "injection.max_pressure": None},
    )
    h = cf.run(case, tmp_path / "run").history
    assert h["syringe_pressure_kPa"][h["stage"] == 2] == pytest.approx(1000.0, rel=1e-6)
    assert h["flow_rate_ml_min"][h["stage"] == 3] == pytest.approx(2.0)
    with pytest.raises(
        cf.CaseError, match=r"injection.flow_rate is missing: state it, or what drives without it"
    ):
        case.replace({"injection.stage.hand.max_pressure": None})


def test_cement_comes_out_ahead_of_a_needle() -> None:
    case = l3([LEFT | {"opening": "front"}])
    model = build_model(case, build_geometry(case.geometry, Path()))
    (needle,) = model.needles
    assert model.source.center - needle.tip == pytest.approx(3e-3 * needle.direction, abs=1e-12)
    with pytest.raises(cf.CaseError, match=r"injection.needle.left.direction follows from entry and tip"):
        l3([LEFT | {"opening": "front", "direction": "anterior"}])


def test_a_leak_that_ends_the_injection_is_work_done(tmp_path: Path) -> None:
    near = LEFT | {"tip": {"ap": 0.72, "lr": 0.15, "si": 0.65}}
    stop = {"inject": "2 mL", "on_leak": "stop", "leak_limit": "0.02 mL"}
    case = l3([near], [stop, {"inject": "1 mL"}], **{"outlet.lateral wall defect.radius": "3 mm"})
    (tmp_path / "case.toml").write_text(cf.case.to_toml(case))
    done = cementflow("run", "case.toml", "--out", "run", "--quiet", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    s = cf.open_result(tmp_path / "run").summary
    assert (s["status"], s["stop_reason"]) == ("stopped", "leak limit reached")
    assert s["leaked_ml"]["total"] == pytest.approx(0.02, abs=1e-6)
    assert [g["name"] for g in s["stages"]] == ["stage 1"]
