"""Runs a variant and keeps what the tables and figures need."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

import cementflow as cf
from benchmarks.leakage.variants import Variant
from cementflow.case import digest


@dataclass(frozen=True)
class Outcome:
    """What came of a variant.

    Parameters
    ----------
    name
        Of the variant.
    reason
        Why it ended.
    injected, leaked
        Volumes of cement [mL].
    by_type
        Leaked, by type [mL].
    first
        Time of the first leak [s]; None if there was none.
    seconds
        Simulated.
    solves
        Pressure systems.
    vertices
        Of the mesh.
    course
        Injected and leaked volume after each step [mL].
    """

    name: str
    reason: str
    injected: float
    leaked: float
    by_type: dict[str, float]
    first: float | None
    seconds: float
    solves: int
    vertices: int
    course: tuple[list[float], list[float]]

    @property
    def share(self) -> float:
        """Leaked of what was injected [%]."""
        return 100.0 * self.leaked / self.injected

    @property
    def venous(self) -> float:
        """Leaked by veins [mL]."""
        return self.by_type["B"] + self.by_type["S"]

    @property
    def cortical(self) -> float:
        """Leaked through walls and endplates [mL]."""
        return self.by_type["C"] + self.by_type["D"]

    def leaked_at(self, volume: float) -> float:
        """Leaked when so much was injected [mL]."""
        return float(np.interp(volume, *self.course))


def measured(variant: Variant, keep: Path | None) -> Outcome:
    """The outcome of a variant; read, if it was kept."""
    case = variant.case
    kept = keep / f"{digest(case)}.json" if keep is not None else None
    if kept is not None and kept.is_file():
        return Outcome(**json.loads(kept.read_text(encoding="utf-8")) | {"name": variant.name})
    with TemporaryDirectory() as folder:
        try:
            result = cf.run(case, Path(folder) / "run")
        except cf.RunFailed:
            # What there was until then is kept, and its reason shows in the table.
            result = cf.open_result(Path(folder) / "run")
        summary, history = result.summary, result.history
    first = [t for t in summary["first_leak_s"].values() if t is not None]
    outcome = Outcome(
        name=variant.name,
        reason=summary["stop_reason"],
        injected=summary["injected_ml"],
        leaked=summary["leaked_ml"]["total"],
        by_type=summary["leaked_by_type_ml"],
        first=min(first, default=None),
        seconds=summary["simulated_s"],
        solves=summary["pressure_solves"],
        vertices=summary["mesh"]["vertices"],
        course=(history["injected_ml"].tolist(), history["leaked_ml"].tolist()),
    )
    print(f"... {variant.name}: {outcome.share:.2f} %", file=sys.stderr, flush=True)
    if kept is not None:
        kept.write_text(json.dumps(asdict(outcome)), encoding="utf-8")
    return outcome
