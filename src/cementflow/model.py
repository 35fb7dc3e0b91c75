"""From a case and its mesh to the problem that the flow solves."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from cementflow.bone import BoneFields, bone_fields, marrow_factor, open_to_veins
from cementflow.case import Case, ImagingSpec, InjectionSpec
from cementflow.errors import CaseError
from cementflow.fem.control_volumes import build_control_volumes
from cementflow.flow.accept import LONGEST_REST
from cementflow.flow.course import Plan
from cementflow.flow.problem import Problem, Tolerances
from cementflow.flow.watch import Watch, build_watch
from cementflow.injection import build_drive
from cementflow.laws.relative_permeability import Corey
from cementflow.laws.thermal import ZERO_CELSIUS
from cementflow.materials import cement_law, cure_kinetics, marrow_law, syringe, tissue, upscaling
from cementflow.mesh.geometry import Geometry
from cementflow.mesh.zones import SurfaceZones, surface_zones
from cementflow.sites.compartments import build_compartments
from cementflow.sites.locate import locate, toward
from cementflow.sites.near_tip import near_tip
from cementflow.sites.place import build_outlets
from cementflow.sites.source import ball_weights
from cementflow.sites.vein_places import vein_outlets, vein_tree

Floats = NDArray[np.float64]
LONGEST_PUSH = 3600.0  # s; in which cement that a pressure drives is in, or has come to rest
NO_ARCH = ("box", "ball")  # built-in bodies that are no vertebra
COOL = 43.0 + ZERO_CELSIUS  # K; below it heat does little harm (Sapareto and Dewey 1984, recalled)


@dataclass(frozen=True, eq=False)
class Source:
    """Ball out of which the cement comes, in mesh coordinates [m]."""

    center: Floats
    radius: float


@dataclass(frozen=True, eq=False)
class Model:
    """A case made ready to run."""

    case: Case
    geometry: Geometry
    bone: BoneFields
    source: Source
    problem: Problem
    plan: Plan

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
    bone = bone_fields(case.bone, case.marrow.viscosity, geometry)
    source = cement_source(case.injection, geometry)
    weights = ball_weights(geometry.mesh, source.center, source.radius)
    if not weights.any():
        fractions = ", ".join(
            f"{name} {f:.2f}"
            for name, f in zip(("ap", "lr", "si"), geometry.frame.fractions(source.center)[0], strict=True)
        )
        raise CaseError(
            f"injection: the tip lies outside the bone (fractions of its box: {fractions})", case.source
        )
    kinetics = cure_kinetics(case.cement.cure)
    cement = cement_law(case.cement, case.physics, kinetics)
    entering = syringe(case, cement, kinetics)
    volumes = build_control_volumes(geometry.mesh, bone.porosity, bone.permeability)
    drunk_from = open_to_veins(case.bone, bone.permeability, geometry)
    tree = vein_tree(case.veins, geometry.mesh, geometry.frame, drunk_from) if case.veins else None
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
        syringe=entering,
        in_situ=upscaling(case.cement),
        source=weights,
        drive=build_drive(case, cement, entering, float(np.median(bone.permeability[:, :3])), source.radius),
        outlets=(
            *build_outlets(case, geometry, bone.permeability, weights),
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
        **({"blood_viscosity": case.veins.blood_viscosity} if case.veins else {}),
        near_tip=near_tip(volumes, bone.permeability, weights, source.center, source.radius),
        compartments=build_compartments(case.compartment),
        marrow_factor=marrow_factor(bone, volumes),
    )
    return Model(case, geometry, bone, source, problem, _plan(case, geometry, problem))


def cement_source(spec: InjectionSpec, geometry: Geometry) -> Source:
    """The ball out of which the cement comes: the tip of the cannula or the stated source."""
    if spec.cannula is not None:
        center = locate(spec.cannula.tip, geometry.frame)
        if spec.cannula.direction is not None:
            # The ball touches the end of the needle, or its side.
            center = center + spec.cannula.tip_radius * toward(spec.cannula.direction, geometry.frame)
        return Source(center, spec.cannula.tip_radius)
    assert spec.source is not None
    return Source(locate(spec.source.center, geometry.frame), spec.source.radius)


def case_watch(case: Case, geometry: Geometry, problem: Problem) -> Watch:
    """Who looks for cement outside the bone; with the defaults where the case says nothing of it."""
    body = case.geometry.preset not in NO_ARCH
    return build_watch(case.imaging or ImagingSpec(), case.cement, geometry.frame, problem, body)


def _plan(case: Case, geometry: Geometry, problem: Problem) -> Plan:
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
        watch=case_watch(case, geometry, problem) if case.imaging is not None else None,
        seen=case.stop.seen if case.stop.seen is not None else np.inf,
    )


def _latest(case: Case) -> float:
    """Time [s] up to which fields may be asked for again and again; a run that waits for the cement may take long."""
    rate = case.injection.flow_rate
    longest = 100.0 * case.injection.volume / rate if rate is not None else LONGEST_PUSH
    injected = case.stop.time if case.stop.time is not None else longest
    if case.stop.until is None:
        return injected
    return injected + LONGEST_REST if isinstance(case.stop.until, str) else max(injected, case.stop.until)
