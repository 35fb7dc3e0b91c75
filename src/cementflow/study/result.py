"""A study's folder, opened."""

from __future__ import annotations

import json
import tomllib
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cementflow.errors import InputError
from cementflow.study.points import Cell
from cementflow.study.statement import Study, load_study
from cementflow.study.table import STATUS, Table, read_table

if TYPE_CHECKING:
    import pandas

    from cementflow.study.sensitivity import Sensitivity

STATEMENT, TABLE = "sweep.toml", "table.csv"


@dataclass(frozen=True)
class StudyResult:
    """The folder of a study.

    Parameters
    ----------
    path
        The folder.
    """

    path: Path

    def __len__(self) -> int:
        """Number of points."""
        return len(self.table.rows)

    def __getitem__(self, name: str) -> list[Cell]:
        """Cells of a column of the table, one a point; None where there is nothing to say."""
        return self.table.column(name)

    def __str__(self) -> str:
        return f"{self.path}: " + ", ".join(f"{n} {status}" for status, n in self.counts.items())

    @property
    def counts(self) -> Counter[str]:
        """Number of points by status."""
        return Counter(str(status) for status in self[STATUS])

    @cached_property
    def text(self) -> str:
        """Its study file as it is.

        Raises
        ------
        InputError
            If it cannot be read.
        """
        try:
            return (self.path / STATEMENT).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"cannot be read: {error}", str(self.path / STATEMENT)) from error

    @cached_property
    def stated(self) -> dict[str, Any]:
        """Its study file as TOML; `study` is what that means.

        Raises
        ------
        InputError
            If it is no TOML.
        """
        try:
            return tomllib.loads(self.text)
        except tomllib.TOMLDecodeError as error:
            raise InputError(f"cannot be read: {error}", str(self.path / STATEMENT)) from error

    @cached_property
    def study(self) -> Study:
        """What was run."""
        return load_study(self.path / STATEMENT)

    @cached_property
    def table(self) -> Table:
        """One row a point: factors, status, reason and results."""
        return read_table(self.path / TABLE)

    @cached_property
    def provenance(self) -> dict[str, Any]:
        """Contents of `study.json`: version, digest of the base case, seeds and units."""
        found: dict[str, Any] = json.loads((self.path / "study.json").read_text(encoding="utf-8"))
        return found

    @property
    def title(self) -> str:
        """Title of the study, or else the name of its folder."""
        return str(self.stated.get("title") or self.path.absolute().name)

    @property
    def design(self) -> str:
        """How its points were made."""
        return str(self.stated.get("design", "grid"))

    def folder(self, point: str) -> Path:
        """Run folder of a point, such as "0007"."""
        return self.path / point

    def picture(self, kind: str) -> Path:
        """Where a picture of a kind goes if no other file is named."""
        return self.path / "figures" / f"{kind}.png"

    def plot(self, kind: str = "effects", out: str | Path | None = None) -> Path:
        """Draw the "effects", the "map" or the "pareto" front of the study, by default into its `figures`.

        Raises
        ------
        InputError
            If there is no such kind, or nothing in the table to draw it from.
        """
        from cementflow.study.pictures import draw

        return draw(self, kind, self.picture(kind) if out is None else Path(out))

    def report(self, out: str | Path | None = None) -> Path:
        """Write one HTML page about the study, by default `report.html` in its folder.

        Raises
        ------
        InputError
            If it cannot be written.
        """
        from cementflow.study.report_page import write_study_report

        return write_study_report(self, None if out is None else Path(out))

    def sensitivity(self, result: str = "leaked_ml.total") -> Sensitivity:
        """How much of a result each factor makes; which measures there are depends on the design.

        Raises
        ------
        InputError
            If the table has no such numbers, or not in the order of their design.
        """
        from cementflow.study.sensitivity import of_study

        return of_study(self, result)

    def frame(self) -> pandas.DataFrame:
        """The table in pandas, with the points as index.

        Raises
        ------
        InputError
            If pandas is not installed.
        """
        try:
            import pandas
        except ImportError as error:
            raise InputError('a frame needs pandas: pip install "cementflow[study]"') from error
        table = self.table
        return pandas.DataFrame.from_records(list(table.rows), columns=list(table.names)).set_index("point")


def is_study(path: str | Path) -> bool:
    """Whether a folder is that of a study."""
    return (Path(path) / STATEMENT).is_file()


def open_study(path: str | Path) -> StudyResult:
    """The study in a folder.

    Raises
    ------
    InputError
        If it holds none.
    """
    if not is_study(path):
        raise InputError(f"this is not the folder of a study: it has no {STATEMENT}", str(path))
    return StudyResult(Path(path))
