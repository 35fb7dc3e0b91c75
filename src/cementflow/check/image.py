"""What an image made of the bone, and what is doubtful about it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cementflow.check.findings import Finding

if TYPE_CHECKING:
    from cementflow.bone import ImagedBone
    from cementflow.case import DensityMapSpec
    from cementflow.model import Model

Floats = NDArray[np.float64]
# Where the darkest hundredth of an image is darker than air, it is in Hounsfield units; where it is brighter than fat,
# it is not, if it shows more than bone.
AIR, FAT = -500.0, -50.0
SHARES = (0.02, 0.4)  # of bone in a vertebral body as a whole, beyond which the calibration is doubtful
CLIPPED = 0.1  # of the volume held at an end of porosity_range, above which the range rules the result
UNITS = {"HU": " HU", "mg/cm3": " mg/cm3", "linear": ""}


def image_findings(model: Model) -> Iterator[Finding]:
    """What came out of a density map; that an image is not used."""
    spec, imaged = model.case.bone.density_map, model.bone.imaged
    if spec is None or imaged is None:
        if model.geometry.image is not None:
            yield Finding("note", "geometry.image: nothing reads it, as bone.density_map is not stated")
        return
    yield from _results(spec, imaged, model.geometry.mesh.volumes)
    yield from _doubts(spec, imaged, model)


def _results(spec: DensityMapSpec, imaged: ImagedBone, volumes: Floats) -> Iterator[Finding]:
    grey, unit = imaged.grey, UNITS[spec.calibration]
    key, rim = "bone.density_map", f"{1e3 * grey.rim:.2g} mm"
    sides = " x ".join(f"{side:.3g}" for side in grey.voxel)
    yield Finding(
        "note",
        f"{key}: voxels of {sides} mm, on average {grey.mean:.4g}{unit} in the bone and {grey.deep_mean:.4g}{unit} "
        f"deeper than {rim}; the {grey.in_rim:.0%} above that take the value around the nearest one below (assumed)",
    )
    along = imaged.permeability[2]
    yield Finding(
        "note",
        f"{key}: BV/TV {_range(imaged.bone_share, volumes)}, porosity {_range(imaged.porosity, volumes)}, permeability "
        f"along si {_range(along, volumes, 'm2')}: 5 % of the bone below, median, 5 % above; "
        f"law {spec.law} (assumed)",
    )


def _doubts(spec: DensityMapSpec, imaged: ImagedBone, model: Model) -> Iterator[Finding]:
    grey, volumes, key = imaged.grey, model.geometry.mesh.volumes, "bone.density_map"
    if grey.covered < 1.0:
        yield Finding(
            "warning",
            f"{key}: {1.0 - grey.covered:.1%} of the bone lies outside the image and takes the value of the nearest "
            "voxel",
        )
    if spec.calibration == "mg/cm3" and grey.lowest < AIR:
        yield Finding(
            "warning",
            f'{key}.calibration: "mg/cm3" is stated, but a hundredth of the image lies below {grey.lowest:.4g}, '
            "which looks like Hounsfield units of air",
        )
    if spec.calibration == "HU" and grey.lowest > FAT:
        yield Finding(
            "warning",
            f'{key}.calibration: "HU" is stated, but hardly anything lies below {grey.lowest:.4g}, and fat would '
            "be near -100; is it a calibrated density?",
        )
    share = float(imaged.bone_share @ volumes / volumes.sum())
    if not SHARES[0] <= share <= SHARES[1]:
        yield Finding(
            "warning",
            f"{key}: the mean BV/TV is {share:.3g}, that of a vertebral body lies between {SHARES[0]:g} and "
            f"{SHARES[1]:g}; is the calibration right?",
        )
    solid, hollow = (_share_at(imaged.porosity, end, volumes) for end in spec.porosity_range)
    if solid or hollow:
        yield Finding(
            "warning" if solid + hollow > CLIPPED else "note",
            f"{key}.porosity_range: {hollow:.1%} of the bone is held at the porosity {spec.porosity_range[1]:g}, "
            f"{solid:.1%} at {spec.porosity_range[0]:g}",
        )
    edge = 1e3 * model.geometry.report.quality.mean_edge_length
    if grey.voxel.max() > edge:
        yield Finding(
            "note",
            f"{key}: voxels of up to {grey.voxel.max():.3g} mm are larger than the mean edge of {edge:.2g} mm; "
            "between them the values are straight lines",
        )


def _range(values: Floats, volumes: Floats, unit: str = "") -> str:
    """Fifth percentile, median and 95th percentile by volume, in words."""
    order = np.argsort(values)
    below = np.cumsum(volumes[order])
    places = np.searchsorted(below, np.array([0.05, 0.5, 0.95]) * below[-1])
    return " / ".join(f"{values[order[p]]:.3g}" for p in places) + (f" {unit}" if unit else "")


def _share_at(values: Floats, end: float, volumes: Floats) -> float:
    """Share of the volume with exactly this value."""
    return float(volumes[values == end].sum() / volumes.sum())
