"""Where cement enters and leaves: ball sources, tubes, openings and the cannula."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from cementflow.flow.pressure import solve_pressure
from cementflow.flow.state import State
from cementflow.laws.ageing import AgeingCement
from cementflow.laws.growth import Exponential
from cementflow.laws.pipe import power_law_pipe_gradient
from cementflow.laws.rheology import PowerLaw
from cementflow.mesh.box import box_mesh
from cementflow.mesh.samples import _small_triangles
from cementflow.mesh.tetmesh import TetMesh
from cementflow.sites.cannula import Cannula
from cementflow.sites.outlets import OpenFaces, Opening, Tube
from cementflow.sites.source import SUBDIVISIONS, ball_weights, barycentric_lattice
from cementflow.sites.surface import BoneSurface
from cementflow.verify import piston_front, power_law_pipe_front
from problems import ball, open_faces, problem, solver_of

BOX = box_mesh((10e-3, 9e-3, 8e-3), 1.2e-3)
ONE_TET = TetMesh.build(np.vstack([np.zeros(3), 1e-2 * np.eye(3)]), np.array([[0, 1, 2, 3]]))


# --- ball sources ---


@given(
    st.tuples(st.floats(3.5e-3, 6e-3), st.floats(3.5e-3, 5e-3), st.floats(3.5e-3, 4.5e-3)),
    st.floats(1e-3, 3e-3),
)
def test_ball_weights_have_the_balls_sum_and_centre(
    center: tuple[float, float, float], radius: float
) -> None:
    """A ball inside the mesh: all shares positive, sum 1; their mean lies within a fraction of the mesh width."""
    weights = ball_weights(BOX, np.array(center), radius)
    assert (weights >= 0.0).all()
    assert weights.sum() == pytest.approx(1.0, rel=1e-12)
    assert np.linalg.norm(weights @ BOX.points - center) < 0.1 * BOX.mean_edge_length


def test_ball_centre_sharpens_with_the_mesh() -> None:
    center = np.array([4.9e-3, 4.2e-3, 3.9e-3])
    offset = []
    for edge in (2e-3, 1e-3, 0.5e-3):
        mesh = box_mesh((10e-3, 9e-3, 8e-3), edge)
        offset.append(np.linalg.norm(ball_weights(mesh, center, 2e-3) @ mesh.points - center))
    assert offset[2] < 0.02e-3
    assert offset[2] < 0.5 * offset[0]


def test_ball_weights_are_volume_fractions() -> None:
    """Against the exact share of a ball in each control volume, by many random points."""
    center, radius = np.array([4.7e-3, 4.3e-3, 4.1e-3]), 1.5e-3
    rng = np.random.default_rng(3)
    points = rng.normal(size=(20_000, 3))
    points *= (radius * rng.random(len(points)) ** (1 / 3) / np.linalg.norm(points, axis=1))[:, None]
    owner = owners(BOX, points + center)
    exact = np.bincount(owner, minlength=len(BOX.points)) / len(points)
    weights = ball_weights(BOX, center, radius)
    assert 0.5 * np.abs(weights - exact).sum() < 0.02


def owners(mesh: TetMesh, points: np.ndarray) -> np.ndarray:
    """Vertex with the largest barycentric coordinate at each point."""
    found = np.full(len(points), -1)
    middle, reach = points.mean(axis=0), np.ptp(points, axis=0).max() + mesh.mean_edge_length
    near_ball = np.linalg.norm(mesh.points[mesh.tets].mean(axis=1) - middle, axis=1) < reach
    for tet in mesh.tets[near_ball]:
        corners = mesh.points[tet]
        low, high = corners.min(axis=0), corners.max(axis=0)
        near = np.flatnonzero((found < 0) & ((points >= low) & (points <= high)).all(axis=1))
        if len(near) == 0:
            continue
        matrix = np.linalg.inv(np.vstack([np.ones(4), corners.T]))
        barycentric = np.column_stack([np.ones(len(near)), points[near]]) @ matrix.T
        inside = (barycentric >= -1e-12).all(axis=1)
        found[near[inside]] = tet[barycentric[inside].argmax(axis=1)]
    assert (found >= 0).all()
    return found


def test_a_ball_around_everything_fills_all_control_volumes() -> None:
    weights = ball_weights(ONE_TET, np.zeros(3), 1.0)
    np.testing.assert_allclose(weights, 0.25, rtol=1e-12)


def test_a_tiny_ball_sits_in_one_control_volume() -> None:
    at = int(np.argmin(np.linalg.norm(BOX.points - [5e-3, 4e-3, 4e-3], axis=1)))
    weights = ball_weights(BOX, BOX.points[at], 0.1e-3)
    assert weights[at] == 1.0


def test_a_ball_outside_the_mesh_has_no_weights() -> None:
    assert not ball_weights(BOX, np.array([1.0, 0.0, 0.0]), 1e-3).any()


def test_a_ball_across_the_surface_keeps_to_the_inside() -> None:
    weights = ball_weights(BOX, np.array([0.0, 4.5e-3, 4e-3]), 2e-3)
    assert weights.sum() == pytest.approx(1.0, rel=1e-12)
    half_ball = 3.0 / 8.0 * 2e-3  # centroid of a half ball
    assert weights @ BOX.points[:, 0] == pytest.approx(half_ball, abs=0.15e-3)


@pytest.mark.parametrize("radius", [0.7e-3, 1.1e-3, 2.9e-3])
def test_ball_weights_are_those_of_every_tetrahedron_sampled(radius: float) -> None:
    """Leaving out what the ball cannot touch, and not sampling what lies inside it, changes nothing."""
    center = np.array([4.7e-3, 4.3e-3, 1.1e-3])
    barycentric, ownership = barycentric_lattice(SUBDIVISIONS)
    expected = np.zeros(len(BOX.points))
    for tet, volume in zip(BOX.tets, BOX.volumes, strict=True):
        inside = np.linalg.norm(barycentric @ BOX.points[tet] - center, axis=1) <= radius
        expected[tet] += volume * ownership[inside].sum(axis=0) / len(ownership)
    weights = ball_weights(BOX, center, radius)
    np.testing.assert_allclose(weights, expected / expected.sum(), rtol=1e-9, atol=1e-12)


# --- the surface ---


def every_sample(surface: BoneSurface) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Centroid, outward normal, nearest vertex and area of all small triangles of a surface."""
    corner = surface.mesh.points[surface.mesh.boundary]
    weight = _small_triangles(6)
    center = np.einsum("sj,kjx->ksx", weight, corner).reshape(-1, 3)
    normal = np.repeat(surface.normals, 36, axis=0)
    owner = surface.mesh.boundary[:, weight.argmax(axis=1)].ravel()
    size = np.linalg.norm(surface.mesh.boundary_area_vectors, axis=1)
    return center, normal, owner, np.repeat(size / 36, 36)


@given(st.tuples(*[st.floats(-3e-3, 12e-3)] * 3), st.floats(0.01e-3, 5e-3))
def test_spots_and_openings_are_those_of_all_samples(
    place: tuple[float, float, float], radius: float
) -> None:
    """Sampling only the triangles that can matter changes nothing."""
    surface = BoneSurface(BOX)
    center, normal, owner, area = every_sample(surface)
    distance = np.linalg.norm(center - np.array(place), axis=1)
    spot = surface.nearest(np.array(place))
    assert spot.distance == distance.min()
    assert np.array_equal(spot.center, center[distance.argmin()])
    away = np.linalg.norm(center - spot.center, axis=1)
    covered = (away <= radius) & (normal @ spot.outward >= 0.3)
    vertices, covers = surface.disc(spot, radius)
    expected = np.bincount(owner[covered], area[covered], minlength=len(BOX.points))
    assert np.array_equal(vertices, np.flatnonzero(expected))
    np.testing.assert_allclose(covers, expected[vertices], rtol=1e-12)


# --- tubes ---


def tube(
    radius: float = 1e-3, length: float = 50e-3, standing: float = 0.0035, pressure: float = 0.0
) -> Tube:
    one = np.zeros(3)
    return Tube("vein", "B", np.zeros(1, np.int32), np.ones(1), radius, length, pressure, standing, one, one)


def fill(t: Tube, drop: float, cement: float, time: float, steps: int, share: float = 1.0) -> float:
    """Cement in the tube after a time at a constant mouth pressure."""
    held = 0.0
    dt = time / steps
    for _ in range(steps):
        conductance = t.conductance(t.pressure + drop, held, share, cement, dt)
        held = min(held + share * conductance * drop * dt, t.capacity)
    return held


@pytest.mark.parametrize("standing", [1e-9, 0.0035, 1.0, 10.0, 40.0])
@pytest.mark.parametrize("steps", [1, 7, 50])
def test_tube_fills_as_the_closed_form_whatever_the_steps(standing: float, steps: int) -> None:
    """(R^2/8) dp t = mu_c x^2/2 + mu_s (L x - x^2/2), before the tube is full."""
    t = tube(standing=standing, pressure=500.0)
    x = fill(t, 2e3, 10.0, 20.0, steps) / t.area
    exact = piston_front(2e3, t.radius**2 / 8.0, 1.0, t.length, 10.0, standing, 20.0)
    assert 0.1 * t.length < exact < t.length or standing > 10.0
    assert x == pytest.approx(exact, rel=1e-9)


def test_tube_flow_through_the_moment_it_is_full() -> None:
    """Volume that passes the mouth in one long step: the filling and then Hagen-Poiseuille with cement."""
    t = tube(standing=1.0)
    drop, cement, dt = 2e3, 10.0, 120.0
    fills_at = t.length**2 * 0.5 * (cement + 1.0) / (t.radius**2 / 8.0 * drop)
    assert fills_at < 0.6 * dt
    full = np.pi * t.radius**4 / (8.0 * cement * t.length)
    exact = t.capacity + full * drop * (dt - fills_at)
    assert t.conductance(drop, 0.0, 1.0, cement, dt) * drop * dt == pytest.approx(exact, rel=1e-9)
    assert t.conductance(drop, t.capacity, 1.0, cement, dt) == pytest.approx(full, rel=1e-12)


def test_tube_without_cement_has_the_resistance_of_what_stands_in_it() -> None:
    t = tube()
    blood = np.pi * t.radius**4 / (8.0 * 0.0035 * t.length)
    assert t.conductance(2e3, 0.0, 0.0, 0.0, 10.0) == pytest.approx(blood, rel=1e-12)
    assert t.conductance(-2e3, 0.0, 1.0, 10.0, 10.0) == pytest.approx(blood, rel=1e-12)


@given(
    st.floats(0.0, 1.0), st.floats(0.0, 1.0), st.floats(1e-3, 1e3), st.floats(-1e4, 1e5), st.floats(1e-6, 1e2)
)
def test_tube_conductance_lies_between_empty_and_full(
    filled: float, share: float, cement: float, drop: float, dt: float
) -> None:
    t = tube()
    g = t.conductance(drop, filled * t.capacity, share, cement, dt)
    ends = [np.pi * t.radius**4 / (8.0 * mu * t.length) for mu in (0.0035, cement)]
    assert min(ends) * (1 - 1e-9) <= g <= max(ends) * (1 + 1e-9)


def test_tube_dilution_slows_the_cement_front() -> None:
    """With a cement share c the front moves with c Q: x' = c (R^2/8) dp / (mu_c x + mu_s (L - x))."""
    t = tube(standing=1.0)
    x = fill(t, 2e3, 10.0, 20.0, 3, share=0.3) / t.area
    assert x == pytest.approx(
        piston_front(0.3 * 2e3, t.radius**2 / 8.0, 1.0, t.length, 10.0, 1.0, 20.0), rel=1e-9
    )


# --- openings ---


def drained(outlet: Opening | OpenFaces | Tube) -> tuple[float, np.ndarray]:
    """Tip pressure and link fluxes of marrow driven into a ball that one outlet drains."""
    mesh = ball(6e-3, 1.5e-3)
    p = problem(mesh, ball_weights(mesh, np.zeros(3), 2e-3), [outlet], rate=1e-8, linear=1e-12)
    flow = solve_pressure(p, solver_of(p), State.initial(p), 1.0)
    assert flow.converged
    return flow.tip_pressure, flow.fluxes.link


def test_openings_in_series_add_their_resistance() -> None:
    """Through a uniform thin wall the pressure rises by Q mu / T over that of an open surface."""
    mesh = ball(6e-3, 1.5e-3)
    surface = BoneSurface(mesh)
    on = np.flatnonzero(surface.area > 0).astype(np.int32)
    transmissibility = 1e-12 * surface.area[on] / 0.2e-3
    walled, links = drained(Opening("wall", "C", on, transmissibility, 700.0))
    bare, _ = drained(open_faces(mesh, 700.0))
    assert links.sum() == pytest.approx(1e-8, rel=1e-9)
    assert (links > 0).all()
    assert walled - bare == pytest.approx(1e-8 * 0.1 / transmissibility.sum(), rel=0.02)


def test_opening_takes_back_marrow_only() -> None:
    """Inward the conductance is that of marrow, outward that of what lies behind the wall."""
    opening = Opening("hole", "C", np.array([0, 1], np.int32), np.array([1e-12, 1e-12]), 1000.0)
    g = opening.conductance(np.array([0.01, 0.01]), np.full(1, 10.0), np.array([2000.0, 500.0]))
    np.testing.assert_allclose(g, [1e-14, 1e-11], rtol=1e-14)


def test_blood_in_a_tube_resists_as_a_pipe() -> None:
    """All marrow leaves through one long thin tube: the tip pressure is that of the pipe and little more."""
    mesh = ball(6e-3, 1.5e-3)
    at = np.flatnonzero(BoneSurface(mesh).area > 0).astype(np.int32)[:12]
    vein = replace(tube(radius=0.2e-3, standing=1.0), vertices=at, share=np.full(12, 1 / 12), pressure=900.0)
    tip, links = drained(vein)
    assert links.sum() == pytest.approx(1e-8, rel=1e-9)
    pipe = 900.0 + 8.0 * 1.0 * vein.length * 1e-8 / (np.pi * vein.radius**4)
    assert pipe < tip < 1.01 * pipe


def test_an_opening_covers_its_area_whatever_the_mesh() -> None:
    for edge in (2e-3, 1e-3):
        mesh = box_mesh((12e-3, 12e-3, 12e-3), edge)
        surface = BoneSurface(mesh)
        spot = surface.nearest(np.array([0.0, 6e-3, 6e-3]))
        np.testing.assert_allclose(spot.outward, [-1.0, 0.0, 0.0], atol=1e-12)
        vertices, area = surface.disc(spot, 3e-3)
        assert (mesh.points[vertices, 0] < 1e-12).all()
        assert area.sum() == pytest.approx(np.pi * 3e-3**2, rel=0.05)


# --- cannula ---


def test_cannula_takes_the_pressure_of_a_pipe_of_ageing_cement() -> None:
    cement = AgeingCement(PowerLaw(100.0, 0.6, 1e-30, 1e30), growth=Exponential(60.0))
    cannula = Cannula(1.2e-3, 0.12)
    young = 0.12 * power_law_pipe_gradient(4e-6 / 60, 1.2e-3, 100.0, 0.6)
    assert cannula.drop(4e-6 / 60, cement, cement.factor(0.0)) == pytest.approx(young, rel=1e-9)
    assert cannula.drop(4e-6 / 60, cement, cement.factor(60.0)) == pytest.approx(np.e * young, rel=1e-9)
    assert cannula.drop(0.0, cement, 1.0) == 0.0


@pytest.mark.parametrize(
    ("K", "n", "bone", "needle"),
    [(150.0, 0.5, 19.19e3, 293.8e3), (120.0, 0.7, 20.98e3, 492.0e3), (105.0, 0.9, 26.14e3, 895.3e3)],
)
def test_the_cannula_takes_its_published_share(K: float, n: float, bone: float, needle: float) -> None:
    """About 95 % of the pressure is lost in an 11 gauge cannula (Baroud & Steffen 2005): 94 to 97 % here."""
    cannula = Cannula(1.2e-3, 0.15)
    drop = cannula.drop(4e-6 / 60, AgeingCement(PowerLaw(K, n, 1e-30, 1e30)), 1.0)
    assert drop == pytest.approx(needle, rel=1e-3)
    assert 0.93 < drop / (drop + bone) < 0.98


def test_power_law_tube_closed_form_against_its_ode() -> None:
    """Control of the reference itself: x' from the pipe law, integrated, is the closed form of the verification."""
    K, n, radius, drop = 50.0, 0.6, 1e-3, 5e3

    def speed(_: float, x: np.ndarray) -> np.ndarray:
        return n * radius / (3 * n + 1) * (radius * drop / (2 * K * x)) ** (1 / n)

    start = power_law_pipe_front(drop, radius, K, n, 0.1)
    x = solve_ivp(speed, (0.1, 10.0), [float(start)], rtol=1e-9, atol=1e-15).y[0, -1]
    assert power_law_pipe_front(drop, radius, K, n, 10.0) == pytest.approx(x, rel=1e-7)
    newtonian = power_law_pipe_front(drop, radius, K, 1.0, 10.0)
    assert newtonian == pytest.approx(piston_front(drop, radius**2 / 8, 1.0, 1.0, K, 1e-12, 10.0), rel=1e-9)
