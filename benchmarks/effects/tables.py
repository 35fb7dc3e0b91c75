"""The tables of published effects in `docs/leakage.md`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from benchmarks.effects.variants import VOLUMES
from benchmarks.leakage.measure import Outcome
from cementflow.bench.section import Section

SEEN = 0.1  # mL; assumed: a leak that counts

Rows = Mapping[str, Sequence[Outcome]]


def bodies(rows: Rows) -> Section:
    """What each kind of body leaks."""
    head = (
        "",
        "leaked, mean [mL]",
        "least to most",
        f"above {SEEN:g} mL",
        "veins [mL]",
        "walls and discs [mL]",
    )
    table = [
        (
            name,
            f"{_mean(o.leaked for o in row):.3f}",
            f"{min(o.leaked for o in row):.3f} to {max(o.leaked for o in row):.3f}",
            f"{sum(o.leaked > SEEN for o in row)} of {len(row)}",
            f"{_mean(o.venous for o in row):.3f}",
            f"{_mean(o.cortical for o in row):.3f}",
        )
        for name, row in rows.items()
    ]
    vertices = next(iter(rows.values()))[0].vertices
    notes = (f"L3 with {vertices} vertices, medium viscosity, 4 mL (the large volume: {VOLUMES[-1]:g} mL).",)
    return Section("Bodies of several kinds, six uneven bones of each", head, table, notes)


def effects(rows: Rows) -> Section:
    """Sign and size beside what was published."""
    head = ("effect", "published", "here", "sign")
    volume = [[o.leaked_at(v) for o in rows["large volume"]] for v in VOLUMES]
    small, middle, large = (float(np.mean(v)) for v in volume)
    whole, broken = (rows[n] for n in ("whole wall", "lateral defect and endplate crack"))
    kept, lost = (rows[n] for n in ("tumour, walls whole", "tumour, walls lost"))
    without, cleft = (rows[n] for n in ("no cleft, no cracks", "cleft and cracks"))
    open_veins = rows["tumour, walls lost, veins open"]
    return Section(
        "Published effects: sign and size",
        head,
        [
            (
                "a broken cortex leaks more",
                "odds ratio 5.56 (1.84 to 16.8), meta-analysis of 4187 bodies",
                f"{_ratio(whole, broken)}; in a tumour {_ratio(kept, lost)}",
                _sign(_leaked(broken) > _leaked(whole) and _leaked(lost) > _leaked(kept)),
            ),
            (
                "a cleft leaks by the wall, not by veins",
                "by veins 68 to 37 % of bodies, by wall and disc 17 to 40 %",
                f"share by veins {_venous_share(without):.0f} to {_venous_share(cleft):.0f} %, "
                f"by veins {_venous(without):.3f} to {_venous(cleft):.3f} mL",
                _sign(_venous(cleft) < _venous(without) and _cortical(cleft) > _cortical(without)),
            ),
            (
                "more cement leaks more",
                "4.5 mL where something leaked, 3.7 mL where nothing did (VERTOS II)",
                f"{small:.3f} mL of 3.7, {middle:.3f} mL of 4.5, {large:.3f} mL of {VOLUMES[-1]:g}",
                _sign(small / VOLUMES[0] < middle / VOLUMES[1] < large / VOLUMES[2]),
            ),
            (
                "metastases leak more by walls than by veins",
                "wall 32, veins 25 % of bodies (Corcos et al. 2014)",
                f"wall {_cortical(lost):.3f}, veins {_venous(lost):.3f} mL",
                _sign(_cortical(lost) > _venous(lost)),
            ),
            (
                "lytic bodies leak less by veins",
                "p = 0.033 (Corcos et al. 2014)",
                f"by veins {_venous(open_veins):.3f} mL, with those in the tumour closed {_venous(lost):.3f}",
                _sign(_venous(lost) < _venous(open_veins)),
            ),
        ],
    )


def _mean(values: Iterable[float]) -> float:
    return float(np.mean(list(values)))


def _leaked(row: Sequence[Outcome]) -> float:
    return _mean(o.leaked for o in row)


def _venous(row: Sequence[Outcome]) -> float:
    return _mean(o.venous for o in row)


def _cortical(row: Sequence[Outcome]) -> float:
    return _mean(o.cortical for o in row)


def _venous_share(row: Sequence[Outcome]) -> float:
    return 100.0 * _venous(row) / _leaked(row)


def _ratio(without: Sequence[Outcome], with_it: Sequence[Outcome]) -> str:
    least = sum(b.leaked > a.leaked for a, b in zip(without, with_it, strict=True))
    return f"{_leaked(with_it) / _leaked(without):.1f} times as much, more in {least} of {len(with_it)} bones"


def _sign(agrees: bool) -> str:
    return "agrees" if agrees else "does not"
