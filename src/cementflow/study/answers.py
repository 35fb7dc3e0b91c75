"""The commands that answer from runs and studies; nothing heavy is imported here, as the command line reads it."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

Command = Callable[[argparse.Namespace], int]

PICTURES = ("effects", "map", "pareto")


def add_answers(verbs: Any) -> None:
    """Add `compare` and `sensitivity` to the verbs of a parser."""
    verb = verbs.add_parser("compare", help="compare runs", description=compare.__doc__)
    verb.add_argument("runs", metavar="RUN", nargs="+", help="run folders, two or more")
    verb.add_argument("-o", "--out", metavar="OUT.png", help="picture to draw (.png or .pdf)")
    verb.set_defaults(command=compare)

    verb = verbs.add_parser(
        "sensitivity", help="what matters most in a study", description=sensitivity.__doc__
    )
    verb.add_argument("study", metavar="STUDY", help="folder of a study")
    verb.add_argument(
        "--result",
        metavar="NAME",
        default="leaked_ml.total",
        help="column of its table (default: leaked_ml.total)",
    )
    verb.add_argument(
        "-o", "--out", metavar="OUT.png", help="picture (default: in the figures/ of the study)"
    )
    verb.set_defaults(command=sensitivity)


def or_study(command: Command) -> Command:
    """`view` or `report`, which for the folder of a study show or report that study."""

    def either(options: argparse.Namespace) -> int:
        from cementflow.study.result import is_study

        return (
            {"view": view, "report": report}[options.verb](options)
            if is_study(options.run)
            else command(options)
        )

    return either


def compare(options: argparse.Namespace) -> int:
    """Show what differs in the cases of runs and what came of them, and how far their clouds agree."""
    from cementflow.study.compare import compare as compare_runs

    found = compare_runs(options.runs, options.out)
    print(found.text(), end="")
    if found.picture is not None:
        print(found.picture)
    return 0


def sensitivity(options: argparse.Namespace) -> int:
    """Estimate how much of a result each factor makes: Sobol, Morris, or first indices of any other sample."""
    from cementflow.study.result import open_study
    from cementflow.study.sensitivity import of_study
    from cementflow.study.sensitivity_page import draw_sensitivity, sensitivity_text

    study = open_study(options.study)
    found = of_study(study, options.result)
    print(sensitivity_text(found), end="")
    out = study.picture("sensitivity") if options.out is None else Path(options.out)
    print(draw_sensitivity(found, study.title, out))
    return 0


def view(options: argparse.Namespace) -> int:
    """Draw a picture of a study."""
    from cementflow.errors import InputError
    from cementflow.study.result import open_study

    if options.time is not None:
        raise InputError("--time is for a run, not for a study", options.run)
    kind = "effects" if options.kind == "scene" else options.kind
    print(open_study(options.run).plot(kind, options.screenshot))
    return 0


def report(options: argparse.Namespace) -> int:
    """Write one HTML page about a study."""
    from cementflow.study.result import open_study

    print(open_study(options.run).report(options.out))
    return 0
