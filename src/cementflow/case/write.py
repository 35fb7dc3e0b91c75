"""From a `Case` to TOML text, and to a digest of everything that can change its numbers."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from pathlib import Path
from typing import Any

from cementflow.case.fields import entries
from cementflow.case.inline import inline, inline_key
from cementflow.case.schema import Case
from cementflow.case.sections import Table, Tables, write_section
from cementflow.errors import CaseError
from cementflow.version import version

# Entries that cannot change a number in the results: words for people, names of what the other entries state
# in full, and where a file lies (its bytes are hashed instead). The times of fields stay in, as steps end
# there.
WITHOUT_EFFECT = frozenset(
    {
        "title",
        "geometry.mesh",
        "geometry.surface",
        "geometry.labels",
        "geometry.image",
        "bone.preset",
        "bone.region.labels",
        "marrow.preset",
        "cement.preset",
        "veins.preset",
        "cement.working_window",
        "injection.cannula.gauge",
        "injection.needle.gauge",
        "output.figures",
        "output.fields",
    }
)


def to_table(case: Case) -> dict[str, Any]:
    """Table of a case file that states every value and reads back to an equal case."""
    return write_section(case)


def to_toml(case: Case) -> str:
    """Text of a case file that states every value and reads back to an equal case.

    Presets are filled in, and the path of a mesh or surface is absolute, so the text means the same anywhere.
    """
    lines = ["# Fully resolved case: every value that the run used is stated.", *case_lines(case)]
    return "\n".join(lines) + "\n"


def case_lines(case: Case, key: str = "") -> list[str]:
    """Lines of that text, its tables below `key`."""
    lines: list[str] = []
    _section_lines(Case, to_table(case), key, lines)
    return lines


def _section_lines(section: type, table: dict[str, Any], key: str, lines: list[str]) -> None:
    nested = {n: e.kind for n, e in entries(section).items() if isinstance(e.kind, (Table, Tables))}
    for name, value in table.items():
        if name not in nested or value in ("none", []):
            lines.append(f"{inline_key(name)} = {inline(value)}")
    for name, kind in nested.items():
        path = f"{key}.{name}" if key else name
        value = table.get(name)
        if isinstance(value, dict):
            lines += ["", f"[{path}]"]
            _section_lines(kind.section, value, path, lines)
        elif isinstance(value, list):
            for item in value:
                lines += ["", f"[[{path}]]"]
                _section_lines(kind.section, item, path, lines)


def digest(case: Case) -> str:
    """SHA-256 over everything that can change the numbers of a run.

    That is every value of the case except those in `WITHOUT_EFFECT`, the bytes of the files of the geometry and of
    label images, and the version of the package. Two cases that state the same in different words have the same digest.

    Raises
    ------
    CaseError
        If one of these files cannot be read.
    """
    content = _plain(case, "")
    text = json.dumps([version(), content], sort_keys=True, separators=(",", ":"), allow_nan=False)
    result = hashlib.sha256(text.encode())
    for path in (*case.geometry.files, *(r.labels for r in case.bone.region)):
        if path is not None:
            result.update(_file_digest(path, case.source))
    return result.hexdigest()


def _plain(value: Any, key: str) -> Any:
    """Nested lists and tables of numbers and texts, without what has no effect."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = entries(type(value)) or [f.name for f in dataclasses.fields(value)]
        paths = {n: f"{key}.{n}" if key else n for n in names}
        return {n: _plain(getattr(value, n), p) for n, p in paths.items() if p not in WITHOUT_EFFECT}
    if isinstance(value, tuple):
        return [_plain(v, key) for v in value]
    # Adding zero turns -0.0 into 0.0, which is equal and must not change the digest.
    return value + 0.0 if isinstance(value, float) else value


def _file_digest(path: str, source: str) -> bytes:
    try:
        with Path(path).open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").digest()
    except OSError as error:
        raise CaseError(f"{path} cannot be read: {error.strerror}", source) from None
