"""Triangles in space, as arrays and as what VTK takes them as."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Indices = NDArray[np.integer]


@dataclass(frozen=True, eq=False)
class Surface:
    """Triangles between points [mm], and unit normals at the points."""

    points: Floats
    triangles: Indices
    normals: Floats


def smooth(points: Floats, triangles: Indices) -> Surface:
    """A surface with the mean normal of the triangles around each point."""
    a, b, c = points[triangles.T]
    across = _units(cross(b - a, c - a))
    corners = triangles.ravel()
    normals = np.stack([np.bincount(corners, np.repeat(part, 3), len(points)) for part in across.T], axis=1)
    return Surface(points, triangles, _units(normals))


def cross(a: Floats, b: Floats) -> Floats:
    """Cross products of vectors, shapes (3,) or (vectors, 3); `np.cross` takes longer to look at the axes."""
    (ax, ay, az), (bx, by, bz) = a.T, b.T
    return np.stack([ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx], axis=-1)


def joined(surfaces: Sequence[Surface]) -> Surface:
    """Surfaces as one."""
    starts = np.cumsum([0, *(len(surface.points) for surface in surfaces)])
    return Surface(
        np.concatenate([surface.points for surface in surfaces]),
        np.concatenate([s.triangles + start for s, start in zip(surfaces, starts, strict=False)]),
        np.concatenate([surface.normals for surface in surfaces]),
    )


def polydata(surface: Surface) -> Any:
    """A surface as `vtkPolyData`, which shares its arrays."""
    from vtkmodules.util.numpy_support import numpy_to_vtk
    from vtkmodules.vtkCommonCore import vtkPoints
    from vtkmodules.vtkCommonDataModel import vtkPolyData

    points, data = vtkPoints(), vtkPolyData()
    points.SetData(numpy_to_vtk(np.ascontiguousarray(surface.points)))
    data.SetPoints(points)
    data.SetPolys(cell_array(surface.triangles))
    data.GetPointData().SetNormals(numpy_to_vtk(np.ascontiguousarray(surface.normals)))
    return data


def cell_array(cells: Indices) -> Any:
    """Cells of one kind, shape (cells, corners), as `vtkCellArray`."""
    from vtkmodules.util.numpy_support import numpy_to_vtkIdTypeArray
    from vtkmodules.vtkCommonDataModel import vtkCellArray

    array = vtkCellArray()
    array.SetData(cells.shape[1], numpy_to_vtkIdTypeArray(np.ascontiguousarray(cells, np.int64).ravel()))
    return array


def _units(vectors: NDArray) -> Floats:
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(length > 0, length, 1.0)
