"""Runs a study: its points in processes side by side or on a cluster, then the tables of them all."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cementflow.case import Case
from cementflow.crew.jobs import Failure, Job
from cementflow.crew.processes import Crew, processors
from cementflow.errors import CementflowError, InputError
from cementflow.files import write_text
from cementflow.runner import DEFAULT_PARENT
from cementflow.study.folder import alone_in, finished, room_for_tables, write_tables
from cementflow.study.on_dask import cluster_at, run_on_dask
from cementflow.study.points import Point
from cementflow.study.progress import StudyProgress
from cementflow.study.result import STATEMENT, StudyResult
from cementflow.study.rows import FAILED, INVALID
from cementflow.study.statement import Study, make_study

if TYPE_CHECKING:
    from distributed import Client


def run_study(
    study: Study,
    out: str | Path | None = None,
    jobs: int | None = None,
    resume: bool = False,
    scheduler: str | None = None,
    progress: bool = False,
    stop_asked: Callable[[], bool] = lambda: False,
    tell: Callable[[str], object] = lambda text: None,
) -> StudyResult:
    """Run all points of a study and write its tables.

    A point that fails is a row with its reason. The tables have the same bytes for any number of jobs, and after any
    interruption once the study was resumed to its end.

    Parameters
    ----------
    study
        What to run.
    out
        Folder to make, by default a free name below `runs`.
    jobs
        Runs at a time, by default one for each processor that this process may use.
    resume
        Go on in `out`: only what is missing or failed is run.
    scheduler
        Address of a Dask scheduler whose workers run the points in place of processes here.
    progress
        Whether to show progress on stderr.
    stop_asked
        Asked all the time; once it says so the runs at work are given up, and the rest is missing in the table.
    tell
        Called with what a user should know.

    Returns
    -------
    StudyResult
        The folder.

    Raises
    ------
    InputError
        If the folder or the number of jobs cannot be used.
    CementflowError
        If the scheduler cannot be reached, or the tables not be written.
    """
    if jobs is not None and jobs < 1:
        raise InputError(f"jobs must be at least 1, not {jobs}")
    if jobs is not None and scheduler is not None:
        raise InputError("jobs is for processes of this machine; on a cluster its workers' threads decide")
    with ExitStack() as stack:
        cluster = None if scheduler is None else stack.enter_context(cluster_at(scheduler))
        path = _folder(study, out, resume)
        hold = stack.enter_context(alone_in(path))
        runs = _Runs(study, path)
        try:
            with room_for_tables(path, len(study.points())):
                runs.go(jobs or processors(), hold, cluster, progress, stop_asked, tell)
        finally:
            _write_tables(path, study, runs, tell)
    return StudyResult(path)


def sweep(
    case: Case,
    factors: Mapping[str, object],
    out: str | Path | None = None,
    jobs: int | None = None,
    *,
    resume: bool = False,
    scheduler: str | None = None,
    progress: bool = False,
    tell: Callable[[str], object] = lambda text: None,
    **stated: Any,
) -> StudyResult:
    """Run a case at many points: `run_study` of `make_study`.

    Parameters
    ----------
    case
        The base case.
    factors
        What differs, by dotted key: a list of values, or a range or distribution as a table.
    out, jobs, resume, scheduler, progress, tell
        As in `run_study`.
    **stated
        As in `make_study`: `design`, `points`, `seed`, `uncertain`, `draws`, `follow`, `skip`, `then`, `title`.

    Returns
    -------
    StudyResult
        The folder; its columns are read by name, such as `study["leaked_ml.total"]`.

    Raises
    ------
    InputError
        With every problem found, or if the folder cannot be used.
    """
    study = make_study(case, factors, **stated)
    return run_study(study, out, jobs, resume, scheduler, progress, tell=tell)


def _write_tables(path: Path, study: Study, runs: _Runs, tell: Callable[[str], object]) -> None:
    try:
        write_tables(path, study, runs.over, runs.done, tell)
    except OSError as error:
        raise CementflowError(
            f"{path}: the tables could not be written: {error.strerror or error}\n  hint: what was run is kept; "
            f"make room, then: cementflow sweep --resume --out {path}"
        ) from error


class _Runs:
    """What is known of the runs of a study while they go on."""

    def __init__(self, study: Study, path: Path) -> None:
        self.over: dict[str, tuple[str, str]] = {}
        self.done: set[str] = set()
        self._title = study.title
        self._jobs: list[Job] = []
        for point in study.points():
            if point.case is None:
                self.over[point.name] = (INVALID, point.reason)
                continue
            job = Job(point.name, lean(point, point.case), path / point.name, lean=True)
            if finished(job):
                self.done.add(point.name)
            else:
                self._jobs.append(job)
        # Runs on one mesh one after another, as a process keeps the last few meshes only.
        meshes = list(dict.fromkeys(job.case.geometry for job in self._jobs))
        self._jobs.sort(key=lambda job: meshes.index(job.case.geometry))

    def go(
        self,
        jobs: int,
        hold: int,
        cluster: Client | None,
        progress: bool,
        stop_asked: Callable[[], bool],
        tell: Callable[[str], object],
    ) -> None:
        """Run what is not finished."""
        if not self._jobs:
            return
        bar = StudyProgress(self._title, len(self._jobs)) if progress else None

        def done(job: Job) -> None:
            self.done.add(job.name)
            if bar is not None:
                bar.advance()

        def say(job: str, text: str) -> None:
            # What runs say of themselves would be said hundreds of times.
            if not job:
                tell(text)

        def failed(failure: Failure) -> None:
            self.over[failure.job] = (INVALID if failure.input else FAILED, failure.text)
            if bar is not None:
                bar.advance(failed=True)

        try:
            if cluster is not None:
                run_on_dask(cluster, self._jobs, stop_asked, done, failed)
                return
            cases = [job.case for job in self._jobs]
            heat = any(c.physics.heat or c.ablation is not None for c in cases)
            kernels = (heat, any(c.veins is not None for c in cases))
            with Crew(min(jobs, len(cases)), steady=True, warm=kernels, hold=hold) as crew:
                crew.work(self._jobs, stop_asked, say, done, failed)
        finally:
            if bar is not None:
                bar.close()


def lean(point: Point, case: Case) -> Case:
    """The case of a point without fields and pictures, but for those that the point itself states."""
    stated = "output" in point.changes
    fields = case.output.fields and (stated or "output.fields" in point.changes)
    figures = case.output.figures and (stated or "output.figures" in point.changes)
    return dataclasses.replace(case, output=dataclasses.replace(case.output, fields=fields, figures=figures))


def _folder(study: Study, out: str | Path | None, resume: bool) -> Path:
    """The study's folder with its statement."""
    from cementflow.results.folder import RunFolder, free_folder

    path = Path(out) if out is not None else free_folder(_slug(study), DEFAULT_PARENT)
    stated, text = path / STATEMENT, study.to_toml()
    if not resume:
        RunFolder(path).create()
        write_text(stated, text)
    elif not stated.is_file():
        raise InputError(f"there is no study to go on with: it has no {STATEMENT}", str(path))
    else:
        there = ""
        with suppress(UnicodeDecodeError):
            there = stated.read_text(encoding="utf-8")
        if there != text:
            raise InputError(
                "another study was run here; go on without stating one, or start a new folder", str(path)
            )
    return path


def _slug(study: Study) -> str:
    source = study.source.removeprefix('preset "').removesuffix('"')
    words = "".join(c if c.isalnum() or c in "-_" else " " for c in Path(source).stem.lower()).split()
    return "-".join(words)[:60] or "study"
