"""Other codes on benchmark A1, each run in turn with cementflow: ratios of the same minutes on the same machine."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from cementflow.bench.cases import box
from cementflow.bench.measure import Outcome, median, run_case
from cementflow.bench.section import Section, percent
from cementflow.bench.sharp_front import SIDE, mean_ball_pressure
from cementflow.errors import InputError

# Mean edge of a body-centred lattice over the side of its cubes.
MEAN_EDGE = (3.0 + 2.0 * 3.0**0.5) / 7.0
# Dot products of BLAS on two threads spin while anything else runs, and are of no use at this size.
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


@dataclass(frozen=True)
class Peer:
    """Another code.

    Parameters
    ----------
    label
        Its name.
    script
        In the folder of the peers; called with the number of cells along the cube.
    install
        The public command.
    variables
        For its process.
    """

    label: str
    script: str
    install: str
    variables: dict[str, str] = field(default_factory=dict)


PEERS = {
    "opm": Peer("OPM Flow", "opm_flow.py", "apt-get install libopm-simulators-bin"),
    "skfem": Peer("scikit-fem + pyamg", "skfem_a1.py", "pip install scikit-fem pyamg", ONE_THREAD),
    "ngsolve": Peer("NGSolve", "ngsolve_a1.py", "pip install ngsolve scipy", ONE_THREAD),
}


@dataclass(frozen=True)
class Beside:
    """cementflow in turn with a code.

    Parameters
    ----------
    words
        What is the same.
    outcome
        Median.
    ratio
        Median of the seconds of the code over those of the run of cementflow beside it.
    """

    words: str
    outcome: Outcome
    ratio: float


@dataclass(frozen=True)
class Comparison:
    """A code beside cementflow on A1 at one resolution.

    Parameters
    ----------
    label, cells
        The code, and cells along the cube.
    found
        What its script printed last.
    seconds
        Median.
    errors
        Of the pressure at 10/20/30 s, relative to the sharp front.
    ours
        cementflow with as many control volumes as the code has cells, and at the same spacing.
    missing
        Why there are no numbers.
    """

    label: str
    cells: int
    found: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0
    errors: tuple[float, ...] = ()
    ours: tuple[Beside, ...] = ()
    missing: str = ""

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def peers_folder() -> Path:
    """Folder of the scripts: in the package where it is installed, in `benchmarks` of a checkout.

    Raises
    ------
    InputError
        If there is neither.
    """
    installed, checkout = Path(__file__).parent / "peers", Path(__file__).parents[3] / "benchmarks/peers"
    for folder in (installed, checkout):
        if folder.is_dir():
            return folder
    raise InputError("--peers needs the folder benchmarks/peers of the source distribution")


def compare_peers(
    names: Sequence[str],
    cells: Sequence[int],
    pythons: Sequence[str],
    repeat: int,
    tell: Callable[[str], object],
    folder: Path | None = None,
) -> list[Comparison]:
    """Run each code and cementflow alternately.

    Parameters
    ----------
    names
        Of `PEERS`.
    cells
        Along the cube; cementflow gets one mesh of as many control volumes, and one with edges of that length.
    pythons
        Interpreters to look for Python packages in.
    repeat
        How often.
    tell
        Called before each run.
    folder
        Of the scripts.

    Raises
    ------
    InputError
        For an unknown name.
    """
    unknown = [name for name in names if name not in PEERS]
    if unknown:
        raise InputError(f"--peers: there is no {', '.join(unknown)}; there are {', '.join(PEERS)}")
    folder = folder or peers_folder()
    return [_compare(PEERS[name], n, folder, pythons, repeat, tell) for n in cells for name in names]


def section(comparisons: Sequence[Comparison], repeat: int) -> Section:
    """As a table."""
    head = (
        "code",
        "cells",
        "unknowns",
        "steps",
        "solves",
        "iterations",
        "seconds",
        "ratio",
        "pressure error [%]",
    )
    rows: list[tuple[str, ...]] = []
    for c in comparisons:
        if not c.ours:
            continue
        counts = [str(c.found.get(k, "-")) for k in ("unknowns", "steps", "solves", "iterations")]
        rows.append((c.label, f"{c.cells}^3", *counts, f"{c.seconds:.1f}", "1", percent(c.errors)))
        for beside in c.ours:
            o = beside.outcome
            mine = (str(o.vertices), str(o.steps), str(o.solves), str(o.iterations))
            rows.append(
                (
                    f"cementflow, {beside.words}",
                    f"{o.edge:g} mm",
                    *mine,
                    f"{o.seconds['total']:.2f}",
                    f"1/{beside.ratio:.1f}",
                    percent(o.pressure_errors),
                )
            )
    notes = [
        f"Benchmark A1, {repeat} run{'s' * (repeat > 1)} each, in turn with cementflow: once with at least as many "
        "control volumes as the code has cells, once with a mean edge as long as a cell. Ratio of the whole runs, "
        "imports and kernel loading of Python codes left out. What does not match is in benchmarks/peers/README.md."
    ]
    versions = dict.fromkeys(str(c.found["version"]) for c in comparisons if "version" in c.found)
    notes += [f"with {', '.join(versions)}"] if versions else []
    notes += [f"not measured: {c.label} ({c.missing})" for c in comparisons if c.missing]
    return Section("Peers", head if rows else (), rows, notes)


def _compare(
    peer: Peer, cells: int, folder: Path, pythons: Sequence[str], repeat: int, tell: Callable[[str], object]
) -> Comparison:
    python, found, missing = "", {}, ""
    for candidate in pythons:
        tell(f"{peer.label}, {cells}^3 cells")
        found = _run_script(peer, folder, candidate, cells)
        if "missing" not in found:
            python = candidate
            break
        missing = missing or found["missing"]
    if not python:
        return Comparison(peer.label, cells, missing=f"{missing}; {peer.install}")
    edges = edge_of_as_many(cells**3), round(1e3 * SIDE / cells, 4)
    theirs, ours = [found], []
    for i in range(repeat):
        tell(f"cementflow, A1 at {edges[0]:g} and {edges[1]:g} mm")
        ours.append([run_case(box("A1", edge)) for edge in edges])
        if i + 1 < repeat:
            tell(f"{peer.label}, {cells}^3 cells")
            theirs.append(_run_script(peer, folder, python, cells))
    exact = mean_ball_pressure("A1")
    return Comparison(
        label=peer.label,
        cells=cells,
        found=theirs[-1],
        seconds=statistics.median(t["seconds"] for t in theirs),
        errors=tuple(p / e - 1.0 for p, e in zip(theirs[-1]["pressures_pa"], exact, strict=True)),
        ours=tuple(
            Beside(words, median(runs), _ratio(theirs, runs))
            for words, runs in zip(("as many cells", "same spacing"), zip(*ours, strict=True), strict=True)
        ),
    )


def edge_of_as_many(cells: int) -> float:
    """Mean edge [mm] of the coarsest mesh of the benchmark's cube with at least as many vertices as there are cells."""
    # Corners and middles of n^3 cubes, and the middles of the squares on the six faces.
    n = next(n for n in range(1, cells + 1) if (n + 1) ** 3 + n**3 + 6 * n**2 >= cells)
    return round(1e3 * SIDE / n * MEAN_EDGE, 4)


def _ratio(theirs: Sequence[dict[str, Any]], ours: Sequence[Outcome]) -> float:
    return statistics.median(t["seconds"] / o.seconds["total"] for t, o in zip(theirs, ours, strict=True))


def _run_script(peer: Peer, folder: Path, python: str, cells: int) -> dict[str, Any]:
    done = subprocess.run(
        [python, str(folder / peer.script), str(cells)],
        env={k: v for k, v in os.environ.items() if k != "PYTHONPATH"} | peer.variables,
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        said = done.stderr.strip().splitlines() or [f"ended with status {done.returncode}"]
        return {"missing": f"failed in {Path(python).name}: {said[-1]}"}
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def interpreters(stated: Sequence[str]) -> list[str]:
    """The one that runs this, then those that were stated."""
    return [sys.executable, *stated]
