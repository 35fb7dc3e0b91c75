"""Names beside a picture, tied to their places by thin lines, never on top of each other."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cementflow.views.page import spread
from cementflow.views.palette import LEAK, TIGHT
from cementflow.views.snapshots import OutletState
from cementflow.views.words import cut, volume

Floats = NDArray[np.float64]

_LINE = 20.0  # height of a line of writing on a page of the design width [px]
_WRAP = 15
_CUT = 16
# A point nearer than this to the outer edge of the column is labelled from so far above it [px as above].
_BESIDE, _ABOVE = 200.0, 14.0


@dataclass(frozen=True)
class Label:
    """A name and what is said of it, for the point `anchor` [axes data units].

    `side` is "left" or "right" where it matters on which side it is written.
    """

    anchor: tuple[float, float]
    name: str
    value: str
    color: str
    bold: bool = False
    side: str = ""

    def text(self, short: bool) -> str:
        """The writing: one cut line, or as many as the name takes."""
        if short:
            return f"{cut(self.name, _CUT)} {self.value}".rstrip()
        return "\n".join([*textwrap.wrap(self.name, _WRAP), self.value]).rstrip()


def outlet_label(state: OutletState, anchor: tuple[float, float]) -> Label:
    """Label of an outlet: strong if it leaks cement, grey if not."""
    value = volume(state.leaked) if state.leaks else "no cement"
    return Label(anchor, state.outlet.name, value, LEAK if state.leaks else TIGHT, bold=state.leaks)


def draw_labels(axes: Any, labels: list[Label], box: tuple[float, ...], unit: float) -> None:
    """Write labels in two columns at the edges of `box`: those further left on the left, if they do not say otherwise.

    Parameters
    ----------
    box
        Left, right, bottom and top of the room for the labels [data units].
    unit
        Data units in a pixel of the design page.
    """
    left, right, bottom, top = box
    ranked = sorted((label for label in labels if not label.side), key=lambda label: label.anchor[0])
    half = len(ranked) // 2
    # The odd one out goes to the side that it is nearer to.
    if len(ranked) % 2 and ranked[half].anchor[0] < (left + right) / 2:
        half += 1
    leaders: list[Floats] = []
    colours: list[str] = []
    for x, align, near in ((left, "left", ranked[:half]), (right, "right", ranked[half:])):
        chosen = [*near, *(label for label in labels if label.side == align)]
        if not chosen:
            continue
        texts, tall = _writing(chosen, _LINE * unit, top - bottom)
        # Where a label would cover its own point it goes above it instead of beside it.
        covers = np.array([abs(label.anchor[0] - x) < _BESIDE * unit for label in chosen])
        wanted = np.array([label.anchor[1] for label in chosen]) + covers * (0.5 * tall + _ABOVE * unit)
        placed = spread(wanted, tall, bottom, top)
        for label, text, y in zip(chosen, texts, placed, strict=True):
            leaders.append(_write(axes, label, text, (x, float(y)), align))
            colours.append(label.color)
    _draw_leaders(axes, leaders, colours)


def _writing(labels: list[Label], line: float, room: float) -> tuple[list[str], Floats]:
    """Texts and their heights, cut short if they would not fit into the column."""
    for short in (False, True):
        texts = [label.text(short) for label in labels]
        tall = np.array([line * (text.count("\n") + 1.6) for text in texts])
        if tall.sum() <= room:
            break
    return texts, tall


def _write(axes: Any, label: Label, words: str, at: tuple[float, float], align: Any) -> Floats:
    """Write a label; return the corners of its leader."""
    from cementflow.views.letters import Haloed

    weight = "bold" if label.bold else "normal"
    text = Haloed(
        *at, words, ha=align, va="center", size=12, color=label.color, weight=weight, linespacing=1.15
    )
    text.set(zorder=8, multialignment=align, parse_math=False, transform=axes.transData)
    axes.add_artist(text)
    box = text.get_window_extent(axes.figure.canvas.get_renderer()).transformed(axes.transData.inverted())
    return np.array([*_way_out(box, label.anchor, align), label.anchor])


def _draw_leaders(axes: Any, leaders: list[Floats], colours: list[str]) -> None:
    """Draw lines on white, so that they show on any picture."""
    from matplotlib.collections import LineCollection

    for shades, wide, level in (("white", 2.6, 6), (colours, 1.1, 7)):
        bundle = LineCollection(leaders, colors=shades, linewidths=wide, zorder=level, joinstyle="round")
        axes.add_collection(bundle, autolim=False)


def _way_out(box: Any, anchor: tuple[float, float], align: str) -> list[tuple[float, float]]:
    """Corners of a leader before its point: from the side of the writing, or from its lower or upper edge."""
    x, y = box.x1 if align == "left" else box.x0, (box.y0 + box.y1) / 2
    reach = anchor[0] - x if align == "left" else x - anchor[0]
    if reach > 0.3 * box.width:
        return [(x, y), (x + 0.25 * (anchor[0] - x), y)]
    return [(min(max(anchor[0], box.x0), box.x1), box.y0 if anchor[1] < y else box.y1)]
