"""How cement, marrow, bone and what is around them hold and pass on heat."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cementflow.case.fields import entry
from cementflow.case.kinds import Quantity
from cementflow.case.ranges import TEMPERATURE

_TEXTBOOK = "assumed: textbook value"


def _density(default: str | None, source: str, note: str = "") -> Any:
    return entry(
        Quantity("density", "100 kg/m3", "20000 kg/m3"), "mass by volume", default, source=source, note=note
    )


def _specific_heat(default: str, source: str) -> Any:
    kind = Quantity("specific heat", "100 J/(kg K)", "10000 J/(kg K)")
    return entry(kind, "heat that warms a kilogram by a kelvin", default, source=source)


def _conductivity(default: str, source: str) -> Any:
    kind = Quantity("thermal conductivity", "1e-3 W/(m K)", "1000 W/(m K)")
    return entry(kind, "how well it conducts heat", default, source=source)


@dataclass(frozen=True, kw_only=True)
class ThermalSpec:
    """What the three materials have in common: density [kg/m3], specific heat [J/(kg K)], conductivity [W/(m K)]."""

    density: float
    specific_heat: float
    conductivity: float


@dataclass(frozen=True, kw_only=True)
class CementThermal(ThermalSpec):
    """How the cement holds and conducts heat."""

    density: float = _density(
        None,
        "derived: rule of mixtures, PMMA 1180 kg/m3, BaSO4 4500 kg/m3, ZrO2 5680 kg/m3",
        "from radiopacifier: 1384 kg/m3 with a fifth of BaSO4",
    )
    specific_heat: float = _specific_heat("1700 J/(kg K)", f"{_TEXTBOOK}, range 1460 to 2000")
    conductivity: float = _conductivity("0.2 W/(m K)", f"{_TEXTBOOK}, range 0.17 to 0.21")


@dataclass(frozen=True, kw_only=True)
class MarrowThermal(ThermalSpec):
    """How the marrow holds and conducts heat."""

    density: float = _density("1000 kg/m3", f"{_TEXTBOOK}, between yellow (980) and red (1030)")
    specific_heat: float = _specific_heat(
        "2500 J/(kg K)", f"{_TEXTBOOK}, between yellow (2300) and red (2700)"
    )
    conductivity: float = _conductivity("0.25 W/(m K)", f"{_TEXTBOOK}, between yellow (0.20) and red (0.28)")


@dataclass(frozen=True, kw_only=True)
class BoneThermal(ThermalSpec):
    """How the solid of the bone, without its pores, holds and conducts heat."""

    density: float = _density("1900 kg/m3", f"{_TEXTBOOK} of cortical bone")
    specific_heat: float = _specific_heat("1300 J/(kg K)", f"{_TEXTBOOK} of cortical bone")
    conductivity: float = _conductivity("0.32 W/(m K)", f"{_TEXTBOOK} of cortical bone, range 0.3 to 0.58")


@dataclass(frozen=True, kw_only=True)
class SurroundingsSpec:
    """What is around the body and warms or cools it."""

    temperature: float = entry(
        TEMPERATURE,
        "temperature of blood and surroundings, and of the body before the injection",
        "37 degC",
        source="assumed: body temperature",
    )
    exchange: float = entry(
        Quantity("heat transfer coefficient", "0 W/(m2 K)", "1e5 W/(m2 K)"),
        "heat that passes the surface of the body, by area and kelvin",
        "50 W/(m2 K)",
        source="derived: lambda (1/a + 1/delta) of the steady Pennes field outside a ball of a = 20 mm, with assumed "
        "lambda = 0.5 W/(m K) and delta = 20 mm of perfused soft tissue",
    )
