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
_RING, _RAISED = 15.5, 12.5  # the circle around it, and how far above the panel its middle is [points]
_BESIDE, _SHORT = (
    1.035,
    0.008,
)  # where names begin, and how far from them their leaders end, as shares of the width


def draw_lines(axes: Any, label: str, times: Floats, lines: list[Line]) -> None:
    """Draw lines over time, on a logarithmic scale where one of two would lie on the axis, and say what they are."""
    from matplotlib.lines import Line2D
    from matplotlib.ticker import FormatStrFormatter, LogLocator, NullLocator

    marker = "o" if len(times) == 1 else None  # a single accepted step has no line to draw
    for _, values, colour, dashes in lines:
        axes.add_line(Line2D(times, values, color=colour, ls=dashes, lw=1.9, marker=marker, zorder=3))
    axes.autoscale_view()
    axes.set_ylabel(label)
    if _needs_log(lines):
        axes.set_ylabel(f"{label} (log scale)")
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
    from matplotlib.lines import Line2D

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
    for text, (_, colour, *_), (x, end), y in zip(texts, ends, spots, placed, strict=True):
        beside = axes.text(_BESIDE, float(y), text, transform=axes.transAxes, va="center", size=12.5)
        beside.set(color=colour, parse_math=False, linespacing=1.05)
        leader = Line2D([x, _BESIDE - _SHORT], [end, float(y)], color=colour, lw=0.9)
        axes.add_artist(leader)
        leader.set(transform=axes.transAxes, clip_on=False)


def mark_events(axes: Any, marks: Sequence[Mark]) -> None:
    """Draw a line through the panel for each event, with its number above, none on top of another."""
    from matplotlib.collections import LineCollection
    from matplotlib.lines import Line2D
    from matplotlib.transforms import offset_copy

    low, high = axes.get_xlim()
    times = np.array([time for _, time in marks])
    within = axes.get_xaxis_transform()
    ends = np.stack([np.stack([times, np.full(len(times), y)], axis=-1) for y in (0.0, 1.0)], axis=1)
    lines = LineCollection(list(ends), colors=FAINT, lw=0.9, ls=(0, (4, 3)), transform=within, zorder=1)
    axes.add_collection(lines, autolim=False)
    wide = _CIRCLE * axes.figure.dpi / 100 / axes.get_window_extent().width * (high - low)
    where = spread(times, np.full(len(marks), wide), low - 0.44 * wide, high + 0.5 * wide)
    above = offset_copy(within, axes.figure, y=_RAISED, units="points")
    circles = Line2D(where, np.ones(len(marks)), ls="", marker="o", ms=_RING, mfc="white", mec=FAINT, mew=0.9)
    axes.add_artist(circles)
    circles.set(transform=above, clip_on=False, zorder=2.5)
    for (number, _), x in zip(marks, where, strict=True):
        axes.text(x, 1.0, f"{number}", transform=above, ha="center", va="center", size=11, color=INK)
