"""The table of a study: one row a point, one column a factor or a result; read from and written as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cementflow.errors import InputError
from cementflow.files import write_text
from cementflow.study.points import Cell

POINT, STATUS, REASON = "point", "status", "reason"
DONE = ("completed", "stopped")


@dataclass(frozen=True)
class Table:
    """Rows of cells under names; the factors stand between `point` and `status`, the results after `reason`.

    Parameters
    ----------
    names
        Names of the columns.
    rows
        One tuple a point, as long as `names`; None where there is nothing to say.
    """

    names: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    @property
    def factors(self) -> tuple[str, ...]:
        """Names of the factors' columns."""
        return self.names[1 : self.names.index(STATUS)]

    @property
    def results(self) -> tuple[str, ...]:
        """Names of the results' columns."""
        return self.names[self.names.index(REASON) + 1 :]

    def column(self, name: str) -> list[Cell]:
        """Cells under a name.

        Raises
        ------
        InputError
            If there is no such column.
        """
        from cementflow.units import close_match

        if name not in self.names:
            raise InputError(f'the table has no column "{name}"{close_match(name, self.names)}')
        place = self.names.index(name)
        return [row[place] for row in self.rows]

    def numbers(self, name: str) -> NDArray[np.float64]:
        """Cells under a name as numbers; NaN where there is none, 0 and 1 for false and true.

        Raises
        ------
        InputError
            If there is no such column, or it holds texts.
        """
        cells = self.column(name)
        if any(isinstance(c, str) for c in cells):
            raise InputError(f'the column "{name}" holds texts, not numbers')
        return np.array([np.nan if c is None else float(c) for c in cells])

    def done(self) -> Table:
        """Rows of the runs that came to their end."""
        return Table(
            self.names,
            tuple(r for r, s in zip(self.rows, self.column(STATUS), strict=True) if s in DONE),
        )


def write_csv(path: Path, names: Sequence[str], rows: Sequence[Sequence[Cell]]) -> None:
    """Write a table; numbers read back to the same bits, and an empty cell is nothing to say."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([_shown(c) for c in row] for row in rows)
    write_text(path, text.getvalue())


def read_table(path: Path) -> Table:
    """Read `table.csv`.

    Raises
    ------
    InputError
        If it is not there or is no such table.
    """
    try:
        with open(path, encoding="utf-8", newline="") as stream:
            lines = list(csv.reader(stream))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"the table cannot be read: {error}", str(path)) from error
    names = tuple(lines[0]) if lines else ()
    if names[:1] != (POINT,) or STATUS not in names or REASON not in names:
        raise InputError(
            "it is no table of a study: its columns are not point, ..., status, reason, ...", str(path)
        )
    if any(len(line) != len(names) for line in lines):
        raise InputError("it is no table of a study: its rows are not all as long as its header", str(path))
    texts = (0, names.index(STATUS), names.index(REASON))
    rows = (tuple(c if i in texts else _read(c) for i, c in enumerate(line)) for line in lines[1:])
    return Table(names, tuple(rows))


def _shown(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, float):
        return repr(float(cell))  # NumPy's own floats say their type
    return cell if isinstance(cell, str) else repr(cell)


def _read(text: str) -> Cell:
    if text in ("", "true", "false"):
        return {"": None, "true": True, "false": False}[text]
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        return text
