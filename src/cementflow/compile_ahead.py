"""Compiles half of the kernels, the linear solver first, in a second process where there is something to compile.

What is compiled goes into Numba's cache on the disk, where the first process finds it when it comes to it. What it does
not find there it compiles itself, so nothing is waited for, and a second process that does not start costs nothing.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import numpy as np

from cementflow.fem.updates import rows_of

_CODE = "import sys; sys.path[:] = {path!r}; from cementflow.flow.example import pressure_example; pressure_example()"


@contextmanager
def second_process() -> Iterator[bool]:
    """Whether a second process compiles half, as there is something to compile; it ends with the context."""
    process = None
    if _something_to_compile():
        with suppress(OSError):
            process = _start()
    try:
        yield process is not None
    finally:
        if process is not None:
            process.kill()
            process.wait()


def _something_to_compile() -> bool:
    """Whether the smallest kernel is asked for the first time in this process, and is not in the cache."""
    if not hasattr(rows_of, "signatures") or rows_of.signatures:  # without, Numba is told not to compile
        return False
    rows_of(np.zeros(0, np.uint32), np.zeros((0, 2), np.uint32), np.zeros(0, bool))
    return bool(rows_of.stats.cache_misses)


def _start() -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", _CODE.format(path=sys.path)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        # Ctrl-C is for the process that started this one, which ends it.
        process_group=0,
    )
