"""Bone by an image: grey values in tetrahedra, laws of share and permeability, and what is said of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import cementflow as cf
from cementflow.errors import MeshError
from cementflow.laws.bone_density import HounsfieldBone, LinearBone, MineralBone
from cementflow.laws.permeability import KozenyCarmanPermeability, LogLinearPermeability
from cementflow.mesh.box import box_mesh
from cementflow.mesh.frame import anatomical_axes, box_frame
from cementflow.mesh.geometry import build_geometry
from cementflow.mesh.grey import grey_values
from cementflow.mesh.images import Image
from cementflow.mesh.labels import SAMPLES
from cementflow.mesh.regions import sample_weights
from cementflow.mesh.tetmesh import TetMesh
from cementflow.model import Model, build_model

nibabel = pytest.importorskip("nibabel", reason="nibabel, of the extra 'images', is not installed")

SIDE = 24.0  # mm
RAS = anatomical_axes("RAS")
RODS = KozenyCarmanPermeability(0.15e-3, 4.0, 5e-8)


def image_of(
    function: Any, voxel: tuple[float, float, float] = (1.0, 1.0, 1.0), around: float = 8.5
) -> Image:
    """Image of a function of millimetres, over a cube from the origin and some way around it."""
    number = np.ceil((SIDE + 2.0 * around) / np.array(voxel)).astype(int)
    affine = np.diag([*voxel, 1.0])
    affine[:3, 3] = -around
    grid = np.moveaxis(np.indices(number), 0, -1) @ affine[:3, :3].T + affine[:3, 3]
    return Image(function(grid), affine, "made.nii.gz")


def cube(edge: float = 2.5e-3) -> TetMesh:
    return box_mesh((1e-3 * SIDE,) * 3, edge)


def inside(points: np.ndarray) -> np.ndarray:
    return ((points > 0.0) & (points < SIDE)).all(axis=-1)


def slanted(points: np.ndarray) -> np.ndarray:
    """A straight line in space."""
    return 100.0 + points @ np.array([3.0, -2.0, 1.0])


# --- sampling -------------------------------------------------------------------------------------


@pytest.mark.parametrize("voxel", [(0.25, 0.25, 0.25), (1.0, 1.0, 1.0), (0.4, 0.4, 2.0), (3.0, 3.0, 3.0)])
@pytest.mark.parametrize("letters", ["RAS", "LPS", "SRA"])
def test_a_straight_line_is_met_exactly(voxel: tuple[float, float, float], letters: str) -> None:
    """Whatever the voxels, their averaging, and the axes of the mesh are; without a rim there is nothing to fill."""
    mesh, axes = cube(), anatomical_axes(letters)
    turned = TetMesh.build(mesh.points[:, [1, 0, 2]] @ axes, mesh.tets[:, [0, 2, 1, 3]])
    if np.linalg.det(axes) * np.linalg.det(RAS) < 0:
        turned = TetMesh.build(turned.points, turned.tets[:, [0, 2, 1, 3]])
    found = grey_values(turned, box_frame(axes, turned.points), image_of(slanted, voxel), rim=0.0)
    # The samples have a middle of their own, a hundredth of an edge from that of the tetrahedron.
    middle = np.einsum("k,mkx->mx", sample_weights()[:SAMPLES].mean(axis=0), turned.points[turned.tets])
    place = 1e3 * (middle @ axes.T)[:, [1, 0, 2]]
    away = (np.abs(place - SIDE / 2) < SIDE / 2 - 2.0 * max(1.0, *voxel)).all(axis=1)
    assert away.sum() > 300
    assert np.abs(found.cells - slanted(place))[away].max() < 1e-9
    assert found.covered == 1.0


def test_the_rim_keeps_wall_and_surroundings_out() -> None:
    """Bone of 100 in a shell of 900 and air around: with the rim nothing of either is left."""

    def vertebra(points: np.ndarray) -> np.ndarray:
        wall = inside(points) & ~inside((points - SIDE / 2) * SIDE / (SIDE - 4.0) + SIDE / 2)
        return np.where(wall, 900.0, np.where(inside(points), 100.0, -1000.0))

    mesh, image = cube(), image_of(vertebra)
    frame = box_frame(RAS, mesh.points)
    kept = grey_values(mesh, frame, image)
    assert kept.rim == pytest.approx(3e-3)
    assert np.abs(kept.cells - 100.0).max() < 1e-9
    assert kept.deep_mean == 100.0
    assert kept.mean > 300.0
    assert kept.in_rim == pytest.approx(1.0 - (18.0 / 24.0) ** 3, abs=0.02)
    assert kept.lowest == -1000.0
    # Without it the wall and the air are in the cells: the test can fail.
    assert np.ptp(grey_values(mesh, frame, image, rim=0.0).cells) > 300.0


def test_a_lesion_shows_in_its_place_and_size() -> None:
    centre, radius = np.array([13.0, 11.0, 12.0]), 5.0

    def lytic(points: np.ndarray) -> np.ndarray:
        return np.where(np.linalg.norm(points - centre, axis=-1) < radius, 0.0, 200.0)

    mesh, image = cube(1.5e-3), image_of(lytic)
    found = grey_values(mesh, box_frame(RAS, mesh.points), image)
    lost = (1.0 - found.cells / 200.0) * mesh.volumes
    assert lost.sum() == pytest.approx(1e-9 * np.count_nonzero(image.values == 0.0), rel=0.01)
    middle = lost @ mesh.points[mesh.tets].mean(axis=1) / lost.sum()
    assert 1e3 * middle == pytest.approx(centre, abs=0.2)


def test_an_image_that_does_not_show_the_bone() -> None:
    mesh = cube()
    frame = box_frame(RAS, mesh.points)
    image = image_of(slanted)
    away = Image(image.values, image.affine + np.array([[0, 0, 0, 100.0]] + [[0] * 4] * 3), "made.nii.gz")
    with pytest.raises(
        MeshError, match=r"does not show the bone: its middle is at \(112, 12, 12\) mm .* at \(12, 12"
    ):
        grey_values(mesh, frame, away)
    with pytest.raises(
        MeshError, match=r"deeper than 12\.5 mm in the bone, whose deepest one lies at 11\.5 mm"
    ):
        grey_values(mesh, frame, image, rim=12.5e-3)
    half = Image(image.values[:20], image.affine, "made.nii.gz")
    assert grey_values(mesh, frame, half).covered == pytest.approx(0.5, abs=0.05)


def test_values_that_are_no_numbers_do_not_count() -> None:
    mesh, image = cube(), image_of(lambda points: np.where(points[..., 0] < 6.0, np.nan, 150.0))
    assert np.allclose(grey_values(mesh, box_frame(RAS, mesh.points), image).cells, 150.0)


# --- laws -----------------------------------------------------------------------------------------


def test_shares_of_bone() -> None:
    """The points that the line for Hounsfield units was laid through."""
    share = HounsfieldBone().bone_share(np.array([76.0, 140.0, 220.0, 300.0]))
    assert share == pytest.approx([0.06, 0.10, 0.15, 0.20], abs=0.001)
    assert MineralBone(1200.0).bone_share(np.array([0.0, 120.0])) == pytest.approx([0.0, 0.1])
    assert LinearBone(0.002, 0.01).bone_share(np.array([50.0])) == pytest.approx([0.11])


def test_permeabilities() -> None:
    porosity = np.array([0.80, 0.90, 0.95])
    assert LogLinearPermeability().permeability(porosity) == pytest.approx([1.58e-9, 1e-8, 2.51e-8], rel=0.01)
    assert RODS.permeability(porosity) == pytest.approx([3.6e-9, 2.05e-8, 5e-8], rel=0.01)
    plates = KozenyCarmanPermeability(0.15e-3, 2.0, 1.0)
    assert plates.permeability(np.array([0.90])) == pytest.approx([8.2e-8], rel=0.01)
    assert RODS.permeability(np.array([1.0])) == 5e-8


@given(st.lists(st.floats(0.01, 1.0), min_size=2, max_size=9))
def test_more_pores_never_let_less_through(porosity: list[float]) -> None:
    ordered = np.sort(np.array(porosity))
    for law in (LogLinearPermeability(), RODS):
        k = law.permeability(ordered)
        assert (k > 0.0).all()
        assert (np.diff(k) >= 0.0).all()


# --- a case ---------------------------------------------------------------------------------------


def written(path: Path, values: np.ndarray, affine: np.ndarray) -> str:
    nibabel.save(nibabel.Nifti1Image(values, affine), path)
    return str(path)


@pytest.fixture
def case(tmp_path: Path) -> cf.Case:
    """A block of bone in an image in Hounsfield units, with a lesion, and a label of it."""

    def hounsfield(points: np.ndarray) -> np.ndarray:
        hollow = np.linalg.norm(points - [12.0, 12.0, 7.0], axis=-1) < 3.5
        return np.where(~inside(points), -100.0, np.where(hollow, 12.0, 140.0))

    image = image_of(hounsfield)
    label = image_of(lambda points: np.where(inside(points), 5, 0).astype(np.int16))
    table = {
        "geometry": {
            "labels": written(tmp_path / "seg.nii.gz", label.values, label.affine),
            "label": 5,
            "image": written(tmp_path / "ct.nii.gz", image.values, image.affine),
            "edge_length": "2.5 mm",
        },
        "bone.density_map": {"calibration": "HU"},
    }
    return cf.preset("box-newtonian").replace(table)


def model_of(case: cf.Case) -> Model:
    return build_model(case, build_geometry(case.geometry))


def test_porosity_and_permeability_of_a_case(case: cf.Case) -> None:
    changes = {"bone.density_map.anisotropy": {"ap": 0.5, "lr": 0.25}}
    model = model_of(case.replace(changes))
    bone, mesh = model.bone, model.geometry.mesh
    middle = 1e3 * mesh.points[mesh.tets].mean(axis=1)
    lesion = np.linalg.norm(middle - [12.0, 12.0, 7.0], axis=1) < 1.5
    away = np.linalg.norm(middle - [12.0, 12.0, 7.0], axis=1) > 9.0
    # (12 + 20)/1600 = 0.02 and (140 + 20)/1600 = 0.1 of bone.
    assert bone.porosity[lesion] == pytest.approx(0.98, abs=0.002)
    assert bone.porosity[away] == pytest.approx(0.90, abs=0.002)
    # lr, ap, si are x, y, z here.
    assert np.median(bone.permeability[away], axis=0)[:3] == pytest.approx([0.25e-8, 0.5e-8, 1e-8], rel=0.01)
    assert np.median(bone.permeability[lesion][:, 2]) == pytest.approx(10.0**-7.36, rel=0.02)


def test_laws_and_factors_of_a_case(case: cf.Case) -> None:
    changes = {"bone.density_map.law": "kozeny-carman", "bone.density_map.permeability_factor": 3.0}
    k = model_of(case.replace(changes)).bone.permeability[:, 2]
    assert np.median(k) == pytest.approx(3.0 * 2.05e-8, rel=0.02)
    assert k.max() == pytest.approx(3.0 * 5e-8)
    plates = {"bone.density_map.trabeculae": "plates", "bone.density_map.largest_permeability": "1e-6 m2"}
    assert np.median(model_of(case.replace(changes | plates)).bone.permeability[:, 2]) == pytest.approx(
        3.0 * 8.2e-8, rel=0.02
    )
    linear = {"bone.density_map": {"calibration": "linear", "slope": 0.001, "offset": 0.01}}
    assert np.median(model_of(case.replace(linear)).bone.porosity) == pytest.approx(0.85, abs=0.001)


def test_the_ratios_of_the_preset_stay(case: cf.Case) -> None:
    stated = case.replace({"bone": {"preset": "healthy", "density_map": {"calibration": "HU"}}})
    assert stated.bone.porosity is None
    assert stated.bone.permeability is None
    assert stated.bone.density_map is not None
    assert stated.bone.density_map.anisotropy == cf.case.AnisotropySpec(ap=0.5, lr=0.5)
    own = {"si": "2e-9 m2", "ap": "1e-9 m2", "lr": "4e-10 m2"}
    other = case.replace({"bone": {"permeability": own, "density_map": {"calibration": "HU"}}})
    assert other.bone.density_map is not None
    assert other.bone.density_map.anisotropy is not None
    assert other.bone.density_map.anisotropy.lr == pytest.approx(0.2)
    back = case.replace({"bone.preset": "healthy"})
    assert back.bone.density_map is not None


def test_a_region_wins_over_the_image(case: cf.Case) -> None:
    cavity = {"name": "cavity", "shape": "ball", "center": ["12 mm", "12 mm", "12 mm"], "radius": "4 mm"}
    model = model_of(case.replace({"bone.region": [cavity | {"porosity": 0.6, "permeability": "1e-10 m2"}]}))
    middle = 1e3 * model.geometry.mesh.points[model.geometry.mesh.tets].mean(axis=1)
    there = np.linalg.norm(middle - 12.0, axis=1) < 2.0
    assert np.allclose(model.bone.porosity[there], 0.6)
    assert np.allclose(model.bone.permeability[there][:, :3], 1e-10)


def test_a_run_balances_and_says_what_the_image_said(case: cf.Case, tmp_path: Path) -> None:
    source = {"center": {"ap": 0.5, "lr": 0.5, "si": 0.5}, "radius": "3 mm"}
    short = case.replace({"injection.source": source, "injection.volume": "0.5 mL", "output.figures": False})
    result = cf.run(short, tmp_path / "run")
    assert result.summary["balance_error"] <= 1e-6
    told = result.summary["bone"]
    assert told["image"]["mean_below_rim"] == pytest.approx(138, abs=5)
    assert told["image"]["rim_mm"] == pytest.approx(3.0)
    assert told["porosity"]["lowest"] == pytest.approx(0.90, abs=0.001)
    assert told["permeability_si_m2"]["highest"] == pytest.approx(10.0**-7.36, rel=0.1)
    cells = result.fields(0).cell_data
    assert np.asarray(cells["porosity [-]"]).max() == pytest.approx(told["porosity"]["highest"], rel=1e-6)
    picture = result.plot("bone", tmp_path / "bone.png")
    assert picture.stat().st_size > 20_000
    # The stored case means the same.
    assert cf.load(tmp_path / "run/case.toml") == short


def findings(case: cf.Case, level: str) -> str:
    return "\n".join(f.text for f in cf.check(case) if f.level == level)


def test_check_says_what_came_out(case: cf.Case) -> None:
    notes = findings(case, "note")
    assert "geometry: made of 13.82 mL of voxels of 1 x 1 x 1 mm" in notes
    assert "HU in the bone and" in notes
    assert "deeper than 3 mm" in notes
    assert "BV/TV" in notes
    assert "law log-linear (assumed)" in notes
    assert findings(case, "error") == ""
    assert "density_map" not in findings(case, "warning")


def test_check_says_that_an_image_is_not_read(case: cf.Case) -> None:
    plain = case.replace({"bone": {"preset": "osteoporotic"}})
    assert "geometry.image: nothing reads it" in findings(plain, "note")


@pytest.mark.parametrize(
    ("change", "doubt"),
    [
        (
            lambda v: np.where(v < 0.0, -1000.0, v),
            '"mg/cm3" is stated, but a hundredth of the image lies below -1000',
        ),
        (lambda v: np.where(v < 0.0, 0.0, v), '"HU" is stated, but hardly anything lies below 0'),
        (lambda v: np.where(v < 0.0, v, v + 900.0), "the mean BV/TV is 0.6"),
        (lambda v: np.where(v < 0.0, v, v - 200.0), "100.0% of the bone is held at the porosity 0.98"),
        (lambda v: v[:18], "of the bone lies outside the image and takes the value"),
    ],
)
def test_check_doubts_what_is_implausible(case: cf.Case, change: Any, doubt: str, tmp_path: Path) -> None:
    old = nibabel.load(case.geometry.image)
    written(tmp_path / "other.nii.gz", change(np.asarray(old.dataobj)), old.affine)
    calibration = "mg/cm3" if "mg/cm3" in doubt else "HU"
    changes = {"geometry.image": str(tmp_path / "other.nii.gz"), "bone.density_map.calibration": calibration}
    assert doubt in findings(case.replace(changes), "warning")


def test_check_counts_what_is_held_and_names_coarse_voxels(case: cf.Case) -> None:
    held = case.replace({"bone.density_map.porosity_range": [0.5, 0.97], "geometry.edge_length": "0.9 mm"})
    notes = findings(held, "note")
    assert "of the bone is held at the porosity 0.97, 0.0% at 0.5" in notes
    assert "voxels of up to 1 mm are larger than the mean edge of 0.88 mm" in notes


def test_check_says_what_is_wrong_with_an_image(case: cf.Case, tmp_path: Path) -> None:
    assert "no voxel of it lies deeper than 15 mm" in findings(
        case.replace({"bone.density_map.rim": "15 mm"}), "error"
    )
    assert "did you mean ct.nii.gz" in findings(
        case.replace({"geometry.image": str(tmp_path / "cct.nii.gz")}), "error"
    )
    assert "geometry.label = 6 is not in the image; it has 5" in findings(
        case.replace({"geometry.label": 6}), "error"
    )


def test_the_digest_follows_label_and_image(case: cf.Case, tmp_path: Path) -> None:
    first = cf.case.digest(case)
    assert cf.case.digest(case.replace({"geometry.label": [5, 6]})) != first
    for name in ("seg", "ct"):
        content = (tmp_path / f"{name}.nii.gz").read_bytes()
        (tmp_path / f"{name}.nii.gz").write_bytes(content + b"x")
        assert cf.case.digest(case) != first
        (tmp_path / f"{name}.nii.gz").write_bytes(content)
    assert cf.case.digest(case) == first
