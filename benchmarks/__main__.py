"""Runs the benchmark cases, each in a process of its own, and prints one table.

python -m benchmarks            # benchmark A at 2, 1.5 and 1 mm, and the embedded L3
python -m benchmarks --quick    # benchmark A at 2 mm, and the embedded L3
python -m benchmarks --cold     # also a first run ever, with all kernels to compile
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.sharp_front import CASES, TIMES, half_saturated_radius, mean_ball_pressure, radii

HERE = Path(__file__).parent
HEAD = (
    f"{'case':<5} {'edge':>6} {'vertices':>8} {'steps':>5} {'solves':>6} {'iters':>6} {'setup':>6} {'press.':>6} "
    f"{'transp':>6} {'output':>6} {'total':>6} {'MB':>5} {'balance':>8}  errors at 10/20/30 s: pressure; radius"
)


@dataclass(frozen=True)
class Outcome:
    """One run: what was asked, its summary, and errors against the sharp front [-] where there is one."""

    name: str
    edge: str
    summary: dict
    pressure_errors: tuple[float, ...] = ()
    radius_errors: tuple[float, ...] = ()

    @property
    def line(self) -> str:
        """Row of the table; the total leaves compilation out."""
        s, wall = self.summary, self.summary["wall_s"]
        warm = wall["total"] - wall["compile"]
        errors = "; ".join(
            "/".join(f"{100.0 * e:+.2f}" for e in part) + " %"
            for part in (self.pressure_errors, self.radius_errors)
            if part
        )
        return (
            f"{self.name:<5} {self.edge:>6} {s['mesh']['vertices']:>8} {s['steps']:>5} {s['pressure_solves']:>6} "
            f"{s['linear_iterations']:>6} {wall['setup']:>6.1f} {wall['pressure']:>6.1f} {wall['transport']:>6.1f} "
            f"{wall['output']:>6.1f} {warm:>6.1f} {s['peak_rss_mb']:>5.0f} {s['balance_error']:>8.0e}  {errors}"
        )


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="benchmark A at 2 mm only, and the embedded L3")
    parser.add_argument(
        "--cold", action="store_true", help="also time a first run ever, compilation included"
    )
    parser.add_argument("--json", metavar="FILE", type=Path, help="write the summaries as JSON too")
    options = parser.parse_args()
    print(
        f"{platform.processor() or platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}"
    )
    print(HEAD)
    outcomes = []
    for name in CASES:
        for edge in ("2 mm",) if options.quick else ("2 mm", "1.5 mm", "1 mm"):
            outcomes.append(_box(name, edge))
            print(outcomes[-1].line, flush=True)
    outcomes.append(_l3("1.4 mm"))
    print(outcomes[-1].line, flush=True)
    if options.cold:
        print(f"first run ever of the embedded L3 at 1.4 mm, all included: {_cold():.1f} s")
    if options.json:
        rows = [
            {
                "case": o.name,
                "edge": o.edge,
                "pressure_errors": o.pressure_errors,
                "radius_errors": o.radius_errors,
                "summary": o.summary,
            }
            for o in outcomes
        ]
        options.json.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


def _box(name: str, edge: str) -> Outcome:
    case = str(HERE / "cases" / f"box_{name}.toml")
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        summary = _run([case, "--set", "output.figures=false"], edge, run)
        with (run / "history.csv").open(encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        found = [half_saturated_radius(run / "fields" / f"fields_{i:04d}.vtu") for i in (1, 2, 3)]
    # Steps end on the output times, so the nearest row is at the time itself.
    nearest = [min(rows, key=lambda row: abs(float(row["time_s"]) - t)) for t in TIMES]
    pressures = [1e3 * float(row["tip_pressure_kPa"]) for row in nearest]
    return Outcome(name, edge, summary, _errors(pressures, mean_ball_pressure(name)), _errors(found, radii()))


def _errors(found: Sequence[float], exact: Sequence[float]) -> tuple[float, ...]:
    return tuple(f / e - 1.0 for f, e in zip(found, exact, strict=True))


def _l3(edge: str) -> Outcome:
    with tempfile.TemporaryDirectory() as folder:
        return Outcome("L3", edge, _run([], edge, Path(folder) / "run"))


def _run(arguments: list[str], edge: str, out: Path, environment: dict[str, str] | None = None) -> dict:
    setting = f'geometry.edge_length="{edge}"'
    command = [
        sys.executable,
        "-m",
        "cementflow",
        "run",
        *arguments,
        "--quiet",
        "--set",
        setting,
        "--out",
        str(out),
    ]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env={**os.environ, **(environment or {})})
    return json.loads((out / "summary.json").read_text(encoding="utf-8"))


def _cold() -> float:
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        _run([], "1.4 mm", Path(folder) / "run", {"NUMBA_CACHE_DIR": str(Path(folder) / "cache")})
        return time.perf_counter() - start


if __name__ == "__main__":
    main()
