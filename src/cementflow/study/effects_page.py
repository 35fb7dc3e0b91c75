"""The picture of main effects: of each factor the mean and the spread of the main results over its levels."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from cementflow.errors import InputError
from cementflow.study.effects import Effect, main_effect, varied_factors
from cementflow.study.levels import short
from cementflow.study.table import Table
from cementflow.views.page import add_ruled, headline, new_page, save_page
from cementflow.views.palette import CEMENT, FAINT, LEAK, NEEDLE
from cementflow.views.words import cut

# Results that are drawn, with their labels and colours.
SHOWN = (
    ("leaked_ml.total", "leaked [mL]", LEAK),
    ("in_bone_ml", "in bone [mL]", CEMENT),
    ("peak_tip_pressure_kPa", "peak tip pressure [kPa]", NEEDLE),
)
MOST_FACTORS = 8
_TICKS = 5  # written along a panel
_WIDE, _TALL, _HEAD = 3.8, 3.3, 1.3  # inches


def draw_effects(table: Table, title: str, out: Path) -> Path:
    """Draw the main effects of all factors that vary; the largest on the leak come first.

    Raises
    ------
    InputError
        If no factor varies, or the table lacks a main result.
    """
    shown = shown_results(table)
    factors = varied_factors(table)
    if not factors:
        raise InputError("no factor varies among the runs that came to their end")
    effects = [[main_effect(table, factor, result) for result, _, _ in shown] for factor in factors]
    effects.sort(key=lambda row: -row[0].size)
    rows = effects[:MOST_FACTORS]
    size = (round(100 * (_WIDE * max(len(rows), 3) + 1)), round(100 * (_TALL * len(shown) + _HEAD + 0.6)))
    page = _page(size)
    runs = len(table.done().rows)
    more = f", {len(effects) - len(rows)} more factors not shown" if len(effects) > len(rows) else ""
    headline(
        page,
        cut(title, 70),
        [f"means over {runs} runs, bars: standard deviation, points: runs{more}"],
    )
    _panels(page, rows, shown)
    return save_page(page, out)


def shown_results(table: Table) -> list[tuple[str, str, str]]:
    """Those of `SHOWN` that the table has.

    Raises
    ------
    InputError
        If it has none.
    """
    there = [entry for entry in SHOWN if entry[0] in table.results]
    if not there:
        table.column(SHOWN[0][0])
    return there


def dress_levels(axes: Any, effect: Effect) -> None:
    """Write the levels of a factor along an axis, at their places or, for texts, one after another."""
    levels = effect.levels
    if not levels.ordered:
        axes.xaxis.put(levels.places, [cut(label, 14) for label in levels.labels])
        axes.tick_params(axis="x", rotation=30 if len(levels) > 4 else 0)
        axes.set_xlim(-0.5, len(levels) - 0.5)
        return
    if levels.log:
        axes.set_xscale("log")
    if levels.log or len(levels) <= _TICKS:
        few = levels.places[:: -(-len(levels) // _TICKS)]
        axes.xaxis.put(few, [short(place, 3) for place in few])
    else:
        axes.xaxis.get_major_formatter().set_powerlimits((-3, 5))


def _page(size: tuple[int, int]) -> Any:
    """A page whose writing does not grow with the number of factors."""
    page = new_page((1600, 1000))
    page.set_size_inches(size[0] / 100, size[1] / 100)
    return page


def _panels(page: Any, rows: Sequence[Sequence[Effect]], shown: Sequence[tuple[str, str, str]]) -> None:
    width, height = page.get_size_inches()
    grid = page.add_gridspec(
        len(shown),
        len(rows),
        left=0.9 / width,
        right=1 - 0.3 / width,
        top=1 - _HEAD / height,
        bottom=1.0 / height,
        hspace=0.42,
        wspace=0.3,
    )
    for column, effects in enumerate(rows):
        for row, (effect, (_, label, colour)) in enumerate(zip(effects, shown, strict=True)):
            axes = add_ruled(page, grid[row, column])
            _draw(axes, effect, colour)
            axes.set_xlabel(cut(effect.levels.factor, 38), size=12)
            if column == 0:
                axes.set_ylabel(label)


def _draw(axes: Any, effect: Effect, colour: str) -> None:
    places = effect.levels.places
    for place, values in zip(places, effect.values, strict=True):
        axes.plot(np.full(len(values), place), values, ".", ms=3.5, color=FAINT, alpha=0.35, zorder=1)
    spread = np.where(np.isfinite(effect.spread), effect.spread, 0.0)
    axes.errorbar(
        places,
        effect.mean,
        spread,
        color=colour,
        fmt="o-" if effect.levels.ordered else "o",
        ms=6,
        lw=1.9,
        elinewidth=1.3,
        capsize=4,
        zorder=3,
    )
    axes.tick_params(labelsize=11)
    dress_levels(axes, effect)
    if all((v >= 0).all() for v in effect.values):
        axes.set_ylim(0, 1.05 * axes.get_ylim()[1])
