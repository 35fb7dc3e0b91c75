"""What a user states of a series: levels, what-ifs, and what was reported of the patient."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cementflow.case import Case, load, parse_toml, preset
from cementflow.case.inline import inline, inline_key, shown
from cementflow.errors import CaseError
from cementflow.presets.store import list_presets, load_preset
from cementflow.series.table import Table

# What a row of the comparison may show instead of the cement in some places.
MEASURES = {
    "injected": "cement injected",
    "embolus": "cement carried off through the veins",
    "moved": "cement that came to lie elsewhere after the injection",
}
WHAT_IF = "what-if"  # the folder of them, which no level may have as its name
_FOLDER = re.compile(r"\w[\w .-]{0,59}")


@dataclass(frozen=True)
class Level:
    """One level: its name, the preset or file of its case, what is set in that, and what it comes to."""

    name: str
    base: str
    changes: dict[str, Any]
    case: Case


@dataclass(frozen=True)
class WhatIf:
    """Something done otherwise at every level: its name, what is set, and the case of each level."""

    name: str
    changes: dict[str, Any]
    cases: tuple[Case, ...]


@dataclass(frozen=True)
class Reported:
    """A finding of the case report and where the run looks for the same.

    Parameters
    ----------
    what, said
        The finding, and what the report says of it.
    places
        Veins, outlets, defects and parts of the cortex whose cement it is.
    measure
        Key of `MEASURES`, instead of places.
    """

    what: str
    said: str
    places: tuple[str, ...] = ()
    measure: str | None = None


@dataclass(frozen=True)
class Series:
    """Several levels, what might have been done otherwise, and what was reported.

    Parameters
    ----------
    title, note
        What it is, and what a reader of its numbers has to know.
    levels, what_ifs, reported
        As stated.
    changes
        What is set at every level, after what the level itself sets.
    source, folder
        What to name in messages, and where relative paths start.
    """

    title: str
    levels: tuple[Level, ...]
    what_ifs: tuple[WhatIf, ...]
    reported: tuple[Reported, ...]
    changes: dict[str, Any]
    source: str
    folder: Path
    note: str = ""

    def replace(self, changes: Mapping[str, object]) -> Series:
        """The series with values set at every level; what-ifs start from those.

        Raises
        ------
        CaseError
            With every problem found.
        """
        absent = {key: "none" if value is None else value for key, value in changes.items()}
        table = {**_stated(self), "set": {**self.changes, **absent}}
        return _read(table, self.source, self.folder)

    def to_toml(self) -> str:
        """The file that it could have been read from; case files are named from the root."""
        lines = []
        for key, value in _stated(self).items():
            if isinstance(value, list):
                for item in value:
                    lines += ["", f"[[{key}]]", *(f"{k} = {inline(v)}" for k, v in item.items())]
            else:
                lines.append(f"{inline_key(key)} = {inline(value)}")
        return "\n".join(lines) + "\n"


def load_series(path: str | Path) -> Series:
    """Series from a TOML file.

    Raises
    ------
    CaseError
        With every problem found, each with its key.
    """
    path = Path(path)
    return _read(parse_toml(path), str(path), path.absolute().parent)


def series_preset(name: str) -> Series:
    """One of the series that come with the package (`list_presets("series")`).

    Raises
    ------
    CaseError
        For an unknown name, with a close match.
    """
    return _read(load_preset("series", name), f'preset "{name}"', Path.cwd())


def _read(stated: Mapping[str, Any], source: str, folder: Path) -> Series:
    problems: list[str] = []
    top = Table(stated, "", problems)
    top.know("title", "note", "case", "set", "level", "what_if", "reported")
    title, base, changes = top.text("title", ""), top.text("case", ""), top.changes("set")
    levels = tuple(
        level for item in top.tables("level") if (level := _level(item, base, changes, folder)) is not None
    )
    if not levels and not problems:
        problems.append("level must be stated, at least one")
    _refuse_twins("level", [x.name for x in levels], problems)
    what_ifs = tuple(_what_if(item, levels) for item in top.tables("what_if"))
    _refuse_twins("what_if", [x.name for x in what_ifs], problems)
    places = {place for level in levels for place in places_of(level.case)}
    reported = tuple(_reported(item, sorted(places)) for item in top.tables("reported"))
    if problems:
        raise CaseError(list(dict.fromkeys(problems)), source)
    return Series(title, levels, what_ifs, reported, changes, source, folder, top.text("note", ""))


def _level(table: Table, base: str, general: dict[str, Any], folder: Path) -> Level | None:
    table.know("name", "case", "set")
    name, own, changes = _name(table), table.text("case", base), table.changes("set")
    if name.casefold() == WHAT_IF:
        table.problem("name", f"cannot be {shown(name)}, which is the folder of the what-ifs")
    if not own:
        table.problem("case", "must be stated: a preset or a file, here or at the top")
        return None
    case = _base(table, own, folder)
    for step in (changes, general):
        case = _changed(table, case, step)
    if case is None:
        return None
    file = own if own in list_presets("cases") else str((folder / own).absolute())
    return Level(name, file, changes, dataclasses.replace(case, title=f"{name}: {case.title}"))


def _base(table: Table, name: str, folder: Path) -> Case | None:
    """A preset by its name, else a file."""
    try:
        if name.endswith(".toml"):
            return load(folder / name)
        return preset(name)
    except CaseError as error:
        table.refuse("case", error)
        return None


def _changed(table: Table, case: Case | None, changes: dict[str, Any]) -> Case | None:
    """The case with values set; None where there is none, or they are refused."""
    if case is None or not changes:
        return case
    try:
        return case.replace(changes)
    except CaseError as error:
        table.refuse("set", error)
        return None


def _what_if(table: Table, levels: tuple[Level, ...]) -> WhatIf:
    table.know("name", "set")
    name, changes = _name(table), table.changes("set")
    if not changes:
        table.problem("set", "must state what is done otherwise")
    # Files are for looking at a level; a what-if is there for its numbers.
    lean = {"output.figures": False, "output.fields": False}
    cases = [_changed(table, level.case, {**lean, **changes}) for level in levels]
    return WhatIf(
        name,
        changes,
        tuple(
            dataclasses.replace(c, title=f"{level.name}, {name}")
            for c, level in zip(cases, levels, strict=True)
            if c is not None
        ),
    )


def _reported(table: Table, places: list[str]) -> Reported:
    table.know("what", "said", "places", "measure")
    found = Reported(
        table.text("what"),
        table.text("said"),
        table.names("places", places),
        table.choice("measure", tuple(MEASURES)),
    )
    if bool(found.places) == bool(found.measure):
        table.problem("places", "or a measure must be stated, one of the two")
    return found


def places_of(case: Case) -> list[str]:
    """Names of everything of a case that cement may leave by or be carried in."""
    behind = [c.name for c in case.compartment] or ["canal", "disc", "paravertebral"]
    return [
        *(v.name for v in (case.veins.vein if case.veins is not None else ())),
        *(o.name for o in case.outlet),
        *(d.name for d in case.defect),
        "cortex",
        *(f"cortex to {name}" for name in behind),
    ]


def _name(table: Table) -> str:
    name = table.text("name")
    if name and not _FOLDER.fullmatch(name):
        table.problem(
            "name", f"= {shown(name)} must do as the name of a folder: letters, digits, blanks, . _ -"
        )
    return name


def _refuse_twins(key: str, names: list[str], problems: list[str]) -> None:
    folded = [n.casefold() for n in names]
    problems += [
        f"{key} {shown(n)} is there twice" for i, n in enumerate(names) if n.casefold() in folded[:i]
    ]


def _stated(series: Series) -> dict[str, Any]:
    """Table of the file that the series could have been read from."""
    return {
        "title": series.title,
        **({"note": series.note} if series.note else {}),
        "set": series.changes,
        "level": [{"name": x.name, "case": x.base, "set": x.changes} for x in series.levels],
        "what_if": [{"name": x.name, "set": x.changes} for x in series.what_ifs],
        "reported": [
            {"what": r.what, "said": r.said}
            | ({"measure": r.measure} if r.measure else {"places": list(r.places)})
            for r in series.reported
        ],
    }
