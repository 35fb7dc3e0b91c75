"""What the report of a venogram says: which veins drain the place of the needle, and how soon."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

from cementflow.views.markup import heads, number

CONTRAST = "contrast"  # preset in place of a cement
LEAST = 1e-4  # mL that a vein has to take to be named
MEANING = (
    "Shares are of what all veins took from the bone. A venogram shows which veins are near to the needle; thicker "
    "cement presses the marrow ahead of it into the same veins, but itself follows later and to a smaller part."
)


def drainage_parts(run: Path, summary: dict[str, Any]) -> Iterator[str]:
    """The section on the veins of a venogram; nothing for a run with cement or without veins.

    Parameters
    ----------
    run
        Run folder.
    summary
        Contents of its `summary.json`.
    """
    veins = summary.get("veins")
    if not veins or not _is_venogram(run):
        return
    yield "<h2>Venogram: which veins drain the needle</h2>"
    yield _table(veins)
    yield f"<p>{MEANING}</p>"


def _table(veins: dict[str, Any]) -> str:
    """Veins that took some by falling share, then those that only hand it on."""
    taken = {name: told["leaked_ml"] for name, told in veins.items() if told["leaked_ml"] > LEAST}
    total = sum(taken.values())
    rows = []
    passing = [n for n, told in veins.items() if n not in taken and told["beyond_ml"] > LEAST]
    for name in [*sorted(taken, key=lambda n: -taken[n]), *passing]:
        told, first = veins[name], veins[name]["first_leak_s"]
        cells = (
            f"{taken[name] / total:.0%}" if name in taken else "",
            f"{taken[name]:.3f}" if name in taken else "",
            f"{first:.1f}" if name in taken and first is not None else "",
            f"{min(told['reach_mm'], told['length_mm']):.0f} of {told['length_mm']:.0f}",
            f"{told['beyond_ml']:.3f}",
        )
        rows.append(f"<tr><td>{escape(name)}</td>{''.join(map(number, cells))}</tr>")
    head = ("vein", "share", "taken [mL]", "from [s]", "filled [mm]", "passed its end [mL]")
    return f"<table><tr>{heads(head)}</tr>{''.join(rows)}</table>" if rows else "<p>No vein took any.</p>"


def _is_venogram(run: Path) -> bool:
    try:
        case = tomllib.loads((run / "case.toml").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    cement = case.get("cement")
    return isinstance(cement, dict) and cement.get("preset") == CONTRAST
