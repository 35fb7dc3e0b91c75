"""Volume fractions of shapes in tetrahedra."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cementflow.errors import MeshError
from cementflow.mesh.box import box_mesh
from cementflow.mesh.frame import anatomical_axes, box_frame
from cementflow.mesh.regions import overlapping, shape_fractions

MESH = box_mesh([0.03, 0.03, 0.03], 2.5e-3)
CENTRE = np.full(3, 0.015)
RADIUS = st.floats(3e-3, 9e-3)


def volume(shape: str, radii: object, letters: str = "RAS", axis: str = "si") -> float:
    """Volume of the shape as the mesh sees it [m3]."""
    frame = box_frame(anatomical_axes(letters), MESH.points)
    return float(shape_fractions(MESH, frame, shape, CENTRE, radii, axis) @ MESH.volumes)  # type: ignore[arg-type]


@given(RADIUS, RADIUS, RADIUS)
@settings(max_examples=6, deadline=None)
def test_volumes_of_shapes(a: float, b: float, c: float) -> None:
    assert volume("ellipsoid", [a, b, c]) == pytest.approx(4 / 3 * np.pi * a * b * c, rel=0.02)
    assert volume("box", [a, b, c]) == pytest.approx(8 * a * b * c, rel=0.02)
    assert volume("ball", a) == pytest.approx(4 / 3 * np.pi * a**3, rel=0.02)
    for axis in ("ap", "lr", "si"):
        assert volume("cylinder", [a, b, c], axis=axis) == pytest.approx(2 * np.pi * a * b * c, rel=0.02)


def test_fractions_are_smooth_in_the_radius() -> None:
    """Halfway through a cell the fraction is between 0 and 1: no jumps by whole cells."""
    frame = box_frame(anatomical_axes("RAS"), MESH.points)
    share = shape_fractions(MESH, frame, "ball", CENTRE, 5e-3)
    assert share.min() == 0
    assert share.max() == 1
    assert ((share > 0.02) & (share < 0.98)).sum() > 100
    step = [volume("ball", r) for r in np.linspace(5e-3, 5.2e-3, 9)]
    assert (np.diff(step) > 0).all()


def test_radii_follow_the_anatomical_axes() -> None:
    radii = [9e-3, 6e-3, 3e-3]
    for letters, order in (("RAS", [1, 0, 2]), ("ALS", [0, 1, 2]), ("SRP", [2, 1, 0])):
        frame = box_frame(anatomical_axes(letters), MESH.points)
        full = shape_fractions(MESH, frame, "box", CENTRE, radii) == 1
        size = np.abs(MESH.points[np.unique(MESH.tets[full])] - CENTRE).max(axis=0)
        assert (size <= np.array(radii)[order] + 1e-12).all()
        assert (size > 0.5 * np.array(radii)[order]).all()


def test_shape_outside_and_around_the_mesh() -> None:
    frame = box_frame(anatomical_axes("RAS"), MESH.points)
    assert shape_fractions(MESH, frame, "ball", CENTRE + 1.0, 5e-3).sum() == 0
    assert (shape_fractions(MESH, frame, "box", CENTRE, 1.0) == 1).all()


@pytest.mark.parametrize(
    ("shape", "radii", "axis", "words"),
    [
        ("cone", 1.0, "si", "no shape 'cone'"),
        ("ball", 0.0, "si", "positive"),
        ("ball", [1, np.nan, 1], "si", "positive"),
        ("cylinder", 1.0, "up", "not 'up'"),
    ],
)
def test_bad_shapes_are_refused(shape: str, radii: object, axis: str, words: str) -> None:
    with pytest.raises(MeshError, match=words):
        volume(shape, radii, axis=axis)


@given(st.tuples(*[st.floats(-0.01, 0.04)] * 3), st.floats(1e-4, 0.02))
def test_overlapping_compares_bounding_boxes(center: tuple[float, float, float], half: float) -> None:
    low, high = np.array(center) - half, np.array(center) + half
    corner = MESH.points[MESH.tets]
    expected = ((corner.max(axis=1) >= low) & (corner.min(axis=1) <= high)).all(axis=1)
    assert np.array_equal(overlapping(MESH.tets, MESH.points, low, high), np.flatnonzero(expected))
