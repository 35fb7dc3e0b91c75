"""Says what is wrong or doubtful about a case before a long run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from cementflow.check.findings import Finding
from cementflow.errors import InputError

if TYPE_CHECKING:
    from cementflow.case import Case
    from cementflow.mesh.geometry import Geometry
    from cementflow.model import Model

__all__ = ["Finding", "ablation_findings", "check", "check_on", "checked_model", "model_findings"]


def check(case: Case) -> list[Finding]:
    """Everything that is wrong or doubtful about a case, the worst first.

    Parameters
    ----------
    case
        A case that has been read, so its values alone are in order; here they meet the mesh.
    """
    from cementflow.mesh.geometry import build_geometry

    try:
        geometry = build_geometry(case.geometry, case.folder)
    except InputError as error:
        return _errors(error, case)
    return check_on(case, geometry)


def check_on(case: Case, geometry: Geometry) -> list[Finding]:
    """The same, on a mesh that has been made for the case already."""
    findings = list(ablation_findings(case, geometry))
    _, others = checked_model(replace(case, ablation=None), geometry)
    findings += others
    order = ("error", "warning", "note")
    return sorted(findings, key=lambda f: order.index(f.level))


def ablation_findings(case: Case, geometry: Geometry) -> Iterator[Finding]:
    """What can be said of the electrode before it heats anything."""
    from cementflow.ablation.ablate import electrode_of
    from cementflow.check.bone import INSIDE

    if case.ablation is None:
        return
    try:
        electrode = electrode_of(case.ablation, case.injection, geometry)
    except InputError as error:
        yield from _errors(error, case)
        return
    wanted = case.ablation.applicator.active_length
    if electrode.length < INSIDE * wanted:
        yield Finding(
            "warning",
            f"ablation.applicator: only {electrode.length / wanted:.0%} of the electrode lies in the bone",
        )


def checked_model(case: Case, geometry: Geometry) -> tuple[Model | None, list[Finding]]:
    """The case made ready to run, None where that cannot be, and all that is wrong or doubtful about it."""
    from cementflow.check.geometry import geometry_findings
    from cementflow.model import build_model

    try:
        model = build_model(case, geometry)
    except InputError as error:
        return None, [*geometry_findings(case, geometry), *_errors(error, case)]
    return model, [*geometry_findings(case, geometry), *model_findings(model)]


def _errors(error: InputError, case: Case) -> list[Finding]:
    source = f"{error.source}: " if error.source and error.source != case.source else ""
    return [Finding("error", source + problem) for problem in error.problems]


def model_findings(model: Model) -> Iterator[Finding]:
    """What can be said of source, fluids and pressures."""
    from cementflow.check import bone, image, needles, pressure

    yield from image.image_findings(model)
    yield from bone.source_findings(model)
    yield from needles.needle_findings(model)
    yield from bone.unevenness_findings(model)
    yield from bone.vein_findings(model)
    yield from bone.defect_findings(model)
    yield from pressure.watch_findings(model)
    yield from pressure.volume_findings(model)
    yield from pressure.pressure_findings(model)
