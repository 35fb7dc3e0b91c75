"""Marrow over shear rate and temperature: limits, hand values, and the marrow of a case."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cementflow.case import preset
from cementflow.laws.marrow import Marrow
from cementflow.laws.rheology import CarreauYasuda, Newtonian
from cementflow.materials import marrow_law

RATES = np.logspace(-3.0, 4.0, 30)
WARM = np.linspace(280.0, 340.0, 61)
CARREAU = CarreauYasuda(0.1, 0.03, 0.5, 0.6)

marrows = st.builds(
    Marrow,
    st.sampled_from([Newtonian(0.1), CARREAU]),
    st.floats(0.0, 4e5),
    st.floats(295.0, 315.0),
    st.floats(1.0, 1e3),
)


@given(marrows)
def test_warmth_and_shear_thin_it(law: Marrow) -> None:
    mu = law.viscosity(RATES[:, None], WARM)
    assert mu.shape == (30, 61)
    assert (mu > 0.0).all() and (mu <= law.maximum).all()
    assert (np.diff(mu, axis=0) <= 0.0).all()
    assert (np.diff(mu, axis=1) <= 1e-15).all()


@given(marrows)
def test_at_the_reference_temperature_it_is_the_bulk_law(law: Marrow) -> None:
    assert law.factor(np.array(law.reference_temperature)) == 1.0
    at_reference = law.viscosity(RATES, np.array(law.reference_temperature))
    assert (at_reference == np.minimum(law.bulk.viscosity(RATES), law.maximum)).all()


def test_without_activation_energy_temperature_does_not_matter() -> None:
    law = Marrow(Newtonian(0.1), 0.0, 310.15, 100.0)
    assert law.newtonian
    assert (law.viscosity(RATES[:, None], WARM) == 0.1).all()
    assert not Marrow(CARREAU, 0.0, 310.15, 100.0).newtonian


def test_arrhenius_by_hand() -> None:
    """A factor of 10 from 37 to 30 degC, and the maximum where the law goes beyond."""
    energy = 8.314462618 * np.log(10.0) / (1.0 / 303.15 - 1.0 / 310.15)
    law = Marrow(Newtonian(0.1), energy, 310.15, 100.0)
    found = law.viscosity(np.ones(3), np.array([310.15, 303.15, 280.0]))
    np.testing.assert_allclose(found, [0.1, 1.0, 100.0], rtol=1e-12)


def test_the_marrow_of_a_case() -> None:
    def law(changes: dict[str, object]) -> Marrow:
        return marrow_law(preset("l3-osteoporotic").replace({"marrow.preset": None, **changes}).marrow)

    stated: dict[str, object] = {
        "marrow.viscosity": "0.1 Pa s",
        "marrow.activation_energy": "50 kJ/mol",
        "marrow.reference_temperature": "36 degC",
        "marrow.maximum_viscosity": "20 Pa s",
    }
    assert law(stated) == Marrow(Newtonian(0.1), 50e3, 309.15, 20.0)
    thins: dict[str, object] = {"marrow.n": 0.6, "marrow.relaxation_time": "0.5 s"}
    assert law(stated | thins).bulk == CarreauYasuda(0.1, 0.0, 0.5, 0.6)
    assert law(stated | thins | {"marrow.viscosity_infinity": "30 mPa s"}).bulk == CARREAU
    with pytest.raises(Exception, match=r"marrow.relaxation_time is missing"):
        law({**stated, "marrow.n": 0.6})
