"""One run of a study: what is changed in the base case, and the case that this makes."""

from __future__ import annotations

from collections.abc import Mapping
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
