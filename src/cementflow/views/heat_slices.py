"""Two cuts through the hottest place: how hot the bone got, and where its tissue is harmed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cementflow.errors import InputError
from cementflow.laws.harm import BONE_DAMAGE, BONE_DOSE
from cementflow.views.camera import Camera, axial, fit, lateral
from cementflow.views.cuts import Cut, cut_through, draw_outline, flat_mesh, isoline
from cementflow.views.labels import Label, draw_labels
from cementflow.views.orientation import draw_edge_letters
from cementflow.views.page import (
    SIZE,
    add_bar,
    add_panels,
    foot_height,
    headline,
    new_page,
    panel_size,
    save_page,
    scale_bar,
)
from cementflow.views.palette import BONE_PALE, CEMENT_DARK, FAINT, HARM, INK, heat_map
from cementflow.views.sheet import Harmed, RunSheet, open_run
from cementflow.views.snapshots import (
    LOG_DAMAGE,
    LOG_DOSE,
    PEAK,
    SATURATION,
    Snapshot,
    read_snapshot,
)
from cementflow.views.strokes import add_line
from cementflow.views.words import volume, when

Floats = NDArray[np.float64]

HEAT_SIZE = (SIZE[0], 1280)
ISOTHERMS = (47.0, 60.0, 80.0, 100.0)  # degC
_SLOPES = dict(zip(ISOTHERMS, (0.6, 0.3, 0.0, -0.8), strict=True))  # of the ways out to their names
INJURY = ISOTHERMS[0]  # drawn beside the harm too
# Fields, the value from which they count as harm, and the words for it; the wider region first.
HARMS = (
    (LOG_DOSE, float(np.log10(BONE_DOSE)), "dose of 240 min at 43 degC"),
    (LOG_DAMAGE, float(np.log10(BONE_DAMAGE)), "damage integral of 1"),
)
_BANDS = 160  # of the colour scale
_LEAST_RANGE = 10.0  # K, so that a body that stayed cool is shown as cool
_WARMED = 1.0  # K, below which there is no hottest place to speak of
_INWARD = 0.23  # of an edge: a plane of vertices would cut faces instead of tetrahedra


def render_heat(
    run: Path,
    out: Path,
    time: float | None = None,
    size: tuple[int, int] = HEAT_SIZE,
) -> Path:
    """Draw the peak temperature and the tissue harmed on the axial and the sagittal plane through the hottest place.

    The peak of each place is shown rather than the temperature at one time: harm follows from it, and it is in the
    last fields of every heated run.

    Parameters
    ----------
    run
        Run folder.
    out
        Picture to write (.png or .pdf).
    time
        Time [s]; the peaks up to the nearest stored fields are shown, and the title says so. None for the last.
    size
        Width and height [px]; at least 320 px wide, and 0.4 times the width high.

    Returns
    -------
    Path
        `out`.

    Raises
    ------
    InputError
        If the folder is not readable, holds no fields or none of heat, or `time` is out of range.
    """
    sheet = open_run(run)
    shot = read_snapshot(sheet, time)
    if not shot.heated:
        raise InputError("holds no heat; run with physics.heat = true", str(sheet.folder))
    return save_page(heat_page(sheet, shot, size), out)


def heat_page(sheet: RunSheet, shot: Snapshot, size: tuple[int, int] = HEAT_SIZE) -> Any:
    """The page that `render_heat` writes."""
    panel = panel_size(size, rows=2)
    views = [axial(sheet.frame), lateral(sheet.frame)]
    origin, place = _place(sheet, shot)
    cuts = [cut_through(shot.mesh, shot.fields, origin, toward, sheet.folder) for _, toward, _ in views]
    cameras = fit(views, np.vstack([cut.points for cut in cuts]), panel, (0.56, 0.70))
    page = new_page(size)
    headline(page, sheet.title, _caption(sheet, shot))
    planes = [f"{name} plane through the {place}" for name in ("axial", "sagittal")]
    names = [f"{what}: {plane}" for plane in planes for what in ("peak temperature", "harm")]
    panels = add_panels(page, panel, names)
    limits = _limits(shot)
    hottest = (origin, float(shot.fields[PEAK].max())) if place == "hottest place" else None
    for i, (cut, camera) in enumerate(zip(cuts, cameras, strict=True)):
        _draw_peak(panels[2 * i], cut, camera, limits)
        _label(panels[2 * i], cut, camera, hottest)
        _draw_harm(panels[2 * i + 1], cut, camera)
        for axes in panels[2 * i : 2 * i + 2]:
            _annotate(axes, sheet, cut, camera)
    _bar(page, limits)
    _legend(page, sheet.harmed if _is_last(sheet, shot) else None)
    return page


def _place(sheet: RunSheet, shot: Snapshot) -> tuple[Floats, str]:
    """Where the planes meet [mm], and what is there."""
    peak = shot.fields[PEAK]
    if np.ptp(peak) < _WARMED:
        return sheet.tip.center, sheet.tip.word
    hottest = shot.mesh.points[int(peak.argmax())]
    inward = shot.mesh.center - hottest
    edge = float(np.cbrt(6.0 * shot.mesh.volumes.mean()))
    axes = (sheet.frame.ap, sheet.frame.lr, sheet.frame.si)
    steps = [np.copysign(_INWARD * edge, axis @ inward) * axis for axis in axes]
    return hottest + np.sum(steps, axis=0), "hottest place"


def _caption(sheet: RunSheet, shot: Snapshot) -> list[str]:
    """When, how hot, and when the cement was set."""
    table = sheet.history.columns
    parts = [when(shot), f"hottest {float(shot.fields[PEAK].max()):.1f} degC"]
    hottest = table.get("peak_temperature_degC", np.zeros(0))[table["time_s"] <= shot.time * (1 + 1e-9)]
    if len(hottest):
        parts[-1] += f" at {table['time_s'][int(hottest.argmax())]:.4g} s"
    if sheet.set_at is not None and sheet.set_at <= shot.time:
        parts.append(f"cement set at {sheet.set_at:.4g} s")
    return [
        "   ·   ".join(parts),
        "left: the highest temperature that each place has had; right: where tissue is harmed",
    ]


def _is_last(sheet: RunSheet, shot: Snapshot) -> bool:
    times = sheet.history.columns["time_s"]
    return len(times) > 0 and shot.time >= times[-1] * (1 - 1e-9)


def _limits(shot: Snapshot) -> tuple[float, float]:
    """Ends of the colour scale [degC]."""
    low, high = float(shot.fields[PEAK].min()), float(shot.fields[PEAK].max())
    return float(np.floor(low)), float(np.ceil(max(high, low + _LEAST_RANGE)))


def _draw_peak(axes: Any, cut: Cut, camera: Camera, limits: tuple[float, float]) -> None:
    mesh, peak = flat_mesh(cut, camera), cut.fields[PEAK]
    # In bands too narrow to see: shaded triangles would leave hairlines between them.
    steps = np.linspace(*limits, _BANDS)
    axes.tricontourf(mesh, peak, levels=steps, cmap=heat_map(), extend="both", antialiased=False, zorder=1)
    _isotherms(axes, cut, camera, ISOTHERMS)


def _draw_harm(axes: Any, cut: Cut, camera: Camera) -> None:
    mesh = flat_mesh(cut, camera)
    axes.tripcolor(mesh, np.zeros(len(cut.points)), shading="flat", cmap=_one(BONE_PALE), zorder=1)
    for (name, threshold, _), colour in zip(HARMS, HARM, strict=True):
        field = cut.fields[name]
        if field.max() >= threshold:
            axes.tricontourf(mesh, field, levels=[threshold, np.inf], colors=[colour], zorder=2)
    _isotherms(axes, cut, camera, ISOTHERMS[:1])


def _isotherms(axes: Any, cut: Cut, camera: Camera, wanted: Sequence[float]) -> None:
    """Draw those isotherms that the cut meets, in ink on white, so that they show on any colour."""
    for level in _within(cut.fields[PEAK], wanted):
        isoline(cut, cut.fields[PEAK], level, camera).draw(axes, INK, 1.0, zorder=2.6, halo=2.4)


def _annotate(axes: Any, sheet: RunSheet, cut: Cut, camera: Camera) -> None:
    """Outlines of bone and cement, edge letters and scale bar."""
    mesh, saturation = flat_mesh(cut, camera), cut.fields[SATURATION]
    if saturation.min() < 0.5 < saturation.max():
        axes.tricontour(mesh, saturation, levels=[0.5], colors=["white"], linewidths=4.0, zorder=3)
        axes.tricontour(
            mesh, saturation, levels=[0.5], colors=[CEMENT_DARK], linewidths=2.0, linestyles="--", zorder=3.1
        )
    draw_outline(axes, cut, camera)
    draw_edge_letters(axes, sheet.frame, camera)
    unit = camera.size[0] / 800
    scale_bar(axes, camera.per_pixel, (camera.size[0] - 40 * unit, 22 * unit), 0.2 * camera.size[0])


def _label(axes: Any, cut: Cut, camera: Camera, hottest: tuple[Floats, float] | None) -> None:
    """Name the isotherms on the side where they lie further apart, and the hottest place on the other one."""
    if hottest is None:
        return
    peak, spot = cut.fields[PEAK], camera.pixels(hottest[0])
    width, height = camera.size
    side, other = ("left", "right") if spot[0] > width / 2 else ("right", "left")
    value = f"{hottest[1]:.1f} degC"
    labels = [Label((float(spot[0]), float(spot[1])), "hottest", value, INK, bold=True, side=other)]
    for level in _within(peak, ISOTHERMS):
        way = np.array([-1.0 if side == "left" else 1.0, _SLOPES[level]])
        line = isoline(cut, peak, level, camera).points
        x, y = line[int((line @ way).argmax())]
        labels.append(Label((float(x), float(y)), f"{level:g} degC", "", INK, side=side))
    add_line(axes, [spot], ls="", marker="x", color="white", ms=9, mew=3.6, zorder=5)
    add_line(axes, [spot], ls="", marker="x", color=INK, ms=8, mew=1.6, zorder=5.1)
    unit = width / 800
    draw_labels(axes, labels, (50 * unit, width - 50 * unit, 60 * unit, height - 50 * unit), unit)


def _within(peak: Floats, wanted: Sequence[float]) -> list[float]:
    """Those isotherms that a cut meets."""
    return [level for level in wanted if peak.min() < level < peak.max()]


def _bar(page: Any, limits: tuple[float, float]) -> None:
    """Colour bar with the isotherms on it."""
    levels = [level for level in ISOTHERMS if limits[0] < level < limits[1]]
    label = "peak temperature [degC]; lines: isotherms; dashed: cement (saturation 0.5)"
    add_bar(page, (0.08, 0.34), heat_map(), limits, label, _ticks(limits), levels)


def _ticks(limits: tuple[float, float]) -> list[float]:
    """Both ends, and the isotherms that are not too near to them."""
    apart = 0.06 * (limits[1] - limits[0])
    return [limits[0], *(x for x in ISOTHERMS if limits[0] + apart < x < limits[1] - apart), limits[1]]


def _legend(page: Any, harmed: Harmed | None) -> None:
    """What the colours of harm and the line stand for, with the volumes at the end of the run."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Rectangle

    left, wide, foot = 0.56, 0.02, foot_height(page)
    rows = [0.78 * foot, 0.53 * foot, 0.28 * foot]
    words = [words for *_, words in HARMS] + [f"line: peak temperature of {INJURY:g} degC"]
    if harmed is not None:
        words[0] += f": {volume(harmed.dose)} of tissue"
        words[1] += f": {volume(harmed.damage)} of tissue"
        words[2] += f"; above it for 1 min: {volume(harmed.above_47)} of tissue"
    for y, colour in zip(rows, HARM, strict=False):
        patch = Rectangle((left, y - 0.07 * foot), wide, 0.14 * foot, transform=page.transFigure)
        patch.set(facecolor=colour, edgecolor=FAINT, linewidth=0.6)
        page.add_artist(patch)
    page.add_artist(Line2D([left, left + wide], [rows[2]] * 2, color=INK, lw=1.0))
    for y, text in zip(rows, words, strict=True):
        page.text(left + wide + 0.008, y, text, size=12.5, color=INK, va="center")


def _one(colour: str) -> Any:
    from matplotlib.colors import ListedColormap

    return ListedColormap([colour])
