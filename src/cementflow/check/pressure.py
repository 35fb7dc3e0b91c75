"""What is doubtful about volume, cement and pressures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from cementflow.check.findings import Finding

if TYPE_CHECKING:
    from cementflow.flow.problem import Drive
    from cementflow.model import Model

STIFF_CEMENT = 2e3  # Pa s; about where cement cannot be injected by hand (assumed)


def watch_findings(model: Model) -> Iterator[Finding]:
    if model.case.stop.seen is not None and model.case.cement.radiopacifier.share == 0.0:
        yield Finding(
            "warning",
            "stop.seen: cement without radiopacifier hardly differs from soft tissue, so leaks will not be seen",
        )


def volume_findings(model: Model) -> Iterator[Finding]:
    pores = float(model.problem.volumes.pore_volume.sum()) * model.problem.corey.largest_saturation
    volume = model.problem.drive.volume
    if volume > 0.6 * pores:
        more = "more than" if volume > pores else f"{volume / pores:.0%} of"
        yield Finding(
            "warning",
            f"injection.volume: {volume * 1e6:g} mL is {more} the pores hold ({pores * 1e6:.2f} mL)",
        )


def _cannula_findings(drive: Drive, drop: float, key: str = "injection") -> Iterator[Finding]:
    """What the cannula takes, `drop` [Pa] at the rate and the first age, and whether what drives can give it."""
    assert drive.cannula is not None
    held = f"it holds {drive.cannula.dead_volume * 1e6:.2f} mL"
    if drive.free:
        rate = f"{drive.rate * 6e7:.2g} mL/min"
        text = f"driven by pressure alone, some {rate} at first, of which the cannula takes {drop * 1e-6:.2f} MPa"
        yield Finding("note", f"{key}: {text}; {held}")
        if not np.isfinite(drive.max_syringe):
            yield Finding(
                "warning",
                f"{key}.max_tip_pressure: alone it drives any rate while there is little cement in the bone; "
                "state max_pressure or plunger too",
            )
        return
    text = f"the cannula takes {drop * 1e-6:.2f} MPa at the wanted rate and the first age"
    yield Finding("note", f"{key}: {text}; {held}")
    if drop > drive.max_syringe:
        of = "plunger.force" if drive.by_force else "max_pressure"
        yield Finding(
            "warning",
            f"{key}.{of}: {drive.max_syringe * 1e-6:.2f} MPa does not reach the wanted rate, "
            "the flow will be held by the pressure from the start",
        )


def pressure_findings(model: Model) -> Iterator[Finding]:
    from cementflow.sites.outlets import Opening

    problem = model.problem
    drive = problem.drive
    grown = problem.syringe.factor(problem.cement, 0.0, 0.0)
    viscosity = float(problem.cement.viscosity(np.array([1.0]), grown)[0])
    if viscosity > STIFF_CEMENT:
        yield Finding(
            "warning",
            f"cement: at its age it has {viscosity:.0f} Pa s at a shear rate of 1/s, too stiff to inject by hand",
        )
    if drive.cannula is not None:
        yield from _cannula_findings(drive, drive.cannula.drop(drive.rate, problem.cement, grown))
    yield from _stage_findings(model, grown)
    only_wall = all(isinstance(o, Opening) and o.kind == "cortex" for o in problem.outlets)
    if only_wall and problem.outlets:
        conductance = sum(float(o.transmissibility.sum()) for o in problem.outlets if isinstance(o, Opening))
        pressure = drive.rate * problem.marrow_viscosity / conductance
        if pressure > 1e6:
            yield Finding(
                "warning",
                f"the body is sealed but for its wall: pressing the marrow through it takes {pressure * 1e-6:.3g} MPa; "
                "state an outlet",
            )


def _stage_findings(model: Model, grown: float) -> Iterator[Finding]:
    """The same of every stage that is not driven as the injection is; its cement as young as the first."""
    whole = model.problem.drive
    for stage in model.plan.stages:
        drive = stage.drive
        if drive.stopped or drive.cannula is None or replace(drive, volume=whole.volume) == whole:
            continue
        drop = drive.cannula.drop(drive.rate, model.problem.cement, grown)
        yield from _cannula_findings(drive, drop, f"injection.stage.{stage.name}")
