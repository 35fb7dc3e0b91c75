"""Tetrahedral meshes: what they must satisfy, and that every check can fail."""

from __future__ import annotations

import numpy as np
import pytest

from cementflow.errors import MeshError
from cementflow.mesh.box import box_mesh
from cementflow.mesh.quality import mesh_quality
from cementflow.mesh.tetmesh import TetMesh

CORNER = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]], float)
REGULAR = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]], float)


def test_orientation_is_repaired() -> None:
    mesh = TetMesh.build(CORNER, np.array([[0, 2, 1, 3]]))
    assert mesh.volumes == pytest.approx([1 / 6])
    assert np.allclose(mesh.boundary_area_vectors.sum(axis=0), 0)


def test_boundary_faces_point_outward() -> None:
    mesh = TetMesh.build(CORNER, np.array([[0, 1, 2, 3]]))
    middle = mesh.points[mesh.boundary].mean(axis=1) - mesh.points.mean(axis=0)
    assert (np.einsum("ij,ij->i", middle, mesh.boundary_area_vectors) > 0).all()


@pytest.mark.parametrize(
    ("points", "tets", "words"),
    [
        (CORNER * np.nan, [[0, 1, 2, 3]], "NaN"),
        (CORNER, [[0, 1, 2, 4]], "refer to vertex 4"),
        (CORNER, [[0, 1, 2, -1]], "refer to vertex"),
        (CORNER, np.empty((0, 4), int), "m > 0"),
        (CORNER, [[0.0, 1.0, 2.0, 3.0]], "integer"),
        (CORNER[:, :2], [[0, 1, 2, 3]], "shape"),
        (CORNER * [1, 1, 0], [[0, 1, 2, 3]], "no volume"),
        (np.vstack([CORNER, [[2, 2, 2]]]), [[0, 1, 2, 3]], "belong to no tetrahedron"),
        (np.vstack([CORNER, CORNER + 5]), [[0, 1, 2, 3], [4, 5, 6, 7]], "2 separate pieces"),
        (np.vstack([CORNER, [[0, 0, 2]]]), [[0, 1, 2, 3], [0, 1, 2, 4]], "overlap"),
        (
            np.vstack([CORNER, [[0, 0, 2]], [[0, 0, -1]]]),
            [[0, 1, 2, 3], [0, 1, 2, 4], [0, 1, 2, 5]],
            "more than two",
        ),
    ],
)
def test_bad_arrays_are_refused(points: np.ndarray, tets: object, words: str) -> None:
    with pytest.raises(MeshError, match=words):
        TetMesh.build(points, np.asarray(tets))


def test_one_truly_inverted_tetrahedron_is_found() -> None:
    mesh = box_mesh([0.01] * 3, 3e-3)
    points = mesh.points.copy()
    inner = np.setdiff1d(mesh.tets, mesh.boundary)[0]
    points[inner] += 4e-3
    with pytest.raises(MeshError, match="inverted"):
        TetMesh.build(points, mesh.tets)
    assert (mesh.faces.crowded, mesh.faces.overlapping) == (0, 0)


def test_all_problems_are_named_at_once() -> None:
    with pytest.raises(MeshError) as error:
        TetMesh.build(np.full((4, 3), np.inf), np.array([[0, 1, 2, 9]]), np.zeros(3), source="some.vtu")
    assert len(error.value.problems) == 3
    assert "some.vtu" in str(error.value)


def test_regular_tetrahedron_has_its_dihedral_angle() -> None:
    low, high = mesh_quality(TetMesh.build(REGULAR, np.array([[0, 1, 2, 3]]))).dihedral
    assert low == pytest.approx(70.528779, abs=1e-5) == high


def test_edge_coefficients_are_the_laplacian() -> None:
    """Row sums of the stiffness matrix give back the energy of a linear function."""
    mesh = box_mesh([0.01, 0.012, 0.009], 3e-3)
    edges, value = mesh.edges, mesh_quality(mesh).coefficient
    field = mesh.points @ [1.0, 2.0, -0.5]
    energy = (value * (field[edges[:, 0]] - field[edges[:, 1]]) ** 2).sum()
    assert energy == pytest.approx(5.25 * 0.01 * 0.012 * 0.009, rel=1e-12)


def test_negative_share_sees_an_obtuse_mesh() -> None:
    mesh = box_mesh([0.01] * 3, 3e-3)
    assert mesh_quality(mesh).negative_share == 0
    flat = TetMesh.build(mesh.points * [1, 1, 0.2], mesh.tets)
    assert mesh_quality(flat).negative_share > 0.1
