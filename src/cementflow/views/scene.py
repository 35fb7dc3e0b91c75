"""The 3-D picture: bone like glass, the cement in it coloured by pressure, every way out marked."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import numpy as np

from cementflow.errors import InputError
from cementflow.views import actors
from cementflow.views.camera import Camera, fit, lateral, oblique
from cementflow.views.labels import Label, draw_labels, outlet_label
from cementflow.views.orientation import draw_triad
from cementflow.views.page import (
    SIZE,
    add_bar,
    add_panels,
    add_picture,
    foot_height,
    headline,
    new_page,
    panel_size,
    save_page,
    scale_bar,
)
from cementflow.views.palette import FAINT, INK, NEEDLE, PRESSURE_MAP
from cementflow.views.sheet import RunSheet, open_run
from cementflow.views.slices import render_slices
from cementflow.views.snapshots import Snapshot, read_snapshot
from cementflow.views.strokes import add_line
from cementflow.views.studio import Studio
from cementflow.views.words import caption, outlet_text

__all__ = ["render_scene", "render_slices", "show"]

_WINDOW = (1200, 900)


def render_scene(
    run: Path,
    out: Path,
    time: float | None = None,
    size: tuple[int, int] = SIZE,
    studio: Studio | None = None,
) -> Path:
    """Draw bone, cement, outlets and needle from two sides.

    Parameters
    ----------
    run
        Run folder.
    out
        Picture to write (.png or .pdf).
    time
        Time [s]; the nearest stored fields are shown, and the title says so. None for the last.
    size
        Width and height [px]; at least 320 px wide, and 0.4 times the width high.
    studio
        Open window to draw in; by default one is opened and closed again.

    Returns
    -------
    Path
        `out`.

    Raises
    ------
    InputError
        If the folder is not readable, holds no fields, or `time` is out of range; if there is no OpenGL.
    """
    sheet = open_run(run)
    shot = read_snapshot(sheet, time)
    return save_page(scene_page(sheet, shot, size, studio), out)


def scene_page(
    sheet: RunSheet, shot: Snapshot, size: tuple[int, int] = SIZE, studio: Studio | None = None
) -> Any:
    """The page that `render_scene` writes."""
    if studio is None:
        with Studio() as own:
            return scene_page(sheet, shot, size, own)
    cameras = scene_cameras(sheet, shot, panel_size(size))
    cement = actors.cement_cloud(shot)
    pictures = studio.photograph(sheet, shot, cement, cameras)
    page = new_page(size)
    headline(page, sheet.title, caption(sheet, shot))
    panels = add_panels(page, panel_size(size), [camera.name for camera in cameras])
    for axes, camera, picture in zip(panels, cameras, pictures, strict=True):
        add_picture(axes, picture)
        _annotate(axes, sheet, shot, camera)
    _key(page, cement, shot)
    return page


def show(run: Path, time: float | None = None) -> None:
    """Open the scene in a window to turn and zoom.

    Raises
    ------
    InputError
        As `render_scene`, and if there is no display.
    """
    if sys.platform.startswith("linux") and not (
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    ):
        raise InputError("there is no display to open a window on; write a picture with --screenshot OUT.png")
    plotter = interactive(run, time, off_screen=False)
    try:
        plotter.show()
    finally:
        plotter.close()


def interactive(run: Path, time: float | None, off_screen: bool) -> Any:
    """Return the plotter behind `show`, ready to be shown or photographed; its owner closes it."""
    import pyvista

    sheet = open_run(run)
    shot = read_snapshot(sheet, time)
    cement = actors.cement_cloud(shot)
    plotter: Any = pyvista.Plotter(off_screen=off_screen, window_size=list(_WINDOW), title=sheet.title)
    plotter.set_background("white")
    actors.add_solids(plotter.renderer, sheet, shot, cement)
    actors.add_glass(plotter.renderer, shot, actors.bone_surface(shot.mesh), None)
    if cement is not None:
        table = pyvista.LookupTable(PRESSURE_MAP, scalar_range=actors.pressure_limits(cement, shot))
        plotter.add_scalar_bar("pressure at the cement front [kPa]", lookup_table=table, color=INK)
    marked = [state for state in shot.outlets if state.outlet.spot is not None and state.named]
    if marked:
        points = np.array([state.outlet.spot for state in marked])
        names = [outlet_text(state) for state in marked]
        plotter.add_point_labels(points, names, always_visible=True, font_size=14, shape_opacity=0.6)
    plotter.add_text("\n".join(caption(sheet, shot)), font_size=10, color=INK)
    (camera,) = fit([oblique(sheet.frame)], _extent(sheet, shot), _WINDOW, (0.7, 0.8))
    camera.apply(plotter.renderer, distance=3 * shot.mesh.length)
    plotter.camera_set = True  # else pyvista sets its own when it draws first
    return plotter


def scene_cameras(sheet: RunSheet, shot: Snapshot, panel: tuple[int, int]) -> list[Camera]:
    """The two views of the scene in panels of that size [px], both at one scale."""
    return fit([oblique(sheet.frame), lateral(sheet.frame)], _extent(sheet, shot), panel, (0.62, 0.76))


def _extent(sheet: RunSheet, shot: Snapshot) -> Any:
    """Points that must be in the picture [mm]."""
    ends = [end for state in shot.outlets if (end := state.outlet.end) is not None]
    veins = [] if shot.veins is None else [shot.veins.ends.reshape(-1, 3)]
    tips = [tip.center for tip in (sheet.tip, *sheet.further)]
    return np.vstack([shot.mesh.surface.points, *tips, *ends, *veins])


def _annotate(axes: Any, sheet: RunSheet, shot: Snapshot, camera: Camera) -> None:
    width, height = camera.size
    unit = width / 800
    tip = camera.pixels(sheet.tip.center)
    add_line(axes, [tip], ls="", marker="+", color="white", ms=15, mew=4.5, zorder=8)
    add_line(axes, [tip], ls="", marker="+", color=NEEDLE, ms=13, mew=2, zorder=8)
    labels = [Label(_pair(tip), sheet.tip.word, "", NEEDLE)]
    for state in shot.outlets:
        if state.outlet.spot is not None and state.named:
            labels.append(outlet_label(state, _pair(camera.pixels(state.outlet.spot))))
    draw_labels(axes, labels, (18 * unit, width - 18 * unit, 125 * unit, height - 40 * unit), unit)
    draw_triad(axes, sheet.frame, camera, (75 * unit, 62 * unit), 40 * unit)
    scale_bar(axes, camera.per_pixel, (width - 40 * unit, 22 * unit), 0.25 * width)


def _key(page: Any, cement: actors.Cloud | None, shot: Snapshot) -> None:
    """Colour bar at the foot of the page; what it stands for in words where there is no cement."""
    if cement is None:
        words = "no cement: saturation nowhere above one half"
        page.text(0.5, 0.5 * foot_height(page), words, ha="center", size=13, color=FAINT)
        return
    label = "pressure at the cement front (saturation 0.5) [kPa]"
    add_bar(page, (0.32, 0.36), PRESSURE_MAP, actors.pressure_limits(cement, shot), label)


def _pair(point: Any) -> tuple[float, float]:
    return float(point[0]), float(point[1])
