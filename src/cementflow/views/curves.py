"""Pressures, flow rate and volumes over time, and what the heat does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from cementflow.errors import InputError
from cementflow.views.heat_panel import draw_heat
from cementflow.views.page import SIZE, add_ruled, headline, new_page, save_page
from cementflow.views.palette import CEMENT, CYCLE, DASHES, FAINT, INK, LEAK, NEEDLE
from cementflow.views.panels import Line, Mark, draw_lines, mark_events, name_lines, shade_held
from cementflow.views.sheet import Event, RunSheet, open_run
from cementflow.views.words import cut

HEATED_SIZE = (SIZE[0], 1440)  # of a page with a panel for the heat

_EVENTS_SHOWN = 12
_HEAD = 1.55  # inches above the panels
_HEAT_SHARE = 0.36  # of the room for panels that the heat takes
_GAP = 1.2  # inches between the panels of the flow and of the heat
_STILL = 0.02  # of the leaked volume: less than that is no leak worth a longer axis


def plot_curves(run: Path, out: Path, size: tuple[int, int] | None = None) -> Path:
    """Draw pressures, flow rate, volumes and leaks over time, with heat and cure where there are any, and the events.

    Parameters
    ----------
    run
        Run folder.
    out
        Picture to write (.png or .pdf).
    size
        Width and height [px]; by default `SIZE`, and higher for a heated run.

    Returns
    -------
    Path
        `out`.

    Raises
    ------
    InputError
        If the folder is not readable or its history has no rows.
    """
    sheet = open_run(run)
    if not len(sheet.history):
        raise InputError("has no rows: the run accepted no step", str(sheet.folder / "history.csv"))
    return save_page(curves_page(sheet, size), out)


def curves_page(sheet: RunSheet, size: tuple[int, int] | None = None) -> Any:
    """The page that `plot_curves` writes."""
    page = new_page(size or (HEATED_SIZE if sheet.history.heated else SIZE))
    headline(page, sheet.title, _facts(sheet))
    shown = _shown(sheet)
    height = page.get_size_inches()[1]
    top, bottom = 1 - _HEAD / height, _list_events(page, shown, len(sheet.events) - len(shown))
    marks = [(number, event.time) for number, event in shown]
    between = 0.34
    if sheet.history.heated:
        tall = _HEAT_SHARE * (top - bottom)
        axes = add_ruled(page, (0.065, bottom, 0.815, tall))
        draw_heat(axes, sheet, [mark for mark in marks if mark[1] >= (sheet.ended or 0.0)])
        bottom += tall + _GAP / height
        between = 0.46  # of panels that are lower
    grid = page.add_gridspec(
        2, 2, left=0.065, right=0.88, top=top, bottom=bottom, hspace=between, wspace=0.52
    )
    _draw_flow(page, grid, sheet, marks)
    return page


def _shown(sheet: RunSheet) -> list[tuple[int, Event]]:
    """Numbers and events; where there are too many, the first ones, but all from the end of the injection on."""
    numbered = list(enumerate(sheet.events, start=1))
    late = [(i, event) for i, event in numbered if sheet.ended is not None and event.time >= sheet.ended]
    late = late[-_EVENTS_SHOWN:]
    early = numbered[: len(numbered) - len(late)][: _EVENTS_SHOWN - len(late)]
    return [*early, *late]


def _draw_flow(page: Any, grid: Any, sheet: RunSheet, marks: list[Mark]) -> None:
    """The four panels of the flow, as long as there is any."""
    times = sheet.history.columns["time_s"]
    end, words = _flow_end(sheet)
    now = times <= end * (1 + 1e-9)
    low = min(float(times[0]), 0.0)
    high = end if end > low else low + 1.0
    for i, panel in enumerate((_pressures, _volumes, _flow, _leaks)):
        label, lines = panel(sheet)
        lines = [(name, values[now], colour, dashes) for name, values, colour, dashes in lines]
        axes = add_ruled(page, grid[i // 2, i % 2])
        axes.set(xlim=(low, high), xlabel=f"time [s]{words}")
        draw_lines(axes, label, times[now], lines)
        shade_pauses(axes, sheet, high)
        if panel in (_pressures, _flow):
            shade_held(axes, times, sheet.history.held, sheet.history.words.get("limited_by"))
        mark_events(axes, [mark for mark in marks if mark[1] <= high * (1 + 1e-9)])
        name_lines(axes, times[now], lines)


def shade_pauses(axes: Any, sheet: RunSheet, until: float) -> None:
    """Shade the times of a protocol in which nothing was pushed."""
    for start, end in pauses(sheet):
        if start < until:
            axes.axvspan(start, min(end, until), color=FAINT, alpha=0.16, lw=0, zorder=0)


def pauses(sheet: RunSheet) -> list[tuple[float, float]]:
    """Begin and end [s] of each time in which a protocol pushed nothing."""
    table = sheet.history.columns
    if "stage" not in table:
        return []
    times, still = table["time_s"], (table["flow_rate_ml_min"] == 0.0) & (table["stage"] > 0)
    # The flow of a row is that at the end of its step.
    changes = np.flatnonzero(np.diff(np.concatenate([[False], still, [False]])))
    return [(float(times[max(a - 1, 0)]), float(times[b - 1])) for a, b in changes.reshape(-1, 2)]


def _flow_end(sheet: RunSheet) -> tuple[float, str]:
    """Up to when there is flow to show [s], and what to say where the run went on after that."""
    times, leaked = sheet.history.columns["time_s"], sheet.history.columns["leaked_ml"]
    last = float(times[-1])
    if sheet.ended is None or last <= sheet.ended:
        return last, ""
    late = np.flatnonzero(leaked[-1] - leaked > _STILL * leaked[-1])
    still = float(times[late[-1] + 1]) if len(late) else 0.0
    if still > sheet.ended:
        return still, ", until hardly anything leaked"
    return sheet.ended, ", injection only"


def _facts(sheet: RunSheet) -> list[str]:
    """Steps and peaks; and the outlets that have no curve, as no cement came through."""
    table = sheet.history.columns
    steps = np.count_nonzero(table["time_s"] > 0.0)  # the first row is the flow before anything has moved
    parts = [f"{steps} accepted steps to t = {table['time_s'][-1]:.4g} s"]
    for name, column in (("tip", "tip_pressure_kPa"), ("syringe", "syringe_pressure_kPa")):
        if np.isfinite(table[column]).any():
            parts.append(f"peak {name} pressure {np.nanmax(table[column]):.4g} kPa")
    if sheet.history.heated:
        parts.append(f"hottest {table['peak_temperature_degC'].max():.1f} degC")
    unused = [outlet.name for outlet in sheet.outlets if outlet.first_leak is None and not outlet.of_tree]
    lines = ["   ·   ".join(parts)]
    if unused:
        lines.append(cut("no cement through " + ", ".join(unused), 150))
    return lines


def _pressures(sheet: RunSheet) -> tuple[str, list[Line]]:
    table = sheet.history.columns
    lines = [
        ("syringe", table["syringe_pressure_kPa"], INK, "-"),
        (
            "needle tip" if sheet.tip.direction is not None else "source",
            table["tip_pressure_kPa"],
            NEEDLE,
            "-",
        ),
    ]
    return "pressure [kPa]", lines


def _flow(sheet: RunSheet) -> tuple[str, list[Line]]:
    return "flow rate [mL/min]", [("", sheet.history.columns["flow_rate_ml_min"], INK, "-")]


def _volumes(sheet: RunSheet) -> tuple[str, list[Line]]:
    table = sheet.history.columns
    names = (("injected", "injected_ml", INK, "-"), ("in bone", "in_bone_ml", CEMENT, "-"))
    lines = [(name, table[column], colour, dashes) for name, column, colour, dashes in names]
    return "volume [mL]", [*lines, ("leaked", table["leaked_ml"], LEAK, "-")]


def _leaks(sheet: RunSheet) -> tuple[str, list[Line]]:
    lines: list[Line] = []
    leaking = [outlet for outlet in sheet.outlets if outlet.first_leak is not None]
    for i, outlet in enumerate(leaking):
        column = sheet.history.leak(outlet.name)
        if column is not None:
            dashes = DASHES[(i // len(CYCLE)) % len(DASHES)]
            lines.append((outlet.name, column, CYCLE[i % len(CYCLE)], dashes))
    if len(lines) != 1:
        lines.append(("total", sheet.history.columns["leaked_ml"], LEAK, "-"))
    return "leaked by outlet [mL]", lines


def _list_events(page: Any, events: list[tuple[int, Event]], hidden: int) -> float:
    """Write what the numbers stand for at the foot of the page; return where the panels may begin."""
    rows = (len(events) + 1) // 2
    height = page.get_size_inches()[1]
    for i, (number, event) in enumerate(events):
        what = cut(event.what, 78)
        y = (0.27 * (rows - i % rows) + (0.27 if hidden else 0.0)) / height
        text = f"{number}   {event.time:.4g} s   {what}"
        page.text(0.065 + 0.475 * (i // rows), y, text, size=12, color=INK, va="center", parse_math=False)
    if hidden:
        page.text(0.065, 0.27 / height, f"and {hidden} more", size=12, color=FAINT, va="center")
    return float((0.95 + 0.27 * (rows + bool(hidden))) / height)
