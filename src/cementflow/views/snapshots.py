"""The fields of a run at one time, in the units of the pictures (mm, kPa)."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cementflow.errors import InputError
from cementflow.laws.thermal import ZERO_CELSIUS
from cementflow.results.vtu_fields import read_fields
from cementflow.views.history import History, found_instead
from cementflow.views.mesh import Mesh
from cementflow.views.read_vtu import Stored, read_vtu
from cementflow.views.sheet import Outlet, RunSheet

Floats = NDArray[np.float64]

PRESSURE = "pressure [kPa]"
SATURATION = "cement saturation [-]"
POROSITY = "porosity [-]"
SHARE = "cement share [-]"
PEAK = "peak temperature [degC]"
HOT_TIME = "time above 47 degC [s]"
LOG_DOSE = "decimal logarithm of the thermal dose in min"
LOG_DAMAGE = "decimal logarithm of the thermal damage"
_PRESSURE_SI, _DIAMETER = "pressure [Pa]", "diameter [m]"
_PEAK_SI, _DOSE, _DAMAGE = "peak temperature [K]", "thermal dose [min]", "thermal damage [-]"
_HEAT = (_PEAK_SI, HOT_TIME, _DOSE, _DAMAGE)
_FIELDS = {_PRESSURE_SI, SATURATION, POROSITY, *_HEAT}
_NO_FIELDS = "holds no fields (fields.pvd and fields/*.vtu); run with output.fields = true"
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
class Veins:
    """A tree of veins: both ends [mm] of each, shape (veins, 2, 3), radii [mm] and shares of cement [-]."""

    ends: Floats
    radius: Floats
    share: Floats


@dataclass(frozen=True, eq=False)
class Snapshot:
    """The fields at one time.

    Parameters
    ----------
    time
        Time of the fields [s].
    asked
        The time that was asked for [s], where it is another one.
    mesh
        Of the bone.
    fields
        At its vertices: `PRESSURE` and `SATURATION`, of a heated run `PEAK`, `HOT_TIME`, `LOG_DOSE` and `LOG_DAMAGE`.
    outlets
        The outlets at that time.
    cell_fields
        In its tetrahedra: `POROSITY`, where it was stored.
    veins
        The tree of veins; None without.
    """

    time: float
    asked: float | None
    mesh: Mesh
    fields: dict[str, Floats]
    outlets: tuple[OutletState, ...]
    cell_fields: dict[str, Floats] = field(default_factory=dict)
    veins: Veins | None = None

    @property
    def heated(self) -> bool:
        """Whether the fields tell what heat did."""
        return PEAK in self.fields


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


def read_snapshot(sheet: RunSheet, time: float | None = None, mesh: Mesh | None = None) -> Snapshot:
    """Read the fields at the stored time nearest to `time` [s]; the last ones if that is None.

    Where the mesh of the run was read before, only fields are read.

    Raises
    ------
    InputError
        If the folder holds no fields, `time` lies outside the stored times, or an array is missing.
    """
    files = snapshot_files(sheet.folder)
    if not files:
        raise InputError(_NO_FIELDS, str(sheet.folder))
    stored, path = _pick(files, time, sheet.folder)
    mesh, fields, cell_fields = _read_fields(path, mesh)
    is_last = stored == files[-1][0]
    states = tuple(_state(sheet.history, outlet, stored, is_last) for outlet in sheet.outlets)
    near = time is None or abs(time - stored) <= 1e-9 * max(1.0, abs(stored))
    return Snapshot(stored, None if near else time, mesh, fields, states, cell_fields, _read_veins(path))


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


def read_mesh(run: Path) -> Mesh:
    """The mesh of a run, from the first fields that it stored.

    Raises
    ------
    InputError
        If there are none, or they cannot be read.
    """
    files = snapshot_files(run)
    if not files:
        raise InputError(_NO_FIELDS, str(run))
    return _mesh(read_vtu(files[0][1], 4, ()))


def _mesh(stored: Stored) -> Mesh:
    return Mesh(stored.points * 1e3, stored.cells)


def _read_fields(path: Path, mesh: Mesh | None) -> tuple[Mesh, dict[str, Floats], dict[str, Floats]]:
    """The mesh, and the fields at its vertices and in its cells."""
    if mesh is None:
        stored = read_vtu(path, 4, _FIELDS)
        return _mesh(stored), _shown(stored.point_data, stored.point_names, path), dict(stored.cell_data)
    vertex, cell = ({k: v.astype(float) for k, v in part.items()} for part in read_fields(path, _FIELDS))
    fields = _shown(vertex, tuple(vertex), path)
    if len(fields[PRESSURE]) != len(mesh.points):
        raise InputError("has another mesh than the first fields", str(path))
    return mesh, fields, cell


def _shown(found: Mapping[str, Floats], names: Sequence[str], path: Path) -> dict[str, Floats]:
    """Fields at the vertices in the units of pictures."""
    missing = [name for name in (_PRESSURE_SI, SATURATION) if name not in found]
    if missing:
        raise InputError(
            [f"no vertex field '{n}'{found_instead(n, list(names))}" for n in missing], str(path)
        )
    fields = {PRESSURE: found[_PRESSURE_SI] / 1e3, SATURATION: found[SATURATION]}
    if not all(np.isfinite(values).all() for values in fields.values()):
        raise InputError("pressure or saturation is not finite everywhere", str(path))
    if all(name in found for name in _HEAT):
        fields |= _heat(found)
    return fields


def _read_veins(path: Path) -> Veins | None:
    """The tree that was stored with some fields."""
    veins = path.parent.parent / "veins" / path.name
    if not veins.is_file():
        return None
    stored = read_vtu(veins, 2, (SHARE, _DIAMETER))
    ends = 1e3 * stored.points[stored.cells]
    return Veins(ends, 0.5e3 * stored.cell_data[_DIAMETER], stored.cell_data[SHARE])


def _heat(found: Mapping[str, Floats]) -> dict[str, Floats]:
    """What heat did. Dose and damage grow tenfold within a few kelvin: their logarithms are what is nearly even."""
    fields = {PEAK: found[_PEAK_SI] - ZERO_CELSIUS, HOT_TIME: found[HOT_TIME]}
    for name, stored in ((LOG_DOSE, _DOSE), (LOG_DAMAGE, _DAMAGE)):
        fields[name] = np.log10(np.maximum(found[stored], _NO_HARM))
    return fields


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
