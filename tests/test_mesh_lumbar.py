"""Parametric vertebral bodies."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cementflow.mesh.lumbar import SIZES, SLOPE, lumbar_body
from cementflow.mesh.quality import mesh_quality
from cementflow.mesh.read import read_mesh
from cementflow.mesh.stuffing import DIHEDRAL_BOUNDS, stuff
from cementflow.mesh.tetmesh import TetMesh

MM = 1e-3
READY = Path(__file__).parents[1] / "meshes"


def extent(name: str, keep: np.ndarray, axis: int) -> tuple[float, float]:
    """Range of one coordinate [mm] over the body, along a line or plane of samples."""
    inside = lumbar_body(name).level(keep * MM) < 0
    return float(keep[inside, axis].min()), float(keep[inside, axis].max())


def line(axis: int, through: tuple[float, float, float]) -> np.ndarray:
    """Samples along one axis through a point [mm]."""
    points = np.tile(np.array(through, float), (4001, 1))
    points[:, axis] = np.linspace(-40, 40, 4001)
    return points


@pytest.mark.parametrize("name", SIZES)
def test_published_dimensions_are_met(name: str) -> None:
    size = SIZES[name]
    # Depths hold in the mid-sagittal plane; the rounded rim takes up to 1.5 mm from widths and depths.
    upper = 0.5 * size.posterior_height - 2.0
    back, front = extent(name, line(1, (0, 0, upper)), 1)
    assert front - back == pytest.approx(size.upper_depth, abs=2.0)
    back, front = extent(name, line(1, (0, 0, -upper)), 1)
    assert front - back == pytest.approx(size.lower_depth, abs=2.0)
    left, right = extent(name, line(0, (0, -1, upper)), 0)
    assert right - left == pytest.approx(size.upper_width, abs=2.0)
    left, right = extent(name, line(0, (0, -1, -upper)), 0)
    assert right - left == pytest.approx(size.lower_width, abs=2.0)


@pytest.mark.parametrize("name", SIZES)
def test_waist_wedge_and_dishes(name: str) -> None:
    size = SIZES[name]
    left, right = extent(name, line(0, (0, -1, 0)), 0)
    assert right - left < 0.5 * (size.upper_width + size.lower_width) - 5
    heights = [np.subtract(*extent(name, line(2, (0, y, 0)), 2)[::-1]) for y in (-12, 12)]
    rise = size.posterior_height * (size.wedge - 1) * 24 / size.upper_depth
    assert heights[1] - heights[0] == pytest.approx(rise, abs=0.2)
    middle = extent(name, line(2, (0, 0, 0)), 2)
    edge = extent(name, line(2, (0.42 * size.upper_width, 0, 0)), 2)
    assert edge[1] - middle[1] == pytest.approx(0.7, abs=0.3)
    assert middle[0] - edge[0] == pytest.approx(1.5, abs=0.4)


@pytest.mark.parametrize("name", SIZES)
def test_level_set_behaves_like_a_distance(name: str) -> None:
    body = lumbar_body(name)
    rng = np.random.default_rng(1)
    points = rng.uniform(1.2 * body.low, 1.2 * body.high, (4000, 3))
    value = body.level(points)
    step = 1e-6
    gradient = np.stack(
        [(body.level(points + d) - body.level(points - d)) / (2 * step) for d in step * np.eye(3)], 1
    )
    steepness = np.linalg.norm(gradient, axis=1)
    near = np.abs(value) < 1e-3
    assert np.median(steepness[near]) == pytest.approx(1, abs=0.02)
    assert steepness[near].max() < 1.2
    moved = points + rng.normal(size=points.shape) * 4e-3
    slope = np.abs(body.level(moved) - value) / np.linalg.norm(moved - points, axis=1)
    assert slope.max() < SLOPE
    assert np.abs(body.level(points * [-1, 1, 1]) - value).max() < 1e-12


@pytest.mark.parametrize("name", SIZES)
def test_ready_meshes_are_those_the_code_makes(name: str) -> None:
    body = lumbar_body(name)
    made = stuff(body.level, body.low, body.high, 2e-3, SLOPE).mesh
    ready = read_mesh(READY / f"{name}.vtu").mesh
    assert (READY / f"{name}.vtu").stat().st_size < 400e3
    assert np.abs(ready.points.min(axis=0) + ready.points.max(axis=0)).max() < 1e-3
    assert ready.volumes.sum() == pytest.approx(made.volumes.sum(), rel=1e-6)
    assert len(ready.tets) == len(made.tets)
    low, high = mesh_quality(ready).dihedral
    assert low > DIHEDRAL_BOUNDS[0]
    assert high < DIHEDRAL_BOUNDS[1]


def test_volumes_rise_towards_l4() -> None:
    """Volumes rise from L1 to L4 and fall at L5, and lie in the range of published bodies (20 to 50 ml)."""
    volume = [1e6 * read_mesh(READY / f"{name}.vtu").mesh.volumes.sum() for name in SIZES]
    assert volume[0] < volume[1] < volume[2] < volume[3] > volume[4]
    assert 20 < min(volume) < max(volume) < 50


def test_boundary_of_the_mesh_is_on_the_body() -> None:
    body = lumbar_body("L3")
    mesh: TetMesh = stuff(body.level, body.low, body.high, 2e-3, SLOPE).mesh
    assert np.abs(body.level(mesh.points[np.unique(mesh.boundary)])).max() < 10e-6
