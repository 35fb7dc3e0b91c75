"""Changing values of a case by dotted key, as parameter sweeps and `--set key=value` do."""

from __future__ import annotations

import datetime
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from cementflow.case.fields import entries
from cementflow.case.inline import shown
from cementflow.case.kinds import Kind, Reading
from cementflow.case.read import read_case
from cementflow.case.schema import Case
from cementflow.case.sections import Table, Tables, rules_of
from cementflow.case.write import to_table
from cementflow.errors import CaseError
from cementflow.presets.store import list_presets, load_preset
from cementflow.units import close_match


def replace(case: Case, changes: Mapping[str, object]) -> Case:
    """See `Case.replace`."""
    table = to_table(case)
    edit = _Edit({str(k): _plain(v) for k, v in changes.items()})
    for key in edit.in_order():
        edit.apply(table, key)
    try:
        changed = read_case(table, case.source, case.folder)
    except CaseError as error:
        raise CaseError(edit.problems + error.problems, case.source) from None
    if edit.problems:
        raise CaseError(edit.problems, case.source)
    return changed


def misplaced(case: Case, changes: Mapping[str, object]) -> list[str]:
    """What is wrong with the keys of changes, whatever their values are."""
    table = to_table(case)
    edit = _Edit({str(k): _plain(v) for k, v in changes.items()})
    for key in edit.in_order():
        edit.apply(table, key)
    return edit.problems


def parse_settings(texts: Iterable[str]) -> dict[str, object]:
    """Changes from texts such as "injection.volume=3 mL".

    Raises
    ------
    CaseError
        For texts without key or "=", and for keys given twice.
    """
    changes: dict[str, object] = {}
    problems = []
    for text in texts:
        try:
            key, value = parse_setting(text)
        except CaseError as error:
            problems += error.problems
            continue
        if key in changes:
            problems.append(f"{key} is set twice")
        changes[key] = value
    if problems:
        raise CaseError(problems)
    return changes


def parse_setting(text: str) -> tuple[str, object]:
    """Key and value of "key=value"; the value is a TOML literal if it reads as one, else a text.

    Raises
    ------
    CaseError
        For a text without key or "=".
    """
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise CaseError(f'"{text}" is not of the form key=value, such as injection.volume="3 mL"')
    return key.strip(), _literal(value.strip())


def _literal(text: str) -> object:
    try:
        table = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError):
        return text
    value = table["value"]
    dated = isinstance(value, (datetime.date, datetime.time))
    return text if dated or len(table) > 1 else value


class _Edit:
    """A set of changes on its way into the table of a case."""

    def __init__(self, changes: dict[str, object]) -> None:
        self.changes = changes
        self.problems: list[str] = []

    def in_order(self) -> list[str]:
        """Whole sections before what is in them, presets before what they would fill in."""
        return sorted(self.changes, key=lambda k: (k.count("."), not k.endswith("preset"), k))

    def apply(self, table: dict[str, Any], key: str) -> None:
        """Put one value in."""
        self._section(table, Case, key.split("."), "", key)

    def _section(self, table: Any, section: type, parts: list[str], path: str, key: str) -> None:
        name, rest = parts[0], parts[1:]
        known = entries(section)
        if not isinstance(table, dict):
            self.problems.append(
                f"{key} does not exist: {path.removesuffix('.')} = {shown(table)} is no table"
            )
            return
        if name not in known:
            self.problems.append(f"{path}{name} is unknown{close_match(name, tuple(known))}")
            return
        if rest or self.changes[key] is not None:
            self._displace(table, section, name, path)
        kind = known[name].kind
        if not rest:
            self._assign(table, section, name, self.changes[key])
        elif isinstance(kind, Table):
            self._section(table.setdefault(name, {}), kind.section, rest, f"{path}{name}.", key)
        elif isinstance(kind, Tables):
            items = table.get(name)
            self._item(items if isinstance(items, list) else [], kind.section, rest, f"{path}{name}.", key)
        else:
            self._component(table.setdefault(name, {}), rest, key)

    def _displace(self, table: dict[str, Any], section: type, name: str, path: str) -> None:
        """Take out alternatives of `name`, and what a preset states, unless they are set here too."""
        alternatives = rules_of(section).displaces
        going = [*alternatives.get(name, ())]
        if name == "preset":
            stated = _preset_names(table, section, self.changes.get(f"{path}preset"))
            going += stated + [other for by_preset in stated for other in alternatives.get(by_preset, ())]
        for other in going:
            self._take_out(table, section, other.split("."), path)

    def _take_out(self, table: dict[str, Any], section: type, names: list[str], path: str) -> None:
        """Take out an entry, or of a section that is changed too what stays unchanged in it."""
        kind, inner, key = entries(section)[names[0]].kind, table.get(names[0]), path + names[0]
        if isinstance(kind, Table) and isinstance(inner, dict) and len(names) > 1:
            self._take_out(inner, kind.section, names[1:], f"{key}.")
        elif not any(k == key or k.startswith(f"{key}.") for k in self.changes):
            table.pop(names[0], None)
        elif isinstance(kind, Table) and isinstance(inner, dict) and key not in self.changes:
            for part in list(inner):
                self._take_out(inner, kind.section, [part], f"{key}.")

    def _assign(self, table: dict[str, Any], section: type, name: str, value: object) -> None:
        if value is not None:
            table[name] = value
            return
        table.pop(name, None)
        if table.get("preset") and rules_of(section).presets and name != "preset":
            # Without this the preset would fill the value in again.
            table[name] = [] if isinstance(entries(section)[name].kind, Tables) else "none"

    def _item(self, items: list[Any], section: type, rest: list[str], path: str, key: str) -> None:
        names = [str(item.get("name", "")) if isinstance(item, dict) else "" for item in items]
        # A name may have dots in it, so the longest fit counts.
        for length in range(len(rest) - 1, 0, -1):
            label = ".".join(rest[:length])
            index = names.index(label) if label in names else _number(label)
            if index is not None and index < len(items):
                self._section(items[index], section, rest[length:], f"{path}{label}.", key)
                return
        label = rest[0]
        there = f"there are {len(items)}: {', '.join(names)}" if items else "there is none"
        self.problems.append(f"{path}{label} does not exist{close_match(label, names)}; {there}")

    def _component(self, container: Any, rest: list[str], key: str) -> None:
        """One component of a position, a tensor or a list."""
        label, index = rest[0], _number(rest[0])
        if len(rest) == 1 and isinstance(container, dict):
            container[label] = self.changes[key]
        elif len(rest) == 1 and isinstance(container, list) and index is not None and index < len(container):
            container[index] = self.changes[key]
        else:
            whole = key.removesuffix("." + ".".join(rest))
            self.problems.append(f"{key} does not exist: {whole} has no such part")


def _number(label: str) -> int | None:
    """Index that a part of a key stands for; None if it is none."""
    return int(label) if label.isdecimal() and len(label) < 10 else None


def _preset_names(table: dict[str, Any], section: type, new: object) -> list[str]:
    """What the new preset states, and what still holds from the old one."""
    folder, old = rules_of(section).presets, table.get("preset")
    if not folder:
        return []
    known = list_presets(folder)
    stated = list(load_preset(folder, new)) if new in known else []
    before = load_preset(folder, old) if old in known else {}
    return stated + [n for n, value in before.items() if _same(entries(section)[n].kind, value, table.get(n))]


def _same(kind: Kind, one: object, other: object) -> bool:
    """Whether two TOML values mean the same."""
    reading = Reading(Path())
    return other is not None and kind.read(one, "", reading) == kind.read(other, "", reading)


def _plain(value: object) -> object:
    """Value as TOML would give it; sweeps hand over NumPy scalars, tuples and paths."""
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    if isinstance(value, Path):
        return str(value)
    item = getattr(value, "item", None)
    return item() if callable(item) and getattr(value, "shape", None) == () else value
