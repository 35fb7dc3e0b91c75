"""Names inside a run folder and its small text files."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cementflow.errors import InputError
from cementflow.files import write_text
from cementflow.flow.drive import LIMITS

LIMITED_BY = "limited_by"  # the column that holds words


@dataclass(frozen=True)
class RunFolder:
    """Where things are in a run folder.

    Parameters
    ----------
    path
        The folder.
    """

    path: Path

    @property
    def case(self) -> Path:
        """The fully resolved case."""
        return self.path / "case.toml"

    @property
    def summary(self) -> Path:
        """Results in one JSON object."""
        return self.path / "summary.json"

    @property
    def history(self) -> Path:
        """One row an accepted step."""
        return self.path / "history.csv"

    @property
    def checkpoint(self) -> Path:
        """State to go on from."""
        return self.path / "checkpoint.npz"

    @property
    def collection(self) -> Path:
        """Times and files of the fields."""
        return self.path / "fields.pvd"

    def fields(self, name: str) -> Path:
        """One file of fields."""
        return self.path / "fields" / f"{name}.vtu"

    @property
    def vein_collection(self) -> Path:
        """Times and files of the veins."""
        return self.path / "veins.pvd"

    def veins(self, name: str) -> Path:
        """One file of the tree of veins."""
        return self.path / "veins" / f"{name}.vtu"

    @property
    def ablation(self) -> Path:
        """One row a step of the ablation."""
        return self.path / "ablation.csv"

    @property
    def ablation_fields(self) -> Path:
        """What the ablation did to the bone."""
        return self.path / "ablation.vtu"

    def create(self) -> None:
        """Make the folder.

        Raises
        ------
        InputError
            If there is one already, or it cannot be made.
        """
        try:
            self.path.mkdir(parents=True)
        except FileExistsError:
            raise InputError(
                "there is such a folder already; name another with --out, or continue it with --resume"
                if self.path.is_dir()
                else "there is a file of that name; name another folder with --out",
                str(self.path),
            ) from None
        except OSError as error:
            raise InputError(f"the folder cannot be made: {error.strerror}", str(self.path)) from error

    def write_summary(self, summary: dict[str, Any]) -> None:
        """Write `summary.json`."""
        write_text(self.summary, json.dumps(summary, indent=2, allow_nan=False) + "\n")

    def write_history(self, columns: Sequence[str], rows: Sequence[Sequence[float]]) -> None:
        """Write `history.csv`; numbers read back to the same bits, what limits the rate in words."""
        _write_table(self.history, columns, rows)

    def write_ablation(self, columns: Sequence[str], rows: Sequence[Sequence[float]]) -> None:
        """Write `ablation.csv`."""
        _write_table(self.ablation, columns, rows)


def _write_table(path: Path, columns: Sequence[str], rows: Sequence[Sequence[float]]) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    in_words = [name == LIMITED_BY for name in columns]
    for row in rows:
        pairs = zip(in_words, row, strict=True)
        writer.writerow([LIMITS[int(value)] if word else repr(float(value)) for word, value in pairs])
    write_text(path, text.getvalue())


def free_folder(name: str, parent: Path) -> Path:
    """`parent/name`, or the first of `name-2`, `name-3`, ... that is not taken."""
    path, number = parent / name, 1
    while path.exists():
        number += 1
        path = parent / f"{name}-{number}"
    return path
