"""The body from a label image: how near its smooth shape comes to a known one, and what is said about flaws."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cementflow.case.geometry import GeometrySpec
from cementflow.errors import MeshError
from cementflow.mesh.geometry import Geometry, build_geometry
from cementflow.mesh.label_shape import SLOPE, LabelShape, label_shape
from cementflow.mesh.labels import LabelImage

nibabel = pytest.importorskip("nibabel", reason="nibabel, of the extra 'images', is not installed")

RADII = np.array([17.0, 22.0, 13.0])  # mm, about those of a vertebral body
CENTER = np.array([-12.3, 47.1, 210.4])  # mm


def turn(seed: int) -> np.ndarray:
    """A rotation."""
    q = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))[0]
    return q * np.sign(np.linalg.det(q))


def ellipsoid(voxel: tuple[float, float, float], axes: np.ndarray, seed: int = 0) -> LabelImage:
    """A turned ellipsoid on a grid along `axes`, somewhere between its voxels, with the label 7."""
    sides = np.array(voxel)
    shape = np.ceil(2.0 * 24.0 / sides).astype(int) + 4
    affine = np.eye(4)
    affine[:3, :3] = axes * sides
    shift = np.random.default_rng(seed).random(3) - 0.5
    affine[:3, 3] = CENTER - affine[:3, :3] @ (0.5 * (shape - 1) + shift)
    grid = np.moveaxis(np.indices(shape), 0, -1) @ affine[:3, :3].T + affine[:3, 3]
    return LabelImage(np.where(gauge(grid) < 1.0, 7, 0).astype(np.int16), affine, "made.nii.gz")


def gauge(points: np.ndarray) -> np.ndarray:
    """1 on the ellipsoid, at points [mm]."""
    return np.linalg.norm((points - CENTER) @ turn(3) / RADII, axis=-1)


def on_surface(shape: LabelShape, number: int = 1500) -> np.ndarray:
    """Points where rays from the centre leave a shape [mm]."""
    way = np.random.default_rng(1).normal(size=(number, 3))
    way /= np.linalg.norm(way, axis=1)[:, None]
    low, high = np.zeros(number), np.full(number, 30.0)
    for _ in range(40):
        middle = 0.5 * (low + high)
        inside = shape(1e-3 * (CENTER + middle[:, None] * way)) < 0.0
        low, high = np.where(inside, middle, low), np.where(inside, high, middle)
    points: np.ndarray = CENTER + low[:, None] * way
    return points


def errors(shape: LabelShape) -> tuple[float, float, float, float]:
    """Mean, rms and largest distance to the ellipsoid [mm], and rms angle between the normals [degrees]."""

    def gradient(function, step):
        return np.stack(
            [(function(points + d) - function(points - d)) / (2 * step) for d in step * np.eye(3)], 1
        )

    points = on_surface(shape)
    true, own = gradient(gauge, 1e-3), gradient(lambda p: shape(1e-3 * p), 0.02)
    distance = (gauge(points) - 1.0) / np.linalg.norm(true, axis=1)
    cosine = np.sum(true * own, axis=1) / np.linalg.norm(true, axis=1) / np.linalg.norm(own, axis=1)
    angle = np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0)))
    rms = [float(np.sqrt(np.mean(x**2))) for x in (distance, angle)]
    return float(distance.mean()), rms[0], float(np.abs(distance).max()), rms[1]


@pytest.mark.parametrize(
    "voxel",
    [
        (0.5, 0.5, 0.5),
        (1.0, 1.0, 1.0),
        (2.0, 2.0, 2.0),
        (3.0, 3.0, 3.0),
        (0.318, 0.318, 2.0),
        (1.0, 1.0, 3.0),
    ],
)
@pytest.mark.parametrize("oblique", [False, True])
def test_an_ellipsoid_of_voxels_becomes_an_ellipsoid(
    voxel: tuple[float, float, float], oblique: bool
) -> None:
    """Within half a voxel, which is what voxels can tell, a tenth of one on average, and without their steps."""
    shape = label_shape(ellipsoid(voxel, turn(5) if oblique else np.eye(3)), (7,))
    found = errors(shape)
    assert abs(found[0]) < 0.03 * max(voxel)
    assert found[1] < 0.1 * max(voxel)
    assert found[2] < 0.5 * max(voxel)
    assert found[3] < 5.0
    assert shape.notes == shape.warnings == ()


def test_the_measure_sees_a_shape_that_is_drawn_inward() -> None:
    image = ellipsoid((1.0, 1.0, 1.0), np.eye(3))
    shape = label_shape(image, (7,))
    smaller = LabelShape(
        shape.spline, shape.level - 0.5, shape.affine, shape.low, shape.high, shape.voxel, shape.volume
    )
    assert errors(smaller)[0] < -0.3


@settings(max_examples=15)
@given(st.sampled_from([(1.0, 1.0, 1.0), (0.5, 0.5, 2.0), (3.0, 3.0, 3.0)]), st.integers(0, 99))
def test_the_level_keeps_the_volume_wherever_the_voxels_lie(
    voxel: tuple[float, float, float], seed: int
) -> None:
    image = ellipsoid(voxel, turn(seed), seed)
    shape = label_shape(image, (7,))
    assert shape.volume == pytest.approx(np.count_nonzero(image.values) * np.prod(voxel) * 1e-9, rel=1e-12)
    # By points all over the box.
    random = np.random.default_rng(seed).random((200_000, 3))
    share = (shape(shape.low + random * (shape.high - shape.low)) < 0.0).mean()
    assert share * np.prod(shape.high - shape.low) == pytest.approx(shape.volume, rel=0.015)


@pytest.mark.parametrize("voxel", [(1.0, 1.0, 1.0), (0.318, 0.318, 2.0), (3.0, 3.0, 3.0)])
def test_the_slope_stays_below_what_the_mesher_is_told(voxel: tuple[float, float, float]) -> None:
    shape = label_shape(ellipsoid(voxel, turn(5)), (7,))
    random = np.random.default_rng(0).random((100_000, 3))
    points = shape.low + (1.2 * random - 0.1) * (shape.high - shape.low)
    step = np.random.default_rng(1).normal(size=points.shape)
    step *= 0.2e-3 / np.linalg.norm(step, axis=1)[:, None]
    assert (np.abs(shape(points + step) - shape(points)) / 0.2e-3).max() < SLOPE


def written(path: Path, labels: np.ndarray, affine: np.ndarray) -> str:
    nibabel.save(nibabel.Nifti1Image(labels, affine), path)
    return str(path)


def meshed(path: str, label: tuple[int, ...] | None, edge: float = 2.5e-3) -> Geometry:
    return build_geometry(GeometrySpec(labels=path, label=label, edge_length=edge))


@pytest.mark.parametrize("voxel", [(1.0, 1.0, 1.0), (0.5, 0.5, 2.0), (3.0, 3.0, 3.0)])
def test_the_mesh_is_where_the_voxels_are(voxel: tuple[float, float, float], tmp_path: Path) -> None:
    image = ellipsoid(voxel, turn(5))
    made = meshed(written(tmp_path / "a.nii.gz", image.values, image.affine), (7,))
    volume = 4e-9 / 3.0 * np.pi * np.prod(RADII)
    assert made.report.volume == pytest.approx(volume, rel=0.02)
    mesh = made.mesh
    middle = mesh.volumes @ mesh.points[mesh.tets].mean(axis=1) / made.report.volume
    assert 1e3 * middle == pytest.approx(CENTER, abs=0.15 * max(voxel))
    assert np.array_equal(made.frame.axes, [[0, 1, 0], [1, 0, 0], [0, 0, 1]])
    fidelity = made.report.fidelity
    assert fidelity is not None
    assert fidelity.shape == "label"
    assert fidelity.shape_volume == pytest.approx(made.report.volume, rel=0.015)
    assert fidelity.to_shape.mean < 0.1e-3
    assert made.report.quality.dihedral[0] > 10.0


def test_several_labels_are_one_body(tmp_path: Path) -> None:
    image = ellipsoid((1.0, 1.0, 1.0), np.eye(3))
    labels = image.values.copy()
    labels[labels.shape[0] // 2 :][labels[labels.shape[0] // 2 :] == 7] = 1
    path = written(tmp_path / "a.nii.gz", labels, image.affine)
    whole = meshed(path, (1, 7))
    assert whole.report.volume == pytest.approx(4e-9 / 3.0 * np.pi * np.prod(RADII), rel=0.02)
    assert meshed(path, (7,)).report.volume == pytest.approx(0.5 * whole.report.volume, rel=0.1)


def test_units_of_the_header_count(tmp_path: Path) -> None:
    """An image whose header says metres."""
    image = ellipsoid((2.0, 2.0, 2.0), np.eye(3))
    affine = image.affine.copy()
    affine[:3] *= 1e-3
    made = nibabel.Nifti1Image(image.values, affine)
    made.header.set_xyzt_units("meter")
    nibabel.save(made, tmp_path / "a.nii.gz")
    assert meshed(str(tmp_path / "a.nii.gz"), (7,), 3e-3).report.volume * 1e6 == pytest.approx(20.4, rel=0.02)


def test_crumbs_and_holes_are_told() -> None:
    image = ellipsoid((1.0, 1.0, 1.0), np.eye(3))
    labels = image.values.copy()
    labels[1, 1, 1] = 7
    middle = tuple(n // 2 for n in labels.shape)
    labels[middle] = 0
    shape = label_shape(LabelImage(labels, image.affine, ""), (7,))
    assert shape.notes == (
        "1 smaller piece of the label (0.001 mL) left out",
        "holes in the label filled (0.001 mL)",
    )
    assert shape.volume == label_shape(image, (7,)).volume


def test_a_label_at_the_border_is_told_by_its_side() -> None:
    image = ellipsoid((1.0, 1.0, 1.0), np.diag([-1.0, 1.0, 1.0]))
    half = image.values.shape[0] // 2
    shape = label_shape(LabelImage(image.values[:half], image.affine, ""), (7,))
    # The first voxel axis points left here, so its end is on the left.
    assert shape.warnings == ("the label reaches the left border of the image, where the bone is cut off",)


@pytest.mark.parametrize(
    ("label", "message"),
    [
        ((8,), "geometry.label = 8 is not in the image; it has 7"),
        ((7, 8, 9), "geometry.label = 8, 9 is not in the image; it has 7"),
        (None, "say which label is the bone; the image has 7"),
    ],
)
def test_labels_that_are_not_there(label: tuple[int, ...] | None, message: str, tmp_path: Path) -> None:
    image = ellipsoid((3.0, 3.0, 3.0), np.eye(3))
    path = written(tmp_path / "a.nii.gz", image.values, image.affine)
    with pytest.raises(MeshError, match=message) as error:
        meshed(path, label)
    assert str(error.value).startswith(path)


def test_slanted_voxels_are_refused() -> None:
    image = ellipsoid((3.0, 3.0, 3.0), np.eye(3))
    affine = image.affine.copy()
    affine[1, 2] = 1.0
    with pytest.raises(MeshError, match="not rectangular"):
        label_shape(LabelImage(image.values, affine, "a"), (7,))


def test_too_many_voxels_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cementflow.mesh.label_shape.LARGEST", 1000)
    with pytest.raises(MeshError, match="resample the image to larger voxels"):
        label_shape(ellipsoid((3.0, 3.0, 3.0), np.eye(3)), (7,))


@pytest.mark.parametrize(
    ("name", "hint"), [("a.dcm", "dcm2niix"), ("a.mha", "SimpleITK"), ("a.stl", "use .nii")]
)
def test_other_formats_are_refused_with_what_converts_them(name: str, hint: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"x")
    with pytest.raises(MeshError, match=hint):
        meshed(str(tmp_path / name), (7,))
