"""Draws the standard pictures of a run in processes of their own, which get ready while the run computes.

Most of the time of a picture goes into loading libraries and opening a window. Done beside the computation, only
the drawing itself is left to wait for. And where the drawing library ends its process, the run is not in it.
"""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

# The pictures of each process; the scene takes as long as two flat ones. A run without heat has no third one.
SHARES = (("scene",), ("curves", "slices", "heat", "ablation"))
_PATIENCE = 5.0  # s
_CODE = "import sys; sys.path[:] = {path!r}; from cementflow.views.easel import paint; paint({names!r})"


@dataclass(frozen=True)
class Painted:
    """What came of it: why pictures are missing, if any are, and the memory it took [MB]."""

    problems: tuple[str, ...]
    memory_mb: float


class Painters:
    """Processes that wait for the word to draw; leaving the context ends them at once."""

    def __init__(self) -> None:
        self._processes: list[subprocess.Popen[str]] = []
        self._problems: list[str] = []
        self._drawing = False

    def __enter__(self) -> Painters:
        try:
            for names in SHARES:
                self._processes.append(_start(names))
        except OSError as error:
            self._problems.append(f"no process to draw in: {error.strerror or error}")
        return self

    def draw(self, run: Path) -> Painted:
        """Have the pictures of a finished run folder drawn, and wait for them."""
        self._drawing = True
        for process in self._processes:
            _tell(process, json.dumps(str(run.absolute())))
        problems, memory = self._problems, 0.0
        for process in self._processes:
            answer = _answer(process)
            problems.extend(answer.problems)
            memory += answer.memory_mb
        return Painted(tuple(dict.fromkeys(problems)), memory)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self._processes:
            _end(process, gently=self._drawing)


def _start(names: tuple[str, ...]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", _CODE.format(path=sys.path, names=names)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        encoding="utf-8",
        # Ctrl-C is for the run, which may then want to end after its step; painters end with it in any case.
        process_group=0,
    )


def _end(process: subprocess.Popen[str], gently: bool) -> None:
    if gently:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=_PATIENCE)
    process.kill()
    process.communicate()


def _tell(process: subprocess.Popen[str], word: str) -> None:
    assert process.stdin is not None
    with suppress(OSError):  # one that has ended already; its answer says so
        process.stdin.write(word + "\n")
        process.stdin.flush()


def _answer(process: subprocess.Popen[str]) -> Painted:
    try:
        said, _ = process.communicate()
    except OSError:
        said = ""
    try:
        answer = json.loads(said.splitlines()[-1])
        return Painted(tuple(answer["problems"]), answer["memory_mb"])
    except (ValueError, IndexError):
        return Painted((f"the drawing process ended with status {process.wait()}",), 0.0)
