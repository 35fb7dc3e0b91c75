"""Comparing runs: what differs, what came of it, and clouds whose overlap is known in closed form."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path

import numpy as np
import pytest
import pyvista

import cementflow as cf
from cementflow.cli import main
from cementflow.errors import InputError
from cementflow.study.clouds import cloud_difference, vertex_volumes
from cementflow.views.mesh import Mesh


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A short run on a coarse mesh."""
    case = cf.preset("l3-osteoporotic").replace(
        {"geometry.edge_length": "5 mm", "injection.volume": "0.5 mL", "output.figures": False}
    )
    return cf.run(case, tmp_path_factory.mktemp("compare") / "first").path


def with_cloud(run: Path, folder: Path, grid: pyvista.UnstructuredGrid, middle: float, radius: float) -> Path:
    """A run folder whose last fields are a ball of cement on a grid [m], a little off round by its vertices."""
    shutil.copytree(run, folder)
    far = np.linalg.norm(np.asarray(grid.points) - [middle, 0, 0], axis=1)
    grid.point_data["pressure [Pa]"] = np.zeros(grid.n_points)
    # Half at the radius and linear around it, so that what is sampled between the vertices is right too.
    grid.point_data["cement saturation [-]"] = np.clip(0.5 + (radius - far) / 8e-3, 0, 1)
    shutil.rmtree(folder / "fields")
    (folder / "fields").mkdir()
    grid.save(folder / "fields/last.vtu")
    (folder / "fields.pvd").write_text(
        '<VTKFile type="Collection"><Collection><DataSet timestep="5" file="fields/last.vtu"/>'
        "</Collection></VTKFile>"
    )
    return folder


def box(cells: int) -> pyvista.UnstructuredGrid:
    """Tetrahedra that fill a box of 40 x 30 x 30 mm."""
    x, y = np.linspace(-0.02, 0.02, cells + 1), np.linspace(-0.015, 0.015, cells + 1)
    grid = pyvista.RectilinearGrid(x, y, y)
    return pyvista.UnstructuredGrid(grid.to_tetrahedra(5))


def lens(radius: float, apart: float) -> float:
    """Volume common to two balls of one radius (two caps)."""
    high = radius - apart / 2
    return 2 * math.pi * high**2 * (3 * radius - high) / 3


@pytest.mark.parametrize("cells", [(24, 24), (24, 19)])
def test_two_balls(run: Path, tmp_path: Path, cells: tuple[int, int]) -> None:
    radius, apart = 8e-3, 6e-3
    a = with_cloud(run, tmp_path / "a", box(cells[0]), -apart / 2, radius)
    b = with_cloud(run, tmp_path / "b", box(cells[1]), apart / 2, radius)
    found = cloud_difference(a, b)
    assert found is not None and found.same_mesh == (cells[0] == cells[1])
    both, ball = 1e6 * lens(radius, apart), 1e6 * 4 / 3 * math.pi * radius**3
    assert found.both == pytest.approx(both, rel=0.04)
    for alone in (found.only_first, found.only_second):
        assert alone == pytest.approx(ball - both, rel=0.08)
    assert found.dice == pytest.approx(both / ball, abs=0.02)
    inside = (found.samples.first >= 0.5).sum() * found.spacing**3 * 1e-3
    assert inside == pytest.approx(ball, rel=0.03)


def test_vertex_volumes_fill_the_mesh() -> None:
    grid = box(4)
    mesh = Mesh(1e3 * np.asarray(grid.points, float), grid.cells.reshape(-1, 5)[:, 1:])
    assert vertex_volumes(mesh).sum() == pytest.approx(40 * 30 * 30, rel=1e-6)  # the points are single


def test_a_run_and_itself(run: Path) -> None:
    found = cf.compare([run, run])
    assert found.settings == ()
    assert all(row[1] == row[2] for row in found.results)
    cloud = found.clouds[0]
    assert cloud is not None and cloud.dice == 1.0 and cloud.only_first == cloud.only_second == 0.0
    assert "the cases are the same" in found.text()


def test_what_differs(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = tmp_path / "other"
    shutil.copytree(run, other)
    case = (other / "case.toml").read_text()
    (other / "case.toml").write_text(case.replace('volume = "0.5 mL"', 'volume = "0.7 mL"'))
    summary = json.loads((other / "summary.json").read_text())
    summary["leaked_ml"]["total"] = 0.125
    (other / "summary.json").write_text(json.dumps(summary))
    shutil.rmtree(other / "fields")
    out = tmp_path / "picture.png"
    assert main(["compare", str(run), str(other), str(run), "-o", str(out)]) == 0
    text = capsys.readouterr().out
    rows = {line.split()[0]: line.split()[1:] for line in text.splitlines() if line}
    assert rows["injection.volume"] == ["0.5", "mL", "0.7", "mL", "0.5", "mL"]
    assert rows["leaked_ml.total"][1] == "0.125"
    assert [key for key in rows if key.startswith(("injection", "cement.", "bone", "mesh."))] == [
        "injection.volume",
        "mesh.vertices",
    ]
    assert "not both runs stored fields" in text and "Dice 1.000 (by vertex)" in text
    assert out.is_file()


def test_names_tell_runs_apart(run: Path, tmp_path: Path) -> None:
    for parent in ("x", "y"):
        shutil.copytree(run, tmp_path / parent / "0001")
    assert cf.compare([tmp_path / "x/0001", tmp_path / "y/0001"]).names == ("x/0001", "y/0001")


def test_what_cannot_be_compared(run: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="two runs or more"):
        cf.compare([run])
    with pytest.raises(InputError, match="no such run folder"):
        cf.compare([run, tmp_path / "none"])
    shutil.copytree(run, tmp_path / "broken")
    (tmp_path / "broken/case.toml").write_text("= 3")
    with pytest.raises(InputError, match="the case of the run cannot be read"):
        cf.compare([run, tmp_path / "broken"])
