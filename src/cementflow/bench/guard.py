"""A guard against slowdowns that knows no seconds: times relative to a kernel that is timed in the same process."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from cementflow.bench.cases import box
from cementflow.bench.section import Section
from cementflow.errors import InputError

ROUNDS = 5
ALLOWED = 2.0  # times the stored ratio: machines differ, and what is measured is not all memory traffic
PRODUCT_ROWS, PRODUCT_BANDS, PRODUCTS = 40_000, 15, 20
SOLVE_EDGE, RUN_EDGE, RUN_STEPS = 2.0, 3.0, 12  # mm; a step or two more or fewer are not to change the ratio
Work = Callable[[], object]


@dataclass(frozen=True)
class Verdict:
    """A ratio beside the stored one.

    Parameters
    ----------
    name
        What was timed.
    ratio, stored
        Its time over that of the calibration, now and as stored.
    """

    name: str
    ratio: float
    stored: float

    @property
    def slow(self) -> bool:
        """Whether it takes more than is allowed."""
        return not self.ratio <= ALLOWED * self.stored


def ratio_to_calibration(work: Work, rounds: int = ROUNDS) -> float:
    """Processor time of some work over that of the calibration kernel.

    Both in turn, the best of each: what else runs on the machine only ever adds to a time.

    Parameters
    ----------
    work
        Called once to warm up, then once a round.
    rounds
        How often.
    """
    calibration = _calibration()
    work()
    calibration()
    best = [np.inf, np.inf]
    for _ in range(rounds):
        for i, call in enumerate((work, calibration)):
            start = time.process_time()
            call()
            best[i] = min(best[i], time.process_time() - start)
    return best[0] / best[1]


def measure() -> dict[str, float]:
    """Ratios of all that is guarded."""
    return {name: ratio_to_calibration(make()) for name, make in WORK.items()}


def read_ratios(path: Path) -> dict[str, float]:
    """Stored ratios.

    Raises
    ------
    InputError
        If the file does not hold them.
    """
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))["ratios"]
        return {name: float(stored[name]) for name in WORK}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"no stored ratios: {error!r}", str(path)) from error


def write_ratios(path: Path, ratios: Mapping[str, float], machine: str) -> None:
    """Store ratios, with the machine they are from and how to renew them."""
    content = {
        "renew": "cementflow bench --renew-guard benchmarks/guard.json, on an idle machine",
        "machine": machine,
        "ratios": {name: round(value, 2) for name, value in ratios.items()},
    }
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def compare(ratios: Mapping[str, float], stored: Mapping[str, float]) -> list[Verdict]:
    """One verdict for each."""
    return [Verdict(name, ratios[name], stored[name]) for name in stored]


def section(verdicts: Sequence[Verdict]) -> Section:
    """As a table."""
    head = ("guarded", "ratio", "stored", "now / stored", "verdict")
    rows = [
        (
            v.name,
            f"{v.ratio:.2f}",
            f"{v.stored:.2f}",
            f"{v.ratio / v.stored:.2f}",
            "too slow" if v.slow else "fine",
        )
        for v in verdicts
    ]
    notes = (
        f"Times over that of {PRODUCTS} matrix products in the same process; more than {ALLOWED:g} times the stored "
        "ratio is too slow.",
    )
    return Section("Guard", head, rows, notes)


def _calibration() -> Work:
    """Twenty products with a band matrix of the size and density of a pressure matrix; compiled, on one thread."""
    from scipy.sparse import diags_array

    half = PRODUCT_BANDS // 2
    bands = [np.full(PRODUCT_ROWS, 1.0 / (1 + abs(i))) for i in range(-half, half + 1)]
    offsets = [37 * i for i in range(-half, half + 1)]
    matrix = diags_array(bands, offsets=offsets, shape=(PRODUCT_ROWS, PRODUCT_ROWS)).tocsr()
    start = np.ones(PRODUCT_ROWS)

    def products() -> None:
        for _ in range(PRODUCTS):
            matrix @ start

    return products


@cache
def pressure_solve() -> Work:
    """One pressure system of the box at 2 mm, contrast 500, from zero to 1e-8, with a new solver."""
    from cementflow.bench.systems import pressure_systems

    systems = pressure_systems(box("A1", SOLVE_EDGE))
    zero = np.zeros(systems.n)
    return lambda: systems.make_solver().solve(systems.matrices[1], systems.rhs[1], zero, 1e-8)


@cache
def first_steps() -> Work:
    """The first steps of benchmark A2 at 3 mm: assembly, laws, transport and solver together."""
    from cementflow.case import preset
    from cementflow.mesh.geometry import build_geometry
    from cementflow.model import build_model
    from cementflow.simulate import simulate

    asked = box("A2", RUN_EDGE)
    case = preset(asked.preset).replace(asked.changes)
    model = build_model(case, build_geometry(case.geometry))

    def steps() -> None:
        for _ in zip(
            range(RUN_STEPS), simulate(model.problem, model.plan, model.problem.make_solver()), strict=False
        ):
            pass

    return steps


WORK: dict[str, Callable[[], Work]] = {"pressure solve": pressure_solve, "first steps": first_steps}
