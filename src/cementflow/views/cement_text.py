"""A cement as plain text: its viscosity over time and shear rate as a chart and a table."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from cementflow.laws.thermal import ZERO_CELSIUS
from cementflow.views.cement_course import BODY, FLOW, GAUGE, LENGTH, LIMIT, CementCourse

Floats = NDArray[np.float64]

RATES = (0.1, 1.0, 10.0, 100.0)
_LETTERS = "abcd"
_COLUMNS, _ROWS_A_DECADE = 80, 4
_MARGIN = 9
_TABLE_ROWS = 10


def cement_text(course: CementCourse) -> str:
    """Chart, table and the times that matter; at most 100 columns."""
    parts = [_chart(course), _table(course), _times(course)]
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


def _chart(course: CementCourse) -> list[str]:
    room = course.spec.temperature
    times = np.linspace(0.0, course.end, _COLUMNS + 1)
    logarithms = np.log10(course.viscosity(times, np.array(RATES), room))
    low, high = math.floor(logarithms.min()), math.ceil(logarithms.max())
    rows = np.rint((logarithms - low) * _ROWS_A_DECADE).astype(int)
    field = [[" "] * (_COLUMNS + 1) for _ in range((high - low) * _ROWS_A_DECADE + 1)]
    window = course.window(room)
    for time in window or ():
        column = round(time / course.end * _COLUMNS)
        if column <= _COLUMNS:
            for line in field:
                line[column] = ":"
    # The slowest comes last, as its viscosity is the one that is stated.
    for index, letter in reversed(list(enumerate(_LETTERS))):
        for column, row in enumerate(rows[:, index]):
            field[row][column] = letter
    shown = ", ".join(f"{letter} at {rate:g}" for letter, rate in zip(_LETTERS, RATES, strict=True))
    head = f"viscosity [Pa s] at {_celsius(room)} over minutes since mixing; {shown} 1/s"
    lines = [_row(low, row, "".join(line)) for row, line in enumerate(field)]
    return [head, "", *reversed(lines), *_axis(course, window)]


def _row(low: int, row: int, line: str) -> str:
    decade, rest = divmod(row, _ROWS_A_DECADE)
    label = "" if rest else f"{10.0 ** (low + decade):g}"
    return f"{label:>{_MARGIN - 2}} {'|' if rest else '+'}{line}".rstrip()


def _axis(course: CementCourse, window: tuple[float, float] | None) -> list[str]:
    minutes = round(course.end / 60.0)
    each = _COLUMNS // 10
    ticks = "".join(f"{minutes * i / 10:<{each}g}" for i in range(11))
    lines = [" " * (_MARGIN - 1) + "+-" + f"{'+':->{each}}" * 10, " " * _MARGIN + ticks.rstrip()]
    if window is not None and window[0] < course.end:
        start, stop = (min(round(t / course.end * _COLUMNS), _COLUMNS) for t in window)
        bar = f"{' working window ':=^{max(stop - start - 1, 0)}}"
        lines.append(" " * (_MARGIN + start) + f"[{bar}]")
    return lines


def _table(course: CementCourse) -> list[str]:
    temperatures = (course.spec.temperature, BODY)
    times = np.linspace(0.0, course.end, _TABLE_ROWS + 1)[1:]
    columns = [course.viscosity(times, np.array(RATES), t) for t in temperatures]
    cures = [course.cure(times, t) for t in temperatures]
    windows = [course.window(t) for t in temperatures]
    heads = [f"at {_celsius(t)} and a shear rate [1/s] of" for t in temperatures]
    rates = "".join(f"{rate:>7g}" for rate in RATES) + "   cure %"
    lines = [
        f"{'':9}{heads[0]:<42}{heads[1]}",
        f"{'min':>6}   {rates}      {rates}",
    ]
    for i, time in enumerate(times):
        blocks = []
        for viscosity, cure, window in zip(columns, cures, windows, strict=True):
            inside = window is not None and window[0] <= time <= window[1]
            values = "".join(f"{_number(v):>7}" for v in viscosity[i])
            blocks.append(f"{values}{100.0 * cure[i]:9.1f}{' *' if inside else '  '}")
        lines.append(f"{time / 60.0:>6g}   {'    '.join(blocks)}".rstrip())
    if windows[0] is not None:
        lines.append("         * in the working window, at other temperatures by equivalent age")
    return lines


def _times(course: CementCourse) -> list[str]:
    temperatures = (course.spec.temperature, BODY)
    set_at = ", ".join(_when(course.set_time(t), t) for t in temperatures)
    limit = ", ".join(_when(course.limit_time(t), t) for t in temperatures)
    rate = f"{FLOW * 6e7:g} mL/min through an {GAUGE} G cannula of {1e3 * LENGTH:g} mm"
    return [
        f"set ({100.0 * course.kinetics.set_at:g} % cured): {set_at}",
        f"{rate} needs {1e-6 * LIMIT:g} MPa: {limit}",
        "(the largest pressure in a syringe in vivo, Krebs et al. 2005)",
    ]


def _when(time: float | None, temperature: float) -> str:
    at = f"at {_celsius(temperature)}"
    return f"never {at}" if time is None else f"{time / 60.0:.1f} min {at}"


def _number(value: float) -> str:
    return f"{value:.0f}" if value >= 100.0 else f"{value:.3g}"


def _celsius(temperature: float) -> str:
    return f"{round(temperature - ZERO_CELSIUS, 2):g} degC"
