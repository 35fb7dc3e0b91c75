"""What the cannula takes in each stage of a protocol, with cement as old as it is by then."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from cementflow.check.findings import Finding
from cementflow.sites.syringe import Batch

if TYPE_CHECKING:
    from cementflow.flow.problem import Drive
    from cementflow.flow.stage import Stage
    from cementflow.model import Model


@dataclass(frozen=True)
class Planned:
    """A stage as it goes if nothing ends one early: its start and the time since mixing of its cement then [s]."""

    stage: Stage
    start: float
    age: float


def planned(model: Model) -> Iterator[Planned]:
    """Stages that push, if no leak, pressure or sight ends or delays one before it."""
    time, mixed = 0.0, model.problem.syringe.batches[0].mixed
    for stage in model.plan.stages:
        if stage.mix is not None:
            mixed = time - stage.mix.age if stage.mix.mixed is None else stage.mix.mixed
            time = max(time, mixed)
        lasting = stage.until.lasting
        if not stage.drive.stopped:
            yield Planned(stage, time, time - mixed)
            lasting = min(lasting, stage.drive.volume / stage.drive.rate)
        time += lasting


def stage_findings(model: Model) -> Iterator[Finding]:
    """What the cannula takes at the start of each stage, and what is out of reach."""
    kind = "stage" if model.case.injection.stage else "needle"  # needles without stages have one each
    own = {g.name for g in model.case.injection.stage if (g.max_pressure, g.max_tip_pressure) != (None, None)}
    for plan in planned(model):
        if plan.stage.drive.cannula is not None:
            key = f"injection.{kind}.{plan.stage.name}"
            yield from _stage(model, plan, key, key if plan.stage.name in own else "injection")


def _stage(model: Model, plan: Planned, key: str, limits: str) -> Iterator[Finding]:
    """About one stage; `limits` is where the limits of its pressure are stated."""
    problem, drive = model.problem, plan.stage.drive
    assert drive.cannula is not None
    syringe = replace(problem.syringe, batches=(Batch(0.0, -plan.age),))
    drop = drive.cannula.drop(drive.rate, problem.cement, syringe.factor(problem.cement, 0.0, 0.0))
    old = f"cement {plan.age / 60.0:.1f} min old"
    rate = f"some {drive.rate * 6e7:.2g} mL/min at first" if drive.free else f"{drive.rate * 6e7:.3g} mL/min"
    yield Finding(
        "note",
        f"{key}: as planned from {plan.start:.0f} s with {old}, the cannula takes {drop * 1e-6:.2f} MPa at {rate}; "
        f"it holds {drive.cannula.dead_volume * 1e6:.2f} mL",
    )
    when = f"with {old}" if limits == key else f"of {key.removeprefix('injection.')} with {old}"
    yield from out_of_reach(drive, drop, limits, when)
    end = plan.stage.until.syringe
    if np.isfinite(end) and min(drop, drive.max_syringe) > end:
        yield Finding(
            "warning",
            f"{key}.until.syringe_pressure: {end * 1e-6:.2f} MPa is there from the start with {old}, so hardly "
            "anything is injected",
        )


def out_of_reach(drive: Drive, drop: float, key: str, when: str) -> Iterator[Finding]:
    """Whether what drives can give what the cannula takes, `drop` [Pa]."""
    if drive.free and not np.isfinite(drive.max_syringe):
        yield Finding(
            "warning",
            f"{key}.max_tip_pressure: alone it drives any rate while there is little cement in the bone; "
            "state max_pressure or plunger too",
        )
    if not drive.free and drop > drive.max_syringe:
        of = "plunger.force" if drive.by_force else "max_pressure"
        yield Finding(
            "warning",
            f"{key}.{of}: {drive.max_syringe * 1e-6:.2f} MPa does not reach the wanted rate {when}, "
            "the flow will be held by the pressure from the start",
        )
