"""What is doubtful about volume, cement and pressures."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from cementflow.check.findings import Finding
from cementflow.check.stages import out_of_reach, stage_findings

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


def _cannula_findings(drive: Drive, drop: float) -> Iterator[Finding]:
    """What the cannula takes, `drop` [Pa] at the rate and the first age, and whether what drives can give it."""
    assert drive.cannula is not None
    taken = f"the cannula takes {drop * 1e-6:.2f} MPa"
    text = f"{taken} at the wanted rate and the first age"
    if drive.free:
        text = f"driven by pressure alone, some {drive.rate * 6e7:.2g} mL/min at first, of which {taken}"
    yield Finding("note", f"injection: {text}; it holds {drive.cannula.dead_volume * 1e6:.2f} mL")
    yield from out_of_reach(drive, drop, "injection", "at the first age")


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
    if model.plan.stages:
        yield from stage_findings(model)
    elif drive.cannula is not None:
        yield from _cannula_findings(drive, drive.cannula.drop(drive.rate, problem.cement, grown))
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
