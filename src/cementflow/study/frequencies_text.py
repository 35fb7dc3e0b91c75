"""What the frequencies of a cohort say, in lines of text and as a picture."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from cementflow.files import replacing
from cementflow.study.frequencies import Calibration, Frequencies
from cementflow.study.intervals import Share, wilson
from cementflow.study.leaks_seen import LEAST_ML
from cementflow.study.published import KINDS, Series
from cementflow.views.palette import CYCLE, DASHES, FAINT, INK, LEAK

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LABELS = {
    "any": "any leak",
    "venous": "venous",
    "B": "basivertebral",
    "S": "segmental",
    "C": "cortical",
    "D": "disc",
}
METHODS = {"ct": "tomography", "radiograph": "radiograph", "": "method not stated"}
OBSERVED = {
    "ct": "by tomography",
    "large on ct": f"by tomography, {LEAST_ML:g} mL or more",
    "radiograph": "by radiograph, two views",
    "lateral radiograph": "by radiograph, lateral view",
    "model": "as computed",
}
_CELL = 15
_HEAD = 50


def frequencies_text(found: Frequencies) -> str:
    """A table for reading: per cent of the bodies with the 95 % interval, published series below."""
    lines = [_line("% of bodies (95 % interval)", [LABELS[k] for k in KINDS])]
    lines += [
        _line(f"cohort, {OBSERVED[o]}", [_shown(shares[k]) for k in KINDS])
        for o, shares in found.shares.items()
    ]
    for one in found.against:
        lines.append(
            _line(_name(one), [_shown(_published(one, k)) if k in one.shares else "-" for k in KINDS])
        )
    counted = f"{found.bodies} bodies"
    lines.append(f"{counted}; {found.failed} more without a result" if found.failed else counted)
    if found.calibration is not None:
        lines.append(calibration_text(found.calibration))
    lines.append(
        "Distributions of bones, veins and defects are assumed where the study file does not name a source."
    )
    return "\n".join(lines)


def calibration_text(fitted: Calibration) -> str:
    """What a calibration weighs and what it is worth."""
    return (
        f"calibrated: bodies weigh exp({fitted.tilt:.3g} z), z their {fitted.column} scaled to mean 0 and "
        f'deviation 1, so that as many leak as in "{fitted.series.name}" ({fitted.series.source}), which is '
        f"therefore not shown; this is worth {fitted.bodies:.0f} bodies"
    )


def frequencies_picture(found: Frequencies, path: Path) -> None:
    """Draw the shares by kind of leak with their intervals, published series beside them; PNG, SVG or PDF."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(8.0, 4.8), layout="constrained")
    try:
        rows: list[tuple[str, Mapping[str, Share]]] = [
            (f"cohort, {OBSERVED[o]}", s) for o, s in found.shares.items() if o in ("ct", "radiograph")
        ]
        published: list[tuple[str, Mapping[str, Share]]] = [
            (_name(s), {k: _published(s, k) for k in s.shares}) for s in found.against
        ]
        width = 0.8 / (len(rows) + len(published))
        for i, (label, shares) in enumerate(rows + published):
            offset = (i + 0.5) * width - 0.4
            colour = (LEAK, INK)[i % 2] if i < len(rows) else CYCLE[(i - len(rows)) % len(CYCLE)]
            mark = "os"[i % 2] if i < len(rows) else "D^v<>P*"[(i - len(rows)) % 7]
            _bars(axes, shares, offset, label, colour, mark)
        axes.set_xticks(range(len(KINDS)), [LABELS[k] for k in KINDS], fontsize=9)
        for edge in range(len(KINDS) - 1):
            axes.axvline(edge + 0.5, color=FAINT, linewidth=0.4, linestyle=DASHES[3])
        axes.set_xlim(-0.5, len(KINDS) - 0.5)
        axes.set_ylim(-2.0, 102.0)  # marks at the ends are whole
        axes.set_ylabel("vertebrae that leak [%]")
        shown = f"{found.bodies} virtual bodies; bars: 95 % intervals (Wilson)"
        if found.calibration is not None:
            shown += f'; calibrated on "{found.calibration.series.name}"'
        axes.set_title(shown, fontsize=10, loc="left")
        figure.legend(loc="outside lower center", ncols=2, fontsize=8, frameon=False)
        with replacing(path) as temporary:
            figure.savefig(temporary, dpi=150)
    finally:
        plt.close(figure)


def _bars(axes: Axes, shares: Mapping[str, Share], offset: float, label: str, colour: str, mark: str) -> None:
    places = [k for k, kind in enumerate(KINDS) if kind in shares]
    found = [shares[KINDS[k]] for k in places]
    middle = [100.0 * s.value for s in found]
    errors = [
        [100.0 * max(s.value - s.low, 0.0) for s in found],
        [100.0 * max(s.high - s.value, 0.0) for s in found],
    ]
    axes.errorbar(
        [k + offset for k in places],
        middle,
        errors,
        fmt=mark,
        color=colour,
        label=label,
        capsize=2,
        markersize=5,
    )


def _published(one: Series, kind: str) -> Share:
    return wilson(one.shares[kind] * one.number, one.number)


def _name(one: Series) -> str:
    return f"{one.name}: {METHODS[one.method]}, n = {one.number}"


def _shown(share: Share) -> str:
    return f"{100 * share.value:.0f} ({100 * share.low:.0f}-{100 * share.high:.0f})"


def _line(head: str, cells: list[str]) -> str:
    return head.ljust(_HEAD) + "".join(c.rjust(_CELL) for c in cells)
