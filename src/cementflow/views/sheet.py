"""What the pictures need of `summary.json`: sites, directions, events; read and checked once.

Pictures speak the units of their labels: lengths in mm, volumes in mL, pressures in kPa, times in s.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cementflow.errors import InputError
from cementflow.views.history import History, read_history

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Tip:
    """Where cement enters: a ball (centre and radius in mm), and the needle's `direction` from hub to tip."""

    center: Floats
    radius: float
    direction: Floats | None

    @property
    def word(self) -> str:
        """What to call it in a picture."""
        return "source" if self.direction is None else "needle tip"


@dataclass(frozen=True, eq=False)
class Outlet:
    """One way out, in mm and mL; `center` and `outward` are None where it is the whole wall.

    `of_tree` tells a vein of the tree, which is drawn as such.
    """

    name: str
    center: Floats | None
    radius: float
    outward: Floats | None
    leaked: float
    first_leak: float | None
    reach: float
    tube_length: float
    of_tree: bool = False

    @property
    def end(self) -> Floats | None:
        """Far end of a tube [mm]; the centre where there is none."""
        return self._along(1.0)

    @property
    def spot(self) -> Floats | None:
        """The point a label points at [mm]: halfway along a tube, else the centre."""
        return self._along(0.5)

    def _along(self, share: float) -> Floats | None:
        if self.center is None or self.outward is None:
            return self.center
        return self.center + share * self.tube_length * self.outward


@dataclass(frozen=True, eq=False)
class Frame:
    """Unit vectors posterior to anterior, left to right and inferior to superior, in mesh coordinates."""

    ap: Floats
    lr: Floats
    si: Floats


@dataclass(frozen=True)
class Event:
    """Something that happened at `time` [s]."""

    time: float
    what: str


@dataclass(frozen=True)
class Harmed:
    """Tissue harmed by heat [mL]: kept above 47 degC for a minute, given a dose of 240 min, damaged (integral 1)."""

    above_47: float
    dose: float
    damage: float


@dataclass(frozen=True, eq=False)
class RunSheet:
    """All of a run but its fields.

    Parameters
    ----------
    folder, title
        Of the run.
    tip, outlets, frame
        Where cement enters and leaves, and the axes.
    events, history
        What happened when.
    further
        Tips of the other needles.
    ended, set_at
        When the injection ended and when the cement was set [s]; None before.
    harmed
        Volumes of tissue harmed by heat at the end of the run; None without heat.
    """

    folder: Path
    title: str
    tip: Tip
    outlets: tuple[Outlet, ...]
    frame: Frame
    events: tuple[Event, ...]
    history: History
    ended: float | None = None
    set_at: float | None = None
    harmed: Harmed | None = None
    further: tuple[Tip, ...] = ()


def open_run(run: Path) -> RunSheet:
    """Read `summary.json`, `history.csv` and the title of a run folder.

    Raises
    ------
    InputError
        If a file is missing or not readable, or lacks something; all that is missing at once.
    """
    run = Path(run)
    if not run.is_dir():
        raise InputError("there is no such run folder", str(run))
    summary = _read_summary(run / "summary.json")
    problems: list[str] = []
    sites = _table(summary, "sites", problems)
    frame = _frame(_table(summary, "frame", problems), problems)
    tip = _tip(_table(sites, "tip", problems, "sites."), problems)
    outlets = tuple(
        _outlet(name, _table(sites["outlets"], name, problems, "sites.outlets."), problems)
        for name in _table(sites, "outlets", problems, "sites.")
    )
    events = tuple(
        Event(_number(e.get("time_s"), f"events[{i}].time_s", problems), str(e.get("what", "")))
        for i, e in enumerate(summary.get("events") or [])
        if isinstance(e, Mapping)
    )
    if sites.get("cannula"):
        cannula = _table(sites, "cannula", problems, "sites.")
        tip = Tip(tip.center, tip.radius, _unit(cannula, "direction", "sites.cannula.", problems))
    needles = list(sites["needles"]) if sites.get("needles") else []
    further = tuple(_needle(sites["needles"], name, problems) for name in needles[1:])
    ended = _optional(summary, "after_injection", "since_s", problems)
    set_at = _optional(summary, "cure", "set_s", problems)
    harmed = _harmed(summary, problems)
    if problems:
        raise InputError(problems, str(run / "summary.json"))
    history = read_history(run / "history.csv")
    return RunSheet(run, _title(run), tip, outlets, frame, events, history, ended, set_at, harmed, further)


def _read_summary(path: Path) -> dict[str, Any]:
    try:
        summary = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", str(path)) from error
    except ValueError as error:
        raise InputError(f"is not valid JSON: {error}", str(path)) from error
    if not isinstance(summary, dict):
        raise InputError("must hold one JSON object", str(path))
    return summary


def _title(run: Path) -> str:
    """Title of the case; a folder that lost its case file is shown by its own name."""
    try:
        return str(tomllib.loads((run / "case.toml").read_text(encoding="utf-8")).get("title", run.name))
    except (OSError, ValueError):
        return run.name


def _tip(table: Mapping[str, Any], problems: list[str]) -> Tip:
    center = _vector(table, "center_mm", "sites.tip.", problems)
    return Tip(center, _number(table.get("radius_mm"), "sites.tip.radius_mm", problems), None)


def _needle(tables: Mapping[str, Any], name: str, problems: list[str]) -> Tip:
    where = f"sites.needles.{name}."
    table = _table(tables, name, problems, "sites.needles.")
    radius = _number(table.get("radius_mm"), f"{where}radius_mm", problems)
    return Tip(_vector(table, "tip_mm", where, problems), radius, _unit(table, "direction", where, problems))


def _frame(table: Mapping[str, Any], problems: list[str]) -> Frame:
    return Frame(*(_unit(table, axis, "frame.", problems) for axis in ("ap", "lr", "si")))


def _outlet(name: str, table: Mapping[str, Any], problems: list[str]) -> Outlet:
    where = f"sites.outlets.{name}."
    located = table.get("center_mm") is not None
    first = table.get("first_leak_s")
    return Outlet(
        name=name,
        center=_vector(table, "center_mm", where, problems) if located else None,
        radius=_number(table.get("radius_mm") or 0.0, where + "radius_mm", problems),
        outward=_unit(table, "outward", where, problems) if table.get("outward") is not None else None,
        leaked=_number(table.get("leaked_ml") or 0.0, where + "leaked_ml", problems),
        first_leak=None if first is None else _number(first, where + "first_leak_s", problems),
        reach=_number(table.get("reach_mm") or 0.0, where + "reach_mm", problems),
        tube_length=_number(table.get("tube_length_mm") or 0.0, where + "tube_length_mm", problems),
        of_tree=table.get("kind") == "vein",
    )


def _optional(summary: Mapping[str, Any], table: str, key: str, problems: list[str]) -> float | None:
    """A number that is null, or whose table is, as long as there is nothing to tell."""
    if summary.get(table) is None:
        return None
    value = _table(summary, table, problems).get(key)
    return None if value is None else _number(value, f"{table}.{key}", problems)


def _harmed(summary: Mapping[str, Any], problems: list[str]) -> Harmed | None:
    if summary.get("heat") is None:
        return None
    heat = _table(summary, "heat", problems)
    keys = ("above_47_degC_for_1_min_ml", "dose_240_min_ml", "damage_1_ml")
    return Harmed(*(_number(heat.get(key), f"heat.{key}", problems) for key in keys))


def _table(parent: Any, key: str, problems: list[str], where: str = "") -> Mapping[str, Any]:
    value = parent.get(key) if isinstance(parent, Mapping) else None
    if isinstance(value, Mapping):
        return value
    problems.append(f"no table '{where}{key}'")
    return {}


def _number(value: Any, where: str, problems: list[str]) -> float:
    if isinstance(value, (int, float)) and not isinstance(value, bool) and np.isfinite(value):
        return float(value)
    problems.append(f"'{where}' must be a number, found {value!r}")
    return 0.0


def _vector(table: Mapping[str, Any], key: str, where: str, problems: list[str]) -> Floats:
    value = table.get(key)
    if isinstance(value, list) and len(value) == 3:
        return np.array([_number(x, f"{where}{key}", problems) for x in value])
    problems.append(f"'{where}{key}' must be a list of three numbers, found {value!r}")
    return np.zeros(3)


def _unit(table: Mapping[str, Any], key: str, where: str, problems: list[str]) -> Floats:
    vector = _vector(table, key, where, problems)
    length = float(np.linalg.norm(vector))
    if length > 0:
        return vector / length
    if not problems or not problems[-1].startswith(f"'{where}{key}'"):
        problems.append(f"'{where}{key}' must not be zero")
    return np.array([1.0, 0.0, 0.0])
