"""One run of a study: what is changed in the base case, and the case that this makes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cementflow.case import Case

Cell = float | int | bool | str | None


@dataclass(frozen=True)
class Point:
    """One run of a study.

    Parameters
    ----------
    name
        Its run folder, such as "0007".
    changes
        What is set in the base case, by dotted key.
    columns
        The same as the table shows it: by name with unit, such as "injection.max_pressure [Pa]"; numbers in SI.
    case
        The case, or None where it cannot be made.
    reason
        Why it cannot be made, empty if it can.
    """

    name: str
    changes: Mapping[str, object]
    columns: Mapping[str, Cell]
    case: Case | None
    reason: str = ""


def shortened(names: Sequence[str], longest: int = 8) -> str:
    """Names of points, neighbours as a range: "0001-0004, 0007"."""
    parts: list[list[str]] = []
    for name in names:
        if parts and int(name) == int(parts[-1][-1]) + 1:
            parts[-1] = [parts[-1][0], name]
        else:
            parts.append([name])
    shown = ["-".join(p) for p in parts[:longest]]
    return ", ".join(shown) + (", ..." if len(parts) > longest else "")
