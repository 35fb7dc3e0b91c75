"""Flow held by a pressure limit: the rate is found in few iterations, whatever the law."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cementflow.flow.held_rate import HeldRate
from cementflow.flow.pressure import solve_pressure
from cementflow.laws.ageing import AgeingCement
from cementflow.laws.rheology import HerschelBulkley, PowerLaw, Rheology
from cementflow.mesh.box import box_mesh
from cementflow.sites.source import ball_weights
from problems import full_state, open_faces, problem, solver_of


def gap_after(iterations: int, n: float, first: float, plain: bool = False, part: float = 1.0) -> float:
    """|ln| of how far off the rate is that a power law allows under a stated pressure; its root is 1."""
    held = HeldRate(first)
    x = first
    for _ in range(iterations):
        allowed = x ** (1.0 - n)
        scale = 1.0 if plain else held.scale(allowed, True, part)
        x *= (allowed * scale / x) ** part
    return float(abs(np.log(x)))


@given(st.floats(0.1, 1.0), st.floats(0.05, 20.0), st.sampled_from([0.5, 1.0]))
def test_secants_find_the_rate(n: float, first: float, part: float) -> None:
    assert gap_after(12, n, first, part=part) < 1e-2
    assert part < 1.0 or gap_after(6, n, first) < 1e-6


def test_plain_iteration_does_not() -> None:
    assert gap_after(6, 0.2, 3.0, plain=True) > 0.2


def test_the_wanted_rate_is_left_alone() -> None:
    held = HeldRate(2.0)
    assert held.scale(3.0, False, 1.0) == 1.0
    assert held.rate == 3.0
    assert held.scale(0.0, True, 1.0) == 1.0
    assert held.scale(4.0, True, 1.0) == 1.0


@pytest.mark.parametrize("law", [PowerLaw(50.0, 0.3), HerschelBulkley(50.0, 0.5, 100.0)], ids=str)
def test_a_limited_flow_is_found_at_the_default_tolerance(law: Rheology) -> None:
    """The rate at 60 % of the pressure of the wanted one, within 2 % of that of a tolerance 10 times tighter."""
    mesh = box_mesh((9e-3, 9e-3, 9e-3), 1.4e-3)
    weights = ball_weights(mesh, np.full(3, 4.5e-3), 1.5e-3)

    def flow(limit: float, picard: float) -> tuple[float, int]:
        p = problem(
            mesh,
            weights,
            [open_faces(mesh)],
            cement=AgeingCement(law),
            drive={"max_tip": limit},
            picard=picard,
            linear=1e-7,
        )
        found = solve_pressure(p, solver_of(p), full_state(p), 1.0)
        assert found.converged
        return (found.fluxes.rate if np.isfinite(limit) else found.tip_pressure), found.solves

    limit = 0.6 * flow(np.inf, 1e-3)[0]
    tight, _ = flow(limit, 1e-3)
    loose, solves = flow(limit, 1e-2)
    assert tight < 0.6e-7
    assert loose == pytest.approx(tight, rel=0.02, abs=0.0)
    assert solves <= 16
