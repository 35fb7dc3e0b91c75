"""The cases that are compared: changes to the preset `l3-osteoporotic`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from cementflow.case import Case, preset

PRESET = "l3-osteoporotic"
STUDY_EDGE, DEFAULT_EDGE = "1.4 mm", "1.2 mm"
AGES = (4, 8, 11, 12.5)  # min
VOLUMES = (6, 10)  # mL
SHEAR_RATE = {"medium": 2.1, "high": 2.2}  # 1/s
"""Rate at which cement whose thinning is switched off keeps its viscosity: the median over the cement, with all
mechanisms and half of the volume injected, which the study prints."""


@dataclass(frozen=True)
class Variant:
    """A case to run.

    Parameters
    ----------
    name
        What is different about it.
    changes
        To the preset.
    cure_a_step
        Change of the degree of cure that a step aims for; None for the default.
    """

    name: str
    changes: dict[str, Any] = field(default_factory=dict)
    cure_a_step: float | None = None

    @property
    def case(self) -> Case:
        """The case, resolved."""
        return preset(PRESET).replace({"output.figures": False, **self.changes})

    def but(self, name: str, changes: dict[str, Any], cure_a_step: float | None = None) -> Variant:
        """The same with further changes."""
        return Variant(name, self.changes | changes, cure_a_step)


def laws() -> list[Variant]:
    """Every law, every rule for the pores, every kind of ageing, with the default mesh."""
    base = Variant("", {"geometry.edge_length": DEFAULT_EDGE})
    return [
        *(base.but(name, changes) for name, changes in LAWS.items()),
        *(base.but(name, changes) for name, changes in PORES.items()),
        *(base.but(name, changes) for name, changes in AGEING.items()),
    ]


PLATEAUX = {
    "cement.viscosity_zero": "300 Pa s",
    "cement.viscosity_infinity": "2 Pa s",
    "cement.relaxation_time": "3 s",
    "cement.n": 0.3,
}
LAWS: dict[str, dict[str, Any]] = {
    "Newtonian, 50 Pa s": {"cement.law": "newtonian", "cement.viscosity": "50 Pa s"},
    "power law, n = 0.3": {"cement.law": "power", "cement.K": "50 Pa s^n", "cement.n": 0.3},
    "Carreau, n = 0.3": {**PLATEAUX, "cement.law": "carreau", "cement.yield_stress": "0 Pa"},
    "Carreau-Yasuda, n = 0.3, a = 1.5": {**PLATEAUX, "cement.law": "carreau-yasuda", "cement.a": 1.5},
    "Cross, n = 0.3": {**PLATEAUX, "cement.law": "cross"},
    "Herschel-Bulkley, n = 0.5, 300 Pa": {
        "cement.law": "herschel-bulkley",
        "cement.K": "60 Pa s^n",
        "cement.n": 0.5,
        "cement.yield_stress": "300 Pa",
    },
    "preset low": {"cement.preset": "low"},
    "preset medium": {"cement.preset": "medium"},
    "preset high": {"cement.preset": "high"},
}
PORES: dict[str, dict[str, Any]] = {
    f"high, {rule}": {"cement.preset": "high", "cement.shear_rule": rule}
    for rule in ("christopher-middleman", "eberhard", "simple")
}
AGEING: dict[str, dict[str, Any]] = {
    "medium, exponential": {"cement.ageing": "exponential"},
    "medium, two-phase": {
        "cement.ageing": "two-phase",
        "cement.polymerisation_age": "4.5 min",
        "cement.polymerisation_growth": "60 s",
    },
    "medium, castro-macosko, 11 min old": {"cement.age": "11 min"},
}


def mechanisms(cement: str) -> list[Variant]:
    """All mechanisms together, then each one off or changed."""
    everything = Variant(
        "all mechanisms",
        {"geometry.edge_length": STUDY_EDGE, "cement.preset": cement, "physics.heat": True},
    )
    return [
        everything,
        everything.but(
            "no thinning, viscosity of the usual rate",
            {"physics.shear_thinning": False, "physics.constant_rate": f"{SHEAR_RATE[cement]} 1/s"},
        ),
        everything.but(
            "no thinning, viscosity at rest",
            {"physics.shear_thinning": False, "physics.constant_rate": "0.001 1/s"},
        ),
        everything.but("no yield stress", {"physics.yield_stress": False}),
        everything.but("no ageing", {"physics.ageing": False}),
        everything.but("no heat", {"physics.heat": False}),
        everything.but("heat, but marrow of one viscosity", {"marrow.activation_energy": "0 J/mol"}),
        everything.but(
            "body at 22 degC, cold thick marrow",
            {"surroundings.temperature": "22 degC", "marrow.preset": "cold"},
        ),
        everything.but("marrow of 5 Pa s, warm", {"marrow.viscosity": "5 Pa s"}),
        everything.but("no limit to the pressure", {"injection.max_pressure": "none"}),
        everything.but("pressure held at 0.5 MPa", {"injection.max_pressure": "0.5 MPa"}),
    ]


def curing() -> list[Variant]:
    """Medium cement of several ages: as it is at the start, swelling only, and gelling as it cures."""
    found = []
    for age in AGES:
        base = Variant(
            "", {"geometry.edge_length": STUDY_EDGE, "cement.age": f"{age} min", "physics.heat": True}
        )
        found += [
            base.but(f"{age} min, as at the start", {"physics.ageing": False}),
            base.but(f"{age} min, swelling only", {"cement.ageing": "exponential"}),
            base.but(f"{age} min, gelling", {}),
        ]
    return [*found, base.but(f"{age} min, gelling, at 23 degC", {"physics.heat": False})]


STILL_WATER = "500 W/(m2 K)"
"""Assumed: free convection about a body of 4 cm, 5 K warmer than water of 37 degC, by Nu = 2 + 0.59 Ra^(1/4)."""


def bath(volume: int, edge: str = "1.6 mm") -> Variant:
    """Plain cement in a body without blood that lies in a bath, the needle in the middle."""
    return Variant(
        f"{volume} mL, {edge}",
        {
            "geometry.edge_length": edge,
            "cement.preset": "medium-plain",
            "injection.cannula.tip": {"ap": 0.5, "lr": 0.5, "si": 0.5},
            "injection.volume": f"{volume} mL",
            "physics.heat": True,
            "bone.perfusion": "0 1/s",
            "surroundings.exchange": STILL_WATER,
            "stop.until": "cool",
        },
    )


def hot() -> list[Variant]:
    """Both volumes on two meshes, the smaller one on a third, the larger one with shorter steps."""
    small, large = ([bath(volume, edge) for edge in ("1.6 mm", "1.2 mm")] for volume in VOLUMES)
    return [
        *small,
        bath(VOLUMES[0], "1 mm"),
        *large,
        bath(VOLUMES[-1]).but("10 mL, 1.6 mm, quarter of the step", {}, cure_a_step=0.015),
    ]


LIMITED: dict[str, Any] = {"cement.cure.limit_offset": 0.8, "cement.cure.limit_slope": "0 1/K"}
REAL_CURE = LIMITED | {"cement.cure.enthalpy": "150 kJ/kg"}


def _tip(depth: float) -> dict[str, Any]:
    return {"injection.cannula.tip": {"ap": depth, "lr": 0.5, "si": 0.5}}


def sensitivities() -> list[Variant]:
    """What the peaks of the smaller volume depend on."""
    base = bath(VOLUMES[0])
    return [
        base.but("as it is", {}),
        base.but("needle at ap = 0.75", _tip(0.75)),
        base.but("needle at ap = 0.3", _tip(0.3)),
        base.but("heat of 150 kJ/kg", {"cement.cure.enthalpy": "150 kJ/kg"}),
        base.but("80 % of the monomer at most", LIMITED),
        base.but("80 % at most, heat of 150 kJ/kg", REAL_CURE),
        base.but("both, needle at ap = 0.75", REAL_CURE | _tip(0.75)),
        base.but("sets in 9 min", {"cement.cure.setting_time": "9 min"}),
        base.but("sets in 17 min", {"cement.cure.setting_time": "17 min"}),
        base.but("cement of 15 degC", {"cement.temperature": "15 degC"}),
        base.but("perfused, 3 mL in 100 mL and min", {"bone.perfusion": "5e-4 1/s"}),
        base.but("exchange of 50 W/(m2 K)", {"surroundings.exchange": "50 W/(m2 K)"}),
        base.but("exchange of 2000 W/(m2 K)", {"surroundings.exchange": "2000 W/(m2 K)"}),
    ]
