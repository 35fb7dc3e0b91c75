"""The tables of `docs/leakage.md`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from benchmarks.leakage.measure import Outcome
from benchmarks.leakage.variants import HIGH, LOW, VISCOSITIES
from cementflow.bench.section import Section

THRESHOLDS = (0.05, 0.1, 0.2, 0.4)  # mL
Rows = Mapping[str, Sequence[Outcome]]


def series(title: str, rows: Rows) -> Section:
    """Leaked share for each viscosity, and two ratios."""
    head = (
        "",
        *(f"{v} Pa s [%]" for v in VISCOSITIES),
        f"{HIGH} : {LOW}",
        f"{VISCOSITIES[-1]} : {VISCOSITIES[0]}",
    )
    table = [
        (
            name,
            *(_share(o) for o in outcomes),
            f"{ratio(outcomes, HIGH, LOW):.2f}",
            f"{ratio(outcomes, VISCOSITIES[-1], VISCOSITIES[0]):.2f}",
        )
        for name, outcomes in rows.items()
    ]
    vertices = next(iter(rows.values()))[0].vertices
    notes = (
        f"L3 with {vertices} vertices; leaked cement in percent of what was injected.",
        "In brackets the volume that was injected [mL], where the injection ended before 4 mL.",
    )
    return Section(title, head, table, notes)


def types(title: str, rows: Rows) -> Section:
    """Leaked volume by type, for the thinner and the thicker of two cements."""
    chosen = (LOW, HIGH)
    head = ("", *(f"{kind}, {v} Pa s [mL]" for kind in "BSCD" for v in chosen))
    table = [
        (
            name,
            *(f"{outcomes[VISCOSITIES.index(v)].by_type[kind]:.3f}" for kind in "BSCD" for v in chosen),
        )
        for name, outcomes in rows.items()
    ]
    return Section(title, head, table)


def ratio(outcomes: Sequence[Outcome], thick: float, thin: float) -> float:
    """Leaked share with one viscosity over that with another."""
    return outcomes[VISCOSITIES.index(thick)].share / outcomes[VISCOSITIES.index(thin)].share


def _share(o: Outcome) -> str:
    whole = o.reason == "volume injected"
    return f"{o.share:.2f}" if whole else f"{o.share:.2f} ({o.injected:.1f})"


def cohort(title: str, rows: Rows) -> Section:
    """Mean leak of a row of bones, and how many leak more than a threshold."""
    head = ("", "mean [mL]", "least to most [mL]", *(f"above {t:g} mL" for t in THRESHOLDS))
    table = []
    for name, outcomes in rows.items():
        leaked = np.array([o.leaked for o in outcomes])
        counts = (f"{np.count_nonzero(leaked > t)} of {len(leaked)}" for t in THRESHOLDS)
        table.append((name, f"{leaked.mean():.3f}", f"{leaked.min():.3f} to {leaked.max():.3f}", *counts))
    marrows = dict.fromkeys(name.partition(", ")[2] for name in rows)
    notes = [
        f"High against low viscosity, {m}: {_high_to_low(rows, m):.2f} of the mean leak." for m in marrows
    ]
    return Section(title, head, table, notes)


def _high_to_low(rows: Rows, marrow: str) -> float:
    high, low = (np.mean([o.leaked for o in rows[f"{k} viscosity, {marrow}"]]) for k in ("high", "low"))
    return float(high / low)
