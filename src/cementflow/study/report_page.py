"""One HTML page for a study: factors, runs by status, failures, pictures and where it all comes from."""

from __future__ import annotations

import hashlib
from collections import Counter
from html import escape
from pathlib import Path

from cementflow.errors import InputError
from cementflow.files import write_text
from cementflow.study.levels import levels_of
from cementflow.study.pictures import HEADINGS, KINDS, draw
from cementflow.study.practical_units import in_practical_units
from cementflow.study.result import TABLE, StudyResult
from cementflow.study.table import DONE, POINT, REASON, STATUS, Table
from cementflow.version import version
from cementflow.views.markup import figure, table, whole_page

_FAILURES = 50


def write_study_report(study: StudyResult, out: Path | None = None) -> Path:
    """Write the page of a study, and its pictures into its `figures`.

    Parameters
    ----------
    study
        The folder.
    out
        File to write, by default `report.html` in the folder.

    Raises
    ------
    InputError
        If the page or a picture cannot be written.
    """
    runs = study.table
    parts = [
        f"<h1>{escape(study.title)}</h1>",
        f'<p class="state">{escape(_state(runs))}</p>',
        "<h2>Factors</h2>",
        table(("factor", "levels", "values"), _factors(in_practical_units(runs))),
        "<h2>Runs</h2>",
        table(("status", "runs"), _statuses(runs)),
        *_failures(runs),
        *_pictures(study),
        "<h2>Provenance</h2>",
        table((), _provenance(study)),
        "<h2>Study</h2>",
        f"<pre>{escape(study.text)}</pre>",
    ]
    out = study.path / "report.html" if out is None else Path(out)
    write_text(out, whole_page(study.title, parts))
    return out


def _state(runs: Table) -> str:
    done = len(runs.done().rows)
    return f"{done} of {len(runs.rows)} runs came to their end"


def _factors(runs: Table) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for factor in runs.factors:
        different = {c for c in runs.column(factor) if c is not None}
        if not different:
            rows.append((factor, "0", "not set in any run"))
            continue
        levels = levels_of(runs, factor)
        few = len(different) == len(levels)
        text = ", ".join(levels.labels) if few else _range(runs, factor)
        rows.append((factor, str(len(different)), text))
    return rows


def _range(runs: Table, factor: str) -> str:
    numbers = runs.numbers(factor)
    known = numbers[numbers == numbers]
    return f"{known.min():.4g} to {known.max():.4g}"


def _statuses(runs: Table) -> list[tuple[str, ...]]:
    return [
        (str(status), str(count)) for status, count in sorted(Counter(runs.column(STATUS)).items(), key=str)
    ]


def _failures(runs: Table) -> list[str]:
    """Runs that did not come to their end, with their reasons."""
    lost = [
        (str(name), str(status), str(reason or ""))
        for name, status, reason in zip(
            runs.column(POINT), runs.column(STATUS), runs.column(REASON), strict=True
        )
        if status not in DONE
    ]
    if not lost:
        return []
    more = [f"<p>and {len(lost) - _FAILURES} more in {TABLE}</p>"] if len(lost) > _FAILURES else []
    return ["<h2>Runs that failed</h2>", table(("point", "status", "reason"), lost[:_FAILURES]), *more]


def _pictures(study: StudyResult) -> list[str]:
    """The pictures, and for one that this study has nothing for the reason in its place."""
    parts = []
    for kind in KINDS:
        try:
            path = draw(study, kind, study.picture(kind))
        except InputError as error:
            parts.append(f"<h2>{HEADINGS[kind]}</h2><p>no picture: {escape(str(error))}</p>")
            continue
        parts.append(figure(path, HEADINGS[kind]))
    return parts


def _provenance(study: StudyResult) -> list[tuple[str, str]]:
    stated = study.stated
    base = stated.get("base") or stated.get("preset")
    return [
        ("base", "a case within the study" if base is None or isinstance(base, dict) else str(base)),
        ("design", study.design),
        *((key, str(stated[key])) for key in ("points", "seed", "draws") if key in stated),
        ("digest of sweep.toml", _digest(study.text.encode())),
        (f"digest of {TABLE}", _digest((study.path / TABLE).read_bytes())),
        ("page written by", f"cementflow {version()}"),
    ]


def _digest(data: bytes) -> str:
    return f"SHA-256 {hashlib.sha256(data).hexdigest()[:16]}"
