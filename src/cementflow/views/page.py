"""A figure page: pictures placed to the pixel, writing on top, one atomic file at the end."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cementflow.errors import InputError
from cementflow.views.palette import FAINT, INK
from cementflow.views.png import write_png

_ENDINGS = (".png", ".pdf")
# Without these a PDF would hold the date and the version of the writer, and no two files would be alike.
_METADATA: dict[str, None] = {"CreationDate": None, "Producer": None, "Creator": None}
_DESIGN_WIDTH = 1600
SIZE = (_DESIGN_WIDTH, 1000)
# Room above and below a pair of panels, as a share of the width of the page.
_HEAD, _FOOT = 122 / 1600, 112 / 1600
_COLOURS = 256  # of a bar


def new_page(size: tuple[int, int]) -> Any:
    """Matplotlib figure of `size` [px] whose writing keeps its share of the page at every size."""
    from matplotlib.figure import Figure

    from cementflow.views.letters import PageCanvas

    dpi = 100 * size[0] / _DESIGN_WIDTH
    figure = Figure(figsize=(size[0] / dpi, size[1] / dpi), dpi=dpi, facecolor="white")
    PageCanvas(figure)
    return figure


def panel_size(size: tuple[int, int], rows: int = 1) -> tuple[int, int]:
    """Size [px] of each of the panels of a page, two in a row.

    Raises
    ------
    InputError
        If the page is too small for writing and panels.
    """
    if size[0] < 320 or size[1] < 0.4 * size[0]:
        raise InputError(f"a picture must be at least 320 px wide and 0.4 times its width high, not {size}")
    return size[0] // 2, round((size[1] - (_HEAD + _FOOT) * size[0]) / rows)


def add_panels(figure: Any, panel: tuple[int, int], names: list[str]) -> list[Any]:
    """Add named axes of `panel` [px], two in a row from the top, each in pixels from its lower left corner."""
    from matplotlib.lines import Line2D

    width, height = (float(x) for x in figure.get_size_inches() * figure.dpi)
    rows = len(names) // 2
    bottom, tall = _FOOT * width / height, panel[1] / height
    panels = []
    for i, name in enumerate(names):
        axes = add_ruled(figure, (i % 2 * 0.5, bottom + (rows - 1 - i // 2) * tall, 0.5, tall))
        axes.set(xlim=(0, panel[0]), ylim=(0, panel[1]))
        axes.set_axis_off()
        title = axes.text(panel[0] / 2, panel[1] - 0.02 * panel[0], name, ha="center", va="center")
        title.set(size=13, color=FAINT)
        panels.append(axes)
    line = Line2D([0.5, 0.5], [bottom, bottom + rows * tall], color="#d9d9d9", lw=1)
    figure.add_artist(line)
    return panels


def add_picture(axes: Any, picture: NDArray[np.uint8]) -> None:
    """Put a picture behind everything in axes of its size, pixel by pixel.

    Parameters
    ----------
    picture
        RGBA, shape (height, width, 4), rows from below.
    """
    from cementflow.views.picture import Picture

    axes.add_artist(Picture(axes, picture))


def add_ruled(figure: Any, where: Any) -> Any:
    """Axes with rulers at a rectangle in shares of the page, or at a place in a grid."""
    from cementflow.views.ruler import Panel

    add = figure.add_axes if isinstance(where, tuple) else figure.add_subplot
    return add(where, axes_class=Panel)


def add_twin(panel: Any) -> Any:
    """Axes over others with their own ruler on the right."""
    twin = add_ruled(panel.figure, tuple(panel.get_position().bounds))
    twin.sharex(panel)
    twin.xaxis.set_visible(False)
    twin.yaxis.set_label_position("right")
    twin.grid(False)
    twin.patch.set_visible(False)
    return twin


def add_bar(
    figure: Any,
    room: tuple[float, float],
    colours: Any,
    limits: tuple[float, float],
    label: str,
    ticks: Sequence[float] | None = None,
    marks: Sequence[float] = (),
) -> Any:
    """Axes with a bar of colours at the foot of the page.

    Parameters
    ----------
    room
        Left end and width, as shares of the page's width.
    colours, limits
        Matplotlib's name of a colour map, or the map, and the values at its ends.
    ticks, marks
        Values that have a number (by default round ones) and a line through the bar.
    """
    from matplotlib.patches import Rectangle

    foot = foot_height(figure)
    bar = add_ruled(figure, (room[0], 0.56 * foot, room[1], 0.16 * foot))
    edges = np.linspace(*limits, _COLOURS + 1)
    bar.pcolormesh(edges, [0.0, 1.0], edges[None, :-1], cmap=colours)
    for colour, wide in (("white", 2.4), (INK, 1.0)) if len(marks) else ():
        bar.vlines(marks, 0.0, 1.0, colors=colour, linewidths=wide)
    bar.set(xlim=limits, ylim=(0.0, 1.0), xlabel=label)
    bar.add_patch(Rectangle((0, 0), 1, 1, transform=bar.transAxes, fill=False, ec=INK, lw=0.6, clip_on=False))
    bar.grid(False)
    bar.yaxis.set_visible(False)
    if ticks is not None:
        bar.xaxis.put(ticks)
    return bar


def foot_height(figure: Any) -> float:
    """Height of the room below the panels as a share of the page's height."""
    width, height = figure.get_size_inches()
    return float(_FOOT * width / height)


def headline(figure: Any, title: str, lines: list[str]) -> None:
    """Title and facts at the top left of the page, 0.4 inch from the edge."""
    width, height = figure.get_size_inches()
    x = 0.4 / width
    title = title if len(title) <= 110 else title[:109].rstrip() + "…"
    figure.text(x, 1 - 0.43 / height, title, size=17, weight="bold", color=INK, va="center", parse_math=False)
    for i, line in enumerate(lines):
        y = 1 - (0.78 + 0.27 * i) / height
        figure.text(x, y, line, size=13.5, color=INK if i == 0 else FAINT, va="center", parse_math=False)


def scale_bar(axes: Any, per_unit: float, corner: tuple[float, float], at_most: float) -> float:
    """Draw a bar of a round length, its right end at `corner` [data units]; return its length [mm].

    Parameters
    ----------
    per_unit
        Millimetres in one data unit of the axes.
    at_most
        Longest bar that fits [data units].
    """
    length = round_length(at_most * per_unit)
    x, y = corner
    drawn = length / per_unit
    axes.plot([x - drawn, x], [y, y], color=INK, lw=3.5, solid_capstyle="butt", zorder=9)
    note = axes.annotate(
        f"{length:g} mm", (x - drawn / 2, y), (0, 5), textcoords="offset points", ha="center", va="bottom"
    )
    note.set(size=12, color=INK, zorder=9)
    return length


def foot_notes(page: Any, notes: Sequence[tuple[str, str]]) -> None:
    """Write words in colours, one below the other, beside the key at the foot of a page."""
    for i, (note, colour) in enumerate(notes):
        page.text(0.56, (0.78 - 0.25 * i) * foot_height(page), note, size=12.5, color=colour, va="center")


def round_length(at_most: float) -> float:
    """Largest of 1, 2, 5 times a power of ten that does not exceed `at_most` (> 0)."""
    power = 10.0 ** np.floor(np.log10(at_most))
    return float(max(step * power for step in (1, 2, 5) if step * power <= at_most * (1 + 1e-12)))


def spread(wanted: NDArray, heights: NDArray, low: float, high: float) -> NDArray[np.float64]:
    """Centres of labels nearest to `wanted` that do not overlap and stay within `low` and `high`.

    Labels keep their order; where there is not room for all, they overlap evenly.
    """
    if not len(wanted):
        return np.zeros(0)
    order = np.argsort(wanted, kind="stable")
    tall = np.asarray(heights, float)[order]
    tall *= min(1.0, (high - low) / tall.sum())
    # Shift every centre by the heights below it: not overlapping then means not decreasing.
    below = np.cumsum(tall) - tall / 2
    level = _nondecreasing(np.asarray(wanted, float)[order] - below)
    placed = np.empty(len(tall))
    placed[order] = np.clip(level, low, high - tall.sum()) + below
    return placed


def _nondecreasing(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Least-squares nondecreasing fit (pool adjacent violators)."""
    blocks: list[tuple[float, int]] = []
    for value in values:
        blocks.append((float(value), 1))
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            (a, n), (b, m) = blocks[-2:]
            blocks[-2:] = [((a * n + b * m) / (n + m), n + m)]
    return np.concatenate([np.full(n, level) for level, n in blocks])


def pixels(figure: Any) -> NDArray[np.uint8]:
    """Draw the page; RGBA, shape (height, width, 4)."""
    figure.canvas.draw()
    return np.asarray(figure.canvas.buffer_rgba())


def save_page(figure: Any, out: Path) -> Path:
    """Write the page as PNG or PDF: first beside `out`, then in its place.

    Raises
    ------
    InputError
        If the ending of `out` is another, or the file cannot be written.
    """
    out = Path(out)
    if out.suffix not in _ENDINGS:
        raise InputError(f"pictures end in {' or '.join(_ENDINGS)}, found '{out.suffix}'", str(out))
    part = out.with_name(f".{out.stem}.{os.getpid()}.part{out.suffix}")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        if out.suffix == ".png":
            write_png(part, pixels(figure))
        else:
            figure.savefig(part, metadata=_METADATA)
        os.replace(part, out)
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror}", str(out)) from error
    finally:
        part.unlink(missing_ok=True)
    return out
