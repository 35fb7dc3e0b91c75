"""The border to files of others: foreign readers, and every failure turned into a MeshError."""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path
from typing import TypeVar

import numpy as np

from cementflow.errors import MeshError

T = TypeVar("T")


def existing(path: Path, suffixes: tuple[str, ...]) -> Path:
    """The path, if it is a file whose name ends as it should.

    Raises
    ------
    MeshError
        Naming close matches in the folder when the file is missing.
    """
    if path.suffix.lower() not in suffixes:
        raise MeshError(f"cannot read '{path.suffix}' files; use {', '.join(suffixes)}", str(path))
    if not path.is_file():
        raise MeshError(_missing(path, suffixes), str(path))
    if path.stat().st_size == 0:
        raise MeshError("the file is empty", str(path))
    return path


def _missing(path: Path, suffixes: tuple[str, ...]) -> str:
    if path.is_dir():
        return "this is a folder, not a file"
    if not path.parent.is_dir():
        return f"no such file, nor its folder {path.parent}"
    beside = sorted(p.name for p in path.parent.iterdir() if p.suffix.lower() in suffixes)
    close = get_close_matches(path.name, beside, n=3, cutoff=0.5)
    if close:
        return f"no such file; did you mean {', '.join(close)}?"
    return "no such file" + (f"; the folder has {', '.join(beside[:5])}" if beside else "")


def guarded(read: Callable[[], T], path: Path) -> T:
    """Call a foreign reader; whatever it does wrong becomes a MeshError with the name of the file.

    Readers raise nearly anything on bad bytes, print, warn, and meshio even calls sys.exit.
    """
    said = io.StringIO()
    try:
        with (
            contextlib.redirect_stdout(said),
            contextlib.redirect_stderr(said),
            warnings.catch_warnings(),
            np.errstate(all="ignore"),
        ):
            warnings.simplefilter("ignore")
            return read()
    except (KeyboardInterrupt, GeneratorExit, MeshError):
        raise
    except BaseException as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        if isinstance(error, SystemExit):
            reason = " ".join(said.getvalue().split()) or "the reader gave up"
        raise MeshError(f"cannot be read: {reason[:300]}", str(path)) from error
