"""Regions that are stated by the needle: the tract of a drill and the cavity of a curette."""

from __future__ import annotations

import numpy as np
import pytest

from cementflow.bone import bone_fields
from cementflow.case import Position
from cementflow.errors import CaseError
from cementflow.mesh.geometry import build_geometry
from cementflow.model import build_model
from cementflow.sites.needle_line import lay_along, needle_lines
from test_regions import body, case, volume

TRACT = {"preset": "cavity", "shape": "tract", "radius": "2 mm"}
CAVITY = {"preset": "cavity", "shape": "ball", "radius": "4 mm"}


def laid(*regions: dict) -> tuple:
    stated = case(*regions)
    return lay_along(stated.bone, stated.injection, body().frame).region


def test_a_tract_reaches_from_the_wall_to_the_tip() -> None:
    found = bone_fields(lay_along(case(TRACT).bone, case(TRACT).injection, body().frame), 0.1, body())
    cavity = (found.porosity - 0.9) / 0.1
    # Half the box and a cap; behind the tip there is none.
    assert volume(cavity) == pytest.approx(np.pi * 4e-6 * 10e-3 + 2 / 3 * np.pi * 8e-9, rel=0.01)
    middle = body().mesh.points[body().mesh.tets].mean(axis=1)
    tip, direction = needle_lines(case().injection, body().frame)[0]
    beyond = (middle - tip) @ direction > 3e-3
    assert beyond.any() and not cavity[beyond].any()
    away = np.linalg.norm(np.cross(middle - tip, direction), axis=1)
    assert not cavity[away > 4e-3].any()


def test_a_ball_without_a_centre_lies_at_the_tip() -> None:
    (region,) = laid(CAVITY)
    tip, _ = needle_lines(case().injection, body().frame)[0]
    assert region.center == Position("point", tuple(tip.tolist()))
    assert laid(CAVITY | {"center": {"ap": 0.5, "lr": 0.5, "si": 0.5}})[0].center.kind == "fraction"


def test_debris_is_a_rim_around_the_tract() -> None:
    rim = {"rim": "1 mm", "rim_permeability": "1e-9 m2"}
    stated = case(TRACT | rim)
    found = bone_fields(lay_along(stated.bone, stated.injection, body().frame), 0.1, body())
    k = found.permeability[:, 0]
    assert k.max() > 5e-7 and k.min() == pytest.approx(1e-9, rel=0.3)


def test_it_follows_the_tip() -> None:
    moved = case(TRACT).replace({"injection.source.center.lr": 0.25})
    (region,) = lay_along(moved.bone, moved.injection, body().frame).region
    assert region.points[1].values == pytest.approx(needle_lines(moved.injection, body().frame)[0][0])
    model = build_model(moved, build_geometry(moved.geometry))
    assert model.bone.porosity.max() > 0.99


@pytest.mark.parametrize(
    ("region", "text"),
    [
        (TRACT | {"center": {"ap": 0.5, "lr": 0.5, "si": 0.5}}, "is not for a tract"),
        (TRACT | {"radius": "none"}, "needs one of radius, radii"),
        ({"preset": "cavity", "shape": "box", "radius": "3 mm"}, "center is missing"),
        ({"preset": "cavity", "shape": "trackt", "radius": "3 mm"}, 'did you mean "tract"'),
    ],
)
def test_bad_tracts_are_said(region: dict, text: str) -> None:
    with pytest.raises(CaseError, match=text):
        case(region)


def test_each_needle_has_its_own_tract() -> None:
    """Two needles from the sides: the stated region lies along both."""
    entries = ({"ap": 0.0, "lr": lr, "si": 0.5} for lr in (0.1, 0.9))
    tip = {"ap": 0.7, "lr": 0.5, "si": 0.5}
    needles = [
        {"name": f"needle {i}", "gauge": 11, "length": "120 mm", "entry": entry, "tip": tip}
        for i, entry in enumerate(entries)
    ]
    both = case(TRACT).replace({"injection.needle": needles})
    regions = lay_along(both.bone, both.injection, body().frame).region
    assert len(regions) == 2
    lines = needle_lines(both.injection, body().frame)
    for region, (end, direction) in zip(regions, lines, strict=True):
        first, last = (np.array(p.values) for p in region.points)
        np.testing.assert_allclose(last, end)
        np.testing.assert_allclose((last - first) / np.linalg.norm(last - first), direction)
    assert lines[0][1][0] * lines[1][1][0] < 0.0 or lines[0][1][1] * lines[1][1][1] < 0.0
