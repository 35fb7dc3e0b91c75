"""How the cement cures, and what makes it visible to X-rays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from cementflow.case import cement_rules
from cementflow.case.fields import entry
from cementflow.case.kinds import Choice, Number, Quantity
from cementflow.case.ranges import TEMPERATURE
from cementflow.case.sections import Rules

_RECALLED = "assumed: set for PMMA used by Stanczyk and van Rietbergen 2004, recalled and not read again"
_NICHOLAS = "Nicholas et al. 2007, 10.1007/s10856-007-0125-2, two of three cements measured"


@dataclass(frozen=True, kw_only=True)
class CureSpec:
    """Kinetics of the polymerisation.

    The degree of cure c grows at the rate frequency exp(-activation_energy / (R T)) c^cure_order (limit -
    c)^rest_order with limit = limit_offset + limit_slope T, at most 1.
    """

    frequency: float = entry(
        Quantity("rate", "1e-6 1/s", "1e30 1/s"), "factor of the rate", "9897 1/s", source=_RECALLED
    )
    activation_energy: float = entry(
        Quantity("molar energy", "0 kJ/mol", "200 kJ/mol"),
        "how the rate rises with temperature (Arrhenius)",
        "31.9 kJ/mol",
        source=_RECALLED,
    )
    cure_order: float = entry(
        Number(0.0, 5.0), "power of the degree of cure in the rate", 0.98, source=_RECALLED
    )
    rest_order: float = entry(
        Number(0.1, 5.0), "power of what is left to cure in the rate", 1.06, source=_RECALLED
    )
    limit_offset: float = entry(
        Number(-10.0, 1.0), "degree of cure that is never passed: constant part", -0.37, source=_RECALLED
    )
    limit_slope: float = entry(
        Quantity("change per kelvin", "0 1/K", "0.1 1/K"),
        "degree of cure that is never passed: rise with the absolute temperature",
        "0.0039 1/K",
        source=_RECALLED,
    )
    initial: float | None = entry(
        Number(1e-15, 0.1),
        "degree of cure when mixed, which sets how long the cement waits",
        None,
        note="so that the cement cures fastest at setting_time",
    )
    setting_time: float | None = entry(
        Quantity("time", "10 s", "24 h"),
        "time since mixing at which cement kept at setting_temperature cures fastest",
        None,
        source=_NICHOLAS,
        note='"13 min", unless initial is stated',
    )
    setting_temperature: float | None = entry(
        TEMPERATURE,
        "temperature at which setting_time was measured",
        None,
        source=_NICHOLAS,
        note='"25 degC", unless initial is stated',
    )
    set_at: float = entry(
        Number(0.01, 1.0),
        "degree of cure from which the cement counts as set",
        0.7,
        source="assumed: 75 to 85 % of the monomer has converted at setting (Warner and Gilbert 2004)",
    )
    enthalpy: float = entry(
        Quantity("specific energy", "0 kJ/kg", "1000 kJ/kg"),
        "heat that a kilogram of cement gives off when all its monomer polymerises: 577 kJ/kg times the share of the "
        "monomer in the mass",
        "193 kJ/kg",
        source="derived: assumed 57.8 kJ/mol of methyl methacrylate, a third of the mass (powder to liquid 2 : 1)",
    )

    RULES: ClassVar = Rules(
        cement_rules.cure,
        displaces={
            "initial": ("setting_time", "setting_temperature"),
            "setting_time": ("initial",),
            "setting_temperature": ("initial",),
        },
    )


@dataclass(frozen=True, kw_only=True)
class RadiopacifierSpec:
    """What makes the cement visible to X-rays."""

    material: str = entry(
        Choice(tuple(cement_rules.RADIOPACIFIERS)),
        "barium sulphate, zirconia, or the iodine of a contrast agent",
        "BaSO4",
    )
    share: float = entry(
        Number(0.0, 0.6),
        "its share of the mass of the cement; 0 for plain cement",
        0.2,
        source="assumed: 30 % of the powder at powder to liquid 2 : 1",
    )
