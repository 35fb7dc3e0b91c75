"""The figure of `docs/leakage.md`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.leakage.tables import Rows
from benchmarks.leakage.variants import ALL, FLAT, HIGH, LOW, VISCOSITIES
from cementflow.views.page import new_page, save_page
from cementflow.views.palette import CYCLE, DASHES, FAINT, INK

SIZE = (1400, 720)
SMALL, USUAL = 9.5, 12.0  # writing
SHARES = (0.5, 1, 2, 5, 10, 20, 50)  # %
PUBLISHED = (0.375, 0.47)  # high against low viscosity: leaked mass in foam; risk in a trial


def leaks(out: Path, alone: Rows, together: Rows) -> Path:
    """Leaked share over viscosity: each mechanism alone, and all but one."""
    page = new_page(SIZE)
    left, right = page.subplots(1, 2)
    for axes, rows, first, title in (
        (left, alone, FLAT, "each mechanism alone"),
        (right, together, ALL, "all but one"),
    ):
        others = [name for name in rows if name != first]
        for i, name in enumerate(others):
            colour, dashes = CYCLE[i % len(CYCLE)], DASHES[i // len(CYCLE)]
            _line(axes, rows, name, color=colour, ls=dashes, lw=1.5)
        _line(axes, rows, first, color=INK, lw=2.6)
        low = rows[first][VISCOSITIES.index(LOW)].share
        axes.fill_between([LOW, HIGH], *([low, low * r] for r in PUBLISHED), color=FAINT, alpha=0.35, lw=0)
        axes.set(xscale="log", yscale="log", title=title)
        axes.set(xlabel="viscosity at rest [Pa s]", ylabel="leaked of what was injected [%]")
        axes.set_xticks(VISCOSITIES, [str(v) for v in VISCOSITIES])
        axes.set_yticks(SHARES, [str(v) for v in SHARES])
        axes.minorticks_off()
        axes.legend(fontsize=SMALL, frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=2)
        axes.title.set_fontsize(USUAL)
    page.tight_layout()
    return save_page(page, out)


def _line(axes: Any, rows: Rows, name: str, **style: Any) -> None:
    axes.plot(VISCOSITIES, [o.share for o in rows[name]], marker="o", ms=3, label=name, **style)
