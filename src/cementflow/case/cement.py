"""The cement."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from cementflow.case import rules
from cementflow.case.fields import entry
from cementflow.case.kinds import Choice, Number, Quantity
from cementflow.case.ranges import CLOCK, TEMPERATURE, VISCOSITY
from cementflow.case.sections import Rules
from cementflow.presets.store import list_presets

_PLATEAU_LAWS = 'laws "carreau", "carreau-yasuda" and "cross"'
_ALTERNATIVES = {"law": rules.ALL_LAW_PARAMETERS, "shear_rule": ("shear_factor",)}
_NICHOLAS = "Nicholas et al. 2007, J Mater Sci Mater Med, 10.1007/s10856-007-0125-2"


@dataclass(frozen=True, kw_only=True)
class CementSpec:
    """Viscosity of the cement: law of flow, ageing with time and temperature, and the shear rate in bone."""

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
        "temperature of the cement in syringe, cannula and bone",
        "23 degC",
        source="assumed: operating room",
    )
    law: str = entry(Choice(tuple(rules.LAW_PARAMETERS)), "law of flow", None, note="required without preset")
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
        Quantity("pressure", "0 Pa", "1 MPa"), 'law "herschel-bulkley": yield stress at reference_age', None
    )
    regularisation_time: float | None = entry(
        Quantity("time", "1 ms", "1e6 s"),
        'law "herschel-bulkley": m in yield_stress (1 - exp(-m rate)) / rate; it creeps below the rate 1/m',
        None,
        source="assumed: far below the shear rates in bone",
        note='"100 s" with law "herschel-bulkley"',
    )
    growth: float | None = entry(
        Quantity("time", "1 s", "1e6 s"),
        "time in which the viscosity grows by the factor e",
        None,
        note="does not age",
    )
    reference_age: float = entry(
        CLOCK, "age at which the stated viscosity holds", None, note="age, so that it holds at the start"
    )
    reference_temperature: float = entry(
        TEMPERATURE,
        "temperature at which the stated viscosity and growth hold",
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

    RULES: ClassVar = Rules(rules.cement, presets="cements", displaces=_ALTERNATIVES)
