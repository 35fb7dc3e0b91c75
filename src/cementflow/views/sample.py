"""A made-up run with one of everything that pictures show, to draw before there is a real one."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import numpy as np

from cementflow.views.history import History
from cementflow.views.mesh import Mesh
from cementflow.views.sheet import Event, Frame, Outlet, RunSheet, Tip
from cementflow.views.snapshots import PRESSURE, SATURATION, OutletState, Snapshot

_EDGE = 30.0  # mm
_LAST = 60.0  # s


def sample_sheet() -> RunSheet:
    """A needle, a vein that leaks and a hole that does not."""
    time = np.linspace(0.0, _LAST, 20)
    leaked = np.clip(time / _LAST - 0.5, 0.0, None)
    columns = {
        "time_s": time,
        "injected_ml": time / 20,
        "in_bone_ml": time / 20 - leaked,
        "leaked_ml": leaked,
    }
    columns |= {"leak_vein_ml": leaked, "tip_pressure_kPa": 1 + time, "syringe_pressure_kPa": 100 + 10 * time}
    columns |= {"flow_rate_ml_min": np.full_like(time, 3.0)}
    right = np.array([1.0, 0.0, 0.0])
    outlets = (
        Outlet("vein", 0.5 * _EDGE * right, 1.5, right, 0.5, 30.0, 5.0, 15.0),
        Outlet("hole", -0.5 * _EDGE * right, 3.0, -right, 0.0, None, 0.0, 0.0),
    )
    events = (Event(30.0, "first leak: vein"), Event(_LAST, "volume injected"))
    tip = Tip(np.zeros(3), 1.5, np.array([0.0, 1.0, 0.0]))
    return RunSheet(Path(), "a run", tip, outlets, Frame(*np.eye(3)), events, History(columns))


def sample_snapshot(sheet: RunSheet) -> Snapshot:
    """A ball of cement in a cube of bone, at the end of that run."""
    mesh = _cube(6)
    away = np.linalg.norm(mesh.points, axis=1)
    fields = {PRESSURE: 30.0 - away, SATURATION: np.clip(1.5 - away / 10.0, 0.0, 1.0)}
    states = tuple(OutletState(o, o.leaked, o.leaked > 0.0, o.reach) for o in sheet.outlets)
    return Snapshot(_LAST, None, mesh, fields, states)


def _cube(cells: int) -> Mesh:
    """A cube of small cubes, each cut into the six tetrahedra that lie around its diagonal."""
    axis = np.linspace(-0.5 * _EDGE, 0.5 * _EDGE, cells + 1)
    points = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1).reshape(-1, 3)
    steps = np.array([(cells + 1) ** 2, cells + 1, 1])
    first = np.stack(np.meshgrid(*[np.arange(cells)] * 3, indexing="ij"), axis=-1).reshape(-1, 3) @ steps
    # From one end of the diagonal to the other along the axes, in any order; every other one turns the other way.
    ways = np.array([[0, *np.cumsum(steps[list(order)])] for order in permutations(range(3))])
    odd = [np.linalg.det(np.eye(3)[list(order)]) < 0 for order in permutations(range(3))]
    ways[odd] = ways[odd][:, [1, 0, 2, 3]]
    return Mesh(points, (first[:, None, None] + ways).reshape(-1, 4))
