"""Inside a process that runs cases: one a line of standard input, what came of it a line of standard output.

The end of standard input asks to stop: the run then ends after its step, can be gone on with, and the process ends.
So it does when the process that started this one is no more. A process whose runs are not gone on with ends at once.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import Queue
from typing import Any, TextIO

from cementflow.crew.jobs import run_task


def work(asked: TextIO, answers: TextIO, at_once: bool = False) -> None:
    """Run what is asked for until nothing more can be.

    Parameters
    ----------
    asked
        Lines of JSON with what `Job.task` says, or with `warm`: whether to load the kernels of heat and of veins.
    answers
        Lines of JSON with `tell`, a message; or when a run is left what `run_task` says of it.
    at_once
        Whether the end of `asked` ends the process in the middle of a run.
    """
    lines: Queue[str] = Queue()
    ended = threading.Event()
    threading.Thread(target=_listen, args=(asked, lines, ended, at_once), daemon=True).start()
    while line := lines.get():
        task = json.loads(line)
        if "warm" in task:
            _write(answers, **_warm(lambda text: _write(answers, tell=text), *task["warm"]))
        else:
            _write(answers, **run_task(task, ended.is_set, lambda text: _write(answers, tell=text)))


def main(at_once: bool = False) -> None:
    """Work on the standard streams; what others print goes to standard error."""
    answers, sys.stdout = sys.stdout, sys.stderr
    work(sys.stdin, answers, at_once)


def _listen(asked: TextIO, lines: Queue[str], ended: threading.Event, at_once: bool) -> None:
    for line in asked:
        lines.put(line)
    if at_once:
        os._exit(0)
    ended.set()
    lines.put("")


def _warm(tell: Callable[[str], object], heat: bool, veins: bool) -> dict[str, Any]:
    from cementflow.warm_up import warm_up_telling

    warm_up_telling(tell, heat, veins)
    return {"status": "", "error": "", "input": False}


def _write(answers: TextIO, **message: Any) -> None:
    with suppress(BrokenPipeError):  # nobody is there any more; the end of `asked` says so too
        print(json.dumps(message), file=answers, flush=True)
