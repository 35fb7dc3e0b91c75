"""The flow of one run: transport, pressure limits, events, retries and failure."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq

from cementflow.errors import RunFailed
from cementflow.fem.fractional_flow import CLOSED, fractional_flow, implicit_saturation
from cementflow.fem.linear_solver import PressureSolver
from cementflow.flow.control import Crossing, cut_to, next_step
from cementflow.flow.course import Plan
from cementflow.flow.pressure import solve_pressure
from cementflow.flow.problem import Problem
from cementflow.flow.state import Flow, State
from cementflow.flow.step import correct, predict, step_error
from cementflow.flow.transport import transport
from cementflow.laws.ageing import AgeingCement
from cementflow.laws.growth import Exponential
from cementflow.laws.relative_permeability import Corey
from cementflow.laws.rheology import Newtonian, PowerLaw
from cementflow.mesh.box import box_mesh
from cementflow.mesh.tetmesh import TetMesh
from cementflow.simulate import simulate
from cementflow.sites.cannula import Cannula
from cementflow.sites.outlets import OpenFaces, Opening, Tube
from cementflow.sites.source import ball_weights
from problems import (
    FailingSolver,
    ball,
    face_share,
    full_state,
    leaves,
    one_group_of,
    open_faces,
    problem,
    random_delaunay,
    run,
    slender_box,
    solver_of,
)

ML = 1e-6

# --- one control volume ---

exponents = st.sampled_from([1.0, 2.0, 2.5])


@given(
    st.floats(0.0, 1.0),
    st.floats(1e-3, 1e3),
    st.floats(0.0, 1.0),
    st.floats(0.1, 1e4),
    exponents,
    exponents,
    st.floats(0.0, 0.2),
    st.floats(0.0, 0.2),
)
def test_implicit_saturation_is_the_root(
    old: float,
    courant: float,
    wet: float,
    ratio: float,
    nc: float,
    nm: float,
    lost: float,
    kept: float,
) -> None:
    """Against brentq, for any Courant number and cement share of the inflow; outflow is 1 m3/s."""
    law = Corey(nc, nm, lost, kept)
    old *= law.largest_saturation
    storage = 1.0 / courant
    numbers = law.numbers

    def balance(s: float) -> float:
        return storage * (s - old) + fractional_flow(s, ratio, numbers) - wet

    found, share = implicit_saturation(old, storage, 1.0, wet, ratio, numbers)
    assert share == pytest.approx(fractional_flow(found, ratio, numbers), rel=1e-12)
    exact = brentq(balance, old - courant - 1.0, old + courant + 1.0, xtol=1e-15, rtol=8.9e-16, maxiter=500)
    assert abs(balance(found)) <= 1.01 * CLOSED or abs(found - exact) <= 1e-12
    # Above full the fraction is flat: what is open of the balance shows times the Courant number.
    slack = 1e-12 + 1.01 * CLOSED * courant
    assert -slack <= found <= law.largest_saturation + slack


def test_implicit_saturation_without_outflow_stores_everything() -> None:
    found, share = implicit_saturation(0.2, 2.0, 0.0, 0.4, 500.0, (2.0, 2.0, 0.0, 1.0))
    assert found == pytest.approx(0.4, rel=1e-15)
    assert share == fractional_flow(found, 500.0, (2.0, 2.0, 0.0, 1.0))


# --- transport ---


@cache
def cloud(nc: float = 2.0, residual: float = 0.05, ratio: float = 500.0) -> tuple[Problem, tuple]:
    """A ball with an opening, a vein and a thin wall, into which 0.8 mL go; all steps."""
    mesh = ball(7e-3, 1.5e-3)
    x, y, _ = mesh.points.T
    surface = np.unique(mesh.boundary)
    hole = surface[x[surface] > 6e-3].astype(np.int32)
    mouth = surface[y[surface] > 6.2e-3].astype(np.int32)
    outlets = [
        Opening("hole", "C", hole, np.full(len(hole), 1e-13), 1000.0),
        Tube(
            "vein", "B", mouth, np.full(len(mouth), 1 / len(mouth)), 1e-3, 10e-3, 800.0, 0.0035, x[:3], x[:3]
        ),
        Opening("wall", "C", surface.astype(np.int32), np.full(len(surface), 1e-15), 1000.0, kind="cortex"),
    ]
    p = problem(
        mesh,
        ball_weights(mesh, np.array([2e-3, 2e-3, 0.0]), 2e-3),
        outlets,
        cement=AgeingCement(Newtonian(0.1 * ratio)),
        corey=Corey(nc, nc, 0.0, residual),
        volume=0.8 * ML,
        linear=1e-6,
    )
    return p, tuple(run(p))


@pytest.mark.parametrize("nc", [1.0, 2.0])
def test_cement_is_conserved_at_every_step(nc: float) -> None:
    p, steps = cloud(nc)
    assert len(steps) > 5
    assert steps[-1].state.leaked.sum() > 0.01 * ML
    for step in steps:
        assert step.state.balance_error(p) < 1e-13
        # Both fluids are incompressible: what left is what came in.
        left = step.state.leaked.sum() + step.state.marrow_out.sum()
        assert left == pytest.approx(step.state.injected, rel=1e-5, abs=1e-20)
        assert (step.state.held <= [0.0, p.outlets[1].capacity, 0.0]).all()


@pytest.mark.parametrize(("nc", "residual"), [(1.0, 0.05), (2.0, 0.05), (2.0, 0.0)])
def test_saturations_stay_in_bounds(nc: float, residual: float) -> None:
    _, steps = cloud(nc, residual)
    for step in steps:
        assert step.state.saturation.min() >= 0.0
        assert step.state.saturation.max() <= 1.0 - residual + 1e-6


def test_thick_cement_does_not_care_for_the_relative_permeabilities() -> None:
    """At a viscosity ratio of 500 the front is sharp: linear and quadratic curves give the same cloud."""
    p, linear = cloud(1.0, 0.0)
    _, quadratic = cloud(2.0, 0.0)
    a, b = linear[-1].state.saturation, quadratic[-1].state.saturation
    v = p.volumes.pore_volume
    assert v @ np.abs(a - b) < 0.015 * (v @ a)
    assert linear[-1].flow.tip_pressure == pytest.approx(quadratic[-1].flow.tip_pressure, rel=0.02)
    # Control: at equal viscosities they differ.
    thin_a, thin_b = (cloud(nc, 0.0, ratio=1.0)[1][-1].state.saturation for nc in (1.0, 2.0))
    assert v @ np.abs(thin_a - thin_b) > 0.1 * (v @ thin_a)


def moving(mesh: TetMesh, seed: int) -> tuple[Problem, State, Flow]:
    """A random saturation, with the flow that belongs to it."""
    rng = np.random.default_rng(seed)
    p = problem(
        mesh, np.full(len(mesh.points), 1 / len(mesh.points)), [open_faces(mesh)], linear=1e-12, picard=1e-8
    )
    state = full_state(p, rng.uniform(0.0, 0.9, p.volumes.n))
    flow = solve_pressure(p, solver_of(p), state, 0.1)
    assert flow.converged
    return p, state, flow


@pytest.mark.parametrize("name", ["ball", "delaunay"])
def test_transport_is_monotone(name: str) -> None:
    """Under the same fluxes more cement before means nowhere less after; and never above full."""
    mesh = ball(6e-3, 1.5e-3) if name == "ball" else _centimetre(random_delaunay(200, 3))
    p, less, flow = moving(mesh, 1)
    dt = 0.2 * (p.volumes.pore_volume / np.maximum(p.drive.rate, 1e-30)).min()
    rng = np.random.default_rng(2)
    more = replace(
        less,
        saturation=less.saturation + rng.uniform(0.0, 0.1, p.volumes.n) * (rng.random(p.volumes.n) < 0.3),
    )
    after_less = transport(p, less, flow, flow.fluxes, dt).saturation
    after_more = transport(p, more, flow, flow.fluxes, dt).saturation
    assert (after_more - after_less).min() >= -1e-12
    assert (after_more - after_less).max() > 0.01
    assert after_more.max() <= 1.0 + 1e-8


def _centimetre(mesh: TetMesh) -> TetMesh:
    return TetMesh.build(1e-2 * mesh.points, mesh.tets)


@pytest.mark.parametrize("dt", [1e-3, 1.0, 100.0])
def test_transport_is_stable_for_any_step(dt: float) -> None:
    p, state, flow = moving(ball(6e-3, 1.5e-3), 4)
    after = transport(p, state, flow, flow.fluxes, dt)
    assert after.dt == dt
    assert after.saturation.min() >= 0.0
    assert after.saturation.max() <= 1.0 + 1e-6
    stored = p.volumes.pore_volume @ (after.saturation - state.saturation)
    assert stored + after.leaked.sum() == pytest.approx(p.drive.rate * dt, rel=1e-9)


@pytest.mark.parametrize("ratio", [0.1, 500.0])
def test_transport_reaches_as_far_as_the_cement_goes(ratio: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """The region ahead grows until it holds all of the cement: one layer to begin with gives what all vertices give."""
    mesh = ball(8e-3, 1.2e-3)
    p = problem(
        mesh,
        ball_weights(mesh, np.zeros(3), 1.5e-3),
        [open_faces(mesh)],
        cement=AgeingCement(Newtonian(0.1 * ratio)),
        corey=Corey(1.0, 1.0),
    )
    state = State.initial(p)
    flow = solve_pressure(p, solver_of(p), state, 1.0)
    found = []
    for layers in (1, 10_000):
        monkeypatch.setattr("cementflow.flow.transport.LAYERS", layers)
        found.append(transport(p, state, flow, flow.fluxes, 3.0))
    in_bone = p.volumes.pore_volume @ found[0].saturation
    assert in_bone + found[0].leaked.sum() == pytest.approx(3e-7, rel=1e-12)
    np.testing.assert_allclose(found[0].saturation, found[1].saturation, rtol=0.0, atol=1e-9)
    assert (found[0].saturation > 0.01).sum() > 50


def test_what_is_above_full_is_driven_out_in_one_step() -> None:
    """Residuals of the solver overfill a control volume a little; the next pressure empties it again."""
    mesh = ball(6e-3, 1.5e-3)
    p = problem(
        mesh,
        ball_weights(mesh, np.array([3e-3, 0.0, 0.0]), 1e-3),
        [open_faces(mesh)],
        linear=1e-12,
        picard=1e-8,
    )
    at = int(np.argmin(np.linalg.norm(mesh.points, axis=1)))
    saturation = np.ones(p.volumes.n)
    saturation[at] = 1.001
    state = full_state(p, saturation)
    flow = solve_pressure(p, solver_of(p), state, 0.5)
    assert flow.converged
    assert transport(p, state, flow, flow.fluxes, 0.5).saturation[at] == pytest.approx(1.0, abs=1e-8)


def test_profiles_stay_monotone_along_a_rod() -> None:
    """No new extrema in one dimension: the saturation falls from the inlet on, at every step."""
    mesh = slender_box(20e-3, 20)
    x = mesh.points[:, 0]
    end = OpenFaces("end", "C", np.flatnonzero(x > 20e-3 - 1e-9).astype(np.int32), 0.0)
    p = problem(mesh, face_share(mesh, x < 1e-9), [end], rate=1e-10, volume=6e-9, corey=Corey(1.0, 1.0))
    levels, level = np.unique(np.round(x, 9), return_inverse=True)
    for step in run(p):
        weight = np.bincount(level, p.volumes.pore_volume)
        profile = np.bincount(level, p.volumes.pore_volume * step.state.saturation) / weight
        # Cell centres and corners of neighbouring layers see the front a little differently.
        assert np.diff(profile).max() <= 0.02
    assert len(levels) > 30


# --- events and step control ---


def small(volume: float = 0.3 * ML, drive: dict | None = None, **tolerances: float) -> Problem:
    """A small box of coarse cells, all its faces open."""
    mesh = box_mesh((9e-3, 9e-3, 9e-3), 1.4e-3)
    weights = ball_weights(mesh, np.full(3, 4.5e-3), 1.5e-3)
    return problem(mesh, weights, [open_faces(mesh)], volume=volume, drive=drive, **tolerances)


def test_the_volume_is_met_exactly() -> None:
    steps = run(small())
    assert steps[-1].finished == "volume injected"
    assert steps[-1].state.injected == pytest.approx(0.3 * ML, rel=1e-8)
    assert steps[-1].state.time == pytest.approx(3.0, rel=1e-8)


def test_output_times_are_met_exactly() -> None:
    times = (0.1, 0.7, 1.0, 1.0001, 2.9)
    steps = run(small(), Plan(output_times=times))
    seen = [s.state.time for s in steps]
    assert all(any(abs(t - s) <= 1e-12 for s in seen) for t in times)
    assert (np.diff(seen) > 0).all()


def test_the_time_limit_is_met_exactly() -> None:
    steps = run(small(), Plan(max_time=1.3))
    assert steps[-1].finished == "time limit reached"
    assert steps[-1].state.time == pytest.approx(1.3, abs=1e-12)


def leaking() -> Problem:
    mesh = ball(6e-3, 1.5e-3)
    surface = np.unique(mesh.boundary)
    hole = surface[mesh.points[surface, 0] > 5e-3].astype(np.int32)
    rest = np.setdiff1d(surface, hole).astype(np.int32)
    outlets = [
        Opening("hole", "C", hole, np.full(len(hole), 1e-13), 0.0),
        Opening("pores", "C", rest, np.full(len(rest), 1e-17), 0.0),
    ]
    return problem(mesh, ball_weights(mesh, np.array([2e-3, 0.0, 0.0]), 1.5e-3), outlets, volume=2 * ML)


def test_the_leak_limit_is_met_and_the_first_leak_is_told() -> None:
    p = leaking()
    steps = run(p, Plan(max_leaked=0.1 * ML))
    last = steps[-1]
    assert last.finished == "leak limit reached"
    assert last.state.leaked.sum() == pytest.approx(0.1 * ML, abs=1e-6 * ML)
    assert any(e.what == "first leak: hole" for e in last.events)
    before = [s for s in steps if s.state.leaked[0] < 1e-9]
    after = [s for s in steps if s.state.leaked[0] >= 1e-9]
    assert before[-1].state.time <= last.first_leak[0] <= after[0].state.time
    # Control: without the limit it would have leaked more.
    assert run(p)[-1].state.leaked.sum() > 0.2 * ML


@given(st.floats(1e-3, 10.0), st.floats(1e-9, 1e3), st.floats(1e-4, 1.0))
def test_step_size_stays_within_its_limits(dt: float, error: float, tolerance: float) -> None:
    new = next_step(dt, error, tolerance, 5.0)
    assert min(0.25 * dt, 5.0) <= new <= min(2.0 * dt, 5.0)


@given(st.floats(1e-6, 1e3), st.floats(1e-6, 1e3))
def test_cut_steps_end_on_the_event_or_leave_a_fair_rest(dt: float, remaining: float) -> None:
    cut = cut_to(dt, remaining)
    assert 0.0 < cut <= min(dt, remaining) * (1.0 + 1e-8) or cut == remaining
    assert cut == remaining or remaining - cut >= 0.4 * remaining


def test_crossings() -> None:
    assert Crossing(-1.0, 0.5, 0.1).overshot
    assert not Crossing(-1.0, 0.05, 0.1).overshot
    assert not Crossing(0.0, 0.5, 0.1).overshot
    assert Crossing(-1.0, 1.0, 0.0).fraction() == 0.5


# --- pressure limits ---


@pytest.mark.parametrize("cement", [Newtonian(100.0), PowerLaw(50.0, 0.6)], ids=["newtonian", "power"])
def test_a_tip_limit_holds_and_is_used_to_the_full(cement: Newtonian | PowerLaw) -> None:
    limit = 6e3
    p = small(drive={"max_tip": limit})
    p = replace(p, cement=AgeingCement(cement))
    steps = run(p, Plan(max_time=20.0))
    held = [s for s in steps if s.flow.limited_by == "tip pressure"]
    free = [s for s in steps if s.flow.limited_by == "rate"]
    assert len(held) > 5 and len(free) > 2
    for s in steps:
        assert s.flow.tip_pressure <= limit * (1.0 + 1e-3)
    for s in free:
        assert s.flow.fluxes.rate == p.drive.rate
    for s in held[1:]:
        assert s.flow.tip_pressure == pytest.approx(limit, rel=1e-6)
        assert s.flow.fluxes.rate < p.drive.rate
        # All faces are at 0 Pa, so the tip pressure is rate times resistance.
        if isinstance(cement, Newtonian):
            assert s.flow.demand == pytest.approx(p.drive.rate / s.flow.fluxes.rate, rel=1e-6)
    rates = [s.flow.fluxes.rate for s in held]
    # The front takes one control volume after the other, which lets the resistance waver a little as it grows.
    assert np.diff(rates).max() <= 0.01 * p.drive.rate
    assert rates[-1] < 0.9 * rates[0]


def test_the_switch_to_the_limit_is_met() -> None:
    """The last step at the wanted rate ends where the limit is reached, not somewhere beyond or before."""
    steps = run(small(drive={"max_tip": 6e3}), Plan(max_time=20.0))
    switch = next(i for i, s in enumerate(steps) if s.flow.limited_by != "rate")
    assert steps[switch].flow.demand == pytest.approx(1.0, abs=1.5e-3)


def test_a_syringe_limit_counts_the_cannula() -> None:
    cannula = Cannula(1.2e-3, 0.1)
    p = replace(small(), cement=AgeingCement(PowerLaw(50.0, 0.6), growth=Exponential(5.0)))
    free = run(p)[-1].flow
    needle = cannula.drop(p.drive.rate, p.cement, 1.0)
    limit = 0.9 * free.tip_pressure + needle
    p = replace(p, drive=replace(p.drive, max_syringe=limit, cannula=cannula))
    steps = run(p, Plan(max_time=20.0))
    held = [s for s in steps if s.flow.limited_by == "syringe pressure"]
    assert len(held) > 3
    for s in held[1:]:
        assert s.flow.syringe_pressure == pytest.approx(limit, rel=1e-6)
        drop = cannula.drop(s.flow.fluxes.rate, p.cement, p.cement.factor(s.state.time))
        assert s.flow.syringe_pressure - s.flow.tip_pressure == pytest.approx(drop, rel=1e-6)


def test_ageing_brings_a_limited_injection_to_rest() -> None:
    p = replace(
        small(volume=5 * ML, drive={"max_tip": 6e3}),
        cement=AgeingCement(Newtonian(100.0), growth=Exponential(2.0)),
    )
    last = run(p)[-1]
    assert last.finished == "flow came to rest at the limit of the tip pressure"
    assert last.state.injected < 5 * ML


def test_a_limit_below_the_outside_pressure_lets_nothing_in() -> None:
    mesh = box_mesh((9e-3, 9e-3, 9e-3), 1.4e-3)
    weights = ball_weights(mesh, np.full(3, 4.5e-3), 1.5e-3)
    p = problem(mesh, weights, [open_faces(mesh, 1000.0)], volume=ML, drive={"max_tip": 900.0})
    steps = run(p, Plan(max_time=10.0))
    assert steps[-1].finished.startswith("flow came to rest")
    assert steps[-1].state.injected == 0.0


def test_the_pressure_of_newtonian_fluids_is_linear_in_the_rate() -> None:
    p = small(linear=1e-12)
    state = full_state(p, np.random.default_rng(0).uniform(0, 1, p.volumes.n))
    one = solve_pressure(p, solver_of(p), state, 1.0)
    three = solve_pressure(
        replace(p, drive=replace(p.drive, rate=3 * p.drive.rate)), solver_of(p), state, 1.0
    )
    # Upstream directions are found to the tolerance of the iteration only.
    np.testing.assert_allclose(
        three.pressure, 3.0 * one.pressure, rtol=1e-4, atol=1e-6 * three.pressure.max()
    )


# --- failure is a value, a retry starts from where it was ---


def snapshot(state: State) -> list[bytes]:
    return [np.asarray(value).tobytes() for value in leaves(state).values()]


def test_predictor_and_corrector_leave_the_state_alone() -> None:
    p = small()
    state = State.initial(p)
    flow = solve_pressure(p, solver_of(p), state, 0.1)
    before, pressure = snapshot(state), flow.pressure.copy()
    predicted = predict(p, state, flow, 0.0, 0.1)
    corrected, _ = correct(p, state, flow, flow, 0.1)
    assert predicted.time == corrected.time == pytest.approx(0.1)
    assert snapshot(state) == before and np.array_equal(flow.pressure, pressure)
    # The same flow at both ends leaves nothing to correct.
    assert step_error(p, state, predicted, corrected, 0.1) == 0.0


def test_the_predictor_takes_the_rate_in_the_middle_of_the_step() -> None:
    """A rate that falls by a tenth of itself in the step injects a twentieth less; never more than was asked for."""
    p = small()
    state = State.initial(p)
    flow = solve_pressure(p, solver_of(p), state, 0.1)
    slope = -0.1 * p.drive.rate / 0.1
    assert predict(p, state, flow, slope, 0.1).injected == pytest.approx(0.95 * 0.1 * p.drive.rate)
    assert predict(p, state, flow, -slope, 0.1).injected == pytest.approx(0.1 * p.drive.rate)


class OnceFailingSolver(PressureSolver):
    """Fails at one call."""

    def __init__(self, p: Problem, at: int) -> None:
        super().__init__(*one_group_of(p))
        self.calls, self.at = 0, at

    def solve(self, matrix, rhs, start, tolerance):  # type: ignore[no-untyped-def]
        self.calls += 1
        result = super().solve(matrix, rhs, start, tolerance)
        return replace(result, x=start, converged=False) if self.calls == self.at else result


def test_a_step_that_fails_once_is_repeated_smaller() -> None:
    p = small()
    solver = OnceFailingSolver(p, 8)
    steps = list(simulate(p, Plan(), solver))
    assert solver.calls > 8
    assert steps[-1].finished == "volume injected"
    assert steps[-1].counters.rejected >= 1
    undisturbed = run(p)
    assert undisturbed[-1].counters.rejected < steps[-1].counters.rejected
    assert steps[-1].flow.tip_pressure == pytest.approx(undisturbed[-1].flow.tip_pressure, rel=0.02)


def test_a_solver_that_never_works_fails_the_run_at_once() -> None:
    p = small()
    with pytest.raises(RunFailed, match="first pressure field"):
        list(simulate(p, Plan(), FailingSolver(p)))


def test_steps_below_the_smallest_fail_the_run_and_keep_what_was_reached() -> None:
    p = small(min_step=1e-4)
    seen = []
    with pytest.raises(RunFailed, match="no step down to") as failure:
        for step in simulate(p, Plan(), FailingSolver(p, first_failure=10)):
            seen.append(step)
    assert len(seen) > 1
    assert failure.value.time == seen[-1].state.time
    assert failure.value.hint


def test_a_restart_goes_on_bit_for_bit() -> None:
    p = small()
    whole = run(p)
    rest = run(p, start=whole[4])
    assert len(rest) == len(whole) - 5
    assert snapshot(rest[-1].state) == snapshot(whole[-1].state)
    assert np.array_equal(rest[-1].flow.pressure, whole[-1].flow.pressure)
