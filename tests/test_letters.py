"""Writing on pages: where it is, which way it goes, what is left to matplotlib."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from cementflow.views.letters import Haloed, PageCanvas

SIZE = (300, 120)
WORDS = "Ägypten: 3.5 mL · η ≤ 2"


def shown(canvas: type, words: str = WORDS, **look: Any) -> np.ndarray:
    """Darkness of a page with words from its middle on, 0 to 255."""
    figure = Figure(figsize=(SIZE[0] / 100, SIZE[1] / 100), dpi=100, facecolor="white")
    canvas(figure)
    figure.text(0.5, 0.5, words, **{"size": 12, "color": "black", "ha": "center", "va": "center"} | look)
    figure.canvas.draw()
    return 255 - np.asarray(figure.canvas.buffer_rgba())[..., :3].astype(int).mean(axis=-1)


def ends(dark: np.ndarray) -> list[int]:
    """First and last column and row with ink."""
    rows, columns = np.nonzero(dark > 60)
    return [columns.min(), columns.max(), rows.min(), rows.max()]


@pytest.mark.parametrize(
    "look", [{}, {"ha": "left", "va": "top", "size": 8}, {"weight": "bold"}, {"rotation": 90, "size": 7}]
)
def test_a_line_is_where_matplotlib_puts_it(look: dict[str, Any]) -> None:
    ours, theirs = shown(PageCanvas, **look), shown(FigureCanvasAgg, **look)
    # Other versions of matplotlib round other things.
    assert ends(ours) == pytest.approx(ends(theirs), abs=4)
    assert ours.sum() == pytest.approx(theirs.sum(), rel=0.1)


def test_upright_writing_is_level_writing_turned() -> None:
    level, upright = shown(PageCanvas, words="3.5 mL"), shown(PageCanvas, words="3.5 mL", rotation=90)
    left, right, top, bottom = ends(level)
    ink = level[top : bottom + 1, left : right + 1]
    left, right, top, bottom = ends(upright)
    turned = upright[top : bottom + 1, left : right + 1]
    # But for the part of a pixel at which each begins.
    assert np.abs(np.array(np.rot90(ink).shape) - turned.shape).max() <= 1
    assert turned.sum() == pytest.approx(ink.sum(), rel=0.02)


@pytest.mark.parametrize("look", [{"words": "$10^{-3}$"}, {"words": "سلام"}])
def test_formulas_and_other_scripts_are_left_to_matplotlib(look: dict[str, Any]) -> None:
    assert np.array_equal(shown(PageCanvas, **look), shown(FigureCanvasAgg, **look))


def test_slanted_lines_are_slanted() -> None:
    left, right, top, bottom = ends(shown(PageCanvas, words="slanted", rotation=45))
    assert right - left == pytest.approx(bottom - top, abs=8) and bottom - top > 40


def test_colour_and_transparency_are_kept() -> None:
    full, half = shown(PageCanvas), shown(PageCanvas, alpha=0.5)
    assert half.max() == pytest.approx(full.max() / 2, abs=2)


@pytest.mark.parametrize("canvas", [PageCanvas, FigureCanvasAgg])
def test_haloed_letters_stand_out_from_ink(canvas: type) -> None:
    figure = Figure(figsize=(3, 1.2), dpi=100, facecolor="black")
    canvas(figure)
    figure.add_artist(Haloed(0.5, 0.5, "dark", color="black", size=12, ha="center"))
    figure.text(0.5, 0.2, "dark", color="black", size=12, ha="center")
    figure.canvas.draw()
    picture = np.asarray(figure.canvas.buffer_rgba())[..., 0]
    assert (picture[:80] > 250).sum() > 150
    # Letters in the middle of the white, and nothing white around the plain ones.
    rows, columns = np.nonzero(picture[:80] > 250)
    inside = picture[rows.min() + 2 : rows.max() - 1, columns.min() + 2 : columns.max() - 1]
    assert (inside < 30).sum() > 40
    assert picture[80:].max() == 0


def test_a_page_that_grows_is_drawn_whole() -> None:
    figure = Figure(figsize=(1, 1), dpi=50)
    canvas = PageCanvas(figure)
    canvas.draw()
    figure.set_size_inches(2, 1)
    canvas.draw()
    assert np.asarray(canvas.buffer_rgba()).shape == (50, 100, 4)
