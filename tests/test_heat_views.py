"""What a heated run shows: its curves, its picture of heat, its report, and its fields while the cement sets."""

from __future__ import annotations

import numpy as np
import pytest

import cementflow as cf
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
