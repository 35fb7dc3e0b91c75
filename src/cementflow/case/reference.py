"""The manual of the case file, made from the metadata of the schema."""

from __future__ import annotations

from inspect import cleandoc

from cementflow.case.fields import REQUIRED, Entry, default_of, entries
from cementflow.case.inline import inline
from cementflow.case.schema import Case
from cementflow.case.sections import Table, Tables
from cementflow.case.write import WITHOUT_EFFECT
from cementflow.presets.store import KINDS, list_presets, read_preset
from cementflow.units import UNITS

_INTRODUCTION = """
# The case file

Made by `cementflow.case.reference.reference_markdown()` from the schema in `src/cementflow/case`; not to be
edited by hand.

A case is a TOML file. Every quantity is a text with its unit, such as `"4 mL"` or `"4 mL/min"`; a number
without a unit is refused where a unit belongs. Unknown keys, wrong kinds of quantity, values that make no
sense and contradictions are all reported at once. `"none"` in place of an optional quantity says that it is
absent, also where a preset would fill it in.

A *position* is a table of fractions of the box of the vertebral body, `{ap = 0.5, lr = 0.5, si = 0.5}` (ap
from posterior to anterior, lr from left to right, si from inferior to superior), or three lengths in
coordinates of the file, `["-1 mm", "-2 mm", "184 mm"]`.

A section with `preset = "..."` takes every value from the preset that it does not state itself.

Values can be changed by dotted key, in Python with `case.replace({"injection.volume": "3 mL"})` and on the
command line with `--set injection.volume="3 mL"`; outlets and regions go by name or by number
(`outlet.basivertebral vein.pressure`, `outlet.0.pressure`), and so do the parts of a value
(`injection.cannula.tip.ap`, `bone.permeability.si`). A change acts on the fully resolved case. Stating
one of several alternatives takes the others out. A preset takes effect in full: what it states replaces what
was there, unless that is changed in the same call.
"""


def reference_markdown() -> str:
    """The whole manual as Markdown."""
    parts = [_INTRODUCTION.strip(), _units(), *_sections(Case, ""), _presets(), _digest()]
    return "\n\n".join(parts) + "\n"


def _sections(section: type, key: str, several: bool = False) -> list[str]:
    heading = f"[[{key}]]" if several else f"[{key}]"
    title = f"## `{heading}`" if key else "## Top level"
    rows = ["| key | meaning | may be | default | where the default comes from |", "|---|---|---|---|---|"]
    rows += [_row(section, name, e) for name, e in entries(section).items()]
    about = "" if not key else cleandoc(section.__doc__ or "") + "\n\n"
    parts = [f"{title}\n\n{about}" + "\n".join(rows)]
    for name, e in entries(section).items():
        if isinstance(e.kind, (Table, Tables)):
            path = f"{key}.{name}" if key else name
            parts += _sections(e.kind.section, path, isinstance(e.kind, Tables))
    return parts


def _row(section: type, name: str, e: Entry) -> str:
    cells = [f"`{name}`", e.meaning, e.kind.describe(), _default(section, name, e), e.source]
    return "| " + " | ".join(c.replace("|", "\\|") for c in cells) + " |"


def _default(section: type, name: str, e: Entry) -> str:
    if e.note:
        return e.note
    if e.absent is not None:
        return "all defaults"
    value = default_of(section, name)
    if value is REQUIRED:
        return "**required**"
    if value is None:
        return "absent"
    return f"`{inline(e.kind.write(value))}`"


def _units() -> str:
    names = ", ".join(f"`{u}`" for u in UNITS if u != "1")
    return (
        f"Units: {names}; products with a blank, powers as `mm^2` or `s^-1`; `/` divides by the next unit "
        "only; `s^n` belongs to the consistency of a power law."
    )


def _presets() -> str:
    lines = [
        "## Presets",
        "",
        "`cementflow presets NAME` shows every value with its source or the word 'assumed'.",
        "",
    ]
    lines += ["| preset | what it is |", "|---|---|"]
    lines += [f"| `{k}/{n}` | {read_preset(k, n).title} |" for k in KINDS for n in list_presets(k)]
    return "\n".join(lines)


def _digest() -> str:
    names = ", ".join(f"`{n}`" for n in sorted(WITHOUT_EFFECT))
    return (
        "## Digest\n\nThe digest of a case is the SHA-256 of everything that can change its numbers: all "
        "resolved values, the bytes of the files of the geometry and of label images, and the version of the package. "
        f"Left out, because they cannot: {names}."
    )
