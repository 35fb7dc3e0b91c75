"""Cement that waits in the cannula: first in, first out, ageing where it stands; and what it takes to push it."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

import cementflow as cf
from cementflow.check import check
from cementflow.flow.course import Plan, Step
from cementflow.flow.problem import Problem
from cementflow.laws.ageing import AgeingCement
from cementflow.laws.cure import CureKinetics
from cementflow.laws.growth import Exponential
from cementflow.laws.rheology import Newtonian, PowerLaw
from cementflow.mesh.box import box_mesh
from cementflow.mesh.geometry import build_geometry
from cementflow.model import build_model
from cementflow.sites.cannula import Cannula
from cementflow.sites.contents import SLUGS, Contents, Warmth, pushed
from cementflow.sites.locate import toward
from cementflow.sites.source import ball_weights
from cementflow.sites.syringe import Batch, Syringe
from problems import leaves, open_faces, problem, run

ML = 1e-6
ROOM, BODY = 296.15, 310.15
CEMENT, KINETICS = AgeingCement(Newtonian(100.0), growth=Exponential(60.0)), CureKinetics()
NEEDLE = Cannula(1.2e-3, 0.12, in_body=0.07)
WARM, EVEN = Warmth(ROOM, BODY, 8.4e-8), Warmth(ROOM, ROOM, 8.4e-8)
COARSE = {"geometry.edge_length": "4 mm", "injection.volume": "0.8 mL", "output.figures": False}


def push(
    contents: Contents, fresh: tuple[float, float, float], volume: float, dt: float, warmth: Warmth
) -> tuple[Contents, Contents]:
    return pushed(contents, NEEDLE, warmth, CEMENT, KINETICS, fresh, volume, dt)[:2]


def primed(age: float = 240.0) -> Contents:
    return Contents.even(NEEDLE.dead_volume, ROOM, age, 0.01)


# --- first in, first out ---


@given(st.lists(st.tuples(st.floats(0.0, 1.4), st.floats(1e-3, 20.0)), min_size=1, max_size=12))
def test_cement_of_one_batch_and_temperature_is_as_old_as_the_clock(steps: list[tuple[float, float]]) -> None:
    """And it fills the cannula, whatever is pushed when."""
    held, time = primed(), 0.0
    for share, dt in steps:
        volume = share * NEEDLE.dead_volume
        held, left = push(held, (ROOM, 240.0 + time, 0.01), volume, dt, EVEN)
        time += dt
        assert held.volume.sum() == pytest.approx(NEEDLE.dead_volume, rel=1e-12)
        assert left.volume.sum() == pytest.approx(volume, rel=1e-12, abs=1e-12 * NEEDLE.dead_volume)
        np.testing.assert_allclose(held.age, 240.0 + time, rtol=1e-12)
        assert len(held) <= 2 * SLUGS + 2
        if len(left):
            assert 240.0 + time - dt < left.age.min() + 1e-9 and left.age.max() < 240.0 + time + 1e-9
            np.testing.assert_allclose(left.mean[1], 240.0 + time - 0.5 * dt, rtol=1e-9)


@given(st.integers(1, 60))
def test_another_batch_comes_after_the_dead_volume(count: int) -> None:
    """In as many pushes as one likes; where the two meet, within a slug."""
    held, young = primed(), []
    for _ in range(count):
        held, left = push(held, (ROOM, 0.0, 0.01), 1.5 * NEEDLE.dead_volume / count, 1e-9, EVEN)
        young.append(float(np.sum(left.volume[left.age < 120.0])))
    assert sum(young) == pytest.approx(0.5 * NEEDLE.dead_volume, abs=1.5 * NEEDLE.dead_volume / SLUGS)
    assert held.age.max() < 1.0


def test_what_waits_in_the_body_ages_as_its_temperature_says() -> None:
    """A pause of a minute against the integral of Arrhenius' speed along the closed form of the temperature."""
    held, left = push(primed(), (ROOM, 240.0, 0.01), 0.0, 60.0, WARM)
    tau = 1.2e-3**2 / (5.7831859629 * 8.4e-8)
    warm = quad(lambda t: CEMENT.speed(BODY + (ROOM - BODY) * np.exp(-t / tau)), 0.0, 60.0)[0]
    inside = np.cumsum(held.volume) - 0.5 * held.volume < NEEDLE.volume_in_body
    assert len(left) == 0 and 10 < inside.sum() < len(held)
    np.testing.assert_allclose(held.age[inside] - 240.0, warm, rtol=1e-3)
    np.testing.assert_allclose(held.age[~inside] - 240.0, 60.0, rtol=1e-12)
    np.testing.assert_allclose(held.temperature[inside], BODY, rtol=1e-6)
    assert (held.cure[inside] > held.cure[~inside].max()).all()
    assert warm > 2.0 * 60.0


def left_in_steady_flow(steps: int) -> float:
    """Age gained on the clock by what leaves in the fourth dead volume."""
    held, gained, dead, time = primed(), [], NEEDLE.dead_volume, 0.0
    dt = 4.0 * 8.0 / steps
    for i in range(steps):
        held, left = push(held, (ROOM, 240.0 + time, 0.01), 4.0 * dead / steps, dt, WARM)
        time += dt
        if i >= 0.75 * steps:
            gained.append(left.mean[1] - (240.0 + time - 0.5 * dt))
    return float(np.mean(gained))


def test_steady_flow_gains_the_age_of_its_time_in_the_body() -> None:
    """A dead volume in 8 s, of which 70 mm of 120 are warm; however long the steps are."""
    tau, stay = 1.2e-3**2 / (5.7831859629 * 8.4e-8), 8.0 * 70.0 / 120.0
    warm = quad(lambda t: CEMENT.speed(BODY + (ROOM - BODY) * np.exp(-t / tau)), 0.0, stay)[0]
    assert left_in_steady_flow(400) == pytest.approx(warm - stay, rel=0.01)
    assert left_in_steady_flow(16) == pytest.approx(warm - stay, rel=0.05)
    assert left_in_steady_flow(4) == pytest.approx(warm - stay, rel=0.10)


# --- the pressure that it takes ---


def test_slugs_of_one_age_are_a_cannula_of_one_age() -> None:
    cement = AgeingCement(PowerLaw(50.0, 0.6), growth=Exponential(60.0))
    for needle in (NEEDLE, replace(NEEDLE, proximal_radius=2.4e-3, proximal_length=0.08)):
        volumes = np.diff(np.linspace(0.0, 1.0, 8) ** 2) * needle.dead_volume
        along = needle.drop_along(7e-8, cement, volumes, np.full(7, 1.7))
        assert along == pytest.approx(needle.drop(7e-8, cement, 1.7), rel=2e-4)


def test_the_pressure_is_the_sum_over_the_slugs() -> None:
    """The last third, next to the tip, is four times as thick: (4 + 2) / 3 times the pressure."""
    thirds = np.full(3, NEEDLE.dead_volume / 3.0)
    thick = NEEDLE.drop_along(7e-8, CEMENT, thirds, np.array([4.0, 1.0, 1.0]))
    assert thick == pytest.approx(2.0 * NEEDLE.drop(7e-8, CEMENT, 1.0), rel=1e-4)
    # With a wide part next to the syringe it matters where the thick slug is.
    wide = replace(NEEDLE, proximal_radius=2.4e-3, proximal_length=0.08)
    slugs, factors = np.array([wide.ends[1], wide.ends[2] - wide.ends[1]]), np.array([4.0, 1.0])
    at_tip = wide.drop_along(7e-8, CEMENT, slugs, factors)
    behind = wide.drop_along(7e-8, CEMENT, slugs, factors[::-1])
    assert at_tip / behind == pytest.approx((4.0 * 0.04 + 0.08 / 16) / (0.04 + 4.0 * 0.08 / 16), rel=1e-4)


def test_twice_as_wide_over_two_thirds_saves_63_percent() -> None:
    """Baroud & Steffen 2005; Newtonian: 1 - f (1 - 1/16) at f = 0.672."""
    wide = Cannula(1.2e-3, 0.12, proximal_radius=2.4e-3, proximal_length=0.672 * 0.12)
    saved = 1.0 - wide.drop(7e-8, CEMENT, 1.0) / Cannula(1.2e-3, 0.12).drop(7e-8, CEMENT, 1.0)
    assert saved == pytest.approx(0.63, abs=1e-3)


def test_newtonian_slip_has_its_closed_form() -> None:
    """Q = pi R^4 G / (8 mu) + pi R^2 b G R / 2."""
    slippery = replace(NEEDLE, slip=1e-6)
    conductance = np.pi * 1.2e-3**4 / (8 * 100.0) + np.pi * 1.2e-3**3 * 1e-6 / 2
    assert slippery.drop(7e-8, CEMENT, 1.0) == pytest.approx(0.12 * 7e-8 / conductance, rel=1e-4)


@given(st.floats(0.2, 1.0), st.floats(1e-9, 1e-3), st.floats(1.1, 10.0), st.floats(1.0, 1e3))
def test_slip_only_helps(n: float, slip: float, more: float, factor: float) -> None:
    """More of it the more; and never more than the film alone would let through."""
    cement = AgeingCement(PowerLaw(50.0, n))
    drops = [replace(NEEDLE, slip=s).drop(7e-8, cement, factor) for s in (0.0, slip, more * slip)]
    assert drops[0] * (1 + 1e-4) >= drops[1] >= drops[2] > 0.0
    film = 0.12 * 7e-8 / (np.pi * 1.2e-3**3 * slip / 2)
    assert drops[1] <= film * (1 + 1e-9)


# --- in a run ---


def two_batches(**cannula: object) -> Problem:
    mesh = box_mesh((12e-3, 12e-3, 12e-3), 2.5e-3)
    p = problem(
        mesh,
        ball_weights(mesh, np.full(3, 6e-3), 2e-3),
        [open_faces(mesh)],
        cement=AgeingCement(PowerLaw(50.0, 0.6), growth=Exponential(100.0)),
        volume=0.6 * ML,
        drive={"cannula": Cannula(0.8e-3, 0.1, **cannula)},
    )
    return replace(p, syringe=Syringe((Batch(0.0, -600.0), Batch(0.2 * ML, -60.0))))


@cache
def history(holds: bool) -> tuple[tuple[float, float], ...]:
    """Injected volume, and age of the youngest cement at the source."""
    p = two_batches(holds=holds)
    here = np.argmax(p.source)
    return tuple((s.state.injected, float(s.state.condition.age[here])) for s in run(p))


def test_the_second_batch_reaches_the_bone_after_the_dead_volume() -> None:
    dead = two_batches().drive.cannula.dead_volume
    for holds, arrives in ((True, 0.2 * ML + dead), (False, 0.2 * ML)):
        injected, age = np.array(history(holds)).T
        assert age[injected < arrives * (1 - 1e-6)].min() > 590.0
        assert age[injected > arrives + 0.1 * ML].max() < 400.0
        assert np.abs(injected / arrives - 1.0).min() < 1e-7  # a step ends there


def test_a_restart_with_a_cannula_goes_on_bit_for_bit() -> None:
    p = two_batches()
    steps = run(p)
    again = run(p, Plan(), steps[3])
    assert len(steps) == len(again) + 4
    for name, value in leaves(steps[-1].state).items():
        np.testing.assert_array_equal(leaves(again[-1].state)[name], value, err_msg=name)
    # Control: with other cement in the cannula it goes on otherwise.
    state = steps[3].state
    older = replace(state.cannula, age=state.cannula.age + 100.0)
    other = run(p, Plan(), replace(steps[3], state=replace(state, cannula=older)))
    assert not np.array_equal(other[-1].state.condition.age, steps[-1].state.condition.age)


def test_nothing_is_followed_where_all_cement_is_alike() -> None:
    """Without heat and further batches the switch changes no bit."""
    p = replace(two_batches(), syringe=Syringe((Batch(0.0, -60.0),)))
    off = replace(p, drive=replace(p.drive, cannula=replace(p.drive.cannula, holds=False)))
    on, without = run(p)[-1], run(off)[-1]
    assert len(on.state.cannula) == 0
    np.testing.assert_array_equal(on.flow.pressure, without.flow.pressure)
    assert on.flow.syringe_pressure == without.flow.syringe_pressure


@cache
def heated(in_body: float, holds: bool = True) -> Step:
    """The last step of a heated case."""
    case = cf.preset("l3-osteoporotic").replace(
        {
            **COARSE,
            "physics.heat": True,
            "physics.dead_volume": holds,
            "injection.cannula.tip_radius": "4 mm",
            "injection.cannula.in_body": in_body,
        }
    )
    model = build_model(case, build_geometry(case.geometry))
    return run(model.problem, model.plan)[-1]


def test_a_cannula_that_stays_cold_only_delays() -> None:
    """Cement of one batch and temperature has the age of the clock: what waits in it is as old as the syringe."""
    through, straight, warm = heated(0.0), heated(0.0, holds=False), heated(0.9)
    for value in ("tip_pressure", "syringe_pressure"):
        assert getattr(through.flow, value) == pytest.approx(getattr(straight.flow, value), rel=1e-5)
    assert warm.flow.tip_pressure > 1.002 * straight.flow.tip_pressure


def test_warm_cement_leaves_the_cannula_of_a_heated_case() -> None:
    """It carries less cold in."""
    cold, warm = heated(0.0).state, heated(0.9).state
    assert warm.heat.carried_in > 0.75 * cold.heat.carried_in  # both negative
    assert cold.heat.carried_in < warm.heat.carried_in < 0.0
    np.testing.assert_allclose(cold.cannula.temperature, ROOM, rtol=1e-12)
    assert warm.cannula.temperature[0] > ROOM + 8.0 and warm.cannula.temperature[-1] < ROOM + 1.0


# --- where it comes out ---


def test_the_opening_moves_the_ball_by_its_radius() -> None:
    def center(changes: dict[str, object]) -> np.ndarray:
        case = cf.preset("l3-osteoporotic").replace(COARSE | changes)
        geometry = build_geometry(case.geometry)
        axes.append(geometry.frame.axes)
        return build_model(case, geometry).source.center

    axes: list[np.ndarray] = []
    at_tip = center({})
    ahead = center({"injection.cannula.opening": "front"})
    beside = center({"injection.cannula.opening": "side", "injection.cannula.direction": "left"})
    np.testing.assert_allclose(ahead - at_tip, 1.5e-3 * axes[0][0], atol=1e-12)
    np.testing.assert_allclose(beside - at_tip, -1.5e-3 * axes[0][1], atol=1e-12)


def test_a_slanting_needle_opens_ahead_along_itself() -> None:
    entry, tip = {"ap": 0.0, "lr": 0.2, "si": 0.6}, {"ap": 0.6, "lr": 0.4, "si": 0.5}
    needle = {"name": "left", "entry": entry, "tip": tip, "gauge": 11, "length": "12 cm", "opening": "front"}
    case = cf.preset("l3-osteoporotic").replace(
        {**COARSE, "injection.cannula": None, "injection.needle": [needle]}
    )
    geometry = build_geometry(case.geometry)
    start, end = (geometry.frame.point(*place.values()) for place in (entry, tip))
    ahead = build_model(case, geometry).source.center - end
    np.testing.assert_allclose(ahead, 1.5e-3 * (end - start) / np.linalg.norm(end - start), atol=1e-12)


def test_directions_are_those_of_the_vertebra() -> None:
    frame = build_geometry(
        cf.preset("box-newtonian").replace({"geometry.edge_length": "5 mm"}).geometry
    ).frame
    for name, sign, axis in (("posterior", -1, 0), ("right", 1, 1), ("superior", 1, 2), ("inferior", -1, 2)):
        np.testing.assert_array_equal(toward(name, frame), sign * frame.axes[axis])


# --- a hand on the plunger ---


def test_a_case_driven_by_hand() -> None:
    """Force less friction over the area of the plunger; what holds the rate is in the history, in words."""
    case = cf.preset("l3-osteoporotic").replace(
        {
            **COARSE,
            "injection.cannula.tip_radius": "4 mm",
            "injection.flow_rate": "none",
            "injection.plunger": {"diameter": "10 mm", "force": "60 N", "friction": "5 N"},
        }
    )
    model = build_model(case, build_geometry(case.geometry))
    drive = model.problem.drive
    assert drive.free and drive.by_force
    assert drive.max_syringe == pytest.approx(55.0 / (np.pi * 5e-3**2))
    first = next(iter(run(model.problem, Plan(max_time=0.5))))
    assert first.flow.limited_by == "plunger force"
    assert first.flow.syringe_pressure == pytest.approx(drive.max_syringe, rel=1e-9)
    # The rate that counts as much is an estimate of the same size.
    assert 0.3 < first.flow.fluxes.rate / drive.rate < 3.0
    assert any("driven by pressure alone" in f.text for f in check(case))


def test_a_tip_limit_alone_is_warned_of() -> None:
    case = cf.preset("l3-osteoporotic").replace(
        {
            **COARSE,
            "injection.flow_rate": "none",
            "injection.max_pressure": "none",
            "injection.max_tip_pressure": "20 kPa",
        }
    )
    assert any("alone it drives any rate" in f.text for f in check(case) if f.level == "warning")
