"""Work in two pieces, shared by two threads.

What a piece adds up is its own, and the two are put together in one order, so that the result is the same to the last
bit whoever did which. The second piece is done by whoever comes to it first: on a busy machine that is the one thread
that there is, and nobody waits for a thread that has not begun.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

from numba import get_num_threads

S = TypeVar("S")
T = TypeVar("T")
# Rows below which a second thread costs more than it brings.
WORTH_IT = 5000
_pools: dict[int, ThreadPoolExecutor] = {}


def two_threads(rows: int) -> bool:
    """Whether work on so many rows is shared: `NUMBA_NUM_THREADS`, as a rule the number of processors, allows it."""
    return rows >= WORTH_IT and get_num_threads() > 1


def beside(work: Callable[..., T], *arguments: Any) -> Future[T]:
    """Begin something in the other thread."""
    # A forked process has none of the threads of the one that it comes from.
    pool = _pools.setdefault(os.getpid(), ThreadPoolExecutor(1, "cementflow-second"))
    return pool.submit(work, *arguments)


def at_once(first: Callable[[], S], second: Callable[[], T], rows: int) -> tuple[S, T]:
    """Results of two pieces of work that are free to run at the same time.

    Parameters
    ----------
    first, second
        Mostly compiled code that runs without the lock of the interpreter.
    rows
        How much there is to do.
    """
    if not two_threads(rows):
        return first(), second()
    other = beside(second)
    own = first()
    return own, (second() if other.cancel() else other.result())


def both(work: Callable[[int], T], rows: int) -> tuple[T, T]:
    """Results of `work` for halves 0 and 1, `at_once`."""
    return at_once(partial(work, 0), partial(work, 1), rows)
