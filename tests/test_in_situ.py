"""The viscosity in the pores: any law in a bundle of capillaries, and the other ways to come by it."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.optimize import brentq

from cementflow.laws.ageing import AgeingCement
from cementflow.laws.capillary import HIGHEST, LOWEST, mean_viscosity_table, rabinowitsch_table
from cementflow.laws.growth import Exponential
from cementflow.laws.in_situ import (
    CHRISTOPHER_MIDDLEMAN,
    CapillaryBundle,
    EquivalentRate,
    MeanViscosity,
    christopher_middleman_viscosity,
)
from cementflow.laws.rheology import (
    CarreauYasuda,
    Cross,
    HerschelBulkley,
    Newtonian,
    PowerLaw,
    Rheology,
    Yielding,
)
from cementflow.verify import herschel_bulkley_pipe_flow

LAWS = [
    Newtonian(100.0),
    CarreauYasuda(300.0, 5.0, 1.0, 0.5),
    CarreauYasuda(300.0, 0.0, 30.0, 0.2, 8.0),
    Cross(100.0, 0.1, 1e3, 0.3),
    PowerLaw(100.0, 0.4, 1e-2, 1e2),
    HerschelBulkley(50.0, 0.6, 300.0, 100.0),
    HerschelBulkley(120.0, 0.3, 100.0, 10.0, 1e-1, 1e2),
    Yielding(CarreauYasuda(350.0, 5.0, 1.0, 0.5), 150.0),
]
GAMMAS = np.logspace(-4, 4, 9)
STEPS = np.logspace(-10, 10, 2001)


def at_wall(law: Rheology, gamma: float) -> tuple[float, float]:
    """Viscosity of equal pressure loss and mean local viscosity, by adaptive quadrature over ln rate."""

    def stress(x: float) -> float:
        return float(law.viscosity(np.array([np.exp(x)]))[0]) * float(np.exp(x))

    kinks = [np.log(getattr(law, bound)) for bound in ("rate_min", "rate_max") if hasattr(law, bound)]

    def integral(power: int, wall: float) -> float:
        """Of tau^3 rate^power over ln rate, relative to its size at the wall."""
        size = stress(wall) ** 3 * np.exp(power * wall)
        # A sliver between a kink and the wall has no room for an adaptive rule, and adds next to nothing.
        ends = [wall - 60.0, *(k for k in kinks if k < wall - 1e-7), wall]
        ends = sorted([*ends, *(wall - step for step in (3.0, 8.0, 20.0))])
        parts = [
            quad(
                lambda x: stress(x) ** 3 * np.exp(power * x) / size,
                a,
                b,
                epsabs=1e-12,
                epsrel=1e-10,
                limit=200,
            )[0]
            for a, b in pairwise(ends)
        ]
        return float(sum(parts))

    def wall_rate(wall: float) -> float:
        return float(4.0 / 3.0 * np.exp(wall) * (1.0 - integral(1, wall)))

    wall = brentq(lambda x: np.log(wall_rate(x) / gamma), np.log(gamma) - 7.0, np.log(gamma) + 7.0, xtol=1e-9)
    mean = 2.0 / 3.0 * stress(wall) / np.exp(wall) * (1.0 + integral(-1, wall))
    return stress(wall) / gamma, mean


@pytest.mark.parametrize("law", LAWS, ids=str)
def test_tables_against_quadrature(law: Rheology) -> None:
    pairs = [at_wall(law, gamma) for gamma in GAMMAS]
    np.testing.assert_allclose(rabinowitsch_table(law)(GAMMAS), [p for p, _ in pairs], rtol=1e-4)
    np.testing.assert_allclose(mean_viscosity_table(law)(GAMMAS), [m for _, m in pairs], rtol=1e-4)


@given(st.floats(0.15, 1.0), st.floats(1.0, 1e3))
@settings(max_examples=20)
def test_the_table_of_a_power_law_is_its_closed_form(n: float, K: float) -> None:
    law = PowerLaw(K, n, 1e-30, 1e30)
    closed = CapillaryBundle(1.0).pore_law(law)(GAMMAS)
    np.testing.assert_allclose(rabinowitsch_table(law)(GAMMAS), closed, rtol=1e-5)


def test_a_power_law_takes_the_closed_form_itself() -> None:
    """To the last bit: the law at the rate C B(n) u / sqrt(k phi)."""
    law, bundle = PowerLaw(100.0, 0.6), CapillaryBundle(1.3)
    assert (bundle.pore_law(law)(GAMMAS) == law.viscosity(bundle.factor(0.6) * GAMMAS)).all()


@pytest.mark.parametrize("law", LAWS, ids=str)
@pytest.mark.parametrize("table", [rabinowitsch_table, mean_viscosity_table])
def test_tables_are_monotone_and_go_through_rest(table: object, law: Rheology) -> None:
    viscosity = table(law)(STEPS)  # type: ignore[operator]
    assert np.isfinite(viscosity).all() and (viscosity > 0.0).all()
    assert (np.diff(viscosity) <= 1e-12 * viscosity[1:]).all()
    inside = (STEPS > LOWEST) & (STEPS < 0.1 * HIGHEST)
    assert table is mean_viscosity_table or (np.diff((viscosity * STEPS)[inside]) > 0.0).all()
    assert table(law)(np.zeros(1))[0] == pytest.approx(viscosity[0], rel=1e-12)  # type: ignore[operator]


def test_newtonian_cement_is_the_same_in_pores() -> None:
    for law in (Newtonian(70.0), CarreauYasuda(70.0, 1.0, 1.0, 1.0), PowerLaw(70.0, 1.0)):
        for rule in (CapillaryBundle(), EquivalentRate(), MeanViscosity()):
            np.testing.assert_allclose(rule.pore_law(law)(GAMMAS), 70.0, rtol=1e-9)


def test_published_carreau_example() -> None:
    """mu_0 = 300, mu_inf = 5 Pa s, 1 s, n = 0.5 at k = 1e-8 m2, phi = 0.9, computed elsewhere (u in m/s)."""
    law = CarreauYasuda(300.0, 5.0, 1.0, 0.5)
    measure = np.array([1e-5, 1e-4, 1e-3]) / np.sqrt(1e-8 * 0.9)
    np.testing.assert_allclose(CapillaryBundle().pore_law(law)(measure), [298.9, 240.0, 90.4], atol=0.06)
    np.testing.assert_allclose(MeanViscosity().pore_law(law)(measure), [299.2, 255.0, 119.7], atol=0.06)


def test_mean_viscosity_of_a_power_law() -> None:
    """[2n/(3n - 1)] [4n/(3n + 1)] times that of equal pressure loss."""
    for n, published in ((0.8, 1.08), (0.6, 1.29), (0.5, 1.60)):
        law = PowerLaw(100.0, n, 1e-30, 1e30)
        ratio = MeanViscosity().pore_law(law)(GAMMAS[4:]) / CapillaryBundle().pore_law(law)(GAMMAS[4:])
        np.testing.assert_allclose(ratio, 8.0 * n**2 / (3.0 * n - 1.0) / (3.0 * n + 1.0), rtol=1e-4)
        np.testing.assert_allclose(ratio, published, atol=0.006)


@given(st.floats(0.2, 1.0), st.floats(1e-10, 1e-7), st.floats(0.3, 0.99), st.floats(1e-6, 1e-2))
def test_a_packed_bed_is_a_bundle_with_another_factor(
    n: float, k: float, porosity: float, flux: float
) -> None:
    """Christopher and Middleman's consistency, mu_eff u^n / k = mu u / k; straight capillaries have another."""
    law, measure = PowerLaw(100.0, n, 1e-30, 1e30), np.array([flux / np.sqrt(k * porosity)])
    exact = christopher_middleman_viscosity(100.0, n, k, porosity) * flux ** (n - 1.0)
    assert CapillaryBundle(CHRISTOPHER_MIDDLEMAN).pore_law(law)(measure)[0] == pytest.approx(exact, rel=1e-10)
    assert n > 0.99 or CapillaryBundle().pore_law(law)(measure)[0] < 0.999 * exact


def test_a_yield_stress_in_pores() -> None:
    """Flux phi Q / (pi R^2) of capillaries with a plug; below the threshold 2 tau_y / R next to nothing flows."""
    k, porosity, yield_stress = 1e-8, 0.9, 200.0
    radius = np.sqrt(8.0 * k / porosity)
    pore_law = CapillaryBundle().pore_law(HerschelBulkley(50.0, 0.6, yield_stress, 1e4, 1e-9))
    threshold = 2.0 * yield_stress / radius
    assert threshold == pytest.approx(13.4e5, rel=2e-3)  # 13.4 kPa/cm
    for above in (1.05, 1.5, 5.0, 50.0):
        gradient = above * threshold
        flow = herschel_bulkley_pipe_flow(gradient, radius, 50.0, 0.6, yield_stress)
        flux = porosity * flow / (np.pi * radius**2)
        viscosity = pore_law(np.array([flux / np.sqrt(k * porosity)]))[0]
        assert viscosity * flux / k == pytest.approx(gradient, rel=1e-3 if above < 1.1 else 2e-4)
    slow = 1e-9
    held = pore_law(np.array([slow / np.sqrt(k * porosity)]))[0] * slow / k
    assert 0.1 * threshold < held < threshold


def test_one_table_serves_all_ages() -> None:
    """A law that is thicker throughout has the table times that, and the cap comes after it."""
    law, thicker = CarreauYasuda(300.0, 5.0, 1.0, 0.5), CarreauYasuda(600.0, 10.0, 1.0, 0.5)
    young, old = (CapillaryBundle().pore_law(one)(GAMMAS) for one in (law, thicker))
    np.testing.assert_allclose(old, 2.0 * young, rtol=1e-12)
    cement = AgeingCement(law, growth=Exponential(60.0), maximum=500.0)
    np.testing.assert_allclose(
        cement.aged(young, cement.factor(60.0 * np.log(2.0))), np.minimum(old, 500.0), rtol=1e-12
    )
    assert (cement.aged(young, cement.factor(60.0 * np.log(2.0))) == 500.0).any()
