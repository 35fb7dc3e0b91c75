"""Reading the tables of a series file: each value is checked, and every problem is noted with its key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cementflow.case.inline import shown
from cementflow.errors import CaseError
from cementflow.units import close_match


@dataclass(frozen=True)
class Table:
    """A table that was stated.

    Parameters
    ----------
    values
        What is in it.
    key
        Where it is, such as "level.0"; empty for the whole file.
    problems
        Where problems are noted.
    """

    values: Mapping[str, Any]
    key: str
    problems: list[str]

    def know(self, *names: str) -> None:
        """Refuse keys other than these."""
        unknown = [name for name in self.values if name not in names]
        self.problems.extend(f"{self._path(name)} is unknown{close_match(name, names)}" for name in unknown)

    def problem(self, name: str, why: str) -> None:
        """Note a problem with a value."""
        self.problems.append(f"{self._path(name)} {why}")

    def refuse(self, name: str, error: CaseError) -> None:
        """Note the problems that a case had with a value."""
        source = f"{error.source}: " if error.source and name == "case" else ""
        self.problems.extend(f"{self._path(name)}: {source}{problem}" for problem in error.problems)

    def text(self, name: str, default: str | None = None) -> str:
        """A text; required where there is no default."""
        value = self.values.get(name, default)
        if isinstance(value, str) and (value.strip() or value == default):
            return value
        self.problem(name, "must be stated" if value is None else f"= {shown(value)} must be a text")
        return ""

    def choice(self, name: str, options: tuple[str, ...]) -> str | None:
        """One of some names, or None."""
        value = self.values.get(name)
        if value is None or value in options:
            return value
        hint = close_match(value, options) if isinstance(value, str) else ""
        self.problem(name, f"= {shown(value)} must be one of {', '.join(options)}{hint}")
        return None

    def names(self, name: str, known: list[str]) -> tuple[str, ...]:
        """A list of known names; empty if absent."""
        value = self.values.get(name, [])
        if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
            self.problem(name, f"= {shown(value)} must be a list of names")
            return ()
        for v in value:
            if known and v not in known:
                self.problem(name, f"has {shown(v)}, which no level has{close_match(v, known)}")
        return tuple(value)

    def changes(self, name: str) -> dict[str, Any]:
        """Values by dotted key; empty if absent."""
        value = self.values.get(name, {})
        if not isinstance(value, Mapping):
            self.problem(name, f"= {shown(value)} must be a table of values by dotted key")
            return {}
        return dict(value)

    def tables(self, name: str) -> Iterator[Table]:
        """The tables of a list."""
        value = self.values.get(name, [])
        if not isinstance(value, list) or not all(isinstance(v, Mapping) for v in value):
            self.problem(name, f"must be a list of tables, [[{name}]]")
            return
        for i, item in enumerate(value):
            yield Table(item, self._path(f"{name}.{i}"), self.problems)

    def _path(self, name: str) -> str:
        return f"{self.key}.{name}" if self.key else name
