"""The figures of `docs/cement.md`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.mechanisms.measure import SHELL, Outcome
from cementflow.views.cement_course import open_cement
from cementflow.views.cement_page import plot_cement
from cementflow.views.page import new_page, save_page
from cementflow.views.palette import CYCLE, DASHES, INK

SIZE = (1200, 460)
CANAL, CENTRE, CORTEX = (39.0, 57.0), (49.0, 112.0), (44.0, 113.0)  # degC, Belkoff and Molloy 2003
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
    shown = (
        "all mechanisms",
        "no thinning, viscosity at rest",
        "no yield stress",
        "no ageing",
        "marrow of 5 Pa s, warm",
    )
    for axes, outcomes, title in ((left, medium, "medium"), (middle, high, "high")):
        chosen = [o for name in shown for o in outcomes if o.name == name]
        _over_volume(axes, chosen, "tip_pressure_kPa", 1.0)
        axes.set(title=f"{title} viscosity", ylabel="tip pressure [kPa]")
    heated = [o for o in curing if "heated" in o.name and "exponential" not in o.name]
    _over_volume(right, heated, "syringe_pressure_kPa", 1e-3)
    right.set(title="medium viscosity by age", ylabel="syringe pressure [MPa]")
    for axes in (left, middle, right):
        axes.legend(fontsize=7.5, frameon=False)
        axes.set(xlim=(0.0, 4.0), xlabel="injected [mL]")
        axes.set_ylim(bottom=0.0)
    page.tight_layout()
    return save_page(page, out)


def _over_volume(axes: Any, outcomes: Sequence[Outcome], column: str, factor: float) -> None:
    for i, o in enumerate(outcomes):
        label = o.name.removesuffix(", heated")
        x, y = np.array(o.history["injected_ml"]), factor * np.array(o.history[column])
        colour, dashes = (INK, *CYCLE)[i % (len(CYCLE) + 1)], DASHES[(i // 2) % len(DASHES)]
        axes.plot(x, y, color=colour, ls=dashes, lw=1.6, label=label)


def heat(out: Path, six: Outcome, ten: Outcome, milder: Outcome) -> Path:
    """Temperatures over time at the places that were measured, and over the distance from the tip as the cement cures."""
    page = new_page(SIZE)
    left, right = page.subplots(1, 2)
    for i, (place, name) in enumerate(
        (("centre", "centre"), ("anterior wall", "anterior wall"), ("posterior wall", "posterior wall"))
    ):
        for o, dashes, kind in (
            (six, "-", "6 mL"),
            (ten, "--", "10 mL"),
            (milder, ":", "6 mL, 80 %, 150 kJ/kg"),
        ):
            time = np.array(o.history["time_s"]) / 60.0
            left.plot(time, o.history[place], color=CYCLE[i], ls=dashes, lw=1.6, label=f"{name}, {kind}")
    for i, (low, high) in enumerate((CENTRE, CORTEX, CANAL)):
        left.plot([19.0 + 0.5 * i] * 2, [low, high], color=CYCLE[i], lw=5, solid_capstyle="butt", alpha=0.6)
    left.text(19.0, 118.0, "peaks measured", fontsize=8, ha="center")
    left.set(
        xlim=(0.0, 21.0),
        xlabel="time since the begin of the injection [min]",
        ylabel="highest temperature there [degC]",
    )
    left.legend(fontsize=7.5, frameon=False, loc="upper right")
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
    axes.set_title("6 mL: the cure runs inward from the warm rim", fontsize=10)
    axes.legend(fontsize=7.5, frameon=False)
