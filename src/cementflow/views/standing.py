"""Where the numbers of a run's cure come from: a source, an assumption, or the case itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cementflow.case import Case, CureSpec
from cementflow.case.fields import Entry, entries
from cementflow.case.inline import inline
from cementflow.case.kinds import Reading
from cementflow.case.sections import read_section
from cementflow.presets import read_preset

STATED = "stated in the case"


def cure_standing(case: Case) -> list[tuple[str, str, str]]:
    """Name, value and standing of each number of the cure.

    A value has the standing that the preset or the default gives it, as long as it is that of the preset or the
    default; any other one was stated by the user.

    Parameters
    ----------
    case
        As it was run.
    """
    cure = case.cement.cure
    usual = read_section(CureSpec, {}, "cure", Reading(Path()))
    rows = []
    for name, entry in entries(CureSpec).items():
        value = getattr(cure, name)
        if value is not None:
            by_default = entry.source if value == getattr(usual, name) else STATED
            standing = _of_preset(case.cement.preset, name, entry, value) or by_default
            rows.append((name.replace("_", " "), _text(entry, value), standing))
    return rows


def _of_preset(preset: str | None, name: str, entry: Entry, value: Any) -> str:
    """Standing that the preset of the cement gives to a value; empty if the preset does not state that value."""
    if preset is None:
        return ""
    found = read_preset("cements", preset)
    standing = found.standing.get(f"cure.{name}")
    if standing is None or entry.kind.read(found.values["cure"][name], name, Reading(Path())) != value:
        return ""
    return str(standing)


def _text(entry: Entry, value: Any) -> str:
    """A value with its unit, without the quotes of a file."""
    written = entry.kind.write(value)
    return written if isinstance(written, str) else inline(written)
