"""Grey values of an image in the tetrahedra of a bone, without what its wall and what lies outside do to them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cementflow.errors import MeshError
from cementflow.mesh.bvh import SurfaceDistance
from cementflow.mesh.frame import AnatomicalFrame, along_axes
from cementflow.mesh.images import Image, to_millimetres, to_voxels, voxel_sides
from cementflow.mesh.labels import CHUNK, RIGHT_ANTERIOR_SUPERIOR, SAMPLES
from cementflow.mesh.regions import sample_weights
from cementflow.mesh.tetmesh import Floats, TetMesh

# From here below the wall a voxel shows no cortex, if its longest side is added [m]; see docs/geometry.md.
RIM = 2e-3
# Voxels smaller than this share of the mean edge are averaged to about that size first.
COARSE = 0.4
MARGIN = 2  # voxels around the bone
LOOKED_AT = 200_000  # voxels that tell the lowest value of an image


@dataclass(frozen=True, eq=False)
class GreyValues:
    """What an image says of a bone.

    Parameters
    ----------
    cells
        Mean over each tetrahedron, shape (m,); near the wall that around the nearest voxel below the rim.
    mean, deep_mean
        Over the voxels whose middle lies in the bone, and over those deeper than the rim.
    lowest
        Below which a hundredth of the whole image lies: air or fat, where it is in Hounsfield units.
    rim
        Depth from which on voxels count [m].
    in_rim
        Share of the voxels in the bone that do not.
    covered
        Share of the bone that lies in the image.
    voxel
        Sides of a voxel [mm], shape (3,).
    """

    cells: Floats
    mean: float
    deep_mean: float
    lowest: float
    rim: float
    in_rim: float
    covered: float
    voxel: Floats


def grey_values(mesh: TetMesh, frame: AnatomicalFrame, image: Image, rim: float | None = None) -> GreyValues:
    """Grey values of the tetrahedra.

    Parameters
    ----------
    mesh, frame
        The bone, and where its axes point: its millimetres to the right, anterior and superior are those of the image.
    image
        The image.
    rim
        Depth below the wall from which on the middle of a voxel shows what the bone is filled with [m]; by default 2 mm
        and the longest side of a voxel.

    Raises
    ------
    MeshError
        If the image does not show the bone, or none of it below the rim.
    """
    sides = voxel_sides(image.affine, image.source)
    rim = RIM + 1e-3 * float(sides.max()) if rim is None else rim
    to_world = frame.axes[RIGHT_ANTERIOR_SUPERIOR]
    voxel = to_voxels(1e3 * along_axes(mesh.points, to_world), image.affine)
    covered = _covered(mesh, voxel, image)
    values, corner, step = _cropped(image, voxel, _parts(sides, mesh.mean_edge_length))
    places = np.moveaxis(np.indices(values.shape), 0, -1).reshape(-1, 3) * step + corner
    points = 1e-3 * along_axes(to_millimetres(places, image.affine), to_world.T)
    depth = -SurfaceDistance(mesh.points, mesh.boundary)(points).reshape(values.shape)
    known = np.isfinite(values)
    inside, deep = known & (depth > 0.0), known & (depth >= max(rim, 1e-9))
    if not deep.any():
        raise MeshError(
            f"no voxel of it lies deeper than {1e3 * rim:.3g} mm in the bone, whose deepest one lies at "
            f"{1e3 * max(float(depth.max()), 0.0):.3g} mm; state a smaller bone.density_map.rim",
            image.source,
        )
    filled = _filled(values, deep, sides * step)
    return GreyValues(
        cells=_cell_means(filled, (voxel - corner) / step, mesh),
        mean=float(values[inside].mean()),
        deep_mean=float(values[deep].mean()),
        lowest=_lowest(image),
        rim=rim,
        in_rim=1.0 - np.count_nonzero(deep) / np.count_nonzero(inside),
        covered=covered,
        voxel=sides,
    )


def _lowest(image: Image) -> float:
    """First percentile of the image, from voxels at even distances."""
    values = image.values.ravel()[:: max(1, image.values.size // LOOKED_AT)]
    return float(np.nanquantile(values, 0.01))


def _covered(mesh: TetMesh, voxel: Floats, image: Image) -> float:
    """Share of the bone inside the image, by the middles of the tetrahedra."""
    middle = voxel[mesh.tets].mean(axis=1)
    there = ((middle >= -0.5) & (middle <= np.array(image.values.shape) - 0.5)).all(axis=1)
    if not there.any():
        places = [
            ", ".join(f"{x:.0f}" for x in to_millimetres(p[None], image.affine)[0])
            for p in (0.5 * (np.array(image.values.shape) - 1.0), voxel.mean(axis=0))
        ]
        raise MeshError(
            f"the image does not show the bone: its middle is at ({places[0]}) mm to the right, anterior and superior, "
            f"that of the bone at ({places[1]})",
            image.source,
        )
    return float(mesh.volumes[there].sum() / mesh.volumes.sum())


def _parts(sides: Floats, edge: float) -> NDArray[np.intp]:
    """How many voxels along each axis are averaged to one."""
    return np.maximum(np.floor(COARSE * 1e3 * edge / sides), 1.0).astype(np.intp)


def _cropped(image: Image, voxel: Floats, parts: NDArray[np.intp]) -> tuple[Floats, Floats, NDArray[np.intp]]:
    """Values around the bone, some averaged to one; the voxel that the first lies at, and their distance."""
    size = np.array(image.values.shape)
    parts = np.minimum(parts, size)
    low = np.clip(np.floor(voxel.min(axis=0)) - MARGIN * parts, 0, size - parts).astype(np.intp)
    high = np.clip(np.ceil(voxel.max(axis=0)) + MARGIN * parts + 1, low + parts, size).astype(np.intp)
    number = (high - low) // parts
    box = tuple(slice(a, a + n * p) for a, n, p in zip(low, number, parts, strict=True))
    blocks = np.asarray(image.values[box], np.float64).reshape(
        number[0], parts[0], number[1], parts[1], number[2], parts[2]
    )
    return blocks.mean(axis=(1, 3, 5)), low + 0.5 * (parts - 1.0), parts


def _filled(values: Floats, deep: NDArray[np.bool_], spacing: Floats) -> Floats:
    """Values with those that do not count replaced by the mean around the nearest one that does.

    The mean over its neighbours that count too, as the noise of one voxel would spread over much of the rim.
    """
    from scipy.ndimage import distance_transform_edt, uniform_filter

    own = np.where(deep, values, 0.0)
    mean = uniform_filter(own, 3, mode="constant") / np.where(
        deep, uniform_filter(1.0 * deep, 3, mode="constant"), 1.0
    )
    nearest = distance_transform_edt(~deep, spacing, return_distances=False, return_indices=True)
    return np.where(deep, own, mean[tuple(nearest)])


def _cell_means(values: Floats, voxel: Floats, mesh: TetMesh) -> Floats:
    """Mean of the values, linear between the middles of voxels, over each tetrahedron."""
    from scipy.ndimage import map_coordinates

    weights, means = sample_weights()[:SAMPLES], np.empty(len(mesh.tets))
    for start in range(0, len(means), CHUNK):
        corners = voxel[mesh.tets[start : start + CHUNK]]
        samples = np.einsum("sk,mki->ims", weights, corners)
        found = map_coordinates(values, samples.reshape(3, -1), order=1, mode="nearest")
        means[start : start + CHUNK] = found.reshape(len(corners), SAMPLES).mean(axis=1)
    return means
