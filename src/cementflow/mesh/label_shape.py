"""The smooth shape of a labelled part of an image: a level set without the steps of the voxels.

The signed distance to the border of the voxels is smoothed by 2 G - G G, G a Gaussian of 1.3 times the root mean square
of the sides of a voxel, in millimetres alike in all directions: G alone would draw curved borders inward. Its level is
chosen such that the shape has the volume of the voxels. Between voxels it is a cubic spline. How near this comes to
known shapes, and what else was tried, is in docs/geometry.md and docs/decisions.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from cementflow.errors import MeshError
from cementflow.mesh.images import to_millimetres, to_voxels, voxel_sides
from cementflow.mesh.labels import LabelImage, box_of
from cementflow.mesh.tetmesh import Floats

SMOOTH = 1.3  # deviation of the Gaussian, in root mean squares of the sides of a voxel
SLOPE = 2.5  # largest slope of the level set: at the border of voxels the distance jumps by a voxel
MARGIN = 4  # voxels around the label
FINE = 0.5  # mm; the volume is counted on points no further apart
LARGEST = 60_000_000  # voxels of the box of a label that are smoothed in some 3 GB
SIDES = (("left", "right"), ("posterior", "anterior"), ("inferior", "superior"))
Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class LabelShape:
    """A level-set function in metres to the right, anterior and superior.

    Parameters
    ----------
    spline
        Coefficients of the level set on the grid [mm].
    level
        Value on the border of the shape [mm].
    affine
        From voxels to millimetres, shape (4, 4).
    low, high
        Box that holds the shape [m], shape (3,).
    voxel
        Sides of a voxel [mm].
    volume
        Of the voxels [m3].
    notes, warnings
        What was left out or filled; where the image cuts the bone off.
    """

    spline: Floats
    level: float
    affine: Floats
    low: Floats
    high: Floats
    voxel: Floats
    volume: float
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    def __call__(self, points: Floats) -> Floats:
        """Level set [m] at points (n, 3) [m]: negative inside, between 0.5 and 1.6 of the distance near the border."""
        from scipy.ndimage import map_coordinates

        voxels = to_voxels(1e3 * points, self.affine)
        value: Floats = map_coordinates(self.spline, voxels.T, order=3, prefilter=False, mode="nearest")
        return 1e-3 * (value - self.level)

    def distance(self, points: Floats) -> Floats:
        """Distance to the border [m] at points (n, 3) near it, to first order: the value over its slope."""
        step = 0.1e-3 * float(self.voxel.min())
        slope = np.stack([self(points + d) - self(points - d) for d in step * np.eye(3)], axis=1) / (2 * step)
        return np.abs(self(points)) / np.maximum(np.linalg.norm(slope, axis=1), 0.1)


def label_shape(image: LabelImage, labels: tuple[int, ...], key: str = "geometry.label") -> LabelShape:
    """Smooth shape of the voxels that have one of some labels.

    Parameters
    ----------
    image, labels
        The image, and which voxels of it are the bone.
    key
        Of the entry that states them, for messages.

    Raises
    ------
    MeshError
        For labels that the image has not, and voxels that are not rectangular or too many.
    """
    voxel = voxel_sides(image.affine, image.source)
    chosen = _chosen(image, labels, key)
    warnings = _cut_off(chosen, image.affine)
    corner, inside = _cropped(chosen, image.source)
    inside, notes = _one_solid(inside, 1e-3 * float(np.prod(voxel)))
    affine = image.affine.copy()
    affine[:3, 3] = to_millimetres(corner[None] - MARGIN, image.affine)[0]
    field = _smooth_distance(inside, voxel)
    level, spline = _level_of_volume(field, inside, voxel)
    within = 1e-3 * to_millimetres(np.argwhere(inside).astype(float), affine)
    half = 0.5e-3 * np.abs(affine[:3, :3]).sum(axis=1)
    volume = 1e-9 * float(np.prod(voxel)) * np.count_nonzero(inside)
    low, high = within.min(axis=0) - half, within.max(axis=0) + half
    return LabelShape(spline, level, affine, low, high, voxel, volume, notes, warnings)


def _chosen(image: LabelImage, labels: tuple[int, ...], key: str) -> Mask:
    """Which voxels have one of the labels."""
    missing = [str(n) for n in labels if not (image.values == n).any()]
    if missing:
        text = ", ".join(missing)
        raise MeshError(f"{key} = {text} is not in the image; it has {image.known()}", image.source)
    chosen: Mask = np.isin(image.values, labels)
    return chosen


def _cut_off(chosen: Mask, affine: Floats) -> tuple[str, ...]:
    """Where the label reaches the border of the image."""
    cut = []
    for axis, end in product(range(3), (0, -1)):
        if chosen.take(end, axis=axis).any():
            toward = affine[:3, axis] * (1.0 if end else -1.0)
            way = int(np.abs(toward).argmax())
            cut.append(SIDES[way][int(toward[way] > 0.0)])
    if not cut:
        return ()
    return (f"the label reaches the {' and '.join(cut)} border of the image, where the bone is cut off",)


def _cropped(chosen: Mask, source: str) -> tuple[Floats, Mask]:
    """Lowest voxel of the label, and its box with a margin around it."""
    box = box_of(chosen)
    size = np.prod([float(s.stop - s.start + 2 * MARGIN) for s in box])
    if size > LARGEST:
        finest = f"the box of the label has {size:.2g} voxels, more than {LARGEST:.0e}"
        raise MeshError(f"{finest}; resample the image to larger voxels", source)
    return np.array([s.start for s in box], float), np.pad(chosen[box], MARGIN)


def _one_solid(inside: Mask, voxel_ml: float) -> tuple[Mask, tuple[str, ...]]:
    """The largest piece without holes, and notes on what was left out and filled."""
    from scipy.ndimage import binary_fill_holes, label

    notes = []
    number, pieces = label(inside, np.ones((3, 3, 3)))
    if pieces > 1:
        sizes = np.bincount(number.ravel())[1:]
        largest = number == 1 + int(sizes.argmax())
        left = (sizes.sum() - sizes.max()) * voxel_ml
        several = f"{pieces - 1} smaller piece{'s' if pieces > 2 else ''} of the label"
        notes.append(f"{several} ({left:.3g} mL) left out")
        inside = largest
    solid: Mask = binary_fill_holes(inside)
    filled = np.count_nonzero(solid) - np.count_nonzero(inside)
    if filled:
        notes.append(f"holes in the label filled ({filled * voxel_ml:.3g} mL)")
    return solid, tuple(notes)


def _smooth_distance(inside: Mask, voxel: Floats) -> Floats:
    """Smoothed signed distance to the border of the voxels [mm]."""
    from scipy.ndimage import distance_transform_edt, gaussian_filter

    signed = distance_transform_edt(~inside, voxel) - distance_transform_edt(inside, voxel)
    deviation = SMOOTH * np.sqrt(np.mean(voxel**2)) / voxel
    once = gaussian_filter(signed, deviation, mode="nearest")
    smooth: Floats = 2.0 * once - gaussian_filter(once, deviation, mode="nearest")
    return smooth


def _level_of_volume(field: Floats, inside: Mask, voxel: Floats) -> tuple[float, Floats]:
    """Level inside of which as much volume lies as in the voxels [mm], and the spline of the field.

    Voxels away from the border count as a whole, the others by finer points.
    """
    from scipy.ndimage import map_coordinates, spline_filter

    spline: Floats = spline_filter(field, 3, mode="nearest")
    reach = 3.0 * float(voxel.max())
    near = np.argwhere(np.abs(field) < reach).T.astype(float)
    parts = np.ceil(voxel / FINE).astype(int)
    values = [
        map_coordinates(spline, near + np.array(shift)[:, None], order=3, prefilter=False, mode="nearest")
        for shift in product(*((np.arange(n) + 0.5) / n - 0.5 for n in parts))
    ]
    deep = np.count_nonzero(field <= -reach)
    wanted = (np.count_nonzero(inside) - deep) * int(np.prod(parts))
    ordered = np.partition(np.concatenate(values), wanted)
    return float(ordered[wanted]), spline
