"""How the viscosity grows: identities and limits of the laws, hand values, and the law of a case."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cementflow.case import preset
from cementflow.laws.growth import LARGEST, CastroMacosko, Constant, Exponential, Growth, TwoPhase
from cementflow.materials import growth_law

AGES = np.linspace(0.0, 2400.0, 241)
CURES = np.linspace(0.0, 1.0, 101)

times = st.floats(10.0, 1e4)
ages = st.floats(0.0, 1e3)
exponential = st.builds(Exponential, times, ages)
two_phase = st.builds(TwoPhase, times, ages, ages, times)
gelling = st.builds(CastroMacosko, times, ages, st.floats(0.1, 1.0), st.floats(0.0, 5.0), st.floats(0.0, 5.0))
laws = st.one_of(exponential, two_phase, gelling)


def at(law: Growth, age: float, cure: float = 0.0) -> float:
    return float(law.logarithm(np.array(age), np.array(cure)))


@given(laws, st.floats(0.0, 1.0))
def test_it_starts_at_the_reference_and_never_falls(law: Growth, cure: float) -> None:
    assert at(law, law.reference_age) == pytest.approx(0.0, abs=1e-12)  # type: ignore[attr-defined]
    over_age = law.logarithm(AGES, np.array(cure))
    assert over_age.shape == AGES.shape
    assert (np.diff(over_age) >= 0.0).all()
    assert (np.abs(over_age) <= LARGEST).all()


@given(laws)
def test_age_and_cure_are_broadcast(law: Growth) -> None:
    both = law.logarithm(AGES[:, None], CURES)
    assert both.shape == (len(AGES), len(CURES))
    assert (np.diff(both, axis=1) >= 0.0).all()
    assert both[7, 9] == at(law, float(AGES[7]), float(CURES[9]))
    assert law.logarithm(np.array(300.0), CURES).shape == CURES.shape


def test_constant_is_constant() -> None:
    assert (Constant(1.5).logarithm(AGES[:, None], CURES) == np.full((241, 101), 1.5)).all()


def test_exponential_grows_by_e_in_its_time() -> None:
    law = Exponential(333.0, 180.0)
    assert at(law, 513.0) == pytest.approx(1.0, rel=1e-14)
    assert at(law, 180.0 - 666.0) == pytest.approx(-2.0, rel=1e-14)
    assert at(law, 1e9) == LARGEST
    assert at(Exponential(np.inf, 180.0), 1e9) == 0.0


@given(times, ages, ages)
def test_equal_phases_are_one(time: float, reference: float, second: float) -> None:
    two, one = TwoPhase(time, reference, second, time), Exponential(time, reference)
    np.testing.assert_allclose(two.logarithm(AGES, np.zeros(1)), one.logarithm(AGES, np.zeros(1)), atol=1e-12)


@given(two_phase)
def test_the_second_phase_begins_without_a_jump(law: TwoPhase) -> None:
    before, after = at(law, law.second_age - 1e-6), at(law, law.second_age + 1e-6)
    assert after - before == pytest.approx(0.0, abs=3e-7)
    later = at(law, law.second_age + law.second_time) - at(law, law.second_age)
    assert later == pytest.approx(1.0, rel=1e-9)


def test_two_phases_by_hand() -> None:
    law = TwoPhase(300.0, 180.0, 600.0, 60.0)
    assert at(law, 480.0) == pytest.approx(1.0)
    assert at(law, 720.0) == pytest.approx(1.4 + 2.0)
    # A reference in the second phase: there, and a phase earlier.
    late = TwoPhase(300.0, 660.0, 600.0, 60.0)
    assert [at(late, 660.0), at(late, 600.0), at(late, 300.0)] == pytest.approx([0.0, -1.0, -2.0])


@given(gelling)
def test_without_cure_nothing_gels(law: CastroMacosko) -> None:
    swelling = Exponential(law.time, law.reference_age)
    assert (law.logarithm(AGES, np.zeros(1)) == swelling.logarithm(AGES, np.zeros(1))).all()


@given(gelling)
def test_a_gel_does_not_flow(law: CastroMacosko) -> None:
    at_gel = law.logarithm(np.array(law.reference_age), np.array([law.gel, 1.1 * law.gel, 2.0]))
    assert (at_gel == LARGEST).all()
    assert at(law, law.reference_age, law.gel * (1.0 - 1e-9)) < LARGEST


def test_gelling_by_hand() -> None:
    """At half the gel the factor is 2^(A + B cure)."""
    law = CastroMacosko(333.0, 180.0, 0.7, 1.5, 1.0)
    assert at(law, 180.0, 0.35) == pytest.approx((1.5 + 0.35) * np.log(2.0), rel=1e-14)
    assert at(law, 513.0, 0.35) == pytest.approx(1.0 + 1.85 * np.log(2.0), rel=1e-14)


@pytest.mark.parametrize(
    ("changes", "law"),
    [
        ({"cement.ageing": "exponential"}, Exponential(333.0, 180.0)),
        ({"cement.ageing": "exponential", "cement.growth": "none"}, Exponential(np.inf, 180.0)),
        (
            {
                "cement.ageing": "two-phase",
                "cement.polymerisation_age": "9 min",
                "cement.polymerisation_growth": "40 s",
            },
            TwoPhase(333.0, 180.0, 540.0, 40.0),
        ),
        (
            {"cement.ageing": "castro-macosko", "cement.gel_slope": 2},
            CastroMacosko(333.0, 180.0, 0.7, 1.5, 2.0),
        ),
    ],
)
def test_the_growth_of_a_case(changes: dict[str, object], law: Growth) -> None:
    assert growth_law(preset("l3-osteoporotic").replace(changes).cement) == law
