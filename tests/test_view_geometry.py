"""Surfaces that pictures are drawn from: levels of fields, the outside of a mesh, rods and rings."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from cementflow.errors import InputError
from cementflow.views.camera import Camera, oblique
from cementflow.views.cuts import cut_through, outer_edges
from cementflow.views.level import closed_level, level
from cementflow.views.mesh import Mesh
from cementflow.views.sample import sample_sheet, sample_snapshot
from cementflow.views.shapes import ball, disc, ring, rod, tube
from cementflow.views.sheet import Frame
from cementflow.views.surface import joined

Z = np.array([0.0, 0.0, 1.0])


@pytest.fixture
def cube() -> Mesh:
    """Of 30 mm around the origin, with vertices every 5 mm."""
    return sample_snapshot(sample_sheet()).mesh


def across(points: NDArray, triangles: NDArray) -> NDArray:
    """Normals of triangles as long as twice their area."""
    a, b, c = points[triangles.T]
    return np.cross(b - a, c - a)


def area(points: NDArray, triangles: NDArray) -> float:
    return float(np.linalg.norm(across(points, triangles), axis=1).sum() / 2)


def volume(points: NDArray, triangles: NDArray) -> float:
    """Inside triangles that turn outward."""
    return float((points[triangles].mean(axis=1) * across(points, triangles)).sum() / 6)


@pytest.mark.parametrize("height", [-15.0, -5.0, 0.0, 1e-12, 2.5, 4.999])
def test_a_plane_covers_the_cube_once_also_where_it_meets_vertices(cube: Mesh, height: float) -> None:
    plane = cube.plane(height * Z, Z)
    points = plane.at(cube.points)
    assert points[:, 2] == pytest.approx(height, abs=0.005)
    assert area(points, plane.pieces) == pytest.approx(900.0)
    assert np.linalg.norm(across(points, plane.pieces), axis=1).min() > 0.1  # without slivers
    rim = points[outer_edges(plane.pieces)]
    assert np.abs(rim[..., :2]).max(axis=-1) == pytest.approx(15.0)
    assert np.linalg.norm(rim[:, 1] - rim[:, 0], axis=1).sum() == pytest.approx(120.0)


def test_fields_on_a_plane_are_linear_and_its_triangles_know_their_tetrahedra(cube: Mesh) -> None:
    normal = np.array([1.0, 2.0, 3.0]) / np.sqrt(14.0)
    cut = cut_through(cube, {"x": cube.points[:, 0]}, np.array([0.3, 0.2, 0.1]), normal, Path())
    assert cut.fields["x"] == pytest.approx(cut.points[:, 0], abs=1e-12)
    corners = cube.points[cube.tets[cut.cells]]
    middle = cut.points[cut.triangles].mean(axis=1)
    assert (corners.min(axis=1) - 1e-9 <= middle).all()
    assert (middle <= corners.max(axis=1) + 1e-9).all()


def test_a_plane_that_misses_the_mesh_is_told(cube: Mesh) -> None:
    with pytest.raises(InputError, match="does not meet the mesh"):
        cut_through(cube, {}, 20.0 * Z, Z, Path("run"))


@pytest.mark.parametrize("middle", [0.0, 12.0])
def test_a_cloud_is_closed_where_it_meets_the_wall(cube: Mesh, middle: float) -> None:
    values = 10.0 - np.linalg.norm(cube.points - middle * Z, axis=1)
    cloud = closed_level(values, cube.tets, cube.wall)
    points = cloud.at(cube.points)
    assert len(outer_edges(cloud.pieces)) == 0
    # A ball whose cap is cut off beyond the wall; between vertices 5 mm apart its surface is some way inside.
    cap = max(10.0 - (15.0 - middle), 0.0)
    exact = 4 / 3 * np.pi * 1e3 - np.pi * cap**2 * (30.0 - cap) / 3
    assert 0.85 * exact < volume(points, cloud.pieces) < exact
    assert (len(outer_edges(level(values, cube.tets).pieces)) > 0) == (middle > 0)


def test_vertices_of_32_bits_are_told_apart_in_a_mesh_of_many() -> None:
    last = np.array([[59996, 59997, 59998, 59999]], np.int32)
    values = np.full(60000, -1.0)
    values[59996] = 1.0
    triangle = level(values, last)
    assert (triangle.ends == [[59996, 59997], [59996, 59998], [59996, 59999]]).all()
    assert triangle.weights == pytest.approx(0.5)


def test_the_outside_of_a_mesh_holds_its_volume(cube: Mesh) -> None:
    surface = cube.surface
    assert cube.volumes.sum() == pytest.approx(27e3)
    assert volume(surface.points, surface.triangles) == pytest.approx(27e3)
    assert area(surface.points, surface.triangles) == pytest.approx(5400.0)
    assert np.linalg.norm(surface.normals, axis=1) == pytest.approx(1.0)
    assert (np.sum(surface.normals * surface.points, axis=1) > 0).all()


def test_shapes_have_the_size_and_place_they_are_asked_for() -> None:
    start, end = np.array([1.0, 2.0, 3.0]), np.array([4.0, 6.0, 3.0])
    wall = tube(start, end, 2.0)
    assert area(wall.points, wall.triangles) == pytest.approx(2 * np.pi * 2 * 5, rel=0.01)
    way = (wall.points - start) @ (end - start) / 5
    assert (way.min(), way.max()) == pytest.approx((0.0, 5.0))
    whole = rod(start, end, 2.0)
    assert area(whole.points, whole.triangles) == pytest.approx(2 * np.pi * (10 + 4), rel=0.01)
    assert volume(whole.points - start, whole.triangles) == pytest.approx(20 * np.pi, rel=0.01)
    flat = disc(start, Z, 3.0)
    assert (across(flat.points, flat.triangles)[:, 2] >= 0).all()
    assert area(flat.points, flat.triangles) == pytest.approx(9 * np.pi, rel=0.01)
    torus = ring(start, end - start, 3.0, 0.5)
    assert volume(torus.points - start, torus.triangles) == pytest.approx(
        1.5 * np.pi**2, rel=0.11
    )  # of eight sides
    assert np.abs((torus.points - start) @ (end - start) / 5).max() == pytest.approx(0.5)
    round_ = ball(start, 2.0)
    assert volume(round_.points - start, round_.triangles) == pytest.approx(32 / 3 * np.pi, rel=0.02)
    both = joined([flat, torus])
    assert area(both.points, both.triangles) == pytest.approx(
        area(flat.points, flat.triangles) + area(torus.points, torus.triangles)
    )


def test_normals_of_a_ball_point_from_its_middle() -> None:
    points, normals = ball(np.zeros(3), 1.0).points, ball(np.zeros(3), 1.0).normals
    between_poles = np.abs(points[:, 2]) < 0.99
    assert np.sum(normals * points, axis=1)[between_poles] == pytest.approx(1.0, abs=0.01)


def test_a_part_of_a_view_shows_what_is_there_in_the_whole() -> None:
    name, toward, up = oblique(Frame(*np.eye(3)))
    whole = Camera(name, np.array([1.0, -2.0, 3.0]), toward, up, 0.1, (800, 601))
    points = np.random.default_rng(1).normal(size=(5, 3))
    part = whole.part((130, 77), (345, 210))
    assert part.size == (345, 210)
    assert part.pixels(points) == pytest.approx(whole.pixels(points) - [130, 77])
