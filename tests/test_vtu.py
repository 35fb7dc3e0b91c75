"""Field files: what other programs read out of them is what was put in."""

from __future__ import annotations

from pathlib import Path

import meshio
import numpy as np
import pytest

from cementflow.mesh.box import box_mesh
from cementflow.results.vtu import FAST, STORED, encode, encode_mesh, write_vtu

MESH = box_mesh([0.03, 0.02, 0.01], 4e-3)
N, M = len(MESH.points), len(MESH.tets)
RANDOM = np.random.default_rng(3)
VERTEX = {"pressure [Pa]": RANDOM.normal(size=N), "saturation <&> [-]": RANDOM.random(N)}
CELL = {
    "region": np.arange(M, dtype=np.int32) - 5,
    "flux [m/s]": RANDOM.normal(size=(M, 3)).astype(np.float32),
    "permeability [m2]": RANDOM.random((M, 9)).astype(np.float32)[:, ::-1],
    "flag": np.arange(M).astype(np.uint8),
}


@pytest.fixture(scope="module", params=[FAST, STORED])
def file(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("vtu") / "fields/a.vtu"
    vertex = [encode(name, values, request.param) for name, values in VERTEX.items()]
    cell = [encode(name, values, request.param) for name, values in CELL.items()]
    write_vtu(path, encode_mesh(MESH.points, MESH.tets), vertex, cell)
    assert list(path.parent.iterdir()) == [path]
    return path


def test_vtk_reads_it(file: Path) -> None:
    import pyvista

    grid = pyvista.read(file)
    assert np.array_equal(grid.points, MESH.points) and grid.points.dtype == np.float64
    assert np.array_equal(grid.cells.reshape(-1, 5)[:, 1:], MESH.tets)
    assert set(grid.celltypes) == {pyvista.CellType.TETRA}
    for stored, given in ((grid.point_data, VERTEX), (grid.cell_data, CELL)):
        assert set(stored) == set(given)
        for name, values in given.items():
            assert stored[name].dtype == values.dtype
            assert np.array_equal(stored[name], values)


def test_meshio_reads_it(file: Path) -> None:
    mesh = meshio.read(file)
    assert np.array_equal(mesh.points, MESH.points)
    assert [block.type for block in mesh.cells] == ["tetra"]
    assert np.array_equal(mesh.cells[0].data, MESH.tets)
    assert {name for name in mesh.point_data} == set(VERTEX)
    for name, values in VERTEX.items():
        assert np.array_equal(mesh.point_data[name], values)
    for name, values in CELL.items():
        assert np.array_equal(mesh.cell_data[name][0], values)


def test_our_own_reader_of_meshes_takes_it(file: Path) -> None:
    from cementflow.mesh.read import read_mesh

    mesh = read_mesh(file).mesh
    assert np.array_equal(mesh.points, MESH.points)
    assert np.array_equal(mesh.region, CELL["region"])


def test_the_same_arrays_make_the_same_bytes_and_others_do_not(tmp_path: Path) -> None:
    def write(values: np.ndarray) -> bytes:
        write_vtu(tmp_path / "a.vtu", encode_mesh(MESH.points, MESH.tets), [encode("p", values)], [])
        return (tmp_path / "a.vtu").read_bytes()

    values = VERTEX["pressure [Pa]"]
    assert write(values) == write(values.copy()) == write(np.repeat(values, 2)[::2])
    assert write(values) != write(np.nextafter(values, 1.0))


def test_types_that_readers_do_not_share_are_refused() -> None:
    with pytest.raises(KeyError):
        encode("a", np.zeros(3, np.complex128))
