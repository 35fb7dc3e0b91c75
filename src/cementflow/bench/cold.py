"""Start-up: a first run ever, the help, and what a second process pays."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from typing import Any

from cementflow.bench.cases import l3
from cementflow.bench.measure import run_case
from cementflow.bench.section import Section

VERTICES = 20_000


@dataclass(frozen=True)
class ColdStart:
    """Seconds of starting.

    Parameters
    ----------
    first
        The embedded L3, all kernels to compile, all included.
    help
        `cementflow --help`.
    second
        What another process takes before its mesh and first step: interpreter, imports, compiled kernels.
    """

    first: float
    help: float
    second: float

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)

    def section(self) -> Section:
        """As a table."""
        rows = (
            ("first run ever, the L3 of 20k vertices, all included", f"{self.first:.1f}"),
            ("second process, before it meshes", f"{self.second:.2f}"),
            ("cementflow --help", f"{self.help:.2f}"),
        )
        return Section("Start", ("what", "seconds"), rows)


def cold_start(repeat: int) -> ColdStart:
    """Measure; the first run once, the others so often (medians)."""
    with tempfile.TemporaryDirectory() as cache:
        first = run_case(l3(VERTICES), {"NUMBA_CACHE_DIR": cache})
        loads = [_start(cache) for _ in range(repeat)]
    return ColdStart(
        first=first.seconds["process"],
        help=statistics.median(_clock([sys.executable, "-m", "cementflow", "--help"]) for _ in range(repeat)),
        second=statistics.median(loads),
    )


def _start(cache: str) -> float:
    command = "from cementflow.warm_up import warm_up; import cementflow.runner; warm_up()"
    return _clock([sys.executable, "-c", command], cache)


def _clock(command: list[str], cache: str | None = None) -> float:
    environment = os.environ | ({"NUMBA_CACHE_DIR": cache} if cache else {})
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment)
    return time.perf_counter() - start
