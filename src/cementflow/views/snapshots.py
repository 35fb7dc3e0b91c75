"""The fields of a run at one time, in the units of the pictures (mm, kPa)."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cementflow.errors import InputError
from cementflow.laws.thermal import ZERO_CELSIUS
from cementflow.views.history import History, found_instead
from cementflow.views.quiet import quiet_vtk
from cementflow.views.sheet import Outlet, RunSheet

PRESSURE = "pressure [kPa]"
SATURATION = "cement saturation [-]"
POROSITY = "porosity [-]"
SHARE, RADIUS = "cement share [-]", "radius [mm]"
PEAK = "peak temperature [degC]"
HOT_TIME = "time above 47 degC [s]"
LOG_DOSE = "decimal logarithm of the thermal dose in min"
LOG_DAMAGE = "decimal logarithm of the thermal damage"
_PRESSURE_SI = "pressure [Pa]"
_PEAK_SI, _DOSE, _DAMAGE = "peak temperature [K]", "thermal dose [min]", "thermal damage [-]"
_HEAT = (_PEAK_SI, HOT_TIME, _DOSE, _DAMAGE)
_NO_HARM = 1e-6  # of dose and damage: far below every threshold


@dataclass(frozen=True, eq=False)
class OutletState:
    """An outlet at one time: leaked volume [mL], whether it leaks, length of cement in its tube [mm]."""

    outlet: Outlet
    leaked: float
    leaks: bool
    reach: float

    @property
    def named(self) -> bool:
        """Whether it has a name in pictures: of a tree only the veins that take cement."""
        return self.leaks or not self.outlet.of_tree


@dataclass(frozen=True, eq=False)
class Snapshot:
    """The fields at one time.

    Parameters
    ----------
    time
        Time of the fields [s].
    asked
        The time that was asked for [s], where it is another one.
    grid
        `pyvista.UnstructuredGrid`, points in mm, point data `PRESSURE` and `SATURATION`, of a heated run `PEAK`,
        `HOT_TIME`, `LOG_DOSE` and `LOG_DAMAGE`, and where it was stored the cell data `POROSITY`.
    outlets
        The outlets at that time.
    veins
        The tree of veins as lines, `pyvista.PolyData`, points in mm, cell data `SHARE` and `RADIUS` [mm]; None without.
    """

    time: float
    asked: float | None
    grid: Any
    outlets: tuple[OutletState, ...]
    veins: Any | None = None

    @property
    def heated(self) -> bool:
        """Whether the fields tell what heat did."""
        return PEAK in self.grid.point_data


def snapshot_files(run: Path) -> list[tuple[float, Path]]:
    """Times [s] and files of the stored fields in rising order; empty if the run stored none.

    Raises
    ------
    InputError
        If `fields.pvd` is there but is no valid collection.
    """
    index = Path(run) / "fields.pvd"
    if not index.is_file():
        return []
    try:
        sets = ElementTree.parse(index).getroot().iter("DataSet")
        entries = [(float(s.attrib["timestep"]), index.parent / s.attrib["file"]) for s in sets]
    except (ElementTree.ParseError, KeyError, ValueError) as error:
        raise InputError(f"is not a valid collection of fields: {error}", str(index)) from error
    return sorted((entry for entry in entries if entry[1].is_file()), key=lambda entry: entry[0])


def read_snapshot(sheet: RunSheet, time: float | None = None) -> Snapshot:
    """Read the fields at the stored time nearest to `time` [s]; the last ones if that is None.

    Raises
    ------
    InputError
        If the folder holds no fields, `time` lies outside the stored times, or an array is missing.
    """
    files = snapshot_files(sheet.folder)
    if not files:
        raise InputError(
            "holds no fields (fields.pvd and fields/*.vtu); run with output.fields = true", str(sheet.folder)
        )
    stored, path = _pick(files, time, sheet.folder)
    grid = _read_grid(path)
    is_last = stored == files[-1][0]
    states = tuple(_state(sheet.history, outlet, stored, is_last) for outlet in sheet.outlets)
    near = time is None or abs(time - stored) <= 1e-9 * max(1.0, abs(stored))
    return Snapshot(stored, None if near else time, grid, states, _read_veins(path))


def _pick(files: list[tuple[float, Path]], time: float | None, run: Path) -> tuple[float, Path]:
    first, last = files[0][0], files[-1][0]
    if time is None:
        return files[-1]
    slack = 1e-6 * max(1.0, abs(last))
    if not first - slack <= time <= last + slack:
        raise InputError(
            f"time {time:g} s is out of range: fields are stored from {first:g} s to {last:g} s", str(run)
        )
    return min(files, key=lambda entry: abs(entry[0] - time))


def _read_grid(path: Path) -> Any:
    import pyvista

    with quiet_vtk():
        reader = pyvista.get_reader(path)
        reader.disable_all_cell_arrays()
        if POROSITY in reader.cell_array_names:
            reader.enable_cell_array(POROSITY)
        grid = reader.read()
    if not isinstance(grid, pyvista.UnstructuredGrid) or not grid.n_cells:
        raise InputError("holds no cells or cannot be read as VTU", str(path))
    names = list(grid.point_data)
    missing = [name for name in (_PRESSURE_SI, SATURATION) if name not in names]
    if missing:
        raise InputError([f"no vertex field '{n}'{found_instead(n, names)}" for n in missing], str(path))
    pressure = np.asarray(grid.point_data[_PRESSURE_SI], float) / 1e3
    saturation = np.asarray(grid.point_data[SATURATION], float)
    if not (np.isfinite(pressure).all() and np.isfinite(saturation).all()):
        raise InputError("pressure or saturation is not finite everywhere", str(path))
    shown = pyvista.UnstructuredGrid()
    shown.copy_structure(grid)
    shown.points = np.asarray(grid.points, float) * 1e3
    shown.point_data[PRESSURE] = pressure
    shown.point_data[SATURATION] = saturation
    if POROSITY in grid.cell_data:
        shown.cell_data[POROSITY] = np.asarray(grid.cell_data[POROSITY], float)
    if all(name in names for name in _HEAT):
        _add_heat(shown, grid)
    return shown


def _read_veins(path: Path) -> Any | None:
    """The tree that was stored with some fields."""
    import pyvista

    veins = path.parent.parent / "veins" / path.name
    if not veins.is_file():
        return None
    with quiet_vtk():
        stored: Any = pyvista.read(veins)
    points = np.asarray(stored.points, float) * 1e3
    ends = np.arange(len(points)).reshape(-1, 2)
    tree = pyvista.PolyData(points, lines=np.insert(ends, 0, 2, axis=1))
    tree.cell_data[SHARE] = np.asarray(stored.cell_data[SHARE])
    tree.cell_data[RADIUS] = 0.5e3 * np.asarray(stored.cell_data["diameter [m]"])
    return tree


def _add_heat(shown: Any, grid: Any) -> None:
    """Add what heat did. Dose and damage grow tenfold within a few kelvin: their logarithms are what is nearly even."""
    shown.point_data[PEAK] = np.asarray(grid.point_data[_PEAK_SI], float) - ZERO_CELSIUS
    shown.point_data[HOT_TIME] = np.asarray(grid.point_data[HOT_TIME], float)
    for name, stored in ((LOG_DOSE, _DOSE), (LOG_DAMAGE, _DAMAGE)):
        shown.point_data[name] = np.log10(np.maximum(np.asarray(grid.point_data[stored], float), _NO_HARM))


def _state(history: History, outlet: Outlet, time: float, is_last: bool) -> OutletState:
    column = history.leak(outlet.name)
    begun = outlet.first_leak is not None and time >= outlet.first_leak * (1 - 1e-9)
    if column is not None and len(column):
        leaked = history.volume(column, time)
    else:
        leaked = outlet.leaked if begun else 0.0
    # Piston flow in the tube: only the length at the end is stored, and before that the volume gives it.
    piston = 1e3 * leaked / (np.pi * outlet.radius**2) if outlet.radius > 0 else 0.0
    reach = outlet.reach if is_last else min(outlet.reach, piston)
    return OutletState(outlet, leaked, begun, reach)
