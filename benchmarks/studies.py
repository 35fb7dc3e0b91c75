"""`python -m benchmarks.studies NAME`: the worked studies of `docs/worked-studies.md`, their tables and pictures."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from cementflow.bench.section import Section, put_tables
from cementflow.study.frequencies import Frequencies, frequencies
from cementflow.study.frequencies_text import LABELS, OBSERVED, calibration_text, frequencies_picture
from cementflow.study.leaks_seen import LEAST_ML, TYPES
from cementflow.study.published import KINDS
from cementflow.study.run import run_study
from cementflow.study.statement import Study, study_preset
from cementflow.study.table import Table
from cementflow.views.palette import CYCLE, DASHES

DOCUMENT = Path(__file__).parents[1] / "docs/worked-studies.md"
AP, LR = "injection.cannula.tip.ap", "injection.cannula.tip.lr"
PRESSURE = "injection.max_pressure [Pa]"
RESULTS = {
    "leaked_ml.total": "leak [mL]",
    "simulated_s": "time until all is in [s]",
    "peak_tip_pressure_kPa": "highest pressure at the tip [kPa]",
}
# Cohort and the published series of its kind.
COHORTS = {
    "cohort-osteoporotic": ("vertos-2", "no-cleft"),
    "cohort-cleft": ("cleft",),
    "cohort-metastatic": ("corcos-2014", "metastases-2022"),
}
# One cohort weighed until it leaks as often as one series: by how far in front the tip ends.
CALIBRATED, SERIES, BY = "cohort-osteoporotic", "no-cleft", AP


def viscosity_pressure(run: Callable[[str], Table], images: Path) -> list[Section]:
    """Leak, time and pressure at the tip over viscosity and syringe pressure."""
    table = run("viscosity-pressure").done()
    cements, limits = table.column("cement.preset"), table.numbers(PRESSURE)
    kinds = list(dict.fromkeys(cements))
    figure, panels = _figure(len(RESULTS))
    sections = []
    for axes, (name, label) in zip(panels, RESULTS.items(), strict=True):
        values, rows = table.numbers(name), []
        for i, kind in enumerate(kinds):
            of_it = np.array([c == kind for c in cements])
            axes.plot(
                1e-6 * limits[of_it],
                values[of_it],
                marker="o",
                linestyle=DASHES[i],
                color=CYCLE[i],
                label=kind,
            )
            rows.append((str(kind), *(f"{v:.3g}" for v in values[of_it])))
        axes.set(xscale="log", xlabel="largest syringe pressure [MPa]", ylabel=label)
        axes.set_ylim(0.0, 1.15 * values.max())
        axes.set_xticks(1e-6 * np.unique(limits), [f"{1e-6 * p:.2g}" for p in np.unique(limits)])
        axes.minorticks_off()
        head = ("cement", *(f"{1e-6 * p:.2f} MPa" for p in np.unique(limits)))
        sections.append(Section(label, head, rows))
    panels[0].legend(frameon=False, title="viscosity")
    _save(figure, images / "study-viscosity-pressure.png")
    return sections


def needle_position(run: Callable[[str], Table], images: Path) -> list[Section]:
    """Leak by type over the place of the tip, mean of the drawn bones."""
    table = run("needle-position").done()
    ap, lr = table.numbers(AP), table.numbers(LR)
    rows, columns = np.unique(ap), np.unique(lr)
    figure, panels = _figure(len(TYPES), width=3.2)
    cells: list[list[str]] = [[f"ap {a:.2f}, lr {b:.2f}"] for a in rows for b in columns]
    for axes, kind in zip(panels, TYPES, strict=True):
        leaked = table.numbers(f"leaked_by_type_ml.{kind}")
        at = [[leaked[(ap == a) & (lr == b)] for b in columns] for a in rows]
        mean = np.array([[float(v.mean()) for v in row] for row in at])
        most = max(float(mean.max()), LEAST_ML)  # less is nothing to look at
        drawn = axes.pcolormesh(columns, rows, mean, cmap="viridis", shading="nearest", vmin=0.0, vmax=most)
        figure.colorbar(drawn, ax=axes, label="mean leak [mL]", location="bottom")
        axes.set(title=LABELS[kind], xlabel="tip, left to right", aspect="equal")
        flat = [v for row in at for v in row]
        for line, values in zip(cells, flat, strict=True):
            line.append(f"{values.mean():.3f} ({np.count_nonzero(values > LEAST_ML)}/{len(values)})")
    panels[0].set_ylabel("tip, posterior to anterior")
    _save(figure, images / "study-needle-position.png")
    title = f"Mean leak [mL], and how many bones leak more than {LEAST_ML:g} mL"
    return [Section(title, ("tip", *(LABELS[k] for k in TYPES)), cells)]


def literature(run: Callable[[str], Table], images: Path) -> list[Section]:
    """Frequencies of leakage in virtual cohorts beside published ones."""
    sections = []
    for name, against in COHORTS.items():
        found = frequencies([run(name)], against)
        frequencies_picture(found, images / f"study-{name}.png")
        sections.append(_beside(name, found))
    others = tuple(s for s in COHORTS[CALIBRATED] if s != SERIES)
    found = frequencies([run(CALIBRATED)], others, calibrate=SERIES, by=BY)
    return [*sections, _beside(f'{CALIBRATED} calibrated on "{SERIES}"', found)]


def _beside(name: str, found: Frequencies) -> Section:
    rows = [
        (
            OBSERVED[o],
            *(f"{100 * s[k].value:.0f} ({100 * s[k].low:.0f} to {100 * s[k].high:.0f})" for k in KINDS),
        )
        for o, s in found.shares.items()
    ]
    rows += [
        (
            f"{one.source}, n = {one.number}",
            *(f"{100 * one.shares[k]:.0f}" if k in one.shares else "-" for k in KINDS),
        )
        for one in found.against
    ]
    notes = [f"{found.bodies} bodies" + (f", {found.failed} without a result" if found.failed else "")]
    if found.calibration is not None:
        notes.append(calibration_text(found.calibration))
    return Section(
        f"{name}: % of bodies that leak (95 % interval)",
        ("", *(LABELS[k] for k in KINDS)),
        rows,
        tuple(notes),
    )


STUDIES: dict[str, Callable[[Callable[[str], Table], Path], list[Section]]] = {
    "viscosity-pressure": viscosity_pressure,
    "needle-position": needle_position,
    "literature": literature,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one worked study, draw its pictures and put its tables into the document."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.studies", description=__doc__)
    parser.add_argument("name", choices=STUDIES)
    parser.add_argument("--jobs", type=int, help="runs at a time (default: all cores)")
    parser.add_argument(
        "--edge", metavar="LENGTH", help='other edges than those of the preset, such as "4 mm"'
    )
    parser.add_argument("--points", type=int, help="another number of bodies of each cohort")
    parser.add_argument(
        "--keep", type=Path, metavar="DIR", help="keep the studies here, and go on with what is there"
    )
    parser.add_argument("--document", type=Path, default=DOCUMENT, help="pictures go to images/ beside it")
    options = parser.parse_args(arguments)
    images = options.document.parent / "images"
    images.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as scratch:
        folder = options.keep or Path(scratch)

        def run(name: str) -> Table:
            out = folder / name
            study = changed(study_preset(name), options.edge, options.points)
            return run_study(study, out, jobs=options.jobs, resume=out.exists(), progress=True).table

        sections = STUDIES[options.name](run, images)
    print("\n".join(s.text() for s in sections))
    mark = f"<!-- begin: python -m benchmarks.studies {options.name} -->"
    put_tables(options.document, "\n".join(s.markdown() for s in sections), begin=mark)
    return 0


def changed(study: Study, edge: str | None, points: int | None) -> Study:
    """The study on another mesh, or with another number of drawn points."""
    if edge is not None:
        study = study.replace({"geometry.edge_length": edge})
    if points is not None and study.design.points is not None:
        study = dataclasses.replace(study, design=dataclasses.replace(study.design, points=points))
    return study


def _figure(panels: int, width: float = 4.0) -> tuple[Any, Any]:
    import matplotlib.pyplot as plt

    return plt.subplots(1, panels, figsize=(width * panels, 3.8), layout="constrained")


def _save(figure: Any, path: Path) -> None:
    import matplotlib.pyplot as plt

    figure.savefig(path, dpi=110)
    plt.close(figure)


if __name__ == "__main__":
    raise SystemExit(main())
