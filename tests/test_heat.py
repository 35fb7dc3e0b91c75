"""Heat in bone against closed forms: spreading, perfusion, exchange with the surroundings, cure."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cementflow.fem.control_volumes import build_control_volumes
from cementflow.flow.heat import HeatVolumes, spread_heat
from cementflow.laws.thermal import BLOOD_CAPACITY, Material, Tissue
from cementflow.mesh.tetmesh import TetMesh
from cementflow.verify import cooling_ball, heated_sphere, observed_order, pennes_outside_sphere
from problems import ball

# One material everywhere, so that the closed forms hold.
EVEN = Material(1200.0, 2000.0, 0.30)
TISSUE = Tissue(bone=EVEN, marrow=EVEN, cement=EVEN, perfusion=0.0, exchange=0.0)
DIFFUSIVITY = EVEN.conductivity / EVEN.capacity


def heat_volumes(mesh: TetMesh, tissue: Tissue) -> HeatVolumes:
    porosity = np.full(len(mesh.tets), 0.9)
    permeability = np.tile([1e-9, 1e-9, 1e-9, 0.0, 0.0, 0.0], (len(mesh.tets), 1))
    return HeatVolumes.build(build_control_volumes(mesh, porosity, permeability), tissue)


def radii(of: HeatVolumes) -> np.ndarray:
    return np.maximum(np.linalg.norm(of.volumes.mesh.points, axis=1), 1e-9)


def error(of: HeatVolumes, found: np.ndarray, exact: np.ndarray) -> float:
    """Root of the mean square, by volume."""
    return float(np.sqrt(np.sum(of.volume * (found - exact) ** 2) / np.sum(of.volume * exact**2)))


def spreading(edge: float, steps: int) -> float:
    """A warm sphere of 8 mm from 30 to 120 s, in a ball that is too large to matter."""
    of = heat_volumes(ball(24e-3, edge), TISSUE)
    r, begin, end = radii(of), 30.0, 120.0
    excess, none = 50.0 * heated_sphere(r, begin, 8e-3, DIFFUSIVITY), np.zeros(of.volumes.n)
    for _ in range(steps):
        excess, _ = spread_heat(of, none, excess, (end - begin) / steps)
    return error(of, excess, 50.0 * heated_sphere(r, end, 8e-3, DIFFUSIVITY))


def test_a_warm_sphere_spreads() -> None:
    """Second order in space."""
    edges = (3e-3, 2.2e-3, 1.6e-3)
    errors = [spreading(edge, 12) for edge in edges]
    assert errors[-1] < 0.01
    assert observed_order(edges, errors).fitted > 1.7


def cooling(edge: float, steps: int) -> float:
    """A ball of 20 mm that gives off heat to blood and surroundings for 400 s."""
    tissue = replace(TISSUE, perfusion=1e-3, exchange=50.0)
    of = heat_volumes(ball(20e-3, edge), tissue)
    blood = tissue.perfusion * BLOOD_CAPACITY
    numbers = 20e-3, EVEN.conductivity, EVEN.capacity, tissue.exchange, blood
    r, none = radii(of), np.zeros(of.volumes.n)
    excess = 50.0 * cooling_ball(r, 0.0, *numbers)
    for _ in range(steps):
        excess, _ = spread_heat(of, none, excess, 400.0 / steps)
    return error(of, excess, 50.0 * cooling_ball(r, 400.0, *numbers))


def test_a_ball_cools_through_its_surface_and_its_blood() -> None:
    edges = (4e-3, 2.8e-3, 2e-3)
    errors = [cooling(edge, 10) for edge in edges]
    assert errors[-1] < 0.01
    assert observed_order(edges, errors).fitted > 1.4


def in_time(steps: int) -> np.ndarray:
    of = heat_volumes(ball(20e-3, 4e-3), replace(TISSUE, perfusion=1e-3, exchange=50.0))
    excess, none = np.where(radii(of) < 10e-3, 50.0, 0.0), np.zeros(of.volumes.n)
    for _ in range(steps):
        excess, _ = spread_heat(of, none, excess, 300.0 / steps)
    return excess


def test_heat_is_of_second_order_in_time() -> None:
    counts = (4, 8, 16)
    exact = in_time(256)
    errors = [float(np.abs(in_time(n) - exact).max()) for n in counts]
    assert observed_order([1.0 / n for n in counts], errors).fitted > 1.7


def test_a_long_step_damps_what_it_cannot_resolve() -> None:
    """Steps of an hour leave little of a rough field, of which a trapezoidal rule would keep nearly all."""
    of = heat_volumes(ball(20e-3, 4e-3), replace(TISSUE, exchange=50.0))
    excess = np.random.default_rng(2).uniform(-50.0, 50.0, of.volumes.n)
    after, _ = spread_heat(of, np.zeros(of.volumes.n), excess, 3600.0)
    assert np.abs(after).max() < 0.1 * np.abs(excess).max()


def kept_warm(edge: float) -> float:
    """Error of the profile around a core that holds its heat, in perfused tissue.

    A core of whole control volumes has no sharp radius; so the profile is scaled to fit before it is compared.
    """
    tissue = replace(TISSUE, perfusion=5e-3, cement=Material(1e12, 2000.0, EVEN.conductivity))
    of = heat_volumes(ball(24e-3, edge), tissue)
    r = radii(of)
    core = np.where(r < 6e-3, 1.0, 0.0)
    excess = 50.0 * core
    for _ in range(12):
        excess, _ = spread_heat(of, core, excess, 300.0)
    depth = np.sqrt(EVEN.conductivity / (tissue.perfusion * BLOOD_CAPACITY))
    outside = (r > 8.5e-3) & (r < 12e-3)  # clear of the steps of the core and of the insulated surface
    exact = 50.0 * pennes_outside_sphere(r[outside], 6e-3, depth)
    scale = np.sum(exact * excess[outside]) / np.sum(exact**2)
    assert scale == pytest.approx(1.0, abs=0.25)
    return float(np.sqrt(np.mean((excess[outside] / (scale * exact) - 1.0) ** 2)))


def test_perfused_tissue_around_a_warm_core() -> None:
    edges = (2.4e-3, 1.6e-3, 1.1e-3)
    errors = [kept_warm(edge) for edge in edges]
    assert errors[-1] < 0.006
    assert observed_order(edges, errors).fitted > 1.4


@pytest.mark.parametrize("dt", [1.0, 60.0])
def test_no_heat_is_lost(dt: float) -> None:
    of = heat_volumes(ball(10e-3, 2e-3), replace(TISSUE, perfusion=1e-3, exchange=50.0))
    excess = np.random.default_rng(1).uniform(-10.0, 60.0, of.volumes.n)
    stored = of.stored(np.zeros(of.volumes.n))
    after, lost = spread_heat(of, np.zeros(of.volumes.n), excess, dt)
    assert lost.surface > 0.0 and lost.blood > 0.0
    before = np.sum(stored * excess)
    assert np.sum(stored * after) + lost.surface + lost.blood == pytest.approx(before, rel=1e-12)
