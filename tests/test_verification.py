"""The simulator against closed forms, with observed orders; and the closed forms against quadrature and numbers.

`docs/verification.md` tells what is measured here and how far it agrees.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad, solve_ivp

from cementflow.flow.course import Counters, Plan, Step
from cementflow.flow.pressure import solve_pressure
from cementflow.flow.problem import Problem
from cementflow.laws.ageing import AgeingCement
from cementflow.laws.growth import Exponential
from cementflow.laws.in_situ import bundle_viscosity
from cementflow.laws.relative_permeability import Corey
from cementflow.laws.rheology import Newtonian, PowerLaw
from cementflow.mesh.box import box_mesh
from cementflow.mesh.tetmesh import TetMesh
from cementflow.sites.outlets import OpenFaces, Tube
from cementflow.sites.source import ball_weights
from cementflow.verify import (
    MADELUNG,
    ball_source_excess,
    ball_source_pressure,
    ball_source_time,
    buckley_leverett_front,
    buckley_leverett_saturation,
    cube_equivalent_radius,
    cylinder_pressure_drop,
    front_radius,
    herschel_bulkley_pipe_flow,
    leak_length,
    observed_order,
    piston_front,
    piston_pressure_drop,
    power_law_pipe_front,
    simple_shear_consistency,
    slab_pressure_drop,
    sphere_pressure_drop,
    two_layer_sphere_pressure,
)
from problems import (
    ball,
    face_share,
    full_state,
    open_faces,
    problem,
    run,
    slender_box,
    solver_of,
    with_near_tip,
)

# =====================================================================================================
# The references themselves
# =====================================================================================================


@given(st.floats(0.5, 4.0), st.floats(1e-6, 1e3))
def test_observed_order_of_a_power(order: float, factor: float) -> None:
    sizes = [0.25, 1.0, 0.5]
    found = observed_order(sizes, [factor * h**order for h in sizes])
    assert found.fitted == pytest.approx(order, rel=1e-9)
    assert found.pairwise == pytest.approx((order, order), rel=1e-9)


def test_observed_order_sees_a_scheme_that_stalls() -> None:
    """Negative control: an error that stops falling shows in the last pair."""
    found = observed_order([1.0, 0.5, 0.25], [1.0, 0.25, 0.2])
    assert found.pairwise == pytest.approx((2.0, np.log2(1.25)))
    assert found.fitted < 1.5


@pytest.mark.parametrize(
    ("sizes", "errors"),
    [
        ([1.0], [1.0]),
        ([1.0, 1.0], [1.0, 2.0]),
        ([1.0, 0.5], [1.0, 0.0]),
        ([1.0, 0.5], [1.0, np.nan]),
        ([1, 2, 3], [1, 2]),
    ],
)
def test_observed_order_refuses_what_has_none(sizes: list[float], errors: list[float]) -> None:
    with pytest.raises(ValueError, match="sizes"):
        observed_order(sizes, errors)


def test_sharp_front_answers_of_the_benchmark() -> None:
    """Radius and mean ball pressure of A1, A2 and A3 at 10, 20 and 30 s, as agreed."""
    Q, k, phi, r0, outer = 1e-7, 5e-9, 0.8, 3e-3, cube_equivalent_radius(30e-3)
    times = np.array([10.0, 20.0, 30.0])
    radii = [front_radius(Q * t, phi) for t in times]
    np.testing.assert_allclose(radii, [6.683e-3, 8.419e-3, 9.638e-3], rtol=1e-4)
    thin = simple_shear_consistency(100.0, 0.6, k, phi)
    a1 = [ball_source_pressure(Q, k, r0, r, outer, 50.0, 0.1) for r in radii]
    a2 = [ball_source_pressure(Q, k, r0, r, outer, thin, 0.1, 0.6) for r in radii]
    a3 = [
        ball_source_pressure(Q, k, r0, r, outer, thin * np.exp(t / 60.0), 0.1, 0.6)
        for r, t in zip(radii, times, strict=True)
    ]
    np.testing.assert_allclose(a1, [19.94e3, 22.39e3, 23.58e3], rtol=3e-4)
    np.testing.assert_allclose(a2, [15.41e3, 18.50e3, 20.24e3], rtol=3e-4)
    np.testing.assert_allclose(a3, [18.20e3, 25.81e3, 33.37e3], rtol=3e-4)


def test_madelung_constant() -> None:
    """By the rapidly convergent series 12 pi sum sech^2(pi/2 sqrt(m^2 + n^2)) over odd m and n (Benson 1956)."""
    odd = np.arange(1, 40, 2)
    series = 12.0 * np.pi * (np.cosh(0.5 * np.pi * np.hypot(odd[:, None], odd)) ** -2.0).sum()
    assert pytest.approx(series, rel=1e-12) == MADELUNG


def test_cube_resists_as_its_equivalent_sphere() -> None:
    """A ball source in a cube of marrow alone, against the sphere of equal resistance."""
    side, r0 = 30e-3, 4e-3
    mesh = box_mesh((side, side, side), 1.6e-3)
    center = np.full(3, 0.5 * side)
    p = with_near_tip(problem(mesh, ball_weights(mesh, center, r0), [open_faces(mesh)]), 1e-8, center, r0)
    tip = solve_pressure(p, solver_of(p), full_state(p, 0.0), 1.0).tip_pressure
    outer = cube_equivalent_radius(side)
    exact = ball_source_excess(1e-7, 1e-8, r0, 0.1) + sphere_pressure_drop(1e-7, 1e-8, r0, outer, 0.1)
    assert tip == pytest.approx(exact, rel=0.002)


@pytest.mark.parametrize("n", [0.3, 0.5, 0.6, 1.0])
def test_radial_closed_forms_against_quadrature(n: float) -> None:
    Q, k, M, a, b, h = 2e-6 / 30, 1e-8, 2.7, 1.5e-3, 15e-3, 20e-3
    sphere = quad(lambda r: M / k * (Q / (4 * np.pi * r**2)) ** n, a, b, epsrel=1e-11)[0]
    cylinder = quad(lambda r: M / k * (Q / (2 * np.pi * r * h)) ** n, a, b, epsrel=1e-11)[0]
    slab = quad(lambda _: M / k * 1e-4**n, 0.0, 0.03)[0]
    assert sphere_pressure_drop(Q, k, a, b, M, n) == pytest.approx(sphere, rel=1e-9)
    assert cylinder_pressure_drop(Q, k, h, a, b, M, n) == pytest.approx(cylinder, rel=1e-9)
    assert slab_pressure_drop(1e-4, k, 0.03, M, n) == pytest.approx(slab, rel=1e-12)

    def over_rim(r: float) -> float:
        return quad(lambda s: M / k * (Q * s / (4 * np.pi * a**3)) ** n, r, a)[0]

    mean = quad(lambda r: 3 * r**2 / a**3 * over_rim(r), 0.0, a)[0]
    assert ball_source_excess(Q, k, a, M, n) == pytest.approx(mean, rel=1e-8)


def test_reference_numbers_of_radial_flow() -> None:
    Q = 2e-6 / 30
    assert sphere_pressure_drop(Q, 1e-8, 1.5e-3, 15e-3, 2.71996, 0.6) == pytest.approx(19_962.27, rel=1e-6)
    assert cylinder_pressure_drop(Q, 1e-8, 20e-3, 1.5e-3, 15e-3, 2.71996, 0.6) == pytest.approx(
        13_100.18, rel=1e-6
    )


def test_reference_numbers_of_the_two_layer_sphere() -> None:
    Q = 4e-6 / 60
    radii = [front_radius(v, 0.9, 1.5e-3) for v in (1e-6, 2e-6, 4e-6)]
    np.testing.assert_allclose(radii, [6.452380e-3, 8.112431e-3, 10.210242e-3], rtol=2e-7)
    p = [two_layer_sphere_pressure(Q, 1e-8, 1.5e-3, r, 15e-3, 100.0, 0.1) for r in radii]
    np.testing.assert_allclose(p, [27.1504e3, 28.8312e3, 30.1735e3], rtol=3e-6)


def test_ball_source_time_against_its_ode() -> None:
    r0, k, phi, outer, cement, marrow, pressure = 2e-3, 1e-8, 0.9, 12e-3, 100.0, 0.5, 5e3

    def growth(_: float, r: np.ndarray) -> np.ndarray:
        unit = ball_source_pressure(1.0, k, r0, float(r[0]), outer, cement, marrow)
        return pressure / unit / (4 * np.pi * phi * r**2)

    arrived = ball_source_time(pressure, k, phi, r0, 3e-3, 8e-3, outer, cement, marrow)
    r = solve_ivp(growth, (0.0, arrived), [3e-3], rtol=1e-9, atol=1e-14).y[0, -1]
    assert r == pytest.approx(8e-3, rel=1e-7)


def test_piston_closed_form_against_its_ode() -> None:
    drop, k, phi, length, cement, marrow = 2e4, 1e-8, 0.9, 30e-3, 100.0, 5.0

    exact = float(piston_front(drop, k, phi, length, cement, marrow, 100.0))
    assert 0.2 * length < exact < length
    # u = k dp / [mu_c x + mu_m (L - x)] is the flux at which the piston's drop is dp.
    flux = drop / piston_pressure_drop(1.0, k, length, exact, cement, marrow)
    x = solve_ivp(
        lambda _, x: [drop / piston_pressure_drop(1.0, k, length, float(x[0]), cement, marrow) / phi],
        (0.0, 100.0),
        [0.0],
        rtol=1e-10,
        atol=1e-14,
    ).y[0, -1]
    assert exact == pytest.approx(x, rel=1e-8)
    assert piston_pressure_drop(flux, k, length, exact, cement, marrow) == pytest.approx(drop, rel=1e-12)


@pytest.mark.parametrize(
    ("ratio", "speed"), [(1.0, 1.207107), (10.0, 1.024404), (100.0, 1.0024938), (1000.0, 1.00024994)]
)
def test_welge_front(ratio: float, speed: float) -> None:
    saturation, found = buckley_leverett_front(ratio)
    assert saturation == pytest.approx(np.sqrt(ratio / (1.0 + ratio)), rel=1e-12)
    assert found == pytest.approx(speed, rel=1e-6)


@given(st.floats(0.1, 1e3), st.sampled_from([1.0, 1.5, 2.0, 3.0]), st.sampled_from([1.0, 1.5, 2.0, 3.0]))
def test_buckley_leverett_profile_holds_what_was_injected(ratio: float, nc: float, nm: float) -> None:
    front, speed = buckley_leverett_front(ratio, nc, nm)
    assert 0.0 <= front <= 1.0
    x = (np.arange(20_000) + 0.5) / 20_000 * speed
    s = buckley_leverett_saturation(x, ratio, nc, nm)
    assert (np.diff(s) <= 1e-12).all()
    assert s.mean() * speed == pytest.approx(1.0, abs=2e-3)
    assert buckley_leverett_saturation(1.0001 * speed, ratio, nc, nm) == 0.0


def test_linear_permeabilities_make_a_piston_or_a_fan() -> None:
    assert buckley_leverett_front(500.0, 1.0, 1.0) == (1.0, 1.0)
    assert buckley_leverett_front(0.5, 1.0, 1.0) == (0.0, pytest.approx(2.0))


def test_herschel_bulkley_pipe() -> None:
    assert herschel_bulkley_pipe_flow(5e5, 1e-3, 50.0, 0.6, 80.0) == pytest.approx(4.20723e-9, rel=2e-6)
    wall = 0.5 * 5e5 * 1e-3
    profile = quad(lambda t: t**2 * ((t - 80.0) / 50.0) ** (1 / 0.6), 80.0, wall, epsrel=1e-11)[0]
    exact = np.pi * 1e-9 / wall**3 * profile
    assert herschel_bulkley_pipe_flow(5e5, 1e-3, 50.0, 0.6, 80.0) == pytest.approx(exact, rel=1e-9)
    assert herschel_bulkley_pipe_flow(1e5, 1e-3, 50.0, 0.6, 80.0) == 0.0
    newtonian = np.pi * 1e-12 * 5e5 / (8 * 50.0)
    assert herschel_bulkley_pipe_flow(5e5, 1e-3, 50.0, 1.0, 0.0) == pytest.approx(newtonian, rel=1e-12)


def test_leak_length_numbers_and_ode() -> None:
    R = front_radius(4e-6, 0.9, 1.5e-3)
    lengths = [leak_length(R, 8e-3, d, 1e-8, 0.9) for d in (1e-3, 2e-3, 3e-3)]
    np.testing.assert_allclose(lengths, [4.034e-3, 8.067e-3, 12.10e-3], rtol=1e-4)
    Q = 4e-6 / 60
    for cement, rounded in ((100.0, 4.0e-3), (500.0, 10.5e-3)):

        def speed(r: float, x: np.ndarray, cement: float = cement) -> np.ndarray:
            p = Q * cement / (4 * np.pi * 1e-8) * (1 / 8e-3 - 1 / r) - 1e3
            return 1.5e-3**2 / (8 * cement * x) * p * 4 * np.pi * 0.9 * r**2 / Q

        opened = 1.0 / (1 / 8e-3 - 4 * np.pi * 1e-8 * 1e3 / (cement * Q))
        exact = leak_length(R, 8e-3, 3e-3, 1e-8, 0.9, 1e3, cement, Q)
        start = 1.01 * opened
        x0 = leak_length(start, 8e-3, 3e-3, 1e-8, 0.9, 1e3, cement, Q)
        x = solve_ivp(speed, (start, R), [x0], rtol=1e-9, atol=1e-15).y[0, -1]
        assert exact == pytest.approx(x, rel=1e-6)
        assert exact == pytest.approx(rounded, rel=0.03)
    # The leak starts only above 70 Pa s against 1 kPa.
    assert leak_length(R, 8e-3, 3e-3, 1e-8, 0.9, 1e3, 68.0, Q) == 0.0


# =====================================================================================================
# The simulator
# =====================================================================================================

SIZES = (2.0e-3, 1.41e-3, 1.0e-3)


def law_of(n: float, K: float = 100.0) -> AgeingCement:
    return AgeingCement(Newtonian(K) if n == 1.0 else PowerLaw(K, n, 1e-9, 1e9))


@cache
def spherical(n: float, edge: float) -> tuple[float, float]:
    """Errors of the pressure drop between two radii and of the pressure field, in a ball full of cement."""
    mesh, r0, outer = ball(10e-3, edge), 2.5e-3, 10e-3
    source = ball_weights(mesh, np.zeros(3), r0)
    p = problem(mesh, source, [open_faces(mesh)], cement=law_of(n), linear=1e-9, picard=1e-6)
    flow = solve_pressure(p, solver_of(p), full_state(p), 1.0)
    assert flow.converged
    M = bundle_viscosity(100.0, n, 1e-8, 0.9)
    r = np.linalg.norm(mesh.points, axis=1)
    drop = mean_at(flow.pressure, r, 4e-3) - mean_at(flow.pressure, r, 8e-3)
    at = (r > 3.5e-3) & (r < 8.5e-3)
    exact = np.array([sphere_pressure_drop(1e-7, 1e-8, x, outer, M, n) for x in r[at]])
    v = p.volumes.pore_volume[at]
    field = np.sqrt(v @ (flow.pressure[at] - exact) ** 2 / (v @ exact**2))
    return abs(drop / sphere_pressure_drop(1e-7, 1e-8, 4e-3, 8e-3, M, n) - 1.0), float(field)


def mean_at(pressure: np.ndarray, r: np.ndarray, radius: float) -> float:
    """Pressure at a radius by a parabola in 1/r through the vertices around it."""
    near = np.abs(r - radius) < 1.2e-3
    return float(np.polyval(np.polyfit(1 / r[near] - 1 / radius, pressure[near], 2), 0.0))


@pytest.mark.parametrize("n", [1.0, 0.6, 0.4])
def test_power_law_flow_in_a_ball(n: float) -> None:
    """Capillary bundle, spherical injection: second order in the mesh width."""
    errors = [spherical(n, edge) for edge in SIZES]
    drop, field = zip(*errors, strict=True)
    assert field[-1] < 0.006
    assert observed_order(SIZES, field).fitted > 1.7
    assert drop[-1] < 0.006


@cache
def cylindrical(n: float, cells: int) -> float:
    """Error of the pressure drop in a quarter of a hollow disc, away from its inner rim."""
    inner, outer, height = 2e-3, 8e-3, 1e-3
    middle = 0.25 * np.pi * (inner + outer)
    box = box_mesh((outer - inner, middle, height), 0.938 * (outer - inner) / cells)
    r, angle = inner + box.points[:, 0], box.points[:, 1] / middle * 0.5 * np.pi
    mesh = TetMesh.build(np.column_stack([r * np.cos(angle), r * np.sin(angle), box.points[:, 2]]), box.tets)
    rim = OpenFaces("rim", "C", np.flatnonzero(r > outer - 1e-9).astype(np.int32), 0.0)
    source = face_share(mesh, r < inner + 1e-9)
    p = problem(mesh, source, [rim], cement=law_of(n), linear=1e-9, picard=1e-6, rate=1e-7)
    flow = solve_pressure(p, solver_of(p), full_state(p), 1.0)
    assert flow.converged
    M = bundle_viscosity(100.0, n, 1e-8, 0.9)
    at = (r > 1.4 * inner) & (r < 0.9 * outer)
    exact = np.array([cylinder_pressure_drop(4e-7, 1e-8, height, x, outer, M, n) for x in r[at]])
    v = p.volumes.pore_volume[at]
    return float(np.sqrt(v @ (flow.pressure[at] - exact) ** 2 / (v @ exact**2)))


@pytest.mark.parametrize("n", [1.0, 0.6])
def test_power_law_flow_in_a_disc(n: float) -> None:
    cells = (6, 12, 24)
    errors = [cylindrical(n, c) for c in cells]
    assert errors[-1] < 0.004
    assert observed_order([1 / c for c in cells], errors).fitted > (1.7 if n == 1.0 else 0.9)


def test_power_law_flow_along_a_rod() -> None:
    """U = const: the closed form to the tolerance of the iteration, as there is no discretisation error."""
    mesh = slender_box(20e-3, 10)
    x = mesh.points[:, 0]
    end = OpenFaces("end", "C", np.flatnonzero(x > 20e-3 - 1e-9).astype(np.int32), 0.0)
    p = problem(
        mesh,
        face_share(mesh, x < 1e-9),
        [end],
        cement=law_of(0.6),
        rate=1e-4 * 4e-6,
        linear=1e-11,
        picard=1e-8,
    )
    tip = solve_pressure(p, solver_of(p), full_state(p), 1.0).tip_pressure
    M = bundle_viscosity(100.0, 0.6, 1e-8, 0.9)
    assert tip == pytest.approx(slab_pressure_drop(1e-4, 1e-8, 20e-3, M, 0.6), rel=1e-6)


# --- fronts in one dimension ---

ROD = 30e-3


@cache
def buckley_leverett(ratio: float, n: float, cells: int) -> tuple[float, float]:
    """Errors of the saturation (L1, relative) and of the front position after half a rod's pores."""
    mesh = slender_box(ROD, cells)
    x, area = mesh.points[:, 0], (ROD / cells) ** 2
    end = OpenFaces("end", "C", np.flatnonzero(x > ROD - 1e-9).astype(np.int32), 0.0)
    p = problem(
        mesh,
        face_share(mesh, x < 1e-9),
        [end],
        cement=AgeingCement(Newtonian(0.1 * ratio)),
        corey=Corey(n, n),
        rate=1e-4 * area,
        volume=0.5 * ROD * 0.9 * area,
    )
    last = run(p)[-1]
    assert last.state.balance_error(p) < 1e-12
    s, v = last.state.saturation, p.volumes.pore_volume
    front, speed = buckley_leverett_front(ratio, n, n)
    exact = buckley_leverett_saturation(x / (0.5 * ROD), ratio, n, n)
    levels, level = np.unique(np.round(x, 9), return_inverse=True)
    profile = np.bincount(level, v * s) / np.bincount(level, v)
    behind = int(np.flatnonzero(profile >= 0.5 * front)[-1])
    step = (profile[behind] - 0.5 * front) / (profile[behind] - profile[behind + 1])
    position = levels[behind] + step * (levels[behind + 1] - levels[behind])
    return float(v @ np.abs(s - exact) / (v @ exact)), abs(position / (0.5 * ROD * speed) - 1.0)


@pytest.mark.parametrize(
    ("ratio", "n", "lowest_order", "largest_error", "front_error"),
    [
        (1.0, 2.0, 0.6, 0.055, 0.04),
        (10.0, 2.0, 0.65, 0.025, 0.012),
        (500.0, 2.0, 0.85, 0.011, 0.002),
        (500.0, 1.0, 0.85, 0.011, 0.002),
    ],
)
def test_buckley_leverett(
    ratio: float, n: float, lowest_order: float, largest_error: float, front_error: float
) -> None:
    """First order at sharp fronts, a little less where a fan follows the front, as for any upwind scheme."""
    cells = (16, 32, 64)
    errors, fronts = zip(*(buckley_leverett(ratio, n, c) for c in cells), strict=True)
    assert observed_order([1 / c for c in cells], errors).fitted > lowest_order
    assert errors[-1] < largest_error
    assert fronts[-1] < front_error


def test_piston_pressure_along_a_rod() -> None:
    """Constant rate: the pressure at the inlet grows as (u/k) [mu_c x + mu_m (L - x)]."""
    cells = 32
    mesh = slender_box(ROD, cells)
    x, area = mesh.points[:, 0], (ROD / cells) ** 2
    end = OpenFaces("end", "C", np.flatnonzero(x > ROD - 1e-9).astype(np.int32), 0.0)
    p = problem(
        mesh,
        face_share(mesh, x < 1e-9),
        [end],
        corey=Corey(1.0, 1.0),
        rate=1e-4 * area,
        volume=0.8 * ROD * 0.9 * area,
    )
    times = tuple(0.9 * f * ROD / 1e-4 for f in (0.2, 0.4, 0.6, 0.8))
    steps = {s.state.time: s for s in run(p, Plan(output_times=times[:-1]))}
    for t in times:
        step = min(steps.values(), key=lambda s: abs(s.state.time - t))
        assert step.state.time == pytest.approx(t, rel=1e-6)
        exact = piston_pressure_drop(1e-4, 1e-8, ROD, 1e-4 * t / 0.9, 100.0, 0.1)
        assert step.flow.tip_pressure == pytest.approx(exact, rel=0.02)


# --- a growing ball ---


@cache
def growing_ball(
    n: float, growth: float, edge: float, max_step: float | None = None
) -> tuple[np.ndarray, float]:
    """Benchmark A in a ball of its own: errors of the tip pressure at three radii, and of the saturation (L1)."""
    r0, outer, Q, phi, k, marrow, last_radius = 2.5e-3, 10e-3, 1e-7, 0.9, 1e-8, 0.05, 8e-3
    mesh = ball(outer, edge)
    radii = np.array([5e-3, 6.5e-3, last_radius])
    times = 4 / 3 * np.pi * phi * radii**3 / Q
    tolerances = {} if max_step is None else {"step": 10.0, "max_step": max_step}
    p = problem(
        mesh,
        ball_weights(mesh, np.zeros(3), r0),
        [open_faces(mesh)],
        cement=AgeingCement(law_of(n).bulk, growth=Exponential(growth)),
        marrow=marrow,
        rate=Q,
        volume=Q * times[-1],
        **tolerances,
    )
    steps = run(with_near_tip(p, k, np.zeros(3), r0), Plan(output_times=tuple(times[:-1])))
    found = [min(steps, key=lambda s: abs(s.state.time - t)).flow.tip_pressure for t in times]
    M = bundle_viscosity(100.0, n, k, phi)
    exact = [
        ball_source_pressure(Q, k, r0, R, outer, M * np.exp(t / growth), marrow, n)
        for R, t in zip(radii, times, strict=True)
    ]
    sharp = np.linalg.norm(mesh.points, axis=1) < last_radius
    v = p.volumes.pore_volume
    l1 = v @ np.abs(steps[-1].state.saturation - sharp) / (v @ sharp)
    return np.array(found) / exact - 1.0, float(l1)


@pytest.mark.parametrize(("n", "growth"), [(1.0, np.inf), (0.6, np.inf), (0.6, 20.0)], ids=["A1", "A2", "A3"])
def test_pressure_and_cloud_of_a_growing_ball(n: float, growth: float) -> None:
    """Newtonian, power-law and ageing cement."""
    errors, clouds = zip(*(growing_ball(n, growth, edge) for edge in SIZES), strict=True)
    assert np.abs(errors[-1]).max() < 0.01
    assert observed_order(SIZES, clouds).fitted > 0.9
    assert clouds[-1] < 0.08


def test_shorter_steps_converge() -> None:
    """The cloud converges with first order or better at a fixed step; the tip pressure hardly feels the step at all."""
    pressure, cloud = growing_ball(0.6, 20.0, 2.0e-3, 0.05)
    steps = (2.0, 1.0, 0.5, 0.25)
    found = [growing_ball(0.6, 20.0, 2.0e-3, dt) for dt in steps]
    assert max(np.abs(p - pressure).max() for p, _ in found) < 0.0015
    assert observed_order(steps, [abs(c - cloud) for _, c in found]).fitted > 0.9


@pytest.mark.parametrize("edges", [0.5, 0.75, 1.25])
def test_a_coarse_source_costs_nothing(edges: float) -> None:
    """The tip pressure of a source as small as half a mesh width, anywhere in the mesh, against the eccentric ball."""
    outer = 12e-3
    mesh = ball(outer, 1.4e-3)
    r0 = edges * mesh.mean_edge_length
    rng = np.random.default_rng(0)
    for _ in range(6):
        center = rng.uniform(-1.0, 1.0, 3) * mesh.mean_edge_length
        p = with_near_tip(problem(mesh, ball_weights(mesh, center, r0), [open_faces(mesh)]), 1e-8, center, r0)
        tip = solve_pressure(p, solver_of(p), full_state(p, 0.0), 1.0).tip_pressure
        # Source at a distance d from the centre of a ball with p = 0 around it: its image adds R / (R^2 - d^2).
        exact = 1e-7 * 0.1 / (4 * np.pi * 1e-8) * (1.2 / r0 - outer / (outer**2 - center @ center))
        assert tip == pytest.approx(exact, rel=0.002)


# --- a limited pressure ---


@cache
def pressure_driven(edge: float) -> tuple[float, float, float]:
    """A ball filled at a rate, then at the pressure it has reached; errors of switch time, volume and rate."""
    r0, radius, limit, phi, k, mu, marrow = 2.5e-3, 10e-3, 1.2e4, 0.9, 1e-8, 100.0, 0.05
    mesh = ball(radius, edge)
    p = problem(
        mesh,
        ball_weights(mesh, np.zeros(3), r0),
        [open_faces(mesh)],
        corey=Corey(1.0, 1.0),
        marrow=marrow,
        rate=5e-8,
        drive={"max_tip": limit},
        step=0.02,
    )
    Q = p.drive.rate
    # 1/R at which the wanted rate needs the limit.
    inverse = (1.2 * mu / r0 - marrow / radius - limit * 4 * np.pi * k / Q) / (mu - marrow)
    at_switch = 1.0 / inverse
    switch = 4 / 3 * np.pi * phi * at_switch**3 / Q
    end_radius = 7e-3
    lasting = ball_source_time(limit, k, phi, r0, at_switch, end_radius, radius, mu, marrow)
    last: Step = run(with_near_tip(p, k, np.zeros(3), r0), Plan(max_time=switch + lasting))[-1]
    held = next(e.time for e in last.events if "tip pressure" in e.what)
    volume = 4 / 3 * np.pi * phi * end_radius**3
    rate = limit / ball_source_pressure(1.0, k, r0, end_radius, radius, mu, marrow)
    return held / switch - 1.0, last.state.injected / volume - 1.0, last.flow.fluxes.rate / rate - 1.0


def test_a_pressure_driven_ball_follows_its_ode() -> None:
    errors = [pressure_driven(edge) for edge in (1.41e-3, 1.0e-3)]
    switch, volume, rate = np.abs(errors).max(axis=0)
    assert switch < 0.08
    assert volume < 0.004
    assert rate < 0.01


# --- vessels ---


def tube(radius: float, length: float, standing: float, vertices: np.ndarray, share: np.ndarray) -> Tube:
    return Tube("vein", "B", vertices, share, radius, length, 0.0, standing, np.zeros(3), np.zeros(3))


@cache
def tube_from_a_rod(n: float, dt: float) -> float:
    """Error of the length of cement in a thin tube behind a rod that resists nothing; whole simulator, steps of dt."""
    length, pressure, K, until = 40e-3, 2e4, 20.0, 8.0
    mesh = slender_box(length, 4)
    x = mesh.points[:, 0]
    mouth = np.flatnonzero(x > length - 1e-9).astype(np.int32)
    vein = tube(0.5e-3, 60e-3, 1e-6, mouth, np.full(len(mouth), 1 / len(mouth)))
    inlet = OpenFaces("inlet", "C", np.flatnonzero(x < 1e-9).astype(np.int32), pressure)
    p = problem(
        mesh,
        face_share(mesh, x < 1e-9),
        [vein, inlet],
        cement=law_of(n, K),
        permeability=1e-3,
        rate=2e-9,
        max_step=dt,
        step=10.0,
        linear=1e-9,
        picard=1e-6,
    )
    full = full_state(p)
    start = Step(full, solve_pressure(p, solver_of(p), full, dt), 0.0, dt, Counters(), np.full(2, np.nan))
    last = run(p, Plan(max_time=until), start)[-1]
    exact = float(power_law_pipe_front(pressure, 0.5e-3, K, n, until))
    assert exact < vein.length
    return abs(last.state.held[0] / vein.area / exact - 1.0)


def test_a_tube_fills_under_a_constant_pressure() -> None:
    """The square-root law of Newtonian cement, through the whole simulator, whatever the steps."""
    assert max(tube_from_a_rod(1.0, dt) for dt in (2.0, 0.5)) < 1e-5


def test_a_tube_fills_with_power_law_cement() -> None:
    """The n/(n + 1) law; the viscosity is that of the mean flow of a step, which is first order."""
    steps = (2.0, 1.0, 0.5)
    errors = [tube_from_a_rod(0.6, dt) for dt in steps]
    assert errors[-1] < 0.006
    assert observed_order(steps, errors).fitted > 0.9


@cache
def leak(diameter: float, edge: float) -> tuple[float, float]:
    """Length of cement in a vessel that drains the sphere r = 8 mm evenly, over the closed form.

    Both forms: with the ball of all the cement, and with what the vessel left of it.
    """
    mesh, opening = ball(12.5e-3, edge), 8e-3
    r = np.linalg.norm(mesh.points, axis=1)
    at = np.flatnonzero(np.abs(r - opening) < 0.6 * edge).astype(np.int32)
    excess = 1.0 / r[at] - 1.0 / opening
    inside = excess >= 0.0
    # Shares that make the mouth pressure that of the sphere r = 8 mm in a field of 1/r.
    share = np.where(inside, 1.0 / excess[inside].sum(), -1.0 / excess[~inside].sum())
    vein = tube(0.5 * diameter, 0.1, 1e-6, at, share / share.sum())
    p = problem(
        mesh,
        ball_weights(mesh, np.zeros(3), 3e-3),
        [open_faces(mesh), vein],
        marrow=1e-2,
        rate=4e-6 / 60,
        volume=4e-6,
        step=0.02,
        picard=1e-7,
        linear=1e-10,
    )
    last = run(p)[-1]
    length = last.state.held[1] / vein.area
    whole, left = (front_radius(4e-6 - taken, 0.9) for taken in (0.0, last.state.leaked[1]))
    return tuple(length / leak_length(R, opening, diameter, 1e-8, 0.9) - 1.0 for R in (whole, left))


@pytest.mark.parametrize("diameter", [1e-3, 3e-3])
def test_a_leak_from_a_growing_ball(diameter: float) -> None:
    """Within 3 % of the closed form, and converging to it once the ball is that of the cement left in the bone."""
    coarse, fine = leak(diameter, 2.0e-3), leak(diameter, 1.41e-3)
    assert abs(fine[0]) < 0.03
    assert abs(fine[1]) < 0.017
    assert abs(fine[1]) < abs(coarse[1]) < 0.035


def viscosity_twin(p: Problem, factor: float) -> Problem:
    return replace(
        p,
        cement=AgeingCement(Newtonian(100.0 * factor)),
        marrow=replace(p.marrow, bulk=Newtonian(p.marrow_viscosity * factor)),
    )


def test_the_split_does_not_depend_on_the_viscosity() -> None:
    """Newtonian fluids all ten times thicker, also in the vessel: the same cement goes the same ways."""
    mesh = ball(6e-3, 1.5e-3)
    surface = np.unique(mesh.boundary)
    at = surface[mesh.points[surface, 0] > 5.3e-3].astype(np.int32)
    shares = []
    for factor in (1.0, 10.0):
        vein = tube(1e-3, 20e-3, 0.0035 * factor, at, np.full(len(at), 1 / len(at)))
        rest = np.setdiff1d(surface, at).astype(np.int32)
        outlets = [vein, OpenFaces("open", "C", rest, 0.0)]
        p = problem(
            mesh,
            ball_weights(mesh, np.array([2e-3, 0, 0]), 1.5e-3),
            outlets,
            volume=0.5e-6,
            linear=1e-10,
            picard=1e-7,
        )
        shares.append(run(viscosity_twin(p, factor))[-1].state.leaked)
    assert shares[0][0] > 1e-9
    np.testing.assert_allclose(shares[1], shares[0], rtol=1e-8)
