"""What control volumes are made of: inverse tensors, coefficients, and one row of permeability for all."""

from __future__ import annotations

import numpy as np
import pytest

from cementflow.fem.coefficients import element_coefficients
from cementflow.fem.control_volumes import ControlVolumes, _invert, build_control_volumes, every_coefficient
from cementflow.mesh.box import box_mesh
from cementflow.mesh.tetmesh import TetMesh
from problems import random_delaunay

FULL = np.array([[0, 5, 4], [5, 1, 3], [4, 3, 2]])
ROW = np.array([3.0, 2.0, 1.0, 0.2, -0.3, 0.5]) * 1e-9
ARRAYS = ("pore_volume", "t", "coefficient", "obtuse", "neighbour", "slot_edge")


def tensors(n: int, seed: int, contrast: float) -> np.ndarray:
    """Symmetric positive tensors with turned axes, packed, of very different sizes."""
    rng = np.random.default_rng(seed)
    axes = np.linalg.qr(rng.normal(size=(n, 3, 3)))[0]
    k = contrast ** rng.random((n, 3)) * 10.0 ** rng.uniform(-14, -8, (n, 1))
    full = np.einsum("nia,na,nja->nij", axes, k, axes)
    return np.stack([full[:, i, j] for i, j in ((0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1))], axis=1)


@pytest.mark.parametrize("contrast", [1.0, 30.0, 1e4])
def test_inverse_tensors(contrast: float) -> None:
    packed = tensors(25_000, 1, contrast)
    before = packed.copy()
    product = packed[:, FULL] @ _invert(packed)[:, FULL]
    np.testing.assert_allclose(product, np.tile(np.eye(3), (len(packed), 1, 1)), atol=1e-13 * contrast)
    assert np.array_equal(packed, before)


def built(mesh: TetMesh, permeability: np.ndarray) -> ControlVolumes:
    return build_control_volumes(mesh, np.full(len(mesh.tets), 0.8), permeability)


def test_one_row_for_all_gives_the_same_bytes() -> None:
    mesh = random_delaunay(60, 3)
    one = built(mesh, np.broadcast_to(ROW, (len(mesh.tets), 6)))
    each = built(mesh, np.tile(ROW, (len(mesh.tets), 1)))
    for name in ARRAYS:
        assert getattr(one, name).tobytes() == getattr(each, name).tobytes(), name
        assert getattr(one, name).flags.writeable, name  # kernels are compiled for writeable arrays
    assert one.inverse_permeability.shape == (1, 6)
    assert (each.inverse_permeability == one.inverse_permeability).all()


def test_each_tetrahedron_has_its_own_row_otherwise() -> None:
    """Negative control: a single other row shows, and only there."""
    mesh = random_delaunay(60, 3)
    rows = np.tile(ROW, (len(mesh.tets), 1))
    rows[7] *= 5.0
    one, other = built(mesh, np.broadcast_to(ROW, rows.shape)), built(mesh, rows)
    assert np.flatnonzero((every_coefficient(one) != every_coefficient(other)).any(axis=1)).tolist() == [7]


def test_no_memory_is_spent_on_a_second_copy_of_the_mesh() -> None:
    mesh = box_mesh([0.01] * 3, 2e-3)
    v = built(mesh, np.broadcast_to(ROW, (len(mesh.tets), 6)))
    assert np.shares_memory(v.tets, mesh.tets)
    # Edges are numbered at each call; only their mean length stays.
    kept = {name for name, value in vars(mesh).items() if np.size(value) >= len(v.edges)}
    assert kept == {"tets"}
    assert mesh.tet_edges is not mesh.tet_edges


def test_right_angles_have_no_coefficient() -> None:
    """In a lattice of cubes half of the pairs meet at right angles: round-off must not make them negative."""
    mesh = box_mesh([0.01] * 3, 2e-3)
    t, _, obtuse, _ = element_coefficients(
        mesh.points,
        mesh.indices,
        mesh.tet_edges,
        len(mesh.edges),
        np.array([[1.0, 1, 1, 0, 0, 0]]),
        np.ones(len(mesh.tets)),
    )
    assert len(obtuse) == 0
    assert 0.2 < (t == 0.0).mean() < 0.8
