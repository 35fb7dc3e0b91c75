"""What the command line prints of a series."""

from __future__ import annotations

from textwrap import wrap

from cementflow.series.result import SeriesResult
from cementflow.series.rows import (
    KINDS,
    LEVELS,
    WHAT_IF,
    compared_heads,
    compared_rows,
    level_rows,
    rest_text,
    what_if_rows,
)


def series_text(result: SeriesResult) -> str:
    """Summary of a series on one screen."""
    s = result.summary
    lines = [
        "",
        f"{s['status']}: {s['title']}",
        *wrap(s["note"], 118, initial_indent="  ", subsequent_indent="  "),
    ]
    if s["levels"]:
        lines += ["", f"at the end of the injection ({KINDS}):", *_table(LEVELS, level_rows(s))]
    else:
        lines.append("  no level has come to its end")
    if s["comparison"] and s["levels"]:
        lines += ["", "beside the case report, at the end of each run:"]
        lines += _table(compared_heads(s), compared_rows(s)) + [f"  {rest_text(s)}".rstrip()]
    what_if = what_if_rows(s)
    if len(what_if) > 1:
        lines += ["", "what if, all levels together:", *_table(WHAT_IF, what_if)]
    lines += ["", f"results in {result.path}, the page is {result.page}"]
    if s["status"] == "interrupted":
        lines.append(f"go on with: cementflow run --resume --out {result.path}")
    return "\n".join(lines) + "\n"


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> list[str]:
    """Columns as wide as what is in them."""
    widths = [max(len(row[i]) for row in (head, *rows)) for i in range(len(head))]
    return [
        "  " + "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
        for row in (head, *rows)
    ]
