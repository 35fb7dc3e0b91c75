"""Axes of a page: where ticks are and what they say is matplotlib's, how they are drawn is not.

A tick of matplotlib is three lines and two texts, made, measured and drawn one by one: 10 ms an axis. Here the ticks of
an axis are one path, its grid another, and a number is a line of writing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis, XAxis, YAxis
from matplotlib.font_manager import FontProperties
from matplotlib.patches import Rectangle
from matplotlib.path import Path
from matplotlib.ticker import FixedFormatter, FixedLocator
from matplotlib.transforms import IdentityTransform
from numpy.typing import NDArray

from cementflow.views.palette import GRID, INK

Floats = NDArray[np.float64]

_LABEL, _NUMBERS = 13.0, 12.0  # points, as all that follows
_LINE, _GRID_LINE = 0.8, 0.5
_TICK, _GAP, _LABEL_GAP = 3.5, 3.5, 5.0  # a tick, from it to its number, from there to the label


class _Ground(Rectangle):
    """All of a panel, in shares of it: everything that is put on one asks for this transform, to be cut off there."""

    def get_patch_transform(self) -> Any:
        """The identity, which a rectangle would work out anew."""
        return IdentityTransform()


class Panel(Axes):
    """Axes with a ruler below and one on the left, or on the right if its label is put there."""

    def clear(self) -> None:
        """Make it as new, with a grid."""
        super().clear()
        self.grid(True)

    def _init_axis(self) -> None:
        self.xaxis = Across(self, clear=False)
        self.yaxis = Up(self, clear=False)

    def _gen_axes_patch(self) -> Rectangle:
        return _Ground((0.0, 0.0), 1.0, 1.0)

    def _gen_axes_spines(self, *_: Any) -> dict[str, Any]:
        return {}


class Ruler(Axis):
    """An axis: line, ticks, numbers and label in the colour of the label, and a grid.

    What `grid` says is heeded, and of `tick_params` the size and the rotation of the numbers.
    """

    majorTicks: Any = ()  # none are made
    minorTicks: Any = ()
    upright = False

    def clear(self) -> None:
        """Make it as new."""
        super().clear()
        self.set_tick_params(labelsize=_NUMBERS)  # which decides how many there are
        self.label.set(size=_LABEL, color=INK)
        self.set_zorder(0.5)

    def get_children(self) -> list[Any]:
        """The label."""
        return [self.label]

    def get_tightbbox(self, renderer: Any = None, *, for_layout_only: bool = False) -> Any:
        """None: a panel has the room that the page gives it, and asks for none."""

    def get_ticks_position(self) -> Any:
        """The side of the label."""
        return self.get_label_position()

    def put(self, places: Sequence[float], words: Sequence[str] | None = None) -> None:
        """Put ticks at these places and nowhere else, with these words in place of numbers."""
        self.set_major_locator(FixedLocator(places))
        if words is not None:
            self.set_major_formatter(FixedFormatter(words))

    def draw(self, renderer: Any) -> None:
        """Draw it on the side of its label."""
        if not self.get_visible():
            return
        marks, words = self._ticks()
        start, end, near, far = self._sides()
        out = math.copysign(1.0, near - far)
        tick, gap, further = (out * renderer.points_to_pixels(x) for x in (_TICK, _GAP, _LABEL_GAP))
        asked = self.get_tick_params()
        pen = _Pen(renderer, self.upright, self.label.get_color(), asked["labelsize"])
        if asked["gridOn"]:
            pen.lines([((mark, near), (mark, far)) for mark in marks], _GRID_LINE, GRID)
        ticks = [((mark, near), (mark, near + tick)) for mark in marks]
        pen.lines([((start, near), (end, near)), *ticks], _LINE)
        edge = near + tick + gap
        slant = asked.get("rotation", 0)
        reach = [pen.number(mark, edge, out, word, slant) for mark, word in zip(marks, words, strict=True)]
        edge += out * max(reach, default=0.0) + further
        self._draw_label(renderer, (edge, 0.5) if self.upright else (0.5, edge))

    def _ticks(self) -> tuple[Floats, list[str]]:
        """Where the ticks between the ends of the axis are [px], and their numbers."""
        low, high = sorted(self.get_view_interval())
        slack = 1e-9 * (high - low)
        places = np.asarray(self.get_majorticklocs(), float)
        words = self.get_major_formatter().format_ticks(list(places))
        shown = np.flatnonzero((places >= low - slack) & (places <= high + slack))
        beside = np.zeros(len(shown))
        if self.upright:
            marks = self.axes.get_yaxis_transform().transform(np.column_stack([beside, places[shown]]))[:, 1]
        else:
            marks = self.axes.get_xaxis_transform().transform(np.column_stack([places[shown], beside]))[:, 0]
        return marks, [words[i] for i in shown]

    def _sides(self) -> tuple[float, float, float, float]:
        """Start and end of the panel along the axis, its side where the ruler is, and the opposite one [px]."""
        left, low, right, high = self.axes.bbox.extents
        if not self.upright:
            return left, right, low, high
        return (low, high, right, left) if self.get_label_position() == "right" else (low, high, left, right)

    def _draw_label(self, renderer: Any, place: tuple[float, float]) -> None:
        """Write the label, with what the numbers are to be multiplied by or added to, if anything."""
        label, rest = self.label.get_text(), self.get_major_formatter().get_offset()
        if rest:
            sign = "" if rest[0] in "+-\u2212" else "× "
            self.label.set_text(f"{label} {sign}{rest}".lstrip())
        self.label.set_position(place)
        self.label.draw(renderer)
        self.label.set_text(label)


class Across(Ruler, XAxis):
    """A ruler below a panel."""


class Up(Ruler, YAxis):
    """A ruler on the left or right of a panel."""

    upright = True


class _Pen:
    """Draws along an axis and across it, whichever way that is on the page [px]."""

    def __init__(self, renderer: Any, upright: bool, colour: Any, size: float) -> None:
        self._renderer = renderer
        self._upright = upright
        self._colour = colour
        self._font = FontProperties(size=size)
        self._digit = self._size("0")[1]

    def lines(self, ends: list[Any], width: float, colour: str = "") -> None:
        """Lines between pairs of points."""
        points = np.reshape(ends, (-1, 2))[:, :: -1 if self._upright else 1]
        gc = self._renderer.new_gc()
        gc.set_foreground(colour or self._colour)
        gc.set_linewidth(width)
        gc.set_snap(True)
        path = Path(points, [Path.MOVETO, Path.LINETO] * len(ends))
        self._renderer.draw_path(gc, path, IdentityTransform())
        gc.restore()

    def number(self, middle: float, edge: float, out: float, word: str, slant: float) -> float:
        """A number from `edge` on outwards, a slanted one to its end; return how far it goes."""
        wide, tall = self._size(word)
        cos, sin = math.cos(math.radians(slant)), math.sin(math.radians(slant))
        if self._upright:
            x, y = edge - wide * (out < 0), middle - self._digit / 2
        else:
            x = middle + self._digit * sin - wide * cos if slant else middle - wide / 2
            y = edge - self._digit * cos - wide * sin
        gc = self._renderer.new_gc()
        gc.set_foreground(self._colour)
        if self._renderer.flipy():
            y = self._renderer.get_canvas_width_height()[1] - y
        self._renderer.draw_text(gc, x, y, word, self._font, slant, ismath="$" in word)
        gc.restore()
        return wide if self._upright else tall * cos + wide * sin

    def _size(self, word: str) -> tuple[float, float]:
        wide, tall, _ = self._renderer.get_text_width_height_descent(word, self._font, "$" in word)
        return wide, tall
