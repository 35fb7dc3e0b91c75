"""What left the bone, by what it went into, and how fast."""

from __future__ import annotations

from typing import Any

import numpy as np

from cementflow.case.wall_rules import BEHIND
from cementflow.flow.behind import outside_pressure
from cementflow.flow.state import State
from cementflow.model import Model
from cementflow.results.numbers import ML
from cementflow.sites.outlets import Opening, Outlet, Tube, Vein

VEINS = "veins"
AROUND = "around"  # an even wall, of which the parts are not told apart, and a bone without walls


def behind(outlet: Outlet) -> str:
    """What an outlet leads into: veins, a compartment, or just around."""
    if isinstance(outlet, (Tube, Vein)):
        return VEINS
    return (outlet.label if isinstance(outlet, Opening) else "") or AROUND


def leak_report(model: Model, state: State, columns: list[str], rows: list[list[float]]) -> dict[str, Any]:
    """Volumes [mL] of cement and marrow by what they went into, rates [mL/min] by outlet, pressures at the end [kPa].

    Parameters
    ----------
    model, state
        The run and where it stands.
    columns, rows
        Of the history.
    """
    outlets = model.problem.outlets
    return {
        "leaked_by_compartment_ml": _by_compartment(outlets, state.leaked),
        "marrow_out_by_compartment_ml": _by_compartment(outlets, state.marrow_out),
        "leak_rate_ml_min": {
            o.name: _rates(columns, rows, f"leak_{o.name.replace(' ', '_')}_ml") for o in outlets
        },
        "compartment_kPa": _pressures(model, state),
    }


def _by_compartment(outlets: tuple[Outlet, ...], volumes: np.ndarray) -> dict[str, float]:
    found = dict.fromkeys((*BEHIND, VEINS), 0.0)
    for outlet, volume in zip(outlets, volumes, strict=True):
        found[behind(outlet)] = found.get(behind(outlet), 0.0) + ML * float(volume)
    return found


def _rates(columns: list[str], rows: list[list[float]], name: str) -> dict[str, float]:
    """Largest rate of a leak over a step and that of the last step [mL/min]."""
    if len(rows) < 2:
        return {"peak": 0.0, "last": 0.0}
    table = np.array(rows)
    time, volume = table[:, columns.index("time_s")], table[:, columns.index(name)]
    rate = 60.0 * np.diff(volume) / np.diff(time)
    return {"peak": float(rate.max()), "last": float(rate[-1])}


def _pressures(model: Model, state: State) -> dict[str, float]:
    """Pressure in each compartment that something leads into [kPa]."""
    pressure = outside_pressure(model.problem, state)
    return {
        outlet.label: 1e-3 * float(pressure[span.start])
        for _, outlet, span in model.problem.linked
        if isinstance(outlet, Opening) and outlet.confined
    }
