"""The report of a series: one HTML page that needs nothing beside it."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote

from cementflow.files import write_text
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
from cementflow.views.markup import heads, number, picture, table, whole_page


def write_page(result: SeriesResult) -> Path:
    """Write the report of a series from its summary and the pictures of its levels."""
    s = result.summary
    parts = [
        f"<h1>{escape(s['title'])}</h1>",
        f'<p class="state">{escape(s["status"])}</p>',
        *([f"<p>{escape(s['note'])}</p>"] if s["note"] else []),
        "<h2>Levels</h2>",
        *(_levels(s) if s["levels"] else ["<p>No level has come to its end.</p>"]),
        *_scenes(result, list(s["levels"])),
        *_compared(s),
        *_what_if(s),
        "<h2>Runs</h2>",
        f"<p>Each level has a report of its own: {_links(list(s['levels']))}. cementflow {escape(s['version'])}.</p>",
    ]
    write_text(result.page, whole_page(s["title"], parts))
    return result.page


def _levels(s: dict[str, Any]) -> list[str]:
    return [
        _numbers(LEVELS, level_rows(s), words=2),
        f"<p>Leaks are those at the end of the injection, by kind: {KINDS}.</p>",
    ]


def _scenes(result: SeriesResult, levels: list[str]) -> list[str]:
    """Pictures of the levels, each as wide as the text: what is written in them has to be read."""
    found = [(n, p) for n in levels if (p := result.folder(n) / "figures/scene.png").is_file()]
    return [
        f'<figure style="margin:1.2rem 0"><a href="{_page(name)}">{picture(path, name)}</a></figure>'
        for name, path in found
    ]


def _compared(s: dict[str, Any]) -> list[str]:
    if not s["comparison"] or not s["levels"]:
        return []
    return [
        "<h2>Beside the case report</h2>",
        table(compared_heads(s), compared_rows(s)),
        f"<p>Volumes at the end of each run. {escape(rest_text(s))}</p>",
    ]


def _what_if(s: dict[str, Any]) -> list[str]:
    rows = what_if_rows(s)
    if len(rows) < 2:
        return []
    return [
        "<h2>What if</h2>",
        _numbers(WHAT_IF, rows),
        "<p>All levels together at the end of the injection, and the largest pressures. "
        f"Cement by kind of leak: {KINDS}.</p>",
    ]


def _numbers(head: tuple[str, ...], rows: list[tuple[str, ...]], words: int = 1) -> str:
    """A table whose cells after the first are numbers, but for the last ones."""
    body = "".join(
        f"<tr><td>{escape(row[0])}</td>"
        + "".join(number(escape(text)) for text in row[1:-words])
        + "".join(f"<td>{escape(text)}</td>" for text in row[-words:])
        + "</tr>"
        for row in rows
    )
    return f"<table><tr>{heads(head)}</tr>{body}</table>"


def _links(levels: list[str]) -> str:
    return ", ".join(f'<a href="{_page(n)}">{escape(n)}</a>' for n in levels)


def _page(level: str) -> str:
    return f"{escape(quote(level))}/report.html"
