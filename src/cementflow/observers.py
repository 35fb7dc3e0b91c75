"""What watches a run: progress on the screen, the history, fields at their times, and checkpoints."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any, Protocol, TextIO

import numpy as np

from cementflow.errors import RunFailed
from cementflow.flow.carried import heat_imbalance
from cementflow.flow.course import Step
from cementflow.model import Model
from cementflow.results.checkpoint import Checkpoint, write_checkpoint
from cementflow.results.fields import FieldFiles, Snapshot, write_collection
from cementflow.results.folder import RunFolder
from cementflow.results.numbers import ML
from cementflow.results.summary import history_columns, history_row
from cementflow.results.writer import BackgroundWriter
from cementflow.timing import Stopwatch

LARGEST_BALANCE_ERROR = 1e-6
LARGEST_HEAT_IMBALANCE = 1e-4
SATURATION_SLACK = 1e-4
LARGEST_PRESSURE = 1e9  # Pa; steel yields
INTERRUPTED = "interrupted"


class Observer(Protocol):
    """Sees every accepted step."""

    def see(self, step: Step) -> None:
        """Called once a step, the initial one included."""
        ...


class Guard:
    """Fails the run when cement or heat is lost or made, a saturation leaves its range, or a pressure every bound.

    Parameters
    ----------
    model
        The run.
    """

    def __init__(self, model: Model) -> None:
        self._model = model

    def see(self, step: Step) -> None:
        """Check one step.

        Raises
        ------
        RunFailed
            Saying what is out of balance or range.
        """
        state = step.state
        error = state.balance_error(self._model.problem)
        if not error <= LARGEST_BALANCE_ERROR:
            raise RunFailed(f"the cement balance is open by {error:.1e} of the injected volume", state.time)
        heat = heat_imbalance(self._model.problem, state)
        if not heat <= LARGEST_HEAT_IMBALANCE:
            raise RunFailed(f"the heat balance is open by {heat:.1e} of all heat turned over", state.time)
        low, high = float(state.saturation.min()), float(state.saturation.max())
        if not (low >= -SATURATION_SLACK and high <= 1.0 + SATURATION_SLACK):
            raise RunFailed(f"saturations left their range: {low:.4g} to {high:.4g}", state.time)
        if not np.isfinite(step.flow.pressure).all():
            raise RunFailed("a pressure is not finite", state.time)
        if step.flow.syringe_pressure > LARGEST_PRESSURE:
            raise RunFailed(
                f"the syringe would need {step.flow.syringe_pressure * 1e-9:.3g} GPa, which nothing stands",
                state.time,
                "state injection.max_pressure: then the flow rate gives way instead",
            )


class Recorder:
    """Keeps the history and has fields and checkpoints written into the run folder while the run goes on.

    What a file holds is settled when it is asked for, not when it is written.

    Parameters
    ----------
    folder, model, watch, digest
        Of the run.
    checkpoint_every
        Wall-clock time between checkpoints [s]; the first is written with the first step, none if it is infinite.
    before
        Checkpoint that the run goes on from.
    on_fields
        Called once the first fields of this recorder are in the folder.
    """

    def __init__(
        self,
        folder: RunFolder,
        model: Model,
        watch: Stopwatch,
        digest: str,
        checkpoint_every: float,
        before: Checkpoint | None = None,
        on_fields: Callable[[], object] = lambda: None,
    ) -> None:
        self._folder, self._model, self._watch, self._digest = folder, model, watch, digest
        self.rows = before.rows if before is not None else []
        self.snapshots = before.snapshots if before is not None else []
        self.last = before.step if before is not None else None
        self._every = checkpoint_every
        self._files = FieldFiles(folder, model)
        self._writer = BackgroundWriter()
        self._on_fields: Callable[[], object] | None = on_fields
        self._leaked = False
        self._saved = -np.inf if before is None else time.monotonic()

    def see(self, step: Step) -> None:
        """Record one step."""
        self.last = step
        self.rows.append(history_row(self._model, step))
        if not self._leaked and step.state.leaked.any():
            # The summary says who would see it, and the pictures wait for the summary.
            self._writer.submit(self._model.watch.make_views)
            self._leaked = True
        with self._watch.phase("output"):
            times = self._model.plan.output_times
            due = (
                not self.rows[1:]
                or step.finished
                or any(abs(step.state.time - t) <= 1e-9 * max(t, 1.0) for t in times)
            )
            if due and self._model.case.output.fields:
                self._snapshot(step)
            if time.monotonic() - self._saved > self._every:
                self.save()

    def save(self) -> None:
        """Have history and checkpoint written up to the last step."""
        self._submit_history()
        self.save_checkpoint()

    def save_checkpoint(self) -> None:
        """Have a checkpoint of the last step written, where any are wanted."""
        rows, snapshots, seconds = list(self.rows), list(self.snapshots), dict(self._watch.seconds)
        step = self.last
        if step is not None and self._every < np.inf:
            self._writer.submit(
                lambda: write_checkpoint(self._folder, step, rows, snapshots, seconds, self._digest)
            )
        self._saved = time.monotonic()

    def finish(self, interrupted: bool) -> None:
        """Have all written that a reader of the folder looks for; `wait` returns when it is there.

        Parameters
        ----------
        interrupted
            Whether to write a checkpoint, and the fields of this moment too; a resumed run takes them out again.
        """
        if not interrupted:
            self._submit_history()
            return
        self.save()  # before all else, as the run is to go on from it
        if self._model.case.output.fields and self.last is not None:
            now = Snapshot(self.last.state.time, INTERRUPTED)
            self._write_fields(self.last, INTERRUPTED, [*self.snapshots, now])

    def _submit_history(self) -> None:
        rows = list(self.rows)
        self._writer.submit(lambda: self._folder.write_history(history_columns(self._model), rows))

    def wait(self) -> None:
        """Return when all files are there."""
        self._writer.wait()

    def close(self) -> None:
        """Write nothing more."""
        self._writer.close()

    def remove_interrupted(self) -> None:
        """Take the fields of an interruption out again, when a resumed run starts."""
        if self._folder.fields(INTERRUPTED).exists():
            write_collection(self._folder, self.snapshots)
            self._folder.fields(INTERRUPTED).unlink()
            self._folder.veins(INTERRUPTED).unlink(missing_ok=True)

    def _snapshot(self, step: Step) -> None:
        name = f"fields_{len(self.snapshots):04d}"
        self.snapshots.append(Snapshot(step.state.time, name))
        self._write_fields(step, name, list(self.snapshots))

    def _write_fields(self, step: Step, name: str, snapshots: list[Snapshot]) -> None:
        def write() -> None:
            self._files.write(step, name)
            write_collection(self._folder, snapshots)
            if self._on_fields is not None:
                self._on_fields()
                self._on_fields = None

        self._writer.submit(write)


class Progress:
    """A bar on a terminal, a line now and then elsewhere: time, injected and leaked mL, tip pressure, time to go.

    Parameters
    ----------
    model
        The run.
    stream
        Where to write.
    """

    def __init__(self, model: Model, stream: TextIO | None = None) -> None:
        from tqdm import tqdm

        self._stream = stream or sys.stderr
        self._total = model.problem.drive.volume * ML
        self._live = self._stream.isatty()
        self._shown: float | None = None
        self._next_line = 0.0
        print(model.case.title or "untitled case", file=self._stream, flush=True)
        self._bar: Any = tqdm(
            total=round(self._total, 6),
            file=self._stream,
            disable=not self._live,
            bar_format="{desc} {percentage:3.0f}%|{bar}| {remaining} left",
            dynamic_ncols=True,
        )

    def see(self, step: Step) -> None:
        """Show one step."""
        state = step.state
        injected = state.injected * ML
        text = (
            f"{state.time:6.1f} s  {injected:.2f}/{self._total:g} mL  leaked {state.leaked.sum() * ML:.3f} mL  "
            f"tip {step.flow.tip_pressure * 1e-3:.1f} kPa"
        )
        if self._live:
            self._bar.set_description_str(text, refresh=False)
            if self._shown is None:
                # What a resumed run brings along took none of its time.
                self._bar.initial = self._bar.n = round(injected, 6)
            self._bar.update(round(injected, 6) - self._bar.n)
            self._shown = injected
        elif injected >= self._next_line or step.finished:
            print(text, file=self._stream, flush=True)
            while self._next_line <= injected:
                self._next_line += 0.1 * self._total

    def close(self) -> None:
        """Leave the bar as it is and end its line."""
        self._bar.close()
