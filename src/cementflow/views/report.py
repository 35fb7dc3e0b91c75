"""One HTML page for a run: numbers, leaks, pictures and the case, in one file that needs nothing beside it."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from typing import Any

from cementflow.case.sites import LEAK_TYPES
from cementflow.errors import InputError
from cementflow.files import write_text

FIGURES = {
    "scene": "Bone and cement",
    "slices": "Planes through the tip",
    "curves": "Pressures, volumes and leaks",
}
STYLE = """
body { font: 16px/1.45 system-ui, sans-serif; color: #1c1c1c; max-width: 1000px; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin-bottom: 0; } h2 { font-size: 1.1rem; margin-top: 2rem; }
p.state { color: #666; margin-top: .2rem; }
table { border-collapse: collapse; } th { text-align: left; font-weight: 600; }
th, td { padding: .25rem 1.2rem .25rem 0; border-bottom: 1px solid #e4e4e4; vertical-align: top; }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
tr.leaked td { color: #b34700; font-weight: 600; }
img { width: 100%; border: 1px solid #e4e4e4; }
pre { background: #f6f6f4; padding: 1rem; overflow-x: auto; font-size: .85rem; }
"""


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
        _table((), _key_numbers(summary)),
        "<h2>What left the bone</h2>",
        _leaks(summary),
        *(_figure(run / "figures" / f"{name}.png", text) for name, text in FIGURES.items()),
        "<h2>Events</h2>",
        _table(("time [s]", "what"), ((f"{e['time_s']:.1f}", e["what"]) for e in summary["events"])),
        "<h2>Computation</h2>",
        _table((), _computation(summary)),
        "<h2>Case</h2>",
        f"<pre>{escape(case.read_text(encoding='utf-8') if case.is_file() else 'no case.toml')}</pre>",
    ]
    out = run / "report.html" if out is None else Path(out)
    write_text(out, _page(summary["title"] or run.name, parts))
    return out


def _page(title: str, parts: Iterable[str]) -> str:
    head = f'<meta charset="utf-8"><title>{escape(title)}</title><style>{STYLE}</style>'
    return (
        f'<!doctype html>\n<html lang="en"><head>{head}</head>\n<body>\n'
        + "\n".join(parts)
        + "\n</body></html>\n"
    )


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


def _computation(s: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        ("balance error", f"{s['balance_error']:.0e} of the injected volume"),
        ("mesh", f"{s['mesh']['vertices']} vertices, {s['mesh']['tets']} tetrahedra"),
        ("steps", f"{s['steps']}, and {s['rejected_steps']} rejected"),
        ("pressure solves", f"{s['pressure_solves']}, {s['linear_iterations']} iterations"),
        ("version", s["version"]),
        ("digest", s["digest"]),
    ]


def _leaks(s: dict[str, Any]) -> str:
    head = ("outlet", "type", "cement [mL]", "from [s]", "reach in the vein [mm]", "marrow [mL]")
    rows = []
    for name, site in s["sites"]["outlets"].items():
        first, reach = site["first_leak_s"], site["reach_mm"]
        cells = [
            f"<td>{escape(name)}</td><td>{site['type']} {LEAK_TYPES[site['type']]}</td>",
            _number(f"{site['leaked_ml']:.3f}" if first is not None else "none"),
            _number(f"{first:.1f}" if first is not None else ""),
            _number(f"{reach:.1f} of {site['tube_length_mm']:.0f}" if reach is not None else ""),
            _number(f"{s['marrow_out_ml'][name]:.3f}"),
        ]
        rows.append(f"<tr{' class=leaked' if first is not None else ''}>{''.join(cells)}</tr>")
    return f"<table><tr>{_heads(head)}</tr>{''.join(rows)}</table>"


def _table(head: Sequence[str], rows: Iterable[tuple[str, str]]) -> str:
    body = "".join(f"<tr><td>{escape(a)}</td><td>{escape(b)}</td></tr>" for a, b in rows)
    return f"<table>{f'<tr>{_heads(head)}</tr>' if head else ''}{body}</table>"


def _heads(names: Iterable[str]) -> str:
    return "".join(f"<th>{escape(n)}</th>" for n in names)


def _number(text: str) -> str:
    return f'<td class="number">{text}</td>'


def _figure(path: Path, text: str) -> str:
    if not path.is_file():
        return ""
    data = base64.b64encode(path.read_bytes()).decode("ascii")
    return f'<h2>{escape(text)}</h2><img alt="{escape(text)}" src="data:image/png;base64,{data}">'
