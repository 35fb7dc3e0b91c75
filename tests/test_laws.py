"""Constitutive laws: signs, monotony, limits, and the identities that tie them together."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit
from scipy.integrate import quad

from cementflow.laws import formulas
from cementflow.laws.ageing import AgeingCement, arrhenius_speed
from cementflow.laws.growth import Constant, Exponential
from cementflow.laws.in_situ import (
    CapillaryBundle,
    EquivalentRate,
    bundle_viscosity,
    christopher_middleman_viscosity,
)
from cementflow.laws.pipe import pipe_flow, pipe_gradient, power_law_pipe_gradient
from cementflow.laws.relative_permeability import Corey
from cementflow.laws.rheology import (
    CarreauYasuda,
    Cross,
    HerschelBulkley,
    Newtonian,
    PowerLaw,
    Rheology,
    Yielding,
    rate_of_stress,
)
from cementflow.verify import herschel_bulkley_pipe_flow, simple_shear_consistency

RATES = np.logspace(-6, 7, 200)

indices = st.floats(0.25, 1.0)
viscosities = st.floats(1e-2, 1e5)
newtonian = st.builds(Newtonian, viscosities)
power = st.builds(PowerLaw, viscosities, indices)
plateaux = (viscosities, st.floats(1e-4, 1.0), st.floats(1e-3, 1e2))
carreau = st.builds(
    lambda mu, share, time, n, a: CarreauYasuda(mu, share * mu, time, n, a),
    *plateaux,
    indices,
    st.sampled_from([0.5, 1.0, 2.0, 5.0]),
)
cross = st.builds(lambda mu, share, time, n: Cross(mu, share * mu, time, n), *plateaux, st.floats(0.1, 0.9))
paste = st.builds(
    lambda K, n, share, m: HerschelBulkley(K, n, share * K, m),
    viscosities,
    indices,
    st.floats(0.0, 20.0),
    st.floats(1.0, 1e3),
)
yielding = st.builds(
    lambda base, share, m: Yielding(base, share * float(base.viscosity(np.array(1.0))), m),
    st.one_of(newtonian, power, carreau, cross),
    st.floats(0.0, 20.0),
    st.floats(1.0, 1e3),
)
laws = st.one_of(newtonian, power, carreau, cross, paste, yielding)


@given(laws)
def test_viscosity_is_positive_finite_and_never_thickens(law: Rheology) -> None:
    mu = law.viscosity(RATES)
    assert mu.shape == RATES.shape
    assert np.isfinite(mu).all() and (mu > 0).all()
    assert (np.diff(mu) <= 1e-12 * mu[1:]).all()


@given(laws)
def test_stress_grows_with_shear_rate(law: Rheology) -> None:
    stress = law.stress(RATES)
    assert (stress == law.viscosity(RATES) * RATES).all()
    assert (np.diff(stress) > 0).all()


@given(laws)
def test_a_stress_belongs_to_one_rate(law: Rheology) -> None:
    """The inverse of the inverse is the law, and the inverse grows as the law does."""
    found = rate_of_stress(law, law.stress(RATES))
    np.testing.assert_allclose(law.stress(found), law.stress(RATES), rtol=1e-12)
    # Where a yield stress makes the curve flat, digits of the rate are lost, and no more than that.
    np.testing.assert_allclose(found, RATES, rtol=1e-9)
    stresses = np.logspace(-6.0, 9.0, 60).reshape(3, 20)
    rates = rate_of_stress(law, stresses)
    assert rates.shape == stresses.shape
    np.testing.assert_allclose(law.stress(rates), stresses, rtol=1e-12)
    assert (np.diff(rates.ravel()) > 0.0).all()
    assert rate_of_stress(law, np.zeros(2)).tolist() == [0.0, 0.0]


def test_rates_of_known_stresses() -> None:
    np.testing.assert_allclose(rate_of_stress(Newtonian(50.0), np.array([0.0, 5.0, 1e4])), [0.0, 0.1, 200.0])
    rate = rate_of_stress(PowerLaw(100.0, 0.5), np.array(200.0))
    assert rate.shape == () and rate == pytest.approx(4.0)
    bingham = Yielding(Newtonian(10.0), 80.0, 1e4, 1e-9)
    np.testing.assert_allclose(rate_of_stress(bingham, np.array([100.0, 280.0])), [2.0, 20.0], rtol=1e-12)
    # Below the yield stress it creeps: 1 - exp(-m rate) = 1/2.
    np.testing.assert_allclose(rate_of_stress(bingham, np.array([40.0])), np.log(2.0) / 1e4, rtol=1e-2)


@given(viscosities, st.floats(1e-4, 1.0), st.floats(1e-3, 1e2))
def test_index_one_is_newtonian(mu: float, share: float, time: float) -> None:
    np.testing.assert_allclose(PowerLaw(mu, 1.0).viscosity(RATES), Newtonian(mu).viscosity(RATES), rtol=1e-12)
    np.testing.assert_allclose(CarreauYasuda(mu, share * mu, time, 1.0).viscosity(RATES), mu, rtol=1e-12)


def test_carreau_has_both_plateaux_and_the_power_law_between() -> None:
    law = CarreauYasuda(300.0, 1e-3, 2.0, 0.5)
    assert law.viscosity(np.array([0.0]))[0] == 300.0
    np.testing.assert_allclose(law.viscosity(np.array([1e-6, 1e30])), [300.0, 1e-3], rtol=1e-8)
    np.testing.assert_allclose(law.viscosity(np.array([1e4])), 300.0 * (2e4) ** -0.5 + 1e-3, rtol=1e-4)


def test_power_law_is_held_outside_its_range() -> None:
    law = PowerLaw(100.0, 0.6, 1e-2, 1e3)
    inside = law.viscosity(np.array([1e-2, 1e3]))
    assert (law.viscosity(np.array([0.0, 1e9])) == inside).all()
    np.testing.assert_allclose(inside, [100.0 * 1e-2**-0.4, 100.0 * 1e3**-0.4], rtol=1e-14)


@given(laws)
def test_slope_is_the_derivative_of_the_logarithms(law: Rheology) -> None:
    """Against central differences, away from the kinks of laws that are held outside a range."""
    rates = np.logspace(-5, 6, 113)
    for bound in ("rate_min", "rate_max"):
        if hasattr(law, bound):
            rates = rates[np.abs(np.log(rates / getattr(law, bound))) > 0.01]
    h = 1e-4
    up, down = law.viscosity(rates * np.exp(h)), law.viscosity(rates * np.exp(-h))
    np.testing.assert_allclose(law.slope(rates), (np.log(up) - np.log(down)) / (2.0 * h), atol=1e-6)
    assert (law.slope(RATES) > -1.0).all()


@given(st.one_of(carreau, cross, paste))
def test_viscosity_at_rest_is_finite_and_the_largest(law: Rheology) -> None:
    at_rest = law.viscosity(np.zeros(1))[0]
    assert np.isfinite(at_rest)
    assert at_rest >= law.viscosity(np.array([1e-5]))[0] > 0.0
    assert law.slope(np.zeros(1))[0] == 0.0


def test_carreau_yasuda_at_two_is_carreau() -> None:
    law = CarreauYasuda(300.0, 5.0, 1.5, 0.4)
    carreau_1972 = 5.0 + 295.0 * (1.0 + (1.5 * RATES) ** 2) ** -0.3
    assert (law.viscosity(RATES) == carreau_1972).all()
    assert not np.allclose(CarreauYasuda(300.0, 5.0, 1.5, 0.4, 1.0).viscosity(RATES), carreau_1972, rtol=0.1)


@given(*plateaux, indices)
def test_sharpness_moves_the_bend_and_not_the_branches(
    mu: float, share: float, time: float, n: float
) -> None:
    soft, sharp = (CarreauYasuda(mu, share * mu, time, n, a) for a in (1.0, 10.0))
    far = np.array([1e-7, 1e7]) / time
    np.testing.assert_allclose(soft.viscosity(far), sharp.viscosity(far), rtol=1e-5)
    assert soft.viscosity(np.array([1.0 / time]))[0] <= sharp.viscosity(np.array([1.0 / time]))[0]


def test_cross_has_both_plateaux_and_is_half_way_at_one_over_its_time() -> None:
    law = Cross(300.0, 2.0, 5.0, 1.0 / 3.0)
    np.testing.assert_allclose(law.viscosity(np.array([0.0, 0.2, 1e30])), [300.0, 151.0, 2.0], rtol=1e-12)
    power_law = PowerLaw(298.0 * 5.0 ** (-2.0 / 3.0), 1.0 / 3.0)
    fast = np.array([1e3])
    np.testing.assert_allclose(law.viscosity(fast) - 2.0, power_law.viscosity(fast), rtol=5e-3)


@given(viscosities, indices, st.floats(1.0, 1e3))
def test_without_yield_stress_a_paste_is_a_power_law(K: float, n: float, m: float) -> None:
    assert (HerschelBulkley(K, n, 0.0, m).viscosity(RATES) == PowerLaw(K, n).viscosity(RATES)).all()
    assert HerschelBulkley(K, n, 0.0, m).slope(RATES) == pytest.approx(PowerLaw(K, n).slope(RATES))


def test_a_paste_yields_at_its_stress() -> None:
    """Far above 1/m the stress is tau_y + K rate^n; far below, the creep is Newtonian."""
    law = HerschelBulkley(50.0, 0.6, 80.0, 1e3, 1e-12)
    rates = np.array([0.1, 1.0, 10.0])
    np.testing.assert_allclose(law.viscosity(rates) * rates, 80.0 + 50.0 * rates**0.6, rtol=1e-12)
    bingham = HerschelBulkley(5.0, 1.0, 80.0, 1e3)
    assert bingham.viscosity(np.zeros(1))[0] == pytest.approx(80e3 * (1.0 - np.exp(-1.0)) + 5.0)
    assert HerschelBulkley(5.0, 1.0, 80.0, 1e3, 0.0).viscosity(np.zeros(1))[0] == pytest.approx(80e3 + 5.0)


@given(viscosities, indices, st.floats(0.0, 1e3), st.floats(1.0, 1e3))
def test_a_power_law_that_yields_is_herschel_and_bulkleys(
    K: float, n: float, stress: float, m: float
) -> None:
    bounds = (1e-3, 1e4)
    named, made = (
        HerschelBulkley(K, n, stress, m, *bounds),
        Yielding(PowerLaw(K, n, *bounds), stress, m, *bounds),
    )
    assert (named.viscosity(RATES) == made.viscosity(RATES)).all()
    assert (named.slope(RATES) == made.slope(RATES)).all()


@given(st.one_of(newtonian, power, carreau, cross), st.floats(1.0, 1e4), st.floats(1.0, 1e3))
def test_a_yield_stress_adds_to_any_law(base: Rheology, stress: float, m: float) -> None:
    """Far above 1/m the yield stress adds to that of the base; at rest m tau_y adds to its viscosity."""
    law = Yielding(base, stress, m, 0.0, np.inf)
    fast = np.array([50.0, 1e3]) / m
    np.testing.assert_allclose(law.stress(fast), base.stress(fast) + stress, rtol=1e-12)
    rest = np.zeros(1)
    np.testing.assert_allclose(law.viscosity(rest), base.viscosity(rest) + m * stress, rtol=1e-12)
    assert (Yielding(base, 0.0, m).viscosity(RATES) == base.viscosity(RATES)).all()


def test_a_yield_stress_is_held_outside_the_range_of_rates() -> None:
    law = Yielding(Newtonian(1.0), 80.0, 1e3, 1e-2, 1e2)
    outside, bounds = law.viscosity(np.array([0.0, 1e9])), law.viscosity(np.array([1e-2, 1e2]))
    assert (outside == bounds).all()
    assert (law.slope(np.array([1e-3, 1e3])) == 0.0).all()


def test_only_flat_laws_are_newtonian() -> None:
    flat: list[Rheology] = [
        Newtonian(1.0),
        PowerLaw(1.0, 1.0),
        CarreauYasuda(9.0, 1.0, 1.0, 1.0),
        CarreauYasuda(9.0, 9.0, 1.0, 0.5),
        Cross(9.0, 9.0, 1.0, 0.5),
        HerschelBulkley(1.0, 1.0, 0.0),
        Yielding(Newtonian(1.0), 0.0),
    ]
    for law in flat:
        assert law.newtonian
        assert np.ptp(law.viscosity(RATES)) == 0.0
    thinning: list[Rheology] = [
        PowerLaw(1.0, 0.9),
        CarreauYasuda(9.0, 1.0, 1.0, 0.5),
        Cross(9.0, 1.0, 1.0, 0.5),
        HerschelBulkley(1.0, 1.0, 1.0),
        HerschelBulkley(1.0, 0.9, 0.0),
        Yielding(Newtonian(1.0), 1.0),
        Yielding(PowerLaw(1.0, 0.9), 0.0),
    ]
    assert not any(law.newtonian for law in thinning)


# --- ageing ---


def test_ageing_grows_from_the_reference_age_and_stops_at_the_cap() -> None:
    cement = AgeingCement(Newtonian(100.0), growth=Exponential(60.0, 240.0), maximum=75e3)
    one = np.ones(1)
    assert cement.viscosity(one, cement.factor(240.0))[0] == 100.0
    np.testing.assert_allclose(cement.viscosity(one, cement.factor(300.0)), 100.0 * np.e, rtol=1e-14)
    np.testing.assert_allclose(cement.viscosity(one, cement.factor(180.0)), 100.0 / np.e, rtol=1e-14)
    capped_at = 240.0 + 60.0 * np.log(750.0)
    assert cement.viscosity(one, cement.factor(capped_at - 1.0))[0] < 75e3
    assert cement.viscosity(one, cement.factor(capped_at + 1.0))[0] == 75e3
    assert cement.viscosity(one, cement.factor(1e9))[0] == 75e3


@given(laws, st.floats(10.0, 1e4), st.floats(0.0, 3600.0), st.floats(0.0, 3600.0))
def test_ageing_never_thins(bulk: Rheology, growth: float, age: float, later: float) -> None:
    cement = AgeingCement(bulk, growth=Exponential(growth), maximum=75e3)
    assert (
        cement.viscosity(RATES, cement.factor(age + later)) >= cement.viscosity(RATES, cement.factor(age))
    ).all()


def test_a_cement_without_growth_stays_as_it_is() -> None:
    cement = AgeingCement(PowerLaw(100.0, 0.6))
    assert cement.factor(0.0) == cement.factor(1e6) == 1.0


def test_body_temperature_halves_the_curing_time() -> None:
    """44.4 kJ/mol against the halving from 25 to 37 degC of Nicholas et al. 2007, and nothing at the reference."""
    assert arrhenius_speed(44.4e3, 310.15, 298.15) == pytest.approx(2.0, rel=1e-3)
    assert arrhenius_speed(44.4e3, 296.15, 296.15) == 1.0
    assert arrhenius_speed(44.4e3, 290.0, 296.15) < 1.0


# --- pores ---


@given(
    st.floats(0.2, 0.99),
    st.floats(1.0, 1e3),
    st.floats(1e-10, 1e-7),
    st.floats(0.3, 0.99),
    st.floats(1e-6, 1e-2),
)
def test_bundle_shear_rate_loses_the_pressure_of_a_capillary_bundle(
    n: float, K: float, k: float, porosity: float, flux: float
) -> None:
    """mu(rate) u / k with the in-situ rate is mu_eff u^n / k of straight capillaries, whatever the numbers."""
    rate = CapillaryBundle().factor(n) * flux / np.sqrt(k * porosity)
    law = PowerLaw(K, n, 1e-30, 1e30)
    gradient = law.viscosity(np.array([rate]))[0] * flux / k
    assert gradient == pytest.approx(bundle_viscosity(K, n, k, porosity) * flux**n / k, rel=1e-10)


@given(st.floats(0.2, 0.99), st.floats(1e-10, 1e-7), st.floats(0.3, 0.99))
def test_bundle_consistency_is_a_pipe_in_disguise(n: float, k: float, porosity: float) -> None:
    radius = np.sqrt(8.0 * k / porosity)
    flux = 1e-4
    in_pipe = power_law_pipe_gradient(flux / porosity * np.pi * radius**2, radius, 100.0, n)
    assert bundle_viscosity(100.0, n, k, porosity) * flux**n / k == pytest.approx(in_pipe, rel=1e-10)


def test_shear_factor_is_continuous_at_index_one() -> None:
    bundle = CapillaryBundle(C=1.0)
    assert bundle.factor(1.0) == pytest.approx(np.exp(-0.25), rel=1e-14)
    for n in (1.0 - 1e-6, 1.0 + 1e-6, 1.0 - 2e-8, 1.0 - 0.5e-8):
        assert bundle.factor(n) == pytest.approx(np.exp(-0.25), rel=1e-6)


def test_equivalent_rate_is_the_simple_rule() -> None:
    measure = 1e-4 / np.sqrt(5e-9 * 0.8)
    law = PowerLaw(100.0, 0.6)
    mu = EquivalentRate().pore_law(law)(np.array([measure]))[0]
    assert mu == law.viscosity(np.array([4e-4 / np.sqrt(8 * 5e-9 * 0.8)]))[0]
    assert mu == pytest.approx(
        simple_shear_consistency(100.0, 0.6, 5e-9, 0.8) * 1e-4 ** (0.6 - 1.0), rel=1e-12
    )


def test_published_shear_prefactors() -> None:
    """Total prefactors that were evaluated independently for the straight bundle and for Cannella's C = 6."""
    bundle = [CapillaryBundle().factor(n) for n in (0.3, 0.5, 0.6, 0.8)]
    np.testing.assert_allclose(bundle, [1.16, 1.13, 1.12, 1.11], atol=0.006)
    rock = [CapillaryBundle(6.0).factor(n) for n in (0.3, 0.5, 0.6, 0.8)]
    np.testing.assert_allclose(rock, [4.93, 4.80, 4.76, 4.71], atol=0.006)


def test_effective_consistencies() -> None:
    assert bundle_viscosity(100.0, 0.6, 1e-8, 0.9) == pytest.approx(2.34861, rel=2e-6)
    assert christopher_middleman_viscosity(100.0, 0.6, 1e-8, 0.9) == pytest.approx(2.71996, rel=2e-6)
    assert bundle_viscosity(100.0, 1.0, 1e-8, 0.9) == pytest.approx(100.0, rel=1e-14)
    assert christopher_middleman_viscosity(100.0, 1.0, 1e-8, 0.9) == pytest.approx(100.0, rel=1e-14)


# --- pipes ---


@given(st.floats(1.0, 1e4), st.floats(0.25, 1.0), st.floats(1e-10, 1e-6), st.floats(3e-4, 3e-3))
@settings(max_examples=50)
def test_pipe_gradient_of_a_power_law_has_its_closed_form(
    K: float, n: float, flow: float, radius: float
) -> None:
    law = PowerLaw(K, n, 1e-30, 1e30)
    exact = power_law_pipe_gradient(flow, radius, K, n)
    assert pipe_gradient(flow, radius, law.viscosity) == pytest.approx(exact, rel=1e-9, abs=0.0)
    assert pipe_flow(exact, radius, law.viscosity) == pytest.approx(flow, rel=1e-9, abs=0.0)


@given(laws, st.floats(1e-11, 1e-6), st.floats(3e-4, 3e-3))
@settings(max_examples=50)
def test_pipe_gradient_is_the_inverse_of_pipe_flow(law: Rheology, flow: float, radius: float) -> None:
    gradient = pipe_gradient(flow, radius, law.viscosity)
    assert gradient > 0.0
    assert pipe_flow(gradient, radius, law.viscosity) == pytest.approx(flow, rel=1e-9, abs=0.0)
    assert pipe_gradient(-flow, radius, law.viscosity) == -gradient
    assert pipe_gradient(2.0 * flow, radius, law.viscosity) > gradient


def test_nothing_flows_without_a_gradient() -> None:
    law = Newtonian(1.0)
    assert pipe_flow(0.0, 1e-3, law.viscosity) == 0.0
    assert pipe_gradient(0.0, 1e-3, law.viscosity) == 0.0


def test_hagen_poiseuille() -> None:
    """13, 11, 10 and 8 gauge needles at 4 mL/min, 150 mm and 100 Pa s take 6.2, 1.23, 0.77 and 0.30 MPa."""
    law = Newtonian(100.0)
    drops = [
        0.15 * pipe_gradient(4e-6 / 60, 0.5 * d, law.viscosity) for d in (1.6e-3, 2.4e-3, 2.7e-3, 3.4e-3)
    ]
    np.testing.assert_allclose(drops, [6.2e6, 1.23e6, 0.77e6, 0.30e6], rtol=0.02)
    assert drops[1] == pytest.approx(0.15 * 8.0 * 100.0 * 4e-6 / 60 / (np.pi * 1.2e-3**4), rel=1e-10)


@pytest.mark.parametrize(
    "law",
    [
        CarreauYasuda(300.0, 5.0, 1.0, 0.5),
        CarreauYasuda(30.0, 0.01, 0.1, 0.8),
        CarreauYasuda(30.0, 0.01, 10.0, 0.3, 1.0),
        Cross(300.0, 5.0, 1.0, 0.3),
        PowerLaw(100.0, 0.5, 1e-1, 1e2),
        HerschelBulkley(50.0, 0.6, 80.0, 1e3),
    ],
    ids=str,
)
@pytest.mark.parametrize("gradient", [1e3, 1e5, 1e7])
def test_pipe_flow_against_the_velocity_profile(law: Rheology, gradient: float) -> None:
    """Q = pi integral r^2 rate(G r / 2) dr by adaptive quadrature with its own inversion of the law."""
    radius = 1e-3
    exact = (
        np.pi
        * quad(
            lambda r: r**2 * _rate_at(law.viscosity, 0.5 * gradient * r), 0.0, radius, epsrel=1e-8, limit=200
        )[0]
    )
    # The kinks of a clipped law are what a fixed quadrature resolves worst.
    tolerance = 2e-3 if hasattr(law, "rate_min") else 1e-5
    assert pipe_flow(gradient, radius, law.viscosity) == pytest.approx(exact, rel=tolerance, abs=0.0)


def _rate_at(viscosity: Callable[[np.ndarray], np.ndarray], stress: float) -> float:
    """Shear rate at a stress by bisection in logarithms."""
    if stress == 0.0:
        return 0.0
    low, high = -40.0, 40.0
    for _ in range(60):
        middle = 0.5 * (low + high)
        if middle + np.log(viscosity(np.array([np.exp(middle)]))[0]) < np.log(stress):
            low = middle
        else:
            high = middle
    return float(np.exp(0.5 * (low + high)))


def test_doubling_most_of_a_cannula_saves_63_percent() -> None:
    """Baroud & Steffen 2005: the diameter doubled along 67.2 % of the length (derived) drops the pressure by 63 %."""
    law = Newtonian(100.0)
    narrow, wide = (pipe_gradient(4e-6 / 60, r, law.viscosity) for r in (1.2e-3, 2.4e-3))
    assert 0.672 * wide + (1.0 - 0.672) * narrow == pytest.approx(0.37 * narrow, rel=2e-3)


def test_power_law_is_herschel_bulkley_without_yield_stress() -> None:
    law = PowerLaw(50.0, 0.6, 1e-30, 1e30)
    assert herschel_bulkley_pipe_flow(5e5, 1e-3, 50.0, 0.6, 0.0) == pytest.approx(
        pipe_flow(5e5, 1e-3, law.viscosity), rel=1e-10
    )


def test_herschel_bulkley_pipe() -> None:
    """Regularised at 1e-6 1/s against the closed form with a plug, and its reference value."""
    law = HerschelBulkley(50.0, 0.6, 80.0, 1e6, 1e-12)
    plug = (50.0, 0.6, 80.0)
    assert herschel_bulkley_pipe_flow(5e5, 1e-3, *plug) == pytest.approx(4.20723e-9, rel=2e-6, abs=0.0)
    assert pipe_flow(5e5, 1e-3, law.viscosity) == pytest.approx(4.20723e-9, rel=2e-6, abs=0.0)
    for gradient in (1.8e5, 2.5e5, 1e7):
        exact = herschel_bulkley_pipe_flow(gradient, 1e-3, *plug)
        assert pipe_flow(gradient, 1e-3, law.viscosity) == pytest.approx(exact, rel=3e-4, abs=0.0)
        assert pipe_gradient(exact, 1e-3, law.viscosity) == pytest.approx(gradient, rel=3e-5)
    held = pipe_flow(1.5e5, 1e-3, law.viscosity)
    assert 0.0 < held < 3e-4 * herschel_bulkley_pipe_flow(1.8e5, 1e-3, *plug)


# --- relative permeability ---

corey = st.builds(Corey, st.floats(1.0, 5.0), st.floats(1.0, 5.0), st.floats(0.0, 0.3), st.floats(0.0, 0.3))
SATURATIONS = np.linspace(-1e-3, 1.0 + 1e-3, 101)


@given(corey)
def test_relative_permeabilities_are_bounded_and_monotone(law: Corey) -> None:
    cement, marrow = law.cement(SATURATIONS), law.marrow(SATURATIONS)
    for k in (cement, marrow):
        assert (k >= 0.0).all() and (k <= 1.0).all()
    assert (np.diff(cement) >= 0.0).all()
    assert (np.diff(marrow) <= 0.0).all()
    assert (cement + marrow <= 1.0 + 1e-12).all()


@given(corey)
def test_residual_fluids_stand_still(law: Corey) -> None:
    ends = np.array([law.residual_cement, law.largest_saturation])
    np.testing.assert_allclose(law.cement(ends), [0.0, 1.0], atol=1e-12)
    np.testing.assert_allclose(law.marrow(ends), [1.0, 0.0], atol=1e-12)


def test_linear_permeabilities_share_the_pores() -> None:
    law = Corey(1.0, 1.0, 0.1, 0.1)
    s = np.linspace(0.1, 0.9, 9)
    np.testing.assert_allclose(law.cement(s) + law.marrow(s), 1.0, rtol=1e-14)


@pytest.mark.parametrize(
    ("formula", "numbers"),
    [
        (formulas.power_law, (100.0, 0.6, 1e-3, 1e4)),
        (formulas.carreau_yasuda, (300.0, 5.0, 1.0, 0.5, 1.5)),
        (formulas.cross, (300.0, 5.0, 1.0, 0.4)),
        (formulas.plug, (150.0, 100.0)),
    ],
)
def test_the_same_formula_runs_on_arrays_and_compiled(formula: object, numbers: tuple[float, ...]) -> None:
    """One number after the other in compiled code, as all at once in NumPy."""
    compiled = njit(formula)
    one_by_one = [compiled(float(rate), *numbers) for rate in RATES]
    np.testing.assert_allclose(one_by_one, formula(RATES, *numbers), rtol=1e-13)  # type: ignore[operator]
    assert np.ptp(one_by_one) > 0.0


@given(logarithm=st.floats(-5.0, 400.0), rate=st.floats(1e-4, 1e6))
def test_a_factor_stops_growing_where_the_cap_holds_at_any_rate(logarithm: float, rate: float) -> None:
    """So the ratio of two factors stays within what viscosities do, and no viscosity changes by it."""

    class Stated(Constant):
        def logarithm(self, age: np.ndarray, cure: np.ndarray) -> np.ndarray:
            return np.full(np.shape(age), logarithm)

    bulk = CarreauYasuda(mu_0=100.0, mu_inf=2.0, relaxation_time=0.3, n=0.65, a=2.0)
    cement = AgeingCement(bulk, growth=Stated(), maximum=75e3)
    factor = cement.factor(0.0)
    assert 0.0 < factor < 75e3 / 2.0 * (1.0 + 1e-8)
    shear = np.array([rate])
    meant = min(float(bulk.viscosity(shear)[0]) * np.exp(min(logarithm, 300.0)), 75e3)
    assert cement.viscosity(shear, factor)[0] == pytest.approx(meant, rel=1e-9)
