"""What holds between the entries of a cement: its law of flow, how it ages, cures, and what is in it."""

from __future__ import annotations

import dataclasses
import math

from cementflow.case.checks import meaningless, needed, ordered
from cementflow.case.kinds import INVALID
from cementflow.case.sections import Section
from cementflow.units import GAS_CONSTANT

# Parameters of each viscosity law and what they are if not stated; those with None have to be stated.
_PLATEAUX: dict[str, float | None] = {
    "viscosity_zero": None,
    "viscosity_infinity": 0.0,
    "relaxation_time": None,
    "n": None,
}
LAW_PARAMETERS: dict[str, dict[str, float | None]] = {
    "newtonian": {"viscosity": None},
    "power": {"K": None, "n": None},
    "carreau": _PLATEAUX,
    "carreau-yasuda": {**_PLATEAUX, "a": None},
    "cross": _PLATEAUX,
    "herschel-bulkley": {"K": None, "n": None, "yield_stress": None},
}
# Any law may have a yield stress; only that of the last one must.
_YIELDING = ("yield_stress", "regularisation_time")
ALL_LAW_PARAMETERS = tuple(dict.fromkeys(p for law in LAW_PARAMETERS.values() for p in law)) + _YIELDING[1:]

# The same for the ways in which the viscosity grows; the entry `growth` belongs to all of them.
AGEING_PARAMETERS: dict[str, dict[str, float | None]] = {
    "exponential": {},
    "two-phase": {"polymerisation_age": None, "polymerisation_growth": None},
    "castro-macosko": {"gel_cure": 0.7, "gel_exponent": 1.5, "gel_slope": 1.0},
}
ALL_AGEING_PARAMETERS = tuple(p for way in AGEING_PARAMETERS.values() for p in way)

PMMA_DENSITY = 1180.0  # kg/m3
# Densities [kg/m3]. Iodine is that of a dissolved agent: what it adds to 1180 so that 300 mg of iodine in a mL weigh
# 1330 kg/m3, which is recalled.
RADIOPACIFIERS = {"BaSO4": 4500.0, "ZrO2": 5680.0, "iodine": 2360.0}


def cement(s: Section) -> None:
    """The law has its parameters and no others; the stated viscosity holds at some age."""
    needed(s, ("law",), "state it or name a preset")
    law = s.get("law")
    if law is not None:
        _yield_stress(s, law)
        _parameters(s, "law", LAW_PARAMETERS, tuple(p for p in ALL_LAW_PARAMETERS if p not in _YIELDING))
        if law == "cross" and (s.get("n") or 0.0) >= 1.0:
            s.problem("n", 'must be below 1 with law = "cross", whose thinning has the power 1 - n')
    if s.get("ageing") is not None:
        _parameters(s, "ageing", AGEING_PARAMETERS, ALL_AGEING_PARAMETERS)
    if s.lacks("reference_age"):
        s.values["reference_age"] = _first_age(s)
    ordered(s, "viscosity_infinity", "viscosity_zero")
    for name in ("viscosity", "viscosity_zero"):
        ordered(s, name, "maximum_viscosity")
    ordered(s, "shear_rate_min", "shear_rate_max")
    if s.lacks("shear_factor"):
        packed_bed = s.get("shear_rule") == "christopher-middleman"
        s.values["shear_factor"] = (12.0 / 150.0**0.5) if packed_bed else 2.0**0.5
    _density(s)


def cure(s: Section) -> None:
    """The degree of cure at mixing is stated, or follows from a setting time; there is always some cure to come."""
    by_time = [name for name in ("setting_time", "setting_temperature") if name in s.explicit]
    if "initial" in s.explicit or ("initial" in s.stated and not by_time):
        meaningless(s, ("setting_time", "setting_temperature"), "and initial exclude each other; state one")
    else:
        s.values["initial"] = None
        if s.lacks("setting_time"):
            s.values["setting_time"] = 13.0 * 60.0
        if s.lacks("setting_temperature"):
            s.values["setting_temperature"] = 298.15
    offset, slope = s.get("limit_offset"), s.get("limit_slope")
    if offset is not None and slope is not None and offset + slope * 273.15 <= 0.0:
        s.problem("limit_offset", "and limit_slope leave nothing to cure at 0 degC")


def _parameters(
    s: Section, choice: str, parameters: dict[str, dict[str, float | None]], every: tuple[str, ...]
) -> None:
    """Entries that belong to one of several choices: the chosen one has its own, and none of the others."""
    chosen = s.values[choice]
    wanted = parameters[chosen]
    takes = f", which takes {', '.join(wanted)}" if wanted else ""
    for name in every:
        if name not in wanted:
            meaningless(s, (name,), f'has no meaning with {choice} = "{chosen}"{takes}')
        elif s.lacks(name):
            s.values[name] = wanted[name]
            if wanted[name] is None:
                s.problem(name, f'is missing: {choice} = "{chosen}" needs it')


def _yield_stress(s: Section, law: str) -> None:
    if "law" in s.explicit and s.filled.get("law") != law and "yield_stress" not in s.explicit:
        # The yield stress of a preset belongs to the law of the preset.
        s.values["yield_stress"] = None
    if s.lacks("yield_stress"):
        meaningless(s, ("regularisation_time",), "has no meaning without yield_stress")
        if law == "herschel-bulkley":
            s.problem("yield_stress", f'is missing: law = "{law}" needs it')
    elif s.lacks("regularisation_time"):
        s.values["regularisation_time"] = 100.0


def _first_age(s: Section) -> object:
    """Equivalent age at the start of the injection."""
    age, energy = s.get("age"), s.get("activation_energy")
    warm, reference = s.get("temperature"), s.get("reference_temperature")
    if age is None or energy is None or warm is None or reference is None:
        return INVALID
    return age * math.exp(energy / GAS_CONSTANT * (1.0 / reference - 1.0 / warm))


def _density(s: Section) -> None:
    """That of the mixture, where none is stated."""
    thermal, added = s.get("thermal"), s.get("radiopacifier")
    if thermal and added and thermal.density is None:
        volume = added.share / RADIOPACIFIERS[added.material] + (1.0 - added.share) / PMMA_DENSITY
        s.values["thermal"] = dataclasses.replace(thermal, density=1.0 / volume)
