"""Runs a series: its levels and what-ifs in processes side by side, then the summary and the report of them all."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

from cementflow.crew.jobs import Job
from cementflow.crew.processes import Crew
from cementflow.errors import CementflowError, InputError
from cementflow.files import write_text
from cementflow.runner import DEFAULT_PARENT
from cementflow.series.page import write_page
from cementflow.series.read import Series
from cementflow.series.result import SeriesResult
from cementflow.series.summary import summarise_series

PROCESSES = 2


def run_series(
    series: Series,
    out: str | Path | None = None,
    resume: bool = False,
    progress: bool = False,
    stop_asked: Callable[[], bool] = lambda: False,
    tell: Callable[[str], object] = lambda text: None,
    processes: int = PROCESSES,
) -> SeriesResult:
    """Run all levels of a series, and all of them with each what-if.

    Parameters
    ----------
    series
        What to run.
    out
        Folder to make, by default a free name below `runs`.
    resume
        Go on in `out`: runs that are finished are left as they are.
    progress
        Whether to tell of each run that is done.
    stop_asked
        Asked all the time; once it says so the runs at work end after their step, to be gone on with.
    tell
        Called with what a user should know.
    processes
        Runs at a time.

    Returns
    -------
    SeriesResult
        Whether it was completed or interrupted (`summary["status"]`).

    Raises
    ------
    InputError
        If the folder or a case cannot be used.
    CementflowError
        If a run failed; the others are in the folder.
    """
    from cementflow.results.folder import RunFolder, free_folder

    path = Path(out) if out is not None else free_folder(_slug(series), DEFAULT_PARENT)
    result = SeriesResult(path)
    if resume:
        _same(series, result)
    else:
        RunFolder(path).create()
        write_text(result.stated, series.to_toml())
    jobs, finished, told = _jobs(series, result), list[Job](), set[str]()

    def say(job: str, text: str) -> None:
        # What is said of a level would be said again of each of its what-ifs, and often of each level.
        if text not in told:
            told.add(text)
            tell(f"{job}: {text}")

    def done(job: Job) -> None:
        finished.append(job)
        if progress:
            tell(f"{job.name} is done ({len(finished)} of {len(jobs)})")

    for job in jobs:
        _clear(job)
    with Crew(processes) as crew:
        failures = crew.work(jobs, stop_asked, say, done)
    if any(f.input for f in failures):
        raise InputError([f"{f.job}: {f.text}" for f in failures if f.input], series.source)
    status = "failed" if failures else "interrupted" if len(finished) < len(jobs) else "completed"
    summary = summarise_series(series, result, status)
    write_text(path / "summary.json", json.dumps(summary, indent=2, allow_nan=False) + "\n")
    write_page(result)
    if failures:
        raise CementflowError(
            "\n".join(f"{f.job}: {f.text}" for f in failures) + f"\n  the other runs are in {path}"
        )
    return result


def _jobs(series: Series, result: SeriesResult) -> list[Job]:
    """The levels, then each what-if level by level."""
    jobs = [Job(level.name, level.case, result.folder(level.name)) for level in series.levels]
    for what_if in series.what_ifs:
        for level, case in zip(series.levels, what_if.cases, strict=True):
            out = result.folder(level.name, what_if.name)
            jobs.append(Job(f"{what_if.name}, {level.name}", case, out))
    return jobs


def _clear(job: Job) -> None:
    """Remove what a run left that was killed before its first step."""
    if job.out.is_dir() and not (job.out / "checkpoint.npz").is_file():
        shutil.rmtree(job.out)


def _same(series: Series, result: SeriesResult) -> None:
    if not result.stated.is_file():
        raise InputError("there is no series to go on with: it has no series.toml", str(result.path))
    if result.stated.read_text(encoding="utf-8") != series.to_toml():
        raise InputError(
            "another series was run here; go on without stating one, or start a new folder", str(result.path)
        )


def _slug(series: Series) -> str:
    source = series.source.removeprefix('preset "').removesuffix('"')
    words = "".join(c if c.isalnum() or c in "-_" else " " for c in Path(source).stem.lower()).split()
    return "-".join(words)[:60] or "series"
