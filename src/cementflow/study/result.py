"""A study's folder, opened."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cementflow.errors import InputError
from cementflow.study.statement import Study, load_study
from cementflow.study.table import Table, read_table

if TYPE_CHECKING:
    import pandas


@dataclass(frozen=True)
class StudyResult:
    """The folder of a study.

    Parameters
    ----------
    path
        The folder.
    """

    path: Path

    @property
    def stated(self) -> Path:
        """The study file."""
        return self.path / "sweep.toml"

    @cached_property
    def table(self) -> Table:
        """One row a point: factors, status, reason and results."""
        return read_table(self.path / "table.csv")

    @cached_property
    def study(self) -> Study:
        """What was run."""
        return load_study(self.stated)

    @cached_property
    def provenance(self) -> dict[str, Any]:
        """Contents of `study.json`: version, digest of the base case, seeds and units."""
        found: dict[str, Any] = json.loads((self.path / "study.json").read_text(encoding="utf-8"))
        return found

    def folder(self, point: str) -> Path:
        """Run folder of a point, such as "0007"."""
        return self.path / point

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


def open_study(path: str | Path) -> StudyResult:
    """The study in a folder.

    Raises
    ------
    InputError
        If it holds none.
    """
    result = StudyResult(Path(path))
    if not result.stated.is_file():
        raise InputError("it is no folder of a study: it has no sweep.toml", str(path))
    return result
