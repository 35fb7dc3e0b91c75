"""Anatomical directions, and finding the vertebral body in a whole vertebra."""

from __future__ import annotations

from itertools import permutations, product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cementflow.errors import MeshError
from cementflow.mesh.box import box_mesh
from cementflow.mesh.find_body import find_frame
from cementflow.mesh.frame import AnatomicalFrame, anatomical_axes, box_frame, given_frame
from cementflow.mesh.surface import Surface, read_surface

DATA = Path(__file__).parents[2] / "shared/data"
VALID = ["".join(w) for letters in product("RL", "AP", "SI") for w in permutations(letters)]


def shared_surface(name: str, factor: float) -> Surface:
    """Surface of the shared data, in metres."""
    if not (DATA / name).is_file():
        pytest.skip(f"{name} is not in the shared data")
    return read_surface(DATA / name, factor)


@pytest.mark.parametrize("letters", VALID)
def test_axes_point_where_the_letters_say(letters: str) -> None:
    axes = anatomical_axes(letters)
    directions = {"A": (0, 1), "P": (0, -1), "R": (1, 1), "L": (1, -1), "S": (2, 1), "I": (2, -1)}
    for coordinate, letter in enumerate(letters):
        row, sign = directions[letter]
        assert axes[row, coordinate] == sign
    assert np.allclose(axes @ axes.T, np.eye(3))


def test_ras_and_als_in_words() -> None:
    """+x right, +y anterior, +z superior; and +x anterior, +y left, +z superior."""
    assert anatomical_axes("RAS").tolist() == [[0, 1, 0], [1, 0, 0], [0, 0, 1]]
    assert anatomical_axes("als").tolist() == [[1, 0, 0], [0, -1, 0], [0, 0, 1]]


@given(st.text(max_size=4).filter(lambda w: w.upper() not in VALID))
def test_other_letters_are_refused(letters: str) -> None:
    with pytest.raises(MeshError, match="one each of"):
        anatomical_axes(letters)


def test_handedness() -> None:
    for letters, right in (("RAS", True), ("LPS", True), ("ALS", True), ("LAS", False), ("RAI", False)):
        assert box_frame(anatomical_axes(letters), np.eye(3)).right_handed is right


@pytest.mark.parametrize("letters", VALID)
def test_points_and_fractions_are_inverse(letters: str) -> None:
    rng = np.random.default_rng(0)
    frame = box_frame(anatomical_axes(letters), rng.normal(size=(20, 3)))
    share = rng.uniform(-0.2, 1.2, (10, 3))
    points = np.array([frame.point(*s) for s in share])
    assert np.allclose(frame.fractions(points), share)


def test_fractions_run_from_posterior_left_inferior() -> None:
    frame = box_frame(anatomical_axes("LPS"), np.array([[0, 0, 0], [0.04, 0.03, 0.02]]))
    assert np.allclose(frame.point(0, 0, 0), [0.04, 0.03, 0])
    assert np.allclose(frame.point(1, 1, 1), [0, 0, 0.02])
    assert np.allclose(frame.size, [0.03, 0.04, 0.02])


def test_given_box_takes_its_corners_in_any_order() -> None:
    frame = given_frame(anatomical_axes("LPS"), [1, 2, 3], [0, 0, 0])
    assert (frame.low < frame.high).all()


def test_body_without_arch_has_its_bounding_box() -> None:
    mesh = box_mesh([0.04, 0.03, 0.025], 4e-3)
    frame, notes = find_frame(anatomical_axes("RAS"), mesh.points, mesh.boundary)
    assert np.allclose(frame.size, [0.03, 0.04, 0.025])
    assert notes == ()


@pytest.mark.parametrize("level", [2, 3, 4])
def test_body_found_in_whole_vertebra_matches_the_body_alone(level: int) -> None:
    axes = anatomical_axes("ALS")
    whole = shared_surface(f"remus_visible_human/L{level}_Schrumpfverpacken.obj", 1.0)
    body = shared_surface(f"remus_visible_human/L{level}_body.obj", 1.0)
    found, notes = find_frame(axes, whole.points, whole.triangles)
    alone, no_notes = find_frame(axes, body.points, body.triangles)
    assert np.abs(found.low - alone.low).max() < 2.5e-3
    assert np.abs(found.high - alone.high).max() < 2.5e-3
    assert "spinal canal" in notes[0]
    assert no_notes == ()
    # Negative control: the whole vertebra is far larger.
    assert (box_frame(axes, whole.points).size - alone.size).max() > 30e-3


@pytest.mark.parametrize("level", [2, 3, 4, 5])
def test_bodies_of_the_mean_spine_have_plausible_sizes(level: int) -> None:
    surface = shared_surface(f"clouthier_mean_L2-L5/L{level}_mean.ply", 1e-3)
    frame, notes = find_frame(anatomical_axes("ALS"), surface.points, surface.triangles)
    assert len(notes) == 1
    assert (frame.size > [30e-3, 44e-3, 25e-3]).all()
    assert (frame.size < [42e-3, 60e-3, 42e-3]).all()


@pytest.mark.parametrize("letters", ["RAS", "LPS", "SAR"])
def test_finding_does_not_depend_on_the_axes_of_the_file(letters: str) -> None:
    surface = shared_surface("clouthier_mean_L2-L5/L3_mean.ply", 1e-3)
    native, _ = find_frame(anatomical_axes("ALS"), surface.points, surface.triangles)
    axes = anatomical_axes(letters)
    turned = surface.points @ anatomical_axes("ALS").T @ axes
    found, _ = find_frame(axes, turned, surface.triangles)
    assert np.allclose(found.low, native.low, atol=1e-9)
    assert np.allclose(found.high, native.high, atol=1e-9)


def test_frame_is_a_plain_value() -> None:
    frame = AnatomicalFrame(np.eye(3), np.zeros(3), np.ones(3))
    assert np.array_equal(frame.point(0.25, 0.5, 0.75), [0.25, 0.5, 0.75])
