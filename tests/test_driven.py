"""Cement that a pressure or a hand pushes: against its differential equation, and against a stated rate."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from cementflow.flow.course import Plan, Step
from cementflow.flow.problem import Problem
from cementflow.laws.ageing import AgeingCement
from cementflow.laws.growth import Exponential
from cementflow.laws.in_situ import bundle_viscosity
from cementflow.laws.relative_permeability import Corey
from cementflow.laws.rheology import Newtonian, PowerLaw
from cementflow.sites.cannula import Cannula
from cementflow.sites.source import ball_weights
from cementflow.verify import DrivenBall, ball_source_time
from cementflow.views.history import History, read_history
from cementflow.views.page import new_page
from cementflow.views.panels import shade_held
from problems import ball, open_faces, problem, run, with_near_tip

PHI, BONE, MARROW, K, TIP, OUTER = 0.9, 1e-8, 0.05, 100.0, 2.5e-3, 10e-3
NEEDLE = Cannula(2e-3, 20e-3)
PRESSURE, RATE = 4e4, 5e-8  # RATE only says what counts as much


def pores(radius: float) -> float:
    """Cement in a ball [m3]."""
    return float(4 / 3 * np.pi * PHI * radius**3)


def equation(n: float, growth: float, **changes: float) -> DrivenBall:
    found = DrivenBall(
        PRESSURE,
        BONE,
        PHI,
        TIP,
        OUTER,
        bundle_viscosity(K, n, BONE, PHI) if n < 1.0 else K,
        n,
        MARROW,
        K,
        NEEDLE.radius,
        NEEDLE.length,
        growth,
    )
    return replace(found, **changes)


def posed(n: float, growth: float, edge: float, **drive: object) -> Problem:
    mesh = ball(OUTER, edge)
    bulk = Newtonian(K) if n == 1.0 else PowerLaw(K, n, 1e-30, 1e30)
    p = problem(
        mesh,
        ball_weights(mesh, np.zeros(3), TIP),
        [open_faces(mesh)],
        cement=AgeingCement(bulk, growth=Exponential(growth)),
        corey=Corey(1.0, 1.0),
        marrow=MARROW,
        rate=RATE,
        volume=pores(7.5e-3),
        drive={"max_syringe": PRESSURE, "cannula": NEEDLE, **drive},
        step=0.05,
    )
    return with_near_tip(p, BONE, np.zeros(3), TIP)


@cache
def driven(n: float, growth: float, edge: float) -> list[Step]:
    return run(posed(n, growth, edge, free=True), Plan(max_time=60.0))


@pytest.mark.parametrize(("n", "growth"), [(1.0, np.inf), (0.6, np.inf), (0.6, 15.0)])
def test_a_ball_driven_through_a_needle_follows_its_equation(n: float, growth: float) -> None:
    """From a radius of 4 mm on, within 1 % in volume; the rate as it takes one control volume after the other."""
    steps = driven(n, growth, 1.41e-3)
    times = np.array([s.state.time for s in steps])
    injected = np.array([s.state.injected for s in steps])
    begin = float(np.interp(pores(4e-3), injected, times))
    later = times > begin + 1.0
    assert later.sum() > 3
    exact = equation(n, growth)
    fronts = exact.fronts(times[later], 4e-3, begin)
    np.testing.assert_allclose(injected[later], pores(1.0) * fronts**3, rtol=0.01)
    rates = np.array([exact.rate(r, t) for r, t in zip(fronts, times[later], strict=True)])
    errors = np.array([s.flow.fluxes.rate for s in steps])[later] / rates - 1.0
    assert np.abs(errors).max() < 0.03
    assert abs(errors.mean()) < 0.01


def test_another_needle_does_not_follow_that_equation() -> None:
    """Negative control: what the needle takes is a good part of the pressure."""
    right, wrong = equation(1.0, np.inf), equation(1.0, np.inf, needle_radius=0.95 * NEEDLE.radius)
    assert wrong.rate(5e-3, 0.0) < 0.95 * right.rate(5e-3, 0.0)


def test_the_equation_has_its_closed_form() -> None:
    """Without a needle: `ball_source_time`."""
    alone = equation(1.0, np.inf, needle_length=0.0)
    time = ball_source_time(PRESSURE, BONE, PHI, TIP, 3e-3, 7e-3, OUTER, K, MARROW)
    assert alone.fronts([time], 3e-3)[0] == pytest.approx(7e-3, rel=1e-6)


def test_a_pressure_alone_and_a_rate_out_of_reach_are_the_same() -> None:
    """The limit acts all the time: whatever rate is wanted, the pressure decides."""
    alone = driven(0.6, np.inf, 2e-3)
    wanted = posed(0.6, np.inf, 2e-3)
    held = run(replace(wanted, drive=replace(wanted.drive, rate=1e-6)))
    assert {s.flow.limited_by for s in [*alone, *held]} == {"syringe pressure"}
    assert held[-1].state.time == pytest.approx(alone[-1].state.time, rel=0.01)


def test_a_limit_that_is_not_reached_changes_nothing() -> None:
    free = run(posed(0.6, np.inf, 2e-3, max_syringe=np.inf))
    peak = max(s.flow.syringe_pressure for s in free)
    limited = run(posed(0.6, np.inf, 2e-3, max_syringe=1.01 * peak))
    assert [s.state.time for s in free] == [s.state.time for s in limited]
    np.testing.assert_array_equal(free[-1].flow.pressure, limited[-1].flow.pressure)
    assert {s.flow.limited_by for s in limited} == {"rate"}
    held = run(posed(0.6, np.inf, 2e-3, max_syringe=0.8 * peak))
    assert {s.flow.limited_by for s in held} == {"rate", "syringe pressure"}
    assert held[-1].state.time > free[-1].state.time


def test_a_hand_is_a_pressure() -> None:
    named = run(posed(0.6, np.inf, 2e-3, free=True, by_force=True))
    assert {s.flow.limited_by for s in named} == {"plunger force"}
    assert named[-1].state.time == driven(0.6, np.inf, 2e-3)[-1].state.time


# --- what holds the rate, in the history and in the curves ---

COLUMNS = "time_s,injected_ml,in_bone_ml,leaked_ml,tip_pressure_kPa,syringe_pressure_kPa,flow_rate_ml_min"


def table(path: Path, limits: list[str] | None) -> History:
    """A history read from a file with those limits, or without that column."""
    rows = limits if limits is not None else ["rate"] * 4
    lines = [COLUMNS + (",limited_by" if limits is not None else "")]
    lines += [f"{i},0,0,0,1,2,3" + (f",{word}" if limits is not None else "") for i, word in enumerate(rows)]
    path.write_text("\n".join(lines) + "\n")
    return read_history(path)


def test_the_curves_are_shaded_while_a_limit_holds(tmp_path: Path) -> None:
    limits = ["rate", "tip pressure", "tip pressure", "rate", "plunger force", "stopped"]
    history = table(tmp_path / "history.csv", limits)
    assert history.held.tolist() == [False, True, True, False, True, False]
    assert history.words["limited_by"].tolist() == limits
    page = new_page((400, 300))
    axes = page.add_subplot()
    axes.set_xlim(0.0, 5.0)
    shade_held(axes, history.columns["time_s"], history.held, history.words["limited_by"])
    spans = [patch.get_extents().transformed(axes.transData.inverted()) for patch in axes.patches]
    np.testing.assert_allclose([(s.x0, s.x1) for s in spans], [(1.0, 3.0), (4.0, 5.0)])
    assert [t.get_text() for t in axes.texts] == ["held by tip pressure"]


def test_a_history_without_the_column_shades_nothing(tmp_path: Path) -> None:
    assert not table(tmp_path / "history.csv", None).held.any()
