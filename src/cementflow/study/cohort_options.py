"""The commands `cementflow plan` and `cementflow frequencies` and their options; nothing heavy is imported here."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any


def add_verbs(verbs: Any) -> None:
    """Add the commands to the subparsers of the command line."""
    _add_plan(verbs.add_parser("plan", help="find how far one can go safely", description=plan.__doc__))
    _add_frequencies(
        verbs.add_parser(
            "frequencies", help="count who leaks in virtual cohorts", description=frequencies.__doc__
        )
    )


def _add_plan(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "plan", type=Path, metavar="PLAN.toml", help="a study file with [uncertain] and [plan]"
    )
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="folder of its studies (default: the name of the file)"
    )
    parser.add_argument("--jobs", type=int, metavar="N", help="runs at a time (default: all cores)")
    parser.add_argument("--resume", action="store_true", help="run only what is missing or failed")
    parser.add_argument(
        "--scheduler", metavar="ADDRESS", help="run on a Dask cluster, such as tcp://host:8786"
    )
    parser.add_argument(
        "--each", action="store_true", help="run every volume, where one run would tell them all"
    )
    parser.add_argument(
        "--picture", type=Path, metavar="PNG", help="picture (default: plan.png in the folder)"
    )
    parser.add_argument("--quiet", action="store_true", help="no progress")
    parser.set_defaults(command=plan)


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


def plan(options: argparse.Namespace) -> int:
    """The largest or smallest value that keeps a limit with a stated probability over uncertain bones and veins."""
    from cementflow.study.plan_run import run_plan
    from cementflow.study.plan_text import plan_picture, plan_text

    out = options.out or options.plan.with_suffix("")
    try:
        answer = run_plan(
            options.plan,
            out,
            jobs=options.jobs,
            resume=options.resume,
            progress=not options.quiet,
            each_volume=options.each,
            scheduler=options.scheduler,
        )
    except KeyboardInterrupt:
        print(f"cementflow: go on with: cementflow plan {options.plan} --resume --out {out}", file=sys.stderr)
        raise
    print(plan_text(answer))
    plan_picture(answer, options.picture or out / "plan.png")
    return 0


def frequencies(options: argparse.Namespace) -> int:
    """Shares of bodies that leak, by kind of leak and by who looks, beside published ones."""
    from cementflow.study.frequencies import frequencies as count
    from cementflow.study.frequencies_text import frequencies_picture, frequencies_text
    from cementflow.study.result import open_study

    tables = [open_study(folder).table for folder in options.study]
    found = count(tables, options.against, options.calibrate, options.by)
    print(frequencies_text(found))
    if options.out is not None:
        frequencies_picture(found, options.out)
    return 0
