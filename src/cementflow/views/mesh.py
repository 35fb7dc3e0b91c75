"""The mesh of a run as pictures need it; what follows from it is found once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cementflow.views.level import Level, level
from cementflow.views.surface import Surface, cell_array, cross, smooth

Floats = NDArray[np.float64]
Indices = NDArray[np.integer]

# Of the diagonal, less than a tenth of a pixel: nearer vertices count as on a plane. Slivers beside them would show as
# lines.
_ON_PLANE = 1e-4


@dataclass(frozen=True, eq=False)
class Mesh:
    """Points [mm] of shape (vertices, 3) and tetrahedra of shape (tets, 4), of positive volume as in every run."""

    points: Floats
    tets: Indices

    @cached_property
    def length(self) -> float:
        """Diagonal of the box around it [mm]."""
        return float(np.linalg.norm(np.ptp(self.points, axis=0)))

    @cached_property
    def center(self) -> Floats:
        """Centre of the box around it [mm]."""
        return 0.5 * (self.points.min(axis=0) + self.points.max(axis=0))

    @property
    def volumes(self) -> Floats:
        """Of the tetrahedra [mm3]."""
        a, b, c, d = self.points[self.tets.T]
        six: Floats = np.einsum("ij,ij->i", cross(b - a, c - a), d - a)
        return six / 6.0

    @cached_property
    def wall(self) -> Indices:
        """Outer faces, turned outward, shape (faces, 3)."""
        from vtkmodules.util.numpy_support import vtk_to_numpy
        from vtkmodules.vtkFiltersGeometry import vtkGeometryFilter

        faces = vtkGeometryFilter()
        faces.SetInputData(self._grid())
        faces.PassThroughPointIdsOn()
        faces.Update()
        found = faces.GetOutput()
        vertices = vtk_to_numpy(found.GetPointData().GetArray(faces.GetOriginalPointIdsName()))
        corners = vtk_to_numpy(found.GetPolys().GetConnectivityArray())
        return vertices[corners].reshape(-1, 3)

    @cached_property
    def surface(self) -> Surface:
        """Outer faces with normals."""
        vertices, corners = np.unique(self.wall, return_inverse=True)
        return smooth(self.points[vertices], corners.reshape(-1, 3))

    def plane(self, origin: Floats, normal: Floats) -> Level:
        """Triangles of a plane through it; none if it passes it by."""
        away = (self.points - origin) @ normal
        away[np.abs(away) < _ON_PLANE * self.length] = 0.0
        return level(away, self.tets)

    def _grid(self) -> Any:
        from vtkmodules.util.numpy_support import numpy_to_vtk
        from vtkmodules.vtkCommonCore import vtkPoints
        from vtkmodules.vtkCommonDataModel import VTK_TETRA, vtkUnstructuredGrid

        points, grid = vtkPoints(), vtkUnstructuredGrid()
        points.SetData(numpy_to_vtk(self.points))
        grid.SetPoints(points)
        grid.SetCells(VTK_TETRA, cell_array(self.tets))
        return grid
