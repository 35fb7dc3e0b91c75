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
    law: str = entry(
        Choice(("newtonian", "power", "carreau")), "law of flow", None, note="required without preset"
    )
    viscosity: float | None = entry(VISCOSITY, 'law "newtonian": viscosity at reference_age', None)
    K: float | None = entry(
        Quantity("consistency", "1e-5 Pa s^n", "1e7 Pa s^n"),
        'law "power": consistency at reference_age',
        None,
    )
    n: float | None = entry(Number(0.1, 2.0), 'laws "power" and "carreau": power-law index', None)
    viscosity_zero: float | None = entry(VISCOSITY, 'law "carreau": viscosity at rest at reference_age', None)
    viscosity_infinity: float | None = entry(
        Quantity("viscosity", "0 Pa s", "1e7 Pa s"),
        'law "carreau": viscosity at very high shear rate',
        None,
        note='"0 Pa s" with law "carreau"',
    )
    relaxation_time: float | None = entry(
        Quantity("time", "1 us", "1e4 s"),
        'law "carreau": one over the shear rate where thinning sets in',
        None,
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
    shear_factor: float = entry(
        Number(0.01, 100),
        "C in the shear rate in bone, C u / sqrt(k phi)",
        2**0.5,
        source="derived: bundle of straight capillaries; in bone assumed, range about 1 to 6",
    )
    shear_rule: str = entry(
        Choice(("bundle", "simple")),
        '"bundle" multiplies C by ((3n+1)/(4n))^(n/(n-1)), "simple" does not',
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

    RULES: ClassVar = Rules(rules.cement, presets="cements", displaces={"law": rules.ALL_LAW_PARAMETERS})
