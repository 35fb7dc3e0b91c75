"""A cement as a picture: viscosity over time and shear rate, and the pressure that it takes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cementflow.laws.thermal import ZERO_CELSIUS
from cementflow.views.cement_course import BODY, FLOW, GAUGE, LENGTH, LIMIT, CementCourse
from cementflow.views.page import SIZE, add_ruled, headline, new_page, save_page
from cementflow.views.palette import CYCLE, DASHES, FAINT, INK, LEAK

Floats = NDArray[np.float64]

RATES = (0.1, 1.0, 10.0, 100.0)
_SHADE = "#e4efe9"
_POINTS = 240


def plot_cement(course: CementCourse, out: Path, size: tuple[int, int] = SIZE) -> Path:
    """Draw viscosity over time at room and body temperature, over shear rate, and the pressure in a syringe.

    Parameters
    ----------
    course
        The cement.
    out
        Picture to write (.png or .pdf).
    size
        Width and height [px].

    Raises
    ------
    InputError
        If the file cannot be written.
    """
    return save_page(cement_page(course, size), out)


def cement_page(course: CementCourse, size: tuple[int, int]) -> Any:
    """The page that `plot_cement` writes."""
    page = new_page(size)
    room = course.spec.temperature
    headline(page, f"{course.name}: {course.title}", _facts(course))
    grid = page.add_gridspec(2, 2, left=0.07, right=0.965, top=0.825, bottom=0.085, hspace=0.4, wspace=0.2)
    warm, cool = add_ruled(page, grid[0, 1]), add_ruled(page, grid[0, 0])
    _over_time(cool, course, room)
    _over_time(warm, course, BODY)
    bounds = [
        f(a) for f, a in zip((min, max), zip(cool.get_ylim(), warm.get_ylim(), strict=True), strict=True)
    ]
    for axes in (cool, warm):
        axes.set_ylim(bounds)
    _over_rate(add_ruled(page, grid[1, 0]), course)
    _pressure(add_ruled(page, grid[1, 1]), course)
    return page


def _facts(course: CementCourse) -> list[str]:
    temperatures = (course.spec.temperature, BODY)
    reached = [_when("set", course.set_time(t), t) for t in temperatures]
    density = course.spec.thermal.density
    added = course.spec.radiopacifier
    made = f"{added.share:.0%} {added.material}" if added.share > 0.0 else "no radiopacifier"
    return [
        "   ·   ".join(reached),
        f"shaded: working window, at body temperature by equivalent age   ·   {made}, {density:.0f} kg/m³"
        "   ·   illustrative class of cement, not the data of a brand",
    ]


def _over_time(axes: Any, course: CementCourse, temperature: float) -> None:
    times = np.linspace(0.0, course.end, _POINTS)
    viscosity = course.viscosity(times, np.array(RATES), temperature)
    _shade(axes, course, temperature)
    for i, rate in enumerate(RATES):
        axes.plot(
            times / 60.0, viscosity[:, i], color=CYCLE[i], ls=DASHES[i], lw=1.9, label=f"at {rate:g} 1/s"
        )
    axes.set_yscale("log")
    _name_axes(axes, course, f"viscosity at {_celsius(temperature)} [Pa s]")
    _name_lines(axes)


def _over_rate(axes: Any, course: CementCourse) -> None:
    room = course.spec.temperature
    begin, end = course.window(room) or (course.spec.age, course.end)
    latest = max(course.set_time(room) or end, end)
    ages = np.array([begin, 0.5 * (begin + end), end, 0.5 * (end + latest)])
    rates = np.logspace(-2.0, 3.0, _POINTS)
    viscosity = course.viscosity(ages, rates, room)
    for i, age in enumerate(ages):
        axes.plot(
            rates, viscosity[i], color=CYCLE[i], ls=DASHES[i], lw=1.9, label=f"after {age / 60.0:.3g} min"
        )
    axes.set(xscale="log", yscale="log", xlim=(rates[0], rates[-1]))
    axes.set(xlabel="shear rate [1/s]", ylabel=f"viscosity at {_celsius(room)} [Pa s]")
    _name_lines(axes)


def _pressure(axes: Any, course: CementCourse) -> None:
    times = np.linspace(0.0, course.end, _POINTS // 2)
    _shade(axes, course, course.spec.temperature)
    for temperature, colour, dashes in ((course.spec.temperature, INK, "-"), (BODY, LEAK, "--")):
        pressure = 1e-6 * course.pressure(times, temperature)
        axes.plot(
            times / 60.0, pressure, color=colour, ls=dashes, lw=1.9, label=f"at {_celsius(temperature)}"
        )
        limit = course.limit_time(temperature)
        if limit is not None and limit < course.end:
            axes.plot([limit / 60.0] * 2, [0.0, 1e-6 * LIMIT], color=colour, lw=1.0, ls=":")
            axes.plot(limit / 60.0, 1e-6 * LIMIT, marker="o", color=colour)
            axes.annotate(
                f"{limit / 60.0:.1f} min",
                (limit / 60.0, 1e-6 * LIMIT),
                (-6, 5),
                textcoords="offset points",
                ha="right",
                size=12,
                color=colour,
            )
    label = f"{1e-6 * LIMIT:g} MPa, largest in vivo (Krebs 2005)"
    axes.axhline(1e-6 * LIMIT, color=FAINT, lw=1.0, label=label)
    axes.set_ylim(0.0, 1.4e-6 * LIMIT)
    _name_axes(
        axes, course, f"pressure for {FLOW * 6e7:g} mL/min\nthrough {GAUGE} G, {1e3 * LENGTH:g} mm [MPa]"
    )
    _name_lines(axes)


def _shade(axes: Any, course: CementCourse, temperature: float) -> None:
    window = course.window(temperature)
    if window is not None:
        axes.axvspan(window[0] / 60.0, window[1] / 60.0, color=_SHADE, zorder=0)


def _name_lines(axes: Any) -> None:
    """In a row above the panel, where no line is."""
    where = {"loc": "lower left", "bbox_to_anchor": (-0.01, 0.99)}
    axes.legend(**where, ncols=4, fontsize=11.5, frameon=False, handlelength=2.6, columnspacing=1.3)


def _name_axes(axes: Any, course: CementCourse, up: str) -> None:
    from matplotlib.ticker import MultipleLocator

    axes.set_xlim(0.0, course.end / 60.0)
    axes.xaxis.set_major_locator(MultipleLocator(course.end / 600.0))
    axes.set(xlabel="time since mixing [min]", ylabel=up)


def _when(what: str, time: float | None, temperature: float) -> str:
    at = f"at {_celsius(temperature)}"
    return f"{what} {at} after {time / 60.0:.1f} min" if time is not None else f"not {what} {at} within a day"


def _celsius(temperature: float) -> str:
    return f"{round(temperature - ZERO_CELSIUS, 2):g} °C"
