"""From TOML to a `Case`, with every problem found in one pass."""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cementflow.case.kinds import Kind, Reading
from cementflow.case.schema import Case
from cementflow.case.sections import read_section
from cementflow.errors import CaseError
from cementflow.presets.store import load_preset
from cementflow.units import close_match

# A case is text of a few kilobytes; a mesh given by mistake should not be read to its end.
_LARGEST_FILE = 5_000_000


def load(path: str | Path) -> Case:
    """Case from a TOML file.

    Raises
    ------
    CaseError
        If the file cannot be read, is not TOML, or states something that cannot be used; names the file and
        each key, all problems at once.
    """
    path = Path(path)
    return read_case(parse_toml(path), str(path), path.absolute().parent)


def preset(name: str) -> Case:
    """One of the whole cases that come with the package (`list_presets("cases")`).

    Raises
    ------
    CaseError
        For an unknown name, with a close match.
    """
    return read_case(load_preset("cases", name), f'preset "{name}"', Path.cwd())


def read_case(table: Mapping[str, object], source: str, folder: str | Path) -> Case:
    """Case from the table of a TOML file.

    Parameters
    ----------
    table
        Keys and values as in a case file.
    source
        What to name in messages.
    folder
        Where relative paths start.

    Raises
    ------
    CaseError
        With every problem found.
    """
    reading = Reading(Path(folder).absolute())
    case = read_section(Case, table, "", reading)
    if reading.problems:
        raise CaseError(reading.problems, source)
    return dataclasses.replace(case, folder=reading.folder, source=source)


def read_option(option: str, text: str, kind: Kind) -> Any:
    """SI value of an option of the command line that is written as in a case file.

    Raises
    ------
    CaseError
        If it is no such value.
    """
    reading = Reading(Path())
    value = kind.read(text, option, reading)
    if reading.problems:
        raise CaseError(reading.problems)
    return value


def states_levels(path: str | Path) -> bool:
    """Whether a file states several levels, so is a series and no case; False where it cannot be read."""
    try:
        return "level" in parse_toml(Path(path))
    except CaseError:
        return False


def parse_toml(path: Path) -> dict[str, object]:
    """Table of a TOML file.

    Raises
    ------
    CaseError
        For a file that is missing, unreadable, not text or not TOML.
    """
    try:
        if path.is_file() and path.stat().st_size > _LARGEST_FILE:
            raise CaseError("is too large to be a TOML file", str(path))
        text = path.read_bytes().decode("utf-8-sig")
    except (FileNotFoundError, NotADirectoryError):
        raise CaseError(f"there is no such file{_neighbour(path)}", str(path)) from None
    except IsADirectoryError:
        raise CaseError("is a folder, not a file", str(path)) from None
    except UnicodeDecodeError as error:
        raise CaseError(f"is not a text file (byte {error.start} is not UTF-8)", str(path)) from None
    except (OSError, ValueError) as error:
        raise CaseError(f"cannot be read: {error}", str(path)) from None
    return _parse(text, str(path))


def _parse(text: str, source: str) -> dict[str, object]:
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise CaseError("is not TOML: nested too deeply", source) from None
    except ValueError as error:
        raise CaseError(f"is not TOML: {error}", source) from None


def _neighbour(path: Path) -> str:
    try:
        names = [p.name for p in path.parent.iterdir() if p.suffix == ".toml"]
    except OSError:
        return ""
    return close_match(path.name, names)
