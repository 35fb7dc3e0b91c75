"""Outcomes as tables: the runs themselves, what they did where, and the memory traffic behind them."""

from __future__ import annotations

from collections.abc import Sequence

from cementflow.bench.machine import Machine
from cementflow.bench.measure import Outcome
from cementflow.bench.section import Section, percent

ENTRY_BYTES = 12  # a double and a 32-bit column


def runs(outcomes: Sequence[Outcome], repeat: int) -> Section:
    """The runs: size, work, seconds by phase, memory, balance and errors."""
    head = (
        ("case", "edge", "vertices", "steps", "solves", "iterations")
        + ("load", "setup", "pressure", "transport", "output", "other", "total")
        + ("MB", "balance", "pressure error [%]", "radius error [%]")
    )
    shown = ("load", "setup", "pressure", "transport", "output", "other", "total")
    rows = [
        (
            o.name,
            f"{o.edge:g}",
            str(o.vertices),
            str(o.steps),
            str(o.solves),
            str(o.iterations),
            *(f"{o.seconds[k]:.2f}" for k in shown),
            f"{o.memory_mb:.0f}",
            f"{o.balance:.0e}",
            percent(o.pressure_errors),
            percent(o.radius_errors),
        )
        for o in outcomes
    ]
    notes = (
        f"Edge in mm, times in s, {_runs(repeat)}. Load is the import of the program and its compiled kernels; total "
        "leaves it out. Errors against the sharp front at 10/20/30 s.",
    )
    return Section("Runs", head, rows, notes)


def shares(outcomes: Sequence[Outcome]) -> Section:
    """Where the time and the memory go."""
    head = ("case", "vertices", "linear solver [s]", "outside it [%]", "output [%]", "bytes a vertex")
    rows = [
        (
            o.name,
            str(o.vertices),
            f"{o.seconds['linear']:.2f}",
            f"{100.0 * o.outside_solver:.0f}",
            f"{100.0 * o.output_share:.0f}",
            f"{o.bytes_per_vertex:.0f}",
        )
        for o in outcomes
    ]
    notes = (
        "Outside it: share of the time loop that is not spent in the linear solver (set-up and output left out). "
        "Output: share of the whole run. Bytes: peak beyond the mesh itself and the same case on next to no "
        "vertices; meshing included.",
    )
    return Section("Profile", head, rows, notes)


def roofline(outcomes: Sequence[Outcome], machine: Machine) -> Section:
    """What an iteration costs beside the least memory traffic that it can have: one product with the matrix."""
    head = (
        "case",
        "vertices",
        "iterations a solve",
        "ns",
        "bytes",
        "ns at triad speed",
        "products an iteration",
    )
    rows = []
    for o in outcomes:
        if o.iterations == 0:
            continue
        taken = o.seconds["linear"] / (o.iterations * o.vertices)
        least = product_bytes(o.entries) / machine.triad_memory
        rows.append(
            (
                o.name,
                str(o.vertices),
                f"{o.iterations / o.solves:.1f}",
                f"{1e9 * taken:.1f}",
                f"{product_bytes(o.entries):.0f}",
                f"{1e9 * least:.1f}",
                f"{taken / least:.1f}",
            )
        )
    notes = (
        "All a vertex and iteration. Bytes are those of one product with the matrix, each entry read once, both "
        "vectors once. The last column is the time of an iteration, set-up of the preconditioner included, in such "
        "products at the speed of the triad from memory.",
    )
    return Section("Roofline", head, rows, notes)


def product_bytes(entries: float) -> float:
    """Least bytes a vertex of a product with the pressure matrix, for so many entries a row."""
    return ENTRY_BYTES * entries + 4 + 8 + 8


def _runs(repeat: int) -> str:
    return "one run each" if repeat == 1 else f"medians of {repeat} runs, all cases in turn"
