"""The seal of a finished run: digests of its files, by which damage is found before anything is read from them."""

from __future__ import annotations

import hashlib
from pathlib import Path

from cementflow.files import write_text

SEAL = "SHA256SUMS"  # as sha256sum writes it, so that `sha256sum -c` reads it
_DRAWN = "figures"  # may be drawn anew at any time


def write_seal(folder: Path) -> None:
    """Write the digests of all files of a run but its pictures."""
    names = (p.relative_to(folder) for p in folder.rglob("*") if p.is_file())
    sealed = sorted(n.as_posix() for n in names if n.parts[0] not in (SEAL, _DRAWN))
    write_text(folder / SEAL, "".join(f"{_digest(folder / name)}  {name}\n" for name in sealed))


def damage(folder: Path) -> str:
    """What of a run is not as it was left, empty if all is."""
    try:
        lines = (folder / SEAL).read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        return f"{SEAL} is missing or cannot be read"
    for line in lines:
        digest, _, name = line.partition("  ")
        try:
            if _digest(folder / name) != digest:
                return f"{name} is not as it was written"
        except OSError:
            return f"{name} is missing or cannot be read"
    return "" if lines else f"{SEAL} is empty"


def _digest(path: Path) -> str:
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
