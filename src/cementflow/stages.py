"""From the protocol that a case states to the stages that the flow follows."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from cementflow.case import Case, InjectionSpec, StageSpec, UntilSpec
from cementflow.errors import CaseError
from cementflow.fem.control_volumes import ControlVolumes
from cementflow.flow.problem import Drive
from cementflow.flow.stage import Mix, OnLeak, Stage, Tip, Until
from cementflow.mesh.frame import AnatomicalFrame
from cementflow.mesh.tetmesh import TetMesh
from cementflow.sites.cannula import Cannula
from cementflow.sites.near_tip import near_tip
from cementflow.sites.needles import Needle, lies_inside, outside_by
from cementflow.sites.source import ball_weights

Floats = NDArray[np.float64]
UNTIL = UntilSpec()


@dataclass(frozen=True, eq=False)
class Bone:
    """What the place of a tip is found from: the mesh with its control volumes, axes and permeability (m, 6) [m2]."""

    volumes: ControlVolumes
    frame: AnatomicalFrame
    permeability: Floats


def build_drive(spec: InjectionSpec, needle: int = 0) -> Drive:
    """How cement is pushed through one of the needles, by what holds for the whole injection."""
    pipe = spec.needle[needle] if spec.needle else spec.cannula
    return Drive(
        rate=spec.flow_rate,
        volume=spec.total,
        max_tip=_limit(spec.max_tip_pressure),
        max_syringe=_limit(spec.max_pressure),
        cannula=Cannula(0.5 * pipe.inner_diameter, pipe.length) if pipe is not None else None,
    )


def build_tip(bone: Bone, center: Floats, radius: float) -> Tip:
    """A ball in the bone out of which the cement comes; all of its shares are zero if it lies outside."""
    weights = ball_weights(bone.volumes.mesh, center, radius)
    if not weights.any():
        return Tip(weights)
    return Tip(weights, near_tip(bone.volumes, bone.permeability, weights, center, radius))


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


def build_stages(case: Case, needles: tuple[Needle, ...], first: Tip, bone: Bone) -> tuple[Stage, ...]:
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

    Raises
    ------
    CaseError
        For a tip that lies outside the bone, and a needle that is drawn back further than it went in.
    """
    spec = case.injection
    names = [needle.name for needle in needles]
    drives = [build_drive(spec, i) for i in range(max(len(needles), 1))]
    drawn, tips, stages, used, mixes = [0.0] * len(drives), {(0, 0.0): first}, [], 0, 0
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
        stages.append(replace(_stage(stage, drives[used]), tip=tips[place], mix=mix))
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
    require_inside(mesh, bone.frame, needle.tip, key if drawn else f"injection.needle.{needle.name}", source)
    return build_tip(bone, needle.tip, needle.radius)


def _stage(stage: StageSpec, drive: Drive) -> Stage:
    if stage.withdraw is not None:
        still = Until(lasting=0.0)
        done = f"drawn back {1e3 * stage.withdraw:g} mm"
        return Stage(stage.name, replace(drive, stopped=True), until=still, done=done)
    if stage.pause is not None:
        return Stage(
            stage.name, replace(drive, stopped=True), until=Until(lasting=stage.pause), done="pause over"
        )
    until = stage.until or UNTIL
    return Stage(
        stage.name,
        replace(
            drive,
            rate=drive.rate if stage.flow_rate is None else stage.flow_rate,
            volume=drive.volume if stage.inject is None else stage.inject,
            max_tip=drive.max_tip if stage.max_tip_pressure is None else stage.max_tip_pressure,
            max_syringe=drive.max_syringe if stage.max_pressure is None else stage.max_pressure,
        ),
        until=Until(
            _limit(until.leaked),
            _limit(until.syringe_pressure),
            _limit(until.tip_pressure),
            _limit(until.time),
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
