"""Words of the pictures: times, volumes, outlets."""

from __future__ import annotations

import math

from cementflow.views.sheet import RunSheet
from cementflow.views.snapshots import OutletState, Snapshot


def caption(sheet: RunSheet, shot: Snapshot) -> list[str]:
    """Time and volumes, and the outlets that have no place of their own."""
    volumes = [
        f"{word} {volume(value)}"
        for word, column in (("injected", "injected_ml"), ("in bone", "in_bone_ml"), ("leaked", "leaked_ml"))
        if math.isfinite(value := sheet.history.volume(sheet.history.columns[column], shot.time))
    ]
    lines = ["   ·   ".join([when(shot), *volumes])]
    everywhere = [outlet_text(state) for state in shot.outlets if state.outlet.center is None]
    if everywhere:
        lines.append("over the whole surface: " + ", ".join(everywhere))
    return lines


def when(shot: Snapshot) -> str:
    """Time of the fields, and the time that was asked for where it is another one."""
    text = f"t = {shot.time:.4g} s"
    return text if shot.asked is None else f"{text} (stored fields nearest to {shot.asked:.4g} s)"


def outlet_text(state: OutletState) -> str:
    """Name and leaked volume of an outlet, as it is written in every picture."""
    return (
        f"{state.outlet.name} {volume(state.leaked)}" if state.leaks else f"{state.outlet.name} (no cement)"
    )


def volume(millilitres: float) -> str:
    """A volume with its unit; what would be written as nothing is written as less than something."""
    if 0 < millilitres < 0.005:
        return "< 0.01 mL"
    # Rounding noise below zero must not show as a minus sign.
    return f"{round(millilitres, 2) + 0.0:.2f} mL"


def cut(name: str, length: int) -> str:
    """A name in at most `length` characters."""
    return name if len(name) <= length else name[: length - 1].rstrip() + "…"
