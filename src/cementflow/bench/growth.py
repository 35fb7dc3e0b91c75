"""How time and memory grow with the mesh."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from cementflow.bench.measure import Outcome
from cementflow.bench.section import Section

EDGES = (2.0, 1.0, 0.67, 0.5)  # mm


def exponent(sizes: Sequence[float], times: Sequence[float]) -> float:
    """Slope of a straight line through the logarithms.

    Raises
    ------
    ValueError
        For fewer than two sizes.
    """
    if len(set(sizes)) < 2:
        raise ValueError("an exponent needs two sizes")
    return float(np.polyfit(np.log(sizes), np.log(times), 1)[0])


def growth(outcomes: Sequence[Outcome]) -> Section:
    """Table and exponents."""
    sizes = [o.vertices for o in outcomes]
    totals = [o.seconds["total"] for o in outcomes]
    head = (
        "edge [mm]",
        "vertices",
        "iterations a solve",
        "total [s]",
        "exponent to here",
        "MB",
        "bytes a vertex",
    )
    rows = []
    for i, o in enumerate(outcomes):
        local = f"{exponent(sizes[i - 1 : i + 1], totals[i - 1 : i + 1]):.2f}" if i else "-"
        rows.append(
            (
                f"{o.edge:g}",
                str(o.vertices),
                f"{o.iterations / max(o.solves, 1):.1f}",
                f"{o.seconds['total']:.2f}",
                local,
                f"{o.memory_mb:.0f}",
                f"{o.bytes_per_vertex:.0f}",
            )
        )
    slope = np.polyfit(sizes, [1e6 * o.memory_mb for o in outcomes], 1)[0]
    notes = (
        f"Total time grows as vertices^{exponent(sizes, totals):.2f}; the slope of the peak memory, the mesh included, "
        f"is {slope:.0f} bytes a vertex.",
    )
    return Section("Growth of A1", head, rows, notes)


def plot_growth(outcomes: Sequence[Outcome], path: Path) -> None:
    """Draw seconds by phase over vertices, both logarithmic."""
    from matplotlib.figure import Figure

    sizes = [o.vertices for o in outcomes]
    figure = Figure(figsize=(6.4, 4.2), layout="constrained")
    axes = figure.subplots()
    for key, label in (
        ("total", "total"),
        ("linear", "linear solver"),
        ("transport", "transport"),
        ("setup", "mesh and set-up"),
    ):
        axes.loglog(sizes, [o.seconds[key] for o in outcomes], "o-", label=label)
    first = outcomes[0].seconds["total"]
    axes.loglog(sizes, [first * (n / sizes[0]) ** 1.25 for n in sizes], "k:", label="vertices$^{1.25}$")
    axes.set_xlabel("vertices")
    axes.set_ylabel("seconds")
    axes.set_title("Benchmark A1, 30 s of injection")
    axes.grid(True, which="both", alpha=0.3)
    axes.legend()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)
