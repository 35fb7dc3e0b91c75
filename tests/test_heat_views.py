"""What a heated run shows: its curves, its picture of heat, and its fields while the cement sets."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.colors import to_rgb

import cementflow as cf
from cementflow.errors import InputError
from cementflow.results.vtu_fields import read_fields
from cementflow.views import PICTURES, make_figures
from cementflow.views.curves import curves_page
from cementflow.views.easel import SHARES
from cementflow.views.heat_slices import heat_page
from cementflow.views.history import History
from cementflow.views.labels import Label, draw_labels
from cementflow.views.page import new_page
from cementflow.views.palette import HARM, heat_map
from cementflow.views.sample import sample_sheet
from cementflow.views.sheet import Event, RunSheet, open_run
from cementflow.views.snapshots import PEAK, read_mesh, read_snapshot, snapshot_files
from cementflow.views.strokes import Strokes
from problems import HEATED


def test_fields_are_stored_while_the_cement_sets(heated: cf.Result) -> None:
    end = heated.summary["simulated_s"]
    times = [time for time, _ in snapshot_files(heated.path)]
    assert end > 240.0
    assert times == [0.0, *np.arange(120.0, end, 120.0).tolist(), end]


@pytest.mark.parametrize(
    ("stop", "expected"),
    [
        ({"stop.time": "10 min"}, 600.0),
        ({"stop.time": "10 min", "stop.until": "5 min"}, 600.0),
        ({"stop.time": "10 min", "stop.until": "20 min"}, 1200.0),
        ({"stop.time": "10 min", "stop.until": "set"}, 600.0 + 7200.0),
    ],
)
def test_output_times_reach_to_the_end_of_the_run(stop: dict[str, str], expected: float) -> None:
    from cementflow.mesh.geometry import build_geometry
    from cementflow.model import build_model

    case = cf.preset("l3-osteoporotic").replace(HEATED | {"stop.until": "none"} | stop)
    plan = build_model(case, build_geometry(case.geometry, case.folder)).plan
    assert plan.output_times[-1] == expected


# --- curves


def panel(page: Any, label: str) -> Any:
    """The axes of a page whose vertical label starts so."""
    return next(axes for axes in page.axes if axes.get_ylabel().startswith(label))


def words(holder: Any) -> list[str]:
    return [text.get_text() for text in holder.texts]


def test_heat_and_cure_have_a_panel_in_minutes(heated: cf.Result) -> None:
    page = curves_page(open_run(heated.path))
    heat, cure = panel(page, "hottest temperature [degC]"), panel(page, "mean degree of cure [-]")
    assert heat.get_xlabel() == "time [min]"
    table, end = heated.history, heated.summary["simulated_s"]
    assert heat.get_xlim() == pytest.approx((0.0, end / 60))
    curve, harmful = heat.lines[0], heat.lines[1]
    assert np.array_equal(curve.get_ydata(), table["peak_temperature_degC"])
    assert list(harmful.get_ydata()) == [47.0, 47.0]
    assert np.array_equal(cure.lines[0].get_ydata(), table["degree_of_cure"])
    ring = cure.lines[1]
    assert ring.get_xdata()[0] == pytest.approx(heated.summary["cure"]["set_s"] / 60)
    events = [event["what"] for event in heated.summary["events"]]
    late = [str(1 + events.index(what)) for what in ("volume injected", "the cement is set")]
    assert late[0] in words(heat) and late[1] in words(heat)
    (events_at,) = heat.collections
    assert events_at.get_segments()[0][0, 0] == pytest.approx(
        heated.summary["after_injection"]["since_s"] / 60
    )


def test_panels_of_the_flow_end_with_it(heated: cf.Result) -> None:
    page = curves_page(open_run(heated.path))
    flow = panel(page, "flow rate")
    assert flow.get_xlim() == pytest.approx((0.0, 30.0))
    assert flow.get_xlabel() == "time [s], injection only"
    assert max(flow.lines[0].get_xdata()) == pytest.approx(30.0)
    assert heated.history["time_s"].max() > 240.0


def leaking_late(until: float) -> RunSheet:
    """A run of a minute with an injection of 10 s that leaks up to a time."""
    sheet = sample_sheet()
    columns = dict(sheet.history.columns)
    columns["leaked_ml"] = np.minimum(columns["time_s"], until) / 60.0
    return replace(sheet, history=History(columns), ended=10.0)


@pytest.mark.parametrize(
    ("until", "end"), [(0.0, 10.0), (5.0, 10.0), (40.0, 40.0), (60.0, 60.0), (1e3, 60.0)]
)
def test_a_leak_after_the_injection_is_shown(until: float, end: float) -> None:
    low, high = panel(curves_page(leaking_late(until)), "leaked").get_xlim()
    # To 2 % of the leak, and to the step of the table.
    assert low == 0.0 and high == pytest.approx(end, abs=4.0 if until > 10.0 else 1e-9)


def test_a_run_without_heat_has_four_panels() -> None:
    sheet = sample_sheet()
    page = curves_page(sheet)
    assert len(page.axes) == 4
    assert {axes.get_xlabel() for axes in page.axes} == {"time [s]"}
    assert page.get_size_inches().tolist() == [16.0, 10.0]


def test_what_comes_after_the_injection_is_told_even_among_many_events() -> None:
    early = tuple(Event(float(i), f"leak {i}") for i in range(15))
    events = (*early, Event(60.0, "volume injected"), Event(300.0, "the cement is set"))
    notes = words(curves_page(replace(sample_sheet(), events=events, ended=60.0)))
    assert any(note.startswith("16   60 s   volume injected") for note in notes)
    assert any(note.startswith("17   300 s   the cement is set") for note in notes)
    assert "and 5 more" in notes


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"heat": {}}, r"heat\.above_47.*heat\.dose_240.*heat\.damage_1"),
        ({"heat": 3, "cure": "hard"}, r"no table 'cure'.*no table 'heat'"),
        ({"after_injection": {"since_s": "soon"}}, r"after_injection\.since_s.*must be a number"),
    ],
)
def test_what_a_summary_of_heat_lacks_is_said(
    heated: cf.Result, tmp_path: Path, change: dict[str, Any], match: str
) -> None:
    (tmp_path / "summary.json").write_text(json.dumps(heated.summary | change))
    with pytest.raises(cf.InputError, match=f"(?s){match}"):
        open_run(tmp_path)


# --- the picture of heat


def pixels(path: Path) -> np.ndarray:
    """RGB of a PNG as integers."""
    from matplotlib.image import imread

    return np.rint(255 * imread(path)[..., :3]).astype(int)


def overlapping(axes: Any) -> list[tuple[str, str]]:
    """Pairs of texts in a panel that lie on each other."""
    renderer = axes.figure.canvas.get_renderer()
    boxes = [(text.get_text(), text.get_window_extent(renderer)) for text in axes.texts]
    return [(a, b) for i, (a, one) in enumerate(boxes) for b, two in boxes[:i] if one.overlaps(two)]


def test_heat_is_drawn_with_isotherms_and_harm(heated: cf.Result) -> None:
    page = heat_page(open_run(heated.path), read_snapshot(open_run(heated.path)))
    peak, bar = heated.summary["heat"]["peak_degC"], page.axes[-1]
    assert peak > 100.0
    for axes in (page.axes[0], page.axes[2]):
        names = words(axes)
        assert f"hottest\n{peak:.1f} degC" in names
        assert {"47 degC", "60 degC", "80 degC", "100 degC"} <= set(names)
        assert overlapping(axes) == []
    assert "peak temperature [degC]" in bar.get_xlabel()
    notes = words(page)
    volumes = heated.summary["heat"]
    assert f"dose of 240 min at 43 degC: {volumes['dose_240_min_ml']:.2f} mL of tissue" in notes
    assert f"damage integral of 1: {volumes['damage_1_ml']:.2f} mL of tissue" in notes
    hottest = heated.history["time_s"][int(heated.history["peak_temperature_degC"].argmax())]
    assert any(f"hottest {peak:.1f} degC at {hottest:.4g} s" in note for note in notes)


def test_harm_has_its_colour_where_the_dose_is(heated: cf.Result, tmp_path: Path) -> None:
    from cementflow.views import render_heat

    def share(time: float | None) -> float:
        """Part of the right half that has the colours of harm."""
        picture = pixels(render_heat(heated.path, tmp_path / "h.png", time, (800, 640)))[70:560, 410:]
        wanted = [np.rint(255 * np.array(to_rgb(colour))).astype(int) for colour in HARM]
        return float(np.mean([(np.abs(picture - c).max(axis=-1) <= 8).mean() for c in wanted]))

    assert share(0.0) == 0.0
    assert share(None) > 0.01


def test_before_anything_is_warm_the_planes_go_through_the_tip(heated: cf.Result) -> None:
    sheet = open_run(heated.path)
    page = heat_page(sheet, read_snapshot(sheet, 0.0))
    assert any("through the needle tip" in name for name in words(page.axes[0]))
    assert not any("degC" in name for name in words(page.axes[0]))
    # Volumes are known at the end only.
    assert "dose of 240 min at 43 degC" in words(page)


def test_fields_on_a_mesh_that_was_read_before_are_the_same(heated: cf.Result) -> None:
    sheet, mesh = open_run(heated.path), read_mesh(heated.path)
    for time in (None, 0.0):
        whole, part = read_snapshot(sheet, time), read_snapshot(sheet, time, mesh)
        assert part.mesh is mesh
        assert np.array_equal(mesh.points, whole.mesh.points) and np.array_equal(mesh.tets, whole.mesh.tets)
        for ours, theirs in ((part.fields, whole.fields), (part.cell_fields, whole.cell_fields)):
            assert ours.keys() == theirs.keys()
            assert all(np.array_equal(ours[name], theirs[name]) for name in theirs)
    assert part.heated and part.cell_fields


def test_fields_of_another_mesh_are_told(heated: cf.Result) -> None:
    mesh = read_mesh(heated.path)
    with pytest.raises(InputError, match="another mesh"):
        read_snapshot(open_run(heated.path), None, replace(mesh, points=mesh.points[1:]))


def test_files_of_other_programs_are_told(tmp_path: Path) -> None:
    (tmp_path / "a.vtu").write_text("<VTKFile></VTKFile>")
    with pytest.raises(InputError, match="not written by cementflow"):
        read_fields(tmp_path / "a.vtu", ())
    with pytest.raises(InputError, match="cannot be read"):
        read_fields(tmp_path / "b.vtu", ())


@pytest.mark.parametrize("number", [0, 750, 1250, 1375])
def test_cuts_through_any_hottest_vertex_have_whole_outlines(heated: cf.Result, number: int) -> None:
    """A plane through vertices would cut faces, and the mesh of the cut would have gaps."""
    sheet = open_run(heated.path)
    shot = read_snapshot(sheet)
    peak = np.full(len(shot.mesh.points), 37.0)
    peak[number] = 90.0
    shot.fields[PEAK] = peak
    for axes in heat_page(sheet, shot, (800, 640)).axes[:4]:
        (outline,) = [c for c in axes.collections if isinstance(c, Strokes) and c.zorder == 4]
        places = outline.get_transforms()[:, :2]
        ends = np.round(np.concatenate([places[..., 2], places[..., 2] + places[..., 0]]), 6)
        assert (np.unique(ends, axis=0, return_counts=True)[1] == 2).all()


def test_heat_has_the_same_bytes_twice(heated: cf.Result, tmp_path: Path) -> None:
    one, two = (heated.plot("heat", tmp_path / f"{i}.png") for i in (1, 2))
    assert one.read_bytes() == two.read_bytes()


def test_heat_is_among_the_figures_of_a_heated_run_only(heated: cf.Result, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(heated.path, run)
    flat = ("curves", "slices", "heat")
    assert [path.name for path in make_figures(run, flat)] == ["curves.png", "slices.png", "heat.png"]
    lines = (run / "history.csv").read_text().splitlines()
    bare = "\n".join(",".join(line.split(",")[:-3]) for line in lines)
    (run / "history.csv").write_text(bare + "\n")
    assert [path.name for path in make_figures(run, flat)] == ["curves.png", "slices.png"]


def test_a_run_without_heat_has_no_picture_of_it(heated: cf.Result, tmp_path: Path) -> None:
    import pyvista

    run = tmp_path / "run"
    shutil.copytree(heated.path, run)
    for path in (run / "fields").iterdir():
        grid = pyvista.read(path)
        grid.point_data.remove("peak temperature [K]")
        grid.save(path)
    with pytest.raises(cf.InputError, match=r"physics\.heat = true"):
        cf.open_result(run).plot("heat")


def test_the_colours_of_heat_grow_darker_steadily() -> None:
    """So that they are told apart without red and green, and in print."""
    colours = heat_map()(np.linspace(0.0, 1.0, 50))[:, :3]
    linear = np.where(colours <= 0.04045, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4)
    luminance = linear @ np.array([0.2126, 0.7152, 0.0722])
    assert (np.diff(luminance) < 0.0).all()
    assert luminance[0] > 0.8 and luminance[-1] < 0.02


def test_labels_may_be_told_their_side() -> None:
    axes = new_page((800, 800)).add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, 800), ylim=(0, 800))
    labels = [Label((100.0 + i, 400.0), f"point {i}", "", "k", side="right") for i in range(4)]
    draw_labels(axes, labels, (20, 780, 20, 780), 1.0)
    assert {text.get_ha() for text in axes.texts} == {"right"}


def test_every_picture_is_drawn_at_the_end_of_a_run() -> None:
    assert sorted(name for share in SHARES for name in share) == sorted(PICTURES)
