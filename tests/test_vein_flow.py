"""What flows in veins against solutions by hand, and what must hold of every run with veins."""

from __future__ import annotations

import itertools
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from cementflow.case import preset
from cementflow.flow.course import Counters, Plan, Step
from cementflow.flow.pressure import solve_pressure
from cementflow.flow.problem import Problem
from cementflow.flow.state import State
from cementflow.flow.veins import returning
from cementflow.laws.ageing import AgeingCement
from cementflow.laws.growth import Exponential
from cementflow.laws.rheology import HerschelBulkley, Newtonian, PowerLaw, Rheology
from cementflow.mesh.geometry import build_geometry
from cementflow.model import build_model
from cementflow.results.checkpoint import read_checkpoint, write_checkpoint
from cementflow.results.folder import RunFolder
from cementflow.simulate import simulate
from cementflow.sites.outlets import OpenFaces
from cementflow.sites.source import ball_weights
from cementflow.sites.veins import VeinCourse, VenousPressure
from cementflow.verify import power_law_pipe_front
from problems import ball, face_share, full_state, leaves, open_faces, problem, slender_box
from vein_problems import by_hand, with_veins

AWAY = np.array([0.1, 0.0, 0.0])


def outside(name: str, length: float, radius: float, **more: object) -> VeinCourse:
    """A straight vein that is nowhere near the bone."""
    path = np.array([AWAY, AWAY + [0.0, 0.0, length]])
    return VeinCourse(name, "S", path, (radius, radius), drinks=False, **more)  # type: ignore[arg-type]


def blood_in(courses: list[VeinCourse]) -> tuple[Problem, np.ndarray, np.ndarray]:
    """Flow through the first and the last cell of each vein when only blood flows."""
    mesh = slender_box(8e-3, 4)
    p = problem(
        mesh,
        ball_weights(mesh, np.array([4e-3, 1e-3, 1e-3]), 1e-3),
        [open_faces(mesh)],
        rate=1e-10,
        picard=1e-6,
    )
    p = with_veins(p, courses, cell=1e-3)
    flow = solve_pressure(p, p.make_solver(), State.initial(p), 1.0)
    assert flow.converged
    assert p.veins is not None
    ends = [p.veins.along(i)[[0, -1]] for i in range(len(courses))]
    through = flow.fluxes.vein.cell[np.array(ends)]
    return p, through[:, 0], through[:, 1]


def test_a_fork_shares_by_radius_and_length() -> None:
    """Q_b : Q_c = r_b^4 / L_b : r_c^4 / L_c."""
    courses = [
        outside("a", 5e-3, 1e-3, blood=1e-8, into=("b", "c")),
        outside("b", 10e-3, 1e-3),
        outside("c", 20e-3, 1.5e-3),
    ]
    _, begin, end = blood_in(courses)
    assert begin == pytest.approx(end, rel=1e-6)
    wide = 1.5**4 / 2.0
    assert begin == pytest.approx([1e-8, 1e-8 / (1.0 + wide), 1e-8 * wide / (1.0 + wide)], rel=1e-5)


def test_a_net_with_a_loop_meets_kirchhoff() -> None:
    """Two ways from a to d, a bridge from one to the other, and two ends at other pressures."""
    courses = [
        outside("a", 4e-3, 1e-3, blood=2e-8, into=("b", "c")),
        outside("b", 9e-3, 0.8e-3, into=("d", "bridge")),
        outside("c", 6e-3, 0.7e-3, into=("e",)),
        outside("bridge", 3e-3, 0.6e-3, into=("e",)),
        outside("d", 8e-3, 1e-3, pressure=30.0),
        outside("e", 12e-3, 0.9e-3, pressure=0.0),
    ]
    _, begin, _ = blood_in(courses)
    g = {c.name: np.pi * c.radii[0] ** 4 / (8 * 3.5e-3 * c.length) for c in courses}
    # Unknown pressures: begin of b and c, begin of d and bridge, begin of e.
    a = np.array(
        [
            [g["b"] + g["c"], -g["b"], -g["c"]],
            [-g["b"], g["b"] + g["d"] + g["bridge"], -g["bridge"]],
            [-g["c"], -g["bridge"], g["c"] + g["bridge"] + g["e"]],
        ]
    )
    x, y, z = np.linalg.solve(a, [2e-8, 30.0 * g["d"], 0.0])
    exact = [2e-8, g["b"] * (x - y), g["c"] * (x - z), g["bridge"] * (y - z), g["d"] * (y - 30.0), g["e"] * z]
    assert begin == pytest.approx(exact, rel=1e-5)


def from_a_rod(law: Rheology, dt: float, cells: int, until: float = 8.0) -> float:
    """Length of cement in a thin vein behind a rod that resists nothing, under 20 kPa."""
    length, pressure = 40e-3, 2e4
    mesh = slender_box(length, 4)
    x = mesh.points[:, 0]
    mouth = np.flatnonzero(x > length - 1e-9)
    inlet = OpenFaces("inlet", "C", np.flatnonzero(x < 1e-9).astype(np.int32), pressure)
    p = problem(
        mesh,
        face_share(mesh, x < 1e-9),
        [inlet],
        cement=AgeingCement(law),
        permeability=1e-3,
        rate=2e-9,
        max_step=dt,
        step=10.0,
        linear=1e-9,
        picard=1e-6,
    )
    p = by_hand(p, mouth, np.full(len(mouth), 1.0 / len(mouth)), 0.5e-3, 60e-3, cells)
    assert p.veins is not None
    full = full_state(p)
    flow = solve_pressure(p, p.make_solver(), full, dt)
    start = Step(full, flow, 0.0, dt, Counters(), np.full(2, np.nan))
    last = list(simulate(p, Plan(max_time=until), p.make_solver(), start))[-1]
    assert last.state.veins.cement.sum() == pytest.approx(last.state.leaked[1], rel=1e-9)
    return float(last.state.veins.cement.sum() / (np.pi * 0.25e-6))


@pytest.mark.parametrize("n", [1.0, 0.6])
def test_a_vein_fills_from_its_mouth(n: float) -> None:
    """The square-root law of Newtonian cement, and the n/(n + 1) law of a power law; first order in the step."""
    exact = float(power_law_pipe_front(2e4, 0.5e-3, 20.0, n, 8.0))
    law = Newtonian(20.0) if n == 1.0 else PowerLaw(20.0, n, 1e-9, 1e9)
    assert from_a_rod(law, 1.0, 60) == pytest.approx(exact, rel=0.03)
    assert from_a_rod(law, 0.25, 60) == pytest.approx(exact, rel=0.012)


def test_cement_with_a_yield_stress_comes_to_rest() -> None:
    """At x = p R / (2 tau_y), where the whole pressure is lost to the yield stress."""
    held = 2e4 * 0.5e-3 / (2.0 * 250.0)
    law = HerschelBulkley(20.0, 1.0, 250.0)
    lengths = [from_a_rod(law, 0.5, 60, until) for until in (80.0, 240.0)]
    assert 0.85 * held < lengths[0] < lengths[1] < 1.05 * held
    assert lengths[1] - lengths[0] < 0.1 * lengths[0]


SOURCE = np.array([1e-3, 0.0, 0.0])


def bone_with_tree(**more: object) -> Problem:
    """Ball of bone with two veins that drink and flow into a third one, and an open surface."""
    mesh = ball(10e-3, 2.5e-3)
    p = problem(
        mesh,
        ball_weights(mesh, SOURCE, 3e-3),
        [open_faces(mesh)],
        rate=4e-6 / 60,
        volume=1.5e-6,
        **{"cement": AgeingCement(Newtonian(50.0))} | more,  # type: ignore[arg-type]
    )
    meet = np.array([-4e-3, 0.0, 0.0])
    courses = [
        VeinCourse("up", "B", np.array([[4e-3, 0.0, 5e-3], meet]), (0.5e-3, 0.8e-3), ("trunk",), blood=2e-9),
        VeinCourse("down", "B", np.array([[4e-3, 0.0, -5e-3], meet]), (0.5e-3, 0.8e-3), ("trunk",)),
        VeinCourse("trunk", "B", np.array([meet, [-16e-3, 0.0, 0.0]]), (1e-3, 1e-3)),
    ]
    venous = VenousPressure((0.0, 14.0, 15.0, 23.0, 24.0), (0.0, 0.0, 1e3, 1e3, 0.0))
    return with_veins(p, courses, venous=venous)


PLAN = Plan(max_time=18.0, until=40.0, bends=(14.0, 15.0, 23.0, 24.0))


@cache
def pushed_back() -> tuple[Problem, list[Step]]:
    """Cement runs into the veins, a rise of the venous pressure pushes it back, and the injection ends."""
    p = bone_with_tree()
    return p, list(simulate(p, PLAN, p.make_solver()))


def test_all_that_a_tree_took_is_in_it_or_beyond() -> None:
    p, steps = pushed_back()
    marrow = 0.0
    for before, step in itertools.pairwise(steps):
        state, taken = step.state, step.state.leaked[1:].sum()
        assert state.veins.cement.sum() + state.veins.beyond.sum() == pytest.approx(
            taken, rel=1e-9, abs=1e-18
        )
        assert state.veins.cement.min() >= 0.0
        assert taken >= 0.0
        assert state.balance_error(p) < 1e-9
        dt = state.time - before.state.time
        through = 0.5 * (step.flow.fluxes.vein.link + before.flow.fluxes.vein.link).sum() * dt
        marrow += through
    assert steps[-1].state.leaked[1:].sum() > 1e-9
    # Marrow and cement together are what the links let through.
    both = steps[-1].state.leaked[1:].sum() + steps[-1].state.marrow_out[1:].sum()
    assert both == pytest.approx(
        marrow, rel=2e-3
    )  # the flow of the moment at which the injection ends is kept once
    # Whole balance of fluids: what is pressed in leaves by the surface or the veins.
    out = steps[-1].state.leaked.sum() + steps[-1].state.marrow_out.sum()
    assert out == pytest.approx(steps[-1].state.injected, rel=1e-3)


def test_the_rise_of_the_venous_pressure_pushes_cement_back() -> None:
    _, steps = pushed_back()
    taken = np.array([s.state.leaked[1:].sum() for s in steps])
    time = np.array([s.state.time for s in steps])
    before, after = taken[time <= 14.0][-1], taken[time <= 23.0][-1]
    assert 0.0 <= after < before
    assert {14.0, 15.0, 23.0, 24.0} <= set(time)


def test_a_vein_gives_back_no_more_than_it_lets_through() -> None:
    """Not even from a cell that holds more than it should: more cement than fluid would burst the bone."""
    p, steps = pushed_back()
    state, fluxes = max(
        ((s.state, s.flow.fluxes.vein) for s in steps), key=lambda found: -float(found[1].link.min())
    )
    assert p.veins is not None and fluxes.link.min() < 0.0
    full = replace(state, veins=replace(state.veins, cement=1.5 * p.veins.capacity))
    back = returning(p, full, fluxes, 1e-3)
    assert back.any()
    assert np.all(back <= np.maximum(-fluxes.link, 0.0) * (1.0 + 1e-12))


def test_blood_carries_cement_off_after_the_injection() -> None:
    """What passes the end grows while nothing is injected, and the blood that goes on keeps no run from resting."""
    p, steps = pushed_back()
    last = steps[-1]
    assert last.stopped == "time limit reached"
    beyond = [s.state.veins.beyond.sum() for s in steps]
    assert np.all(np.diff(beyond) >= 0.0)
    assert beyond[-1] > 0.0
    assert p.veins is not None
    assert np.abs(last.flow.fluxes.vein.cell).max() > 1e-10


def test_cement_comes_to_rest_while_blood_flows_on() -> None:
    """When it thickens, and not while a change of the venous pressure moves it."""
    stiffening = AgeingCement(Newtonian(200.0), Exponential(3.0, 0.0), 1e7)
    p = bone_with_tree(cement=stiffening)
    steps = list(simulate(p, PLAN, p.make_solver()))
    end = steps[-1]
    still = end.rest.still_since
    assert 24.0 < still < 40.0
    # The veins are blocked, so the blood takes its way through the bone.
    assert np.abs(end.flow.fluxes.fixed).sum() > 1e-9
    pores = p.volumes.pore_volume
    for before, step in itertools.pairwise(steps):
        dt = step.state.time - before.state.time
        moved = 0.5 * np.sum(pores * np.abs(step.state.saturation - before.state.saturation)) / dt
        if before.state.time >= still:
            assert moved < 1e-4 * p.drive.rate
    # Thin cement goes on with the blood.
    assert np.isnan(pushed_back()[1][-1].rest.still_since)


def test_going_on_from_a_step_gives_the_same_bits(tmp_path: Path) -> None:
    p, steps = pushed_back()
    middle = steps[len(steps) // 2]
    folder = RunFolder(tmp_path)
    write_checkpoint(folder, middle, [], [], {}, "digest")
    again = list(simulate(p, PLAN, p.make_solver(), read_checkpoint(folder).step))
    assert len(again) == len(steps) - len(steps) // 2 - 1
    for one, other in zip(leaves(again[-1]).items(), leaves(steps[-1]).items(), strict=True):
        np.testing.assert_array_equal(one[1], other[1], err_msg=one[0])


def test_a_tip_pressure_limit_holds_with_veins() -> None:
    p = bone_with_tree(drive={"max_tip": 3e3})
    steps = list(simulate(p, Plan(max_time=10.0), p.make_solver()))
    assert max(s.flow.tip_pressure for s in steps) <= 3e3 * 1.001
    assert steps[-1].flow.limited_by == "tip pressure"


def test_veins_may_drink_where_bone_hardly_resists() -> None:
    """Bone of a cavity conducts far better than the veins in it, whose nodes the incomplete factor left no pivot.

    One system of the first pressure field took more than 5000 iterations and did not converge.
    """
    open_veins = {f"bone.region.{i}.closes_veins": False for i in (1, 2)}
    case = preset("metastasis-level").replace({"geometry.edge_length": "3 mm", **open_veins})
    model = build_model(case, build_geometry(case.geometry))
    assert model.problem.veins is not None
    step = next(simulate(model.problem, model.plan, model.problem.make_solver()))
    assert step.flow.converged
    assert step.flow.iterations < 30 * step.flow.solves
