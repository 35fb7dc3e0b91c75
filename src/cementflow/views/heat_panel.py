"""The panel of a heated run: how hot it was, and how far the cement had cured."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from cementflow.views.page import add_twin
from cementflow.views.palette import CEMENT, HOT
from cementflow.views.panels import Mark, mark_events
from cementflow.views.sheet import RunSheet

HARMFUL = 47.0  # degC, injures bone within a minute
_LEAST_TOP = 50.0  # degC, so that the line of harm is in every picture
_MARGIN = 0.06  # below and above what is drawn, as a share of it
_MINUTE = 60.0


def draw_heat(axes: Any, sheet: RunSheet, marks: Sequence[Mark]) -> None:
    """Draw the hottest temperature on the left, the mean degree of cure on the right, over minutes.

    Parameters
    ----------
    axes
        To draw in.
    sheet
        A heated run.
    marks
        Numbers and times [s] of the events to mark.
    """
    table = sheet.history.columns
    minutes, hottest = table["time_s"] / _MINUTE, table["peak_temperature_degC"]
    last = float(minutes[-1])
    axes.set_xlim(0.0, last if last > 0.0 else 1.0)
    dot = "o" if len(minutes) == 1 else None
    axes.plot(minutes, hottest, color=HOT, lw=1.9, marker=dot, zorder=3)
    low, high = float(hottest.min()), max(float(hottest.max()), _LEAST_TOP)
    axes.set_ylim(low - _MARGIN * (high - low), high + _MARGIN * (high - low))
    axes.axhline(HARMFUL, color=HOT, lw=0.9, ls=":", zorder=2)
    _note(axes, f"{HARMFUL:g} degC", HARMFUL)
    cure = add_twin(axes)
    cure.plot(minutes, table["degree_of_cure"], color=CEMENT, lw=1.9, ls="--", marker=dot, zorder=3)
    cure.set_ylim(-_MARGIN, 1.0 + _MARGIN)
    if sheet.set_at is not None:
        at = float(np.interp(sheet.set_at, table["time_s"], table["degree_of_cure"]))
        cure.plot(sheet.set_at / _MINUTE, at, "o", ms=9, mfc="white", mec=CEMENT, mew=2.2, zorder=4)
    axes.set_xlabel("time [min]")
    axes.set_ylabel("hottest temperature [degC], solid", color=HOT)
    cure.set_ylabel("mean degree of cure [-], dashed; ring: set", color=CEMENT)
    mark_events(axes, [(number, time / _MINUTE) for number, time in marks])


def _note(axes: Any, words: str, level: float) -> None:
    """Write what a level is above its start, where nothing has grown warm yet."""
    text = axes.annotate(
        words, (0.0, level), (6, 3), xycoords=("axes fraction", "data"), textcoords="offset points"
    )
    text.set(size=12, color=HOT, va="bottom", bbox={"boxstyle": "square,pad=0.1", "fc": "white", "lw": 0})
