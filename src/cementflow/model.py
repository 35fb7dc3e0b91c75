"""From a case and its mesh to the problem that the flow solves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cementflow.ablation.ablate import Ablation, ablate
from cementflow.bone import BoneFields, bone_fields, marrow_factor, open_to_veins
from cementflow.case import Case, ImagingSpec, InjectionSpec
from cementflow.fem.control_volumes import build_control_volumes
from cementflow.flow.accept import LONGEST_REST
from cementflow.flow.course import Plan
from cementflow.flow.problem import Problem, Tolerances
from cementflow.flow.stage import Stage
from cementflow.flow.watch import Watch, build_watch
from cementflow.injection import Entering, build_drive
from cementflow.laws.relative_permeability import Corey
from cementflow.laws.thermal import ZERO_CELSIUS
from cementflow.materials import cement_law, cure_kinetics, marrow_law, syringe, tissue, upscaling
from cementflow.mesh.geometry import Geometry
from cementflow.mesh.zones import SurfaceZones, surface_zones
from cementflow.sites.compartments import build_compartments
from cementflow.sites.locate import locate
from cementflow.sites.needle_line import lay_along
from cementflow.sites.needles import Needle, build_needles
from cementflow.sites.place import build_outlets
from cementflow.sites.vein_places import vein_outlets, vein_tree
from cementflow.stages import Bone, build_stages, driven, first_tip, pipe_of, stated_stages

Floats = NDArray[np.float64]
LONGEST_PUSH = 3600.0  # s; in which cement that a pressure drives is in, or has come to rest
NO_ARCH = ("box", "ball")  # built-in bodies that are no vertebra
COOL = 43.0 + ZERO_CELSIUS  # K; below it heat does little harm (Sapareto and Dewey 1984, recalled)


@dataclass(frozen=True, eq=False)
class Source:
    """Ball out of which the cement comes, in mesh coordinates [m], and the share of it that lies in the bone."""

    center: Floats
    radius: float
    inside: float = 1.0


@dataclass(frozen=True, eq=False)
class Model:
    """A case made ready to run; `closed` says which share of the exchange of each vein an ablation closed."""

    case: Case
    geometry: Geometry
    bone: BoneFields
    source: Source
    problem: Problem
    plan: Plan
    needles: tuple[Needle, ...] = ()
    ablation: Ablation | None = None
    closed: Mapping[str, float] = field(default_factory=dict)

    @cached_property
    def zones(self) -> SurfaceZones:
        """Zones of the surface."""
        return surface_zones(self.geometry.mesh, self.geometry.frame)

    @cached_property
    def watch(self) -> Watch:
        """Looks for cement outside the bone."""
        return self.plan.watch or case_watch(self.case, self.geometry, self.problem)


def build_model(case: Case, geometry: Geometry) -> Model:
    """Put mesh, laws and sites together.

    Raises
    ------
    CaseError
        Where the case does not fit the mesh: the source outside the bone, a region that is not there.
    """
    stated = lay_along(case.bone, case.injection, geometry.frame)
    bone = bone_fields(stated, case.marrow.viscosity, geometry)
    volumes = build_control_volumes(geometry.mesh, bone.porosity, bone.permeability)
    where = Bone(volumes, geometry.frame, bone.permeability)
    needles = build_needles(case.injection, geometry.frame)
    source = cement_source(case.injection, needles, geometry)
    tip = first_tip(case, source.center, source.radius, where)
    source = replace(source, inside=tip.inside)
    kinetics = cure_kinetics(case.cement.cure)
    cement = cement_law(case.cement, case.physics, kinetics)
    entering = Entering(
        cement,
        syringe(case, cement, kinetics),
        float(np.median(bone.permeability[:, :3])),
        case.physics.dead_volume,
    )
    stages = build_stages(case, needles, tip, where, entering)
    drunk_from = open_to_veins(stated, bone.permeability, geometry)
    tree = vein_tree(case.veins, geometry.mesh, geometry.frame, drunk_from) if case.veins else None
    ablation, closed = None, dict[str, float]()
    own: dict[str, Any] = {"blood_viscosity": case.veins.blood_viscosity} if case.veins else {}
    if case.ablation is not None:
        ablation = ablate(case, geometry, volumes)
        bone = ablation.after(bone, case.marrow.viscosity)
        if tree is not None and case.ablation.closes_veins:
            tree, closed = ablation.closed(tree)
        own |= {"vessels": ablation.vessels, "warmth": ablation.excess}
    problem = Problem(
        volumes=volumes,
        corey=Corey(
            case.bone.cement_exponent,
            case.bone.marrow_exponent,
            case.bone.residual_cement,
            case.bone.residual_marrow,
        ),
        cement=cement,
        marrow=marrow_law(case.marrow),
        syringe=entering.syringe,
        in_situ=upscaling(case.cement),
        source=tip.source,
        drive=build_drive(driven(case.injection), pipe_of(case.injection), source.radius, entering),
        outlets=(
            *build_outlets(case, geometry, bone.permeability, tip.source, needles),
            *(vein_outlets(case.veins, tree) if case.veins is not None and tree is not None else ()),
        ),
        tolerances=Tolerances(
            case.numerics.linear_tolerance,
            case.numerics.picard_tolerance,
            case.numerics.step_tolerance,
            case.numerics.min_step,
            case.numerics.max_step,
        ),
        tissue=tissue(case) if case.physics.heat else None,
        body_temperature=case.surroundings.temperature,
        veins=tree,
        near_tip=tip.near,
        compartments=build_compartments(case.compartment),
        marrow_factor=marrow_factor(bone, volumes),
        **own,
    )
    plan = _plan(case, geometry, problem, stages)
    return Model(case, geometry, bone, source, problem, plan, needles, ablation, closed)


def cement_source(spec: InjectionSpec, needles: tuple[Needle, ...], geometry: Geometry) -> Source:
    """The ball out of which the cement comes at first: the tip of the first needle or the stated source."""
    if needles:
        return Source(needles[0].center, needles[0].radius)
    assert spec.source is not None
    return Source(locate(spec.source.center, geometry.frame), spec.source.radius)


def case_watch(case: Case, geometry: Geometry, problem: Problem) -> Watch:
    """Who looks for cement outside the bone; with the defaults where the case says nothing of it."""
    body = case.geometry.preset not in NO_ARCH
    return build_watch(case.imaging or ImagingSpec(), case.cement, geometry.frame, problem, body)


def _plan(case: Case, geometry: Geometry, problem: Problem, stages: tuple[Stage, ...]) -> Plan:
    times = set(case.output.field_times)
    if case.output.fields_every is not None:
        number = int(_latest(case) / case.output.fields_every)
        times |= {i * case.output.fields_every for i in range(1, number + 1)}
    return Plan(
        output_times=tuple(sorted(t for t in times if t > 0.0)),
        max_leaked=case.stop.leaked if case.stop.leaked is not None else np.inf,
        max_time=case.stop.time if case.stop.time is not None else np.inf,
        until=np.inf if isinstance(case.stop.until, str) else case.stop.until,
        cool=COOL if case.stop.until == "cool" else np.inf,
        bends=tuple(p.time for p in case.veins.pressure_times) if case.veins is not None else (),
        volume=case.injection.total,
        stages=stages,
        watch=case_watch(case, geometry, problem) if case.imaging is not None else None,
        seen=_seen(case),
    )


def _seen(case: Case) -> float:
    """Visible cement outside the bone [m3] at which the operator stops, or a stage ends."""
    if case.stop.seen is not None:
        return case.stop.seen
    by_stage = any(g.until is not None and g.until.seen for g in case.injection.stage)
    return 0.0 if by_stage else np.inf


def _latest(case: Case) -> float:
    """Time [s] up to which fields may be asked for again and again; a run that waits for the cement may take long."""
    spec = case.injection
    rates = [g.flow_rate or spec.flow_rate for g in stated_stages(spec)] or [spec.flow_rate]
    waits = sum(g.pause or 0.0 for g in spec.stage)
    slowest = min((rate for rate in rates if rate is not None), default=None)
    longest = 100.0 * (spec.total / slowest + waits) if slowest is not None else LONGEST_PUSH + waits
    injected = case.stop.time if case.stop.time is not None else longest
    if case.stop.until is None:
        return injected
    return injected + LONGEST_REST if isinstance(case.stop.until, str) else max(injected, case.stop.until)
