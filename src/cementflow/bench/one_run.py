"""One benchmark run in a process of its own: `python -m cementflow.bench.one_run '{...}'` prints one line of JSON."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any


def main() -> None:
    """Run what the first argument asks for: name, preset and changes of a case, and whether it has an answer."""
    print(json.dumps(measure(json.loads(sys.argv[1]))))


def measure(asked: dict[str, Any]) -> dict[str, Any]:
    """Run one case.

    Returns
    -------
    dict
        "summary" of the run; "load_s", importing and loading the kernels [s]; "linear_s", inside the linear solver [s];
        "entries" of a row of its matrix; "errors" against the closed form.
    """
    start = time.perf_counter()
    from cementflow.case import preset
    from cementflow.runner import run
    from cementflow.warm_up import warm_up

    stated = preset(asked["preset"]).replace(asked["changes"])
    warm_up(stated.physics.heat, stated.veins is not None)
    load = time.perf_counter() - start
    clock = _LinearClock()
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "run"
        summary = run(stated, out).summary
        found: dict[str, list[float]] = {}
        if asked["has_answer"]:
            from cementflow.bench.sharp_front import errors

            found = errors(asked["name"], out)
    return {
        "summary": summary,
        "load_s": load,
        "linear_s": clock.seconds,
        "entries": clock.entries,
        "errors": found,
    }


class _LinearClock:
    """Seconds spent in `PressureSolver.solve` from now on, whoever calls it; entries of a row of its last matrix."""

    def __init__(self) -> None:
        from cementflow.fem.linear_solver import LinearResult, PressureSolver

        self.seconds = self.entries = 0.0
        original = PressureSolver.solve

        def timed(solver: PressureSolver, *arguments: Any, **named: Any) -> LinearResult:
            start = time.perf_counter()
            try:
                return original(solver, *arguments, **named)
            finally:
                self.seconds += time.perf_counter() - start
                self.entries = solver.entries

        PressureSolver.solve = timed  # type: ignore[method-assign, assignment]


if __name__ == "__main__":
    main()
