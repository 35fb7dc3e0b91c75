"""The options of `cementflow bench`; nothing heavy is imported here, as the command line always reads it."""

from __future__ import annotations

import argparse
from pathlib import Path

SOLVER_VERTICES = 100_000
PEERS = ("opm", "skfem", "ngsolve")


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add them to a parser."""
    what = parser.add_argument_group(
        "cases (default: A1, A2 and A3 at 2, 1.5 and 1 mm, and the L3 of 20k vertices, cold and heated)"
    )
    what.add_argument("--quick", action="store_true", help="the boxes at 2 mm only")
    what.add_argument("--cases", type=_names, metavar="NAME,...", help="of A1, A2, A3, L3, L3H (heated)")
    what.add_argument("--edges", type=_lengths, metavar="MM,...", help="edge lengths of the boxes [mm]")
    what.add_argument("--l3", type=_counts, metavar="N,...", help="vertices of the L3, such as 20k,100k,1M")
    more = parser.add_argument_group("more to measure; without an option of the group above, only this")
    more.add_argument("--growth", action="store_true", help="how time and memory of A1 grow from 2 to 0.5 mm")
    more.add_argument("--cold", action="store_true", help="a first run ever, compilation included")
    more.add_argument(
        "--solver",
        type=_count,
        nargs="?",
        const=SOLVER_VERTICES,
        metavar="N",
        help="linear solvers on one pressure system (default: 100k vertices)",
    )
    more.add_argument(
        "--peers",
        type=_names,
        nargs="?",
        const=PEERS,
        metavar="NAME,...",
        help=f"other codes, where installed ({', '.join(PEERS)})",
    )
    more.add_argument(
        "--guard", type=Path, metavar="FILE", help="compare with stored ratios; status 3 if slower"
    )
    more.add_argument("--renew-guard", type=Path, metavar="FILE", help="store the ratios of this machine")
    how = parser.add_argument_group("how")
    how.add_argument(
        "--repeat", type=_positive, default=1, metavar="N", help="medians of N runs (default: 1)"
    )
    how.add_argument(
        "--peer-cells",
        type=_counts,
        default=(30,),
        metavar="N,...",
        help="cells along the cube (default: 30)",
    )
    how.add_argument(
        "--python",
        action="append",
        default=[],
        metavar="PATH",
        help="another interpreter to look for peers in",
    )
    out = parser.add_argument_group("where to, besides the screen")
    out.add_argument("--json", type=Path, metavar="FILE", help="everything measured")
    out.add_argument(
        "--markdown",
        type=Path,
        metavar="FILE",
        help="the same tables, in a document between its marks if it has them",
    )
    out.add_argument("--plot", type=Path, metavar="FILE.png", help="picture of the growth; with --growth")


def _names(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _lengths(text: str) -> tuple[float, ...]:
    lengths = tuple(float(part.strip().removesuffix("mm")) for part in text.split(","))
    if any(not 0.05 <= length <= 10.0 for length in lengths):
        raise argparse.ArgumentTypeError("edge lengths are in mm, from 0.05 to 10")
    return lengths


def _count(text: str) -> int:
    text = text.strip()
    factor = {"k": 1_000, "m": 1_000_000}.get(text[-1:].lower(), 1)
    return _positive(str(round(float(text if factor == 1 else text[:-1]) * factor)))


def _counts(text: str) -> tuple[int, ...]:
    return tuple(_count(part) for part in text.split(","))


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number
