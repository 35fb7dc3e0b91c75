"""Runs benchmark cases, each in a process of its own, and takes medians."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from typing import Any

from cementflow.bench.cases import BenchCase
from cementflow.errors import CementflowError

PHASES = ("setup", "pressure", "transport", "output")
BYTES_PER_VERTEX, BYTES_PER_TET = 24, 16  # of a mesh: three doubles and four 32-bit integers


@dataclass(frozen=True)
class Outcome:
    """What a case came to.

    Parameters
    ----------
    name, edge
        Case and edge length [mm].
    vertices, tets, steps, solves, iterations
        Size and work.
    seconds
        "load" (imports and kernels), "setup", "linear" (inside the linear solver), "pressure" (with it), "transport",
        "output", "other", "total" (without "load"), and "process" (of the whole command). Medians over the runs.
    memory_mb, least_mb
        Peak memory, and that of the same case on next to no vertices.
    entries
        Of a row of the pressure matrix, on average.
    balance
        Cement balance error [-].
    pressure_errors, radius_errors
        Relative, at 10, 20 and 30 s; empty without a closed form.
    """

    name: str
    edge: float
    vertices: int
    tets: int
    steps: int
    solves: int
    iterations: int
    seconds: dict[str, float]
    memory_mb: float
    least_mb: float
    entries: float
    balance: float
    pressure_errors: tuple[float, ...] = field(default=())
    radius_errors: tuple[float, ...] = field(default=())

    @property
    def outside_solver(self) -> float:
        """Share of the run outside the linear solver, meshing and output left out."""
        s = self.seconds
        whole = s["total"] - s["setup"] - s["output"]
        return 1.0 - s["linear"] / whole if whole > 0.0 else 0.0

    @property
    def output_share(self) -> float:
        """Share of the output in the run."""
        return self.seconds["output"] / self.seconds["total"]

    @property
    def bytes_per_vertex(self) -> float:
        """Peak memory beyond the mesh itself and a run on next to no vertices [bytes a vertex]."""
        mesh = BYTES_PER_VERTEX * self.vertices + BYTES_PER_TET * self.tets
        return (1e6 * (self.memory_mb - self.least_mb) - mesh) / self.vertices

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self) | {
            "outside_solver": self.outside_solver,
            "output_share": self.output_share,
            "bytes_per_vertex": self.bytes_per_vertex,
        }


def run_case(case: BenchCase, environment: dict[str, str] | None = None) -> Outcome:
    """Run a case once.

    Parameters
    ----------
    case
        What to run.
    environment
        Variables for the process, over those of this one.

    Raises
    ------
    CementflowError
        If the process did not come to an end as it should.
    """
    asked = {"name": case.name, "preset": case.preset, "changes": case.changes, "has_answer": case.has_answer}
    command = [sys.executable, "-m", "cementflow.bench.one_run", json.dumps(asked)]
    start = time.perf_counter()
    done = subprocess.run(command, env=os.environ | (environment or {}), capture_output=True, text=True)
    wall = time.perf_counter() - start
    if done.returncode != 0:
        raise CementflowError(f"benchmark {case.name} at {case.edge} mm failed: {done.stderr.strip()[-500:]}")
    return found_outcome(case, json.loads(done.stdout.splitlines()[-1]), wall)


def found_outcome(case: BenchCase, found: dict[str, Any], wall: float) -> Outcome:
    """From what a process printed, and the seconds that it took."""
    summary = found["summary"]
    spent = summary["wall_s"]
    total = spent["total"] - spent["compile"]
    seconds = {"load": found["load_s"], "linear": found["linear_s"]} | {k: spent[k] for k in PHASES}
    seconds["other"] = max(total - sum(spent[k] for k in PHASES), 0.0)
    return Outcome(
        name=case.name,
        edge=case.edge,
        vertices=summary["mesh"]["vertices"],
        tets=summary["mesh"]["tets"],
        steps=summary["steps"],
        solves=summary["pressure_solves"],
        iterations=summary["linear_iterations"],
        seconds=seconds | {"total": total, "process": wall},
        memory_mb=summary["peak_rss_mb"],
        least_mb=0.0,
        entries=found["entries"],
        balance=summary["balance_error"],
        pressure_errors=tuple(found["errors"].get("pressure", ())),
        radius_errors=tuple(found["errors"].get("radius", ())),
    )


def median(outcomes: Sequence[Outcome]) -> Outcome:
    """One outcome with the medians of all times and memories; the rest is the same from run to run."""
    first = outcomes[0]
    seconds = {key: statistics.median(o.seconds[key] for o in outcomes) for key in first.seconds}
    memory = statistics.median(o.memory_mb for o in outcomes)
    return replace(first, seconds=seconds, memory_mb=memory)


def run_in_turn(
    cases: Sequence[BenchCase], repeat: int, tell: Callable[[str], object] = lambda text: None
) -> list[Outcome]:
    """Run cases in turn, so often each, and take the medians: a machine that slows down slows all of them down.

    Parameters
    ----------
    cases
        What to run.
    repeat
        Runs of each.
    tell
        Called with the case that is next.
    """
    runs: list[list[Outcome]] = [[] for _ in cases]
    for _ in range(repeat):
        for case, found in zip(cases, runs, strict=True):
            tell(f"{case.name} at {case.edge:g} mm")
            found.append(run_case(case))
    least = [_least_memory(case.preset, json.dumps(case.settings)) for case in cases]
    return [replace(median(found), least_mb=mb) for found, mb in zip(runs, least, strict=True)]


@cache
def _least_memory(preset: str, settings: str) -> float:
    return run_case(BenchCase("", preset, 0.0, json.loads(settings)).smallest).memory_mb
