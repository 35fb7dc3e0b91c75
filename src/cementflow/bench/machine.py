"""The machine: what it is, and how fast it moves memory."""

from __future__ import annotations

import os
import platform
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numba
import numpy as np
import scipy
from numpy.typing import NDArray

from cementflow.bench.section import Section
from cementflow.compiled import kernel
from cementflow.version import version

Floats = NDArray[np.float64]
LARGE, SMALL = (
    16_000_000,
    100_000,
)  # doubles in each of three arrays: far beyond any cache, and a mesh of 100k vertices


@dataclass(frozen=True)
class Machine:
    """What the times belong to.

    Parameters
    ----------
    processor, processors
        Its name and how many there are.
    software
        Versions.
    triad_memory, triad_cache
        One thread's a = b + s c [bytes/s], three streams counted: far beyond the caches, and in them.
    """

    processor: str
    processors: int
    software: str
    triad_memory: float
    triad_cache: float

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)

    def section(self) -> Section:
        """As a table."""
        return Section(
            "Machine",
            notes=(
                f"{self.processor}, {self.processors} processors",
                self.software,
                f"triad on one thread: {self.triad_memory * 1e-9:.1f} GB/s from memory, "
                f"{self.triad_cache * 1e-9:.1f} GB/s at 100k vertices (three vectors, 2.4 MB)",
            ),
        )


def this_machine() -> Machine:
    """Look and measure; takes a second or two."""
    return Machine(
        processor=processor_name(),
        processors=os.cpu_count() or 1,
        software=f"cementflow {version()}, Python {platform.python_version()}, NumPy {np.__version__}, "
        f"SciPy {scipy.__version__}, Numba {numba.__version__}",
        triad_memory=triad_bandwidth(LARGE, 5),
        triad_cache=triad_bandwidth(SMALL, 200),
    )


def processor_name() -> str:
    """Of this machine, as far as it tells."""
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def triad_bandwidth(n: int, repeat: int) -> float:
    """Bytes a second of a = b + s c on one thread; the best of so many, as STREAM takes it.

    Parameters
    ----------
    n
        Doubles in each array.
    repeat
        How often.
    """
    a, b, c = np.zeros(n), np.ones(n), np.ones(n)
    _triad(a, b, c, 2.0)
    best = np.inf
    for _ in range(repeat):
        start = time.perf_counter()
        _triad(a, b, c, 2.0)
        best = min(best, time.perf_counter() - start)
    return 24.0 * n / best


@kernel
def _triad(a: Floats, b: Floats, c: Floats, s: float) -> None:
    for i in range(len(a)):
        a[i] = b[i] + s * c[i]
