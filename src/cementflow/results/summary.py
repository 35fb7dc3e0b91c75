"""What a run comes to: the contents of `summary.json` and the rows of `history.csv`."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cementflow.case.sites import LEAK_TYPES
from cementflow.flow.carried import heat_imbalance
from cementflow.flow.course import NO_REST, Counters, Step
from cementflow.flow.drive import LIMITS
from cementflow.flow.state import State
from cementflow.laws.thermal import ZERO_CELSIUS
from cementflow.model import Model
from cementflow.results.ablation import ablation_summary
from cementflow.results.bone import bone_summary
from cementflow.results.folder import LIMITED_BY
from cementflow.results.heat import cure_summary, heat_summary, rest_summary
from cementflow.results.leaks import blood_beyond, embolus, leak_report
from cementflow.results.numbers import ML, or_none
from cementflow.results.seen import seen_report
from cementflow.results.stages import needle_sites, stage_summary
from cementflow.results.veins import vein_summary
from cementflow.sites.outlets import OpenFaces, Outlet, Tube


def history_columns(model: Model) -> list[str]:
    """Names of the history's columns."""
    leaks = [f"leak_{outlet.name.replace(' ', '_')}_ml" for outlet in model.problem.outlets]
    return [
        "time_s",
        "injected_ml",
        "in_bone_ml",
        "leaked_ml",
        *leaks,
        "tip_pressure_kPa",
        "syringe_pressure_kPa",
        "flow_rate_ml_min",
        "balance_error",
        *(("peak_temperature_degC", "degree_of_cure", "heat_imbalance") if model.problem.tissue else ()),
        *(("stage",) if model.plan.stages else ()),
        LIMITED_BY,
    ]


def history_row(model: Model, step: Step) -> list[float]:
    """Row of an accepted step; what limits the rate as its place in `LIMITS`."""
    state, flow = step.state, step.flow
    return [
        state.time,
        state.injected * ML,
        state.in_bone(model.problem) * ML,
        float(state.leaked.sum()) * ML,
        *(state.leaked * ML).tolist(),
        flow.tip_pressure * 1e-3,
        flow.syringe_pressure * 1e-3,
        flow.fluxes.rate * 60.0 * ML,
        state.balance_error(model.problem),
        *(_warmth(model, state) if model.problem.tissue else ()),
        *((float(step.during),) if model.plan.stages else ()),
        float(LIMITS.index(flow.limited_by)),
    ]


def _warmth(model: Model, state: State) -> tuple[float, float, float]:
    """Highest temperature now [degC], mean degree of cure in the bone, and what the heat account is off by."""
    cement = model.problem.volumes.pore_volume * state.saturation
    total = float(np.sum(cement))
    cure = (
        float(np.sum(cement * state.condition.cure)) / total if total else float(state.condition.cure.min())
    )
    hottest = float(state.condition.temperature.max()) - ZERO_CELSIUS
    return hottest, cure, heat_imbalance(model.problem, state)


def summarise(
    model: Model,
    step: Step | None,
    rows: list[list[float]],
    status: str,
    reason: str,
    seconds: dict[str, float],
    memory_mb: float,
    digest: str,
    version: str,
) -> dict[str, Any]:
    """Contents of `summary.json`; volumes in mL, pressures in kPa, times in s.

    A run that failed before its first step, without `step` and `rows`, has the zeros and nulls of nothing done.
    """
    problem = model.problem
    state = step.state if step is not None else State.initial(problem)
    counters = step.counters if step is not None else Counters()
    rest = step.rest if step is not None else NO_REST
    first_leak = step.first_leak if step is not None else np.full(len(problem.outlets), np.nan)
    columns = history_columns(model)
    peak = (
        dict(zip(columns, np.array(rows).max(axis=0).tolist(), strict=True))
        if rows
        else dict.fromkeys(columns)
    )
    leaks = {o.name: float(v) * ML for o, v in zip(problem.outlets, state.leaked, strict=True)}
    by_type = {
        t: ML * float(sum(v for o, v in zip(problem.outlets, state.leaked, strict=True) if o.type == t))
        for t in LEAK_TYPES
    }
    mesh, seen = model.geometry.mesh, seen_report(model, step, state)
    return {
        "title": model.case.title,
        "status": status,
        "stop_reason": reason,
        "simulated_s": state.time,
        "injected_ml": state.injected * ML,
        "in_bone_ml": state.in_bone(problem) * ML,
        "leaked_ml": {"total": float(state.leaked.sum()) * ML, **leaks},
        "leaked_by_type_ml": by_type,
        **leak_report(model, state, columns, rows),
        "embolus_ml": embolus(model, state),
        "blood_beyond_ml": blood_beyond(model, state),
        "first_leak_s": {o.name: or_none(t) for o, t in zip(problem.outlets, first_leak, strict=True)},
        "marrow_out_ml": {
            "total": float(state.marrow_out.sum()) * ML,
            **{o.name: float(v) * ML for o, v in zip(problem.outlets, state.marrow_out, strict=True)},
        },
        "detectability": seen["detectability"],
        "first_seen_s": seen["first_seen_s"],
        "leaked_until_seen_ml": seen["leaked_until_seen_ml"],
        "peak_tip_pressure_kPa": peak["tip_pressure_kPa"],
        "peak_syringe_pressure_kPa": peak["syringe_pressure_kPa"],
        "balance_error": state.balance_error(problem),
        "largest_balance_error": peak["balance_error"],
        "mesh": {"vertices": len(mesh.points), "tets": len(mesh.tets)},
        "bone": bone_summary(model),
        "steps": counters.steps,
        "rejected_steps": counters.rejected,
        "pressure_solves": counters.pressure_solves,
        "linear_iterations": counters.linear_iterations,
        "ablation": ablation_summary(model),
        "veins": vein_summary(model, state, first_leak),
        "cure": cure_summary(model, state, rest),
        "heat": heat_summary(model, state),
        "after_injection": rest_summary(rest),
        **stage_summary(model, step),
        "sites": _sites(model, state, first_leak),
        "frame": dict(zip(("ap", "lr", "si"), model.geometry.frame.axes.tolist(), strict=True)),
        "events": [{"time_s": e.time, "what": e.what} for e in (step.events if step is not None else ())],
        **costs(seconds, memory_mb),
        "digest": digest,
        "version": version,
    }


def costs(seconds: dict[str, float], memory_mb: float) -> dict[str, Any]:
    """What the run took of time by phases [s], and of memory [MB], as the summary tells it."""
    phases = ("total", "compile", "setup", "pressure", "transport", "output")
    return {"wall_s": {phase: seconds.get(phase, 0.0) for phase in phases}, "peak_rss_mb": memory_mb}


def _sites(model: Model, state: State, first_leak: NDArray[np.float64]) -> dict[str, Any]:
    sites: dict[str, Any] = {
        "tip": {"center_mm": _mm(model.source.center), "radius_mm": model.source.radius * 1e3},
        "outlets": {
            outlet.name: _site(outlet, i, state, first_leak) for i, outlet in enumerate(model.problem.outlets)
        },
    }
    if model.needles:
        sites["cannula"] = {"direction": model.needles[0].direction.tolist()}
    if model.case.injection.needle:
        sites["needles"] = needle_sites(model)
    return sites


def _site(outlet: Outlet, i: int, state: State, first_leak: NDArray[np.float64]) -> dict[str, Any]:
    tube = outlet if isinstance(outlet, Tube) else None
    center, outward = (None, None) if isinstance(outlet, OpenFaces) else (outlet.center, outlet.outward)
    return {
        "type": outlet.type,
        "kind": outlet.kind,
        "center_mm": None if center is None else _mm(center),
        "radius_mm": 0.0 if isinstance(outlet, OpenFaces) else outlet.radius * 1e3,
        "outward": None if outward is None else outward.tolist(),
        "tube_length_mm": tube.length * 1e3 if tube else None,
        "reach_mm": float(state.held[i]) / tube.area * 1e3 if tube else None,
        "leaked_ml": float(state.leaked[i]) * ML,
        "first_leak_s": or_none(first_leak[i]),
    }


def _mm(point: NDArray[np.float64]) -> list[float]:
    return (np.asarray(point) * 1e3).tolist()
