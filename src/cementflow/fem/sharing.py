"""Work in two halves, shared by two threads.

What a half adds up is its own, and the two are put together in one order, so that the result is the same to the last
bit whoever did which. The second half is done by whoever comes to it first: on a busy machine that is the one thread
that there is, and nobody waits for a thread that has not begun.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from numba import get_num_threads, types
from numba.core import cgutils
from numba.extending import intrinsic

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


def both(work: Callable[[int], T], rows: int) -> tuple[T, T]:
    """Results of `work` for halves 0 and 1, which are free to run at the same time.

    Parameters
    ----------
    work
        Mostly compiled code that runs without the lock of the interpreter.
    rows
        How much there is to do.
    """
    if not two_threads(rows):
        return work(0), work(1)
    other = beside(work, 1)
    first = work(0)
    return first, (work(1) if other.cancel() else other.result())


def _place(context: Any, builder: Any, array_type: Any, array: Any, index: Any) -> Any:
    view = context.make_array(array_type)(context, builder, array)
    return cgutils.get_item_pointer(context, builder, array_type, view, [index], wraparound=False)


@intrinsic
def read(typing_context, array, index):
    """An entry of an int64 array that another thread may write at any time."""

    def code(context, builder, signature, arguments):
        place = _place(context, builder, signature.args[0], *arguments)
        return builder.load_atomic(place, "acquire", 8)

    return types.int64(array, types.intp), code


@intrinsic
def write(typing_context, array, index, value):
    """Set an entry; whoever reads it sees what was written before it."""

    def code(context, builder, signature, arguments):
        place = _place(context, builder, signature.args[0], *arguments[:2])
        builder.store_atomic(arguments[2], place, "release", 8)
        return context.get_dummy_value()

    return types.void(array, types.intp, types.int64), code


@intrinsic
def take(typing_context, array, index, old, new):
    """Set an entry to `new` if it is `old`; whether it was, which is so for one thread only."""

    def code(context, builder, signature, arguments):
        place = _place(context, builder, signature.args[0], *arguments[:2])
        found = builder.cmpxchg(place, arguments[2], arguments[3], "acq_rel", "acquire")
        return builder.extract_value(found, 1)

    return types.boolean(array, types.intp, types.int64, types.int64), code


# Lets another thread run that waits for the same processor: threads that wait in turn may well share one.
give_way = types.ExternalFunction(
    "SwitchToThread" if sys.platform == "win32" else "sched_yield", types.int32()
)
