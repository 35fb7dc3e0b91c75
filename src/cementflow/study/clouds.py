"""How far two clouds of cement agree: the volume in both and in one only, and where that is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cementflow.mesh.tetmesh import around_vertices
from cementflow.views.mesh import Mesh
from cementflow.views.quiet import quiet_vtk
from cementflow.views.sheet import Frame, RunSheet, open_run
from cementflow.views.snapshots import SATURATION, Snapshot, read_snapshot, snapshot_files

Floats = NDArray[np.float64]

INSIDE = 0.5  # saturation at the edge of a cloud, as the pictures draw it
_SAMPLES = 200_000  # of the common grid over both bones


@dataclass(frozen=True, eq=False)
class Samples:
    """Two runs on one grid along the anatomical axes of the first.

    Parameters
    ----------
    frame
        The axes.
    axes
        Places of the samples along left to right, back to front and feet to head [mm].
    first, second
        Saturations, shape (lr, ap, si); 0 outside the bone.
    bone
        Whether a sample lies in the first bone, same shape.
    """

    frame: Frame
    axes: tuple[Floats, Floats, Floats]
    first: Floats
    second: Floats
    bone: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class CloudDifference:
    """Clouds at the last stored times of two runs.

    Parameters
    ----------
    both, only_first, only_second
        Volumes of bone within the clouds [mL].
    same_mesh
        Whether they are from the vertices of one mesh; otherwise from samples.
    spacing
        Distance of the samples [mm].
    samples
        What the picture is drawn from.
    """

    both: float
    only_first: float
    only_second: float
    same_mesh: bool
    spacing: float
    samples: Samples

    @property
    def dice(self) -> float | None:
        """Twice the common volume over the sum of both; None if neither run has a cloud."""
        total = 2 * self.both + self.only_first + self.only_second
        return 2 * self.both / total if total > 0 else None


def cloud_difference(first: Path, second: Path) -> CloudDifference | None:
    """Compare the clouds of two run folders; None where one stored no fields.

    A cloud is where the saturation is 0.5 or more. On one mesh its volume is that of its vertices (a quarter of each
    tetrahedron around them), otherwise that of samples, linear between the vertices, on one grid over both bones.

    Raises
    ------
    InputError
        If a folder or its fields cannot be read.
    """
    if not (snapshot_files(first) and snapshot_files(second)):
        return None
    sheets = open_run(first), open_run(second)
    shots = [read_snapshot(sheet) for sheet in sheets]
    samples, spacing = _sampled(sheets[0], shots)
    one_mesh = same_mesh(*(shot.mesh for shot in shots))
    if one_mesh:
        volumes = vertex_volumes(shots[0].mesh)
        values = [shot.fields[SATURATION] for shot in shots]
    else:
        volumes = np.full(samples.first.size, spacing**3)
        values = [samples.first.ravel(), samples.second.ravel()]
    a, b = (v >= INSIDE for v in values)
    both, only_a, only_b = (1e-3 * float(volumes[w].sum()) for w in (a & b, a & ~b, b & ~a))
    return CloudDifference(both, only_a, only_b, one_mesh, spacing, samples)


def same_mesh(first: Mesh, second: Mesh) -> bool:
    """Whether two meshes have the same vertices and cells."""
    return np.array_equal(first.points, second.points) and np.array_equal(first.tets, second.tets)


def vertex_volumes(mesh: Mesh) -> Floats:
    """Volumes around the vertices of a mesh [mm3], shape (vertices,)."""
    return 0.25 * around_vertices(mesh.tets, np.abs(mesh.volumes), len(mesh.points))


def _sampled(sheet: RunSheet, shots: list[Snapshot]) -> tuple[Samples, float]:
    frame = sheet.frame
    turn = np.array([frame.lr, frame.ap, frame.si])
    placed = np.vstack([shot.mesh.points for shot in shots]) @ turn.T
    low, high = placed.min(axis=0), placed.max(axis=0)
    spacing = float((np.prod(high - low) / _SAMPLES) ** (1 / 3))
    axes = tuple(np.arange(a + spacing / 2, b, spacing) for a, b in zip(low, high, strict=True))
    shape = tuple(map(len, axes))
    points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3) @ turn
    fields, inside = zip(*(_probe(shot, points) for shot in shots), strict=True)
    first, second = (f.reshape(shape) for f in fields)
    return Samples(frame, (axes[0], axes[1], axes[2]), first, second, inside[0].reshape(shape)), spacing


def _probe(shot: Snapshot, points: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """Saturation at points, and whether they are inside."""
    import pyvista

    grid = pyvista.UnstructuredGrid({pyvista.CellType.TETRA: shot.mesh.tets}, shot.mesh.points)
    grid.point_data[SATURATION] = shot.fields[SATURATION]
    with quiet_vtk():
        found = pyvista.PolyData(points).sample(grid)
    inside = np.asarray(found.point_data["vtkValidPointMask"]).astype(bool)
    return np.where(inside, np.asarray(found.point_data[SATURATION], float), 0.0), inside
