"""Veins: what they drink from the bone, how cement fills them, and where it goes."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from cementflow.flow.course import Plan, Step
from cementflow.flow.pressure import solve_pressure
from cementflow.flow.problem import Problem
from cementflow.flow.state import State
from cementflow.laws.ageing import AgeingCement
from cementflow.laws.rheology import Newtonian
from cementflow.mesh.box import box_mesh
from cementflow.mesh.tetmesh import TetMesh
from cementflow.simulate import simulate
from cementflow.sites.line_exchange import ways_to_wall
from cementflow.sites.outlets import OpenFaces, Tube
from cementflow.sites.source import ball_weights
from cementflow.sites.veins import VeinCourse
from cementflow.verify import front_radius, leak_length
from problems import ball, open_faces, problem
from vein_problems import by_hand, with_veins

RADIUS, HEIGHT, K = 10e-3, 8e-3, 1e-8


@cache
def disc(edge: float) -> TetMesh:
    """Disc of 10 mm radius around the z axis: a box whose squares are rounded."""
    box = box_mesh((2.0, 2.0, HEIGHT / RADIUS), edge / RADIUS)
    u, v = box.points[:, 0] - 1.0, box.points[:, 1] - 1.0
    points = np.column_stack([u * np.sqrt(1.0 - 0.5 * v**2), v * np.sqrt(1.0 - 0.5 * u**2), box.points[:, 2]])
    return TetMesh.build(RADIUS * points, box.tets)


def drained(edge: float, at: tuple[float, float], radius: float, marrow: float = 0.1) -> float:
    """Flow [m3/s] into a vein along the disc whose rim is 1 kPa above its end; blood flows without resistance."""
    mesh = disc(edge)
    r = np.hypot(mesh.points[:, 0], mesh.points[:, 1])
    rim = OpenFaces("rim", "C", np.flatnonzero(r > RADIUS * (1.0 - 1e-6)).astype(np.int32), 1000.0)
    p = problem(
        mesh,
        ball_weights(mesh, np.array([5e-3, 0.0, 4e-3]), 2e-3),
        [rim],
        rate=1e-10,
        marrow=marrow,
        linear=1e-8,
    )
    path = np.array([[*at, -1e-3], [*at, HEIGHT + 1e-3]])
    p = replace(with_veins(p, [VeinCourse("vein", "B", path, (radius, radius))]), blood_viscosity=1e-8)
    flow = solve_pressure(p, p.make_solver(), State.initial(p), 1.0)
    assert flow.converged
    return float(flow.fluxes.vein.link.sum())


@pytest.mark.parametrize("at", [(0.0, 0.0), (0.37e-3, 0.21e-3), (2.3e-3, -1.1e-3)])
@pytest.mark.parametrize("radius", [0.5e-3, 1.5e-3])
def test_a_vein_along_a_disc_drinks_as_a_line_sink(at: tuple[float, float], radius: float) -> None:
    """2 pi k L dp / (mu ln[(R^2 - e^2)/(R r)]) wherever the line lies in the mesh, without drift over mesh sizes."""
    e2 = at[0] ** 2 + at[1] ** 2
    exact = 2 * np.pi * K * HEIGHT * 1000.0 / (0.1 * np.log((RADIUS**2 - e2) / (RADIUS * radius)))
    found = [drained(edge, at, radius) / exact for edge in (2e-3, 1.4e-3, 1e-3)]
    assert found[0] == pytest.approx(1.0, abs=0.023)
    assert found[1:] == pytest.approx([1.0] * 2, abs=0.015)


def test_the_way_to_a_long_vein_is_that_of_peaceman_on_his_grid() -> None:
    """Peaceman's well on a square grid, whose pressure is the mean over an even sink of the radius 0.198 h exp(1/4)."""
    h, r = 2e-3, 0.1e-3
    tube = 0.198 * h * np.exp(0.25)
    ends = np.linspace(-0.2, 0.2, 101)[:, None] * np.array([0.6, 0.0, 0.8])
    pieces = np.stack([ends[:-1], ends[1:]], axis=1)
    ways = ways_to_wall(pieces, np.full(100, r), np.full(100, tube), np.zeros((0, 2, 3)))
    assert ways[40:60] == pytest.approx(np.log(0.198 * h / r), rel=1e-3)
    # The end draws from the bone before it too.
    assert np.all(np.diff(ways[:40]) > 0.0)
    assert ways[0] < 0.98 * ways[50]


def test_the_way_to_a_short_vein_is_that_of_its_ends_too() -> None:
    """Of 2 mm: mean potential of the piece at its own wall, less that over the pairs of points of its tube."""
    length, r, tube = 2e-3, 0.5e-3, 2.5e-3
    rng = np.random.default_rng(0)
    angle, radius = 2.0 * np.pi * rng.random((2, 200_000)), tube * np.sqrt(rng.random((2, 200_000)))
    one, other = radius * np.exp(1j * angle)

    def mean(d: np.ndarray) -> float:
        return float(np.mean(np.arcsinh(length / d) - np.sqrt(1.0 + (d / length) ** 2) + d / length))

    exact = mean(np.array([r])) - mean(np.abs(one - other))
    piece = np.array([[[0.0, 0.0, 0.0], [0.0, length, 0.0]]])
    found = ways_to_wall(piece, np.array([r]), np.array([tube]), np.zeros((0, 2, 3)))
    assert found[0] == pytest.approx(exact, rel=0.02)


RATE, VOLUME, POROSITY = 4e-6 / 60, 4e-6, 0.9


def growing(edge: float, step: float, cement: float = 100.0) -> Problem:
    """A ball of cement that grows in a ball of bone to 10.2 mm."""
    mesh = ball(12.5e-3, edge)
    return problem(
        mesh,
        ball_weights(mesh, np.zeros(3), 3e-3),
        [open_faces(mesh)],
        cement=AgeingCement(Newtonian(cement)),
        marrow=1e-2,
        rate=RATE,
        volume=VOLUME,
        step=step,
        picard=1e-4,
        linear=1e-7,
    )


def shell(p: Problem, edge: float) -> tuple[np.ndarray, np.ndarray]:
    """Vertices around the sphere r = 8 mm, with shares that make their pressure that of it in a field of 1/r."""
    r = np.linalg.norm(p.volumes.mesh.points, axis=1)
    at = np.flatnonzero(np.abs(r - 8e-3) < 0.6 * edge).astype(np.int32)
    excess = 1.0 / r[at] - 1.0 / 8e-3
    inside = excess >= 0.0
    share = np.where(inside, 1.0 / excess[inside].sum(), -1.0 / excess[~inside].sum())
    return at, share / share.sum()


def filled(p: Problem) -> Step:
    """The end of the injection; what left the bone is in the vein, and nothing is lost."""
    last = list(simulate(p, Plan(), p.make_solver()))[-1]
    assert last.state.veins.cement.sum() == pytest.approx(last.state.leaked[1:].sum(), rel=1e-9, abs=1e-20)
    assert last.state.balance_error(p) < 1e-9
    return last


def closed_form(
    taken: float, opening: float, diameter: float, before: float, back: float = 0.0, cement: float = 100.0
) -> float:
    """Length of cement in a vein when so much is in it [m].

    What resists before the cement as so much of it in the vein, c, makes x of the closed form x_0: (x + c)^2 = c^2 +
    x_0^2, as the same head drives it.
    """
    front = front_radius(VOLUME - taken, POROSITY)
    alone = leak_length(front, opening, diameter, K, POROSITY, back, cement, RATE)
    return float(np.hypot(before, alone) - before)


def leak(diameter: float, edge: float) -> float:
    """Length of cement in a vein that drains the sphere r = 8 mm evenly, over the closed form."""
    p = growing(edge, 0.03)
    p = replace(by_hand(p, *shell(p, edge), 0.5 * diameter, 0.05, 25), blood_viscosity=1e-3)
    taken = float(filled(p).state.leaked[1])
    return taken / (0.25 * np.pi * diameter**2) / closed_form(taken, 8e-3, diameter, 0.0) - 1.0


@pytest.mark.parametrize("diameter", [1e-3, 2e-3, 3e-3])
def test_a_leak_from_a_growing_ball(diameter: float) -> None:
    """4.0, 8.0 and 12.1 mm, within 3 % and converging. The mouth is a shell of 1.2 edges, which the front crosses."""
    coarse, fine = leak(diameter, 2e-3), leak(diameter, 1.41e-3)
    assert abs(fine) < 0.03
    assert abs(fine) < 0.7 * abs(coarse) < 0.05


def against_pressure(kind: str, cement: float, edge: float) -> tuple[float, float]:
    """Length of cement in a vein of 1 mm against 1 kPa, and that of the closed form [m].

    It has no valve: so that blood does not flood the bone before the cement comes, it is as thick as 1 Pa s.
    """
    diameter, length, blood, back = 1e-3, 25e-3, 1.0, 1e3
    p = growing(edge, 0.05, cement)
    at, share = shell(p, edge)
    if kind == "tree":
        p = replace(by_hand(p, at, share, 0.5 * diameter, length, 50), blood_viscosity=blood)
        assert p.veins is not None
        end = np.where(np.arange(50) == 49, back, 0.0)
        taken = filled(replace(p, veins=replace(p.veins, outside=end))).state.leaked[1]
    else:
        vein = Tube("v", "B", at, share, 0.5 * diameter, length, back, blood, np.zeros(3), np.zeros(3))
        p = replace(p, outlets=(*p.outlets, vein))
        taken = list(simulate(p, Plan(), p.make_solver()))[-1].state.leaked[1]
    exact = closed_form(float(taken), 8e-3, diameter, blood * length / cement, back, cement)
    return float(taken) / (0.25 * np.pi * diameter**2), exact


@pytest.mark.parametrize(
    ("kind", "cement", "error"),
    [("tree", 100.0, 0.03), ("tree", 500.0, 0.03), ("tube", 100.0, 0.07), ("tube", 500.0, 0.03)],
)
def test_a_venous_pressure_holds_cement_back(kind: str, cement: float, error: float) -> None:
    """Thicker cement gets further, by x = sqrt(c^2 + x_0^2) - c with the x_0 of 100 and 500 Pa s against 1 kPa."""
    found, exact = against_pressure(kind, cement, 1.41e-3)
    assert found == pytest.approx(exact, rel=error)


def test_cement_below_the_onset_does_not_leak() -> None:
    """70 Pa s against 1 kPa at 4 mL/min; the tube, whose mouth is a shell, takes a trace."""
    found, exact = against_pressure("tree", 60.0, 2e-3)
    assert exact == 0.0
    assert found < 1e-6


@cache
def mouth(edge: float, toward: tuple[float, float, float]) -> float:
    """Length of cement in a vein of 1 mm whose first 2 mm drink, 5 mm from the tip, over the closed form."""
    diameter, long, opening = 1e-3, 2e-3, 5e-3
    out = np.array(toward) / np.sqrt(np.sum(np.square(toward)))
    along = np.cross(out, [0.31, -0.52, 0.79])
    along *= 0.5 * long / np.sqrt(np.sum(along**2))
    away = np.array([0.1, 0.0, 0.0])
    radii = (0.5 * diameter, 0.5 * diameter)
    courses = [
        VeinCourse("mouth", "B", np.array([opening * out - along, opening * out + along]), radii, ("vein",)),
        VeinCourse("vein", "B", np.array([away, away + [0.0, 0.0, 0.05]]), radii, drinks=False),
    ]
    p = replace(with_veins(growing(edge, 0.05), courses, cell=long), blood_viscosity=1e-5)
    taken = float(filled(p).state.leaked[1:].sum())
    # An even line of 2 mm in endless bone, at its wall.
    wide = 0.5 * diameter / long
    resists = 2.0 / long * (np.arcsinh(1.0 / wide) - np.sqrt(1.0 + wide**2) + wide) / (4.0 * np.pi * K)
    before = resists * np.pi * (0.5 * diameter) ** 4 / 8.0
    return taken / (0.25 * np.pi * diameter**2) / closed_form(taken, opening, diameter, before) - 1.0


@pytest.mark.parametrize("edge", [2e-3, 1.41e-3])
def test_a_mouth_takes_the_same_wherever_it_lies_in_the_mesh(edge: float) -> None:
    found = [mouth(edge, toward) for toward in ((1.0, 0.0, 0.0), (0.3, -1.0, 0.5), (1.0, 1.0, -1.0))]
    assert np.abs(found).max() < 0.03
    assert np.ptp(found) < 0.015
