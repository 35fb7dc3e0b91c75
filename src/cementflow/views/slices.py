"""Two cuts through the needle tip: where the cement is inside the bone."""

from __future__ import annotations

from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cementflow.views.camera import Camera, axial, fit, lateral
from cementflow.views.cuts import Cut, PageLine, cut_through, draw_outline, flat_mesh, isoline, together
from cementflow.views.labels import Label, draw_labels, outlet_label
from cementflow.views.orientation import draw_edge_letters
from cementflow.views.page import (
    SIZE,
    add_bar,
    add_panels,
    foot_notes,
    headline,
    new_page,
    panel_size,
    save_page,
    scale_bar,
)
from cementflow.views.palette import CEMENT, FAINT, INK, LEAK, NEEDLE, TIGHT, saturation_map
from cementflow.views.sheet import RunSheet, open_run
from cementflow.views.snapshots import PRESSURE, SATURATION, OutletState, Snapshot, read_snapshot
from cementflow.views.strokes import add_line
from cementflow.views.surface import cross
from cementflow.views.words import caption

Floats = NDArray[np.float64]

# Of rings of equal pressure, where values are written: where neither needle nor other plane is.
_SIDES = ((1, 1), (-1, -1), (1, -1), (-1, 1))


def render_slices(
    run: Path,
    out: Path,
    time: float | None = None,
    size: tuple[int, int] = SIZE,
) -> Path:
    """Draw cement saturation and pressure on the axial and the sagittal plane through the needle tip.

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

    Returns
    -------
    Path
        `out`.

    Raises
    ------
    InputError
        If the folder is not readable or holds no fields, `time` is out of range, or the tip lies outside.
    """
    sheet = open_run(run)
    shot = read_snapshot(sheet, time)
    return save_page(slices_page(sheet, shot, size), out)


def slices_page(sheet: RunSheet, shot: Snapshot, size: tuple[int, int] = SIZE) -> Any:
    """The page that `render_slices` writes."""
    panel = panel_size(size)
    cuts, cameras = tip_planes(sheet, shot, panel)
    page = new_page(size)
    headline(page, sheet.title, caption(sheet, shot))
    names = [f"{name} plane through the {sheet.tip.word}" for name in ("axial", "sagittal")]
    panels = add_panels(page, panel, names)
    for axes, camera, other, cut in zip(panels, cameras, cameras[::-1], cuts, strict=True):
        _draw_cut(axes, cut, camera)
        draw_sites(axes, sheet, shot, camera)
        annotate(axes, sheet, camera, other)
    _key(page, sheet)
    return page


def tip_planes(sheet: RunSheet, shot: Snapshot, panel: tuple[int, int]) -> tuple[list[Cut], list[Camera]]:
    """Axial and sagittal cut through the needle tip, and their cameras."""
    views = [axial(sheet.frame), lateral(sheet.frame)]
    origin = sheet.tip.center
    cuts = [cut_through(shot.mesh, shot.fields, origin, toward, sheet.folder) for _, toward, _ in views]
    shown = [cut.points for cut in cuts]
    for state in shot.outlets:
        if state.outlet.end is not None and any(_meets(state, origin, n) for _, n, _ in views):
            shown.append(state.outlet.end[None])
    return cuts, fit(views, np.vstack(shown), panel, (0.70, 0.68))


def _draw_cut(axes: Any, cut: Cut, camera: Camera) -> None:
    mesh = flat_mesh(cut, camera)
    saturation = cut.fields[SATURATION]
    axes.tripcolor(mesh, saturation, shading="gouraud", cmap=saturation_map(), vmin=0.0, vmax=1.0, zorder=1)
    _isolines(axes, cut, camera)
    if saturation.min() < 0.5 < saturation.max():
        isoline(cut, saturation, 0.5, camera).draw(axes, INK, 1.6, zorder=3)
    draw_outline(axes, cut, camera)


def _isolines(axes: Any, cut: Cut, camera: Camera) -> None:
    """Lines of equal pressure at round values, with the values on them."""
    from matplotlib.ticker import MaxNLocator

    pressure = cut.fields[PRESSURE]
    low, high = float(pressure.min()), float(pressure.max())
    if high - low < 1e-6 * max(1.0, abs(high)):
        return
    levels = [x for x in MaxNLocator(6).tick_values(low, high) if low < x < high]
    lines = [isoline(cut, pressure, level, camera) for level in levels]
    if lines:
        together(lines).draw(axes, FAINT, 0.7, zorder=2)
        _number(axes, levels, lines)


def _number(axes: Any, levels: list[float], lines: list[PageLine]) -> None:
    """Write values on lines, where there is room: on rings in turn on each side, on others in their middle."""
    from cementflow.views.letters import Haloed

    renderer = axes.figure.canvas.get_renderer()
    written: list[Any] = []
    for level, line, side in zip(levels, lines, cycle(_SIDES), strict=False):
        points = line.points
        aside = points @ side if line.is_closed else -np.linalg.norm(points - points.mean(axis=0), axis=1)
        x, y = points[int(aside.argmax())]
        text = Haloed(float(x), float(y), f"{level:g}", ha="center", va="center", size=10.5, zorder=5.5)
        axes.add_artist(text)
        text.set(transform=axes.transData, color=INK)
        box = text.get_window_extent(renderer).padded(2.0)
        if any(box.overlaps(other) for other in written):
            text.remove()
        else:
            written.append(box)


def draw_sites(axes: Any, sheet: RunSheet, shot: Snapshot, camera: Camera) -> None:
    """Needle, and the outlets that the plane meets."""
    from matplotlib.patches import Circle

    tip = sheet.tip
    at = camera.pixels(tip.center)
    spot = (float(at[0]), float(at[1]))
    if tip.direction is not None:
        hub = camera.pixels(tip.center - 2 * shot.mesh.length * tip.direction)
        add_line(axes, [hub, at], color=NEEDLE, lw=2.2, ls=(0, (5, 2)), zorder=5)
    for colour, wide in (("white", 3.5), (NEEDLE, 1.8)):
        circle = Circle(spot, tip.radius / camera.per_pixel, fill=False, ec=colour, lw=wide, zorder=5)
        axes.add_artist(circle)
    labels = []
    for state in shot.outlets:
        if not state.outlet.of_tree and _meets(state, tip.center, camera.toward):
            labels.append(outlet_label(state, _draw_outlet(axes, state, camera)))
    width, height = camera.size
    unit = width / 800
    labels.append(Label(spot, tip.word, "", NEEDLE))
    box = (40 * unit, width - 40 * unit, 75 * unit, height - 60 * unit)
    draw_labels(axes, labels, box, unit)


def _meets(state: OutletState, origin: Floats, normal: Floats) -> bool:
    """Whether the plane through `origin` passes through the opening or its tube."""
    outlet = state.outlet
    if outlet.center is None or outlet.end is None:
        return False
    far, near = (float((point - origin) @ normal) for point in (outlet.center, outlet.end))
    return min(abs(far), abs(near)) <= outlet.radius or far * near < 0


def _draw_outlet(axes: Any, state: OutletState, camera: Camera) -> tuple[float, float]:
    """Draw an opening as a thick line across its mouth, a tube by its walls; return the point to label."""
    from matplotlib.patches import Polygon

    outlet = state.outlet
    assert outlet.center is not None
    colour = LEAK if state.leaks else TIGHT
    if outlet.outward is None:
        at = camera.pixels(outlet.center)
        add_line(axes, [at], ls="", marker="o", ms=9, color=colour, zorder=6)
        return float(at[0]), float(at[1])
    across = cross(camera.toward, outlet.outward)
    across *= outlet.radius / max(float(np.linalg.norm(across)), 1e-12)
    sides = np.array([outlet.center - across, outlet.center + across])
    add_line(axes, camera.pixels(sides), color=colour, lw=5, solid_capstyle="butt", zorder=6)
    if outlet.tube_length > 0:
        along = outlet.tube_length * outlet.outward
        for side in sides:
            add_line(axes, camera.pixels(np.array([side, side + along])), color=colour, lw=1.6, zorder=5)
        filled = min(state.reach, outlet.tube_length) * outlet.outward
        corners = camera.pixels(np.array([sides[0], sides[1], sides[1] + filled, sides[0] + filled]))
        axes.add_artist(Polygon(corners, color=CEMENT, lw=0, zorder=4.5))
        sides = sides + along / 2
    middle = camera.pixels(sides.mean(axis=0))
    return float(middle[0]), float(middle[1])


def annotate(axes: Any, sheet: RunSheet, camera: Camera, other: Camera) -> None:
    """Edge letters, scale bar, and the trace of the other plane."""
    width = camera.size[0]
    unit = width / 800
    draw_edge_letters(axes, sheet.frame, camera)
    scale_bar(axes, camera.per_pixel, (width - 40 * unit, 22 * unit), 0.25 * width)
    trace = cross(camera.toward, other.toward)
    ends = np.array([sheet.tip.center - 1e4 * trace, sheet.tip.center + 1e4 * trace])
    add_line(axes, camera.pixels(ends), color=FAINT, lw=0.8, ls=":", zorder=2)


def _key(page: Any, sheet: RunSheet) -> None:
    label, ticks = "cement saturation [-]; black line: 0.5", [0.0, 0.25, 0.5, 0.75, 1.0]
    add_bar(page, (0.16, 0.32), saturation_map(), (0.0, 1.0), label, ticks, marks=[0.5])
    notes = [("thin lines: pressure [kPa]", FAINT), ("dotted: the other plane", FAINT)]
    if sheet.tip.direction is not None:
        notes.append(("dashed: needle, projected", NEEDLE))
    foot_notes(page, notes)
