"""From the protocol that a case states to the stages that the flow follows."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from cementflow.case import CannulaSpec, Case, InjectionSpec, StageSpec, UntilSpec
from cementflow.errors import CaseError
from cementflow.fem.control_volumes import ControlVolumes
from cementflow.flow.problem import Drive
from cementflow.flow.stage import Mix, OnLeak, Stage, Tip, Until
from cementflow.injection import Entering, build_drive
from cementflow.mesh.frame import AnatomicalFrame
from cementflow.mesh.tetmesh import TetMesh
from cementflow.sites.near_tip import near_tip
from cementflow.sites.needles import Needle, lies_inside, outside_by
from cementflow.sites.source import ball_volumes, shares

Floats = NDArray[np.float64]
UNTIL = UntilSpec()


@dataclass(frozen=True, eq=False)
class Bone:
    """What the place of a tip is found from: the mesh with its control volumes, axes and permeability (m, 6) [m2]."""

    volumes: ControlVolumes
    frame: AnatomicalFrame
    permeability: Floats


def pipe_of(spec: InjectionSpec, needle: int = 0) -> CannulaSpec | None:
    """What a needle is made of, None where cement starts from a ball."""
    return spec.needle[needle] if spec.needle else spec.cannula


def driven(spec: InjectionSpec) -> InjectionSpec:
    """The injection with something that drives: that of its first stage, where only stages state it."""
    if (spec.flow_rate, spec.max_pressure, spec.max_tip_pressure, spec.plunger) != (None, None, None, None):
        return spec
    pushing = next(g for g in spec.stage if g.pause is None and g.withdraw is None)
    return replace(_of_stage(spec, pushing), volume=spec.total)


def first_tip(case: Case, center: Floats, radius: float, bone: Bone) -> Tip:
    """The tip that an injection begins with.

    Raises
    ------
    CaseError
        If it lies outside the bone.
    """
    tip, needles = build_tip(bone, center, radius), case.injection.needle
    if needles or not tip.source.any():
        key = f"injection.needle.{needles[0].name}" if needles else "injection"
        missed = not tip.source.any()
        require_inside(bone.volumes.mesh, bone.frame, center, key, case.source, missed)
    return tip


def build_tip(bone: Bone, center: Floats, radius: float) -> Tip:
    """A ball in the bone out of which the cement comes; all of its shares are zero if it lies outside."""
    volumes = ball_volumes(bone.volumes.mesh, center, radius)
    if not volumes.any():
        return Tip(volumes, inside=0.0)
    weights = shares(volumes)
    near = near_tip(bone.volumes, bone.permeability, weights, center, radius)
    # Sampled, the ball may come out a hair too large.
    inside = min(float(volumes.sum()) / (4.0 / 3.0 * np.pi * radius**3), 1.0)
    return Tip(weights, near, inside)


def require_inside(
    mesh: TetMesh, frame: AnatomicalFrame, center: Floats, key: str, source: str, missed: bool = False
) -> None:
    """Refuse a tip that lies outside the bone.

    Parameters
    ----------
    mesh, frame
        The bone and its axes.
    center
        Of the tip [m].
    key, source
        What to name in the message.
    missed
        Whether its ball was found to touch nothing, however near it is.

    Raises
    ------
    CaseError
        Saying where it is and how far outside.
    """
    away = outside_by(mesh, center)
    if away == 0.0 and not missed:
        return
    fractions = ", ".join(
        f"{name} {f:.2f}" for name, f in zip(("ap", "lr", "si"), frame.fractions(center)[0], strict=True)
    )
    raise CaseError(
        f"{key}: the tip lies outside the bone, {1e3 * away:.1f} mm from it (fractions of its box: {fractions})",
        source,
    )


def stated_stages(spec: InjectionSpec) -> tuple[StageSpec, ...]:
    """The stages of a case; several needles without stages inject the same share of the volume one after the other."""
    if spec.stage or len(spec.needle) < 2:
        return spec.stage
    share = spec.total / len(spec.needle)
    return tuple(StageSpec(name=needle.name, inject=share, needle=needle.name) for needle in spec.needle)


def build_stages(
    case: Case, needles: tuple[Needle, ...], first: Tip, bone: Bone, entering: Entering
) -> tuple[Stage, ...]:
    """The stages of a case, none if it states no protocol.

    Parameters
    ----------
    case
        As stated.
    needles
        Of the case, in their order.
    first
        The tip of the first needle, or the ball.
    bone
        Where the tips are.
    entering
        What is pushed.

    Raises
    ------
    CaseError
        For a tip that lies outside the bone, and a needle that is drawn back further than it went in.
    """
    spec = case.injection
    names = [needle.name for needle in needles]
    drawn, tips, used, mixes = [0.0] * max(len(needles), 1), {(0, 0.0): first}, 0, 0
    stages: list[Stage] = []
    for stage in stated_stages(spec):
        used = names.index(stage.needle) if stage.needle is not None else used
        if stage.withdraw is not None:
            drawn[used] += stage.withdraw
        place = (used, drawn[used])
        if place not in tips:
            key = f"injection.stage.{stage.name}"
            tips[place] = _tip(bone, needles[used].drawn_back(drawn[used]), needles[used], key, case.source)
        mix = None
        if stage.batch is not None:
            mix = Mix(mixes, stage.batch.mixed, stage.batch.age or 0.0)
            mixes += 1
        radius = needles[used].radius if needles else _ball(spec)
        pushed = _of_stage(driven(spec) if stage.pause or stage.withdraw else spec, stage)
        drive = build_drive(pushed, pipe_of(spec, used), radius, entering)
        stages.append(replace(_stage(stage, drive), tip=tips[place], needle=used, mix=mix))
    return tuple(stages)


def _tip(bone: Bone, needle: Needle, before: Needle, key: str, source: str) -> Tip:
    mesh = bone.volumes.mesh
    drawn = float(np.linalg.norm(before.tip - needle.tip))
    depth = before.depth(mesh)
    if drawn >= depth and lies_inside(mesh, before.tip):
        raise CaseError(
            f"{key}.withdraw: in all {1e3 * drawn:g} mm, but the needle is only {1e3 * depth:.1f} mm deep in the bone",
            source,
        )
    key = key if drawn else f"injection.needle.{needle.name}"
    require_inside(mesh, bone.frame, needle.center, key, source)
    return build_tip(bone, needle.center, needle.radius)


def _ball(spec: InjectionSpec) -> float:
    assert spec.source is not None
    return spec.source.radius


def _of_stage(spec: InjectionSpec, stage: StageSpec) -> InjectionSpec:
    """What holds for the injection, with what the stage states in its place."""
    return replace(
        spec,
        volume=spec.total if stage.inject is None else stage.inject,
        flow_rate=spec.flow_rate if stage.flow_rate is None else stage.flow_rate,
        max_pressure=spec.max_pressure if stage.max_pressure is None else stage.max_pressure,
        max_tip_pressure=spec.max_tip_pressure if stage.max_tip_pressure is None else stage.max_tip_pressure,
    )


def _stage(stage: StageSpec, drive: Drive) -> Stage:
    if stage.withdraw is not None:
        done = f"drawn back {1e3 * stage.withdraw:g} mm"
        return Stage(stage.name, replace(drive, stopped=True), until=Until(lasting=0.0), done=done)
    if stage.pause is not None:
        waiting = Until(lasting=stage.pause)
        return Stage(stage.name, replace(drive, stopped=True), until=waiting, done="pause over")
    until = stage.until or UNTIL
    return Stage(
        stage.name,
        drive,
        until=Until(
            leaked=_limit(until.leaked),
            syringe=_limit(until.syringe_pressure),
            tip=_limit(until.tip_pressure),
            lasting=_limit(until.time),
            seen=until.seen,
        ),
        on_leak=_on_leak(stage),
    )


def _on_leak(stage: StageSpec) -> OnLeak:
    if stage.leak_limit is None:
        return OnLeak()
    return OnLeak(
        stage.leak_limit, int(stage.leak_retries or 0), stage.leak_pause or 0.0, stage.leak_factor or 1.0
    )


def _limit(value: float | None) -> float:
    return np.inf if value is None else value
