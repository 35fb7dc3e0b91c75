"""The picture of fill against leak: all runs, and the front of those that no other beats."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from cementflow.study.effects import main_effect, varied_factors
from cementflow.study.effects_page import SHOWN
from cementflow.study.levels import Levels, levels_of
from cementflow.study.pareto import pareto_front
from cementflow.study.points import shortened
from cementflow.study.table import POINT, Table
from cementflow.views.page import add_ruled, headline, new_page, save_page
from cementflow.views.palette import CYCLE, FAINT, INK, LEAK
from cementflow.views.words import cut

FILL, LEAKED = "in_bone_ml", "leaked_ml.total"
_MARKS = "os^Dv"
_NAMED = 12  # points of the front with their name beside them


def draw_front(table: Table, title: str, out: Path, fill: str = FILL, leak: str = LEAKED) -> Path:
    """Draw the runs by leak and fill, with the front of the largest fill for the smallest leak.

    Raises
    ------
    InputError
        If there is no such column or it is no number.
    """
    done = table.done()
    y, x = done.numbers(fill), done.numbers(leak)
    front = pareto_front(y, x)[::-1]
    page = new_page((1600, 1000))
    headline(
        page,
        cut(title, 100),
        [
            f"{len(front)} of {len(done.rows)} runs on the front: no run has more in the bone for as little leak"
        ],
    )
    axes = add_ruled(page, (0.07, 0.09, 0.66, 0.76))
    _runs(axes, table, x, y, leak)
    axes.step(x[front], y[front], where="post", color=LEAK, lw=2, zorder=3)
    axes.plot(x[front], y[front], "o", ms=12, mfc="none", mec=LEAK, mew=1.8, zorder=4)
    named = {name: label for name, label, _ in SHOWN}
    axes.set(xlabel=named.get(leak, leak), ylabel=named.get(fill, fill))
    places: dict[tuple[float, float], list[str]] = {}
    for i in front:
        places.setdefault((float(x[i]), float(y[i])), []).append(str(done.column(POINT)[i]))
    few = np.unique(np.linspace(0, len(places) - 1, _NAMED).round().astype(int)) if places else ()
    for place in (list(places)[i] for i in few):
        names = shortened(sorted(places[place]))
        axes.annotate(names, place, (7, -14), textcoords="offset points", size=11, color=INK)
    return save_page(page, out)


def _runs(axes: object, table: Table, x: np.ndarray, y: np.ndarray, leak: str) -> None:
    """All runs, coloured by the factor that does most to the leak."""
    from matplotlib.axes import Axes

    assert isinstance(axes, Axes)
    varied = varied_factors(table)
    if not varied:
        axes.plot(x, y, "o", ms=6, color=FAINT, zorder=2)
        return
    factor = max(varied, key=lambda f: main_effect(table, f, leak).size)
    levels: Levels = levels_of(table.done(), factor, bins=len(CYCLE))
    for i, label in enumerate(levels.labels):
        mine = levels.of_row == i
        colour, mark = CYCLE[i % len(CYCLE)], _MARKS[(i // len(CYCLE) + i) % len(_MARKS)]
        axes.plot(x[mine], y[mine], mark, ms=6.5, color=colour, alpha=0.75, label=cut(label, 30), zorder=2)
    legend = axes.legend(title=cut(factor, 40), loc="upper left", bbox_to_anchor=(1.02, 1), fontsize=12)
    legend.set_frame_on(False)
    legend.get_title().set_fontsize(12.5)
