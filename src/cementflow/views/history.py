"""The table of a run: `history.csv`, one row an accepted step."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cementflow.errors import InputError

Floats = NDArray[np.float64]

_BASE_COLUMNS = (
    "time_s",
    "injected_ml",
    "in_bone_ml",
    "leaked_ml",
    "tip_pressure_kPa",
    "syringe_pressure_kPa",
    "flow_rate_ml_min",
)
_WORDS = ("limited_by",)
FREE = ("rate", "stopped")  # what limits the rate where no pressure does
_WARMTH = {"peak_temperature_degC", "degree_of_cure"}


@dataclass(frozen=True, eq=False)
class History:
    """The columns of `history.csv`, each of shape (rows,).

    Parameters
    ----------
    columns
        Those of numbers.
    words
        Those of words.
    """

    columns: Mapping[str, Floats]
    words: Mapping[str, NDArray[np.str_]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.columns["time_s"])

    @property
    def held(self) -> NDArray[np.bool_]:
        """Whether a limit held the flow rate back at the end of each step, shape (rows,)."""
        limits = self.words.get("limited_by", np.full(len(self), FREE[0]))
        return ~np.isin(limits, FREE)

    @property
    def heated(self) -> bool:
        """Whether heat was computed."""
        return self.columns.keys() >= _WARMTH

    def volume(self, values: Floats, time: float) -> float:
        """Value at `time` [s] of a column that grows from zero at time zero [mL]; NaN without rows."""
        if not len(self):
            return float("nan")
        return float(np.interp(time, np.append(0.0, self.columns["time_s"]), np.append(0.0, values)))

    def leak(self, outlet: str) -> Floats | None:
        """Leaked volume through an outlet [mL], shape (rows,), or None if the table does not have it."""
        for name in (outlet, outlet.replace(" ", "_")):
            if (column := self.columns.get(f"leak_{name}_ml")) is not None:
                return column
        return None


def read_history(path: Path) -> History:
    """Read `history.csv`; a last row that an interruption cut short is left out.

    Raises
    ------
    InputError
        If the file is missing, has no header, lacks a column or holds something that is not a number.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.reader(file))
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", str(path)) from error
    if not rows:
        raise InputError("is empty: not even a header", str(path))
    header, body = rows[0], [row for row in rows[1:] if row]
    if body and len(body[-1]) < len(header):
        body.pop()
    problems = [f"no column '{n}'{found_instead(n, header)}" for n in _BASE_COLUMNS if n not in header]
    whole = {i: row for i, row in enumerate(body, start=1) if len(row) == len(header)}
    problems += [
        f"row {i} has {len(r)} of {len(header)} columns" for i, r in enumerate(body, 1) if i not in whole
    ]
    columns, words = {}, {}
    for j, name in enumerate(header):
        if name in _WORDS:
            words[name] = np.array([row[j] for row in whole.values()], np.str_)
        else:
            numbers = [_value(row[j], f"row {i}, {name}", problems) for i, row in whole.items()]
            columns[name] = np.array(numbers, np.float64)
    if problems:
        raise InputError(problems, str(path))
    return History(columns, words)


def _value(text: str, where: str, problems: list[str]) -> float:
    """A number; an empty cell is NaN (a run without syringe has no syringe pressure)."""
    try:
        return float(text) if text.strip() else float("nan")
    except ValueError:
        problems.append(f"{where}: '{text}' is not a number")
        return float("nan")


def found_instead(name: str, known: list[str]) -> str:
    """End of a message about a missing name: the nearest name that is there, or all of them."""
    match = get_close_matches(name, known, n=1)
    return f" (found '{match[0]}')" if match else f" (found {', '.join(known) or 'none'})"
