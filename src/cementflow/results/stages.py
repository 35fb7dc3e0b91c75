"""What a run says about its needles and the stages of its protocol."""

from __future__ import annotations

from typing import Any

from cementflow.flow.course import Step
from cementflow.flow.protocol import stage_so_far
from cementflow.flow.stage import Ended
from cementflow.model import Model
from cementflow.results.numbers import ML


def stage_summary(model: Model, step: Step | None) -> dict[str, Any]:
    """The stages that were begun, under one key [s, mL, kPa]; nothing for a run without a protocol."""
    if not model.plan.stages:
        return {}
    ended = list(step.ended) if step is not None else []
    stages = [_stage(e) for e in ended]
    if step is not None and not step.stopped:
        stages.append(_under_way(model, step))
    return {"stages": stages}


def _stage(ended: Ended) -> dict[str, Any]:
    lasted = ended.end > ended.start
    return {
        "name": ended.name,
        "start_s": ended.start,
        "end_s": ended.end,
        "injected_ml": ended.injected * ML,
        "leaked_ml": ended.leaked * ML,
        "ended_by": ended.why,
        "peak_tip_pressure_kPa": ended.peak_tip * 1e-3 if lasted else None,
        "peak_syringe_pressure_kPa": ended.peak_syringe * 1e-3 if lasted else None,
        "answers_to_leaks": ended.answers,
    }


def _under_way(model: Model, step: Step) -> dict[str, Any]:
    """The stage in which a run was interrupted or failed."""
    so_far = stage_so_far(model.plan, step.progress, step.state, "")
    return _stage(so_far) | {"end_s": None, "ended_by": None}


def needle_sites(model: Model) -> dict[str, Any]:
    """Entry, tip [mm] and direction of each stated needle, and how deep it goes [mm]."""
    mesh = model.geometry.mesh
    return {
        needle.name: {
            "entry_mm": ((needle.tip - needle.depth(mesh) * needle.direction) * 1e3).tolist(),
            "tip_mm": (needle.tip * 1e3).tolist(),
            "radius_mm": needle.radius * 1e3,
            "direction": needle.direction.tolist(),
            "depth_mm": needle.depth(mesh) * 1e3,
        }
        for needle in model.needles
        if needle.name
    }
