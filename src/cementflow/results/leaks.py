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


def embolus(model: Model, state: State) -> dict[str, float]:
    """Cement that passed the end of each tube, and the ends of the tree of veins, and is carried off [mL]."""
    found = {o.name: ML * float(gone) for _, o, gone in _tubes(model, state)}
    if model.problem.veins is not None:
        found[VEINS] = ML * float(state.veins.beyond.sum())
    return {"total": sum(found.values()), **found}


def blood_beyond(model: Model, state: State) -> dict[str, float]:
    """Blood and marrow that passed the same ends [mL].

    Nothing is compressible: what went in, cement, marrow and blood, less the cement that is in there or beyond.
    """
    found = {
        o.name: ML * float(state.marrow_out[i] + state.leaked[i] - gone)
        for i, o, gone in _tubes(model, state)
    }
    tree = model.problem.veins
    if tree is not None:
        own = slice(len(model.problem.outlets) - len(tree.names), None)
        into = float(state.marrow_out[own].sum() + state.leaked[own].sum() + tree.blood.sum() * state.time)
        found[VEINS] = ML * (into - float(state.veins.beyond.sum()))
    return found


def _tubes(model: Model, state: State) -> list[tuple[int, Tube, float]]:
    """Number of each tube, itself, and the cement that passed its end [m3]."""
    return [
        (i, o, float(state.leaked[i] - state.held[i]))
        for i, o in enumerate(model.problem.outlets)
        if isinstance(o, Tube)
    ]


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
