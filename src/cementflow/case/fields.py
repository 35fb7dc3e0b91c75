"""Field metadata: the one place where each entry of a case has its kind, range, meaning, default and source.

A section of a case is a frozen dataclass whose fields are made with `entry`. Reading, writing, the reference
manual and the preset tables all follow from that metadata.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cementflow.case.kinds import Kind, Reading

REQUIRED: Any = object()


@dataclass(frozen=True)
class Entry:
    """What is known about one field of a section.

    Parameters
    ----------
    kind
        How its value is read and written.
    meaning
        One line for the manual.
    source
        Where the default comes from, or "assumed"; empty where there is no default number.
    note
        How the default is said when it is not one fixed value.
    absent
        For a section: the table that stands in when it is not there; None if nothing does.
    optional
        May be absent; the text "none" says so on purpose, against a preset.
    """

    kind: Kind
    meaning: str
    source: str = ""
    note: str = ""
    absent: Mapping[str, object] | None = None
    optional: bool = False


def entry(
    kind: Kind,
    meaning: str,
    default: Any = REQUIRED,
    source: str = "",
    note: str = "",
    absent: Mapping[str, object] | None = None,
) -> Any:
    """Dataclass field that carries an `Entry`.

    Parameters
    ----------
    kind, meaning, source, note, absent
        See `Entry`.
    default
        As a user would write it; None for an optional entry; left out for a required one.
    """
    made = Entry(kind, meaning, source, note, absent, optional=default is None)
    metadata = {"entry": made}
    if default is REQUIRED:
        return dataclasses.field(metadata=metadata)
    return dataclasses.field(default=_default_value(kind, default), metadata=metadata)


def _default_value(kind: Kind, text: Any) -> Any:
    if text is None:
        return None
    reading = Reading(Path())
    value = kind.read(text, "default", reading)
    if reading.problems:
        raise ValueError(reading.problems[0])
    return value


def entries(section: type) -> dict[str, Entry]:
    """Entries of a section by name, in their order."""
    fields = dataclasses.fields(section)
    return {f.name: f.metadata["entry"] for f in fields if "entry" in f.metadata}


def default_of(section: type, name: str) -> Any:
    """Default in SI of one entry; REQUIRED if it has none."""
    found = next(f for f in dataclasses.fields(section) if f.name == name)
    return REQUIRED if found.default is dataclasses.MISSING else found.default
