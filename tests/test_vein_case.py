"""Veins as a case states them: what is read, what is refused, what becomes of it on a mesh."""

from __future__ import annotations

import tomllib
from typing import Any

import numpy as np
import pytest

import cementflow as cf
from cementflow.case import ScatterSpec, digest, read_case, to_toml
from cementflow.errors import CaseError
from cementflow.mesh.geometry import build_geometry
from cementflow.model import build_model
from cementflow.sites.vein_scatter import corners
from cementflow.sites.veins import VeinTree

INSIDE = [{"ap": 0.7, "lr": 0.5, "si": 0.5}, {"ap": 0.2, "lr": 0.5, "si": 0.5}]
BEHIND = [{"ap": -0.02, "lr": 0.5, "si": 0.5}, {"ap": -0.2, "lr": 0.5, "si": 0.5}]
VEIN = {"name": "trunk", "type": "B", "path": INSIDE, "diameter": "2 mm"}
END = {"name": "end", "type": "B", "path": BEHIND, "diameter": "2 mm", "drinks": False}


def read(*veins: dict[str, Any], **more: Any) -> cf.Case:
    table = tomllib.loads(to_toml(cf.preset("l3-osteoporotic")))
    table["geometry"]["edge_length"] = "4 mm"
    return read_case(table | {"veins": {"vein": [*veins]} | more}, "test.toml", ".")


def test_a_vein_in_si_and_back() -> None:
    case = read(
        VEIN | {"diameter": ["1 mm", "3 mm"], "into": "end", "blood_flow": "1 mL/min"},
        END,
        pressure_times=[{"time": "10 s", "pressure": "1 kPa"}, {"time": "12 s", "pressure": "12 kPa"}],
    )
    assert case.veins is not None
    trunk, end = case.veins.vein
    assert (trunk.diameter, trunk.into, trunk.pressure) == ((1e-3, 3e-3), ("end",), None)
    assert (end.diameter, end.into, end.drinks) == ((2e-3, 2e-3), (), False)
    assert case.veins.pressure_times[1].pressure == 12e3
    assert read_case(tomllib.loads(to_toml(case)), "again", ".") == case


@pytest.mark.parametrize(
    ("veins", "more", "message"),
    [
        (
            [VEIN | {"into": "ent"}, END],
            {},
            'veins.vein.trunk.into names "ent", which is no vein (did you mean "end"?)',
        ),
        ([VEIN | {"into": "end"}, END | {"into": "trunk"}], {}, "veins.vein flow in a circle: trunk, end"),
        ([VEIN | {"into": "trunk"}], {}, "veins.vein flow in a circle: trunk"),
        (
            [VEIN | {"into": ["end", "b"]}, END | {"into": "b"}, END | {"name": "b"}],
            {},
            "flow in a circle: end",
        ),
        ([VEIN | {"into": "end", "pressure": "2 kPa"}, END], {}, "veins.vein.trunk.pressure is for an end"),
        ([VEIN, VEIN], {}, 'has 2 entries with the name "trunk"'),
        ([VEIN | {"path": INSIDE[:1]}], {}, "is not a list of two or more positions"),
        ([VEIN | {"path": [*INSIDE, INSIDE[1]]}], {}, "has the same position twice in a row"),
        ([VEIN | {"diameter": ["1 mm", "2 mm", "3 mm"]}], {}, "or a list of two, at its begin and its end"),
        ([VEIN | {"name": "endplate crack"}], {}, "veins.vein.endplate crack has the name of an outlet"),
        ([VEIN | {"type": "X"}], {}, 'is none of "B", "S", "C", "D"'),
        ([], {}, "veins.vein is missing: state [[veins.vein]] or name a preset"),
        ([], {"preset": "lumbarr"}, 'did you mean "lumbar"?'),
        (
            [VEIN],
            {"pressure_times": [{"time": "2 s", "pressure": "1 kPa"}, {"time": "1 s", "pressure": "2 kPa"}]},
            "veins.pressure_times must be in the order of their times",
        ),
    ],
)
def test_what_cannot_be_is_refused(veins: list[dict[str, Any]], more: dict[str, Any], message: str) -> None:
    with pytest.raises(CaseError) as error:
        read(*veins, **more)
    assert message in str(error.value)


def test_values_of_a_tree_can_be_changed_by_key() -> None:
    case = cf.preset("l3-veins")
    changed = case.replace({"veins.diameter_scale": 1.5, "veins.vein.basivertebral trunk.diameter": "4 mm"})
    assert changed.veins is not None
    assert changed.veins.vein[0].diameter == (4e-3, 4e-3)
    assert digest(changed) != digest(case)
    other = case.replace({"veins.preset": "haemangioma"})
    assert other.veins is not None
    assert (other.veins.diameter_scale, other.veins.flow_scale) == (1.5, 3.0)
    assert case.replace({"veins": None}).veins is None


def test_the_tree_of_a_case_on_a_mesh() -> None:
    case = cf.preset("l3-veins").replace({"geometry.edge_length": "3 mm", "veins.diameter_scale": 2.0})
    assert case.veins is not None
    model = build_model(case, build_geometry(case.geometry))
    tree = model.problem.veins
    assert tree is not None
    names = tuple(v.name for v in case.veins.vein)
    assert tree.names == names
    assert tuple(o.name for o in model.problem.outlets[-len(names) :]) == names
    assert tree.radius[tree.along(0)] == pytest.approx(3e-3)
    drinking = {names[i] for i in np.unique(tree.link_vein)}
    assert drinking == {v.name for v in case.veins.vein if v.drinks}
    # The four collecting veins of the trunk meet where it begins; its ends are where the epidural veins end.
    trunk = tree.start[tree.along(0)[0]]
    assert np.count_nonzero(tree.end == trunk) == 4
    assert tree.outside_at(0.0)[tree.last] == pytest.approx(1e3)
    assert len(tree.last) == 10


def test_blood_flows_by_its_scale_and_regions_close_veins() -> None:
    def tree(**changes: Any) -> VeinTree:
        quick = {"geometry.edge_length": "4 mm"} | {k.replace("__", "."): v for k, v in changes.items()}
        case = cf.preset("l3-veins").replace(quick)
        found = build_model(case, build_geometry(case.geometry)).problem.veins
        assert found is not None
        return found

    plain, more = tree(), tree(veins__flow_scale=3.0)
    assert plain.blood.sum() == pytest.approx(1.2e-6 / 60.0)
    np.testing.assert_allclose(more.blood, 3.0 * plain.blood)
    ball = {"shape": "ball", "center": {"ap": 0.1, "lr": 0.5, "si": 0.55}, "radius": "12 mm"}
    closed = tree(bone__region=[ball | {"closes_veins": True}])
    untouched = tree(bone__region=[ball | {"porosity": 0.95}])
    index = {n: t.link_index[t.link_vein == 0].sum() for n, t in (("whole", plain), ("closed", closed))}
    assert index["closed"] < 0.2 * index["whole"]  # the trunk
    far = plain.names.index("left upper anterior vein")
    np.testing.assert_array_equal(
        closed.link_index[closed.link_vein == far], plain.link_index[plain.link_vein == far]
    )
    np.testing.assert_array_equal(untouched.link_index, plain.link_index)


def test_the_tree_fits_every_level_and_has_the_lengths_that_it_says() -> None:
    for level in ("L1", "L3", "L5"):
        case = cf.preset("l3-veins").replace({"geometry.preset": level, "geometry.edge_length": "4 mm"})
        warnings = [f.text for f in cf.check(case) if f.level != "note" and "vein" in f.text]
        assert warnings == []
    model = build_model(case, build_geometry(case.geometry))
    tree = model.problem.veins
    assert tree is not None
    length = {n: tree.length[tree.along(i)].sum() for i, n in enumerate(tree.names)}
    assert length["left segmental vein"] == pytest.approx(30e-3, abs=4e-3)
    assert length["left lower anterior vein"] == pytest.approx(10e-3, abs=2e-3)


def test_check_tells_of_veins_that_nothing_can_enter() -> None:
    far = [f.text for f in cf.check(read(VEIN | {"path": BEHIND})) if f.level == "warning"]
    assert "veins.vein.trunk: does not reach the bone, so it takes nothing from it" in far
    alone = [f.text for f in cf.check(read(VEIN, END)) if f.level == "warning"]
    assert "veins.vein.end: neither drinks from the bone nor does a vein flow into it" in alone
    fine = [f.text for f in cf.check(read(VEIN | {"into": "end"}, END)) if f.level == "warning"]
    assert not any("veins" in text for text in fine)


def test_a_venous_pressure_that_follows_time() -> None:
    course = [{"time": "10 s", "pressure": "1 kPa"}, {"time": "12 s", "pressure": "12 kPa"}]
    own = END | {"name": "own", "pressure": "3 kPa"}
    case = read(VEIN | {"into": ["end"]}, END, own, pressure_times=course)
    model = build_model(case, build_geometry(case.geometry))
    tree = model.problem.veins
    assert tree is not None
    assert model.plan.bends == (10.0, 12.0)
    for time, pressure in ((0.0, 1e3), (11.0, 6.5e3), (40.0, 12e3)):
        assert tree.outside_at(time)[tree.last] == pytest.approx([pressure, 3e3])


def test_scattered_veins_stay_joined_and_leave_through_the_same_walls() -> None:
    """Each corner moves by the stated deviation at most twice; what lies at a face or beyond moves along it only."""
    case = cf.preset("l3-veins")
    assert case.veins is not None
    geometry = build_geometry(case.replace({"geometry.edge_length": "6 mm"}).geometry)
    frame, places = geometry.frame, [p for v in case.veins.vein for p in v.path]
    usual = np.array(list(corners(places, None, frame).values()))
    moved = np.array(
        [list(corners(places, ScatterSpec(spread=2e-3, seed=seed), frame).values()) for seed in range(1, 400)]
    )
    along = (moved - usual) @ frame.axes.T
    fraction = frame.fractions(usual)
    free = (fraction > 0.1) & (fraction < 0.9)
    assert len(usual) == len(set(places)) < len(places)
    assert (along[:, ~free] == pytest.approx(0.0, abs=1e-15)) and free.any() and not free.all()
    assert np.abs(along).max() <= 4e-3 * (1 + 1e-12)
    # Of a normal distribution cut (clipped) at two deviations, 0.9594 of the deviation is left.
    assert along[:, free].std() == pytest.approx(0.9594 * 2e-3, rel=0.02)
    assert along[:, free].mean() == pytest.approx(0.0, abs=5e-5)


def test_another_seed_is_another_tree_and_none_is_as_stated() -> None:
    case = cf.preset("l3-veins").replace({"geometry.edge_length": "6 mm"})
    assert case.veins is not None and case.veins.scatter is None
    trees = [
        build_model(case.replace({"veins.scatter": s}), build_geometry(case.geometry)).problem.veins
        for s in (None, {"spread": "0 mm"}, {"seed": 1}, {"seed": 1}, {"seed": 2})
    ]
    points = [t.points for t in trees if isinstance(t, VeinTree)]
    assert len(points) == 5
    np.testing.assert_array_equal(points[0], points[1])
    np.testing.assert_array_equal(points[2], points[3])
    assert points[2].shape != points[4].shape or np.abs(points[2] - points[4]).max() > 1e-3
