"""From a case to the laws of its fluids and tissues."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cementflow.case import Case, CementSpec, CureSpec, MarrowSpec, PhysicsSpec, ThermalSpec
from cementflow.errors import CaseError
from cementflow.laws.ageing import AgeingCement, arrhenius_speed
from cementflow.laws.cure import CureKinetics
from cementflow.laws.growth import CastroMacosko, Constant, Exponential, Growth, TwoPhase
from cementflow.laws.in_situ import CapillaryBundle, EquivalentRate, MeanViscosity, Upscaling
from cementflow.laws.marrow import Marrow
from cementflow.laws.rheology import (
    CarreauYasuda,
    Cross,
    HerschelBulkley,
    Newtonian,
    PowerLaw,
    Rheology,
    Yielding,
)
from cementflow.laws.thermal import Material, Tissue
from cementflow.sites.syringe import Batch, Syringe


def cement_law(spec: CementSpec, physics: PhysicsSpec, kinetics: CureKinetics) -> AgeingCement:
    """The law of flow of a stated cement, with its ageing."""
    growth = growth_law(spec)
    if not physics.ageing:
        cure = kinetics.isothermal(spec.temperature, spec.age)
        growth = Constant(float(growth.logarithm(np.asarray(_first_age(spec)), cure)))
    return AgeingCement(
        bulk=bulk_law(spec, physics),
        growth=growth,
        maximum=spec.maximum_viscosity,
        activation_energy=spec.activation_energy,
        reference_temperature=spec.reference_temperature,
    )


def growth_law(spec: CementSpec) -> Growth:
    """How a stated cement thickens."""
    time = spec.growth if spec.growth is not None else np.inf
    if spec.ageing == "two-phase":
        second = _given(spec.polymerisation_age), _given(spec.polymerisation_growth)
        return TwoPhase(time, spec.reference_age, *second)
    if spec.ageing == "castro-macosko":
        gelling = _given(spec.gel_cure), _given(spec.gel_exponent), _given(spec.gel_slope)
        return CastroMacosko(time, spec.reference_age, *gelling)
    return Exponential(time, spec.reference_age)


def bulk_law(spec: CementSpec, physics: PhysicsSpec) -> Rheology:
    """Viscosity over shear rate at the reference age, with what of it is switched on."""
    flowing = _law_without_yield_stress(spec)
    if not physics.shear_thinning:
        flowing = Newtonian(float(flowing.viscosity(np.array(physics.constant_rate))))
    if not spec.yield_stress or not physics.yield_stress:
        return flowing
    bounds = spec.shear_rate_min, spec.shear_rate_max
    plug = spec.yield_stress, _given(spec.regularisation_time)
    if isinstance(flowing, PowerLaw):
        return HerschelBulkley(flowing.K, flowing.n, *plug, *bounds)
    return Yielding(flowing, *plug, *bounds)


def _law_without_yield_stress(spec: CementSpec) -> Rheology:
    if spec.law == "newtonian":
        return Newtonian(_given(spec.viscosity))
    n = _given(spec.n)
    if spec.law in ("power", "herschel-bulkley"):
        return PowerLaw(_given(spec.K), n, spec.shear_rate_min, spec.shear_rate_max)
    plateaux = _given(spec.viscosity_zero), _given(spec.viscosity_infinity)
    relaxation = _given(spec.relaxation_time)
    if spec.law == "cross":
        return Cross(*plateaux, relaxation, n)
    return CarreauYasuda(*plateaux, relaxation, n, 2.0 if spec.a is None else spec.a)


def upscaling(spec: CementSpec) -> Upscaling:
    """The way from the bulk law to the pores."""
    factor = _given(spec.shear_factor)
    if spec.shear_rule == "simple":
        return EquivalentRate(factor)
    if spec.shear_rule == "eberhard":
        return MeanViscosity(factor)
    return CapillaryBundle(factor)


def marrow_law(spec: MarrowSpec) -> Marrow:
    """Viscosity of a stated marrow over shear rate and temperature."""
    bulk: Rheology = Newtonian(spec.viscosity)
    if spec.n is not None:
        infinity, relaxation = _given(spec.viscosity_infinity), _given(spec.relaxation_time)
        bulk = CarreauYasuda(spec.viscosity, infinity, relaxation, spec.n)
    return Marrow(bulk, spec.activation_energy, spec.reference_temperature, spec.maximum_viscosity)


def cure_kinetics(spec: CureSpec) -> CureKinetics:
    """How a stated cement cures.

    Raises
    ------
    CaseError
        If no degree of cure at mixing gives the setting time.
    """
    stated = CureKinetics(
        frequency=spec.frequency,
        activation_energy=spec.activation_energy,
        m=spec.cure_order,
        n=spec.rest_order,
        limit_offset=spec.limit_offset,
        limit_slope=spec.limit_slope,
        set_at=spec.set_at,
        enthalpy=spec.enthalpy,
    )
    if spec.initial is not None:
        return replace(stated, initial=spec.initial)
    time, temperature = _given(spec.setting_time), _given(spec.setting_temperature)
    try:
        return replace(stated, initial=stated.initial_for(time, temperature))
    except ValueError as error:
        raise CaseError(
            f"cement.cure.setting_time = {time:g} s cannot be had with these kinetics, only {error}; "
            "state another one, or initial"
        ) from None


def syringe(case: Case, cement: AgeingCement, kinetics: CureKinetics) -> Syringe:
    """The cement that is about to enter."""
    spec = case.cement
    further = [Batch(b.after, b.mixed) for b in case.injection.batch]
    # The mix of a stage comes when the stage does.
    further += [Batch(np.inf, 0.0) for stage in case.injection.stage if stage.batch is not None]
    speed = float(cement.speed(spec.temperature))
    return Syringe((Batch(0.0, -spec.age), *further), spec.temperature, speed, kinetics)


def tissue(case: Case) -> Tissue:
    """Materials and surroundings as heat sees them."""
    return Tissue(
        bone=_material(case.bone.thermal),
        marrow=_material(case.marrow.thermal),
        cement=_material(case.cement.thermal),
        perfusion=case.bone.perfusion,
        exchange=case.surroundings.exchange,
    )


def _material(spec: ThermalSpec) -> Material:
    return Material(spec.density, spec.specific_heat, spec.conductivity)


def _first_age(spec: CementSpec) -> float:
    """Equivalent age at the start of the injection [s]."""
    return spec.age * float(
        arrhenius_speed(spec.activation_energy, spec.temperature, spec.reference_temperature)
    )


def _given(value: float | None) -> float:
    assert value is not None  # the case has been checked for its law
    return value
