"""Label images: volumes in which each voxel has the number of what it belongs to (NIfTI)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cementflow.errors import MeshError
from cementflow.mesh.frame import AnatomicalFrame, along_axes
from cementflow.mesh.regions import overlapping, sample_weights
from cementflow.mesh.tetmesh import Floats, TetMesh

SAMPLES = 64  # of each tetrahedron near the label
CHUNK = 20_000  # tetrahedra at once: bounds the memory
RIGHT_ANTERIOR_SUPERIOR = [1, 0, 2]  # lr, ap, si: the coordinates of NIfTI


@dataclass(frozen=True, eq=False)
class LabelImage:
    """Labels on a grid.

    Parameters
    ----------
    labels
        Of the voxels, shape (i, j, k).
    affine
        From voxels to millimetres to the right, anterior and superior, shape (4, 4).
    source
        The file, for messages.
    """

    labels: NDArray[np.integer[Any]]
    affine: Floats
    source: str

    def known(self) -> str:
        """The labels that it has, in words."""
        found = [str(i) for i in np.unique(self.labels) if i != 0]
        return ", ".join(found[:40]) or "none but 0"


def read_labels(path: Path | str) -> LabelImage:
    """Read a label image in NIfTI format.

    Raises
    ------
    MeshError
        If the reader is not installed, or the file is not such an image.
    """
    try:
        import nibabel
    except ImportError:
        raise MeshError(
            'reading images needs nibabel; install it with: pip install "cementflow[images]"', str(path)
        ) from None
    try:
        image: Any = nibabel.load(str(path))
        values, affine = np.asanyarray(image.dataobj), np.asarray(image.affine, np.float64)
        placed = image.header["sform_code"] > 0 or image.header["qform_code"] > 0
    except Exception as error:  # nibabel raises what it happens on in a damaged file
        text = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise MeshError(f"cannot be read as a NIfTI image: {text}", str(path)) from error
    if not np.isfinite(affine).all() or abs(np.linalg.det(affine[:3, :3])) < 1e-12:
        raise MeshError("its affine does not place the voxels in space", str(path))
    if not placed:
        raise MeshError("it does not say where its voxels are (sform and qform are unset)", str(path))
    return LabelImage(_whole(values, str(path)), affine, str(path))


def _whole(values: NDArray[Any], source: str) -> NDArray[np.integer[Any]]:
    """Voxels as whole numbers in three dimensions."""
    if values.size and values.ndim > 3 and max(values.shape[3:]) == 1:
        values = values.reshape(values.shape[:3])
    if values.ndim != 3 or not values.size:
        raise MeshError(f"a label image has three dimensions, this one {values.ndim}", source)
    if values.dtype.kind in "iu":
        return values
    whole = np.rint(values)
    if not np.array_equal(whole, values) or np.abs(values).max() > 2**31:
        raise MeshError("its voxels are no whole numbers, so they are no labels", source)
    return whole.astype(np.int32)


def label_fractions(mesh: TetMesh, frame: AnatomicalFrame, image: LabelImage, label: int, key: str) -> Floats:
    """Volume fraction of each tetrahedron in the voxels of a label, shape (m,).

    Parameters
    ----------
    mesh, frame
        The mesh, and where its axes point: its millimetres to the right, anterior and superior are those of the image.
    image, label
        The image, and which voxels of it count.
    key
        Of the region, for messages.

    Raises
    ------
    MeshError
        If the image has no such label, or it lies nowhere in the mesh.
    """
    chosen = image.labels == label
    if not chosen.any():
        raise MeshError(f"{key}.label = {label} is not in the image; it has {image.known()}", image.source)
    # Only the box of the label is looked at.
    spans = [np.flatnonzero(chosen.any(axis=other)) for other in ((1, 2), (0, 2), (0, 1))]
    low = np.array([span[0] for span in spans])
    inside = np.pad(chosen[tuple(slice(s[0], s[-1] + 1) for s in spans)], 1)
    world = 1e3 * along_axes(mesh.points, frame.axes[RIGHT_ANTERIOR_SUPERIOR])
    back = np.linalg.inv(image.affine).astype(np.float64)
    voxel = along_axes(world, back[:3, :3]) + back[:3, 3] - low + 1.0
    near = overlapping(mesh.tets, voxel, 0.5, np.array(inside.shape) - 1.5)
    weights, fraction = sample_weights()[:SAMPLES], np.zeros(len(mesh.tets))
    last = np.array(inside.shape) - 1
    for start in range(0, len(near), CHUNK):
        part = near[start : start + CHUNK]
        samples = np.einsum("sk,mki->msi", weights, voxel[mesh.tets[part]])
        i, j, k = np.clip(np.rint(samples), 0, last).astype(np.intp).transpose(2, 0, 1)
        fraction[part] = inside[i, j, k].mean(axis=1)
    if not fraction.any():
        raise MeshError(
            f"{key}.label = {label} lies outside of the mesh: {_places(chosen, image, world)}", image.source
        )
    return fraction


def _places(chosen: NDArray[np.bool_], image: LabelImage, world: Floats) -> str:
    """Where label and mesh are, in words."""
    voxels = np.argwhere(chosen).astype(float)
    middle = (along_axes(voxels, image.affine[:3, :3]) + image.affine[:3, 3]).mean(axis=0)
    texts = [", ".join(f"{x:.0f}" for x in point) for point in (middle, world.mean(axis=0))]
    return f"its middle is at ({texts[0]}) mm to the right, anterior and superior, that of the mesh at ({texts[1]}) mm"
