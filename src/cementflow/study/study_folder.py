"""The folder of a study, read: its statement and its table, whoever wrote them."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cementflow.errors import InputError
from cementflow.study.table import Table, read_table

STATEMENT, TABLE = "sweep.toml", "table.csv"


@dataclass(frozen=True, eq=False)
class StudyFolder:
    """What the pictures and indices of a study are made from.

    Parameters
    ----------
    path
        The folder.
    text, stated
        Its `sweep.toml`, as it is and read.
    table
        Its table.
    """

    path: Path
    text: str
    stated: dict[str, Any]
    table: Table

    @property
    def title(self) -> str:
        """Title of the study, or else the name of its folder."""
        return str(self.stated.get("title") or self.path.absolute().name)

    @property
    def design(self) -> str:
        """How its points were made."""
        return str(self.stated.get("design", "grid"))

    def picture(self, kind: str) -> Path:
        """Where a picture of a kind goes if no other file is named."""
        return self.path / "figures" / f"{kind}.png"


def is_study(path: str | Path) -> bool:
    """Whether a folder is that of a study."""
    return (Path(path) / STATEMENT).is_file()


def open_folder(path: str | Path) -> StudyFolder:
    """Open the folder of a study.

    Raises
    ------
    InputError
        If it is none, or has no table yet.
    """
    path = Path(path)
    if not is_study(path):
        raise InputError(f"this is not the folder of a study: it has no {STATEMENT}", str(path))
    try:
        text = (path / STATEMENT).read_text(encoding="utf-8")
        stated = tomllib.loads(text)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"cannot be read: {error}", str(path / STATEMENT)) from error
    return StudyFolder(path, text, stated, read_table(path / TABLE))
