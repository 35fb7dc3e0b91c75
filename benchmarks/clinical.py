"""Tables of docs/clinical-case.md: the clinical case as it comes out, and what its mesh does to it.

python -m benchmarks.clinical series FOLDER     (or: mesh FOLDER)
"""

from __future__ import annotations

import sys
from pathlib import Path

import cementflow as cf
from cementflow.bench.section import Section, put_tables
from cementflow.series.rows import (
    LEVELS,
    WHAT_IF,
    compared_heads,
    compared_rows,
    level_rows,
    rest_text,
    what_if_rows,
)

DOCUMENT = Path(__file__).parents[1] / "docs/clinical-case.md"
SERIES = "metastasis-l2-l4"
EDGES = ("3 mm", "2.5 mm", "2 mm", "1.6 mm")
VARIANTS = ("as it was done", "no vein closed", "no ablation", "no cavity")


def series(folder: Path) -> list[Section]:
    """The tables of the report, of a folder that may have been run already."""
    stated = cf.series_preset(SERIES)
    s = cf.run_series(stated, folder, resume=(folder / "series.toml").is_file(), processes=1).summary
    return [
        Section("Levels", LEVELS, level_rows(s)),
        Section("Beside the case report", compared_heads(s), compared_rows(s), [rest_text(s)]),
        Section("What if", WHAT_IF, what_if_rows(s)),
    ]


def mesh(folder: Path) -> list[Section]:
    """Leak of L3 on four meshes [mL]."""
    stated = cf.series_preset(SERIES)
    number = [level.name for level in stated.levels].index("L3")
    others = {w.name: w.cases[number] for w in stated.what_ifs}
    lean = {"output.figures": False, "output.fields": False, "stop.until": None}
    rows = []
    for name in VARIANTS:
        case = others.get(name, stated.levels[number].case)
        cells = []
        for edge in EDGES:
            run = cf.run(case.replace({**lean, "geometry.edge_length": edge}), folder / f"{name} {edge}")
            cells.append(f"{run.summary['leaked_ml']['total']:.4f}")
        rows.append((name, *cells))
    return [Section("Leak of L3 by edge length [mL]", ("", *EDGES), rows)]


def main() -> None:
    """Write the tables that are asked for between their marks."""
    parts = {"series": series, "mesh": mesh}
    if len(sys.argv) != 3 or sys.argv[1] not in parts:
        raise SystemExit(__doc__)
    sections = parts[sys.argv[1]](Path(sys.argv[2]))
    for section in sections:
        print(section.text())
    mark = f"<!-- begin: python -m benchmarks.clinical {sys.argv[1]} -->"
    put_tables(DOCUMENT, "\n".join(section.markdown() for section in sections), mark)


if __name__ == "__main__":
    main()
