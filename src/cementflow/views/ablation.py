"""The ablation of a run: how hot the bone got on two planes along the electrode, and its course."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cementflow.errors import InputError
from cementflow.laws.thermal import ZERO_CELSIUS
from cementflow.views.camera import Camera, axial, fit, lateral
from cementflow.views.cuts import Cut, cut_through, draw_outline, flat_mesh, isoline
from cementflow.views.mesh import Mesh
from cementflow.views.orientation import draw_edge_letters
from cementflow.views.page import (
    SIZE,
    add_bar,
    add_panels,
    add_ruled,
    add_twin,
    headline,
    new_page,
    panel_size,
    save_page,
    scale_bar,
)
from cementflow.views.palette import CEMENT, CYCLE, HOT, INK, NEEDLE, heat_map
from cementflow.views.panels import draw_lines
from cementflow.views.read_vtu import read_vtu
from cementflow.views.sheet import RunSheet, open_run

Floats = NDArray[np.float64]
PAGE = (SIZE[0], 1420)
PEAK, _PEAK_SI = "peak temperature [degC]", "peak temperature [K]"
ISOTHERMS = (50.0, 60.0)  # degC, drawn and named
_BANDS = 160
_ROWS = 2
_INWARD = 0.23  # mm off the electrode: a plane of vertices would cut faces instead of tetrahedra


def render_ablation(run: Path, out: Path, size: tuple[int, int] = PAGE) -> Path:
    """Draw the ablation of a run.

    Parameters
    ----------
    run
        Run folder.
    out
        Picture to write (.png or .pdf).
    size
        Width and height [px].

    Raises
    ------
    InputError
        If the run had no ablation, or its files cannot be read.
    """
    return save_page(read_ablation_page(open_run(run), size), out)


def read_ablation_page(sheet: RunSheet, size: tuple[int, int] = PAGE) -> Any:
    """The page that `render_ablation` writes, of what the run folder holds."""
    told = json.loads((sheet.folder / "summary.json").read_text(encoding="utf-8")).get("ablation")
    if told is None:
        raise InputError("had no ablation; state [ablation] in the case", str(sheet.folder))
    return ablation_page(sheet, told, *_read_peak(sheet.folder), size)


def ablation_page(
    sheet: RunSheet, told: dict[str, Any], mesh: Mesh, peak: Floats, size: tuple[int, int] = PAGE
) -> Any:
    """The page of an ablation.

    Parameters
    ----------
    sheet, told
        The run, and its summary of the ablation.
    mesh, peak
        The bone, and the peak temperature at its vertices [degC].
    """
    panel = panel_size(size, _ROWS)
    views = [axial(sheet.frame), lateral(sheet.frame)]
    start, tip = (np.array(told["electrode"][key]) for key in ("start_mm", "tip_mm"))
    origin = 0.5 * (start + tip) + _INWARD * (sheet.frame.ap + sheet.frame.lr + sheet.frame.si)
    cuts = [cut_through(mesh, {PEAK: peak}, origin, toward, sheet.folder) for _, toward, _ in views]
    cameras = fit(views, np.vstack([cut.points for cut in cuts]), panel, (0.62, 0.74))
    page = new_page(size)
    headline(page, f"{sheet.title}: ablation", _caption(told))
    names = [f"peak temperature: {name} plane through the electrode" for name in ("axial", "sagittal")]
    panels = add_panels(page, panel, [*names, "", ""])
    limits = (float(np.floor(peak.min())), float(np.ceil(peak.max())))
    for axes, cut, camera in zip(panels, cuts, cameras, strict=False):
        _draw_cut(axes, cut, camera, limits)
        ends = camera.pixels(np.stack([start, tip]))
        width = 2.0 * told["electrode"]["radius_mm"] / camera.per_pixel
        axes.plot(*ends.T, color=NEEDLE, lw=max(72.0 * width / page.dpi, 1.5), alpha=0.75, zorder=5)
        draw_outline(axes, cut, camera)
        draw_edge_letters(axes, sheet.frame, camera)
        unit = camera.size[0] / 800
        scale_bar(axes, camera.per_pixel, (camera.size[0] - 40 * unit, 22 * unit), 0.2 * camera.size[0])
    for axes in panels[2:]:
        axes.remove()
    _draw_course(page, sheet.folder, told)
    _bar(page, limits)
    return page


def _caption(told: dict[str, Any]) -> list[str]:
    """How hot, how large, and what reached the posterior wall."""
    parts = [f"held at {told['target_degC']:g} degC with {told['energy_J']:.0f} J"]
    for name in told["lesion_ml"]:
        if name.endswith("degC"):
            parts.append(f"{told['lesion_ml'][name]:.2f} mL above {name}")
    at = told["axes_mm"][f"{ISOTHERMS[0]:g} degC"]
    second = f"posterior wall at most {told['posterior_wall_peak_degC']:.1f} degC"
    if told["canal_peak_degC"] is not None:
        second += f", {told['canal_depth_mm']:g} mm behind it {told['canal_peak_degC']:.1f} degC"
    size = f"{at['along']:.0f} mm along the electrode, {at['narrowest']:.0f} to {at['widest']:.0f} mm across"
    return ["   ·   ".join(parts), f"lesion above {ISOTHERMS[0]:g} degC: {size}; {second}"]


def _draw_cut(axes: Any, cut: Cut, camera: Camera, limits: tuple[float, float]) -> None:
    mesh, peak = flat_mesh(cut, camera), cut.fields[PEAK]
    steps = np.linspace(*limits, _BANDS)
    axes.tricontourf(mesh, peak, levels=steps, cmap=heat_map(), extend="both", antialiased=False, zorder=1)
    for level in ISOTHERMS:
        if peak.min() < level < peak.max():
            isoline(cut, peak, level, camera).draw(axes, INK, 1.2, zorder=2.6, halo=2.8)


def _draw_course(page: Any, folder: Path, told: dict[str, Any]) -> None:
    """Temperatures on the left, power and lesion on the right, over minutes."""
    table = _read_course(folder)
    minutes = table["time_s"] / 60.0
    height = float(page.get_size_inches()[1] * page.dpi) / float(page.get_size_inches()[0] * page.dpi)
    low, tall = 0.125 / height, 0.27 / height
    left, right = (add_ruled(page, (x, low, 0.36, tall)) for x in (0.07, 0.56))
    electrode = [("", table["electrode_degC"][1:], HOT, "-")]
    draw_lines(left, "electrode, posterior wall (dashed) [degC]", minutes[1:], electrode)
    left.plot(minutes, table["posterior_wall_degC"], color=CYCLE[0], lw=1.9, ls="--")
    left.set_ylim(35.0, 1.05 * max(told["peak_degC"], 45.0))
    draw_lines(right, "power [W], solid", minutes[1:], [("", table["power_W"][1:], NEEDLE, "-")])
    for axes in (left, right):
        axes.set_xlabel("time [min]")
    lesion = add_twin(right)
    for level, dashes in zip(ISOTHERMS, ("--", ":"), strict=True):
        lesion.plot(minutes, table[f"lesion_{level:g}_degC_ml"], color=CEMENT, lw=1.9, ls=dashes)
    lesion.set_ylim(bottom=0.0)
    words = ", ".join(f"{d} {level:g} degC" for level, d in zip(ISOTHERMS, ("dashed", "dotted"), strict=True))
    lesion.set_ylabel(f"lesion [mL]: {words}", color=CEMENT)


def _bar(page: Any, limits: tuple[float, float]) -> None:
    """Colour bar with the isotherms on it."""
    levels = [level for level in ISOTHERMS if limits[0] < level < limits[1]]
    label = "peak temperature [degC]; lines: isotherms; bar in the bone: electrode"
    add_bar(page, (0.08, 0.5), heat_map(), limits, label, [limits[0], *levels, limits[1]], levels)


def _read_peak(folder: Path) -> tuple[Mesh, Floats]:
    path = folder / "ablation.vtu"
    if not path.is_file():
        raise InputError("cannot be read: no such file", str(path))
    stored = read_vtu(path, 4, (_PEAK_SI,))
    return Mesh(stored.points * 1e3, stored.cells), stored.point_data[_PEAK_SI] - ZERO_CELSIUS


def _read_course(folder: Path) -> dict[str, Floats]:
    with (folder / "ablation.csv").open(newline="", encoding="utf-8") as file:
        head, *rows = list(csv.reader(file))
    return dict(zip(head, np.array(rows, float).T, strict=True))
