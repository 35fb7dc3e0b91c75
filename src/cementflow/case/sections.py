"""Reading and writing whole sections: dataclasses whose fields carry an `Entry`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cementflow.case.fields import REQUIRED, Entry, default_of, entries
from cementflow.case.kinds import INVALID, Kind, Reading, as_table, unknown_keys
from cementflow.presets.store import list_presets, load_preset


@dataclass
class Section:
    """A section while it is being read: what was stated and what it comes to.

    Parameters
    ----------
    key
        Dotted key of the section, empty for the whole case.
    reading
        The pass that this belongs to.
    values
        SI value of each entry; None where absent, INVALID where refused.
    explicit
        Names that the user stated, other than as "none".
    stated
        Names stated by the user or by the preset.
    filled
        What the preset says, as a case file would state it.
    """

    key: str
    reading: Reading
    values: dict[str, Any]
    explicit: frozenset[str]
    stated: frozenset[str]
    filled: Mapping[str, Any] = field(default_factory=dict)

    def get(self, name: str) -> Any:
        """Value of an entry; None where it is absent or was refused."""
        value = self.values[name]
        return None if value is INVALID else value

    def lacks(self, name: str) -> bool:
        """Whether an entry is absent (a refused value is there)."""
        return self.values[name] is None

    def path(self, name: str) -> str:
        """Dotted key of an entry."""
        return f"{self.key}.{name}" if self.key else name

    def problem(self, name: str, why: str) -> None:
        """Note a problem with an entry."""
        self.reading.problems.append(f"{self.path(name)} {why}")


@dataclass(frozen=True)
class Rules:
    """What holds between the entries of one section.

    Parameters
    ----------
    resolve
        Notes contradictions and fills in what follows from other entries.
    presets
        Folder of presets that the entry `preset` names; empty if there are none.
    displaces
        Stating the key puts the listed entries out of force: alternatives, used when one value is replaced.
    """

    resolve: Callable[[Section], None] = lambda section: None
    presets: str = ""
    displaces: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def rules_of(section: type) -> Rules:
    """Rules of a section class."""
    return getattr(section, "RULES", Rules())


@dataclass(frozen=True)
class Table(Kind):
    """A nested section."""

    section: type

    def read(self, value: object, key: str, reading: Reading) -> Any:
        """Instance of the section."""
        table = as_table(value, key, reading, f"[{key}]")
        return INVALID if table is INVALID else read_section(self.section, table, key, reading)

    def write(self, value: Any) -> dict[str, Any]:
        """Table of the section."""
        return write_section(value)

    def describe(self) -> str:
        """A table."""
        return "table, see below"


@dataclass(frozen=True)
class Tables(Kind):
    """A list of nested sections."""

    section: type

    def read(self, value: object, key: str, reading: Reading) -> Any:
        """Tuple of instances."""
        if not isinstance(value, (list, tuple)):
            return reading.refuse(key, value, f"is not a list of tables; write [[{key}]]")
        items = [self._item(v, i, key, reading) for i, v in enumerate(value)]
        names = [getattr(item, "name", None) or _raw_name(v) for item, v in zip(items, value, strict=True)]
        twice = sorted({n for n in names if n and names.count(n) > 1})
        reading.problems.extend(f'{key} has {names.count(n)} entries with the name "{n}"' for n in twice)
        return INVALID if any(v is INVALID for v in items) else tuple(items)

    def _item(self, value: object, index: int, key: str, reading: Reading) -> Any:
        return Table(self.section).read(value, f"{key}.{_raw_name(value) or index}", reading)

    def write(self, value: tuple[Any, ...]) -> list[dict[str, Any]]:
        """List of tables."""
        return [write_section(v) for v in value]

    def describe(self) -> str:
        """A list of tables."""
        return "list of tables, see below"


def _raw_name(value: object) -> str:
    name = value.get("name") if isinstance(value, Mapping) else None
    return name if isinstance(name, str) and name.isprintable() and len(name) <= 80 else ""


def read_section(
    cls: type,
    table: Mapping[str, object],
    key: str,
    reading: Reading,
    filled: Mapping[str, Any] | None = None,
) -> Any:
    """Instance of `cls`, or INVALID after every problem was noted.

    Parameters
    ----------
    cls
        Class of the section.
    table
        What the user states.
    key
        Dotted key of the section.
    reading
        The pass that this belongs to.
    filled
        What the preset of an outer section says about this one.
    """
    known = entries(cls)
    unknown_keys(table, tuple(known), key, reading)
    preset, preset_usable = _preset_values(rules_of(cls).presets, table)
    preset = {**(filled or {}), **preset}
    both = {**preset, **table}
    paths = {n: f"{key}.{n}" if key else n for n in known}
    values = {
        n: _read_part(e.kind, table.get(n, {}), preset[n], paths[n], reading)
        if isinstance(e.kind, Table) and n in preset
        else _read_entry(cls, n, e, both, paths[n], reading)
        for n, e in known.items()
    }
    if not preset_usable:
        # Without its preset nothing can be said about what is missing.
        values = {n: INVALID if v is None else v for n, v in values.items()}
    explicit = frozenset(n for n in known if n in table and values[n] is not None)
    stated = frozenset(n for n in known if n in both and values[n] is not None)
    section = Section(key, reading, values, explicit, stated, preset)
    rules_of(cls).resolve(section)
    return INVALID if any(v is INVALID for v in values.values()) else cls(**values)


def _read_part(kind: Table, value: object, filled: Mapping[str, Any], key: str, reading: Reading) -> Any:
    """A nested section of which a preset says a part."""
    table = as_table(value, key, reading, f"[{key}]")
    return INVALID if table is INVALID else read_section(kind.section, table, key, reading, filled)


def _read_entry(
    cls: type, name: str, e: Entry, table: Mapping[str, object], key: str, reading: Reading
) -> Any:
    if name in table:
        if e.optional and table[name] == "none" and not e.kind.free_text:
            return None
        return e.kind.read(table[name], key, reading)
    if e.absent is not None:
        return e.kind.read(e.absent, key, reading)
    default = default_of(cls, name)
    if default is REQUIRED:
        reading.problems.append(f"{key} is missing: {e.meaning} ({e.kind.describe()})")
        return INVALID
    return default


def _preset_values(folder: str, table: Mapping[str, object]) -> tuple[dict[str, Any], bool]:
    """Values of the preset that the table names, and whether there is such a preset."""
    name = table.get("preset", "none")
    if not folder or name == "none":
        return {}, True
    known = isinstance(name, str) and name in list_presets(folder)
    return (load_preset(folder, name), True) if known else ({}, False)


def write_section(instance: Any) -> dict[str, Any]:
    """TOML table that reads back to an equal instance, with every value stated."""
    folder = rules_of(type(instance)).presets
    name = getattr(instance, "preset", None)
    filled = load_preset(folder, name) if folder and name else {}
    table: dict[str, Any] = {}
    for key, e in entries(type(instance)).items():
        value = getattr(instance, key)
        if value is None:
            # What the preset would fill in has to be refused by name.
            if key in filled:
                table[key] = "none"
        elif value != () or key in filled:
            table[key] = e.kind.write(value)
    return table
