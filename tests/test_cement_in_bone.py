"""From the cement of a case to its law, and runs with every law to the end."""

from __future__ import annotations

import numpy as np
import pytest

from cementflow.case import Case, PhysicsSpec, preset
from cementflow.flow.course import Step
from cementflow.flow.problem import Problem
from cementflow.laws.in_situ import CHRISTOPHER_MIDDLEMAN, CapillaryBundle, EquivalentRate, MeanViscosity
from cementflow.laws.rheology import (
    CarreauYasuda,
    Cross,
    HerschelBulkley,
    Newtonian,
    PowerLaw,
    Rheology,
    Yielding,
)
from cementflow.materials import bulk_law, upscaling
from cementflow.mesh.geometry import build_geometry
from cementflow.model import build_model
from cementflow.simulate import simulate

PLATEAUX = {
    "cement.viscosity_zero": "300 Pa s",
    "cement.viscosity_infinity": "2 Pa s",
    "cement.relaxation_time": "3 s",
    "cement.yield_stress": "none",
}
PASTE = {
    "cement.law": "herschel-bulkley",
    "cement.K": "60 Pa s^n",
    "cement.n": 0.5,
    "cement.yield_stress": "300 Pa",
}
LAWS: list[tuple[dict[str, object], Rheology]] = [
    ({"cement.law": "newtonian", "cement.viscosity": "50 Pa s"}, Newtonian(50.0)),
    ({"cement.law": "power", "cement.K": "50 Pa s^n", "cement.n": 0.3}, PowerLaw(50.0, 0.3)),
    ({**PLATEAUX, "cement.law": "carreau", "cement.n": 0.3}, CarreauYasuda(300.0, 2.0, 3.0, 0.3)),
    (
        {**PLATEAUX, "cement.law": "carreau-yasuda", "cement.n": 0.3, "cement.a": 1.5},
        CarreauYasuda(300.0, 2.0, 3.0, 0.3, 1.5),
    ),
    ({**PLATEAUX, "cement.law": "cross", "cement.n": 0.3}, Cross(300.0, 2.0, 3.0, 0.3)),
    (PASTE, HerschelBulkley(60.0, 0.5, 300.0, 100.0)),
    (
        {**PASTE, "cement.regularisation_time": "20 s", "cement.shear_rate_min": "0.01 1/s"},
        HerschelBulkley(60.0, 0.5, 300.0, 20.0, 0.01),
    ),
]


def l3(changes: dict[str, object]) -> Case:
    return preset("l3-osteoporotic").replace(changes)


@pytest.mark.parametrize(("changes", "law"), LAWS, ids=[str(law) for _, law in LAWS])
def test_the_law_of_a_case(changes: dict[str, object], law: Rheology) -> None:
    assert bulk_law(l3(changes).cement, PhysicsSpec()) == law


CARREAU = {**PLATEAUX, "cement.law": "carreau", "cement.n": 0.3, "cement.yield_stress": "90 Pa"}
FLAT = Newtonian(float(CarreauYasuda(300.0, 2.0, 3.0, 0.3).viscosity(np.array(0.5))))
SWITCHES: list[tuple[dict[str, object], dict[str, object], Rheology]] = [
    (CARREAU, {}, Yielding(CarreauYasuda(300.0, 2.0, 3.0, 0.3), 90.0, 100.0, 1e-3, 1e4)),
    (CARREAU, {"yield_stress": False}, CarreauYasuda(300.0, 2.0, 3.0, 0.3)),
    (CARREAU, {"shear_thinning": False}, Yielding(FLAT, 90.0, 100.0, 1e-3, 1e4)),
    (CARREAU, {"shear_thinning": False, "yield_stress": False}, FLAT),
    (PASTE, {"yield_stress": False}, PowerLaw(60.0, 0.5)),
    (PASTE, {"shear_thinning": False, "yield_stress": False}, Newtonian(60.0 * 0.5**-0.5)),
    (LAWS[0][0], {"shear_thinning": False}, Newtonian(50.0)),
    ({**CARREAU, "cement.yield_stress": "0 Pa"}, {}, CarreauYasuda(300.0, 2.0, 3.0, 0.3)),
]


@pytest.mark.parametrize(("changes", "off", "law"), SWITCHES, ids=[str(off) for _, off, _ in SWITCHES])
def test_what_is_switched_off_is_left_out(
    changes: dict[str, object], off: dict[str, object], law: Rheology
) -> None:
    case = l3(changes | {f"physics.{k}": v for k, v in {"constant_rate": "0.5 1/s", **off}.items()})
    found = bulk_law(case.cement, case.physics)
    rates = np.logspace(-4.0, 4.0, 40)
    assert type(found) is type(law)
    np.testing.assert_allclose(found.viscosity(rates), law.viscosity(rates), rtol=1e-14)


def test_the_upscaling_of_a_case() -> None:
    rules = ("bundle", "christopher-middleman", "eberhard", "simple")
    found = [upscaling(l3({"cement.shear_rule": rule}).cement) for rule in rules]
    assert found == [
        CapillaryBundle(),
        CapillaryBundle(CHRISTOPHER_MIDDLEMAN),
        MeanViscosity(),
        EquivalentRate(),
    ]
    rock = l3({"cement.shear_rule": "eberhard", "cement.shear_factor": 6.0}).cement
    assert upscaling(rock) == MeanViscosity(6.0)


RULES = ("christopher-middleman", "eberhard", "simple")
TO_THE_END: dict[str, dict[str, object]] = {
    **{type(law).__name__ + f" {i}": changes for i, (changes, law) in enumerate(LAWS)},
    **{f"preset {name}": {"cement.preset": name} for name in ("low", "medium", "high")},
    **{
        f"{name} {rule}": {"cement.preset": name, "cement.shear_rule": rule}
        for name in ("medium", "high")
        for rule in RULES
    },
    "exponential": {"cement.ageing": "exponential"},
    "two-phase": {
        "cement.ageing": "two-phase",
        "cement.polymerisation_age": "4.5 min",
        "cement.polymerisation_growth": "60 s",
    },
    "gelling": {"cement.age": "12 min"},
    "heated": {"physics.heat": True, "cement.preset": "high"},
}


def steps_of(case: Case) -> tuple[list[Step], Problem]:
    model = build_model(case, build_geometry(case.geometry))
    return list(simulate(model.problem, model.plan, model.problem.make_solver())), model.problem


def median_solves(steps: list[Step]) -> float:
    """Pressure systems of a step; the very first flow, which starts from nothing, is not counted."""
    return float(np.median(np.diff([s.counters.pressure_solves for s in steps])))


@pytest.mark.parametrize("changes", TO_THE_END.values(), ids=TO_THE_END.keys())
def test_every_cement_runs_to_4_ml(changes: dict[str, object]) -> None:
    """Into an L3 with veins and openings: with the balance closed, few pressure systems a step and no step in vain."""
    steps, problem = steps_of(l3({**changes, "geometry.edge_length": "3.5 mm"}))
    last = steps[-1]
    assert last.finished == "volume injected"
    assert last.state.injected == pytest.approx(4e-6, rel=1e-7)
    for step in steps:
        assert step.state.balance_error(problem) < 1e-10
        assert np.isfinite(step.flow.pressure).all() and step.flow.converged
    assert median_solves(steps) <= 4
    assert last.counters.rejected <= 2


def test_a_tolerance_out_of_reach_takes_more_systems() -> None:
    """The count can tell: what has to be a thousand times as exact takes more than 4."""
    paste = {**PASTE, "geometry.edge_length": "3.5 mm", "injection.volume": "1 mL"}
    exact = {"numerics.picard_tolerance": 1e-5, "numerics.linear_tolerance": 1e-7}
    steps, _ = steps_of(l3(paste | exact))
    assert median_solves(steps) > 4
