"""What a heated run shows: its curves, its picture of heat, its report, and its fields while the cement sets."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import cementflow as cf
from cementflow.views.curves import curves_page
from cementflow.views.history import History
from cementflow.views.sample import sample_sheet
from cementflow.views.sheet import Event, RunSheet, open_run
from cementflow.views.snapshots import snapshot_files

HEATED = {
    "geometry.edge_length": "3.5 mm",
    "injection.volume": "2 mL",
    "injection.flow_rate": "4 mL/min",
    "injection.cannula.tip_radius": "4 mm",
    "physics.heat": True,
    "stop.until": "set",
    "output.field_times": [],
    "output.fields_every": "2 min",
    "output.figures": False,
}


@pytest.fixture(scope="module")
def heated(tmp_path_factory: pytest.TempPathFactory) -> cf.Result:
    """A run that goes on until the cement is set, long after the injection of half a minute."""
    return cf.run(cf.preset("l3-osteoporotic").replace(HEATED), out=tmp_path_factory.mktemp("heat") / "run")


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
    first = next(line.get_xdata()[0] for line in heat.lines if list(line.get_ydata()) == [0, 1])
    assert first == pytest.approx(heated.summary["after_injection"]["since_s"] / 60)


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
    assert "and 7 more" in notes
