"""Reads VTU files into arrays."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cementflow.errors import InputError
from cementflow.views.quiet import quiet_vtk

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Stored:
    """What a file holds: points [m], cells of one kind by their points, and fields by name.

    Parameters
    ----------
    points, cells
        Shapes (points, 3) and (cells, corners).
    point_data, cell_data
        Those fields that were wanted.
    point_names
        Names of all fields at points.
    """

    points: Floats
    cells: NDArray[np.integer]
    point_data: Mapping[str, Floats]
    cell_data: Mapping[str, Floats]
    point_names: tuple[str, ...]


def read_vtu(path: Path, corners: int, wanted: Container[str]) -> Stored:
    """Read cells with that many corners, and the wanted fields.

    Raises
    ------
    InputError
        If it is no such file.
    """
    from vtkmodules.util.numpy_support import vtk_to_numpy
    from vtkmodules.vtkIOXML import vtkXMLUnstructuredGridReader

    with quiet_vtk():
        reader = vtkXMLUnstructuredGridReader()
        reader.SetFileName(str(path))
        reader.UpdateInformation()
        names = _choose(reader.GetPointDataArraySelection(), wanted)
        _choose(reader.GetCellDataArraySelection(), wanted)
        reader.Update()
    grid = reader.GetOutput()
    starts = vtk_to_numpy(grid.GetCells().GetOffsetsArray())
    if len(starts) < 2 or not (np.diff(starts) == corners).all():
        raise InputError("holds no cells or cannot be read as VTU", str(path))
    return Stored(
        np.asarray(vtk_to_numpy(grid.GetPoints().GetData()), float),
        vtk_to_numpy(grid.GetCells().GetConnectivityArray()).reshape(-1, corners),
        _arrays(grid.GetPointData()),
        _arrays(grid.GetCellData()),
        names,
    )


def _choose(selection: Any, wanted: Container[str]) -> tuple[str, ...]:
    """Select the wanted arrays of a reader; the names of all."""
    names = tuple(selection.GetArrayName(i) for i in range(selection.GetNumberOfArrays()))
    for name in names:
        selection.SetArraySetting(name, int(name in wanted))
    return names


def _arrays(data: Any) -> dict[str, Floats]:
    from vtkmodules.util.numpy_support import vtk_to_numpy

    arrays = (data.GetArray(i) for i in range(data.GetNumberOfArrays()))
    return {array.GetName(): np.asarray(vtk_to_numpy(array), float) for array in arrays}
