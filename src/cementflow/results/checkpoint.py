"""The exact state of a run, to go on from with the same bytes as if it had never stopped."""

from __future__ import annotations

import json
import zipfile
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cementflow.errors import InputError
from cementflow.files import replacing
from cementflow.flow.state import Flow, Fluxes, State
from cementflow.results.fields import Snapshot
from cementflow.results.folder import RunFolder
from cementflow.simulate import Counters, Event, Step


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """A run up to an accepted step.

    Parameters
    ----------
    step
        The last accepted step.
    rows
        Of the history so far.
    snapshots
        Fields written so far.
    seconds
        Wall-clock seconds by phase so far.
    digest
        Of the case; a restart with another case is refused.
    """

    step: Step
    rows: list[list[float]]
    snapshots: list[Snapshot]
    seconds: dict[str, float]
    digest: str


def write_checkpoint(
    folder: RunFolder,
    step: Step,
    rows: list[list[float]],
    snapshots: list[Snapshot],
    seconds: dict[str, float],
    digest: str,
) -> None:
    """Write `checkpoint.npz`."""
    arrays: dict[str, Any] = {"rows": np.array(rows), "first_leak": step.first_leak, "dt": step.dt}
    arrays |= {f"state.{f.name}": getattr(step.state, f.name) for f in fields(State)}
    arrays |= {f"flow.{f.name}": getattr(step.flow, f.name) for f in fields(Flow) if f.name != "fluxes"}
    arrays |= {f"fluxes.{f.name}": getattr(step.flow.fluxes, f.name) for f in fields(Fluxes)}
    words = {
        "digest": digest,
        "finished": step.finished,
        "counters": asdict(step.counters),
        "events": [asdict(e) for e in step.events],
        "snapshots": [asdict(s) for s in snapshots],
        "seconds": seconds,
    }
    with replacing(folder.checkpoint) as temporary, temporary.open("wb") as file:
        np.savez(file, words=np.array(json.dumps(words)), **arrays)


def read_checkpoint(folder: RunFolder) -> Checkpoint:
    """Read `checkpoint.npz`.

    Raises
    ------
    InputError
        If it is missing or damaged.
    """
    try:
        with folder.checkpoint.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
            data = {name: file[name] for name in file.files}
        return _checkpoint(data)
    except FileNotFoundError:
        raise InputError(
            "there is no checkpoint to resume from; start the run again in a new folder", str(folder.path)
        ) from None
    except (OSError, EOFError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        raise InputError(f"the checkpoint is damaged ({error})", str(folder.checkpoint)) from error


def _checkpoint(data: dict[str, NDArray[Any]]) -> Checkpoint:
    words = json.loads(str(data["words"]))
    fluxes = Fluxes(**{f.name: _value(data[f"fluxes.{f.name}"]) for f in fields(Fluxes)})
    flow = {f.name: _value(data[f"flow.{f.name}"]) for f in fields(Flow) if f.name != "fluxes"}
    step = Step(
        state=State(**{f.name: _value(data[f"state.{f.name}"]) for f in fields(State)}),
        flow=Flow(**flow, fluxes=fluxes),
        dt=float(data["dt"]),
        counters=Counters(**words["counters"]),
        first_leak=data["first_leak"],
        events=tuple(Event(**e) for e in words["events"]),
        finished=words["finished"],
    )
    return Checkpoint(
        step=step,
        rows=data["rows"].tolist(),
        snapshots=[Snapshot(**s) for s in words["snapshots"]],
        seconds=words["seconds"],
        digest=words["digest"],
    )


def _value(array: NDArray[Any]) -> Any:
    """Scalars come back as Python numbers, arrays as they are."""
    return array.item() if array.ndim == 0 else array
