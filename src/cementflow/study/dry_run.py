"""What a study would mean: how many runs on which meshes, about how long they take, and which points cannot run."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cementflow.case import Case, GeometrySpec
from cementflow.errors import InputError, RunFailed
from cementflow.study.points import Point, shortened
from cementflow.study.study import Study

if TYPE_CHECKING:
    from cementflow.mesh.geometry import Geometry

TIMED = 3  # points that are timed: first, middle and last of those that can run
LONGEST = 4.0  # s of timed steps a point
_NUMBER = re.compile(r"\d+(?:\.\d+)?(?:e[+-]?\d+)?")


@dataclass(frozen=True)
class Mesh:
    """A mesh of the study.

    Parameters
    ----------
    vertices
        Its size.
    points
        Names of the points on it.
    """

    vertices: int
    points: tuple[str, ...]


@dataclass(frozen=True)
class Trouble:
    """Something found at one or more points.

    Parameters
    ----------
    level
        "error" (these points cannot run) or "warning".
    text
        As `check` says it of the first of them.
    points
        Their names.
    """

    level: str
    text: str
    points: tuple[str, ...]


@dataclass(frozen=True)
class DryRun:
    """What a study would mean.

    Parameters
    ----------
    title, how
        What it is, and how its points are chosen.
    runs
        Number of points.
    meshes
        Those that differ.
    troubles
        What `check` says, errors first; alike but for numbers is told once.
    jobs
        Runs at a time.
    seconds
        Estimated time of all runs together with these jobs [s]; None where no point can run.
    timed
        Number of points that the estimate was measured on.
    """

    title: str
    how: str
    runs: int
    meshes: tuple[Mesh, ...]
    troubles: tuple[Trouble, ...]
    jobs: int
    seconds: float | None
    timed: int

    @property
    def failing(self) -> int:
        """Number of points that cannot run."""
        return len({name for t in self.troubles if t.level == "error" for name in t.points})

    @property
    def runnable(self) -> int:
        """Number of points that can run."""
        return self.runs - self.failing

    def text(self) -> str:
        """All of it for people, a line each."""
        lines = [self.title] if self.title else []
        lines.append(f"{_runs(self.runs)}: {self.how}")
        lines += [f"mesh of {m.vertices:,} vertices: {_runs(len(m.points))}" for m in self.meshes]
        for t in self.troubles:
            many = len(t.points) > 1
            alike = f" ({len(t.points)} points, the first shown)" if many else ""
            lines.append(f"{t.level:8}{shortened(t.points)}: {t.text}{alike}")
        lines.append(
            f"{self.failing} of {self.runs} points cannot run" if self.failing else "all points can run"
        )
        if self.seconds is not None:
            lines.append(
                f"estimate: {_duration(self.seconds)} at {self.jobs} a time (from the first steps of "
                f"{_runs(self.timed)} timed here, in proportion to vertices and volume; without writing files)"
            )
        return "\n".join(lines) + "\n"


def dry_run(study: Study, jobs: int, progress: bool = False) -> DryRun:
    """Check every point, each mesh made once, and time a few steps.

    Parameters
    ----------
    study
        What would be run.
    jobs
        Runs at a time.
    progress
        Whether to show a bar on a terminal.
    """
    from tqdm import tqdm

    points = study.points()
    found = [("error", reason, p.name) for p in points if p.case is None for reason in [p.reason]]
    meshes: list[Mesh] = []
    unusable: set[str] = {p.name for p in points if p.case is None}
    timed: list[float] = []
    wanted = _timed(points)
    with tqdm(total=len(points), desc="checking", unit="point", disable=None if progress else True) as bar:
        for group in _by_geometry(points):
            geometry, mesh = _made(group, found)
            if mesh is not None:
                meshes.append(mesh)
            for point, case in group:
                if geometry is None or _finds(point, case, geometry, found):
                    unusable.add(point.name)
                elif point.name in wanted:
                    with contextlib.suppress(RunFailed):  # a run that fails is a row of the table
                        timed.append(seconds_per_vertex(case, geometry))
                bar.update()
    sizes = [m.vertices for m in meshes for name in m.points if name not in unusable]
    rate = sum(timed) / len(timed) if timed else None
    seconds = None if rate is None else rate * max(sum(sizes) / jobs, max(sizes))
    how = _how(study, len(points))
    return DryRun(study.title, how, len(points), tuple(meshes), _told_once(found), jobs, seconds, len(timed))


def seconds_per_vertex(case: Case, geometry: Geometry, longest: float = LONGEST) -> float:
    """Estimated time of a run by vertex [s], from its preparation and as many steps as `longest` seconds take."""
    from cementflow.model import build_model
    from cementflow.simulate import simulate
    from cementflow.warm_up import warm_up

    warm_up(case.physics.heat, case.veins is not None)
    begun = time.perf_counter()
    model = build_model(case, geometry)
    prepared = time.perf_counter() - begun
    whole, share, spent = model.problem.drive.volume, 0.0, 0.0
    begun = time.perf_counter()
    for step in simulate(model.problem, model.plan, model.problem.make_solver()):
        spent = time.perf_counter() - begun
        share = 1.0 if step.stopped else min(step.state.injected / whole, 1.0)
        if spent > longest and share > 0:
            break
    return (prepared + spent / max(share, 1e-3)) / len(geometry.mesh.points)


def _how(study: Study, runs: int) -> str:
    """Design and factors in words."""
    design, factors = study.design, study.factors
    if design.name == "grid":
        text = " x ".join(f"{len(f.levels())} {f.key}" for f in factors)
    else:
        drawn = f", seed {design.seed}" if design.points is not None else ""
        text = f"{design.name} of {', '.join(f.key for f in factors)}{drawn}"
    if study.uncertain:
        draws = f"{design.draws} draws of {', '.join(f.key for f in study.uncertain)}"
        text = f"{text} x {draws}" if factors else draws
    left_out = design.rows(factors) * (design.draws if study.uncertain else 1) - runs
    return text + (f"; {left_out} left out" if left_out else "")


def _by_geometry(points: Iterable[Point]) -> Iterator[list[tuple[Point, Case]]]:
    """Points with a case, those on the same mesh together, so that only one mesh is held at a time."""
    groups: dict[GeometrySpec, list[tuple[Point, Case]]] = {}
    for point in points:
        if point.case is not None:
            groups.setdefault(point.case.geometry, []).append((point, point.case))
    yield from groups.values()


def _timed(points: Sequence[Point]) -> set[str]:
    names = [p.name for p in points if p.case is not None]
    last = len(names) - 1
    return {names[round(i * last / (TIMED - 1))] for i in range(TIMED)} if names else set()


def _made(
    group: list[tuple[Point, Case]], found: list[tuple[str, str, str]]
) -> tuple[Geometry | None, Mesh | None]:
    """The mesh of a group; None after noting why there is none."""
    from cementflow.mesh.geometry import build_geometry

    case = group[0][1]
    try:
        geometry = build_geometry(case.geometry, case.folder)
    except InputError as error:
        found += [("error", str(error), point.name) for point, _ in group]
        return None, None
    return geometry, Mesh(len(geometry.mesh.points), tuple(point.name for point, _ in group))


def _finds(point: Point, case: Case, geometry: Geometry, found: list[tuple[str, str, str]]) -> bool:
    """Note what `check` says of a point; whether it cannot run."""
    from cementflow.check import check_on

    findings = check_on(case, geometry)
    found += [(f.level, f.text, point.name) for f in findings if f.level != "note"]
    return any(f.level == "error" for f in findings)


def _told_once(found: list[tuple[str, str, str]]) -> tuple[Trouble, ...]:
    """What is alike but for its numbers together, errors first."""
    alike: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for level, text, name in sorted(found, key=lambda f: f[2]):
        alike.setdefault((level, _NUMBER.sub("#", text)), []).append((text, name))
    troubles = [
        Trouble(level, x[0][0], tuple(dict.fromkeys(n for _, n in x))) for (level, _), x in alike.items()
    ]
    return tuple(sorted(troubles, key=lambda t: t.level != "error"))


def _runs(number: int) -> str:
    return f"{number} run{'' if number == 1 else 's'}"


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"about {max(seconds, 1):.0f} s"
    return f"about {seconds / 60:.0f} min" if seconds < 5400 else f"about {seconds / 3600:.1f} h"
