"""From a study file, a preset or Python objects to a `Study`, with every problem found in one pass."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from cementflow.case import Case, load, parse_toml, preset, read_case
from cementflow.case.edit import misplaced
from cementflow.case.fields import entries
from cementflow.case.inline import inline_key, shown
from cementflow.errors import CaseError
from cementflow.presets.store import list_presets, load_preset
from cementflow.study.conditions import Condition, read_conditions
from cementflow.study.designs import DRAWN, MOST_RUNS, ORDERED, STATED, Design
from cementflow.study.factors import Factor
from cementflow.study.read_factors import read_factors
from cementflow.study.study import Study
from cementflow.units import close_match

__all__ = ["Study", "load_study", "make_study", "read_study", "study_preset"]

KEYS = (
    "title", "base", "preset", "design", "points", "seed", "draws", "set", "factors", "uncertain", "follow",
    "skip", "then", "plan", "cohort",
)  # fmt: skip


def load_study(path: str | Path) -> Study:
    """Study from a TOML file.

    Raises
    ------
    CaseError
        With every problem found, each with its key.
    """
    path = Path(path)
    return read_study(parse_toml(path), str(path), path.absolute().parent)


def study_preset(name: str) -> Study:
    """One of the studies that come with the package (`list_presets("studies")`).

    Raises
    ------
    CaseError
        For an unknown name, with a close match.
    """
    return read_study(load_preset("studies", name), f'preset "{name}"', Path.cwd())


def make_study(
    case: Case,
    factors: Mapping[str, object],
    design: str = "grid",
    points: int | None = None,
    seed: int | None = None,
    uncertain: Mapping[str, object] | None = None,
    draws: int | None = None,
    skip: Iterable[Mapping[str, object]] = (),
    then: Iterable[Mapping[str, object]] = (),
    title: str | None = None,
    follow: Mapping[str, str] | None = None,
) -> Study:
    """Study from a case and Python objects; each argument is what a study file says under its name.

    Raises
    ------
    CaseError
        With every problem found.
    """
    stated: dict[str, Any] = {"title": case.title if title is None else title, "factors": factors}
    given = {"points": points, "seed": seed, "uncertain": uncertain, "draws": draws, "follow": follow}
    stated |= {"design": design, "skip": list(skip), "then": list(then)}
    stated |= {name: value for name, value in given.items() if value is not None}
    return read_study(_plain(stated), "study", case.folder, case)


def read_study(stated: Mapping[str, Any], source: str, folder: Path, base: Case | None = None) -> Study:
    """Study from the table of a study file.

    Parameters
    ----------
    stated
        Keys and values as in the file.
    source
        What to name in messages.
    folder
        Where relative paths start.
    base
        The base case, instead of the one that the file names.

    Raises
    ------
    CaseError
        With every problem found.
    """
    sections = [key for key in stated if key in entries(Case) and key not in KEYS]
    if sections and not {"factors", "uncertain"} & stated.keys():
        raise CaseError(
            f"it reads as a case, with {', '.join(sections)}; a study names such a file as its base", source
        )
    reader = _Reader(stated, source, folder)
    study = reader.study(base)
    if study is None or reader.problems:
        raise CaseError(list(dict.fromkeys(reader.problems)), source)
    return study


class _Reader:
    """A study while it is being read."""

    def __init__(self, stated: Mapping[str, Any], source: str, folder: Path) -> None:
        self.stated, self.source, self.folder = stated, source, folder
        self.problems = [
            f"{inline_key(key)} is unknown{close_match(key, KEYS)}" for key in stated if key not in KEYS
        ]

    def study(self, base: Case | None) -> Study | None:
        """All of it, None where something was refused."""
        base = self._changed(base if base is not None else self._base())
        factors = self._factors("factors")
        uncertain = self._factors("uncertain")
        both = (*factors, *uncertain)
        if not both and not self.problems:
            self.problems.append("factors must be stated, at least one")
        self._refuse_twins(factors, uncertain)
        design = self._design(factors, uncertain)
        refused = self._keys() - {f.key for f in both}
        skip = read_conditions(self.stated.get("skip", []), "skip", both, refused, self.problems, sets=False)
        then = read_conditions(self.stated.get("then", []), "then", both, refused, self.problems, sets=True)
        follow = self._follow(both, refused)
        if skip and design.name in ORDERED:
            self.problems.append(f'skip cannot be with design = "{design.name}", which needs all its rows')
        if base is not None:
            self.problems += misplaced(base, dict.fromkeys(refused, ""))
            self.problems += _unknown_keys(base, both, then, follow)
        if base is None or self.problems:
            return None
        title = self._title() or base.title
        plan, cohort = self._raw("plan"), self._raw("cohort")
        return Study(title, self.source, base, design, factors, uncertain, skip, then, follow, plan, cohort)

    def _base(self) -> Case | None:
        stated, named = self.stated.get("base"), self.stated.get("preset")
        if (stated is None) == (named is None):
            self.problems.append("base (a case file) or preset must be stated, one of the two")
            return None
        try:
            if isinstance(stated, Mapping):
                return read_case(stated, f"{self.source}, base", self.folder)
            if isinstance(stated, str) and stated not in list_presets("cases"):
                return load(self.folder / stated)
            return preset(str(named if stated is None else stated))
        except CaseError as error:
            where = f"{error.source}: " if error.source else ""
            self.problems += [f"{'preset' if stated is None else 'base'}: {where}{p}" for p in error.problems]
            return None

    def _changed(self, base: Case | None) -> Case | None:
        """The base with what `[set]` says; paths in the study start where its file is."""
        changes = self.stated.get("set", {})
        if not isinstance(changes, Mapping):
            self.problems.append(f"set = {shown(changes)} is not a table of values by dotted key")
            return None
        if base is None:
            return None
        base = dataclasses.replace(base, folder=self.folder)
        try:
            return base.replace(changes) if changes else base
        except CaseError as error:
            self.problems += [f"set: {problem}" for problem in error.problems]
            return None

    def _factors(self, name: str) -> tuple[Factor, ...]:
        return read_factors(self.stated.get(name, {}), name, self.folder, self.problems)

    def _follow(self, factors: tuple[Factor, ...], refused: set[str]) -> dict[str, str]:
        """Keys that take the value of a factor; each may be stated in this way only."""
        stated, changes = self.stated.get("follow", {}), self.stated.get("set", {})
        if not isinstance(stated, Mapping):
            self.problems.append(f"follow = {shown(stated)} is not a table of factors by dotted key")
            return {}
        known = {f.key for f in factors} | refused
        for key, leader in stated.items():
            where = f"follow.{inline_key(key)}"
            if key in known or (isinstance(changes, Mapping) and key in changes):
                self.problems.append(f"{where}: {key} is stated elsewhere in the study too")
            if leader not in known:
                hint = close_match(leader, tuple(known)) if isinstance(leader, str) else ""
                self.problems.append(f"{where} = {shown(leader)} is no factor of the study{hint}")
        return {str(k): str(v) for k, v in stated.items()}

    def _keys(self) -> set[str]:
        """All that is varied, whether or not it could be read."""
        tables = (self.stated.get(name) for name in ("factors", "uncertain"))
        return {str(key) for table in tables if isinstance(table, Mapping) for key in table}

    def _refuse_twins(self, factors: tuple[Factor, ...], uncertain: tuple[Factor, ...]) -> None:
        drawn, changes = {f.key for f in uncertain}, self.stated.get("set", {})
        for f in factors:
            if f.key in drawn:
                self.problems.append(f"{f.key} cannot be among the factors and uncertain too")
        for f in (*factors, *uncertain):
            if isinstance(changes, Mapping) and f.key in changes:
                self.problems.append(f"{f.key} is varied by the study, so it cannot be set too")

    def _design(self, factors: tuple[Factor, ...], uncertain: tuple[Factor, ...]) -> Design:
        name, before = self.stated.get("design", "grid"), len(self.problems)
        if name not in (*STATED, *DRAWN):
            hint = close_match(name, (*STATED, *DRAWN)) if isinstance(name, str) else ""
            self.problems.append(f"design = {shown(name)} is none of {', '.join((*STATED, *DRAWN))}{hint}")
            return Design()
        if name in DRAWN and "points" not in self.stated and factors:
            self.problems.append(f'points must be stated with design = "{name}"')
        if name in STATED and "points" in self.stated:
            self.problems.append(
                f'points cannot be stated with design = "{name}", which follows from its factors'
            )
        if "draws" in self.stated and not uncertain and "uncertain" not in self.stated:
            self.problems.append("draws is for what is uncertain, and nothing is")
        design = Design(
            name,
            self._whole("points", 1, MOST_RUNS) if "points" in self.stated else None,
            self._whole("seed", 0, 2**31 - 1, Design.seed),
            self._whole("draws", 1, MOST_RUNS, Design.draws),
        )
        self._levels(design, factors)
        self._ends(design, factors)
        if len(self.problems) == before:
            runs = design.rows(factors) * (design.draws if uncertain else 1)
            if runs > MOST_RUNS:
                self.problems.append(f"the study has {runs} runs; at most {MOST_RUNS} are possible")
        return design

    def _levels(self, design: Design, factors: tuple[Factor, ...]) -> None:
        """A grid and a list need values of each factor; a list as many of each."""
        if design.name not in STATED:
            return
        without = [f.key for f in factors if not f.levels()]
        self.problems += [f'{key} needs a count with design = "{design.name}"' for key in without]
        if design.name == "list" and not without and len({len(f.levels()) for f in factors}) > 1:
            lengths = ", ".join(f"{f.key} {len(f.levels())}" for f in factors)
            self.problems.append(
                f'all factors need as many values with design = "list"; these have: {lengths}'
            )

    def _ends(self, design: Design, factors: tuple[Factor, ...]) -> None:
        if design.name == "morris":
            self.problems += [
                f"{f.key} needs low and high, as the levels of a morris design reach its ends"
                for f in factors
                if not f.bounded
            ]

    def _whole(self, name: str, low: int, high: int, default: int = 1) -> int:
        """A whole number; the default where there is none or it was refused."""
        value = self.stated.get(name, default)
        if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
            return value
        self.problems.append(f"{name} = {shown(value)} is no whole number from {low} to {high}")
        return default

    def _title(self) -> str:
        value = self.stated.get("title", "")
        if isinstance(value, str) and value.isprintable() and len(value) <= 200:
            return value
        self.problems.append(f"title = {shown(value)} must be a text on one line")
        return ""

    def _raw(self, name: str) -> Mapping[str, Any] | None:
        value = self.stated.get(name)
        if value is None or isinstance(value, Mapping):
            return value
        self.problems.append(f"{name} = {shown(value)} is not a table")
        return None


def _unknown_keys(
    base: Case, varied: tuple[Factor, ...], then: tuple[Condition, ...], follow: Mapping[str, str]
) -> list[str]:
    """Problems with keys that no value of their factors would mend."""
    tried = []
    for u in (0.0, 0.5, 1.0):
        changes = {f.key: f.at(u) for f in varied}
        changes |= {key: changes[leader] for key, leader in follow.items() if leader in changes}
        found = list(misplaced(base, changes))
        for condition in then:
            wanted = {r.key: r.stated for r in condition.relations if r.relation == "among"}
            wanted = {k: v[0] if isinstance(v, list) else v for k, v in wanted.items()}
            found += misplaced(base, changes | wanted | dict(condition.changes))
        tried.append(found)
    return [p for p in dict.fromkeys(tried[0]) if all(p in found for found in tried[1:])]


def _plain(value: Any) -> Any:
    """Value as TOML would give it; Python hands over arrays, tuples, paths, and None for what is taken out."""
    if value is None:
        return "none"
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple, range)):
        return [_plain(v) for v in value]
    if isinstance(value, Path):
        return str(value)
    listed = getattr(value, "tolist", None)
    return listed() if callable(listed) else value
