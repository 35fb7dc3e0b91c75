"""Properties of the bone and of what fills it, by tetrahedron: the stated bone, and its regions in order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cementflow.case import BoneSpec, DensityMapSpec, HeterogeneitySpec, Permeability, RegionSpec
from cementflow.errors import CaseError
from cementflow.fem.control_volumes import ControlVolumes
from cementflow.laws.bone_density import BoneShare, HounsfieldBone, LinearBone, MineralBone
from cementflow.laws.permeability import KozenyCarmanPermeability, LogLinearPermeability, PorosityLaw
from cementflow.laws.random_field import LogNormalField
from cementflow.mesh.frame import along_axes
from cementflow.mesh.geometry import Geometry
from cementflow.mesh.grey import GreyValues, grey_values
from cementflow.mesh.images import read_image
from cementflow.mesh.labels import label_fractions, read_labels
from cementflow.mesh.regions import capsule_fractions, shape_fractions, slab_fractions
from cementflow.sites.locate import locate

Floats = NDArray[np.float64]
CLOSED = 1e-6  # what is left of the exchange with a vein that a region closes


@dataclass(frozen=True, eq=False)
class BoneFields:
    """Properties of each tetrahedron.

    Parameters
    ----------
    porosity
        Shape (m,) [-].
    permeability
        As (xx, yy, zz, yz, xz, xy) [m2], shape (m, 6); bone without regions has one row, broadcast.
    marrow
        By how much thicker the marrow is than that of the case [-], shape (m,).
    imaged
        What the image said, where the bone follows one.
    """

    porosity: Floats
    permeability: Floats
    marrow: Floats
    imaged: ImagedBone | None = None


@dataclass(frozen=True, eq=False)
class ImagedBone:
    """Bone as an image shows it, before regions.

    Parameters
    ----------
    grey
        Grey values.
    bone_share
        BV/TV of each tetrahedron as the calibration gives it, shape (m,) [-].
    porosity
        Of each tetrahedron, held in its range, shape (m,) [-].
    permeability
        Along ap, lr and si, shape (3, m) [m2].
    """

    grey: GreyValues
    bone_share: Floats
    porosity: Floats
    permeability: Floats


def bone_fields(spec: BoneSpec, marrow: float, geometry: Geometry) -> BoneFields:
    """Bone of each tetrahedron; a later region wins where two overlap.

    A tetrahedron that lies partly in a region takes the volume average of the porosities and the geometric mean of the
    permeabilities and of the viscosities of the marrow, so that a region is smooth at the scale of the mesh.

    Parameters
    ----------
    spec
        As stated.
    marrow
        Viscosity of the marrow as stated for the case [Pa s].
    geometry
        The body.
    """
    n = len(geometry.mesh.tets)
    # Bone without regions keeps one row that stands for all.
    rows = n if spec.region or spec.heterogeneity or spec.density_map else 1
    imaged = imaged_bone(spec.density_map, geometry) if spec.density_map is not None else None
    if imaged is not None:
        porosity, logarithm = imaged.porosity.copy(), np.log(imaged.permeability)
    else:
        assert spec.porosity is not None and spec.permeability is not None
        porosity = np.full(rows, spec.porosity)
        logarithm = np.tile(np.log(_along_axes(spec.permeability))[:, None], (1, rows))
    thicker = np.zeros(rows)
    if spec.heterogeneity is not None:
        logarithm += permeability_variation(spec.heterogeneity, geometry)
    for number, region in enumerate(spec.region):
        share = region_share(region, number, geometry)
        if region.rim is not None:
            assert region.rim_porosity is not None and region.rim_permeability is not None
            rim = np.maximum(region_share(region, number, geometry, region.rim) - share, 0.0)
            _mix(porosity, rim, region.rim_porosity)
            for own in logarithm:
                _mix(own, rim, np.log(region.rim_permeability))
        if region.porosity is not None:
            _mix(porosity, share, region.porosity)
        if region.permeability is not None:
            for own, new in zip(logarithm, np.log(_along_axes(region.permeability)), strict=True):
                _mix(own, share, new)
        if region.marrow_viscosity is not None:
            _mix(thicker, share, np.log(region.marrow_viscosity / marrow))
    packed = np.zeros((rows, 6))
    for k, axis in zip(np.exp(logarithm), geometry.frame.axes, strict=True):
        for column, (i, j) in enumerate(((0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1))):
            if axis[i] * axis[j] != 0.0:
                packed[:, column] += k * (axis[i] * axis[j])
    return BoneFields(
        np.broadcast_to(porosity, n),
        np.broadcast_to(packed, (n, 6)),
        np.broadcast_to(np.exp(thicker), n),
        imaged,
    )


def imaged_bone(spec: DensityMapSpec, geometry: Geometry) -> ImagedBone:
    """Porosity and permeability of each tetrahedron from the image of the geometry.

    Raises
    ------
    MeshError
        If the image cannot be read or does not show the bone.
    """
    assert geometry.image is not None and spec.anisotropy is not None
    grey = grey_values(geometry.mesh, geometry.frame, read_image(geometry.image), spec.rim)
    share = bone_share_law(spec).bone_share(grey.cells)
    porosity = np.clip(1.0 - share, *spec.porosity_range)
    along_si = spec.permeability_factor * porosity_law(spec).permeability(porosity)
    across = np.array([spec.anisotropy.ap, spec.anisotropy.lr, 1.0])
    return ImagedBone(grey, share, porosity, across[:, None] * along_si)


def bone_share_law(spec: DensityMapSpec) -> BoneShare:
    """Law of BV/TV that a calibration stands for."""
    if spec.calibration == "HU":
        return HounsfieldBone()
    if spec.calibration == "mg/cm3":
        assert spec.tissue_density is not None
        return MineralBone(spec.tissue_density)
    assert spec.slope is not None and spec.offset is not None
    return LinearBone(spec.slope, spec.offset)


def porosity_law(spec: DensityMapSpec) -> PorosityLaw:
    """Law of the permeability by porosity."""
    if spec.law == "log-linear":
        return LogLinearPermeability()
    assert spec.trabecular_thickness is not None and spec.largest_permeability is not None
    shape = 4.0 if spec.trabeculae == "rods" else 2.0
    return KozenyCarmanPermeability(spec.trabecular_thickness, shape, spec.largest_permeability)


def open_to_veins(spec: BoneSpec, permeability: Floats, geometry: Geometry) -> Floats:
    """Permeability of the bone as veins see it (m, 6) [m2]: next to nothing in regions that close them."""
    closed = np.zeros(1)
    for number, region in enumerate(spec.region):
        if region.closes_veins:
            closed = np.maximum(closed, region_share(region, number, geometry))
    return permeability * CLOSED ** closed[:, None] if closed.any() else permeability


def marrow_factor(bone: BoneFields, volumes: ControlVolumes) -> Floats:
    """By how much thicker the marrow at each vertex is than that of the case, shape (n,), or (1,) where it is not.

    The geometric mean over the tetrahedra there by volume.
    """
    if (bone.marrow == 1.0).all():
        return np.ones(1)
    mesh = volumes.mesh
    weight = np.repeat(mesh.volumes, 4)
    total = np.bincount(mesh.tets.ravel(), weight, minlength=volumes.n)
    thicker = np.bincount(mesh.tets.ravel(), weight * np.repeat(np.log(bone.marrow), 4), minlength=volumes.n)
    return np.exp(thicker / total)


def region_share(region: RegionSpec, number: int, geometry: Geometry, wider: float = 0.0) -> Floats:
    """Share of each tetrahedron in a region, or in it and what lies within a distance around it [m].

    Raises
    ------
    CaseError
        For a region that the mesh file does not have.
    MeshError
        For an image that cannot be read, or a label that is not in it or nowhere in the mesh.
    """
    mesh, frame = geometry.mesh, geometry.frame
    if region.tag is not None:
        return _tagged(region, number, geometry)
    if region.labels is not None:
        assert region.label is not None
        key = f"bone.region.{region.name or number}"
        return label_fractions(mesh, frame, read_labels(region.labels), region.label, key)
    if region.points is not None:
        start, end = (locate(p, frame) for p in region.points)
        if region.shape == "slab":
            outward = wider * (end - start) / np.linalg.norm(end - start)
            return slab_fractions(mesh, start - outward, end + outward)
        assert region.radii is not None
        return capsule_fractions(mesh, start, end, region.radii[0] + wider)
    assert region.shape is not None and region.center is not None and region.radii is not None
    return shape_fractions(
        mesh, frame, region.shape, locate(region.center, frame), np.array(region.radii) + wider
    )


def permeability_variation(spec: HeterogeneitySpec, geometry: Geometry) -> Floats:
    """Logarithm of how much more permeable the middle of each tetrahedron is than the bone as stated, shape (m,).

    The field lies in the axes of the vertebra from the middle of its box, so that a bone that is moved or turned
    keeps it.
    """
    mesh, frame = geometry.mesh, geometry.frame
    middle = mesh.points[mesh.tets].mean(axis=1)
    along = along_axes(middle, frame.axes) - 0.5 * (frame.low + frame.high)
    return LogNormalField(spec.spread, spec.correlation, spec.seed).logarithm(along)


def _mix(own: Floats, share: Floats, new: float) -> None:
    """Move values toward a new one by a share of the way."""
    own += share * (new - own)


def _along_axes(k: Permeability) -> Floats:
    return np.array([k.ap, k.lr, k.si])


def _tagged(region: RegionSpec, number: int, geometry: Geometry) -> Floats:
    mesh = geometry.mesh
    numbers = {name: i for i, name in mesh.region_names.items()}
    tag = numbers.get(region.tag) if isinstance(region.tag, str) else region.tag
    inside = mesh.region == tag
    if tag is None or not inside.any():
        known = ", ".join(mesh.region_names.get(int(i), str(i)) for i in np.unique(mesh.region))
        raise CaseError(
            f"bone.region.{region.name or number}.tag = {region.tag!r} is not in the mesh; it has {known}"
        )
    return inside.astype(np.float64)
