"""Heat maps: the main results over two factors, by default viscosity and pressure, as means over all others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from cementflow.errors import InputError
from cementflow.study.effects import Interaction, interaction, main_effect, varied_factors
from cementflow.study.effects_page import shown_results
from cementflow.study.levels import Levels, short
from cementflow.study.table import Table
from cementflow.views.page import add_ruled, headline, new_page, save_page
from cementflow.views.palette import INK
from cementflow.views.words import cut

# What stands for viscosity and for pressure in the names of factors, the plainest first.
_VISCOSITY = ("cement.preset", "cement.viscosity_zero", "cement.viscosity", "cement.")
_PRESSURE = ("injection.max_pressure", "injection.max_tip_pressure", "injection.plunger.force")
_MAPS = {"leaked_ml.total": "Oranges", "in_bone_ml": "GnBu", "peak_tip_pressure_kPa": "Blues"}


def draw_maps(table: Table, title: str, out: Path, factors: tuple[str, str] | None = None) -> Path:
    """Draw heat maps of leak, fill and tip pressure over two factors.

    Parameters
    ----------
    table
        Table of a study.
    title
        Title of the page.
    out
        Picture to write (.png or .pdf).
    factors
        Across and up; by default viscosity and pressure, or else the two that do most to the leak.

    Raises
    ------
    InputError
        If fewer than two factors vary, or the table lacks the main results.
    """
    across, up = map_factors(table) if factors is None else factors
    shown = shown_results(table)
    page = new_page((1600, 760))
    others = [f for f in varied_factors(table) if f not in (across, up)]
    note = f"means over {', '.join(others)}" if others else "no other factor varies"
    headline(page, cut(title, 100), [cut(f"{len(table.done().rows)} runs; {note}", 130)])
    width = 0.93 / len(shown)
    for i, (result, label, _) in enumerate(shown):
        axes = add_ruled(page, (0.075 + i * width, 0.2, width - 0.055, 0.57))
        _draw(axes, interaction(table, up, across, result), _MAPS[result])
        axes.set_title(label, size=14, color=INK, weight="bold", pad=10)
        axes.set_xlabel(cut(across, 46), size=12.5)
        if i == 0:
            axes.set_ylabel(cut(up, 46), size=12.5)
    return save_page(page, out)


def map_factors(table: Table) -> tuple[str, str]:
    """Viscosity and pressure if both vary; otherwise the two factors with the largest effect on the leak.

    Raises
    ------
    InputError
        If fewer than two factors vary.
    """
    varied = varied_factors(table)
    if len(varied) < 2:
        raise InputError(f"a map needs two factors that vary; here it is {', '.join(varied) or 'none'}")
    viscosity, pressure = _first(varied, _VISCOSITY), _first(varied, _PRESSURE)
    if viscosity and pressure and viscosity != pressure:
        return viscosity, pressure
    result = shown_results(table)[0][0]
    largest = sorted(varied, key=lambda f: -main_effect(table, f, result).size)
    return largest[0], largest[1]


def _first(factors: tuple[str, ...], words: tuple[str, ...]) -> str | None:
    return next((f for word in words for f in factors if word in f), None)


def _draw(axes: Any, found: Interaction, name: str) -> None:
    from matplotlib import colormaps

    x, y = _edges(found.columns), _edges(found.rows)
    known = found.mean[np.isfinite(found.mean)]
    # From nothing on: a range of the values alone would make a picture of their rounding.
    low, high = (min(float(known.min()), 0.0), float(known.max())) if len(known) else (0.0, 1.0)
    if high <= low:
        high = low + 1.0
    axes.pcolormesh(x, y, np.ma.masked_invalid(found.mean), cmap=colormaps[name], vmin=low, vmax=high)
    axes.grid(False)
    for side, levels in (("x", found.columns), ("y", found.rows)):
        _scale(axes, side, levels)
    wide = len(found.columns)
    size, digits = (13 if wide <= 4 else 11, 3) if wide <= 6 else (11 if wide <= 7 else 9, 2)
    for i, j in np.ndindex(found.mean.shape):
        value = float(found.mean[i, j])
        dark = np.isfinite(value) and (value - low) / (high - low) > 0.6
        text = short(value, digits) if np.isfinite(value) else "no run"
        spot = (_middle(x, j, _places(found.columns)[1]), _middle(y, i, _places(found.rows)[1]))
        axes.text(*spot, text, ha="center", va="center", size=size, color="white" if dark else INK)


def _places(levels: Levels) -> tuple[np.ndarray, bool]:
    """Where the levels stand, and whether on a logarithmic axis; bins, whose widths say nothing, one after another."""
    return (np.arange(len(levels), dtype=float), False) if levels.binned else (levels.places, levels.log)


def _edges(levels: Levels) -> np.ndarray:
    """Edges of the cells: half way between the levels, by their logarithms where they are spaced so."""
    places, log = _places(levels)
    places = np.log(places) if log else places
    if len(places) == 1:
        edges = np.array([places[0] - 0.5, places[0] + 0.5])
    else:
        middle = (places[1:] + places[:-1]) / 2
        edges = np.concatenate([[2 * places[0] - middle[0]], middle, [2 * places[-1] - middle[-1]]])
    return np.exp(edges) if log else edges


def _middle(edges: np.ndarray, i: int, log: bool) -> float:
    return float(np.sqrt(edges[i] * edges[i + 1]) if log else (edges[i] + edges[i + 1]) / 2)


def _scale(axes: Any, side: str, levels: Levels) -> None:
    places, log = _places(levels)
    if log:
        axes.set(**{f"{side}scale": "log"})
    axis = axes.xaxis if side == "x" else axes.yaxis
    texts = (
        [short(float(p), 3) for p in levels.places] if levels.ordered else [cut(t, 14) for t in levels.labels]
    )
    axis.put(places, texts)
    axis.set_tick_params(labelsize=11.5, rotation=40 if side == "x" and len(levels) > 5 else 0)
