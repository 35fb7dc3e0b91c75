"""`python -m benchmarks.leakage`, from the top of a checkout with the package installed."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.leakage import figures, tables, variants
from benchmarks.leakage.measure import Outcome
from benchmarks.leakage.run import DOCUMENT, IMAGES, options, outcomes
from benchmarks.leakage.variants import Variant
from cementflow.bench.section import Section, put_tables

PARTS: dict[str, Callable[[], dict[str, list[Variant]]]] = {
    "alone": variants.alone,
    "all": variants.all_but_one,
    "cohort": variants.cohort,
}


def main() -> int:
    """Run the parts that are asked for and write their tables and the figure."""
    chosen = options("python -m benchmarks.leakage", __doc__, tuple(PARTS))
    found = outcomes({part: PARTS[part]() for part in chosen.parts or PARTS}, chosen.jobs, chosen.keep)
    for part, rows in found.items():
        sections = tables_of(part, rows)
        print("\n".join(s.text() for s in sections))
        mark = f"<!-- begin: python -m benchmarks.leakage {part} -->"
        put_tables(DOCUMENT, "\n".join(s.markdown() for s in sections), begin=mark)
    if {"alone", "all"} <= found.keys():
        figures.leaks(IMAGES / "leakage.png", found["alone"], found["all"])
    return 0


def tables_of(part: str, rows: dict[str, list[Outcome]]) -> list[Section]:
    """The tables of a part."""
    if part == "cohort":
        return [tables.cohort("Ten uneven bones, 4 mL of low and of high viscosity", rows)]
    title = "Each mechanism alone" if part == "alone" else "All mechanisms, and all but one"
    return [tables.series(title, rows), tables.types(f"{title}: by type", rows)]


if __name__ == "__main__":
    raise SystemExit(main())
