"""A copy of a process, with all that it has loaded, which waits for a word and answers it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import NoReturn, TextIO

# Elsewhere a process cannot be copied, or not with the libraries of the system loaded.
CAN_COPY = sys.platform.startswith("linux")


class ProcessCopy:
    """Runs `work` in a copy of this process, which ends with it, or with this process.

    Parameters
    ----------
    work
        Given the stream on which it is told a line, or nothing if there is nothing to do, and that for its answer.
    """

    def __init__(self, work: Callable[[TextIO, TextIO], None]) -> None:
        told, word = os.pipe()
        answer, said = os.pipe()
        self._process = os.fork()
        if self._process == 0:
            # Held open here too, the ends of the other process would never be seen to close.
            os.close(word)
            os.close(answer)
            _work_and_end(work, told, said)
        os.close(told)
        os.close(said)
        self._word, self._answer = os.fdopen(word, "w"), os.fdopen(answer)

    def tell(self, line: str) -> None:
        """Say what to do; one that has ended does not hear it."""
        try:
            self._word.write(line.rstrip() + "\n")
            self._word.flush()
        except OSError:
            return

    def answer(self) -> str:
        """Wait for the answer; empty if it ended without one."""
        return self._answer.readline()

    def wait(self) -> int:
        """Wait for its end; the status."""
        _, status = os.waitpid(self._process, 0)
        return os.waitstatus_to_exitcode(status)


def _work_and_end(work: Callable[[TextIO, TextIO], None], told: int, said: int) -> NoReturn:
    # Whatever happens, the copy must not go on with what the original was about to do.
    status = 1
    try:
        with os.fdopen(told) as listen, os.fdopen(said, "w") as speak:
            work(listen, speak)
        status = 0
    finally:
        os._exit(status)
