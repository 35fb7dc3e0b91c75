"""Runs rows of variants in several processes; what the studies of leakage have in common."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from benchmarks.leakage.measure import Outcome, measured
from benchmarks.leakage.variants import Variant

DOCS = Path(__file__).parents[2] / "docs"
DOCUMENT, IMAGES = DOCS / "leakage.md", DOCS / "images"


def outcomes(
    parts: Mapping[str, Mapping[str, Sequence[Variant]]], jobs: int, keep: Path | None
) -> dict[str, dict[str, list[Outcome]]]:
    """The outcome of each variant, by part and row; a folder to keep them in, if wished, is made."""
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
    run = partial(measured, keep=keep)
    with get_context("spawn").Pool(jobs) as pool:
        pending = {
            part: {name: [pool.apply_async(run, (v,)) for v in row] for name, row in rows.items()}
            for part, rows in parts.items()
        }
        return {
            part: {name: [p.get() for p in row] for name, row in rows.items()}
            for part, rows in pending.items()
        }


def options(program: str, description: str | None, parts: Sequence[str]) -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(prog=program, description=description)
    if parts:
        parser.add_argument(
            "parts", nargs="*", choices=[*parts, []], metavar="part", help="what to run; all by default"
        )
    parser.add_argument("--jobs", type=int, default=2, help="processes at a time")
    parser.add_argument("--keep", type=Path, help="folder of outcomes, which are not computed again")
    return parser.parse_args()
