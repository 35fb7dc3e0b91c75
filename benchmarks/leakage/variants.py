"""The cases that are compared: changes to the preset `l3-veins`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from cementflow.case import Case, preset

PRESET = "l3-veins"
EDGE = "2.5 mm"
VISCOSITIES = (5, 30, 100, 350, 500)  # Pa s at rest when the injection begins
LOW, HIGH = 30, 350  # Pa s, those of the presets low and high when they are mixed for use
SEEDS = tuple(range(1, 11))

YIELD_TIME = 0.2  # s; yield stress over viscosity, as in the preset medium, 20 Pa at 100 Pa s: assumed
SHARE_AT_SPEED = 0.02  # of the viscosity at very high shear rate, as in the preset medium: assumed
LIMIT = "1.7 MPa"  # mean of the largest syringe pressures of Krebs et al. 2005, 1.69 to 1.73 MPa
THICK = "5 Pa s"  # tumour, or marrow at room temperature: presets tumour and cold
LATE_AGE = "12 min"  # shortly before the cement sets, end of the working window of the preset medium
SPREAD = 1.0  # of the logarithm of the permeability: assumed, uneven bone at its worst


@dataclass(frozen=True)
class Variant:
    """A case to run.

    Parameters
    ----------
    name
        What is different about it.
    changes
        To the preset.
    base
        The preset.
    """

    name: str
    changes: dict[str, Any] = field(default_factory=dict)
    base: str = PRESET

    @property
    def case(self) -> Case:
        """The case, resolved."""
        quiet = {"output.figures": False, "output.fields": False, "output.field_times": []}
        return preset(self.base).replace({"geometry.edge_length": EDGE, **quiet, **self.changes})


def cement(viscosity: float) -> dict[str, Any]:
    """Cement of the medium kind with another viscosity, all else in proportion."""
    return {
        "cement.viscosity_zero": f"{viscosity} Pa s",
        "cement.viscosity_infinity": f"{SHARE_AT_SPEED * viscosity} Pa s",
        "cement.yield_stress": f"{YIELD_TIME * viscosity} Pa",
        "cement.reference_age": "4 min",
    }


def _collecting_veins() -> tuple[str, ...]:
    veins = preset(PRESET).veins
    assert veins is not None
    return tuple(v.name for v in veins.vein if v.blood_flow > 0.0)


ON: dict[str, dict[str, Any]] = {
    "pressure of the syringe limited": {"injection.max_pressure": LIMIT},
    "curing during the injection": {"physics.ageing": True},
    "shear thinning": {"physics.shear_thinning": True},
    "yield stress": {"physics.yield_stress": True},
    "uneven bone": {"bone.heterogeneity": {"spread": SPREAD}},
    "blood that flows in the veins": {},
    "marrow of 5 Pa s, tumour or cold": {"marrow.preset": "none", "marrow.viscosity": THICK},
    "stop when a leak is seen": {"stop.seen": True},
}
"""Each mechanism as changes to the flat answer, where `OFF` holds."""

OFF: dict[str, dict[str, Any]] = {
    "pressure of the syringe limited": {"injection.max_pressure": "none"},
    "curing during the injection": {"physics.ageing": False},
    "shear thinning": {"physics.shear_thinning": False, "physics.constant_rate": "0.001 1/s"},
    "yield stress": {"physics.yield_stress": False},
    "uneven bone": {},
    "blood that flows in the veins": {
        f"veins.vein.{name}.blood_flow": "0 mL/min" for name in _collecting_veins()
    },
    "marrow of 5 Pa s, tumour or cold": {},
    "stop when a leak is seen": {},
}


def _with(*mechanisms: str) -> dict[str, Any]:
    """Changes with these mechanisms on and all others off."""
    changes: dict[str, Any] = {}
    for name in ON:
        changes |= ON[name] if name in mechanisms else OFF[name]
    return changes


def _series(name: str, changes: dict[str, Any]) -> list[Variant]:
    return [Variant(f"{name}, {v} Pa s", changes | cement(v)) for v in VISCOSITIES]


LATE = f"curing at {LATE_AGE} in warm bone, pressure limited"
OLD_WITH = ("pressure of the syringe limited", "curing during the injection")
OLD = {"cement.age": LATE_AGE, "cement.reference_age": LATE_AGE, "physics.heat": True}
FLAT, ALL = "flat: Newtonian cement, even bone, thin marrow", "all of them"


def alone() -> dict[str, list[Variant]]:
    """The flat answer, then each mechanism added to it; by name, a variant for each viscosity."""
    thick, uneven = "marrow of 5 Pa s, tumour or cold", "uneven bone"
    rows = {
        FLAT: _with(),
        **{name: _with(name) for name in ON},
        f"{uneven} and {thick}": _with(uneven, thick),
    }
    for pressure, who in (("2 kPa", "congested"), ("12 kPa", "straining")):
        rows[f"flat, veins at {pressure} ({who}), tissue at 1 kPa"] = _with() | {"veins.pressure": pressure}
    return {
        **{name: _series(name, changes) for name, changes in rows.items()},
        LATE: [Variant(v.name, v.changes | OLD) for v in _series(LATE, _with(*OLD_WITH))],
    }


def all_but_one() -> dict[str, list[Variant]]:
    """All mechanisms, then each one taken out."""
    rows = {ALL: _with(*ON), **{f"without: {out}": _with(*(n for n in ON if n != out)) for out in ON}}
    return {name: _series(name, changes) for name, changes in rows.items()}


COHORTS = {
    "thin marrow": {},
    "marrow of 5 Pa s": {"marrow.preset": "none", "marrow.viscosity": THICK},
}


def cohort() -> dict[str, list[Variant]]:
    """Bones of one kind that are uneven in other places, with the presets low and high."""
    return {
        f"{kind} viscosity, {marrow}": [
            Variant(
                f"{kind} viscosity, {marrow}, bone {seed}",
                {
                    "cement.preset": kind,
                    "injection.max_pressure": LIMIT,
                    "bone.heterogeneity": {"spread": SPREAD, "seed": seed},
                    **changes,
                },
            )
            for seed in SEEDS
        ]
        for marrow, changes in COHORTS.items()
        for kind in ("low", "high")
    }
