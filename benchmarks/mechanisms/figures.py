"""The figures of `docs/cement.md`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.mechanisms.measure import SHELL, Floats, Outcome
from benchmarks.mechanisms.variants import AGES
from cementflow.views.cement_course import open_cement
from cementflow.views.cement_page import plot_cement
from cementflow.views.page import new_page, save_page
from cementflow.views.palette import CYCLE, DASHES, FAINT, INK

SIZE = (1200, 480)
SMALL, USUAL = 10.5, 12.0  # writing
SHOWN = (
    "all mechanisms",
    "no thinning, viscosity at rest",
    "no yield stress",
    "no ageing",
    "marrow of 5 Pa s, warm",
)
# Peaks [degC] of Belkoff and Molloy 2003; theirs of the canal stand beside the posterior wall.
MEASURED = {"centre": (49.0, 112.0), "anterior wall": (44.0, 113.0), "posterior wall": (39.0, 57.0)}
TIMES = (150.0, 250.0, 330.0, 360.0, 380.0, 400.0, 500.0, 800.0)  # s


def cement_course(out: Path) -> Path:
    """Viscosity of the medium cement over age and shear rate."""
    return plot_cement(open_cement("medium"), out, (1200, 750))


def pressures(
    out: Path, medium: Sequence[Outcome], high: Sequence[Outcome], curing: Sequence[Outcome]
) -> Path:
    """Tip pressure over the injected volume with mechanisms off, and syringe pressure by age."""
    page = new_page(SIZE)
    left, middle, right = page.subplots(1, 3)
    for axes, outcomes, title in ((left, medium, "medium"), (middle, high, "high")):
        chosen = [o for name in SHOWN for o in outcomes if o.name == name]
        for o, colour, dashes in zip(chosen, (INK, *CYCLE), DASHES * 2, strict=False):
            axes.plot(*_over_volume(o, "tip_pressure_kPa"), color=colour, ls=dashes, lw=1.6, label=o.name)
        axes.set(title=f"{title} viscosity", ylabel="tip pressure [kPa]")
    for age, colour in zip(AGES, CYCLE, strict=False):
        for kind, dashes in (("gelling", "-"), ("as at the start", "--")):
            o = next(o for o in curing if o.name == f"{age} min, {kind}")
            volume, pressure = _over_volume(o, "syringe_pressure_kPa")
            right.plot(volume, 1e-3 * pressure, color=colour, ls=dashes, lw=1.6)
        right.plot([], [], color=colour, lw=1.6, label=f"{age} min")
    for kind, dashes in (("gelling", "-"), ("as at the start", "--")):
        right.plot([], [], color=FAINT, ls=dashes, lw=1.6, label=kind)
    right.set(title="medium viscosity by age", ylabel="syringe pressure [MPa]")
    for axes in (left, middle, right):
        axes.set(xlim=(0.0, 4.0), xlabel="injected [mL]")
        axes.set_ylim(0.0, 1.35 * axes.get_ylim()[1])  # room for the names
        _dress(axes, columns=2 if axes is right else 1)
    page.tight_layout()
    return save_page(page, out)


def _over_volume(o: Outcome, column: str) -> tuple[Floats, Floats]:
    return np.array(o.history["injected_ml"]), np.array(o.history[column])


def heat(out: Path, six: Outcome, ten: Outcome, milder: Outcome) -> Path:
    """Temperatures over time at the places that were measured, and over the distance from the tip.

    `milder` has the needle further forward, and cement of less heat that does not cure wholly.
    """
    page = new_page(SIZE)
    left, right = page.subplots(1, 2)
    kinds = ((six, "6 mL", "-"), (ten, "10 mL", "--"), (milder, "6 mL, forward, milder", ":"))
    for i, (place, (low, high)) in enumerate(MEASURED.items()):
        for o, _, dashes in kinds:
            time = np.array(o.history["time_s"]) / 60.0
            left.plot(time, o.history[place], color=CYCLE[i], ls=dashes, lw=1.6)
        left.plot([19.5 + 0.5 * i] * 2, [low, high], color=CYCLE[i], lw=5, solid_capstyle="butt", alpha=0.6)
        left.plot([], [], color=CYCLE[i], lw=1.6, label=place)
    for _, kind, dashes in kinds:
        left.plot([], [], color=FAINT, ls=dashes, lw=1.6, label=kind)
    left.text(20.0, 118.0, "peaks\nmeasured", fontsize=SMALL, ha="center")
    left.set(xlim=(0.0, 21.5), xlabel="time since the begin of the injection [min]")
    left.set(ylabel="highest temperature there [degC]")
    _dress(left)
    _shells(right, six)
    page.tight_layout()
    return save_page(page, out)


def _shells(axes: Any, o: Outcome) -> None:
    """From dark to light as time goes on."""
    from matplotlib import colormaps

    times, middle = np.array(o.history["time_s"]), 1e3 * SHELL * (np.arange(len(o.shells[0])) + 0.5)
    for i, time in enumerate(TIMES):
        step = int(np.argmin(np.abs(times - time)))
        colour = colormaps["viridis"](i / len(TIMES))
        filled = np.array(o.shells[step]) > 0.0  # beyond the body there is none
        axes.plot(
            middle[filled],
            np.array(o.shells[step])[filled],
            color=colour,
            lw=1.6,
            label=f"{times[step]:.0f} s",
        )
    axes.axvline(o.radius, color=INK, lw=0.8, ls=":")
    axes.set(xlim=(0.0, 20.0), xlabel="distance from the tip [mm]", ylabel="mean temperature [degC]")
    axes.set_title("6 mL: the cure runs inward from the warm rim")
    _dress(axes)


def _dress(axes: Any, columns: int = 1) -> None:
    axes.legend(fontsize=SMALL, frameon=False, ncols=columns)
    axes.title.set_fontsize(USUAL)
    axes.xaxis.label.set_fontsize(USUAL)
    axes.yaxis.label.set_fontsize(USUAL)
    axes.tick_params(labelsize=SMALL)
