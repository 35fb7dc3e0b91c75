"""`python -m benchmarks.mechanisms`, from the top of a checkout with the package installed."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from benchmarks.mechanisms import figures, tables, variants
from benchmarks.mechanisms.measure import Outcome, measured
from benchmarks.mechanisms.variants import Variant
from cementflow.bench.section import Section, put_tables

DOCS = Path(__file__).parents[2] / "docs"
DOCUMENT, IMAGES = DOCS / "cement.md", DOCS / "images"
PARTS: dict[str, Callable[[], list[Variant]]] = {
    "laws": variants.laws,
    "mechanisms-medium": partial(variants.mechanisms, "medium"),
    "mechanisms-high": partial(variants.mechanisms, "high"),
    "curing": variants.curing,
    "hot": variants.hot,
    "sensitivities": variants.sensitivities,
}


def main() -> int:
    """Run the parts that are asked for and write their tables and figures."""
    options = _options()
    if options.keep is not None:
        options.keep.mkdir(parents=True, exist_ok=True)
    todo = {part: PARTS[part]() for part in options.parts or PARTS}
    with get_context("spawn").Pool(options.jobs) as pool:
        run = partial(measured, keep=options.keep)
        pending = {part: [pool.apply_async(run, (v,)) for v in found] for part, found in todo.items()}
        outcomes = {part: [p.get() for p in waiting] for part, waiting in pending.items()}
    for section, mark in _sections(outcomes):
        print(section.text())
        put_tables(
            DOCUMENT, section.markdown(), begin=f"<!-- begin: python -m benchmarks.mechanisms {mark} -->"
        )
    _figures(outcomes)
    return 0


def _sections(outcomes: dict[str, list[Outcome]]) -> Iterator[tuple[Section, str]]:
    """Each table with the part that it comes from."""
    for part, found in outcomes.items():
        if part == "laws":
            yield tables.laws(found), part
        elif part == "curing":
            yield tables.curing(found), part
        elif part == "hot":
            yield tables.hot("6 and 10 mL in a bath of 37 degC", found), part
        elif part == "sensitivities":
            yield tables.hot("What the peaks of 6 mL depend on", found), part
        else:
            yield tables.mechanisms(part.removeprefix("mechanisms-"), found), part


def _figures(outcomes: dict[str, list[Outcome]]) -> None:
    """Those whose parts were run."""
    figures.cement_course(IMAGES / "cement-medium.png")
    if {"mechanisms-medium", "mechanisms-high", "curing"} <= outcomes.keys():
        parts = (outcomes[part] for part in ("mechanisms-medium", "mechanisms-high", "curing"))
        figures.pressures(IMAGES / "mechanisms.png", *parts)
    if {"hot", "sensitivities"} <= outcomes.keys():
        by_name = {o.name: o for part in ("hot", "sensitivities") for o in outcomes[part]}
        chosen = ("6 mL, 1.2 mm", "10 mL, 1.2 mm", "both, needle at ap = 0.75")
        figures.heat(IMAGES / "heat.png", *(by_name[name] for name in chosen))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mechanisms", description=__doc__)
    parser.add_argument(
        "parts", nargs="*", choices=[*PARTS, []], metavar="part", help="what to run; all by default"
    )
    parser.add_argument("--jobs", type=int, default=2, help="processes at a time")
    parser.add_argument("--keep", type=Path, help="folder of outcomes, which are not computed again")
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
