"""A table with a title and remarks, as text for the screen and as Markdown for the documents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

BEGIN, END = "<!-- begin: cementflow bench --markdown -->", "<!-- end -->"


@dataclass(frozen=True)
class Section:
    """A titled table.

    Parameters
    ----------
    title
        Above it.
    head, rows
        The table, all cells as text; none without a head.
    notes
        Lines below it.
    """

    title: str
    head: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()
    notes: Sequence[str] = ()

    def text(self) -> str:
        """Aligned columns."""
        lines = [self.title]
        if self.head:
            table = [self.head, *self.rows]
            widths = [max(len(row[i]) for row in table) for i in range(len(self.head))]
            # The first column is a name, the others are numbers.
            lines += [
                "  ".join(
                    cell.ljust(w) if i == 0 else cell.rjust(w)
                    for i, (cell, w) in enumerate(zip(row, widths, strict=True))
                ).rstrip()
                for row in table
            ]
        return "\n".join([*lines, *self.notes]) + "\n"

    def markdown(self) -> str:
        """The same for a document."""
        parts = [f"### {self.title}"]
        if self.head:
            rule = ["---"] + ["---:"] * (len(self.head) - 1)
            parts.append("\n".join(f"| {' | '.join(row)} |" for row in (self.head, rule, *self.rows)))
        if self.notes:
            parts.append("\n".join(f"- {note}" for note in self.notes))
        return "\n\n".join(parts) + "\n"


def put_tables(path: Path, tables: str, begin: str = BEGIN) -> None:
    """Write tables to a file; between the marks where it has them, so that a document keeps the text around."""
    text = f"{begin}\n\n{tables}\n{END}\n"
    if path.is_file():
        before, found, rest = path.read_text(encoding="utf-8").partition(begin)
        _, end, after = rest.partition(END)
        if found and end:
            text = before + text.rstrip("\n") + after
    path.write_text(text, encoding="utf-8")


def percent(values: Sequence[float]) -> str:
    """Signed percentages, such as "-1.7 / -1.4 / -1.3"; a dash for none."""
    return " / ".join(f"{100.0 * v:+.1f}" for v in values) or "-"
