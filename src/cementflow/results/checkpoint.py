"""The exact state of a run, to go on from with the same bytes as if it had never stopped."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields, is_dataclass
from typing import Any, get_type_hints

import numpy as np
from numpy.typing import NDArray

from cementflow.errors import InputError
from cementflow.files import replacing
from cementflow.flow.course import Counters, Event, Step
from cementflow.flow.stage import Ended
from cementflow.results.fields import Snapshot
from cementflow.results.folder import RunFolder

# Parts of a step that are stored field by field, those of dataclasses inside them too.
PARTS = ("state", "flow", "rate_slope", "rest", "watched", "progress", "during")


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
    for part in PARTS:
        arrays |= dict(_flat(part, getattr(step, part)))
    words = {
        "digest": digest,
        "finished": step.finished,
        "stopped": step.stopped,
        "counters": asdict(step.counters),
        "events": [asdict(e) for e in step.events],
        "ended": [asdict(e) for e in step.ended],
        "snapshots": [asdict(s) for s in snapshots],
        "seconds": seconds,
    }
    with replacing(folder.checkpoint) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        for name, values in ({"words": json.dumps(words)} | arrays).items():
            _put(archive, name, np.asarray(values, order="C"))


def _put(archive: zipfile.ZipFile, name: str, values: NDArray[Any]) -> None:
    """An array as `numpy.savez` has it, which would copy up to 16 MB of it on the way."""
    with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
        np.lib.format.write_array_header_1_0(member, np.lib.format.header_data_from_array_1_0(values))
        member.write(values.reshape(-1).view(np.uint8).data)


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
    kinds = get_type_hints(Step)
    step = Step(
        **{part: _built(kinds[part], part, data) for part in PARTS},
        dt=float(data["dt"]),
        counters=Counters(**words["counters"]),
        first_leak=data["first_leak"],
        events=tuple(Event(**e) for e in words["events"]),
        ended=tuple(Ended(**e) for e in words["ended"]),
        stopped=words["stopped"],
        finished=words["finished"],
    )
    return Checkpoint(
        step=step,
        rows=data["rows"].tolist(),
        snapshots=[Snapshot(**s) for s in words["snapshots"]],
        seconds=words["seconds"],
        digest=words["digest"],
    )


def _flat(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Names and values of everything inside a dataclass; the name of a value is the path to it."""
    if not is_dataclass(value):
        yield name, value
        return
    for field in fields(value):
        yield from _flat(f"{name}.{field.name}", getattr(value, field.name))


def _built(kind: Any, name: str, data: dict[str, NDArray[Any]]) -> Any:
    """What `_flat` took apart; scalars come back as Python numbers, arrays as they are."""
    if is_dataclass(kind):
        hints = get_type_hints(kind)
        return kind(**{f.name: _built(hints[f.name], f"{name}.{f.name}", data) for f in fields(kind)})  # type: ignore[operator]
    array = data[name]
    return array.item() if array.ndim == 0 else array
