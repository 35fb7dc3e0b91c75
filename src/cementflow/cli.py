"""The command line: one verb a function, one message an error, exit status as the contract has it."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cementflow.bench.options import add_options as add_bench_options
from cementflow.errors import CementflowError, InputError
from cementflow.mesh_command import add_verb as add_mesh_verb
from cementflow.signals import Signals
from cementflow.study.answers import PICTURES, add_answers, or_study
from cementflow.study.cohort_options import add_verbs as add_cohort_verbs
from cementflow.study.commands import add_verbs as add_study_verbs

if TYPE_CHECKING:
    from cementflow.case import Case
    from cementflow.series import Series

DEFAULT_PRESET = "l3-osteoporotic"
FAILED = 3
INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit status."""
    options = _parser().parse_args(arguments)
    try:
        status: int = options.command(options)
        sys.stdout.flush()
    except CementflowError as error:
        return _say(str(error), error.exit_status)
    except KeyboardInterrupt:
        return _say("interrupted", INTERRUPTED)
    except BrokenPipeError:
        # Whoever read our output has enough; without this Python would complain once more on its way out.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        return _say(f"{error.filename or 'a file'}: {error.strerror or error}", FAILED)
    except MemoryError:
        return _say("out of memory; a larger geometry.edge_length makes a smaller mesh", FAILED)
    return status


def run(options: argparse.Namespace) -> int:
    """Simulate a case, or all levels of a series, and write a folder."""
    from cementflow.result import resumed_case
    from cementflow.runner import run as run_case
    from cementflow.summary_text import summary_text

    if options.resume and options.out is None:
        raise InputError("--resume needs --out DIR, the run folder to go on with")
    if _is_series(options):
        return _run_series(options)
    stated = options.case is not None or options.preset is not None
    case = (
        _case(options) if stated or not options.resume else _with_settings(resumed_case(options.out), options)
    )
    with Signals() as asked:
        result = run_case(
            case,
            options.out,
            resume=options.resume,
            progress=not options.quiet,
            stop_asked=asked,
            tell=_say,
        )
    print(summary_text(result), end="")
    return INTERRUPTED if result.summary["status"] == "interrupted" else 0


def _run_series(options: argparse.Namespace) -> int:
    from cementflow.series import run_series, series_text

    with Signals() as asked:
        result = run_series(
            _series(options),
            options.out,
            resume=options.resume,
            progress=not options.quiet,
            stop_asked=asked,
            tell=_say,
        )
    print(series_text(result), end="")
    return INTERRUPTED if result.summary["status"] == "interrupted" else 0


def check(options: argparse.Namespace) -> int:
    """Say everything that is wrong or doubtful about a case, or about each level and what-if of a series."""
    from cementflow.check import check as check_case

    if _is_series(options):
        from cementflow.series import check_series

        findings = check_series(_series(options))
    else:
        findings = check_case(_case(options))
    for finding in findings:
        print(f"{finding.level:8}{finding.text}")
    errors = sum(f.level == "error" for f in findings)
    warnings = sum(f.level == "warning" for f in findings)
    print(f"{_count(errors, 'error')}, {_count(warnings, 'warning')}")
    return 2 if errors else 0


def presets(options: argparse.Namespace) -> int:
    """List the presets, or show the values of one with their sources; of a cement its course in time too."""
    from cementflow.presets import describe, list_presets, overview

    text = describe(options.name) if options.name else overview()
    kind, _, name = (options.name or "").rpartition("/")
    is_cement = kind in ("", "cements") and name in list_presets("cements")
    if options.picture and not is_cement:
        raise InputError("--picture draws a cement; name one of " + ", ".join(list_presets("cements")))
    if not is_cement:
        print(text, end="")
        return 0
    from cementflow.views.cement_course import open_cement
    from cementflow.views.cement_page import plot_cement
    from cementflow.views.cement_text import cement_text

    course = open_cement(name)
    picture = plot_cement(course, Path(options.picture)) if options.picture else None
    print(text, cement_text(course), sep="\n", end="")
    if picture is not None:
        print(f"\n{picture}")
    return 0


def view(options: argparse.Namespace) -> int:
    """Show a run in a window, or write a picture of it."""
    from cementflow.case.kinds import Quantity
    from cementflow.case.read import read_option
    from cementflow.result import open_result
    from cementflow.views import show

    time = (
        None if options.time is None else read_option("--time", options.time, Quantity("time", "0 s", "24 h"))
    )
    result = open_result(options.run)
    if options.screenshot or options.kind != "scene":
        print(result.plot(options.kind, options.screenshot, time))
    else:
        show(result.path, time)
    return 0


def report(options: argparse.Namespace) -> int:
    """Write one HTML page about a run, with its pictures inside."""
    from cementflow.result import open_result
    from cementflow.views import write_report

    print(write_report(open_result(options.run).path, Path(options.out) if options.out else None))
    return 0


def bench(options: argparse.Namespace) -> int:
    """Measure speed and accuracy on the benchmark cases, each run in a process of its own."""
    from cementflow.bench.command import bench as run_benchmarks

    return run_benchmarks(options)


def _say(text: str, status: int = 0) -> int:
    print(f"cementflow: {text}", file=sys.stderr)
    return status


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


def _case(options: argparse.Namespace) -> Case:
    from cementflow.case import load, preset

    _one_of_both(options)
    case = load(options.case) if options.case is not None else preset(options.preset or DEFAULT_PRESET)
    return _with_settings(case, options)


def _one_of_both(options: argparse.Namespace) -> None:
    if options.case is not None and options.preset is not None:
        raise InputError("state a case file or --preset, not both")


def _is_series(options: argparse.Namespace) -> bool:
    """Whether it is several levels that were stated; found out without what only a series needs."""
    from cementflow.case import states_levels
    from cementflow.presets import list_presets

    if options.case is not None:
        return states_levels(options.case)
    if options.preset is not None:
        return options.preset in list_presets("series")
    return bool(getattr(options, "resume", False)) and (Path(options.out) / "series.toml").is_file()


def _series(options: argparse.Namespace) -> Series:
    from cementflow.case import parse_settings
    from cementflow.series import load_series, series_preset

    _one_of_both(options)
    if options.preset is not None:
        series = series_preset(options.preset)
    else:
        series = load_series(options.case or Path(options.out) / "series.toml")
    return series.replace(parse_settings(options.set)) if options.set else series


def _with_settings(case: Case, options: argparse.Namespace) -> Case:
    from cementflow.case import parse_settings

    return case.replace(parse_settings(options.set)) if options.set else case


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="cementflow",
        description="Where bone cement goes in a vertebra, how much leaks and what pressure it takes.",
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="show the version and exit")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="COMMAND")

    verb = verbs.add_parser("run", help="simulate a case", description=run.__doc__)
    _add_case(verb)
    verb.add_argument("--out", metavar="DIR", help="run folder to make (default: a free name below runs/)")
    verb.add_argument("--resume", action="store_true", help="go on from the checkpoint in --out")
    verb.add_argument("--quiet", action="store_true", help="no progress")
    verb.set_defaults(command=run)

    verb = verbs.add_parser(
        "check", help="say what is wrong or doubtful before a run", description=check.__doc__
    )
    _add_case(verb)
    verb.set_defaults(command=check)

    add_mesh_verb(verbs)

    verb = verbs.add_parser("presets", help="list presets or show one", description=presets.__doc__)
    verb.add_argument("name", nargs="?", metavar="NAME")
    verb.add_argument("--picture", metavar="OUT.png", help="draw the viscosity of a cement (.png or .pdf)")
    verb.set_defaults(command=presets)

    verb = verbs.add_parser("view", help="show a run or a study", description=view.__doc__)
    verb.add_argument("run", metavar="RUN", help="folder of a run or a study")
    verb.add_argument("--time", help='time to show, such as "20 s" (default: the last)')
    verb.add_argument(
        "--kind",
        choices=("scene", "slices", "bone", "curves", "heat", "ablation", *PICTURES),
        default="scene",
        help="picture to make (default: scene, the only one with a window, and effects of a study; into figures/)",
    )
    verb.add_argument("--screenshot", metavar="OUT.png", help="write a picture instead of opening a window")
    verb.set_defaults(command=or_study(view))

    verb = verbs.add_parser("report", help="write one HTML page", description=report.__doc__)
    verb.add_argument("run", metavar="RUN", help="folder of a run or a study")
    verb.add_argument(
        "-o", "--out", metavar="OUT.html", help="file to write (default: report.html in the folder)"
    )
    verb.set_defaults(command=or_study(report))

    add_answers(verbs)
    add_study_verbs(verbs)

    verb = verbs.add_parser("bench", help="measure speed and accuracy", description=bench.__doc__)
    add_bench_options(verb)
    verb.set_defaults(command=bench)
    add_cohort_verbs(verbs)
    return parser


def _add_case(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "case",
        nargs="?",
        metavar="CASE.toml",
        help=f"file of a case or a series (default: preset {DEFAULT_PRESET})",
    )
    verb.add_argument("--preset", metavar="NAME", help="a case or a series that comes with cementflow")
    verb.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help='such as injection.volume="3 mL"; may be repeated',
    )


class _Version(argparse.Action):
    """Looked up only when asked for: reading package metadata costs more than parsing."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from cementflow.version import version

        print(f"cementflow {version()}")
        parser.exit()


if __name__ == "__main__":
    raise SystemExit(main())
