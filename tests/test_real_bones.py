"""Bones of others, through a case file: surfaces in their own units and axes, and meshes with regions."""

from __future__ import annotations

from pathlib import Path

import meshio
import numpy as np
import pytest

import cementflow as cf
from cementflow.mesh.tetmesh import TetMesh

FOUR_ML = """
title = "{title}"
[geometry]
{geometry}
[bone]
preset = "osteoporotic"
{regions}
[cortex]
thickness = "0.3 mm"
permeability = "1e-14 m2"
[cement]
preset = "medium"
[injection]
volume = "4 mL"
flow_rate = "6 mL/min"
max_pressure = "3 MPa"
cannula = {{gauge = 11, length = "120 mm", tip = {{ap = 0.55, lr = 0.3, si = 0.5}}, tip_radius = "2.5 mm"}}
[[outlet]]
name = "basivertebral vein"
type = "B"
at = "posterior wall centre"
diameter = "3 mm"
length = "15 mm"
[[outlet]]
name = "endplate"
type = "D"
at = "superior endplate centre"
radius = "3 mm"
[output]
figures = false
"""


def case_of(folder: Path, geometry: str, title: str = "bone", regions: str = "") -> cf.Case:
    path = folder / "case.toml"
    path.write_text(FOUR_ML.format(title=title, geometry=geometry, regions=regions))
    return cf.load(path)


def surface_geometry(file: Path, units: str) -> str:
    if not file.is_file():
        pytest.skip(f"{file.name} is not in the shared data")
    return f'surface = "{file.as_posix()}"\nunits = "{units}"\naxes = "ALS"\nedge_length = "2.5 mm"'


def assert_sound(result: cf.Result, least_ml: float, most_ml: float) -> None:
    """Four mL went in, all of it is accounted for, and the cloud sits around the tip."""
    summary = result.summary
    assert summary["status"] == "completed"
    assert summary["injected_ml"] == pytest.approx(4.0, rel=1e-7)
    assert summary["balance_error"] <= 1e-6
    assert result.history["balance_error"].max() <= 1e-6
    assert 1 < summary["peak_tip_pressure_kPa"] < 1e3
    grid = result.fields()
    assert least_ml < grid.volume * 1e6 < most_ml
    saturation = np.asarray(grid.point_data["cement saturation [-]"])
    tip = np.array(summary["sites"]["tip"]["center_mm"]) * 1e-3
    away = np.linalg.norm(np.asarray(grid.points) - tip, axis=1)
    # 4 mL at a porosity near 0.9 is a ball of about 10 mm radius where nothing is in its way.
    assert saturation[away < 4e-3].min() > 0.5
    assert saturation[away > 25e-3].max() < 0.5


def test_body_of_the_visible_human(shared_data: Path, tmp_path: Path) -> None:
    geometry = surface_geometry(shared_data / "remus_visible_human/L3_body.obj", "m")
    result = cf.run(case_of(tmp_path, geometry, "L3 body"), tmp_path / "out")
    assert_sound(result, 43, 47)
    # The needle tip of the case is left of the middle: +y in a file with axes ALS.
    tip, frame = np.array(result.summary["sites"]["tip"]["center_mm"]), result.summary["frame"]
    assert frame["lr"] == [0, -1, 0]
    centre = 0.5e3 * (result.fields().points.max(axis=0) + result.fields().points.min(axis=0))
    assert tip[1] > centre[1] + 5


def test_whole_vertebra_of_the_mean_spine(shared_data: Path, tmp_path: Path) -> None:
    """Body and arch in one file: the sites go on the body."""
    geometry = surface_geometry(shared_data / "clouthier_mean_L2-L5/L3_mean.ply", "mm")
    case = case_of(tmp_path, geometry, "mean L3")
    notes = [f.text for f in cf.check(case) if f.level == "note"]
    assert any("spinal canal" in text for text in notes)
    result = cf.run(case, tmp_path / "out")
    assert_sound(result, 55, 90)
    points = np.asarray(result.fields().points) * 1e3
    vein = np.array(result.summary["sites"]["outlets"]["basivertebral vein"]["center_mm"])
    # The posterior wall is in front of the arch, and not at the spinous process.
    assert vein[0] > points[:, 0].min() + 25


@pytest.fixture(scope="module")
def body() -> TetMesh:
    """The built-in L3 as somebody's mesh."""
    from cementflow.mesh.geometry import build_geometry

    case = cf.preset("l3-osteoporotic").replace({"geometry.edge_length": "2.5 mm"})
    return build_geometry(case.geometry).mesh


def write_with_regions(mesh: TetMesh, path: Path) -> None:
    """In mm, with a lesion around the middle as region 2, the way each format marks it."""
    centre = mesh.points[mesh.tets].mean(axis=1)
    lesion = np.linalg.norm(centre - mesh.points.mean(axis=0), axis=1) < 7e-3
    number = np.where(lesion, 2, 1).astype(np.int32)
    points = mesh.points * 1e3
    if path.suffix == ".inp":
        sets = {"BONE": [np.flatnonzero(~lesion)], "LESION": [np.flatnonzero(lesion)]}
        made = meshio.Mesh(points, [("tetra", mesh.tets)], cell_sets=sets)
        meshio.write(path, made)
    elif path.suffix == ".msh":
        data = {"gmsh:physical": [number], "gmsh:geometrical": [number]}
        made = meshio.Mesh(points, [("tetra", mesh.tets)], cell_data=data)
        meshio.write(path, made, file_format="gmsh22")
    else:
        meshio.write(path, meshio.Mesh(points, [("tetra", mesh.tets)], cell_data={"region": [number]}))


@pytest.mark.parametrize(("name", "tag"), [("bone.vtu", "2"), ("bone.msh", "2"), ("bone.inp", '"LESION"')])
def test_mesh_with_a_region(name: str, tag: str, body: TetMesh, tmp_path: Path) -> None:
    """A lesion that is marked in the file becomes bone of its own kind, and the run goes through it."""
    write_with_regions(body, tmp_path / name)
    region = f'[[bone.region]]\nname = "lesion"\ntag = {tag}\nporosity = 1.0\npermeability = "5e-8 m2"'
    result = cf.run(case_of(tmp_path, f'mesh = "{name}"', regions=region), tmp_path / "out")
    assert result.summary["injected_ml"] == pytest.approx(4.0, rel=1e-7)
    assert result.history["balance_error"].max() <= 1e-6
    assert result.summary["mesh"]["tets"] == len(body.tets)
    grid = result.fields(0)
    porosity = np.asarray(grid.cell_data["porosity [-]"])
    centre = grid.cell_centers().points - body.points.mean(axis=0)
    lesion = np.linalg.norm(centre, axis=1) < 7e-3
    assert 100 < lesion.sum() < len(lesion)
    assert np.allclose(porosity[lesion], 1.0)
    assert np.allclose(porosity[~lesion], 0.91)
    along = np.asarray(grid.cell_data["permeability [m2]"])[lesion][:, [0, 4, 8]]
    assert np.allclose(along, 5e-8)


def test_a_region_that_is_not_in_the_mesh(body: TetMesh, tmp_path: Path) -> None:
    write_with_regions(body, tmp_path / "bone.vtu")
    region = '[[bone.region]]\nname = "lesion"\ntag = 7\nporosity = 1.0'
    with pytest.raises(cf.CaseError, match=r"bone\.region\.lesion\.tag = 7 is not in the mesh; it has 1, 2"):
        cf.run(case_of(tmp_path, 'mesh = "bone.vtu"', regions=region), tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("level", ["L2", "L3", "L4"])
def test_the_tree_of_veins_fits_a_real_bone(level: str, shared_data: Path, tmp_path: Path) -> None:
    """Stated in fractions of the embedded bodies, it meets this one with every vein that should, and takes cement."""
    file = shared_data / f"clouthier_mean_L2-L5/{level}_mean.ply"
    if not file.is_file():
        pytest.skip(f"{file.name} is not in the shared data")
    shape = {"geometry.surface": str(file), "geometry.axes": "ALS", "geometry.edge_length": "3.5 mm"}
    case = cf.preset("l3-veins").replace({**shape, "injection.volume": "2 mL", "output.figures": False})
    assert [f.text for f in cf.check(case) if f.level != "note" and "vein" in f.text] == []
    summary = cf.run(case, tmp_path / "run").summary
    assert summary["balance_error"] <= 1e-6
    assert sum(v["held_ml"] for v in summary["veins"].values()) > 1e-3
