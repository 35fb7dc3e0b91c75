"""`cementflow bench`: measures what was asked for and prints it as tables."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cementflow.bench.cases import BOXES, BenchCase, box, l3
from cementflow.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cementflow.bench.machine import Machine
    from cementflow.bench.measure import Outcome
    from cementflow.bench.section import Section

EDGES, QUICK_EDGES = (2.0, 1.5, 1.0), (2.0,)  # mm
L3_VERTICES = 20_000
SLOWER = 3


def bench(options: argparse.Namespace) -> int:
    """Measure speed and accuracy on the benchmark cases; each run has a process of its own."""
    cases = wanted_cases(options)
    if options.plot is not None and not options.growth:
        raise InputError("--plot draws the growth: state --growth too")
    report = _Report()
    report.machine()
    bench_runs = _Runs(options.repeat)
    if cases:
        _cases(report, bench_runs, cases)
    if options.growth:
        _growth(report, bench_runs, options.plot)
    if options.cold:
        _cold(report, options.repeat)
    if options.solver is not None:
        _solver(report, options)
    if options.peers is not None:
        _peers(report, options)
    status = _guard(report, options)
    report.write(options.json, options.markdown)
    return status


def wanted_cases(options: argparse.Namespace) -> list[BenchCase]:
    """Cases of the main table; none where only something else is asked for.

    Raises
    ------
    InputError
        For a case that there is not.
    """
    more = (options.growth, options.cold, options.solver, options.peers, options.guard, options.renew_guard)
    asked = any(o is not None and o is not False for o in more)
    stated = options.quick or options.cases or options.edges or options.l3
    if asked and not stated:
        return []
    bodies = ("L3", "L3H")
    known = (*BOXES, *bodies)
    names = options.cases or (bodies if options.l3 and not options.edges else known)
    unknown = [name for name in names if name not in known]
    if unknown:
        raise InputError(f"--cases: there is no {', '.join(unknown)}; there are {', '.join(known)}")
    edges = options.edges or (QUICK_EDGES if options.quick else EDGES)
    cases = [box(name, edge) for name in BOXES if name in names for edge in edges]
    sizes = options.l3 or (() if options.edges and not options.cases else (L3_VERTICES,))
    return cases + [l3(n, name == "L3H") for n in sizes for name in bodies if name in names]


class _Runs:
    """Runs each case once for all tables that need it."""

    def __init__(self, repeat: int) -> None:
        self.repeat = repeat
        self._done: dict[tuple[str, float], Outcome] = {}

    def __call__(self, cases: Sequence[BenchCase]) -> list[Outcome]:
        from cementflow.bench.measure import run_in_turn

        new = [case for case in cases if (case.name, case.edge) not in self._done]
        for case, outcome in zip(new, run_in_turn(new, self.repeat, _tell), strict=True):
            self._done[case.name, case.edge] = outcome
        return [self._done[case.name, case.edge] for case in cases]


class _Report:
    """Prints each table as it is ready and keeps it for the files."""

    def __init__(self) -> None:
        self._sections: list[Section] = []
        self._data: dict[str, Any] = {}
        self._machine: Machine | None = None

    def machine(self) -> Machine:
        """Measured once."""
        if self._machine is None:
            from cementflow.bench.machine import this_machine

            self._machine = this_machine()
            self.add("machine", self._machine.as_dict(), self._machine.section())
        return self._machine

    def add(self, key: str, data: Any, *sections: Section) -> None:
        """One more result."""
        self._data[key] = data
        self._sections += sections
        for section in sections:
            print(section.text(), flush=True)

    def write(self, json_file: Path | None, markdown: Path | None) -> None:
        """Write the files that were asked for."""
        from cementflow.bench.section import put_tables

        if json_file is not None:
            json_file.write_text(json.dumps(self._data, indent=2) + "\n", encoding="utf-8")
        if markdown is not None:
            put_tables(markdown, "\n".join(s.markdown() for s in self._sections))


def _cases(report: _Report, run: _Runs, cases: list[BenchCase]) -> None:
    from cementflow.bench import tables

    outcomes = run(cases)
    sections = (
        tables.runs(outcomes, run.repeat),
        tables.shares(outcomes),
        tables.roofline(outcomes, report.machine()),
    )
    report.add("runs", [o.as_dict() for o in outcomes], *sections)


def _growth(report: _Report, run: _Runs, plot: Path | None) -> None:
    from cementflow.bench import growth

    outcomes = run([box("A1", edge) for edge in growth.EDGES])
    report.add("growth", [o.as_dict() for o in outcomes], growth.growth(outcomes))
    if plot is not None:
        growth.plot_growth(outcomes, plot)


def _cold(report: _Report, repeat: int) -> None:
    from cementflow.bench.cold import cold_start

    _tell("first run ever of the L3")
    found = cold_start(repeat)
    report.add("cold", found.as_dict(), found.section())


def _solver(report: _Report, options: argparse.Namespace) -> None:
    from cementflow.bench.peers import interpreters
    from cementflow.bench.solvers import compare_solvers, section
    from cementflow.bench.systems import pressure_systems

    _tell(f"pressure systems of the L3 with {options.solver} vertices")
    systems = pressure_systems(l3(options.solver))
    results = compare_solvers(systems, interpreters(options.python), options.repeat, _tell)
    report.add("solvers", [r.as_dict() for r in results], section(results, systems))


def _peers(report: _Report, options: argparse.Namespace) -> None:
    from cementflow.bench.peers import compare_peers, interpreters, section

    pythons = interpreters(options.python)
    found = compare_peers(options.peers, options.peer_cells, pythons, options.repeat, _tell)
    report.add("peers", [c.as_dict() for c in found], section(found, options.repeat))


def _guard(report: _Report, options: argparse.Namespace) -> int:
    if options.guard is None and options.renew_guard is None:
        return 0
    from cementflow.bench import guard

    stored = guard.read_ratios(options.guard) if options.guard is not None else None
    _tell("times relative to the calibration kernel")
    ratios = guard.measure()
    if options.renew_guard is not None:
        guard.write_ratios(options.renew_guard, ratios, report.machine().processor)
    verdicts = guard.compare(ratios, stored if stored is not None else ratios)
    report.add("guard", ratios, guard.section(verdicts))
    return SLOWER if any(v.slow for v in verdicts) else 0


def _tell(text: str) -> None:
    print(f"... {text}", file=sys.stderr, flush=True)
