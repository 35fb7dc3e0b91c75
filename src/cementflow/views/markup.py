"""Pieces of an HTML page: tables, pictures in the file itself, and the page around them."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

STYLE = """
body { font: 16px/1.45 system-ui, sans-serif; color: #1c1c1c; max-width: 1000px; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin-bottom: 0; } h2 { font-size: 1.1rem; margin-top: 2rem; }
p.state { color: #666; margin-top: .2rem; }
table { border-collapse: collapse; } table + table { margin-top: 1.2rem; } th { text-align: left; font-weight: 600; }
th, td { padding: .25rem 1.2rem .25rem 0; border-bottom: 1px solid #e4e4e4; vertical-align: top; }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
tr.leaked td { color: #b34700; font-weight: 600; }
img { width: 100%; border: 1px solid #e4e4e4; }
pre { background: #f6f6f4; padding: 1rem; overflow-x: auto; font-size: .85rem; }
"""


def whole_page(title: str, parts: Iterable[str]) -> str:
    """The page of a title and its parts."""
    head = f'<meta charset="utf-8"><title>{escape(title)}</title><style>{STYLE}</style>'
    return (
        f'<!doctype html>\n<html lang="en"><head>{head}</head>\n<body>\n'
        + "\n".join(parts)
        + "\n</body></html>\n"
    )


def table(head: Sequence[str], rows: Iterable[tuple[str, ...]]) -> str:
    """A table of texts; without a head if that is empty."""
    body = "".join(f"<tr>{''.join(f'<td>{escape(text)}</td>' for text in row)}</tr>" for row in rows)
    return f"<table>{f'<tr>{heads(head)}</tr>' if head else ''}{body}</table>"


def heads(names: Iterable[str]) -> str:
    """Cells at the head of a table."""
    return "".join(f"<th>{escape(n)}</th>" for n in names)


def number(text: str) -> str:
    """A cell that is written to the right."""
    return f'<td class="number">{text}</td>'


def figure(path: Path, text: str) -> str:
    """A picture under its heading; nothing if there is none."""
    if not path.is_file():
        return ""
    return f"<h2>{escape(text)}</h2>{picture(path, text)}"


def picture(path: Path, text: str) -> str:
    """A picture, and what stands for it where it cannot be shown."""
    data = base64.b64encode(path.read_bytes()).decode("ascii")
    return f'<img alt="{escape(text)}" src="data:image/png;base64,{data}">'
