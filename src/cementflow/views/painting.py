"""Draws the standard pictures of a run in a process of its own, which gets ready while the run computes.

Most of the time of a picture goes into loading libraries and opening a window. Done beside the computation, only
the drawing itself is left to wait for. And where the drawing library ends its process, the run is not in it.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

# What the process is told, with the folder of the run.
EXPECT, DRAW = "expect", "draw"
_PATIENCE = 5.0  # s
# Getting ready must not slow the run down, loading the first library no more than all the rest.
_NICE = 10
_CODE = (
    "import os, sys; hasattr(os, 'nice') and os.nice({nice}); sys.path[:] = {path!r}; "
    "from cementflow.views.easel import paint; paint()"
)
# Threads of a library for linear algebra, which pictures do not need, would be in the way of copying the process.
_ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
# Memory once taken is kept, as its pages cost more to get than to fill; the C library of Linux looks at these.
_KEPT = {"MALLOC_MMAP_THRESHOLD_": str(32 * 2**20), "MALLOC_TRIM_THRESHOLD_": str(512 * 2**20)}


@dataclass(frozen=True)
class Painted:
    """What came of it: why pictures are missing, if any are, and the memory it took [MB]."""

    problems: tuple[str, ...]
    memory_mb: float


class Painters:
    """A process that waits for the word to draw; leaving the context ends it at once."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._problem = ""
        self._drawing = self._done = False

    def __enter__(self) -> Painters:
        try:
            self._process = _start()
        except OSError as error:
            self._problem = f"no process to draw in: {error.strerror or error}"
        return self

    def expect(self, run: Path) -> None:
        """Say that a run folder has its first fields: what follows from the mesh is made ready beside the run."""
        if self._process is not None:
            _tell(self._process, EXPECT, run)

    def draw(self, run: Path) -> Painted:
        """Have the pictures of a finished run folder drawn, and wait for them."""
        if self._process is None:
            return Painted((self._problem,), 0.0)
        self._drawing = True
        _tell(self._process, DRAW, run)
        answer = _answer(self._process)
        self._done = True
        return Painted(tuple(dict.fromkeys(answer.problems)), answer.memory_mb)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            if not self._done:
                _signal(self._process, hard=not self._drawing)
            _end(self._process)


def _start() -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", _CODE.format(path=sys.path, nice=_NICE)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=os.environ | _ONE_THREAD | _KEPT,
        text=True,
        encoding="utf-8",
        # Ctrl-C is for the run, which may then want to end after its step; painters end with it in any case.
        process_group=0,
    )


def _end(process: subprocess.Popen[str]) -> None:
    """Wait for the end of a process, but not for ever."""
    with suppress(subprocess.TimeoutExpired):
        process.wait(timeout=_PATIENCE)
    _signal(process, hard=True)
    process.communicate()


def _signal(process: subprocess.Popen[str], hard: bool) -> None:
    """Tell a process to end, and its copy."""
    if sys.platform != "win32":
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL if hard else signal.SIGTERM)
    else:
        process.kill()


def _tell(process: subprocess.Popen[str], word: str, run: Path) -> None:
    assert process.stdin is not None
    with suppress(OSError):  # one that has ended already; its answer says so
        process.stdin.write(json.dumps([word, str(run.absolute())]) + "\n")
        process.stdin.flush()


def _answer(process: subprocess.Popen[str]) -> Painted:
    assert process.stdout is not None
    try:
        said = process.stdout.readline()
    except OSError:
        said = ""
    try:
        answer = json.loads(said)
    except ValueError:
        return Painted((f"the drawing process ended with status {process.wait()}",), 0.0)
    # Giving back its memory takes it a moment, in which the run can go on.
    return Painted(tuple(answer["problems"]), answer["memory_mb"])
