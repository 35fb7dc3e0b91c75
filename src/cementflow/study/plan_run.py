"""Computing a plan: the levels of its value, each crossed with the same drawn bones and veins."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cementflow.errors import InputError
from cementflow.study.plan_answer import Answer, solve
from cementflow.study.plan_statement import Limit, Plan, read_plan
from cementflow.study.points import Cell
from cementflow.study.result import StudyResult
from cementflow.study.run import run_study
from cementflow.study.statement import Study, read_study
from cementflow.study.table import DONE, STATUS
from cementflow.units import close_match

_FIRST_LEAK, _LEAK = "first_leak_s.", "leaked_ml."


def run_plan(
    path: str | Path,
    out: str | Path | None = None,
    *,
    jobs: int | None = None,
    resume: bool = False,
    progress: bool = False,
    each_volume: bool = False,
    scheduler: str | None = None,
) -> Answer:
    """Answer a plan file.

    Parameters
    ----------
    path
        The plan.
    out
        Folder of its studies, one a round; by default the name of the file without its ending.
    jobs, resume, progress, scheduler
        As of `run_study`.
    each_volume
        Whether volumes are run one by one even where one run tells them all.

    Raises
    ------
    InputError
        For a plan that cannot be answered as stated.
    """
    from cementflow.study.plan_volume import answers_all_volumes, kept_at  # not with the package: it is slow

    path = Path(path)
    folder = path.with_suffix("") if out is None else Path(out)
    plan, table = read_plan(path)
    rounds = _Rounds(plan, table, path, folder, jobs, resume, progress, scheduler)
    top = rounds.study([plan.high])
    if not each_volume and answers_all_volumes(plan, [p.case for p in top.points()]):
        folders = rounds.folders(top, "largest")
        return solve(plan, lambda values: kept_at(plan, folders, values))
    return solve(plan, rounds.judge)


@dataclass
class _Rounds:
    """The studies of a plan."""

    plan: Plan
    table: dict[str, Any]
    path: Path
    out: Path
    jobs: int | None
    resume: bool
    progress: bool
    scheduler: str | None = None
    done: list[str] = field(default_factory=list)

    def judge(self, values: Sequence[float]) -> list[list[bool | None]]:
        """Run a round; see `plan_answer.Judge`."""
        name = f"round-{len(self.done) + 1}"
        self.done.append(name)
        study = self.study(values)
        kept = _kept(self._run(study, name), self.plan.keep, self.path)
        (varied,) = study.factors
        by_level: dict[object, list[bool | None]] = {level: [] for level in varied.levels()}
        for point in study.points():
            by_level[point.changes[self.plan.key]].append(kept[point.name])
        return list(by_level.values())

    def folders(self, study: Study, name: str) -> list[Path | None]:
        """Run folders of a study, None for a run without a result."""
        result = self._run(study, name)
        done = {str(row[0]) for row in result.table.done().rows}
        return [Path(result.folder(p.name)) if p.name in done else None for p in study.points()]

    def study(self, values: Sequence[float]) -> Study:
        """The study of a round: what the plan file states, and the levels as its only factor."""
        stated = self.table | {"factors": {self.plan.key: [self.plan.text(v) for v in values]}}
        return read_study(stated, str(self.path), self.path.absolute().parent)

    def _run(self, study: Study, name: str) -> StudyResult:
        folder = self.out / name
        again = self.resume and folder.exists()
        return run_study(
            study, folder, jobs=self.jobs, resume=again, scheduler=self.scheduler, progress=self.progress
        )


def _kept(result: StudyResult, keep: Sequence[Limit], path: Path) -> dict[str, bool | None]:
    """Whether each run kept all limits, by point; None for one without a result.

    Raises
    ------
    InputError
        If a limit is on something that no run tells.
    """
    table = result.table
    missing = [k.name for k in keep if k.name not in table.names and not k.name.startswith(_FIRST_LEAK)]
    if missing and any(row[table.names.index(STATUS)] in DONE for row in table.rows):
        raise InputError(
            [f'plan.keep: no run tells "{n}"{close_match(n, table.results)}' for n in missing], str(path)
        )
    kept: dict[str, bool | None] = {}
    for row in table.rows:
        cells = dict(zip(table.names, row, strict=True))
        done = cells[STATUS] in DONE
        kept[str(row[0])] = all(k.keeps(_number(cells.get(k.name), k.name)) for k in keep) if done else None
    return kept


def _number(cell: Cell, name: str) -> float:
    """A cell as a number; a leak that never began begins at infinity, one by a way that the body lacks is none.

    Nothing else may be empty.
    """
    if isinstance(cell, (int, float)):
        return float(cell)
    return math.inf if name.startswith(_FIRST_LEAK) else 0.0 if name.startswith(_LEAK) else math.nan
