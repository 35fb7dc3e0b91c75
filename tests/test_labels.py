"""Regions of the bone by the label of an image."""

from __future__ import annotations

import builtins
import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cementflow as cf
from cementflow.errors import CaseError, InputError, MeshError
from cementflow.mesh.box import box_mesh
from cementflow.mesh.frame import AnatomicalFrame, anatomical_axes, box_frame
from cementflow.mesh.geometry import build_geometry
from cementflow.mesh.labels import LabelImage, label_fractions, read_labels
from cementflow.mesh.tetmesh import TetMesh
from cementflow.model import build_model

nibabel = pytest.importorskip("nibabel", reason="nibabel, of the extra 'images', is not installed")

SIDE = 24e-3
VOXELS = np.diag([1.0, 1.0, 2.0, 1.0])  # mm


def ball_image(center: tuple[float, float, float] = (14.0, 10.0, 12.0), radius: float = 6.0) -> LabelImage:
    """A ball with the label 7 and half a space with the label 3, in the frame of the mesh [mm]."""
    grid = np.moveaxis(np.indices((40, 40, 20)), 0, -1) @ VOXELS[:3, :3]
    inside = np.linalg.norm(grid - center, axis=-1) < radius
    labels = np.where(inside, 7, np.where(grid[..., 0] > 30.0, 3, 0)).astype(np.int16)
    return LabelImage(labels, VOXELS, "made.nii.gz")


def written(path: Path, labels: np.ndarray, affine: np.ndarray = VOXELS) -> Path:
    nibabel.save(nibabel.Nifti1Image(labels, affine), path)
    return path


def flat(path: Path) -> None:
    """An image whose voxels are all in one plane: the first row of its sform, at byte 280, is empty."""
    written(path, np.zeros((4, 4, 4), np.int16))
    content = bytearray(gzip.decompress(path.read_bytes()))
    content[280:296] = bytes(16)
    path.write_bytes(gzip.compress(bytes(content)))


@pytest.fixture(scope="module")
def mesh() -> TetMesh:
    return box_mesh((SIDE, SIDE, SIDE), 2.5e-3)


@pytest.fixture(scope="module")
def frame(mesh: TetMesh) -> AnatomicalFrame:
    return box_frame(anatomical_axes("RAS"), mesh.points)


def test_a_ball_of_voxels_is_a_ball_in_the_mesh(mesh: TetMesh, frame: AnatomicalFrame) -> None:
    share = label_fractions(mesh, frame, ball_image(), 7, "bone.region.ball")
    volume = np.sum(share * mesh.volumes)
    image = ball_image()
    assert volume == pytest.approx(np.count_nonzero(image.values == 7) * 2e-9, rel=0.01)
    middle = (share * mesh.volumes) @ mesh.points[mesh.tets].mean(axis=1) / volume
    assert middle == pytest.approx([14e-3, 10e-3, 12e-3], abs=0.2e-3)
    # Smooth at the scale of the mesh: where the border runs through a tetrahedron it belongs in part.
    assert ((share > 0.0) & (share < 1.0)).sum() > 100


@settings(max_examples=20, deadline=None)
@given(st.sampled_from(["LPS", "ALS", "SRA", "PIR"]))
def test_the_axes_of_the_mesh_are_turned_to_those_of_the_image(letters: str) -> None:
    """The same bone, written with its axes in another order and sense, has the same region."""
    axes, straight = anatomical_axes(letters), anatomical_axes("RAS")
    one = box_mesh((SIDE, SIDE, SIDE), 4e-3)
    other = TetMesh.build((one.points @ straight.T) @ axes, one.tets)
    wanted = label_fractions(one, box_frame(straight, one.points), ball_image(), 7, "")
    turned = label_fractions(other, box_frame(axes, other.points), ball_image(), 7, "")
    assert np.sum(turned * other.volumes) == pytest.approx(np.sum(wanted * one.volumes), rel=0.01)
    center = (turned * other.volumes) @ other.points[other.tets].mean(axis=1) / np.sum(turned * other.volumes)
    assert axes @ center == pytest.approx([10e-3, 14e-3, 12e-3], abs=0.3e-3)


def test_a_label_that_is_not_there_and_one_elsewhere(mesh: TetMesh, frame: AnatomicalFrame) -> None:
    with pytest.raises(MeshError, match="label = 8 is not in the image; it has 3, 7"):
        label_fractions(mesh, frame, ball_image(), 8, "bone.region.lesion")
    with pytest.raises(
        MeshError, match=r"bone.region.lesion.label = 3 lies outside of the mesh: its middle is at"
    ):
        label_fractions(mesh, frame, ball_image(), 3, "bone.region.lesion")


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (lambda path: path.write_bytes(b"no image"), "cannot be read as a NIfTI image"),
        (lambda path: None, "no such file"),
        (lambda path: path.write_bytes(b""), "the file is empty"),
        (lambda path: path.mkdir(), "dcm2niix"),
        (lambda path: written(path, np.zeros((4, 4, 4, 3), np.int16)), "three dimensions, this one 4"),
        (lambda path: written(path, np.full((4, 4, 4), 0.5)), "no whole numbers"),
        # The reader itself stumbles where NumPy is told to raise.
        (flat, "cannot be read as a NIfTI image|place the voxels"),
    ],
)
def test_files_that_are_no_label_images(tmp_path: Path, made: Any, message: str) -> None:
    path = tmp_path / "labels.nii.gz"
    made(path)
    with pytest.raises(MeshError, match=message) as error:
        read_labels(path)
    assert str(path) in str(error.value)


def test_an_image_without_a_place_is_refused(tmp_path: Path) -> None:
    image = nibabel.Nifti1Image(np.ones((4, 4, 4), np.int16), None)
    nibabel.save(image, tmp_path / "a.nii")
    with pytest.raises(MeshError, match="where its voxels are"):
        read_labels(tmp_path / "a.nii")


def test_whole_numbers_may_be_stored_as_floats(tmp_path: Path) -> None:
    path = written(tmp_path / "a.nii.gz", ball_image().values.astype(np.float32)[..., None])
    assert np.array_equal(read_labels(path).values, ball_image().values)


def test_without_the_reader_the_message_names_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = builtins.__import__

    def no_nibabel(name: str, *rest: Any, **more: Any) -> Any:
        if name == "nibabel":
            raise ImportError(name)
        return real(name, *rest, **more)

    path = written(tmp_path / "a.nii", np.ones((4, 4, 4), np.int16))
    monkeypatch.setattr(builtins, "__import__", no_nibabel)
    with pytest.raises(MeshError, match=r"cementflow\[images\]"):
        read_labels(path)


@pytest.fixture
def case(tmp_path: Path) -> cf.Case:
    written(tmp_path / "labels.nii.gz", ball_image().values)
    table = {
        "geometry": {"preset": "box", "size": "24 mm", "edge_length": "3 mm"},
        "bone.region": [
            {"name": "lesion", "labels": str(tmp_path / "labels.nii.gz"), "label": 7, "porosity": 0.5}
        ],
    }
    return cf.preset("box-newtonian").replace(table)


def test_a_region_of_a_case(case: cf.Case) -> None:
    model = build_model(case, build_geometry(case.geometry))
    outside = case.bone.porosity
    assert model.bone.porosity.min() == pytest.approx(0.5)
    assert model.bone.porosity.max() == pytest.approx(outside)
    volumes = model.geometry.mesh.volumes
    share = np.sum((outside - model.bone.porosity) * volumes) / (outside - 0.5)
    assert share == pytest.approx(np.count_nonzero(ball_image().values == 7) * 2e-9, rel=0.02)


def test_the_digest_follows_the_image_and_not_its_place(case: cf.Case, tmp_path: Path) -> None:
    first = cf.case.digest(case)
    other = written(tmp_path / "other.nii.gz", ball_image(radius=5.0).values)
    assert cf.case.digest(case.replace({"bone.region.lesion.labels": str(other)})) != first
    other.write_bytes((tmp_path / "labels.nii.gz").read_bytes())
    assert cf.case.digest(case.replace({"bone.region.lesion.labels": str(other)})) == first
    other.unlink()
    with pytest.raises(CaseError, match="cannot be read"):
        cf.case.digest(case.replace({"bone.region.lesion.labels": str(other)}))


def test_check_says_what_is_wrong_with_an_image(case: cf.Case, tmp_path: Path) -> None:
    (tmp_path / "labels.nii.gz").write_bytes(b"no image")
    assert any(f.level == "error" and "NIfTI" in f.text for f in cf.check(case))
    with pytest.raises(InputError, match="NIfTI"):
        cf.run(case, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_vertebra_of_a_real_segmentation(shared_data: Path) -> None:
    """L3 of a tomography (3 mm voxels) in a box of its size: all of its volume is found."""
    path = shared_data / "totalsegmentator_example_ct/totalseg.nii.gz"
    if not path.is_file():
        pytest.skip(f"{path.name} is not in the shared data")
    image = read_labels(path)
    places = np.argwhere(image.values == 29) @ image.affine[:3, :3].T + image.affine[:3, 3]
    low, high = places.min(axis=0) - 4.0, places.max(axis=0) + 4.0
    box = box_mesh(tuple(1e-3 * (high - low)), 4e-3)
    there = TetMesh.build(box.points + 1e-3 * low, box.tets)
    share = label_fractions(there, box_frame(anatomical_axes("RAS"), there.points), image, 29, "")
    assert np.sum(share * there.volumes) == pytest.approx(27e-9 * len(places), rel=0.01)
