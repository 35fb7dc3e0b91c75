"""What is said about a case."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One thing about a case.

    Parameters
    ----------
    level
        "error" (it cannot run), "warning" (probably not meant) or "note".
    text
        One sentence.
    """

    level: str
    text: str
