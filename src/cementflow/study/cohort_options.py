"""The command `cementflow frequencies` and its options; nothing heavy is imported here."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any


def add_verbs(verbs: Any) -> None:
    """Add the commands to the subparsers of the command line."""
    _add_frequencies(
        verbs.add_parser(
            "frequencies", help="count who leaks in virtual cohorts", description=frequencies.__doc__
        )
    )


def _add_frequencies(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("study", type=Path, nargs="+", help="folders of cohorts, taken together")
    parser.add_argument(
        "--against",
        action="append",
        metavar="SERIES",
        help="published series to show beside (default: all that are not calibrated on)",
    )
    parser.add_argument(
        "--calibrate", metavar="SERIES", help="let bodies weigh so that as many leak as there"
    )
    parser.add_argument(
        "--by", metavar="COLUMN", help="column of the table that decides which bodies weigh more"
    )
    parser.add_argument("-o", "--out", type=Path, metavar="PNG", help="draw a picture too")
    parser.set_defaults(command=frequencies)


def frequencies(options: argparse.Namespace) -> int:
    """Shares of bodies that leak, by kind of leak and by who looks, beside published ones."""
    from cementflow.study.frequencies import frequencies as count
    from cementflow.study.frequencies_text import frequencies_picture, frequencies_text
    from cementflow.study.table import read_table

    tables = [read_table(folder / "table.csv") for folder in options.study]
    found = count(tables, options.against, options.calibrate, options.by)
    print(frequencies_text(found))
    if options.out is not None:
        frequencies_picture(found, options.out)
    return 0
