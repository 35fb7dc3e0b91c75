"""The folder of a series, opened: its summary, its runs and its page."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from cementflow.errors import InputError
from cementflow.result import Result, open_result
from cementflow.series.read import WHAT_IF


@dataclass(frozen=True)
class SeriesResult:
    """Folder of a series.

    Parameters
    ----------
    path
        The folder.
    """

    path: Path

    @property
    def stated(self) -> Path:
        """The series with all that was set."""
        return self.path / "series.toml"

    @property
    def page(self) -> Path:
        """The report."""
        return self.path / "report.html"

    @cached_property
    def summary(self) -> dict[str, Any]:
        """Contents of `summary.json`: volumes in mL, pressures in kPa, times in s."""
        summary: dict[str, Any] = json.loads((self.path / "summary.json").read_text(encoding="utf-8"))
        return summary

    def folder(self, level: str, what_if: str | None = None) -> Path:
        """Run folder of a level, as it was done or otherwise."""
        return self.path / level if what_if is None else self.path / WHAT_IF / what_if / level

    def run(self, level: str, what_if: str | None = None) -> Result:
        """Run of a level, as it was done or otherwise.

        Raises
        ------
        InputError
            If there is none.
        """
        return open_result(self.folder(level, what_if))


def open_series(path: str | Path) -> SeriesResult:
    """Open the folder of a series.

    Raises
    ------
    InputError
        If it is not one.
    """
    found = SeriesResult(Path(path))
    if not found.stated.is_file() or not (found.path / "summary.json").is_file():
        raise InputError(
            "this is not the folder of a series, or the series has not ended: it lacks series.toml or summary.json",
            str(path),
        )
    return found
