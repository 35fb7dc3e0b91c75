"""What a series comes to: levels, totals, the comparison with what was reported, and what the what-ifs change."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from cementflow.case.sites import LEAK_TYPES
from cementflow.errors import InputError
from cementflow.result import Result
from cementflow.series.read import Reported, Series
from cementflow.series.result import SeriesResult
from cementflow.version import version

DONE = ("completed", "stopped")


def summarise_series(series: Series, result: SeriesResult, status: str) -> dict[str, Any]:
    """Contents of `summary.json`; volumes in mL, pressures in kPa, times in s.

    Runs that did not come to their end are left out: a level is then missing, and so are totals that need it.
    """
    names = [level.name for level in series.levels]
    runs = {name: run for name in names if (run := _ended(result, name)) is not None}
    levels = {name: level_row(run) for name, run in runs.items()}
    whole = len(levels) == len(names)
    what_ifs = []
    for what_if in series.what_ifs:
        others = {name: run for name in names if (run := _ended(result, name, what_if.name)) is not None}
        if len(others) == len(names):
            rows = {name: level_row(run) for name, run in others.items()}
            what_ifs.append({"name": what_if.name, "total": _total(rows.values()), "levels": rows})
    return {
        "title": series.title,
        "note": series.note,
        "status": status,
        "levels": levels,
        "total": _total(levels.values()) if whole else None,
        "comparison": [_compared(reported, runs) for reported in series.reported],
        "what_if": what_ifs,
        "version": version(),
    }


def level_row(run: Result) -> dict[str, Any]:
    """One run in short. Leaks are those at the end of the injection: not every run goes on after it."""
    s = run.summary
    seen = [t for views in (s["first_seen_s"] or {}).values() for t in views.values() if t is not None]
    by_type = _leaked_by_type(run)
    return {
        "status": s["status"],
        "stop_reason": s["stop_reason"],
        "injected_ml": s["injected_ml"],
        "leaked_ml": sum(by_type.values()),
        "leaked_by_type_ml": by_type,
        "first_seen_s": min(seen, default=None),
        "leaked_until_seen_ml": s["leaked_until_seen_ml"],
        "still_since_s": s["after_injection"]["still_since_s"],
        "set_s": s["cure"]["set_s"],
        "peak_tip_pressure_kPa": s["peak_tip_pressure_kPa"],
        "peak_syringe_pressure_kPa": s["peak_syringe_pressure_kPa"],
    }


def _ended(result: SeriesResult, level: str, what_if: str | None = None) -> Result | None:
    try:
        run = result.run(level, what_if)
    except InputError:
        return None
    return run if run.summary["status"] in DONE else None


def _leaked_by_type(run: Result) -> dict[str, float]:
    """Cement that had left by the end of the injection [mL]."""
    sites, history = run.summary["sites"]["outlets"], run.history
    last = (
        int(np.searchsorted(history["time_s"], run.summary["after_injection"]["since_s"], side="right")) - 1
    )
    found = dict.fromkeys(LEAK_TYPES, 0.0)
    for name, site in sites.items():
        found[site["type"]] += float(history[f"leak_{name.replace(' ', '_')}_ml"][last])
    return found


def _total(rows: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """All levels together: sums of volumes, largest pressures, and how many levels showed a leak."""
    rows = list(rows)
    return {
        "injected_ml": sum(r["injected_ml"] for r in rows),
        "leaked_ml": sum(r["leaked_ml"] for r in rows),
        "leaked_by_type_ml": {t: sum(r["leaked_by_type_ml"][t] for r in rows) for t in LEAK_TYPES},
        "levels_seen": sum(r["first_seen_s"] is not None for r in rows),
        "peak_tip_pressure_kPa": max(r["peak_tip_pressure_kPa"] for r in rows),
        "peak_syringe_pressure_kPa": max(r["peak_syringe_pressure_kPa"] for r in rows),
    }


def _compared(reported: Reported, runs: dict[str, Result]) -> dict[str, Any]:
    """What was reported, and the same of each level at the end of its run."""
    return {
        "what": reported.what,
        "said": reported.said,
        "ml": {name: _volume(reported, run.summary) for name, run in runs.items()},
        "shown_by": {
            name: _shown_by([run.summary["detectability"].get(place) for place in reported.places])
            for name, run in runs.items()
        },
        "places": list(reported.places),
    }


def _volume(reported: Reported, s: dict[str, Any]) -> float:
    """Cement [mL] in the places, or the measure."""
    if reported.measure == "injected":
        return float(s["injected_ml"])
    if reported.measure == "embolus":
        return float(s["embolus_ml"]["total"])
    if reported.measure == "moved":
        return float(s["after_injection"]["moved_ml"])
    veins, sites = s["veins"], s["sites"]["outlets"]
    return float(
        sum(
            veins[p]["held_ml"] + veins[p]["beyond_ml"] if p in veins else sites[p]["leaked_ml"]
            for p in reported.places
            if p in veins or p in sites
        )
    )


def _shown_by(places: list[dict[str, Any] | None]) -> list[str]:
    """Which pictures show cement in some of the places at the end."""
    there = [p for p in places if p is not None]
    pictures = {
        "fluoroscopy": any(any(p["fluoroscopy"].values()) for p in there),
        "radiograph": any(any(p["radiograph"].values()) for p in there),
        "CT": any(p["ct"] for p in there),
    }
    return [name for name, shown in pictures.items() if shown]
