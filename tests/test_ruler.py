"""Rulers of panels: ticks and words are matplotlib's, and stand where they should."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes

from cementflow.views.letters import PageRenderer
from cementflow.views.page import add_bar, add_ruled, add_twin, new_page, save_page
from cementflow.views.ruler import Panel

BOX = (0.2, 0.3, 0.6, 0.5)


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, float, float]]:
    """All that is written when a page is drawn: words and where they begin [px from the lower left corner]."""
    lines = []
    draw = PageRenderer.draw_text

    def note(self: PageRenderer, gc: Any, x: float, y: float, s: str, *rest: Any, **more: Any) -> None:
        lines.append((s, x, self.height - y))
        draw(self, gc, x, y, s, *rest, **more)

    monkeypatch.setattr(PageRenderer, "draw_text", note)
    return lines


def dark(page: Any) -> np.ndarray:
    """Where a page has ink, rows from below."""
    page.canvas.draw()
    return np.asarray(page.canvas.buffer_rgba())[::-1, :, :3].max(axis=-1) < 100


@pytest.mark.parametrize(
    ("scale", "low", "high"),
    [
        ("linear", 0.0, 60.0),
        ("linear", 0.0, 0.0713),
        ("linear", -3e-7, 4e-7),
        ("linear", 1e6, 1e6 + 7.0),
        ("linear", 5.0, -2.0),
        ("log", 0.3, 4e3),
    ],
)
def test_a_ruler_has_the_ticks_of_matplotlib(
    scale: str, low: float, high: float, written: list[tuple[str, float, float]]
) -> None:
    drawn = []
    for kind in (Panel, Axes):
        written.clear()
        page = new_page((800, 600))
        axes = page.add_axes(BOX, axes_class=kind)
        axes.set(xscale=scale, yscale=scale, xlim=(low, high), ylim=(low, high))
        axes.tick_params(labelsize=12)
        page.canvas.draw()
        # What numbers are to be multiplied with stands elsewhere.
        drawn.append({s: (x, y) for s, x, y in written if not s.startswith(("1e", "+", "×"))})
    ours, theirs = drawn
    assert set(ours) == set(theirs) and len(ours) > 2
    assert np.array(list(ours.values())) == pytest.approx(np.array([theirs[s] for s in ours]), abs=4)


def test_ticks_and_line_are_at_their_values() -> None:
    page = new_page((1600, 1200))
    axes = add_ruled(page, BOX)
    axes.set(xlim=(0, 10), ylim=(1, 100), yscale="log")
    axes.xaxis.put([0, 2.5, 10, 11])
    axes.yaxis.put([10.0], ["ten"])
    ink = dark(page)
    left, low, right, high = (round(x) for x in axes.bbox.extents)
    assert ink[low - 1 : low + 2, left:right].any(axis=0).mean() > 0.95
    assert ink[low:high, left - 1 : left + 2].any(axis=1).mean() > 0.95
    across = np.flatnonzero(ink[low - 2, left - 3 : right + 4]) - 3
    assert across == pytest.approx([0, 0.25 * (right - left), right - left], abs=1.5)
    (up,) = np.flatnonzero(ink[low + 5 : high, left - 2])
    assert up + 5 == pytest.approx(0.5 * (high - low), abs=1.5)


def test_slanted_words_end_below_their_ticks(written: list[tuple[str, float, float]]) -> None:
    page = new_page((1600, 1200))
    axes = add_ruled(page, BOX)
    axes.set(xlim=(0, 1), ylim=(0, 1))
    axes.xaxis.put([0.5, 0.6], ["low viscosity", "high"])
    axes.tick_params(axis="x", rotation=60, labelsize=9)
    axes.grid(False)
    plain = dark(page)
    left, low, right, _ = axes.bbox.extents
    where = {s: (x, y) for s, x, y in written}
    assert where["low viscosity"][0] < where["high"][0] < left + 0.6 * (right - left)
    assert where["low viscosity"][1] < where["high"][1] < low
    rows, columns = np.nonzero(plain[: round(low) - 9, : round(left + 0.55 * (right - left))])
    assert columns.max() == pytest.approx(left + 0.5 * (right - left), abs=9)
    assert low - rows.max() < 20


def test_a_factor_of_all_numbers_stands_with_the_label(written: list[tuple[str, float, float]]) -> None:
    page = new_page((800, 600))
    axes = add_ruled(page, BOX)
    axes.set(ylim=(0.0, 3e-8), xlim=(1e6, 1e6 + 7.0), ylabel="leak [mL]", xlabel="time [s]")
    for _ in range(2):
        written.clear()
        page.canvas.draw()
        assert {"leak [mL] × 1e−8", "time [s] +1e6"} <= {s for s, _, _ in written}
    assert axes.get_ylabel() == "leak [mL]"


def test_labels_keep_clear_of_numbers_and_twins_write_on_the_right(
    written: list[tuple[str, float, float]],
) -> None:
    page = new_page((800, 600))
    axes = add_ruled(page, BOX)
    axes.set(xlim=(0, 1), ylim=(0, 1), ylabel="left")
    axes.yaxis.put([0.5], ["a rather long word"])
    twin = add_twin(axes)
    twin.set(ylim=(0, 40), ylabel="right")
    page.canvas.draw()
    where = {s: x for s, x, _ in written}
    left, _, right, _ = axes.bbox.extents
    assert where["left"] < where["a rather long word"] < left
    assert right < where["40"] < where["right"]
    assert list(where).count("0.2") == 1  # the axis that both share, written once


def test_a_bar_has_its_colours_ticks_and_marks(written: list[tuple[str, float, float]]) -> None:
    page = new_page((1600, 1000))
    bar = add_bar(page, (0.2, 0.5), "gray", (0.0, 4.0), "grey", ticks=[0.0, 4.0], marks=[3.0])
    page.canvas.draw()
    picture = np.asarray(page.canvas.buffer_rgba())[::-1, :, 0].astype(int)
    left, low, right, high = bar.bbox.extents
    row = picture[round((low + high) / 2), round(left) + 2 : round(right) - 2]
    shades = row[[100, 300, 500]]
    assert shades == pytest.approx(255 * np.array([102, 302, 502]) / (right - left), abs=4)
    line = round(0.75 * (right - left)) - 2
    assert row[line - 1 : line + 2].min() < 60 and row[line - 2 : line + 3].max() > row[line - 6] + 10
    assert [s for s, _, _ in written] == ["0", "4", "grey"]


def test_rulers_are_in_pdf_too(tmp_path: Path) -> None:
    page = new_page((800, 600))
    add_ruled(page, BOX).set(xlabel="time")
    assert save_page(page, tmp_path / "p.pdf").stat().st_size > 2000
