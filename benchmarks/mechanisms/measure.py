"""Runs a variant and keeps what the tables and figures need."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.mechanisms.variants import Variant
from cementflow.case import digest
from cementflow.errors import RunFailed
from cementflow.fem.pore_shear import pore_shear, shear_sums
from cementflow.flow import attempt
from cementflow.flow.course import Step
from cementflow.flow.mobility import mobility
from cementflow.laws.thermal import ZERO_CELSIUS
from cementflow.mesh.geometry import build_geometry
from cementflow.mesh.zones import WALLS, surface_zones
from cementflow.model import Model, build_model
from cementflow.results.summary import history_columns, history_row, summarise
from cementflow.simulate import simulate
from cementflow.version import version

Floats = NDArray[np.float64]
SHELL, SHELLS = 1e-3, 20  # m: shells about the tip over which the temperature is averaged, and how many
CENTRE = 3e-3  # m
STANDARD_STEP = attempt.CURE_A_STEP


@dataclass(frozen=True)
class Outcome:
    """What came of a variant.

    Parameters
    ----------
    name
        Of the variant.
    summary
        As in `summary.json`.
    radius
        Of the cloud [mm]: that of the even ball about the tip with the same mean square distance.
    reach
        Largest distance from the tip at which the pores are half full [mm].
    solves
        Pressure systems of a step of the injection: median, largest.
    rates
        Wall shear rate in the pores [1/s] when half is injected: the tenth, the median and nine tenths of the cement.
    viscosities
        The same of the viscosity in the pores [Pa s].
    mean_viscosity
        Mean of the viscosity over the cement at that time [Pa s].
    hottest
        Fractions (ap, lr, si) of the body at which it gets hottest, empty without heat.
    history
        Columns of `history.csv`, and over the same steps the temperatures by place [degC].
    shells
        Mean temperature of each shell about the tip at each step [degC]; empty without heat.
    cement
        In each control volume at the end [mm3].
    """

    name: str
    summary: dict[str, Any]
    radius: float
    reach: float
    solves: tuple[float, int]
    rates: tuple[float, float, float]
    viscosities: tuple[float, float, float]
    mean_viscosity: float
    hottest: tuple[float, ...]
    history: dict[str, list[float]]
    shells: list[list[float]]
    cement: list[float]


def measured(variant: Variant, keep: Path | None) -> Outcome:
    """The outcome of a variant; read, if it was kept."""
    case = variant.case
    name = f"{digest(case)}-{variant.cure_a_step or STANDARD_STEP:g}.json"
    if keep is not None and (keep / name).is_file():
        return Outcome(**json.loads((keep / name).read_text(encoding="utf-8")) | {"name": variant.name})
    attempt.CURE_A_STEP = variant.cure_a_step or STANDARD_STEP
    outcome = _run(variant, build_model(case, build_geometry(case.geometry)))
    print(f"... {variant.name}: {outcome.summary['status']}", file=sys.stderr, flush=True)
    if keep is not None:
        (keep / name).write_text(json.dumps(asdict(outcome)), encoding="utf-8")
    return outcome


def _run(variant: Variant, model: Model) -> Outcome:
    places = _places(model)
    shell = np.minimum(_distance(model) // SHELL, SHELLS).astype(int)
    rows: list[list[float]] = []
    shells: list[list[float]] = []
    half: Step | None = None
    solves = [0]
    status, reason, step = "completed", "", None
    try:
        for step in simulate(model.problem, model.plan, model.problem.make_solver()):
            warmth = step.state.condition.temperature - ZERO_CELSIUS
            rows.append(history_row(model, step))
            if model.problem.tissue is not None:
                rows[-1] += [float(warmth[at].max()) for at in places.values()]
                shells.append(_shell_means(model, shell, warmth))
            if not step.stopped:
                solves.append(step.counters.pressure_solves)
            if step.state.injected <= 0.5 * model.problem.drive.volume:
                half = step
    except RunFailed as failure:
        status, reason = "failed", str(failure)
    assert step is not None and half is not None
    reason = reason or step.stopped
    columns = history_columns(model)
    summary = summarise(
        model, step, [row[: len(columns)] for row in rows], status, reason, {}, 0.0, "", version()
    )
    names = [*columns, *(places if model.problem.tissue is not None else ())]
    each = np.diff(solves[1:])  # the very first flow starts from nothing
    pores = model.problem.volumes.pore_volume
    cement = pores * step.state.saturation
    return Outcome(
        name=variant.name,
        summary=summary,
        radius=_cloud_radius(model, cement),
        reach=1e3 * float(_distance(model)[step.state.saturation > 0.5].max()),
        solves=(float(np.median(each)), int(each.max())),
        rates=_by_cement(model, half, _shear(model, half)),
        viscosities=_by_cement(model, half, half.flow.cement_viscosity),
        mean_viscosity=float(np.average(half.flow.cement_viscosity, weights=half.state.saturation * pores)),
        hottest=_hottest(model, step),
        history={name: [row[i] for row in rows] for i, name in enumerate(names)},
        shells=shells,
        cement=(1e9 * cement).round(6).tolist(),
    )


def _distance(model: Model) -> Floats:
    return np.asarray(np.linalg.norm(model.geometry.mesh.points - model.source.center, axis=1))


def _cloud_radius(model: Model, cement: Floats) -> float:
    """An even ball has the mean square distance 3/5 R^2."""
    return 1e3 * float(np.sqrt(5.0 / 3.0 * np.sum(cement * _distance(model) ** 2) / np.sum(cement)))


def _places(model: Model) -> dict[str, NDArray[np.int64]]:
    mesh, frame = model.geometry.mesh, model.geometry.frame
    distance = np.linalg.norm(mesh.points - frame.point(0.5, 0.5, 0.5), axis=1)
    zones = surface_zones(mesh, frame)
    walls = {name: zones.inside(name) for name, _, _ in WALLS}
    return {"centre": np.flatnonzero(distance <= CENTRE), **walls}


def _shell_means(model: Model, shell: NDArray[np.int64], warmth: Floats) -> list[float]:
    volume = model.problem.volumes.pore_volume
    total = np.bincount(shell, volume, minlength=SHELLS + 1)
    mean = np.bincount(shell, volume * warmth, minlength=SHELLS + 1) / np.maximum(total, 1e-30)
    return [float(x) for x in mean[:SHELLS]]


def _shear(model: Model, step: Step) -> Floats:
    """Wall shear rate C u / sqrt(k phi) at the vertices [1/s]."""
    p, v, flow = model.problem, model.problem.volumes, step.flow
    m = mobility(p, step.state.saturation, flow.cement_viscosity, flow.marrow_viscosity)
    sums = shear_sums(
        v, np.arange(len(v.tets), dtype=np.uint32), m.relative_cement, m.marrow, m.viscosity, flow.pressure
    )
    return pore_shear(v, np.arange(v.n), sums) * model.case.cement.shear_factor


def _by_cement(model: Model, step: Step, values: Floats) -> tuple[float, float, float]:
    """A tenth, a half and nine tenths of the cement are below these values."""
    cement = model.problem.volumes.pore_volume * step.state.saturation
    order = np.argsort(values, kind="stable")
    share = np.cumsum(cement[order]) / np.sum(cement)
    low, median, high = (float(values[order[np.searchsorted(share, q)]]) for q in (0.1, 0.5, 0.9))
    return low, median, high


def _hottest(model: Model, step: Step) -> tuple[float, ...]:
    if model.problem.tissue is None:
        return ()
    point = model.geometry.mesh.points[int(np.argmax(step.state.harm.peak))]
    return tuple(float(x) for x in model.geometry.frame.fractions(point)[0])


def elsewhere(one: Outcome, other: Outcome) -> float:
    """Share of the cement that lies elsewhere in one outcome than in another on the same mesh."""
    a, b = np.array(one.cement), np.array(other.cement)
    return 0.5 * float(np.abs(a / a.sum() - b / b.sum()).sum())
