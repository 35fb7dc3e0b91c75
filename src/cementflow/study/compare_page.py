"""The picture of a comparison: curves of all runs over each other, and their clouds from the front and the side."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cementflow.study.clouds import INSIDE, CloudDifference, Samples
from cementflow.views.history import History
from cementflow.views.page import add_ruled, headline, new_page, save_page, scale_bar
from cementflow.views.palette import CEMENT, CYCLE, DASHES, FAINT, INK, LEAK, NEEDLE
from cementflow.views.sheet import open_run
from cementflow.views.words import cut

PANELS = (
    ("injected [mL]", "injected_ml"),
    ("leaked [mL]", "leaked_ml"),
    ("pressure at the tip [kPa]", "tip_pressure_kPa"),
    ("pressure in the syringe [kPa]", "syringe_pressure_kPa"),
)
_COLOURS = (INK, *CYCLE)
_CURVES, _CLOUDS = 9.6, 6.2  # inches of page for the curves and for each pair of views


def draw_comparison(
    runs: Sequence[Path], names: Sequence[str], clouds: Sequence[CloudDifference | None], out: Path
) -> Path:
    """Draw a comparison.

    Parameters
    ----------
    runs, names
        Run folders and what they are called.
    clouds
        Difference of each run after the first to the first.
    out
        Picture to write (.png or .pdf).

    Raises
    ------
    InputError
        If a folder cannot be read.
    """
    shown = [(name, cloud) for name, cloud in zip(names[1:], clouds, strict=True) if cloud is not None]
    tall = _CURVES + _CLOUDS * len(shown)
    page = new_page((1600, round(100 * tall)))
    headline(
        page, cut(" | ".join(names), 110), ["all runs over time" + (", and their clouds" if shown else "")]
    )
    _curves(page, tall, [open_run(run).history for run in runs], names)
    for i, (name, cloud) in enumerate(shown):
        bottom = _CLOUDS * (len(shown) - 1 - i) / tall
        _views(page, bottom, _CLOUDS / tall, (names[0], name), cloud)
    return save_page(page, out)


def _curves(page: Any, tall: float, histories: list[History], names: Sequence[str]) -> None:
    bottom = 1 - (_CURVES - 0.7) / tall
    grid = page.add_gridspec(
        2, 2, left=0.07, right=0.97, top=1 - 1.75 / tall, bottom=bottom, hspace=0.3, wspace=0.18
    )
    for i, (label, column) in enumerate(PANELS):
        axes = add_ruled(page, grid[i // 2, i % 2])
        for j, (history, name) in enumerate(zip(histories, names, strict=True)):
            dashes = DASHES[j % len(DASHES)]
            colour = _COLOURS[j % len(_COLOURS)]
            values = history.columns[column]
            axes.plot(history.columns["time_s"], values, color=colour, ls=dashes, lw=1.9, label=cut(name, 30))
        axes.set_ylim(bottom=0)
        axes.set_xlim(left=0)
        axes.set(xlabel="time [s]", ylabel=label)
    handles, labels = page.axes[0].get_legend_handles_labels()
    page.legend(
        handles,
        labels,
        loc="upper left",
        bbox_to_anchor=(0.06, 1 - 0.95 / tall),
        ncols=5,
        fontsize=12.5,
        frameon=False,
    )


def _views(page: Any, bottom: float, height: float, names: tuple[str, str], cloud: CloudDifference) -> None:
    """The clouds seen through the bone from the front and from the left, as on radiographs."""
    samples = cloud.samples
    views = (("AP (from the front)", 0, 1), ("lateral (from the left)", 1, 0))
    for i, (title, across, along) in enumerate(views):
        axes = page.add_axes((0.05 + 0.47 * i, bottom + 0.16 * height, 0.43, 0.7 * height))
        _shadows(axes, samples, across, along)
        axes.set_title(title, size=13, color=FAINT)
        left, right = ("R", "L") if across == 0 else ("A", "P")
        for x, letter in ((0.0, left), (0.975, right)):
            axes.text(x, 0.5, letter, transform=axes.transAxes, size=14, color=FAINT)
    dice = "-" if cloud.dice is None else f"{cloud.dice:.2f}"
    foot = bottom + 0.06 * height
    for x, text, colour in (
        (0.07, f"A: {cut(names[0], 24)}, alone {cloud.only_first:.2f} mL", NEEDLE),
        (0.39, f"both {cloud.both:.2f} mL, Dice {dice}", CEMENT),
        (0.62, f"B: {cut(names[1], 24)}, alone {cloud.only_second:.2f} mL", LEAK),
    ):
        page.text(x, foot, text, size=13.5, color=colour, va="center", weight="bold", parse_math=False)


def _shadows(axes: Any, samples: Samples, across: int, along: int) -> None:
    """Areas of one cloud only and of both, the outlines of the clouds and of the bone."""
    # Left of the patient is right in the picture, and back is right: both axes run against the writing.
    x, z = (_longer(v) for v in (-samples.axes[across], samples.axes[2]))
    a, b, bone = (_seen(v, along) for v in (samples.first, samples.second, samples.bone.astype(float)))
    for where, colour in (
        ((a >= INSIDE) & (b < INSIDE), NEEDLE),
        ((a >= INSIDE) & (b >= INSIDE), CEMENT),
        ((a < INSIDE) & (b >= INSIDE), LEAK),
    ):
        if where.any():
            axes.contourf(x, z, where.astype(float), levels=[0.5, 1.5], colors=[colour], alpha=0.35)
    for field, colour, dashes, wide in ((bone, INK, "-", 1.4), (a, NEEDLE, "-", 2.0), (b, LEAK, "--", 2.0)):
        if field.min() < INSIDE <= field.max():
            axes.contour(x, z, field, levels=[INSIDE], colors=[colour], linestyles=[dashes], linewidths=wide)
    axes.set_aspect("equal")
    # Both views in one scale.
    wide = 0.57 * max(float(np.ptp(samples.axes[i])) for i in (0, 1))
    high = 0.58 * float(np.ptp(z))
    middle, level = float(x.mean()), float(z.mean())
    axes.set_xlim(middle - wide, middle + wide)
    axes.set_ylim(level - high, level + high)
    axes.set_axis_off()
    scale_bar(axes, 1.0, (middle + wide, level - 0.98 * high), 0.5 * wide)


def _longer(places: NDArray[np.float64]) -> NDArray[np.float64]:
    """The same with one more at each end."""
    return np.concatenate([[2 * places[0] - places[1]], places, [2 * places[-1] - places[-2]]])


def _seen(values: NDArray[np.float64], along: int) -> NDArray[np.float64]:
    """The largest value along a line of sight, with nothing around it, shape (height + 2, width + 2)."""
    return np.pad(values.max(axis=along).T, 1)
