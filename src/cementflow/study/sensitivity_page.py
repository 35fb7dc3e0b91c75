"""Indices of sensitivity as a text table and as bars with their confidence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from cementflow.study.sensitivity import Sensitivity
from cementflow.views.page import add_ruled, headline, new_page, save_page
from cementflow.views.palette import CEMENT, INK, NEEDLE
from cementflow.views.words import cut

_WHAT = {
    "sobol": "Sobol indices: share of the variance by a factor alone (first) and with all its interactions (total)",
    "morris": "Morris: mean absolute effect over a factor's range (mu*) and how much it varies (sigma)",
    "sample": "share of the variance by a factor alone, from the runs as they are (random balance designs)",
}
_DRAWN = {"sobol": ("first", "total"), "morris": ("mu*", "sigma"), "sample": ("first",)}
_COLOURS = (NEEDLE, CEMENT)


def sensitivity_text(found: Sensitivity) -> str:
    """The indices as lines of text, the largest first."""
    names = list(found.measures)
    wide = max(len(f) for f in (*found.factors, "factor"))
    lines = [
        f"{found.result}: {_WHAT[found.method]}",
        "",
        f"{'factor':<{wide}}" + "".join(f"{n:>20}" for n in names),
    ]
    scale = max(float(np.abs(values).max()) for values in found.measures.values())
    for i in order(found):
        cells = []
        for name in names:
            text = f"{_whole(found.measures[name][i], scale):.3g}"
            if name in found.confidence:
                text += f" ± {_whole(found.confidence[name][i], scale):.2g}"
            cells.append(f"{text:>20}")
        lines.append(f"{found.factors[i]:<{wide}}" + "".join(cells))
    lines += ["", f"from {found.used} runs; ± is half of the 95 % confidence interval (bootstrap)"]
    if found.note:
        lines.append(found.note)
    return "\n".join(lines) + "\n"


def _whole(value: float, scale: float) -> float:
    """The value, or 0 where it is what rounding leaves of numbers of that scale."""
    return float(value) if abs(value) > 1e-12 * scale else 0.0


def order(found: Sensitivity) -> list[int]:
    """Factors by the measure that ranks them: the total index, mu* or the first index."""
    rank = found.measures[{"sobol": "total", "morris": "mu*", "sample": "first"}[found.method]]
    return [int(i) for i in np.argsort(-rank, kind="stable")]


def draw_sensitivity(found: Sensitivity, title: str, out: Path) -> Path:
    """Draw the indices as bars.

    Raises
    ------
    InputError
        If the file cannot be written.
    """
    rows = order(found)
    page = new_page((1600, 260 + 90 * max(len(rows), 3)))
    height = page.get_size_inches()[1]
    headline(page, cut(title, 100), [_WHAT[found.method], f"{found.result}, {found.used} runs. {found.note}"])
    axes = add_ruled(page, (0.26, 0.75 / height, 0.7, 1 - 2.3 / height))
    _bars(axes, found, rows)
    axes.yaxis.put(range(len(rows)), [cut(found.factors[i], 36) for i in rows])
    axes.grid(False, axis="y")
    axes.invert_yaxis()
    axes.set_xlabel(f"effect on {found.result}" if found.method == "morris" else "share of the variance")
    axes.axvline(0, color=INK, lw=0.8)
    axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2, frameon=False, fontsize=12.5)
    return save_page(page, out)


def _bars(axes: Any, found: Sensitivity, rows: list[int]) -> None:
    names = _DRAWN[found.method]
    tall = 0.76 / len(names)
    for j, name in enumerate(names):
        at = np.arange(len(rows)) + (j - (len(names) - 1) / 2) * tall
        widths = found.confidence[name][rows] if name in found.confidence else None
        label = f"{name} with 95 % confidence" if widths is not None else name
        axes.barh(at, found.measures[name][rows], tall * 0.94, color=_COLOURS[j], label=label)
        if widths is not None:
            axes.errorbar(
                found.measures[name][rows], at, xerr=widths, fmt="none", ecolor=INK, capsize=4, lw=1.3
            )
