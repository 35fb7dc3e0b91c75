"""A few processes that run cases side by side."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, Queue
from types import TracebackType
from typing import Any

from cementflow.case import Case, to_toml

_CODE = "import sys; sys.path[:] = {path!r}; from cementflow.series.worker import main; main()"
_LOOK = 0.2  # s between looks at whether to stop
_PATIENCE = 5.0  # s


@dataclass(frozen=True)
class Job:
    """A case and the run folder that it is for, to be gone on with if there is one."""

    name: str
    case: Case
    out: Path


@dataclass(frozen=True)
class Failure:
    """A job that did not end as it should, why, and whether that was the input."""

    job: str
    text: str
    input: bool


class Crew:
    """Processes that work on a list of jobs, each on one at a time; leaving the context ends them at once.

    Parameters
    ----------
    size
        How many processes.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._processes: list[subprocess.Popen[str]] = []
        self._listeners: list[threading.Thread] = []
        self._heard: Queue[tuple[int, dict[str, Any] | None]] = Queue()
        self._waiting: list[Job] = []
        self._busy: dict[int, Job] = {}
        self._failures: list[Failure] = []

    def __enter__(self) -> Crew:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self._processes:
            _close(process)
            process.kill()
            process.wait()
        for listener in self._listeners:
            listener.join()

    def work(
        self,
        jobs: Sequence[Job],
        stop_asked: Callable[[], bool],
        tell: Callable[[str, str], object],
        done: Callable[[Job], object],
    ) -> list[Failure]:
        """Run all jobs in their order, unless asked to stop or one has bad input; then those at work end after a step.

        Parameters
        ----------
        jobs
            What to run.
        stop_asked
            Asked all the time.
        tell
            Called with the name of a job and what it has to say.
        done
            Called with each job that has come to its end.

        Returns
        -------
        list of Failure
            The jobs that failed.
        """
        self._waiting = list(jobs)
        for _ in range(min(self._size, len(jobs))):
            self._hire()
        while self._busy:
            if stop_asked() or any(f.input for f in self._failures):
                self._waiting.clear()
                for process in self._processes:
                    _close(process)
            try:
                number, message = self._heard.get(timeout=_LOOK)
            except Empty:
                continue
            if message is not None and "tell" in message:
                tell(self._busy[number].name, message["tell"])
            elif number in self._busy:
                self._left(self._busy.pop(number), message, done)
                if self._waiting and message is not None:
                    self._give(number)
        for process in self._processes:
            _close(process)
            with suppress(subprocess.TimeoutExpired):
                process.wait(_PATIENCE)
        return self._failures

    def _hire(self) -> None:
        """One more process, with a job."""
        process, number = _start(), len(self._processes)
        self._processes.append(process)
        self._listeners.append(
            threading.Thread(target=_listen, args=(process, number, self._heard), daemon=True)
        )
        self._listeners[-1].start()
        self._give(number)

    def _left(self, job: Job, message: dict[str, Any] | None, done: Callable[[Job], object]) -> None:
        """A job is no longer worked on; without a message its process is no more."""
        if message is None:
            self._failures.append(Failure(job.name, "the process that ran it ended all of a sudden", False))
        elif message["error"]:
            self._failures.append(Failure(job.name, message["error"], message["input"]))
        elif message["status"] != "interrupted":
            done(job)

    def _give(self, number: int) -> None:
        """The next job for a process."""
        job = self._busy[number] = self._waiting.pop(0)
        task = {
            "toml": to_toml(job.case),
            "source": job.case.source,
            "folder": str(job.case.folder),
            "out": str(job.out.absolute()),
            "resume": (job.out / "checkpoint.npz").is_file(),
        }
        stream = self._processes[number].stdin
        assert stream is not None
        with suppress(OSError, ValueError):  # a process that is no more is heard of
            stream.write(json.dumps(task) + "\n")
            stream.flush()


def _start() -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", _CODE.format(path=sys.path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        # Ctrl-C is for the series, which then asks its runs to end after their steps.
        process_group=0,
    )


def _listen(
    process: subprocess.Popen[str], number: int, heard: Queue[tuple[int, dict[str, Any] | None]]
) -> None:
    assert process.stdout is not None
    with process.stdout as lines:
        for line in lines:
            heard.put((number, json.loads(line)))
    heard.put((number, None))


def _close(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    with suppress(OSError):
        process.stdin.close()
