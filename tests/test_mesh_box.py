"""Boxes of body-centred-cubic tetrahedra."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cementflow.errors import MeshError
from cementflow.mesh.box import box_mesh
from cementflow.mesh.lattice import MEAN_EDGE, half_coordinates, lattice_constant
from cementflow.mesh.quality import mesh_quality

SIDE = st.floats(2e-3, 20e-3)


def test_cube_is_exact_and_non_negative() -> None:
    mesh = box_mesh([0.03] * 3, 2.5e-3)
    assert mesh.volumes.sum() == pytest.approx(0.03**3, rel=1e-12)
    assert mesh_quality(mesh).negative_share == 0
    assert mesh_quality(mesh).dihedral == pytest.approx((45.0, 90.0), abs=1e-6)


@given(st.tuples(SIDE, SIDE, SIDE), st.floats(1.5e-3, 6e-3))
@settings(max_examples=15, deadline=None)
def test_any_box_is_filled_exactly(size: tuple[float, float, float], edge: float) -> None:
    mesh = box_mesh(size, edge)
    assert mesh.volumes.sum() == pytest.approx(np.prod(size), rel=1e-9)
    assert np.allclose(mesh.points.min(axis=0), 0, atol=1e-15)
    assert np.allclose(mesh.points.max(axis=0), size)
    area = 2 * (size[0] * size[1] + size[1] * size[2] + size[2] * size[0])
    assert np.linalg.norm(mesh.boundary_area_vectors, axis=1).sum() == pytest.approx(area, rel=1e-9)


def test_mean_edge_length_is_what_was_asked_for() -> None:
    mesh = box_mesh([0.03] * 3, 1.5e-3)
    cells = round(0.03 / lattice_constant(1.5e-3))
    assert mesh.mean_edge_length == pytest.approx(0.03 / cells * MEAN_EDGE, rel=0.03)


def test_centre_of_the_cells_and_corners_are_numbered_apart() -> None:
    half = half_coordinates(np.arange(27 + 8), (2, 2, 2))
    assert (half[:27] % 2 == 0).all()
    assert (half[27:] % 2 == 1).all()
    assert len(np.unique(half, axis=0)) == 35


@pytest.mark.parametrize("size", [[0.0, 1.0, 1.0], [1.0, 1.0], [np.nan, 1.0, 1.0], [-1.0, 1.0, 1.0]])
def test_bad_sizes_are_refused(size: list[float]) -> None:
    with pytest.raises(MeshError, match="three positive sides"):
        box_mesh(size, 0.1)


def test_absurd_sizes_are_refused_before_allocating() -> None:
    with pytest.raises(MeshError, match="tetrahedra"):
        box_mesh([1.0] * 3, 1e-5)
