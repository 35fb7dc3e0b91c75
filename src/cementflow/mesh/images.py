"""Images of the body: values on a grid of voxels, and where the voxels are (NIfTI)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cementflow.errors import MeshError
from cementflow.mesh.files import existing
from cementflow.mesh.frame import along_axes
from cementflow.mesh.tetmesh import Floats

SUFFIXES = (".nii", ".gz", ".hdr", ".img")
# What else images come in, and what makes NIfTI of it.
OTHERS = {
    ".dcm": "dcm2niix turns a DICOM series into NIfTI",
    ".ima": "dcm2niix turns a DICOM series into NIfTI",
    ".mha": "SimpleITK or 3D Slicer turns it into NIfTI",
    ".mhd": "SimpleITK or 3D Slicer turns it into NIfTI",
    ".nrrd": "SimpleITK or 3D Slicer turns it into NIfTI",
}
MILLIMETRES = {"meter": 1e3, "micron": 1e-3}  # of the units that a NIfTI header may name; else it is mm
# Cosine between two edges of a voxel, above which the voxel is not rectangular (tilted gantry).
SHEAR = 0.01


@dataclass(frozen=True, eq=False)
class Image:
    """Values on a grid.

    Parameters
    ----------
    values
        Of the voxels, shape (i, j, k).
    affine
        From voxels to millimetres to the right, anterior and superior, shape (4, 4).
    source
        The file, for messages.
    """

    values: NDArray[Any]
    affine: Floats
    source: str


def read_image(path: Path | str) -> Image:
    """Read an image in NIfTI format.

    Raises
    ------
    MeshError
        If the reader is not installed, or the file is not such an image.
    """
    path = _nifti(Path(path))
    try:
        import nibabel
    except ImportError:
        raise MeshError(
            'reading images needs nibabel; install it with: pip install "cementflow[images]"', str(path)
        ) from None
    try:
        with np.errstate(all="ignore"):
            image: Any = nibabel.load(str(path))
            values, affine = np.asanyarray(image.dataobj), np.array(image.affine, np.float64)
        placed = image.header["sform_code"] > 0 or image.header["qform_code"] > 0
        affine[:3] *= MILLIMETRES.get(image.header.get_xyzt_units()[0], 1.0)
    except Exception as error:  # nibabel raises what it happens on in a damaged file
        text = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise MeshError(f"cannot be read as a NIfTI image: {text}", str(path)) from error
    if not np.isfinite(affine).all() or abs(np.linalg.det(affine[:3, :3])) < 1e-12:
        raise MeshError("its affine does not place the voxels in space", str(path))
    if not placed:
        raise MeshError("it does not say where its voxels are (sform and qform are unset)", str(path))
    if values.size and values.ndim > 3 and max(values.shape[3:]) == 1:
        values = values.reshape(values.shape[:3])
    if values.ndim != 3 or not values.size:
        raise MeshError(f"an image of a bone has three dimensions, this one {values.ndim}", str(path))
    return Image(values, affine, str(path))


def is_image(path: Path | str) -> bool:
    """Whether a file is an image by its name, also one in a format that is not read."""
    return Path(path).suffix.lower() in (*SUFFIXES, *OTHERS)


def _nifti(path: Path) -> Path:
    """The path, if its name is that of a NIfTI file that is there."""
    hint = OTHERS.get(path.suffix.lower(), OTHERS[".dcm"] if path.is_dir() else "")
    if hint:
        raise MeshError(f"images are read as NIfTI (.nii, .nii.gz); {hint}", str(path))
    return existing(path, SUFFIXES)


def voxel_sides(affine: Floats, source: str) -> Floats:
    """Sides of a voxel [mm], shape (3,).

    Raises
    ------
    MeshError
        For voxels that are not rectangular.
    """
    edges = affine[:3, :3]
    sides: Floats = np.linalg.norm(edges, axis=0)
    cosines = (edges / sides).T @ (edges / sides) - np.eye(3)
    if np.abs(cosines).max() > SHEAR:
        raise MeshError("its voxels are not rectangular (a tilted gantry?); resample the image", source)
    return sides


def to_voxels(points: Floats, affine: Floats) -> Floats:
    """Voxel coordinates of points (n, 3) in millimetres to the right, anterior and superior."""
    back = np.linalg.inv(affine).astype(np.float64)
    return along_axes(points, back[:3, :3]) + back[:3, 3]


def to_millimetres(voxels: Floats, affine: Floats) -> Floats:
    """Millimetres to the right, anterior and superior of voxel coordinates (n, 3)."""
    return along_axes(voxels, affine[:3, :3]) + affine[:3, 3]
