"""TOML text of single values: used to write cases and to show users what they wrote."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


def inline(value: object) -> str:
    """One-line TOML of a text, number, flag, list or table.

    >>> inline({"ap": 0.4, "names": ["a", True]})
    '{ap = 0.4, names = ["a", true]}'
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        # JSON escapes are TOML escapes, except that JSON lets DEL through.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{inline_key(k)} = {inline(v)}" for k, v in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(inline(v) for v in value) + "]"
    if isinstance(value, int) and abs(value) >= 10**4000:
        return hex(value)  # Python refuses to write decimal text this long
    return str(value)


def inline_key(key: str) -> str:
    """Key as it must stand in TOML."""
    return key if _BARE_KEY.fullmatch(key) else inline(str(key))


def shown(value: object, longest: int = 60) -> str:
    """Value for a message, cut when very long."""
    text = inline(value)
    return text if len(text) <= longest else text[:longest] + " ..."
