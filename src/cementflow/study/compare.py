"""Runs side by side: what differs in their cases, what came of them, and how far their clouds agree."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cementflow.errors import InputError
from cementflow.result import Result, open_result
from cementflow.study.clouds import CloudDifference, cloud_difference

# Of summary.json; a table there stands for all of its entries.
RESULTS = (
    "status",
    "stop_reason",
    "simulated_s",
    "injected_ml",
    "in_bone_ml",
    "leaked_ml",
    "first_leak_s",
    "peak_tip_pressure_kPa",
    "peak_syringe_pressure_kPa",
    "mesh.vertices",
)
_NONE = "-"
_WIDEST = 40

Row = tuple[str, ...]


@dataclass(frozen=True)
class Comparison:
    """What a comparison found.

    Parameters
    ----------
    names
        Names of the runs: the last parts of their folders, with more of them where these are alike.
    settings
        Keys of the cases that are not the same in all runs, each with the values as the case files have them.
    results
        Main results by the names of `summary.json`, each with the values.
    clouds
        Of each run after the first the difference to the first; None where one of the two stored no fields.
    picture
        The picture, where one was asked for.
    """

    names: tuple[str, ...]
    settings: tuple[Row, ...]
    results: tuple[Row, ...]
    clouds: tuple[CloudDifference | None, ...]
    picture: Path | None = None

    def text(self) -> str:
        """All of it as lines of text."""
        lines = _columns((("setting", *self.names), *self.settings))
        if not self.settings:
            lines = ["the cases are the same"]
        lines += ["", *_columns((("result", *self.names), *self.results)), ""]
        for name, cloud in zip(self.names[1:], self.clouds, strict=True):
            lines.append(f"cement of {self.names[0]} (A) and {name} (B): {_cloud_text(cloud)}")
        return "\n".join(lines) + "\n"


def compare(paths: Sequence[str | Path], out: str | Path | None = None) -> Comparison:
    """Compare runs; print its `text()` to read it.

    Parameters
    ----------
    paths
        Run folders, two or more; the clouds of cement are each compared with that of the first.
    out
        Picture to write (.png or .pdf): curves laid over each other, and the clouds from the front and the side.

    Raises
    ------
    InputError
        If there are fewer than two, or one is no readable run folder.
    """
    if len(paths) < 2:
        raise InputError("a comparison needs two runs or more")
    runs = [open_result(p) for p in paths]
    cases = [_flat(_case(run)) for run in runs]
    settings = _rows(cases, dict.fromkeys(key for case in cases for key in case), every=False)
    summaries = [_flat(_chosen(run.summary)) for run in runs]
    results = _rows(summaries, _wanted(summaries), every=True)
    clouds = tuple(cloud_difference(runs[0].path, run.path) for run in runs[1:])
    names = _names([run.path for run in runs])
    picture = None
    if out is not None:
        from cementflow.study.compare_page import draw_comparison

        picture = draw_comparison([r.path for r in runs], names, clouds, Path(out))
    return Comparison(names, settings, results, clouds, picture)


def _case(run: Result) -> dict[str, Any]:
    path = run.path / "case.toml"
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"the case of the run cannot be read: {error}", str(path)) from error


def _flat(value: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """Entries by dotted key; of a list of tables by the name in each, or its number."""
    found: dict[str, Any] = {}
    for key, entry in value.items():
        if isinstance(entry, Mapping):
            found |= _flat(entry, f"{before}{key}.")
        elif isinstance(entry, list) and entry and all(isinstance(e, Mapping) for e in entry):
            for i, e in enumerate(entry, start=1):
                found |= _flat(e, f"{before}{key}.{e.get('name', i)}.")
        else:
            found[before + key] = entry
    return found


def _chosen(summary: Mapping[str, Any]) -> dict[str, Any]:
    chosen: dict[str, Any] = {}
    for name in RESULTS:
        value: Any = summary
        for part in name.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
        chosen[name] = value
    return chosen


def _wanted(summaries: Sequence[Mapping[str, Any]]) -> dict[str, None]:
    """Results to show, in order; outlets that took no cement in any run are left out."""
    found = dict.fromkeys(key for summary in summaries for key in summary)
    names = [key for name in RESULTS for key in found if key == name or key.startswith(f"{name}.")]
    told = ("leaked_ml.", "first_leak_s.")
    return {
        name: None
        for name in names
        if name == "leaked_ml.total" or not name.startswith(told) or any(s.get(name) for s in summaries)
    }


def _rows(columns: Sequence[Mapping[str, Any]], keys: dict[str, None], every: bool) -> tuple[Row, ...]:
    rows = []
    for key in keys:
        values = [column.get(key) for column in columns]
        if every or any(value != values[0] for value in values):
            rows.append((key, *(_shown(value) for value in values)))
    return tuple(rows)


def _shown(value: Any) -> str:
    if value is None:
        return _NONE
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return "[" + ", ".join(_shown(v) for v in value) + "]"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _names(paths: Sequence[Path]) -> tuple[str, ...]:
    """The shortest ends of the paths that tell them apart."""
    parts = [p.absolute().parts for p in paths]
    for length in range(1, max(map(len, parts))):
        names = ["/".join(p[-length:]) for p in parts]
        if len(set(names)) == len(set(parts)):
            return tuple(names)
    return tuple(str(p) for p in paths)


def _columns(rows: Sequence[Row]) -> list[str]:
    """Rows with every column as wide as its widest cell; what is longer than most is cut."""
    cut = [tuple(c if len(c) <= _WIDEST else c[: _WIDEST - 3] + "..." for c in row) for row in rows]
    widths = [max(len(row[i]) for row in cut) for i in range(len(cut[0]))]
    return ["  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in cut]


def _cloud_text(cloud: CloudDifference | None) -> str:
    if cloud is None:
        return "not compared, as not both runs stored fields"
    how = "by vertex" if cloud.same_mesh else f"on a grid of {cloud.spacing:.2g} mm"
    dice = _NONE if cloud.dice is None else f"{cloud.dice:.3f}"
    return (
        f"{cloud.both:.3f} mL in both, {cloud.only_first:.3f} mL only in A, {cloud.only_second:.3f} mL only in B, "
        f"Dice {dice} ({how})"
    )
