"""The verbs of studies on the command line; nothing heavy is imported here, as the command line always reads it."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cementflow.errors import InputError

if TYPE_CHECKING:
    from cementflow.study.statement import Study

FAILED, INTERRUPTED = 3, 130
STOPPING = "stopping; what is finished is kept"
STATED = "sweep.toml"  # what a study folder was made from


def add_verbs(verbs: Any) -> None:
    """Add them to the command line."""
    verb = verbs.add_parser(
        "sweep", help="run a study: one case, varied", description="Run all points of a study into one table."
    )
    add_sweep_options(verb)
    verb.set_defaults(command=sweep)


def add_sweep_options(verb: argparse.ArgumentParser) -> None:
    """Options of `cementflow sweep`."""
    verb.add_argument("study", nargs="?", metavar="SWEEP.toml", help="file of a study")
    verb.add_argument("--preset", metavar="NAME", help="a study that comes with cementflow")
    verb.add_argument("--out", metavar="DIR", help="study folder to make (default: a free name below runs/)")
    verb.add_argument("--jobs", type=_jobs, metavar="N", help="runs at a time (default: one a core)")
    verb.add_argument(
        "--dry-run",
        action="store_true",
        help="only say how many runs there are, about how long they take, and which points cannot run",
    )
    verb.add_argument("--resume", action="store_true", help="run only what is missing or failed in --out")
    verb.add_argument("--scheduler", metavar="ADDRESS", help="run on a Dask cluster, such as tcp://host:8786")
    verb.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help='change the base case, such as geometry.edge_length="3 mm"; may be repeated',
    )
    verb.add_argument("--quiet", action="store_true", help="no progress")


def sweep(options: argparse.Namespace) -> int:
    """Run all points of a study, or with --dry-run say what that would mean."""
    study = stated_study(options)
    if note := study.design.note():
        _say(f"warning: {note}")
    if options.dry_run:
        return _dry_run(study, options)
    from cementflow.signals import Signals
    from cementflow.study.result import TABLE
    from cementflow.study.run import run_study
    from cementflow.study.table import DONE

    with Signals(STOPPING) as asked:
        result = run_study(
            study,
            options.out,
            jobs=options.jobs,
            resume=options.resume,
            scheduler=options.scheduler,
            progress=not options.quiet,
            stop_asked=asked,
            tell=_say,
        )
        interrupted = asked()
    counts = result.counts
    print(result)
    if counts["failed"] or counts["invalid"]:
        _say(f"why runs failed is in {result.path / TABLE}; --resume --out {result.path} tries them again")
    if interrupted:
        _say(f"go on with: cementflow sweep --resume --out {result.path}")
        return INTERRUPTED
    return 0 if any(counts[status] for status in DONE) else FAILED


def stated_study(options: argparse.Namespace) -> Study:
    """The study that a command names by file or preset, or by the folder to go on with; `--set` is in it."""
    from cementflow.case import parse_settings
    from cementflow.study.statement import load_study, study_preset

    if options.study is not None and options.preset is not None:
        raise InputError("state a study file or --preset, not both")
    if options.resume and options.out is None:
        raise InputError("--resume needs --out DIR, the study folder to go on with")
    if options.preset is not None:
        study = study_preset(options.preset)
    elif options.study is not None:
        study = load_study(options.study)
    elif options.resume:
        study = load_study(Path(options.out) / STATED)
    else:
        raise InputError("state a study file or --preset NAME")
    return study.replace(parse_settings(options.set)) if options.set else study


def _dry_run(study: Study, options: argparse.Namespace) -> int:
    from cementflow.crew.processes import processors
    from cementflow.study.dry_run import dry_run

    found = dry_run(study, options.jobs or processors(), progress=not options.quiet)
    print(found.text(), end="")
    return 0 if found.runnable else 2


def _jobs(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def _say(text: str) -> None:
    print(f"cementflow: {text}", file=sys.stderr)
