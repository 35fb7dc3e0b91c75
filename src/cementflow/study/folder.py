"""A study's folder from the inside: which runs are finished, what they say, and the tables made of that."""

from __future__ import annotations

import fcntl
import json
import os
import time
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cementflow.case import digest
from cementflow.crew.jobs import Job
from cementflow.errors import InputError
from cementflow.files import write_text
from cementflow.results.seal import damage
from cementflow.study.parquet import unit_of, write_parquet
from cementflow.study.points import Cell, Point
from cementflow.study.rows import FAILED, MISSING, make_table, results_of, timings_of
from cementflow.study.statement import Study
from cementflow.study.table import DONE, POINT, Table, write_csv
from cementflow.version import version

PATIENCE = 10.0  # s; the last runs of a study that was killed end within
ROOM = ".room-for-tables"
ROOM_AT_LEAST, ROOM_A_POINT = (
    500_000,
    12_000,
)  # bytes; with a tree of veins a row of all tables takes some 8 kB


@contextmanager
def alone_in(path: Path) -> Iterator[int]:
    """Hold a folder for one study at a time; the lock lasts as long as any process that has the file open.

    Raises
    ------
    InputError
        If another study is at work in it.
    """
    handle = os.open(path, os.O_RDONLY)
    try:
        until = time.monotonic() + PATIENCE
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > until:
                    raise InputError("another process is at work on this study", str(path)) from None
                time.sleep(0.1)
        yield handle
    finally:
        os.close(handle)


@contextmanager
def room_for_tables(path: Path, points: int) -> Iterator[None]:
    """Keep the room on the disk that the tables will take, which full it could not hold.

    Raises
    ------
    InputError
        If there is no such room.
    """
    kept = path / ROOM
    try:
        try:
            with open(kept, "wb") as stream:
                if hasattr(os, "posix_fallocate"):  # not on macOS, where a full disk may take the tables too
                    os.posix_fallocate(stream.fileno(), 0, ROOM_AT_LEAST + points * ROOM_A_POINT)
        except OSError as error:
            raise InputError(f"there is no room for the tables: {error.strerror}", str(path)) from error
        yield
    finally:
        kept.unlink(missing_ok=True)


def finished(job: Job) -> bool:
    """Whether a run folder holds the whole run of this very case, with nothing damaged.

    Raises
    ------
    InputError
        If another version of cementflow made it, as the table would mix the two.
    """
    try:
        summary = json.loads((job.out / "summary.json").read_text(encoding="utf-8"))
        whole = summary["status"] in DONE and summary["digest"] == digest(job.case)
        made_by = summary["version"]
    except (OSError, ValueError, TypeError, KeyError):
        return False
    if not whole or damage(job.out):
        return False
    if made_by != version():
        raise InputError(
            f"run {job.name} is of cementflow {made_by}, and this is {version()}: go on with that one, or start a new "
            "folder",
            str(job.out.parent),
        )
    return True


def write_tables(
    path: Path,
    study: Study,
    over: Mapping[str, tuple[str, str]],
    done: set[str],
    tell: Callable[[str], object],
) -> Table:
    """Write `table.csv`, `table.parquet`, `timings.csv` and `study.json`.

    Parameters
    ----------
    path
        The study's folder.
    study
        What was run.
    over
        Status and reason by name of the points that have no run to show.
    done
        Names of the points whose run is finished.
    tell
        Called where a table could not be written.
    """
    points = study.points()
    outcomes: dict[str, tuple[str, str, Mapping[str, Cell]]] = {}
    timings: dict[str, dict[str, Cell]] = {}
    for point in points:
        status, reason = over.get(point.name, (MISSING, ""))
        found: Mapping[str, Cell] = {}
        if point.name in done and (found_damage := damage(path / point.name)):
            status, reason = FAILED, f"its folder was damaged after the run: {found_damage}"
        elif point.name in done:
            summary = json.loads((path / point.name / "summary.json").read_text(encoding="utf-8"))
            status, reason, found = summary["status"], "", results_of(summary)
            timings[point.name] = timings_of(summary)
        outcomes[point.name] = (status, reason, found)
    table = make_table(points, outcomes)
    write_csv(path / "table.csv", table.names, table.rows)
    _write_timings(path, points, timings)
    said = provenance(study, table)
    write_text(path / "study.json", json.dumps(said, indent=2) + "\n")
    try:
        write_parquet(path / "table.parquet", table, said)
    except InputError as error:
        (path / "table.parquet").unlink(missing_ok=True)  # an older one would say something else
        tell(f"the table is in table.csv only: {error}")
    return table


def provenance(study: Study, table: Table) -> dict[str, Any]:
    """Where a table comes from, and the units of its columns."""
    return {
        "version": version(),
        "title": study.title,
        "digest_of_base": digest(study.base),
        "seeds": dict(_seeds(tomllib.loads(study.to_toml()))),
        "points": len(table.rows),
        "units": {name: unit for name in table.names if (unit := unit_of(name))},
    }


def _seeds(stated: Mapping[str, Any], head: str = "") -> Iterator[tuple[str, Any]]:
    """Every number called `seed` in nested tables, by dotted key."""
    for key, value in stated.items():
        if isinstance(value, Mapping):
            yield from _seeds(value, f"{head}{key}.")
        elif key == "seed":
            yield head + key, value


def _write_timings(path: Path, points: Sequence[Point], timings: Mapping[str, Mapping[str, Cell]]) -> None:
    names = tuple(dict.fromkeys(n for t in timings.values() for n in t))
    rows = [(p.name, *(timings.get(p.name, {}).get(n) for n in names)) for p in points]
    write_csv(path / "timings.csv", (POINT, *names), rows)
