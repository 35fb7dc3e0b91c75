"""The preset files: where they are, how they are read, and that every number in them has a standing.

A number, quantity or list in a preset file is written with where it comes from, as one of

    n = {value = 0.5, source = "Author 2020, what it says"}
    n = {value = 0.5, derived = "from what, and how"}
    n = {value = 0.5, assumed = "why this value"}

Anything else is refused, so that a value without standing cannot enter the product. Names, lists of names and choices
(`law = "carreau"`) stand alone. A preset that differs from another one of its kind in a few values names it as
`about.like` and states only those.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from cementflow.errors import CaseError
from cementflow.units import close_match

KINDS = ("cements", "bones", "marrows", "regions", "compartments", "veins", "cases", "series", "studies")
STANDINGS = ("source", "derived", "assumed")
_LIKE_A_NUMBER = re.compile(r"\s*[+-]?\.?\d")


@dataclass(frozen=True)
class Standing:
    """Where a value comes from.

    Parameters
    ----------
    kind
        "source" (a publication says so), "derived" (follows from one) or "assumed".
    text
        The publication, the derivation, or why the value was assumed.
    """

    kind: str
    text: str

    def __str__(self) -> str:
        return self.text if self.kind == "source" else f"{self.kind}: {self.text}"


@dataclass(frozen=True)
class Preset:
    """One preset file.

    Parameters
    ----------
    title, note
        What it stands for, and what a user should know before relying on it.
    values
        The values as a case file would state them.
    standing
        Standing of each value by its dotted key.
    like
        Name of the preset that states what this one does not; empty if there is none.
    """

    title: str
    note: str
    values: dict[str, Any]
    standing: dict[str, Standing]
    like: str = ""


def list_presets(kind: str | None = None) -> list[str]:
    """Names of the presets of one kind, or "kind/name" of all of them."""
    if kind is None:
        return [f"{k}/{name}" for k in KINDS for name in list_presets(k)]
    folder = files("cementflow.presets") / kind
    return sorted(f.name.removesuffix(".toml") for f in folder.iterdir() if f.name.endswith(".toml"))


def load_preset(kind: str, name: object) -> dict[str, Any]:
    """Values of a preset as a case file would state them (a fresh copy).

    Raises
    ------
    CaseError
        For an unknown name, with a close match.
    """
    return _copy(read_preset(kind, name).values)


def read_preset(kind: str, name: object) -> Preset:
    """A preset with titles and standings.

    Raises
    ------
    CaseError
        For an unknown name, with a close match.
    """
    known = list_presets(kind)
    if not isinstance(name, str) or name not in known:
        hint = close_match(name, known) if isinstance(name, str) else ""
        others = [k for k in KINDS if k != kind and name in list_presets(k)]
        hint = f" (there is one among the {others[0]})" if others else hint
        raise CaseError(f'there is no preset "{name}" among the {kind}{hint}; there are: {", ".join(known)}')
    return _read(kind, name)


def parse_preset(text: str, source: str) -> Preset:
    """Preset from TOML text.

    Raises
    ------
    CaseError
        If a value has no standing; all such values at once.
    """
    table = tomllib.loads(text)
    about = table.pop("about", {})
    problems = [f"about.{key} is missing" for key in ("title", "note") if not about.get(key)]
    standing: dict[str, Standing] = {}
    values = _unwrap(table, "", standing, problems)
    if problems:
        raise CaseError(problems, source)
    return Preset(about["title"], about["note"], values, standing, about.get("like", ""))


@cache
def _read(kind: str, name: str) -> Preset:
    text = (files("cementflow.presets") / kind / f"{name}.toml").read_text(encoding="utf-8")
    found = parse_preset(text, f"{kind}/{name}.toml")
    if not found.like:
        return found
    base = read_preset(kind, found.like)
    kept = {key: s for key, s in base.standing.items() if not _restated(found.values, key)}
    values, standing = _merged(base.values, found.values), kept | found.standing
    return Preset(found.title, found.note, values, standing, found.like)


def _merged(base: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """Values of both, tables by entry; the second one wins."""
    both = _copy(base) | _copy(own)
    for key in base.keys() & own.keys():
        if isinstance(base[key], dict) and isinstance(own[key], dict):
            both[key] = _merged(base[key], own[key])
    return both


def _restated(values: Any, key: str) -> bool:
    """Whether a dotted key of the base falls within what the preset states itself; lists are stated as a whole."""
    for part in key.split("."):
        if not isinstance(values, dict):
            return True
        if part not in values:
            return False
        values = values[part]
    return True


def _unwrap(value: Any, key: str, standing: dict[str, Standing], problems: list[str]) -> Any:
    """Bare value of a wrapped one, noting its standing or that it has none."""
    if isinstance(value, Mapping) and "value" in value:
        given = [k for k in value if k != "value"]
        if len(given) != 1 or given[0] not in STANDINGS or not str(value[given[0]]).strip():
            problems.append(f"{key} must have a value and exactly one of {', '.join(STANDINGS)}")
        else:
            standing[key] = Standing(given[0], str(value[given[0]]))
        return value["value"]
    if isinstance(value, Mapping):
        return {k: _unwrap(v, f"{key}.{k}" if key else k, standing, problems) for k, v in value.items()}
    if isinstance(value, list) and value and all(isinstance(v, Mapping) for v in value):
        return [_unwrap(v, f"{key}.{i}", standing, problems) for i, v in enumerate(value)]
    if isinstance(value, bool) or all(_is_word(v) for v in (value if isinstance(value, list) else [value])):
        return value
    problems.append(
        f"{key} = {value!r} has no standing; write {{value = ..., source | derived | assumed = ...}}"
    )
    return value


def _is_word(value: Any) -> bool:
    return isinstance(value, str) and not _LIKE_A_NUMBER.match(value)


def _copy(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _copy(v) for k, v in value.items()}
    return [_copy(v) for v in value] if isinstance(value, list) else value
