"""Runs a case: prepares it, lets the observers watch the steps, and leaves a run folder."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cementflow.case import Case, digest, to_toml
from cementflow.errors import CaseError, InputError, RunFailed
from cementflow.result import Result, open_result
from cementflow.version import version

if TYPE_CHECKING:
    from cementflow.case.geometry import GeometrySpec
    from cementflow.fem.linear_solver import PressureSolver
    from cementflow.mesh.geometry import Geometry
    from cementflow.model import Model
    from cementflow.observers import Observer, Recorder
    from cementflow.results.checkpoint import Checkpoint
    from cementflow.results.folder import RunFolder
    from cementflow.timing import Stopwatch
    from cementflow.views.painting import Painters

DEFAULT_PARENT = Path("runs")
CHECKPOINT_EVERY = 10.0  # wall-clock seconds


def run(
    case: Case,
    out: str | Path | None = None,
    resume: bool = False,
    progress: bool = False,
    stop_asked: Callable[[], bool] = lambda: False,
    tell: Callable[[str], object] = lambda text: None,
    checkpoint_every: float = CHECKPOINT_EVERY,
    report: bool = True,
    build: Callable[[GeometrySpec, Path], Geometry] | None = None,
) -> Result:
    """Simulate a case and write its run folder.

    Parameters
    ----------
    case
        What to simulate.
    out
        Run folder to make; by default a free name below `runs`.
    resume
        Go on from the checkpoint in `out`; a finished run is returned as it is.
    progress
        Whether to show progress on stderr.
    stop_asked
        Asked after every step; the run ends there, resumable, once it says so.
    tell
        Called with each warning about the case, and with what else a user should know.
    checkpoint_every
        Wall-clock time between checkpoints [s]; infinite for none at all.
    report
        Whether to write `report.html`.
    build
        Makes the mesh in place of `mesh.geometry.build_geometry`, such as one that keeps what it made.

    Returns
    -------
    Result
        Of the run, whether it completed, was stopped by a rule or interrupted (`summary["status"]`).

    Raises
    ------
    InputError
        If the case, the mesh or the folder cannot be used; nothing is written then.
    RunFailed
        If the simulation cannot go on; what was reached is in the folder.
    """
    from cementflow.views.painting import Painters

    with ExitStack() as stack:
        # Before the rest is loaded, as that takes as long as getting ready to draw.
        painters = stack.enter_context(Painters()) if case.output.figures else None
        from cementflow.results.ablation import write_ablation
        from cementflow.results.folder import RunFolder, free_folder

        started = time.perf_counter()
        path = Path(out) if out is not None else free_folder(_slug(case), DEFAULT_PARENT)
        before = _to_resume(path, case) if resume else None
        if before is not None and before.step.finished:
            return open_result(path)
        folder = RunFolder(path)
        if not resume and path.exists():
            folder.create()  # says what is wrong
        expect = partial(painters.expect, path) if painters is not None else (lambda: None)
        job = _prepare(case, folder, before, checkpoint_every, tell, build, expect)
        stack.callback(job.recorder.close)
        if before is None:
            folder.create()
            _write_case(folder, case)
            if job.model.ablation is not None:
                write_ablation(folder, job.model.ablation)
        else:
            job.recorder.remove_interrupted()
        try:
            status, reason, failure = _loop(job, before, progress, stop_asked)
            _finish(job, Outcome(status, reason, started), painters, tell, report)
        except KeyboardInterrupt:
            tell(
                f"stopped at once; go on from the last checkpoint with: cementflow run --resume --out {path}"
            )
            raise
    if failure is not None:
        tell(f"what was reached before the failure is in {path}")
        raise failure
    return Result(path)


@dataclass(frozen=True, eq=False)
class Job:
    """A run and what it works with."""

    model: Model
    folder: RunFolder
    solver: PressureSolver
    watch: Stopwatch
    recorder: Recorder
    digest: str


@dataclass(frozen=True)
class Outcome:
    """How a run ended, and when it was started on the clock of `time.perf_counter`."""

    status: str
    reason: str
    started: float


def _prepare(
    case: Case,
    folder: RunFolder,
    before: Checkpoint | None,
    checkpoint_every: float,
    tell: Callable[[str], object],
    build: Callable[[GeometrySpec, Path], Geometry] | None,
    on_fields: Callable[[], None],
) -> Job:
    from cementflow.timing import Stopwatch

    watch = Stopwatch()
    if before is not None:
        phases = {name: spent for name, spent in before.seconds.items() if name != "total"}
        watch.seconds |= phases | {"total": sum(phases.values())}
    with watch.phase("compile"):
        from cementflow.mesh.geometry import build_geometry
        from cementflow.observers import Recorder
        from cementflow.warm_up import warm_up_telling

        warm_up_telling(tell, case.physics.heat or case.ablation is not None, case.veins is not None)
    with watch.phase("setup"):
        model = _ready(case, (build or build_geometry)(case.geometry, case.folder), tell)
        solver = model.problem.make_solver()
    code = digest(case)
    recorder = Recorder(folder, model, watch, code, checkpoint_every, before, on_fields)
    return Job(model, folder, solver, watch, recorder, code)


def _loop(
    job: Job, before: Checkpoint | None, progress: bool, stop_asked: Callable[[], bool]
) -> tuple[str, str, RunFailed | None]:
    """Status, reason and failure of the run."""
    from cementflow.flow.protocol import ALL_DONE, VOLUME_IN
    from cementflow.observers import Guard, Progress
    from cementflow.simulate import simulate

    bar = Progress(job.model) if progress else None
    watchers: list[Observer] = [Guard(job.model), job.recorder, *([bar] if bar is not None else [])]
    start = before.step if before is not None else None
    try:
        for step in simulate(job.model.problem, job.model.plan, job.solver, start, job.watch):
            for watcher in watchers:
                watcher.see(step)
            if not step.finished and stop_asked():
                return "interrupted", "asked to stop", None
    except RunFailed as failure:
        return "failed", str(failure), failure
    finally:
        if bar is not None:
            bar.close()
    return ("completed" if step.stopped in (VOLUME_IN, ALL_DONE) else "stopped"), step.stopped, None


def _finish(
    job: Job, outcome: Outcome, painters: Painters | None, tell: Callable[[str], object], report: bool
) -> None:
    """Write what is left to write, have the figures drawn, and the report of it all where one is wanted."""
    from cementflow.results.summary import costs
    from cementflow.views import write_report

    with job.watch.phase("output"):
        interrupted = outcome.status == "interrupted"
        job.recorder.finish(interrupted)
        # This takes a moment the first time, while the last files are written.
        found = _summary(job, outcome)
        job.recorder.wait()
        job.folder.write_summary(found)
        if not interrupted:
            job.recorder.save_checkpoint()  # while the figures are drawn
        drawing_mb = 0.0
        if painters is not None and outcome.status in ("completed", "stopped"):
            painted = painters.draw(job.folder.path)
            drawing_mb = painted.memory_mb
            for problem in painted.problems:
                # A run is not lost because a machine cannot draw.
                tell(f"the figures could not be drawn ({problem}); `cementflow view` tries again")
        job.recorder.wait()
        if report:
            write_report(job.folder.path)
    job.folder.write_summary(found | costs(*_taken(job, outcome, drawing_mb)))


def _summary(job: Job, outcome: Outcome) -> dict[str, Any]:
    from cementflow.results.summary import summarise

    recorder = job.recorder
    return summarise(
        job.model,
        recorder.last,
        recorder.rows,
        outcome.status,
        outcome.reason,
        *_taken(job, outcome),
        job.digest,
        version(),
    )


def _taken(job: Job, outcome: Outcome, drawing_mb: float = 0.0) -> tuple[dict[str, float], float]:
    """Seconds by phase, and memory [MB]."""
    from cementflow.results.memory import peak_memory_mb

    before = job.watch.seconds.get("total", 0.0)  # of the run that this one goes on from
    seconds = job.watch.seconds | {"total": before + time.perf_counter() - outcome.started}
    return seconds, peak_memory_mb() + drawing_mb


def _ready(case: Case, geometry: Geometry, tell: Callable[[str], object]) -> Model:
    from cementflow.check import checked_model

    model, findings = checked_model(case, geometry)
    errors = [f.text for f in findings if f.level == "error"]
    if errors or model is None:
        raise CaseError(errors, case.source)
    for finding in findings:
        if finding.level == "warning":
            tell(f"warning: {finding.text}")
    return model


def _to_resume(path: Path, case: Case) -> Checkpoint:
    from cementflow.results.checkpoint import read_checkpoint
    from cementflow.results.folder import RunFolder

    before = read_checkpoint(RunFolder(path))
    if before.digest != digest(case):
        raise InputError(
            "its checkpoint belongs to another case, another mesh file or another version of cementflow; "
            "start a new run folder",
            str(path),
        )
    return before


def _write_case(folder: RunFolder, case: Case) -> None:
    from cementflow.files import write_text

    write_text(folder.case, to_toml(case))


def _slug(case: Case) -> str:
    source = Path(case.source).stem if case.source else case.title
    words = "".join(c if c.isalnum() or c in "-_" else " " for c in source.lower()).split()
    return "-".join(words)[:60] or "run"
