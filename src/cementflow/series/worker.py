"""Inside a process that runs cases: one a line of standard input, what came of it a line of standard output.

The end of standard input asks to stop: the run then ends after its step, can be gone on with, and the process ends.
So it does when the process that started this one is no more.
"""

from __future__ import annotations

import json
import sys
import threading
import tomllib
from contextlib import suppress
from pathlib import Path
from queue import Queue
from typing import Any, TextIO

from cementflow.case import read_case
from cementflow.errors import CementflowError, InputError
from cementflow.runner import run


def work(asked: TextIO, answers: TextIO) -> None:
    """Run what is asked for until nothing more can be.

    Parameters
    ----------
    asked
        Lines of JSON with `toml`, `source` and `folder` of a case, the run folder `out`, and whether to `resume` it.
    answers
        Lines of JSON with `tell`, a message; or when a run is left its `status` ("" if it failed), `error`, empty if
        there was none, and whether it was the input that was wrong (`input`).
    """
    lines: Queue[str] = Queue()
    ended = threading.Event()
    threading.Thread(target=_listen, args=(asked, lines, ended), daemon=True).start()
    while line := lines.get():
        _write(answers, **_run(json.loads(line), ended, answers))


def main() -> None:
    """Work on the standard streams; what others print goes to standard error."""
    answers, sys.stdout = sys.stdout, sys.stderr
    work(sys.stdin, answers)


def _listen(asked: TextIO, lines: Queue[str], ended: threading.Event) -> None:
    for line in asked:
        lines.put(line)
    ended.set()
    lines.put("")


def _run(job: dict[str, Any], ended: threading.Event, answers: TextIO) -> dict[str, Any]:
    try:
        case = read_case(tomllib.loads(job["toml"]), job["source"], job["folder"])
        result = run(
            case,
            Path(job["out"]),
            resume=job["resume"],
            stop_asked=ended.is_set,
            tell=lambda text: _write(answers, tell=text),
        )
    except CementflowError as error:
        return _failed(str(error), isinstance(error, InputError))
    except MemoryError:
        return _failed("out of memory; a larger geometry.edge_length makes a smaller mesh")
    except OSError as error:
        return _failed(f"{error.filename or 'a file'}: {error.strerror or error}")
    return {"status": result.summary["status"], "error": "", "input": False}


def _failed(why: str, by_input: bool = False) -> dict[str, Any]:
    return {"status": "", "error": why, "input": by_input}


def _write(answers: TextIO, **message: Any) -> None:
    with suppress(BrokenPipeError):  # nobody is there any more; the end of `asked` says so too
        print(json.dumps(message), file=answers, flush=True)
