"""Presets as text for people: each value with its unit, its meaning, and where it comes from."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from cementflow.errors import CaseError
from cementflow.presets.store import KINDS, Preset, list_presets, read_preset
from cementflow.units import close_match

if TYPE_CHECKING:
    from cementflow.case.fields import Entry

_WIDTH = 110
_MEANING = 46


def overview() -> str:
    """All presets, one line each, under their kinds."""
    lines = []
    for kind in KINDS:
        lines.append(f"{kind}:")
        lines += [f"  {name:<18} {read_preset(kind, name).title}" for name in list_presets(kind)]
    return "\n".join(lines) + "\n"


def describe(name: str) -> str:
    """Everything about the presets of this name.

    Parameters
    ----------
    name
        Such as "medium", or with its kind as "cements/medium".

    Raises
    ------
    CaseError
        For an unknown name, with a close match.
    """
    kinds = [
        k
        for k in KINDS
        if f"{k}/{name}" in list_presets() or (name.startswith(f"{k}/") and name in list_presets())
    ]
    if not kinds:
        known = sorted({n for kind in KINDS for n in list_presets(kind)})
        raise CaseError(
            f'there is no preset "{name}"{close_match(name, known)}; there are: {", ".join(known)}'
        )
    bare = name.rpartition("/")[2]
    return "\n".join(_page(kind, bare, read_preset(kind, bare)) for kind in kinds)


def _page(kind: str, name: str, preset: Preset) -> str:
    lines = [f"{kind}/{name}: {preset.title}", *textwrap.wrap(preset.note, _WIDTH), ""]
    for key, value in _leaves(preset.values, "", preset):
        found = entry_of(kind, key)
        lines += _wrapped(f"{key} = {_text(value)}", found.meaning if found else "")
        if key in preset.standing:
            lines += textwrap.wrap(
                str(preset.standing[key]), _WIDTH, initial_indent="    ", subsequent_indent="    "
            )
    return "\n".join(lines) + "\n"


def _wrapped(statement: str, meaning: str) -> list[str]:
    """Statement and meaning in two columns; a long statement has its own line."""
    if not meaning:
        return [statement]
    column = textwrap.wrap(meaning, _WIDTH - _MEANING)
    first = [] if len(statement) < _MEANING - 1 else [statement]
    lines = [f"{'' if first or i else statement:<{_MEANING}}{text}".rstrip() for i, text in enumerate(column)]
    return first + lines


def _leaves(value: Any, key: str, preset: Preset) -> Iterator[tuple[str, Any]]:
    """Dotted key and value of everything that has a standing or stands alone."""
    words = isinstance(value, list) and not any(isinstance(item, Mapping) for item in value)
    if key in preset.standing or words or not isinstance(value, (Mapping, list)):
        yield key, value
        return
    items = value.items() if isinstance(value, Mapping) else enumerate(value)
    for name, item in items:
        yield from _leaves(item, f"{key}.{name}" if key else str(name), preset)


def entry_of(kind: str, key: str) -> Entry | None:
    """Metadata of a dotted key in a preset of some kind; None if there is no such key."""
    if kind == "series":
        _, _, setting = key.partition(".set.")
        return entry_of("cases", setting) if setting else None
    if kind == "studies":
        return _entry_of_study(key)
    # The schema lists the presets as choices and so is read after this package.
    from cementflow.case.fields import entries
    from cementflow.case.schema import (
        BoneSpec,
        Case,
        CementSpec,
        CompartmentSpec,
        MarrowSpec,
        RegionSpec,
        VeinsSpec,
    )
    from cementflow.case.sections import Table, Tables

    section: type = {
        "bones": BoneSpec,
        "cements": CementSpec,
        "marrows": MarrowSpec,
        "veins": VeinsSpec,
        "regions": RegionSpec,
        "compartments": CompartmentSpec,
        "cases": Case,
    }[kind]
    found, in_list = None, False
    for name in key.split("."):
        if in_list:  # the name or the number of one of several tables
            in_list = False
            continue
        found = entries(section).get(name)
        if found is None:
            return None
        in_list = isinstance(found.kind, Tables)
        if isinstance(found.kind, (Table, Tables)):
            section = found.kind.section
    return found


def _entry_of_study(key: str) -> Entry | None:
    """Metadata of what a study states: of the entry that is varied or set, or of a number of the study itself."""
    from cementflow.case.compound_kinds import Whole
    from cementflow.case.fields import Entry

    for part in ("factors.", "uncertain.", "follow.", "set."):
        if key.startswith(part):
            inner = key.removeprefix(part)
            # A component of a position, such as tip.ap, is told as the position.
            return entry_of("cases", inner) or entry_of("cases", inner.rpartition(".")[0])
    _, _, setting = key.partition(".set.")
    if setting:
        return entry_of("cases", setting)
    own = {
        "points": "points of the design",
        "seed": "of everything that is drawn",
        "draws": "draws of what is uncertain, the same at each point",
    }
    return Entry(Whole(0, 10**5), own[key]) if key in own else None


def _text(value: Any) -> str:
    from cementflow.case.inline import inline

    return inline(value)
