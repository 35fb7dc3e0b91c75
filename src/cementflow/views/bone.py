"""Two cuts through the needle tip: how porous the bone is, and where the cement went in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cementflow.errors import InputError
from cementflow.views.camera import Camera
from cementflow.views.cuts import Cut, draw_outline, flat_mesh, isoline
from cementflow.views.page import (
    SIZE,
    add_bar,
    add_panels,
    foot_notes,
    headline,
    new_page,
    panel_size,
    save_page,
)
from cementflow.views.palette import CEMENT, FAINT, INK, porosity_map
from cementflow.views.sheet import RunSheet, open_run
from cementflow.views.slices import annotate, draw_sites, tip_planes
from cementflow.views.snapshots import POROSITY, SATURATION, Snapshot, read_snapshot
from cementflow.views.words import caption

Floats = NDArray[np.float64]

ENDS = (0.01, 0.99)  # of the cells, which the colours run between: single cells of cortex would take them all
LEAST = 0.02  # of the colours, so that even bone is shown as even


def render_bone(run: Path, out: Path, time: float | None = None, size: tuple[int, int] = SIZE) -> Path:
    """Draw the porosity on the axial and the sagittal plane through the needle tip, and the rim of the cement.

    Parameters
    ----------
    run
        Run folder.
    out
        Picture to write (.png or .pdf).
    time
        Time of the cement [s]; the nearest stored fields are shown. None for the last.
    size
        Width and height [px].

    Raises
    ------
    InputError
        If the folder is not readable or holds no porosity, `time` is out of range, or the tip lies outside.
    """
    sheet = open_run(run)
    return save_page(bone_page(sheet, read_snapshot(sheet, time), size), out)


def bone_page(sheet: RunSheet, shot: Snapshot, size: tuple[int, int]) -> Any:
    """The page that `render_bone` writes."""
    if POROSITY not in shot.cell_fields:
        raise InputError("its fields hold no porosity", str(sheet.folder))
    panel = panel_size(size)
    cuts, cameras = tip_planes(sheet, shot, panel)
    page = new_page(size)
    headline(page, f"{sheet.title}: bone", caption(sheet, shot))
    names = [f"porosity: {name} plane through the {sheet.tip.word}" for name in ("axial", "sagittal")]
    limits = _limits(shot)
    panels = add_panels(page, panel, names)
    for axes, camera, other, cut in zip(panels, cameras, cameras[::-1], cuts, strict=True):
        _draw_cut(axes, cut, shot.cell_fields[POROSITY][cut.cells], camera, limits)
        draw_sites(axes, sheet, shot, camera)
        annotate(axes, sheet, camera, other)
    _key(page, limits)
    return page


def _limits(shot: Snapshot) -> tuple[float, float]:
    low, high = np.quantile(shot.cell_fields[POROSITY], ENDS)
    wider = max(0.5 * (LEAST - (high - low)), 0.0)
    return float(low - wider), float(high + wider)


def _draw_cut(axes: Any, cut: Cut, porosity: Floats, camera: Camera, limits: tuple[float, float]) -> None:
    mesh, saturation = flat_mesh(cut, camera), cut.fields[SATURATION]
    low, high = limits
    axes.tripcolor(mesh, facecolors=porosity, cmap=porosity_map(), vmin=low, vmax=high, zorder=1)
    if saturation.min() < 0.5 < saturation.max():
        isoline(cut, saturation, 0.5, camera).draw(axes, CEMENT, 2.2, zorder=3.1, halo=4.0)
    draw_outline(axes, cut, camera)


def _key(page: Any, limits: tuple[float, float]) -> None:
    bar = add_bar(page, (0.16, 0.32), porosity_map(), limits, "porosity [-]; points: what lies beyond")
    for end, colour in ((0.0, porosity_map()(0.0)), (1.0, porosity_map()(1.0))):
        point = [(end, 0.0), (end + 0.04 * (end - 0.5), 0.5), (end, 1.0)]
        bar.fill(*zip(*point, strict=True), transform=bar.transAxes, fc=colour, ec=INK, lw=0.6, clip_on=False)
    foot_notes(page, [("thick line: cement saturation 0.5", CEMENT), ("dotted: the other plane", FAINT)])
