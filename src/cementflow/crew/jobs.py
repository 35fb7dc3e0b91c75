"""What a process is asked to run, and how that is done inside it."""

from __future__ import annotations

import shutil
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cementflow.case import Case, read_case, to_toml
from cementflow.errors import CementflowError, InputError
from cementflow.results.seal import write_seal
from cementflow.runner import CHECKPOINT_EVERY, run

if TYPE_CHECKING:
    from cementflow.case.geometry import GeometrySpec
    from cementflow.mesh.geometry import Geometry

KEPT_GEOMETRIES = 4


@dataclass(frozen=True)
class Job:
    """A case and the run folder that it is for.

    Parameters
    ----------
    name
        For messages.
    case
        What to run.
    out
        Run folder; gone on with if it has a checkpoint, unless the job is lean.
    lean
        Whether it is one of many: what the folder holds is removed and run anew, without checkpoints and report, on a
        mesh that is kept for the next run of its process; its files are sealed at the end.
    """

    name: str
    case: Case
    out: Path
    lean: bool = False

    def task(self) -> dict[str, Any]:
        """The same as plain texts and switches."""
        return {
            "toml": to_toml(self.case),
            "source": self.case.source,
            "folder": str(self.case.folder),
            "out": str(self.out.absolute()),
            "lean": self.lean,
            "resume": not self.lean and (self.out / "checkpoint.npz").is_file(),
        }


@dataclass(frozen=True)
class Failure:
    """A job that did not end as it should, why, and whether that was the input."""

    job: str
    text: str
    input: bool


def run_task(
    task: dict[str, Any],
    stop_asked: Callable[[], bool] = lambda: False,
    tell: Callable[[str], object] = lambda text: None,
) -> dict[str, Any]:
    """Run a task of a `Job` and say what came of it; raises nothing that a user could do something about.

    Returns
    -------
    dict
        `status` of the run ("" if it failed), `error`, empty if there was none, and whether it was the input that was
        wrong (`input`).
    """
    lean = task["lean"]
    try:
        case = read_case(tomllib.loads(task["toml"]), task["source"], task["folder"])
        out = Path(task["out"])
        if lean:
            _remove(out)
        result = run(
            case,
            out,
            resume=task["resume"],
            stop_asked=stop_asked,
            tell=tell,
            report=not lean,
            checkpoint_every=inf if lean else CHECKPOINT_EVERY,
            build=kept_geometry if lean else None,
        )
        if lean:
            write_seal(out)
    except InputError as error:
        return _failed("; ".join(error.problems) if lean else str(error), True)
    except CementflowError as error:
        return _failed(str(error))
    except MemoryError:
        return _failed("out of memory; a larger geometry.edge_length makes a smaller mesh")
    except OSError as error:
        why = error.strerror or str(error)
        # Names of temporary files differ from time to time, which the table of a study must not.
        return _failed(
            f"a file could not be written or read: {why}" if lean else f"{error.filename or 'a file'}: {why}"
        )
    except Exception as error:
        if not lean:
            raise
        return _failed(f"{type(error).__name__}: {error}")
    return {"status": result.summary["status"], "error": "", "input": False}


def kept_geometry(spec: GeometrySpec, folder: Path | str) -> Geometry:
    """The mesh that a case asks for, made once for all the runs of this process that state the same."""
    files = (Path(folder) / f for f in spec.files if f is not None)
    return _geometry(spec, str(folder), tuple(f.stat().st_mtime_ns for f in files if f.is_file()))


@lru_cache(maxsize=KEPT_GEOMETRIES)
def _geometry(spec: GeometrySpec, folder: str, _changed: tuple[int, ...]) -> Geometry:
    from cementflow.mesh.geometry import build_geometry

    return build_geometry(spec, folder)


def _remove(out: Path) -> None:
    if out.is_dir() and not out.is_symlink():
        shutil.rmtree(out)
    else:
        out.unlink(missing_ok=True)


def _failed(why: str, by_input: bool = False) -> dict[str, Any]:
    return {"status": "", "error": why, "input": by_input}
