"""Cement that cures, warms and ages as it goes: the kinetics, adiabatic cement, batches, and runs until it is set."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from cementflow.flow.carried import change, heat_imbalance, set_share, waited
from cementflow.flow.course import Plan
from cementflow.flow.problem import Problem
from cementflow.flow.state import State
from cementflow.laws.ageing import AgeingCement
from cementflow.laws.cure import CureKinetics, cure_rate
from cementflow.laws.growth import CastroMacosko, Exponential
from cementflow.laws.marrow import Marrow
from cementflow.laws.rheology import Newtonian
from cementflow.laws.thermal import Material, Tissue
from cementflow.sites.source import ball_weights
from cementflow.sites.syringe import Batch, Syringe
from problems import ball, leaves, open_faces, problem, run, solver_of

ROOM, BODY = 296.15, 310.15
KINETICS = CureKinetics()
INSULATED = Tissue(perfusion=0.0, exchange=0.0)
QUICK = replace(KINETICS, initial=1e-2)


# --- kinetics ---


@pytest.mark.parametrize(("temperature", "time"), [(ROOM, 338.0), (BODY, 177.0)])
def test_isothermal_peak_times(temperature: float, time: float) -> None:
    """Reference values, computed with another program."""
    assert KINETICS.peak_time(temperature) == pytest.approx(time, rel=5e-3)


@pytest.mark.parametrize(("initial", "time"), [(1e-4, 446.0), (1e-3, 338.0), (1e-2, 225.0)])
def test_the_degree_of_cure_at_mixing_sets_the_time(initial: float, time: float) -> None:
    slower = replace(KINETICS, initial=initial)
    assert slower.peak_time(ROOM) == pytest.approx(time, rel=5e-3)
    assert slower.initial_for(slower.peak_time(ROOM), ROOM) == pytest.approx(initial, rel=1e-6)


@pytest.mark.parametrize("setting", [None, 480.0, 780.0, 900.0])
def test_body_temperature_about_halves_the_time(setting: float | None) -> None:
    """0.45 to 0.6 from 25 to 37 degC (Nicholas et al. 2007 measured a half)."""
    k = KINETICS if setting is None else replace(KINETICS, initial=KINETICS.initial_for(setting, 298.15))
    assert 0.45 < k.peak_time(BODY) / k.peak_time(298.15) < 0.6


def test_final_degrees_of_cure() -> None:
    np.testing.assert_allclose(KINETICS.limit([ROOM, BODY, 400.0]), [0.785, 0.840, 1.0], atol=5e-4)
    assert KINETICS.isothermal(BODY, 1e5) == pytest.approx(0.8396, abs=1e-4)


@pytest.mark.parametrize("temperature", [ROOM, BODY, 350.0])
@pytest.mark.parametrize("initial", [1e-9, 1e-3])
def test_isothermal_course_against_its_ode(temperature: float, initial: float) -> None:
    k = replace(KINETICS, initial=initial)
    times = np.linspace(0.0, 1.6 * k.peak_time(temperature), 9)
    exact = solve_ivp(
        lambda _, c: k.rate(c, temperature),
        (0.0, times[-1]),
        [initial],
        "LSODA",
        times,
        rtol=1e-9,
        atol=1e-14,
    ).y[0]
    np.testing.assert_allclose(k.isothermal(temperature, times), exact, rtol=2e-4)


@given(st.floats(0.0, 1.0), st.floats(274.0, 450.0))
def test_the_rate_is_never_negative_and_ends_at_the_limit(cure: float, temperature: float) -> None:
    rate = KINETICS.rate(cure, temperature)
    assert rate >= 0.0
    if cure >= KINETICS.limit(temperature):
        assert rate == 0.0


def test_a_setting_time_out_of_reach_says_what_is_in_reach() -> None:
    with pytest.raises(ValueError, match="between"):
        KINETICS.initial_for(1e6, ROOM)


def test_the_same_lines_run_on_arrays_and_compiled() -> None:
    from cementflow.fem.curing import _rate

    cures, warm = np.linspace(0.0, 1.0, 11), np.linspace(280.0, 400.0, 11)
    compiled = [_rate(c, t, KINETICS.numbers) for c, t in zip(cures, warm, strict=True)]
    np.testing.assert_allclose(compiled, cure_rate(cures, warm, KINETICS.numbers), rtol=1e-13)


# --- cement that nothing moves ---


def filled(tissue: Tissue | None = INSULATED, kinetics: CureKinetics = QUICK) -> tuple[Problem, State]:
    """A ball full of cement at body temperature."""
    mesh = ball(6e-3, 2e-3)
    p = problem(mesh, ball_weights(mesh, np.zeros(3), 2e-3), [open_faces(mesh)])
    p = replace(p, tissue=tissue, syringe=Syringe((Batch(0.0, 0.0), Batch(1.0, 0.0)), ROOM, 1.0, kinetics))
    state = State.initial(p)
    return p, replace(state, saturation=np.ones(p.volumes.n))


def adiabatic(dt: float) -> tuple[float, float, float]:
    """Largest differences from the adiabatic equation c dT/dt = H dcure/dt: temperature on the way, cure at the end."""
    p, state = filled()
    of = p.heat_volumes
    assert of is not None
    stored = of.stored(np.ones(p.volumes.n))[0]
    rise = p.volumes.pore_volume[0] * of.tissue.cement.density * QUICK.enthalpy / stored
    times = np.arange(0.0, 200.0 + 0.5 * dt, dt)
    exact = solve_ivp(
        lambda _, c: QUICK.rate(c, BODY + rise * (c - QUICK.initial)),
        (0.0, times[-1]),
        [QUICK.initial],
        "LSODA",
        times,
        rtol=1e-10,
        atol=1e-13,
    ).y[0]
    off = 0.0
    for cure in exact[1:]:
        state = change(p, state, None, dt).put(state)
        off = max(off, abs(state.condition.temperature[0] - BODY - rise * (cure - QUICK.initial)))
    end = state.condition
    return (
        off,
        abs(end.cure[0] - exact[-1]),
        float(end.temperature[0] - BODY - rise * (end.cure[0] - QUICK.initial)),
    )


def test_adiabatic_rise() -> None:
    off, cure, closure = adiabatic(0.5)
    assert off < 0.1
    assert cure < 1e-5
    assert abs(closure) < 1e-3
    assert adiabatic(4.0)[0] > 4.0 * off or off < 1e-3  # longer steps are worse


def test_the_whole_heat_of_cure_warms_insulated_cement() -> None:
    """Sum over uneven control volumes: what was set free is what is stored."""
    p, state = filled()
    for _ in range(40):
        state = change(p, state, None, 5.0).put(state)
    of = p.heat_volumes
    assert of is not None
    mass = np.sum(p.volumes.pore_volume) * of.tissue.cement.density
    assert state.heat.cured == pytest.approx(mass * QUICK.enthalpy * (1.0 - QUICK.initial), rel=1e-3)
    assert heat_imbalance(p, state) < 1e-12
    assert set_share(p, state) == 1.0


def test_a_lost_joule_is_seen() -> None:
    p, state = filled()
    state = change(p, state, None, 60.0).put(state)
    assert heat_imbalance(p, state) < 1e-12
    wrong = replace(state, heat=replace(state.heat, cured=1.01 * state.heat.cured))
    assert heat_imbalance(p, wrong) > 1e-3


def test_cold_cement_ages_slower() -> None:
    p, state = filled(tissue=None)
    assert state.condition.temperature[0] == ROOM
    aged = change(p, state, None, 60.0).condition.age - state.condition.age
    np.testing.assert_allclose(aged, 60.0, rtol=1e-12)  # the reference temperature is that of the room
    p, state = filled()
    aged = change(p, state, None, 1.0).condition.age - state.condition.age
    np.testing.assert_allclose(aged, p.cement.speed(BODY), rtol=3e-3)
    assert aged[0] > 2.0
    np.testing.assert_allclose(waited(p, state.condition, 1.0).age - state.condition.age, aged, rtol=3e-3)


# --- cement that flows ---


def injected(volume: float = 1e-6, **changes: object) -> Problem:
    """Cement into a ball of marrow at 0.1 mL/s, nothing of which leaves."""
    mesh = ball(12e-3, 2e-3)
    p = problem(mesh, ball_weights(mesh, np.zeros(3), 2.5e-3), [open_faces(mesh)], rate=1e-7, volume=volume)
    return replace(p, **changes)  # type: ignore[arg-type]


def test_batches_mix_by_volume() -> None:
    """Cement mixed 60 s before the start and, from half of the volume on, 20 s before: no second of age is lost."""
    p = injected(syringe=Syringe((Batch(0.0, -60.0), Batch(5e-7, -20.0)), ROOM))
    steps = run(p)
    end = steps[-1].state
    assert any(s.state.injected == pytest.approx(5e-7, rel=1e-7) for s in steps)
    cement = p.volumes.pore_volume * end.saturation
    expected = 5e-7 * (end.time + 60.0) + 5e-7 * (end.time + 20.0)
    assert np.sum(cement * end.condition.age) == pytest.approx(expected, rel=1e-3)
    core = np.linalg.norm(p.volumes.mesh.points, axis=1) < 2e-3
    rim = (end.saturation > 0.3) & (end.saturation < 0.7)
    np.testing.assert_allclose(end.condition.age[core], end.time + 20.0, rtol=0.04)
    assert end.condition.age[rim].min() > end.time + 45.0  # implicit steps smear the border between them


def test_equal_batches_are_one() -> None:
    """A field of one age everywhere gives what one number gives."""
    cement = AgeingCement(Newtonian(100.0), growth=Exponential(20.0))
    one = run(injected(cement=cement, syringe=Syringe((Batch(0.0, -60.0),), ROOM)))[-1]
    two = run(injected(cement=cement, syringe=Syringe((Batch(0.0, -60.0), Batch(5e-7, -60.0)), ROOM)))
    there = next(s for s in two if s.finished)
    np.testing.assert_allclose(there.state.condition.age, one.state.condition.age[0], rtol=1e-9)
    assert there.flow.tip_pressure == pytest.approx(one.flow.tip_pressure, rel=0.02)


def test_nothing_warms_where_all_is_as_warm() -> None:
    """Cement as warm as the body that gives off no heat: every temperature stays."""
    kinetics = replace(KINETICS, enthalpy=0.0)
    p = injected(tissue=Tissue(), syringe=Syringe((Batch(0.0, -60.0),), BODY, 1.0, kinetics))
    end = run(p)[-1].state
    np.testing.assert_allclose(end.condition.temperature, BODY, atol=1e-9)


def test_cold_cement_brings_its_cold() -> None:
    p = injected(tissue=Tissue(), syringe=Syringe((Batch(0.0, -60.0),), ROOM))
    steps = run(p)
    end = steps[-1].state
    capacity = Tissue().cement.capacity
    assert end.heat.carried_in == pytest.approx(-1e-6 * capacity * (BODY - ROOM), rel=1e-6)
    assert all(heat_imbalance(p, s.state) < 1e-10 for s in steps)
    temperature = end.condition.temperature
    assert temperature.max() <= BODY + 0.1
    assert ROOM - 0.1 < temperature.min() < ROOM + 3.0
    assert end.harm.peak.max() <= BODY + 0.1


def test_marrow_that_cold_cement_thickens_takes_pressure() -> None:
    stiff = Marrow(Newtonian(2.0), 150e3, BODY, 1e4)
    cold = run(injected(tissue=Tissue(), marrow=stiff, syringe=Syringe((Batch(0.0, -60.0),), ROOM)))[-1].flow
    warm = run(injected(marrow=stiff, syringe=Syringe((Batch(0.0, -60.0),), ROOM)))[-1].flow
    assert cold.marrow_viscosity.max() > 5.0 * warm.marrow_viscosity.max()
    assert cold.tip_pressure > 1.03 * warm.tip_pressure


def until_set(**changes: object) -> Problem:
    syringe = Syringe((Batch(0.0, -60.0),), ROOM, 1.0, QUICK)
    cement = AgeingCement(Newtonian(50.0), CastroMacosko(300.0, 60.0, 0.7, 1.5, 1.0), 75e3)
    return injected(syringe=syringe, cement=cement, **changes)


@pytest.mark.parametrize("heated", [False, True])
def test_a_run_goes_on_until_the_cement_is_set(heated: bool) -> None:
    p = until_set(tissue=Tissue()) if heated else until_set()
    steps = run(p, Plan(until=np.inf))
    end = steps[-1]
    assert end.stopped == "volume injected"
    assert end.finished == "the cement is set"
    assert [event.what for event in end.events].count(end.finished) == 1
    assert end.rest.since == pytest.approx(10.0, rel=1e-6)
    assert end.rest.still_since == pytest.approx(10.0, rel=1e-3)
    assert end.rest.leaked == end.rest.moved == 0.0
    assert end.rest.set_at <= end.state.time
    assert set_share(p, end.state) >= 0.99 > set_share(p, steps[-2].state)
    isothermal = float(np.interp(0.7, *reversed(_course())))
    assert (
        (end.rest.set_at < isothermal)
        if heated
        else end.rest.set_at == pytest.approx(isothermal - 60.0, rel=0.01)
    )
    assert end.flow.cement_viscosity.max() == 75e3
    for s in steps[1:]:
        assert heat_imbalance(p, s.state) < 1e-9


def _course() -> tuple[np.ndarray, np.ndarray]:
    times = np.linspace(0.0, 3600.0, 20_000)
    return times, QUICK.isothermal(ROOM, times)


def test_a_run_goes_on_for_a_stated_time_and_until_it_is_cool() -> None:
    p = until_set(tissue=Tissue())
    timed = run(p, Plan(until=60.0))[-1]
    assert timed.state.time == 60.0
    assert timed.finished == "the time to wait is over"
    cool = run(p, Plan(until=np.inf, cool=BODY + 6.0))[-1]
    assert cool.state.condition.temperature.max() <= BODY + 6.0
    assert cool.state.harm.peak.max() > BODY + 20.0
    assert cool.state.time > cool.rest.set_at > cool.rest.since


@pytest.mark.parametrize("where", [0.3, 0.8])
def test_a_heated_restart_goes_on_bit_for_bit(where: float) -> None:
    p, plan = until_set(tissue=Tissue()), Plan(until=np.inf)
    whole = run(p, plan)
    at = int(where * len(whole))
    rest = run(p, plan, whole[at])
    assert len(rest) == len(whole) - at - 1
    first, second = leaves(rest[-1]), leaves(whole[-1])
    assert all(
        np.asarray(first[k]).tobytes() == np.asarray(second[k]).tobytes() for k in second if "events" not in k
    )


@settings(max_examples=5, deadline=None)
@given(st.floats(0.1, 5.0), st.floats(500.0, 5000.0))
def test_carried_heat_has_no_new_extremes(conductivity: float, specific_heat: float) -> None:
    marrow = Material(1000.0, specific_heat, conductivity)
    p = injected(5e-7, tissue=Tissue(marrow=marrow), syringe=Syringe((Batch(0.0, -60.0),), ROOM))
    temperature = run(p)[-1].state.condition.temperature
    assert ROOM - 0.05 < temperature.min() < temperature.max() < BODY + 0.05


def test_solver_of_a_heated_problem_is_the_same() -> None:
    """Heat changes nothing in the pattern of the pressure."""
    cold, hot = injected(), injected(tissue=Tissue())
    assert type(solver_of(cold)) is type(solver_of(hot))
    assert hot.followed and not cold.followed
