"""Pressures, flow rate and volumes over time."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cementflow.errors import InputError
from cementflow.views.page import SIZE, headline, new_page, save_page, spread
from cementflow.views.palette import CEMENT, CYCLE, DASHES, FAINT, INK, LEAK, NEEDLE
from cementflow.views.sheet import Event, RunSheet, open_run
from cementflow.views.words import cut

Floats = NDArray[np.float64]
Line = tuple[str, Floats, str, str]  # name, values, colour, dashes

_LOG_RATIO = 8.0
_EVENTS_SHOWN = 10
_WRAP = 18
_ROOM = (-0.12, 1.08)  # of the names beside a panel, as shares of its height
_LINE = 19.0  # height of a line of writing on a page of the design width [px]


def plot_curves(run: Path, out: Path, size: tuple[int, int] = SIZE) -> Path:
    """Draw tip and syringe pressure, flow rate, volumes and leaks over time, with the events of the run.

    Parameters
    ----------
    run
        Run folder.
    out
        Picture to write (.png or .pdf).
    size
        Width and height [px].

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


def curves_page(sheet: RunSheet, size: tuple[int, int]) -> Any:
    """The page that `plot_curves` writes."""
    page = new_page(size)
    headline(page, sheet.title, _facts(sheet))
    times = sheet.history.columns["time_s"]
    low, high = float(times[0]), float(times[-1])
    low = min(low, 0.0)
    high = high if high > low else low + 1.0
    panels = (_pressures(sheet), _volumes(sheet), _flow(sheet), _leaks(sheet))
    shown = sheet.events[:_EVENTS_SHOWN]
    bottom = _list_events(page, shown, len(sheet.events) - len(shown))
    grid = page.add_gridspec(2, 2, left=0.065, right=0.88, top=0.845, bottom=bottom, hspace=0.34, wspace=0.52)
    for i, (label, lines) in enumerate(panels):
        axes = page.add_subplot(grid[i // 2, i % 2])
        axes.set_xlim(low, high)
        _draw_lines(axes, times, lines)
        _dress(axes, label)
        _mark_events(axes, shown)
        _name_lines(axes, times, lines)
    return page


def _facts(sheet: RunSheet) -> list[str]:
    """Steps and peaks; and the outlets that have no curve, as they stayed tight."""
    table = sheet.history.columns
    steps = np.count_nonzero(table["time_s"] > 0.0)  # the first row is the flow before anything has moved
    parts = [f"{steps} accepted steps to t = {table['time_s'][-1]:.4g} s"]
    for name, column in (("tip", "tip_pressure_kPa"), ("syringe", "syringe_pressure_kPa")):
        if np.isfinite(table[column]).any():
            parts.append(f"peak {name} pressure {np.nanmax(table[column]):.4g} kPa")
    tight = [outlet.name for outlet in sheet.outlets if outlet.first_leak is None]
    lines = ["   ·   ".join(parts)]
    if tight:
        lines.append(cut("tight: " + ", ".join(tight), 150))
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


def _draw_lines(axes: Any, times: Floats, lines: list[Line]) -> None:
    from matplotlib.ticker import FormatStrFormatter, LogLocator, NullLocator

    for _, values, colour, dashes in lines:
        # A single accepted step has no line to draw.
        axes.plot(
            times, values, color=colour, ls=dashes, lw=1.9, marker="o" if len(times) == 1 else None, zorder=3
        )
    if _needs_log(lines):
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_major_formatter(FormatStrFormatter("%g"))
        axes.yaxis.set_minor_locator(NullLocator())
    elif all(np.nanmin(v) >= 0 for _, v, _, _ in lines if np.isfinite(v).any()):
        peaks = [np.nanmax(v) for _, v, _, _ in lines if np.isfinite(v).any()]
        axes.set_ylim(0, 1.06 * max(peaks, default=0.0) or 1.0)


def _needs_log(lines: list[Line]) -> bool:
    """Whether the smaller of two curves would lie on the axis of the larger one."""
    peaks = [float(np.nanmax(v)) for _, v, _, _ in lines if np.isfinite(v).any()]
    tight = [v for _, v, _, _ in lines if np.isfinite(v).any() and np.nanmax(v) <= 0]
    return len(peaks) == 2 and not tight and max(peaks) > _LOG_RATIO * min(peaks)


def _dress(axes: Any, label: str) -> None:
    log = " (log scale)" if axes.get_yscale() == "log" else ""
    axes.set_xlabel("time [s]", size=13, color=INK)
    axes.set_ylabel(label + log, size=13, color=INK)
    axes.tick_params(labelsize=12, colors=INK)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(True, lw=0.5, color="#e2e2e2", zorder=0)
    axes.set_axisbelow(True)


def _name_lines(axes: Any, times: Floats, lines: list[Line]) -> None:
    """Write each name beside the end of its line."""
    ends = []
    for name, values, colour, _ in lines:
        known = np.flatnonzero(np.isfinite(values))
        if len(known):
            last = known[-1]
            ends.append((name, colour, float(times[last]), float(values[last])))
    if not ends:
        axes.text(0.5, 0.5, "none", transform=axes.transAxes, ha="center", size=13, color=FAINT)
    ends = [end for end in ends if end[0]]
    if not ends:
        return
    height = axes.get_window_extent().height
    lowest = axes.get_ylim()[0]
    to_axes = axes.transData + axes.transAxes.inverted()
    spots = [to_axes.transform((t, max(v, lowest))) for _, _, t, v in ends]
    line = _LINE * axes.figure.dpi / 100 / height
    texts = ["\n".join(textwrap.wrap(name, _WRAP)) for name, *_ in ends]
    if sum(text.count("\n") + 1.25 for text in texts) * line > _ROOM[1] - _ROOM[0]:
        texts = [cut(name, _WRAP) for name, *_ in ends]
    tall = np.array([(text.count("\n") + 1.25) * line for text in texts])
    placed = spread(np.array([spot[1] for spot in spots]), tall, *_ROOM)
    for text, (_, colour, *_), spot, y in zip(texts, ends, spots, placed, strict=True):
        axes.annotate(
            text,
            tuple(spot),
            (1.035, float(y)),
            xycoords="axes fraction",
            textcoords="axes fraction",
            va="center",
            size=12.5,
            color=colour,
            parse_math=False,
            linespacing=1.05,
            arrowprops={
                "arrowstyle": "-",
                "color": colour,
                "lw": 0.9,
                "relpos": (0, 0.5),
                "shrinkA": 1,
                "shrinkB": 1,
            },
        )


def _mark_events(axes: Any, events: tuple[Event, ...]) -> None:
    if not events:
        return
    low, high = axes.get_xlim()
    times = np.array([event.time for event in events])
    for time in times:
        axes.axvline(time, color=FAINT, lw=0.9, ls=(0, (4, 3)), zorder=1)
    where = spread(
        times,
        np.full(len(times), 0.045 * (high - low)),
        low - 0.02 * (high - low),
        high + 0.0225 * (high - low),
    )
    for number, x in enumerate(where, start=1):
        mark = axes.text(
            float(x), 1.03, str(number), transform=axes.get_xaxis_transform(), ha="center", va="bottom"
        )
        mark.set(
            size=11, color=INK, bbox={"boxstyle": "circle,pad=0.2", "fc": "white", "ec": FAINT, "lw": 0.9}
        )


def _list_events(page: Any, events: tuple[Event, ...], hidden: int) -> float:
    """Write what the numbers stand for at the foot of the page; return where the panels may begin."""
    rows = (len(events) + 1) // 2
    height = page.get_size_inches()[1]
    for i, event in enumerate(events):
        what = cut(event.what, 78)
        y = (0.27 * (rows - i % rows) + (0.27 if hidden else 0.0)) / height
        text = f"{i + 1}   {event.time:.4g} s   {what}"
        page.text(0.065 + 0.475 * (i // rows), y, text, size=12, color=INK, va="center", parse_math=False)
    if hidden:
        page.text(0.065, 0.27 / height, f"and {hidden} more", size=12, color=FAINT, va="center")
    return float((0.95 + 0.27 * (rows + bool(hidden))) / height)
