"""The pictures of a study by their kind."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cementflow.errors import InputError
from cementflow.study.effects_page import draw_effects
from cementflow.study.map_page import draw_maps
from cementflow.study.pareto_page import draw_front
from cementflow.study.practical_units import in_practical_units

if TYPE_CHECKING:
    from cementflow.study.result import StudyResult

KINDS = {"effects": draw_effects, "map": draw_maps, "pareto": draw_front}
HEADINGS = {
    "effects": "Main effects",
    "map": "Leak, fill and pressure over two factors",
    "pareto": "Fill against leak",
}


def draw(study: StudyResult, kind: str, out: Path) -> Path:
    """Draw one of `KINDS`.

    Raises
    ------
    InputError
        If there is no such kind, or nothing in the table to draw it from.
    """
    if kind not in KINDS:
        raise InputError(f"of a study there is no picture '{kind}'; use {', '.join(KINDS)}", str(study.path))
    if not study.table.done().rows:
        raise InputError("no run came to its end", str(study.path))
    return KINDS[kind](in_practical_units(study.table), study.title, out)
