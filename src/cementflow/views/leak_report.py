"""Tables of what left the bone: by outlet, by kind, and who would see it."""

from __future__ import annotations

from html import escape
from typing import Any

from cementflow.case.sites import LEAK_TYPES
from cementflow.views.markup import heads, number, table

SHOWN = 1e-4  # mL; less than this is told as none
SHORT = 0.05  # mm of a vein; the same
SITES = (
    "outlet",
    "type",
    "cement [mL]",
    "from [s]",
    "peak rate [mL/min]",
    "rate at the end [mL/min]",
    "filled length [mm]",
    "carried off [mL]",
    "marrow [mL]",
)
PICTURES = (
    "outlet",
    "cement near the bone [mL]",
    "thick in AP [mm]",
    "thick in lateral [mm]",
    "fluoroscopy",
    "radiograph",
    "CT",
)


def leak_parts(s: dict[str, Any]) -> list[str]:
    """The section of the report, from a summary."""
    parts = ["<h2>What left the bone</h2>", _sites(s), _kinds(s)]
    if any(d["near_ml"] > SHOWN for d in s["detectability"].values()):
        parts += ["<h2>Who would see it</h2>", _seen(s), *_until_seen(s)]
    return parts


def seen_in(views: dict[str, bool]) -> str:
    """Names of the views that show something, or "no"."""
    return ", ".join(name for name, seen in views.items() if seen) or "no"


def _sites(s: dict[str, Any]) -> str:
    rows = []
    for name, site in s["sites"]["outlets"].items():
        first, rate = site["first_leak_s"], s["leak_rate_ml_min"][name]
        reach, length, gone = _filled(s, name, site)
        there = first is not None or (reach or 0.0) > SHORT
        cells = [
            f"<td>{escape(name)}</td><td>{site['type']} {LEAK_TYPES[site['type']]}</td>",
            number(_volume(site["leaked_ml"])),
            number(f"{first:.1f}" if first is not None else ""),
            number(f"{rate['peak']:.3f}" if first is not None else ""),
            number(_rounded(rate["last"]) if first is not None else ""),
            number(f"{reach:.1f} of {length:.0f}" if reach is not None else ""),
            number(f"{gone:.3f}" if gone is not None and gone >= SHOWN else ""),
            number(_rounded(s["marrow_out_ml"][name])),
        ]
        rows.append(f"<tr{' class=leaked' if there else ''}>{''.join(cells)}</tr>")
    return f"<table><tr>{heads(SITES)}</tr>{''.join(rows)}</table>"


def _volume(millilitres: float) -> str:
    """Cement that left, where little is not nothing."""
    if millilitres < SHOWN:
        return "none"
    return _rounded(millilitres) if millilitres >= 5e-4 else "&lt; 0.001"


def _rounded(value: float) -> str:
    """Three decimals, and no minus sign before nothing."""
    return f"{round(value, 3) + 0.0:.3f}"


def _filled(s: dict[str, Any], name: str, site: dict[str, Any]) -> tuple[float | None, float, float | None]:
    """Length that the cement fills in a vein and its whole length [mm], and what passed its end [mL]."""
    if name in s["veins"]:
        vein = s["veins"][name]
        return vein["reach_mm"], vein["length_mm"], vein["beyond_ml"]
    return site["reach_mm"], site["tube_length_mm"] or 0.0, s["embolus_ml"].get(name)


def _kinds(s: dict[str, Any]) -> str:
    marrow = s["marrow_out_by_compartment_ml"]
    rows = [(f"{kind} {LEAK_TYPES[kind]}", f"{v:.3f}", "") for kind, v in s["leaked_by_type_ml"].items()]
    rows += [
        (f"into {name}", f"{v:.3f}", _rounded(marrow[name]))
        for name, v in s["leaked_by_compartment_ml"].items()
        if max(v, abs(marrow[name])) > SHOWN
    ]
    rows.append(("carried off, as an embolus", f"{s['embolus_ml']['total']:.3f}", ""))
    for name, volume in s["blood_beyond_ml"].items():
        ends = "the ends of the tree of veins" if name == "veins" else f"the end of the {name}"
        rows.append((f"blood and marrow past {ends}", "", _rounded(volume)))
    return table(("kind", "cement [mL]", "marrow and blood [mL]"), rows)


def _seen(s: dict[str, Any]) -> str:
    rows = [
        (
            name,
            f"{d['near_ml']:.3f}",
            f"{d['thickness_mm']['AP']:.1f}",
            f"{d['thickness_mm']['lateral']:.1f}",
            seen_in(d["fluoroscopy"]),
            seen_in(d["radiograph"]),
            "yes" if d["ct"] else "no",
        )
        for name, d in s["detectability"].items()
        if d["near_ml"] > SHOWN
    ]
    return table(PICTURES, rows)


def _until_seen(s: dict[str, Any]) -> list[str]:
    if s["first_seen_s"] is None:
        return []
    times = [
        f"{escape(name)} at {t:.1f} s ({view})"
        for name, views in s["first_seen_s"].items()
        for view, t in views.items()
        if t is not None
    ]
    if not times:
        return ["<p>During the injection nothing could be seen on the fluoroscopy.</p>"]
    text = f"{s['leaked_until_seen_ml']:.3f} mL had left before anything could be seen on the fluoroscopy"
    return [f"<p>{text}: {'; '.join(times)}.</p>"]
