"""Bones from tomographies and segmentations of others, held against what their makers measured."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import cementflow as cf
from cementflow.case.geometry import GeometrySpec
from cementflow.mesh.geometry import Geometry, build_geometry
from cementflow.mesh.grey import grey_values
from cementflow.mesh.images import read_image
from command import cementflow

nibabel = pytest.importorskip("nibabel", reason="nibabel, of the extra 'images', is not installed")

TOMOGRAPHY = "totalsegmentator_example_ct"
DENSITY = "bonelab_verse004_L2/sub-verse004_0000_vertebra_21"
MASK = "biceps_healthy_reference/healthy_ref_mask.nii.gz"
LUMBAR = {"L1": 31, "L2": 30, "L3": 29, "L4": 28, "L5": 27}

FOUR_ML = """
[geometry]
labels = "{labels}"
label = {label}
{image}
edge_length = "2 mm"
[bone]
preset = "osteoporotic"
{density_map}
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
[output]
figures = false
"""


def there(folder: Path, name: str) -> Path:
    path = folder / name
    if not path.is_file():
        pytest.skip(f"{name} is not in the shared data")
    return path


def meshed(labels: Path, label: tuple[int, ...], edge: float = 2e-3) -> Geometry:
    return build_geometry(GeometrySpec(labels=str(labels), label=label, edge_length=edge))


def assert_sound(made: Geometry) -> None:
    """The mesh has the volume of its voxels, and angles as promised."""
    fidelity = made.report.fidelity
    assert fidelity is not None
    assert fidelity.shape_volume is not None
    assert made.report.volume == pytest.approx(fidelity.shape_volume, rel=0.01)
    assert fidelity.to_shape.mean < 0.06e-3
    assert made.report.quality.dihedral[0] > 10.0
    assert made.report.quality.negative_share < 0.12


@pytest.mark.parametrize("name", LUMBAR)
def test_vertebrae_of_a_tomography(name: str, shared_data: Path, tmp_path: Path) -> None:
    """3 mm voxels: the body is found within two voxels in the whole vertebra, also in the tilted L1.

    The second image has the bodies alone, at L5 with part of the transverse processes.
    """
    labels = there(shared_data, f"{TOMOGRAPHY}/totalseg.nii.gz")
    bodies = nibabel.load(there(shared_data, f"{TOMOGRAPHY}/totalseg_vertebrae_body.nii.gz"))
    whole = meshed(labels, (LUMBAR[name],))
    assert_sound(whole)
    assert any("spinal canal was found" in note for note in whole.report.notes)
    assert whole.report.warnings == ()
    image = nibabel.load(labels)
    alone = (np.asarray(image.dataobj) == LUMBAR[name]) & (np.asarray(bodies.dataobj) == 1)
    nibabel.save(nibabel.Nifti1Image(alone.astype(np.int16), image.affine), tmp_path / "body.nii.gz")
    body = meshed(tmp_path / "body.nii.gz", (1,))
    assert_sound(body)
    off = np.abs(np.array([whole.frame.low - body.frame.low, whole.frame.high - body.frame.high])) * 1e3
    if name == "L5":
        off = off[:, [0, 2]]
    assert off.max() < 6.0
    assert off.mean() < 2.5


@pytest.mark.parametrize("name", LUMBAR)
def test_density_of_a_body_beside_that_of_the_report(name: str, shared_data: Path, tmp_path: Path) -> None:
    """The report that came with the image took the mean over a somewhat smaller body."""
    report = json.loads(there(shared_data, f"{TOMOGRAPHY}/spine_report.json").read_text())["results"]
    image = nibabel.load(there(shared_data, f"{TOMOGRAPHY}/totalseg.nii.gz"))
    bodies = nibabel.load(there(shared_data, f"{TOMOGRAPHY}/totalseg_vertebrae_body.nii.gz"))
    alone = (np.asarray(image.dataobj) == LUMBAR[name]) & (np.asarray(bodies.dataobj) == 1)
    nibabel.save(nibabel.Nifti1Image(alone.astype(np.int16), image.affine), tmp_path / "body.nii.gz")
    body = meshed(tmp_path / "body.nii.gz", (1,))
    tomography = read_image(there(shared_data, f"{TOMOGRAPHY}/example_ct.nii.gz"))
    found = grey_values(body.mesh, body.frame, tomography, rim=2e-3)
    assert found.deep_mean == pytest.approx(report[f"vertebrae_{name}_intensity"], abs=6.0)
    # Without a rim the cortex adds to it, with the usual one nothing is left of the cortex.
    assert grey_values(body.mesh, body.frame, tomography, rim=0.0).mean > found.deep_mean + 20.0
    assert grey_values(body.mesh, body.frame, tomography).deep_mean < found.deep_mean - 10.0


def test_density_of_a_calibrated_image(shared_data: Path) -> None:
    """Mean of the trabecular body, 75.5 mg/cm3 by its voxels."""
    labels, image = (there(shared_data, f"{DENSITY}_{kind}.nii.gz") for kind in ("seg", "im"))
    body = meshed(labels, (1,))
    assert_sound(body)
    assert body.report.volume * 1e6 == pytest.approx(22.6, rel=0.01)
    found = grey_values(body.mesh, body.frame, read_image(image), rim=0.0)
    assert found.mean == pytest.approx(75.5, abs=1.5)
    cells = float(np.sum(found.cells * body.mesh.volumes) / body.report.volume)
    assert cells == pytest.approx(75.5, rel=0.05)


def test_an_image_with_front_and_back_swapped_is_doubted(shared_data: Path) -> None:
    """The header of this one has the spinous process in front."""
    whole = meshed(there(shared_data, f"{DENSITY}_seg.nii.gz"), (1, 2, 3, 4))
    assert_sound(whole)
    assert any("front and back may be swapped" in warning for warning in whole.report.warnings)


@pytest.mark.parametrize("label", [20, 21, 22, 23, 24])
def test_vertebrae_of_slices_far_apart(label: int, shared_data: Path) -> None:
    """0.318 x 0.318 x 2 mm: the arch is left out, and no steps of the slices are left."""
    whole = meshed(there(shared_data, MASK), (label,))
    assert_sound(whole)
    depth, width, height = 1e3 * whole.frame.size
    assert 28 < depth < 40
    assert 40 < width < 55
    assert 25 < height < 40
    assert whole.report.warnings == ()


@pytest.mark.parametrize(
    ("labels", "label", "image", "calibration"),
    [
        (f"{TOMOGRAPHY}/totalseg.nii.gz", "29", f"{TOMOGRAPHY}/example_ct.nii.gz", "HU"),
        (f"{DENSITY}_seg.nii.gz", "[1, 2]", f"{DENSITY}_im.nii.gz", "mg/cm3"),
        (MASK, "22", "", ""),
    ],
)
def test_four_ml_in_a_bone_of_an_image(
    labels: str, label: str, image: str, calibration: str, shared_data: Path, tmp_path: Path
) -> None:
    read = f'image = "{there(shared_data, image).as_posix()}"' if image else ""
    density = f'density_map = {{calibration = "{calibration}"}}' if image else ""
    text = FOUR_ML.format(
        labels=there(shared_data, labels).as_posix(), label=label, image=read, density_map=density
    )
    (tmp_path / "case.toml").write_text(text)
    case = cf.load(tmp_path / "case.toml")
    assert [f.text for f in cf.check(case) if f.level != "note"] == []
    result = cf.run(case, tmp_path / "run")
    assert result.summary["status"] == "completed"
    assert result.summary["injected_ml"] == pytest.approx(4.0, rel=1e-7)
    assert result.history["balance_error"].max() <= 1e-6
    told = result.summary["bone"]
    if image:
        # Mean shares of bone as published for that age: 0.06 to 0.16.
        assert 0.05 < told["image"]["bone_share"]["mean"] < 0.16
        assert told["porosity"]["lowest"] < 0.85 < told["porosity"]["mean"]
    else:
        assert told["porosity"]["lowest"] == told["porosity"]["highest"] == pytest.approx(0.91)


def test_the_command_that_only_makes_a_mesh(shared_data: Path, tmp_path: Path) -> None:
    labels, out = str(there(shared_data, f"{TOMOGRAPHY}/totalseg.nii.gz")), str(tmp_path / "L3.vtu")
    done = cementflow("mesh", labels, "--label", "29", "--edge-length", "3 mm", "-o", out, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "mL of the label's 63.045 mL" in done.stdout
    assert "the spinal canal was found" in done.stdout
    assert (tmp_path / "L3.vtu").is_file()
    for options, message in (
        ((), "say which label is the bone; the image has 26, 27, 28, 29, 30, 31, 32, 33"),
        (("--label", "34,29"), "label = 34 is not in the image; it has 26,"),
        (("--label", "29", "--units", "m"), "--units and --axes are for a surface"),
        (("--label", "twenty"), "'twenty' is no whole number"),
    ):
        wrong = cementflow("mesh", labels, *options, "-o", "b.vtu", cwd=tmp_path)
        assert wrong.returncode == 2
        assert message in wrong.stderr
    (tmp_path / "a.obj").write_text("v 0 0 0\n")
    wrong = cementflow("mesh", str(tmp_path / "a.obj"), "--label", "1", "-o", "b.vtu", cwd=tmp_path)
    assert wrong.returncode == 2
    assert "--label is for a label image" in wrong.stderr
