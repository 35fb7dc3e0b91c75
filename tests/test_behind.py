"""Compartments behind openings: pressures that rise, cement that resists, and nothing given back that was not taken."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cementflow.flow.behind import outside_pressure
from cementflow.flow.course import Plan, Step
from cementflow.flow.problem import Problem
from cementflow.laws.ageing import AgeingCement
from cementflow.laws.rheology import Newtonian
from cementflow.mesh.box import box_mesh
from cementflow.sites.compartments import Compartment
from cementflow.sites.outlets import Opening
from problems import face_share, problem, run

SIDE, RATE = 10e-3, 1e-7
MESH = box_mesh((SIDE, SIDE, SIDE), 1.7e-3)
ENDS = [np.abs(MESH.points[:, 0] - x) < 1e-9 for x in (0.0, SIDE)]


def source() -> np.ndarray:
    weight = np.exp(-np.sum((MESH.points - 0.5 * SIDE) ** 2, axis=1) / 1.5e-3**2)
    weight[weight < 1e-2] = 0.0
    return weight / weight.sum()


def end(which: int, through: float, label: str, pressure: float = 1e3) -> Opening:
    """A face of the box as an opening of a transmissibility [m3]."""
    share = face_share(MESH, ENDS[which])
    vertices = np.flatnonzero(share > 0.0).astype(np.int32)
    return Opening(
        label, "C", vertices, through * share[vertices], pressure, radius=3e-3, label=label, confined=True
    )


def posed(outlets: list[Opening], *compartments: Compartment, **stated: object) -> Problem:
    made = problem(MESH, source(), outlets, rate=RATE, volume=3e-7, marrow=0.1, **stated)  # type: ignore[arg-type]
    return replace(made, compartments=compartments)


def volume_balance(p: Problem, step: Step) -> float:
    """Injected volume that is neither in outlets as cement nor as marrow, relative to it: nothing is compressible."""
    out = float(step.state.leaked.sum() + step.state.marrow_out.sum())
    return abs(step.state.injected - out) / step.state.injected


def test_a_closed_compartment_takes_the_pressure_of_what_came() -> None:
    """All that is injected goes into one stiff space: its pressure is the stiffness times the volume."""
    stiffness = 1e11
    p = posed([end(0, 1e-12, "disc")], Compartment("disc", stiffness))
    steps = run(p)
    for step in steps[1:]:
        np.testing.assert_allclose(
            outside_pressure(p, step.state), 1e3 + stiffness * step.state.injected, rtol=1e-4
        )
        assert volume_balance(p, step) < 1e-4
    assert steps[-1].state.balance_error(p) < 1e-6
    # Without the stiffness nothing rises.
    plain = posed([end(0, 1e-12, "disc")], Compartment("disc"))
    np.testing.assert_array_equal(outside_pressure(plain, run(plain)[-1].state), 1e3)


def test_a_stiff_space_sends_what_comes_to_the_other_side() -> None:
    soft = posed([end(0, 1e-12, "disc"), end(1, 1e-12, "canal")], Compartment("disc"), Compartment("canal"))
    stiff = posed(
        [end(0, 1e-12, "disc"), end(1, 1e-12, "canal")], Compartment("disc", 1e13), Compartment("canal")
    )
    even, sent = run(soft)[-1].state, run(stiff)[-1].state
    out = [s.leaked + s.marrow_out for s in (even, sent)]
    assert out[0][0] == pytest.approx(out[0][1], rel=0.05)
    assert out[1][0] < 0.02 * out[1][1]


def test_a_filling_space_follows_its_differential_equation() -> None:
    """Marrow alone: dV0/dt = G0 (p - P - s V0) beside dV1/dt = G1 (p - P), V0 + V1 = q t, bone without resistance."""
    through, marrow, stiffness = 2e-13, 0.1, 2e9
    p = posed(
        [end(0, through, "disc"), end(1, through, "canal")],
        Compartment("disc", stiffness),
        Compartment("canal"),
        permeability=1e-5,
        cement=AgeingCement(Newtonian(marrow)),
        max_step=0.5,
    )
    g = through / marrow
    for step in run(p)[2:]:
        state = step.state
        # p - P = (q + g s V0) / (2 g), so dV0/dt = q/2 - g s V0 / 2.
        rate = 0.5 * g * stiffness
        expected = RATE / (2.0 * rate) * -np.expm1(-rate * state.time)
        assert state.leaked[0] + state.marrow_out[0] == pytest.approx(expected, rel=0.02)


def test_tissue_resists_by_the_ball_that_stands_in_it() -> None:
    tissue = Compartment("canal", permeability=1e-10)
    assert tissue.resistance(2e-3, 0.0, 100.0) == 0.0
    # dp of a shell between r0 and r at the rate Q, by quadrature.
    volume, thick = 4e-7, 80.0
    reached = (2e-3**3 + 3 * volume / (4 * np.pi)) ** (1 / 3)
    r = np.linspace(2e-3, reached, 20001)
    loss = np.trapezoid(thick / (4 * np.pi * 1e-10 * r**2), r)
    assert tissue.resistance(2e-3, volume, thick) == pytest.approx(loss, rel=1e-6)
    assert Compartment("canal").resistance(2e-3, volume, thick) == 0.0


@example(0.0078125, 8.7e-118, 0.0, 1.0)
@given(st.floats(1e-4, 1e-2), st.floats(0.0, 1e-5), st.floats(0.0, 1e-5), st.floats(1e-2, 1e4))
def test_the_resistance_of_tissue_grows_to_its_limit(
    radius: float, one: float, two: float, thick: float
) -> None:
    tissue = Compartment("canal", permeability=1e-10)
    low, high = sorted((one, two))
    assert tissue.resistance(radius, low, thick) <= tissue.resistance(radius, high, thick) * (1 + 1e-12)
    assert tissue.resistance(radius, high, thick) <= thick / (4 * np.pi * 1e-10 * radius)


def test_tight_tissue_turns_the_cement_away() -> None:
    def out(permeability: float | None) -> np.ndarray:
        p = posed(
            [end(0, 1e-12, "canal"), end(1, 1e-12, "free")],
            Compartment("canal", permeability=permeability),
            Compartment("free"),
        )
        return run(replace(p, drive=replace(p.drive, volume=1e-6)))[-1].state.leaked

    free, tight = out(None), out(1e-12)
    assert free[0] == pytest.approx(free[1], rel=0.1)
    assert tight[0] < 0.8 * free[0]


def test_nothing_gives_back_more_than_it_took() -> None:
    """A stiff space empties again when the other side falls; it stops where it began, in marrow and in cement."""
    stiff = Compartment("disc", 3e10)
    p = posed([end(0, 1e-12, "disc"), end(1, 4e-14, "slow")], stiff, Compartment("slow"))
    steps = list(run(p, Plan(until=200.0)))
    states = [s.state for s in steps]
    most = max(s.marrow_out[0] for s in states)
    assert states[-1].marrow_out[0] < 0.7 * most
    for state in states:
        assert state.marrow_out.min() >= -1e-13
        assert (state.leaked >= 0.0).all()
        assert state.balance_error(p) < 1e-6
    assert all((b.leaked >= a.leaked - 1e-20).all() for a, b in pairwise(states))


def test_a_space_at_a_higher_pressure_gives_nothing_of_its_own() -> None:
    """Tissue is no vein: at 60 kPa beside 1 kPa it would flood the bone, if it gave what it never took."""
    outlets = [end(0, 1e-12, "disc", 6e4), end(1, 1e-12, "canal", 1e3)]
    held = run(posed(outlets, Compartment("disc"), Compartment("canal")))[-1].state
    assert held.marrow_out[0] >= -1e-13
    open_ended = [replace(o, confined=False) for o in outlets]
    assert run(posed(open_ended))[-1].state.marrow_out[0] < -1e-7
