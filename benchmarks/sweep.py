"""What a study costs beside its runs, and whether one that is killed ends in the same table.

`python -m benchmarks.sweep [--runs 200] [--edge 1.8] [--out DIR]`: rate with one and two jobs, seconds of the same runs
alone, memory of all processes together, then three SIGKILLs at random moments, each followed by a resumption.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import cementflow as cf
from cementflow.study.run import lean
from cementflow.study.statement import Study, load_study, make_study

SAMPLE_EVERY = 0.5  # s
TABLES = ("table.csv", "table.parquet", "study.json")
CODE = "from benchmarks.sweep import child; import sys; child(*sys.argv[1:])"


def stated(runs: int, edge: float) -> Study:
    """Runs of 1 mL at drawn flow rates and pressure limits in one L3."""
    base = cf.preset("l3-osteoporotic").replace(
        {"geometry.edge_length": f"{edge} mm", "injection.volume": "1 mL"}
    )
    factors = {
        "injection.flow_rate": {"low": "2 mL/min", "high": "8 mL/min"},
        "injection.max_pressure": {"low": "0.5 MPa", "high": "3 MPa", "scale": "log"},
    }
    return make_study(base, factors, design="lhs", points=runs, seed=1)


def child(what: str, sweep: str, out: str, jobs: str) -> None:
    """In a process of its own: the study, or its runs one after the other; prints the seconds."""
    study, path = load_study(sweep), Path(out)
    if what == "alone":
        from cementflow.warm_up import warm_up

        warm_up()
        started = time.perf_counter()
        for point in study.points():
            assert point.case is not None
            cf.run(lean(point, point.case), path / point.name)
    else:
        started = time.perf_counter()
        cf.run_study(study, path, jobs=int(jobs), resume=path.is_dir())
    print(time.perf_counter() - started)


def start(what: str, sweep: Path, out: Path, jobs: int) -> subprocess.Popen[str]:
    """A process of `child`, on one thread."""
    words = [sys.executable, "-c", CODE, what, str(sweep), str(out), str(jobs)]
    return subprocess.Popen(
        words, stdout=subprocess.PIPE, text=True, env={**os.environ, "NUMBA_NUM_THREADS": "1"}
    )


def measured(what: str, sweep: Path, out: Path, jobs: int = 1) -> tuple[float, float]:
    """Seconds, and the largest memory of all its processes together [MB]."""
    process, peak, ended = start(what, sweep, out, jobs), [0.0], threading.Event()

    def sample() -> None:
        while not ended.wait(SAMPLE_EVERY):
            peak[0] = max(peak[0], sum(pss(p) for p in family(process.pid)))

    sampler = threading.Thread(target=sample)
    sampler.start()
    said, _ = process.communicate()
    ended.set()
    sampler.join()
    if process.returncode:
        raise SystemExit(f"{what} with {jobs} jobs failed")
    return float(said), peak[0]


def family(pid: int) -> list[int]:
    """A process, its children and theirs."""
    found = [pid]
    for parent in found:
        try:
            for task in Path(f"/proc/{parent}/task").iterdir():
                found += [int(p) for p in (task / "children").read_text().split()]
        except OSError:
            continue
    return found


def pss(pid: int) -> float:
    """Memory of a process [MB]; what it shares with others counts in parts."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def kills(sweep: Path, out: Path, seconds: float, times: int, seed: int) -> None:
    """Kill a study with two jobs at random moments, then let it come to its end."""
    draw = random.Random(seed)
    for _ in range(times):
        process = start("study", sweep, out, 2)
        moment = draw.uniform(0.1, 0.9) * seconds / times
        try:
            process.wait(moment)
        except subprocess.TimeoutExpired:
            process.kill()
        process.communicate()
        there = len(list(out.glob("*/summary.json")))
        print(f"  killed after {moment:.1f} s: {there} runs there", flush=True)
    process = start("study", sweep, out, 2)
    process.communicate()
    if process.returncode:
        raise SystemExit("the study could not be resumed")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--edge", type=float, default=1.8, help="edge length in mm; 1.8 makes 10000 vertices")
    parser.add_argument("--out", type=Path, help="folder to make (default: a temporary one)")
    parser.add_argument("--seed", type=int, default=1, help="of the moments of the kills")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        report(options.runs, options.edge, options.out or Path(temporary), options.seed)


def report(runs: int, edge: float, out: Path, seed: int) -> None:
    """The whole measurement in a folder."""
    out.mkdir(parents=True, exist_ok=True)
    sweep = out / "sweep.toml"
    sweep.write_text(stated(runs, edge).to_toml())
    alone, _ = measured("alone", sweep, out / "alone")
    print(f"{runs} runs alone, one after the other: {alone:.1f} s", flush=True)
    seconds = {}
    for jobs in (1, 2):
        seconds[jobs], memory = measured("study", sweep, out / f"jobs{jobs}", jobs)
        print(
            f"study, {jobs} jobs: {seconds[jobs]:.1f} s, {runs / seconds[jobs] * 60:.1f} runs/min, "
            f"{memory:.0f} MB in all",
            flush=True,
        )
    table = cf.open_study(out / "jobs2").table
    print(f"vertices: {table.column('mesh.vertices')[0]}, finished: {len(table.done().rows)}")
    print(f"two jobs: {seconds[1] / seconds[2]:.2f} times the rate of one")
    print(f"overhead of one job over the runs alone: {100 * (seconds[1] / alone - 1):.1f} %")
    kills(sweep, out / "killed", seconds[2], 3, seed)
    made = [out / name for name in ("jobs1", "jobs2", "killed")]
    same = [len({(folder / name).read_bytes() for folder in made}) == 1 for name in TABLES]
    print(
        "tables byte for byte the same: " + ", ".join(f"{n} {s}" for n, s in zip(TABLES, same, strict=True))
    )
    if not all(same):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
