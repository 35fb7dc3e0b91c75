"""A panel of curves: lines over time with their names beside them, and the numbers of events above."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cementflow.views.page import spread
from cementflow.views.palette import FAINT, INK
from cementflow.views.words import cut

Floats = NDArray[np.float64]
Line = tuple[str, Floats, str, str]  # name, values, colour, dashes
Mark = tuple[int, float]  # number and time of an event

_LOG_RATIO = 8.0
_WRAP = 18
_ROOM = (-0.12, 1.08)  # of the names beside a panel, as shares of its height
_LINE = 19.0  # height of a line of writing on a page of the design width [px]
_CIRCLE = 23.3  # room for the number of an event [px as above]


def draw_lines(axes: Any, times: Floats, lines: list[Line]) -> None:
    """Draw lines over time, on a logarithmic scale where one of two would lie on the axis."""
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


def dress(axes: Any, label: str, time_label: str = "time [s]") -> None:
    """Write what the axes stand for, and draw the grid."""
    log = " (log scale)" if axes.get_yscale() == "log" else ""
    axes.set_xlabel(time_label, size=13, color=INK)
    axes.set_ylabel(label + log, size=13, color=INK)
    axes.tick_params(labelsize=12, colors=INK)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(True, lw=0.5, color="#e2e2e2", zorder=0)
    axes.set_axisbelow(True)


def shade_held(axes: Any, times: Floats, held: NDArray[np.bool_], limits: NDArray[np.str_] | None) -> None:
    """Shade the spans of time over which a limit holds the flow back, and say which at the foot of the first one."""
    inside = np.concatenate([[False], held, [False]]).astype(int)
    starts, ends = np.flatnonzero(np.diff(inside) > 0), np.flatnonzero(np.diff(inside) < 0)
    high = axes.get_xlim()[1]
    for start, end in zip(starts, ends, strict=True):
        last = times[min(int(end), len(times) - 1)]
        axes.axvspan(times[start], min(last, high), color=INK, alpha=0.07, lw=0, zorder=0)
    if len(starts) and limits is not None:
        spot = (float(times[starts[0]]), 0.03)
        axes.annotate(
            f"held by {limits[starts[0]]}",
            spot,
            xycoords=("data", "axes fraction"),
            xytext=(4, 0),
            textcoords="offset points",
            size=11,
            color=INK,
            va="bottom",
        )


def name_lines(axes: Any, times: Floats, lines: list[Line]) -> None:
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


def mark_events(axes: Any, marks: Sequence[Mark]) -> None:
    """Draw a line through the panel for each event, with its number above, none on top of another."""
    low, high = axes.get_xlim()
    for _, time in marks:
        axes.axvline(time, color=FAINT, lw=0.9, ls=(0, (4, 3)), zorder=1)
    wide = _CIRCLE * axes.figure.dpi / 100 / axes.get_window_extent().width * (high - low)
    where = spread(
        np.array([time for _, time in marks]),
        np.full(len(marks), wide),
        low - 0.44 * wide,
        high + 0.5 * wide,
    )
    for (number, _), x in zip(marks, where, strict=True):
        mark = axes.text(
            float(x), 1.03, str(number), transform=axes.get_xaxis_transform(), ha="center", va="bottom"
        )
        mark.set(
            size=11, color=INK, bbox={"boxstyle": "circle,pad=0.2", "fc": "white", "ec": FAINT, "lw": 0.9}
        )
