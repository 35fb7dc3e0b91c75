"""Benchmark A1 with OPM Flow: python opm_flow.py CELLS. Needs `flow` on the PATH, and NumPy.

The deck is a thousand times as large: cells of 30 m / CELLS in place of 30 mm / CELLS, days for seconds. With the rate
(100 m3/day for 0.1 mL/s) and the permeability chosen to go with it, every pressure is a hundred times that of the
benchmark and nothing else changes, as the equations know no length of their own.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

SIDE, BALL = 30.0, 3.0  # m
RATE = 100.0  # m3/day
POROSITY, CEMENT, MARROW = 0.8, 50_000.0, 100.0  # cP
OUTSIDE = 1000.0  # bar
PRESSURE_SCALE = 100.0
# k [mD] for which q mu / (k r) is a hundred times that of the benchmark: k' = k (q'/q) (r/r') / 100.
PERMEABILITY = 5e-9 * (RATE / 86_400.0 / 1e-7) * 1e-3 / PRESSURE_SCALE / 9.869233e-16
WELL_DROP = (
    2000.0  # bar between well and cells, so large that each cell takes its share whatever its own pressure
)
SAMPLES = 8


def main() -> None:
    """Run and print one line of JSON."""
    cells = int(sys.argv[1])
    if shutil.which("flow") is None:
        print(json.dumps({"missing": "there is no `flow` on the PATH"}))
    else:
        print(json.dumps(benchmark(cells)))


def benchmark(cells: int) -> dict[str, Any]:
    """Write the deck, run it and read pressures and times; the seconds are those of `flow` alone."""
    weights = ball_weights(cells)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "A1.DATA").write_text(deck(cells, weights), encoding="ascii")
        start = time.perf_counter()
        done = subprocess.run(
            ["flow", "A1.DATA", "--output-dir=out"], cwd=folder, capture_output=True, text=True, check=True
        )
        seconds = time.perf_counter() - start
        pressures = [
            (float(weights.ravel(order="F") @ values) - OUTSIDE) * 1e5 / PRESSURE_SCALE
            for keyword, values in records(folder / "out/A1.UNRST")
            if keyword == "PRESSURE"
        ]
    log = done.stdout
    return {
        "version": f"OPM {_version()}",
        "cells": cells**3,
        "unknowns": 2 * cells**3,
        "seconds": seconds,
        "phases": {
            "assembly": _number(r"Assembly time \(seconds\):\s+([\d.]+)", log),
            "linear": _number(r"Linear solve time \(seconds\):\s+([\d.]+)", log),
            "update": _number(r"Update time \(seconds\):\s+([\d.]+)", log),
        },
        "steps": len(re.findall(r"^Starting time step", log, re.MULTILINE)),
        "solves": int(_number(r"Overall Newton Iterations:\s+(\d+)", log)),
        "iterations": int(_number(r"Overall Linear Iterations:\s+(\d+)", log)),
        "pressures_pa": pressures[-3:],
    }


def ball_weights(cells: int) -> np.ndarray:
    """Share of the ball that lies in each cell, shape (cells, cells, cells)."""
    h = SIDE / cells
    centre = (np.arange(cells) + 0.5) * h - SIDE / 2
    inside = np.zeros((cells,) * 3)
    offset = ((np.arange(SAMPLES) + 0.5) / SAMPLES - 0.5) * h
    for dx in offset:
        for dy in offset:
            for dz in offset:
                x, y, z = (centre + dx) ** 2, (centre + dy) ** 2, (centre + dz) ** 2
                inside += x[:, None, None] + y[None, :, None] + z[None, None, :] <= BALL**2
    return inside / inside.sum()


def deck(cells: int, weights: np.ndarray) -> str:
    """Input of OPM Flow: cement is its water, marrow its oil; one well with a connection to each cell of the ball."""
    n, h, half = cells, SIDE / cells, cells // 2
    shares = weights[weights > 0.0]
    connections = "\n".join(
        f" I {i + 1} {j + 1} {k + 1} {k + 1} OPEN 1* {RATE * share * CEMENT / WELL_DROP:.10g} {0.2 * h:.6g} /"
        for (i, j, k), share in zip(np.argwhere(weights > 0.0), shares, strict=True)
    )
    whole, first, last = f"1 {n}", "1 1", f"{n} {n}"
    faces = "\n".join(
        f" {i} {j} {k} {side} FREE /"
        for side, i, j, k in (
            ("X-", first, whole, whole),
            ("X", last, whole, whole),
            ("Y-", whole, first, whole),
            ("Y", whole, last, whole),
            ("Z-", whole, whole, first),
            ("Z", whole, whole, last),
        )
    )
    return f"""RUNSPEC
TITLE
Benchmark A1
DIMENS
 {n} {n} {n} /
OIL
WATER
METRIC
START
 1 'JAN' 2020 /
WELLDIMS
 1 {len(shares)} 1 1 /
UNIFOUT
GRID
DXV
 {n}*{h:.10g} /
DYV
 {n}*{h:.10g} /
DZV
 {n}*{h:.10g} /
TOPS
 {n * n}*1000 /
PORO
 {n**3}*{POROSITY} /
PERMX
 {n**3}*{PERMEABILITY:.10g} /
PERMY
 {n**3}*{PERMEABILITY:.10g} /
PERMZ
 {n**3}*{PERMEABILITY:.10g} /
-- Pressure and fluid outside all faces stay those of the start.
BC
{faces}
/
PROPS
PVTW
 {OUTSIDE:g} 1 1E-9 {CEMENT:g} 0 /
PVDO
 1 1.000001 {MARROW:g}
 10000 1 {MARROW:g} /
ROCK
 {OUTSIDE:g} 1E-9 /
-- Next to no weight, so that gravity does nothing.
DENSITY
 0.001 0.001 0.001 /
SWOF
 0 0 1 0
 1 1 0 0 /
SOLUTION
PRESSURE
 {n**3}*{OUTSIDE:g} /
SWAT
 {n**3}*0 /
RPTRST
 BASIC=2 /
SCHEDULE
RPTRST
 BASIC=2 /
WELSPECS
 I G {half} {half} 1* WATER /
/
COMPDAT
{connections}
/
WCONINJE
 I WATER OPEN RATE {RATE:g} 1* 1E6 /
/
TSTEP
 10 10 10 /
END
"""


def records(path: Path) -> Iterator[tuple[str, np.ndarray]]:
    """Numeric arrays of an Eclipse output file, by keyword: big-endian Fortran records in blocks."""
    types = {b"INTE": ">i4", b"REAL": ">f4", b"DOUB": ">f8", b"LOGI": ">i4"}
    sizes = {b"INTE": 4, b"REAL": 4, b"DOUB": 8, b"LOGI": 4, b"CHAR": 8, b"MESS": 0}
    data, at = path.read_bytes(), 0
    while at < len(data):
        keyword, kind = data[at + 4 : at + 12].decode().strip(), data[at + 16 : at + 20]
        count = int.from_bytes(data[at + 12 : at + 16], "big")
        size = sizes[kind] if kind in sizes else int(kind[1:])  # a kind such as C016 is text of that width
        at, content = at + 24, b""
        while len(content) < count * size:
            length = int.from_bytes(data[at : at + 4], "big")
            content += data[at + 4 : at + 4 + length]
            at += length + 8
        if kind in types:
            yield keyword, np.frombuffer(content, types[kind]).astype(np.float64)


def _number(pattern: str, text: str) -> float:
    found = re.search(pattern, text)
    return float(found.group(1)) if found else float("nan")


def _version() -> str:
    said = subprocess.run(["flow", "--version"], capture_output=True, text=True).stdout
    return said.split()[-1] if said.split() else "of unknown version"


if __name__ == "__main__":
    main()
