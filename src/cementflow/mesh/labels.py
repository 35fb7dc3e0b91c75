"""Label images: volumes in which each voxel has the number of what it belongs to (NIfTI)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cementflow.errors import MeshError
from cementflow.mesh.frame import AnatomicalFrame, along_axes
from cementflow.mesh.images import Image, read_image, to_millimetres, to_voxels
from cementflow.mesh.regions import overlapping, sample_weights
from cementflow.mesh.tetmesh import Floats, TetMesh

SAMPLES = 64  # of each tetrahedron near the label
CHUNK = 20_000  # tetrahedra at once: bounds the memory
RIGHT_ANTERIOR_SUPERIOR = [1, 0, 2]  # lr, ap, si: the coordinates of NIfTI


@dataclass(frozen=True, eq=False)
class LabelImage(Image):
    """An image whose values are whole numbers."""

    values: NDArray[np.integer[Any]]

    def known(self) -> str:
        """The labels that it has, in words."""
        found = [str(i) for i in np.unique(self.values) if i != 0]
        return ", ".join(found[:40]) or "none but 0"


def read_labels(path: Path | str) -> LabelImage:
    """Read a label image in NIfTI format.

    Raises
    ------
    MeshError
        If the reader is not installed, or the file is not such an image.
    """
    image = read_image(path)
    return LabelImage(_whole(image.values, image.source), image.affine, image.source)


def box_of(chosen: NDArray[np.bool_]) -> tuple[slice, ...]:
    """The smallest box of voxels that holds all chosen ones, of which there are some."""
    spans = [np.flatnonzero(chosen.any(axis=other)) for other in ((1, 2), (0, 2), (0, 1))]
    return tuple(slice(int(span[0]), int(span[-1]) + 1) for span in spans)


def _whole(values: NDArray[Any], source: str) -> NDArray[np.integer[Any]]:
    """Voxels as whole numbers."""
    if values.dtype.kind in "iu":
        return values
    with np.errstate(invalid="ignore"):
        whole = np.rint(values)
        same = np.array_equal(whole, values) and np.abs(values).max() <= 2**31
    if not same:
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
    chosen = image.values == label
    if not chosen.any():
        raise MeshError(f"{key}.label = {label} is not in the image; it has {image.known()}", image.source)
    # Only the box of the label is looked at.
    box = box_of(chosen)
    low = np.array([span.start for span in box])
    inside = np.pad(chosen[box], 1)
    world = 1e3 * along_axes(mesh.points, frame.axes[RIGHT_ANTERIOR_SUPERIOR])
    voxel = to_voxels(world, image.affine) - low + 1.0
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
    middle = to_millimetres(voxels, image.affine).mean(axis=0)
    texts = [", ".join(f"{x:.0f}" for x in point) for point in (middle, world.mean(axis=0))]
    return f"its middle is at ({texts[0]}) mm to the right, anterior and superior, that of the mesh at ({texts[1]}) mm"
