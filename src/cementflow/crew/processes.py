"""A few processes that run cases side by side."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from queue import Empty, Queue
from types import TracebackType
from typing import Any

from cementflow.crew.jobs import Failure, Job

_CODE = "import sys; sys.path[:] = {path!r}; from cementflow.crew.worker import main; main({at_once})"
_LOOK = 0.2  # s between looks at whether to stop
_PATIENCE = 5.0  # s
_ONE_THREAD = dict.fromkeys(("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Crew:
    """Processes that work on a list of jobs, each on one at a time; leaving the context ends them at once.

    Parameters
    ----------
    size
        How many processes.
    steady
        Whether a job that fails, by its input or with its process, costs nothing but itself, and a stop ends all at
        once; each process has one thread then.
    warm
        Whether the first process loads the kernels of heat and of veins before there is another, so that those find
        them compiled; None without such a beginning.
    hold
        A file that each process keeps open (its locks end with the last of them), None without one.
    """

    def __init__(
        self,
        size: int,
        steady: bool = False,
        warm: tuple[bool, bool] | None = None,
        hold: int | None = None,
    ) -> None:
        self._size, self._steady, self._warm, self._hold = size, steady, warm, hold
        self._processes: dict[int, subprocess.Popen[str]] = {}
        self._listeners: list[threading.Thread] = []
        self._heard: Queue[tuple[int, dict[str, Any] | None]] = Queue()
        self._hired = 0
        self._warming: set[int] = set()
        self._waiting: list[Job] = []
        self._busy: dict[int, Job] = {}
        self._failures: list[Failure] = []
        self._stopping = False

    def __enter__(self) -> Crew:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self._processes.values():
            _end(process)
        for listener in self._listeners:
            listener.join()

    def work(
        self,
        jobs: Sequence[Job],
        stop_asked: Callable[[], bool],
        tell: Callable[[str, str], object],
        done: Callable[[Job], object],
        failed: Callable[[Failure], object] = lambda failure: None,
    ) -> list[Failure]:
        """Run all jobs in their order, unless asked to stop or, if not steady, one has bad input.

        Those at work then end after a step, or at once in a steady crew.

        Parameters
        ----------
        jobs
            What to run.
        stop_asked
            Asked all the time.
        tell
            Called with the name of a job and what it has to say; without a name for what is done before all jobs.
        done
            Called with each job that has come to its end.
        failed
            Called with each that has not.

        Returns
        -------
        list of Failure
            The jobs that failed.
        """
        self._waiting = list(jobs)[::-1]
        if self._warm is not None and jobs:
            self._warm_up()
        else:
            self._hire_all()
        while self._busy or self._warming:
            if stop_asked() or (not self._steady and any(f.input for f in self._failures)):
                self._stop()
            try:
                number, message = self._heard.get(timeout=_LOOK)
            except Empty:
                continue
            if message is not None and "tell" in message:
                tell(self._busy[number].name if number in self._busy else "", message["tell"])
            else:
                self._hear(number, message, done, failed)
        for process in self._processes.values():
            _close(process)
            with suppress(subprocess.TimeoutExpired):
                process.wait(_PATIENCE)
        return self._failures

    def _hear(
        self,
        number: int,
        message: dict[str, Any] | None,
        done: Callable[[Job], object],
        failed: Callable[[Failure], object],
    ) -> None:
        """A process has left its job, or is no more."""
        known = len(self._failures)
        if number in self._busy:
            self._left(self._busy.pop(number), message, done)
        if message is None:
            _end(self._processes.pop(number))
        for failure in self._failures[known:]:
            failed(failure)
        if message is not None and self._waiting:
            self._give(number)
        if number in self._warming or (message is None and self._steady):
            self._warming.discard(number)
            self._hire_all()

    def _stop(self) -> None:
        self._stopping = True
        self._waiting.clear()
        for process in self._processes.values():
            _close(process)
            if self._steady:
                process.kill()

    def _hire_all(self) -> None:
        """As many processes as there is work for."""
        while self._waiting and len(self._processes) < self._size:
            self._give(self._hire())

    def _hire(self) -> int:
        """One more process."""
        process, number = _start(self._steady, self._hold), self._hired
        self._hired += 1
        self._processes[number] = process
        self._listeners.append(
            threading.Thread(target=_listen, args=(process, number, self._heard), daemon=True)
        )
        self._listeners[-1].start()
        return number

    def _warm_up(self) -> None:
        number = self._hire()
        self._warming.add(number)
        self._send(number, {"warm": self._warm})

    def _left(self, job: Job, message: dict[str, Any] | None, done: Callable[[Job], object]) -> None:
        """A job is no longer worked on; without a message its process is no more."""
        if message is None and self._stopping and self._steady:
            return
        if message is None:
            self._failures.append(Failure(job.name, "the process that ran it ended all of a sudden", False))
        elif message["error"]:
            self._failures.append(Failure(job.name, message["error"], message["input"]))
        elif message["status"] != "interrupted":
            done(job)

    def _give(self, number: int) -> None:
        """The next job for a process."""
        job = self._busy[number] = self._waiting.pop()
        self._send(number, job.task())

    def _send(self, number: int, task: dict[str, Any]) -> None:
        stream = self._processes[number].stdin
        assert stream is not None
        with suppress(OSError, ValueError):  # a process that is no more is heard of
            stream.write(json.dumps(task) + "\n")
            stream.flush()


def _start(steady: bool, hold: int | None) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", _CODE.format(path=sys.path, at_once=steady)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env={**os.environ, **_ONE_THREAD} if steady else None,
        pass_fds=() if hold is None else (hold,),
        # Ctrl-C is for the process that started this one, which then says what is to end and how.
        process_group=0,
    )


def _listen(
    process: subprocess.Popen[str], number: int, heard: Queue[tuple[int, dict[str, Any] | None]]
) -> None:
    assert process.stdout is not None
    with process.stdout as lines:
        for line in lines:
            with suppress(ValueError):  # a line cut short by the end of its process
                heard.put((number, json.loads(line)))
    heard.put((number, None))


def _end(process: subprocess.Popen[str]) -> None:
    _close(process)
    process.kill()
    process.wait()


def _close(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    with suppress(OSError):
        process.stdin.close()
