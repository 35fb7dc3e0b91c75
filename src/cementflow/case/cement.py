"""The cement."""

# ruff: noqa: RUF009 - `entry` makes a dataclass field, which ruff cannot know.
from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from cementflow.case import cement_rules
from cementflow.case.compound_kinds import Span
from cementflow.case.cure import CureSpec, RadiopacifierSpec
from cementflow.case.fields import entry
from cementflow.case.heat import CementThermal
from cementflow.case.kinds import Choice, Number, Quantity
from cementflow.case.ranges import CLOCK, TEMPERATURE, VISCOSITY
from cementflow.case.sections import Rules, Table
from cementflow.presets.store import list_presets

_PLATEAU_LAWS = 'laws "carreau", "carreau-yasuda" and "cross"'
_ALTERNATIVES = {
    "law": cement_rules.ALL_LAW_PARAMETERS,
    "ageing": cement_rules.ALL_AGEING_PARAMETERS,
    "shear_rule": ("shear_factor",),
    "radiopacifier": ("thermal.density",),
}
_RECALLED = "assumed: values of Castro and Macosko 1982 for polyurethane, recalled and not read again"
_GEL = 'ageing = "castro-macosko"'
_NICHOLAS = "Nicholas et al. 2007, J Mater Sci Mater Med, 10.1007/s10856-007-0125-2"


@dataclass(frozen=True, kw_only=True)
class CementSpec:
    """Viscosity of the cement: law of flow, ageing with time and temperature, shear rate in bone; cure and heat."""

    preset: str | None = entry(
        Choice(tuple(list_presets("cements"))), "class of cement that fills in the rest", None
    )
    age: float = entry(
        CLOCK,
        "time since mixing at the start of the injection",
        "4 min",
        source="assumed: inside the working time of most cements for vertebrae",
    )
    temperature: float = entry(
        TEMPERATURE,
        "temperature of the cement in syringe and cannula, and without physics.heat in the bone too",
        "23 degC",
        source="assumed: operating room",
    )
    law: str = entry(
        Choice(tuple(cement_rules.LAW_PARAMETERS)), "law of flow", None, note="required without preset"
    )
    viscosity: float | None = entry(VISCOSITY, 'law "newtonian": viscosity at reference_age', None)
    K: float | None = entry(
        Quantity("consistency", "1e-5 Pa s^n", "1e7 Pa s^n"),
        'laws "power" and "herschel-bulkley": consistency at reference_age',
        None,
    )
    n: float | None = entry(
        Number(0.1, 2.0), 'all laws but "newtonian": power-law index of the thinning branch', None
    )
    viscosity_zero: float | None = entry(
        VISCOSITY, f"{_PLATEAU_LAWS}: viscosity at rest at reference_age", None
    )
    viscosity_infinity: float | None = entry(
        Quantity("viscosity", "0 Pa s", "1e7 Pa s"),
        f"{_PLATEAU_LAWS}: viscosity at very high shear rate",
        None,
        note='"0 Pa s" with these laws',
    )
    relaxation_time: float | None = entry(
        Quantity("time", "1 us", "1e4 s"),
        f"{_PLATEAU_LAWS}: one over the shear rate where thinning sets in (Cross: is half done)",
        None,
    )
    a: float | None = entry(
        Number(0.1, 10.0), 'law "carreau-yasuda": sharpness of the bend; 2 is "carreau"', None
    )
    yield_stress: float | None = entry(
        Quantity("pressure", "0 Pa", "1 MPa"),
        "yield stress at reference_age; any law may have one",
        None,
        note='absent; required with law "herschel-bulkley"',
    )
    regularisation_time: float | None = entry(
        Quantity("time", "1 ms", "1e6 s"),
        "m in yield_stress (1 - exp(-m rate)) / rate: the cement creeps below the rate 1/m",
        None,
        source="assumed: far below the shear rates in bone",
        note='"100 s" with a yield stress',
    )
    ageing: str = entry(
        Choice(tuple(cement_rules.AGEING_PARAMETERS)),
        'how the viscosity grows with age: "exponential"; "two-phase", by swelling and from polymerisation_age on by '
        'polymerisation; "castro-macosko", exponential and towards infinity at gel_cure',
        "exponential",
    )
    growth: float | None = entry(
        Quantity("time", "1 s", "1e6 s"),
        "time in which the viscosity grows by the factor e; with two phases that of swelling",
        None,
        note="does not grow with age",
    )
    polymerisation_age: float | None = entry(
        CLOCK, 'ageing = "two-phase": age from which polymerisation_growth counts in place of growth', None
    )
    polymerisation_growth: float | None = entry(
        Quantity("time", "1 s", "1e6 s"),
        'ageing = "two-phase": time in which the viscosity grows by the factor e from then on',
        None,
    )
    gel_cure: float | None = entry(
        Number(0.01, 1.0),
        f"{_GEL}: degree of cure at which the cement is a gel",
        None,
        source="assumed: the degree of cure from which it counts as set",
        note=f"`0.7` with {_GEL}",
    )
    gel_exponent: float | None = entry(
        Number(0.0, 10.0),
        f"{_GEL}: A in (gel_cure / (gel_cure - cure))^(A + B cure)",
        None,
        source=_RECALLED,
        note=f"`1.5` with {_GEL}",
    )
    gel_slope: float | None = entry(
        Number(0.0, 10.0), f"{_GEL}: B therein", None, source=_RECALLED, note=f"`1.0` with {_GEL}"
    )
    reference_age: float = entry(
        Quantity("time", "0 s", "1e12 s"),
        "equivalent age (time at reference_temperature) at which the stated viscosity holds",
        None,
        note="that of the start, so that it holds then",
    )
    reference_temperature: float = entry(
        TEMPERATURE,
        "temperature at which the stated viscosity, growth and ages hold",
        "23 degC",
        source="assumed: operating room",
    )
    activation_energy: float = entry(
        Quantity("molar energy", "0 kJ/mol", "200 kJ/mol"),
        "how the speed of ageing rises with temperature (Arrhenius)",
        "44.4 kJ/mol",
        source=f"derived: curing time halved from 25 to 37 degC, {_NICHOLAS}",
    )
    maximum_viscosity: float = entry(
        Quantity("viscosity", "1e-3 Pa s", "1e9 Pa s"),
        "viscosity of set cement, at which growth stops",
        "75 kPa s",
        source=_NICHOLAS,
    )
    shear_factor: float | None = entry(
        Number(0.01, 100),
        "C in the shear rate in bone, C u / sqrt(k phi)",
        None,
        source="derived: bundle of straight capillaries; in bone assumed, range about 1 to 6",
        note='`1.414`, the root of 2; with shear_rule "christopher-middleman" `0.9798`, 12 over the root of 150',
    )
    shear_rule: str = entry(
        Choice(("bundle", "christopher-middleman", "eberhard", "simple")),
        "viscosity in bone: "
        '"bundle" and "christopher-middleman" that of equal pressure loss in capillaries, by Rabinowitsch (for a '
        'power law C times ((3n+1)/(4n))^(n/(n-1))); "eberhard" the local one averaged over the cross-section of a '
        'capillary; "simple" that of the law at the shear rate in bone',
        "bundle",
        source="derived: bundle of straight capillaries",
    )
    shear_rate_min: float = entry(
        Quantity("rate", "0 1/s", "1e9 1/s"),
        "shear rates below are taken as this",
        "0.001 1/s",
        source="assumed",
    )
    shear_rate_max: float = entry(
        Quantity("rate", "1e-9 1/s", "1e12 1/s"),
        "shear rates above are taken as this",
        "1e4 1/s",
        source="assumed",
    )
    working_window: tuple[float, float] | None = entry(
        Span(CLOCK), "ages between which it is meant to be injected; for information only", None
    )
    cure: CureSpec = entry(Table(CureSpec), "how it polymerises", absent={})
    thermal: CementThermal = entry(Table(CementThermal), "how it holds and conducts heat", absent={})
    radiopacifier: RadiopacifierSpec = entry(
        Table(RadiopacifierSpec), "what makes it visible to X-rays", absent={}
    )

    RULES: ClassVar = Rules(cement_rules.cement, presets="cements", displaces=_ALTERNATIVES)
