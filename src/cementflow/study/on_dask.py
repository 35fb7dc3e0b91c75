"""A study on a Dask cluster: one task a point, on workers that see the study's folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from cementflow.crew.jobs import Failure, Job, run_task
from cementflow.errors import CementflowError, InputError
from cementflow.version import version

if TYPE_CHECKING:
    from distributed import Client

_LOOK = 0.5  # s


@contextmanager
def cluster_at(scheduler: str) -> Iterator[Client]:
    """Be a client of a scheduler.

    Parameters
    ----------
    scheduler
        Address, such as "tcp://10.0.0.1:8786".

    Raises
    ------
    InputError
        If dask is not installed.
    CementflowError
        If the scheduler cannot be reached.
    """
    try:
        from distributed import Client
    except ImportError as error:
        raise InputError('a scheduler needs Dask: pip install "cementflow[dask]"') from error
    try:
        client = Client(scheduler, timeout="20s")
    except (OSError, ValueError) as error:
        raise CementflowError(f"the Dask scheduler {scheduler} cannot be reached: {error}") from error
    with client:
        yield client


def run_on_dask(
    client: Client,
    jobs: Sequence[Job],
    stop_asked: Callable[[], bool],
    done: Callable[[Job], object],
    failed: Callable[[Failure], object],
) -> None:
    """Run jobs on the workers of a scheduler.

    A worker that is lost has its run given to another, as often as the scheduler's `allowed-failures` says; after that
    the run has failed and the others go on.

    Parameters
    ----------
    client
        Of the scheduler.
    jobs
        What to run; the workers write the run folders themselves.
    stop_asked
        Asked all the time; runs at work are then left.
    done, failed
        Called with each job or failure.

    Raises
    ------
    CementflowError
        If the scheduler goes away.
    """
    from distributed import CancelledError, wait

    waiting, asked = list(jobs)[::-1], dict[Any, Job]()
    try:
        while (waiting or asked) and not stop_asked():
            # No more than the workers have threads: Dask counts the loss of a worker against all that it was given.
            while waiting and len(asked) < max(1, sum(client.nthreads().values())):
                job = waiting.pop()
                asked[client.submit(alone, job.task(), version(), pure=False)] = job
            with suppress(TimeoutError):
                wait(list(asked), timeout=_LOOK, return_when="FIRST_COMPLETED")
            for future in [f for f in asked if f.done()]:
                _leave(asked.pop(future), future, done, failed)
    except CancelledError as error:
        raise CementflowError("the Dask scheduler has gone away") from error
    finally:
        client.cancel(list(asked), force=True)


def alone(task: dict[str, Any], wanted: str) -> dict[str, Any]:
    """`run_task` on one thread, as it is in the processes of a study on one machine, by the wanted version only."""
    import numba

    if version() != wanted:
        why = f"the Dask worker has cementflow {version()}, not {wanted}"
        return {"status": "", "error": why, "input": False}
    numba.set_num_threads(1)
    return run_task(task)


def _leave(job: Job, future: Any, done: Callable[[Job], object], failed: Callable[[Failure], object]) -> None:
    if future.status != "finished":
        error = future.exception()
        lost = getattr(error, "allowed_failures", None)
        why = (
            f"{type(error).__name__}: {error}"
            if lost is None
            else f"its Dask workers were lost, {lost + 1} in all"
        )
        failed(Failure(job.name, why, False))
        return
    answer = future.result()
    if answer["error"]:
        failed(Failure(job.name, answer["error"], answer["input"]))
    else:
        done(job)
