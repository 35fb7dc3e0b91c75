"""Writes files beside the computation, one job after the other in the order in which they came."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

WAITING = 2  # jobs that may wait; each holds the arrays of a step


class BackgroundWriter:
    """A thread that does jobs in order; once one fails, none is done after it."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, "cementflow-writer")
        self._jobs: deque[Future[None]] = deque()
        self._failed = False

    def submit(self, job: Callable[[], None]) -> None:
        """Have a job done soon; waits while too many are ahead of it.

        Raises
        ------
        BaseException
            What an earlier job raised.
        """
        while self._jobs and (self._jobs[0].done() or len(self._jobs) > WAITING):
            self._jobs.popleft().result()
        self._jobs.append(self._pool.submit(self._do, job))

    def wait(self) -> None:
        """Return when all jobs are done.

        Raises
        ------
        BaseException
            What a job raised.
        """
        while self._jobs:
            self._jobs.popleft().result()

    def close(self) -> None:
        """End the thread after the job that it is at; those still waiting are dropped."""
        self._pool.shutdown(cancel_futures=True)

    def _do(self, job: Callable[[], None]) -> None:
        # What follows may rely on the file that could not be written: a checkpoint on the fields it lists.
        if self._failed:
            return
        try:
            job()
        except BaseException:
            self._failed = True
            raise
