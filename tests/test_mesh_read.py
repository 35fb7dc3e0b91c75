"""Meshes of other programs: formats, regions, and files that are damaged."""

from __future__ import annotations

import contextlib
from pathlib import Path

import meshio
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cementflow.errors import MeshError
from cementflow.files import replacing
from cementflow.mesh.box import box_mesh
from cementflow.mesh.read import read_mesh, write_mesh
from cementflow.mesh.tetmesh import TetMesh

POINTS = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 1]], float)
TETS = np.array([[0, 1, 2, 3], [1, 2, 3, 4]])
QUADRATIC = [[0, 1], [1, 2], [0, 2], [0, 3], [1, 3], [2, 3]]


def write(path: Path, **more: object) -> Path:
    """Two tetrahedra in a file of the format that its name asks for."""
    kind = str(more.pop("file_format", "")) or None
    options = more.pop("options", {})
    meshio.Mesh(POINTS, [("tetra", TETS)], **more).write(path, file_format=kind, **options)  # type: ignore[arg-type]
    return path


@pytest.mark.parametrize("name", ["a.vtu", "a.vtk", "a.inp", "a.mesh"])
def test_formats(tmp_path: Path, name: str) -> None:
    found = read_mesh(write(tmp_path / name), 1e-3)
    assert found.mesh.volumes.sum() == pytest.approx(0.5e-9)
    assert len(found.mesh.points) == 5


@pytest.mark.parametrize("kind", ["gmsh22", "gmsh"])
def test_gmsh_physical_groups(tmp_path: Path, kind: str) -> None:
    tags = [np.array([7], np.int32), np.array([9], np.int32)]
    path = tmp_path / "a.msh"
    meshio.Mesh(
        POINTS,
        [("tetra", TETS[:1]), ("tetra", TETS[1:])],
        cell_data={"gmsh:physical": tags, "gmsh:geometrical": tags},
        point_data={"gmsh:dim_tags": np.array([[3, 7]] * 4 + [[3, 9]])},
        field_data={"cortex": np.array([7, 3]), "core": np.array([9, 3]), "face": np.array([7, 2])},
    ).write(path, file_format=kind, binary=False)
    found = read_mesh(path)
    assert found.mesh.region.tolist() == [7, 9]
    assert found.mesh.region_names == {7: "cortex", 9: "core"}


def test_abaqus_element_sets(tmp_path: Path) -> None:
    path = write(tmp_path / "a.inp", cell_sets={"shell": [np.array([1])], "core": [np.array([0])]})
    found = read_mesh(path)
    assert [found.mesh.region_names[r] for r in found.mesh.region] == ["core", "shell"]


def test_cells_in_several_sets_are_noted(tmp_path: Path) -> None:
    path = write(tmp_path / "a.inp", cell_sets={"all": [np.array([0, 1])], "shell": [np.array([1])]})
    found = read_mesh(path)
    assert [found.mesh.region_names[r] for r in found.mesh.region] == ["all", "shell"]
    assert any("several sets" in note for note in found.notes)


def test_medit_references(tmp_path: Path) -> None:
    found = read_mesh(write(tmp_path / "a.mesh", cell_data={"medit:ref": [np.array([3, 4])]}))
    assert found.mesh.region.tolist() == [3, 4]


def test_regions_that_are_no_numbers_are_noted(tmp_path: Path) -> None:
    found = read_mesh(write(tmp_path / "a.vtu", cell_data={"region": [np.array([0.5, 1.0])]}))
    assert found.mesh.region.tolist() == [0, 0]
    assert any("whole numbers" in note for note in found.notes)


def test_quadratic_tetrahedra_become_linear(tmp_path: Path) -> None:
    middle = [POINTS[tet][pair].mean(axis=0) for tet in TETS for pair in QUADRATIC]
    cells = np.hstack([TETS, 5 + np.arange(12).reshape(2, 6)])
    meshio.Mesh(np.vstack([POINTS, middle]), [("tetra10", cells)]).write(tmp_path / "a.vtu")
    found = read_mesh(tmp_path / "a.vtu")
    assert len(found.mesh.points) == 5
    assert any("quadratic" in note for note in found.notes)
    assert any("dropped" in note for note in found.notes)


def test_other_cells_are_ignored_with_a_note(tmp_path: Path) -> None:
    meshio.Mesh(POINTS, [("triangle", [[0, 1, 2]]), ("tetra", TETS)]).write(tmp_path / "a.vtu")
    assert read_mesh(tmp_path / "a.vtu").notes == ("ignored cells: 1 triangle",)


def test_no_tetrahedra(tmp_path: Path) -> None:
    meshio.Mesh(POINTS, [("triangle", [[0, 1, 2]])]).write(tmp_path / "a.vtu")
    with pytest.raises(MeshError, match=r"a\.vtu: .*no tetrahedra"):
        read_mesh(tmp_path / "a.vtu")


def test_inverted_tetrahedra_in_a_file(tmp_path: Path) -> None:
    points = np.vstack([POINTS[:4], [[0.1, 0.1, 0.1]]])
    meshio.Mesh(points, [("tetra", TETS)]).write(tmp_path / "a.vtu")
    with pytest.raises(MeshError, match="overlap"):
        read_mesh(tmp_path / "a.vtu")


def test_missing_file_names_its_likes(tmp_path: Path) -> None:
    write(tmp_path / "L3_body.vtu")
    with pytest.raises(MeshError, match=r"did you mean L3_body\.vtu"):
        read_mesh(tmp_path / "L3_bodi.vtu")
    with pytest.raises(MeshError, match="nor its folder"):
        read_mesh(tmp_path / "nowhere" / "a.vtu")
    with pytest.raises(MeshError, match=r"cannot read '\.docx'"):
        read_mesh(tmp_path / "a.docx")
    with pytest.raises(MeshError, match="folder"):
        (tmp_path / "folder.vtu").mkdir()
        read_mesh(tmp_path / "folder.vtu")


def test_empty_file(tmp_path: Path) -> None:
    (tmp_path / "a.msh").write_bytes(b"")
    with pytest.raises(MeshError, match="empty"):
        read_mesh(tmp_path / "a.msh")


def test_interrupt_passes_the_border(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(meshio, "read", interrupt)
    with pytest.raises(KeyboardInterrupt):
        read_mesh(write(tmp_path / "a.vtu"))


def test_exit_of_the_reader_does_not_pass(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def leave(_: object) -> None:
        print("Error: this file is odd")
        raise SystemExit(1)

    monkeypatch.setattr(meshio, "read", leave)
    with pytest.raises(MeshError, match="this file is odd"):
        read_mesh(write(tmp_path / "a.vtu"))
    assert capfd.readouterr() == ("", "")


@pytest.fixture(scope="module")
def originals(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Good files of several formats."""
    folder = tmp_path_factory.mktemp("originals")
    region = {"region": [np.array([1, 2])]}
    return {
        "a.vtu": write(folder / "a.vtu", cell_data=region).read_bytes(),
        "b.vtu": write(folder / "b.vtu", cell_data=region, options={"binary": False}).read_bytes(),
        "a.vtk": write(folder / "a.vtk", cell_data=region).read_bytes(),
        "a.inp": write(folder / "a.inp", cell_sets={"core": [np.array([0])]}).read_bytes(),
        "a.msh": write(folder / "a.msh", file_format="gmsh22", options={"binary": False}).read_bytes(),
        "b.msh": write(folder / "b.msh", file_format="gmsh").read_bytes(),
        "a.mesh": write(folder / "a.mesh").read_bytes(),
    }


@pytest.mark.parametrize("name", ["a.vtu", "b.vtu", "a.vtk", "a.inp", "a.msh", "b.msh", "a.mesh"])
@given(
    places=st.lists(
        st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=4
    ),
    cut=st.one_of(st.just(1.0), st.floats(0.05, 1.0)),
)
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
def test_damaged_files_raise_nothing_but_mesh_errors(
    originals: dict[str, bytes], tmp_path: Path, name: str, places: list[tuple[float, int]], cut: float
) -> None:
    data = bytearray(originals[name])
    for share, value in places:
        data[int(share * len(data))] = value
    path = tmp_path / name
    path.write_bytes(data[: max(1, int(cut * len(data)))])
    with contextlib.suppress(MeshError):
        mesh = read_mesh(path).mesh
        assert (mesh.volumes > 0).all()
        assert mesh.tets.max() < len(mesh.points)


def test_written_mesh_is_read_back_exactly(tmp_path: Path) -> None:
    box = box_mesh([0.01, 0.02, 0.015], 4e-3)
    mesh = TetMesh(box.points, box.tets, np.arange(len(box.tets), dtype=np.int32) % 3)
    write_mesh(mesh, tmp_path / "new" / "box.vtu")
    back = read_mesh(tmp_path / "new" / "box.vtu").mesh
    assert np.array_equal(back.points, mesh.points)
    assert np.array_equal(back.tets, mesh.tets)
    assert np.array_equal(back.region, mesh.region)
    assert [p.name for p in (tmp_path / "new").iterdir()] == ["box.vtu"]


def test_only_vtu_is_written(tmp_path: Path) -> None:
    with pytest.raises(MeshError, match=r"\.vtu"):
        write_mesh(box_mesh([1.0] * 3, 1.0), tmp_path / "a.msh")


def test_a_failed_write_leaves_the_old_file_alone(tmp_path: Path) -> None:
    old = tmp_path / "a.vtu"
    old.write_text("old")
    with pytest.raises(ValueError, match="disk"), replacing(old) as temporary:
        temporary.write_text("half")
        raise ValueError("disk")
    assert old.read_text() == "old"
    assert list(tmp_path.iterdir()) == [old]
