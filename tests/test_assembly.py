"""Systems kept up to date where the cement is, against systems put together anew."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cementflow.fem.kernels import edge_fluxes
from cementflow.flow.assembly import Assembly
from cementflow.flow.mobility import Mobility, mobility
from cementflow.flow.problem import Problem
from cementflow.flow.ways import Ways
from cementflow.sites.outlets import OpenFaces, Opening
from problems import boundary_vertices, problem, random_delaunay

SKEW = 1e-8 * np.array([[1.0, 0.2, 0.0], [0.2, 0.5, 0.1], [0.0, 0.1, 0.3]])


@pytest.fixture(scope="module")
def ugly() -> Problem:
    """A Delaunay mesh with a third of its coefficients negative, walls held at a pressure, and an opening."""
    mesh = random_delaunay(400, 5)
    wall = boundary_vertices(mesh)
    opening = Opening("hole", "C", np.array([200, 201], np.int32), np.array([1e-9, 2e-9]), 300.0)
    source = np.zeros(400)
    source[np.linalg.norm(mesh.points - 0.5, axis=1).argmin()] = 1.0
    return problem(mesh, source, [OpenFaces("wall", "C", wall, 700.0), opening], permeability=SKEW)


def fields(p: Problem, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cement in the middle, and two viscosities and pressures at random."""
    rng = np.random.default_rng(seed)
    away = np.linalg.norm(p.volumes.mesh.points - 0.5, axis=1)
    saturation = np.clip((0.3 - away) * rng.uniform(2.0, 20.0), 0.0, 1.0)
    return (
        saturation,
        10.0 ** rng.uniform(0.0, 4.0, (2, p.volumes.n)),
        rng.uniform(0.0, 1e5, (2, p.volumes.n)),
    )


def marrows(p: Problem, even: bool, seed: int) -> np.ndarray:
    """Two viscosities of the marrow: one number, or fields at random."""
    if even:
        return np.full((2, 1), p.marrow_viscosity)
    return p.marrow_viscosity * 10.0 ** np.random.default_rng(seed).uniform(-1.0, 1.0, (2, p.volumes.n))


def mobilities(
    p: Problem, saturation: np.ndarray, viscosity: np.ndarray, marrow: np.ndarray, pressure: np.ndarray
) -> list[Mobility]:
    return [mobility(p, saturation, *each) for each in zip(viscosity, marrow, pressure, strict=True)]


@pytest.mark.parametrize("even", [True, False])
@given(seed=st.integers(0, 1000))
def test_a_change_that_is_taken_gives_the_system_of_a_new_start(ugly: Problem, even: bool, seed: int) -> None:
    saturation, viscosity, pressure = fields(ugly, seed)
    marrow = marrows(ugly, even, seed)
    first, second = mobilities(ugly, saturation, viscosity, marrow, pressure)
    links, inflow = np.array([[1e-10, 2e-10], [3e-10, 1e-10]]), np.full(ugly.volumes.n, 1e-12)
    values, rhs = Assembly(ugly, second, saturation, even).system(Ways(links[1], ugly.link_pressure), inflow)
    expected = values.copy(), rhs
    assembly = Assembly(
        ugly, replace(first, edge=first.edge.copy(), least=first.least.copy()), saturation, even
    )
    before = assembly.system(Ways(links[0], ugly.link_pressure), inflow)[0].copy()
    assembly.take(assembly.change(viscosity[1], marrow[1], pressure[1]))
    values, rhs = assembly.system(Ways(links[1], ugly.link_pressure), inflow)
    largest = np.abs(expected[0]).max()
    np.testing.assert_allclose(values, expected[0], rtol=1e-9, atol=1e-12 * largest)
    np.testing.assert_allclose(rhs, expected[1], rtol=1e-9, atol=1e-12 * np.abs(rhs).max())
    np.testing.assert_allclose(assembly.mobility.edge, second.edge, rtol=1e-14)
    np.testing.assert_allclose(assembly.mobility.least, second.least, rtol=1e-14)
    assert (
        np.count_nonzero(np.abs(values - before) > 1e-3 * np.abs(values)) > 100
    )  # there was something to take


@pytest.mark.parametrize("even", [True, False])
@given(seed=st.integers(0, 1000))
def test_imbalance_of_a_change_is_that_of_the_fluxes(ugly: Problem, even: bool, seed: int) -> None:
    """Put together from all edges: out of each vertex after the change, less what was before."""
    saturation, viscosity, pressure = fields(ugly, seed)
    p, links = pressure[1], np.array([1e-10, -2e-10])
    marrow = marrows(ugly, even, seed)
    first, second = mobilities(ugly, saturation, viscosity, marrow, pressure)
    out = [edge_fluxes(ugly.volumes.edges, m.conductance, p)[1] for m in (first, second)]
    expected = out[1] - out[0] + ugly.sum_links(links * (p[ugly.links] - ugly.link_pressure))
    expected[ugly.fixed] = 0.0
    assembly = Assembly(ugly, first, saturation, even)
    found = assembly.imbalance(
        assembly.change(viscosity[1], marrow[1], p),
        Ways(np.zeros(2), ugly.link_pressure),
        Ways(links, ugly.link_pressure),
        p,
    )
    assert found == pytest.approx(np.abs(expected).sum(), rel=1e-6)
    assert found > 0.0
