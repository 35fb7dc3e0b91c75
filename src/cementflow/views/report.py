"""One HTML page for a run: numbers, leaks, pictures and the case, in one file that needs nothing beside it."""

from __future__ import annotations

import json
from html import escape
from pathlib import Path
from typing import Any

from cementflow.errors import InputError
from cementflow.files import write_text
from cementflow.views.ablation_report import ablation_parts
from cementflow.views.drainage_report import drainage_parts
from cementflow.views.heat_report import heat_parts
from cementflow.views.leak_report import leak_parts
from cementflow.views.markup import figure, heads, number, table, whole_page

FIGURES = {
    "scene": "Bone and cement",
    "slices": "Planes through the tip",
    "curves": "Pressures, volumes and leaks",
}


def write_report(run: Path, out: Path | None = None) -> Path:
    """Write the report of a run.

    Parameters
    ----------
    run
        Run folder; the pictures in its `figures` are taken up as they are.
    out
        File to write, by default `report.html` in the run folder.

    Returns
    -------
    Path
        The file written.

    Raises
    ------
    InputError
        If the folder has no readable `summary.json`.
    """
    run = Path(run)
    try:
        summary = json.loads((run / "summary.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"no report without a readable summary.json ({error})", str(run)) from error
    case = run / "case.toml"
    parts = [
        f"<h1>{escape(summary['title'] or run.name)}</h1>",
        f'<p class="state">{escape(summary["status"])}: {escape(summary["stop_reason"])}</p>',
        table((), _key_numbers(summary)),
        *leak_parts(summary),
        *_stages(summary),
        *drainage_parts(run, summary),
        *ablation_parts(run, summary),
        *heat_parts(run, summary),
        *(figure(run / "figures" / f"{name}.png", text) for name, text in FIGURES.items()),
        "<h2>Events</h2>",
        table(("time [s]", "what"), ((f"{e['time_s']:.1f}", e["what"]) for e in summary["events"])),
        "<h2>Computation</h2>",
        table((), _computation(summary)),
        "<h2>Case</h2>",
        f"<pre>{escape(case.read_text(encoding='utf-8') if case.is_file() else 'no case.toml')}</pre>",
    ]
    out = run / "report.html" if out is None else Path(out)
    write_text(out, whole_page(summary["title"] or run.name, parts))
    return out


def _key_numbers(s: dict[str, Any]) -> list[tuple[str, str]]:
    injected, leaked = s["injected_ml"], s["leaked_ml"]["total"]
    share = f" ({leaked / injected:.1%})" if injected else ""
    rows = [
        ("simulated", f"{s['simulated_s']:.1f} s"),
        ("injected", f"{injected:.3f} mL"),
        ("in bone", f"{s['in_bone_ml']:.3f} mL"),
        ("leaked", f"{leaked:.3f} mL{share}"),
    ]
    if s["peak_tip_pressure_kPa"] is not None:
        rows.append(("peak pressure at the tip", f"{s['peak_tip_pressure_kPa']:.1f} kPa"))
        rows.append(("peak pressure in the syringe", f"{s['peak_syringe_pressure_kPa']:.1f} kPa"))
    return rows


def _stages(s: dict[str, Any]) -> list[str]:
    """The protocol as it went."""
    if "stages" not in s:
        return []
    head = (
        "stage",
        "from [s]",
        "to [s]",
        "injected [mL]",
        "leaked [mL]",
        "peak at the tip [kPa]",
        "in the syringe [kPa]",
        "ended by",
    )
    rows = []
    for stage in s["stages"]:
        tip, syringe = stage["peak_tip_pressure_kPa"], stage["peak_syringe_pressure_kPa"]
        cells = [
            f"<td>{escape(stage['name'])}</td>",
            number(f"{stage['start_s']:.1f}"),
            number("" if stage["end_s"] is None else f"{stage['end_s']:.1f}"),
            number(f"{stage['injected_ml']:.3f}"),
            number(f"{stage['leaked_ml']:.3f}"),
            number("" if tip is None else f"{tip:.1f}"),
            number("" if syringe is None else f"{syringe:.1f}"),
            f"<td>{escape(stage['ended_by'] or 'not over')}</td>",
        ]
        rows.append(f"<tr>{''.join(cells)}</tr>")
    return ["<h2>Stages</h2>", f"<table><tr>{heads(head)}</tr>{''.join(rows)}</table>"]


def _computation(s: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        ("balance error", f"{s['balance_error']:.0e} of the injected volume"),
        ("mesh", f"{s['mesh']['vertices']} vertices, {s['mesh']['tets']} tetrahedra"),
        ("steps", f"{s['steps']}, and {s['rejected_steps']} rejected"),
        ("pressure solves", f"{s['pressure_solves']}, {s['linear_iterations']} iterations"),
        ("version", s["version"]),
        ("digest", s["digest"]),
    ]
