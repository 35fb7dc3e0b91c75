"""Systems kept up to date where the cement is, against systems put together anew."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cementflow.fem.kernels import edge_fluxes
from cementflow.flow.assembly import Assembly, every_conductance
from cementflow.flow.mobility import mobility
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


def begun(
    p: Problem,
    saturation: np.ndarray,
    viscosity: np.ndarray,
    marrow: np.ndarray,
    pressure: np.ndarray,
    even: bool,
) -> Assembly:
    """A system of its own."""
    assembly = Assembly(p)
    assembly.begin(p, saturation, viscosity, marrow, pressure, even)
    return assembly


@pytest.mark.parametrize("even", [True, False])
@given(seed=st.integers(0, 1000))
def test_a_change_that_is_taken_gives_the_system_of_a_new_start(ugly: Problem, even: bool, seed: int) -> None:
    saturation, viscosity, pressure = fields(ugly, seed)
    marrow = marrows(ugly, even, seed)
    links, inflow = np.array([[1e-10, 2e-10], [3e-10, 1e-10]]), np.full(ugly.volumes.n, 1e-12)
    ways = [Ways(link, ugly.link_pressure) for link in links]
    fresh = begun(ugly, saturation, viscosity[1], marrow[1], pressure[1], even)
    matrix, rhs = fresh.system(ugly, ways[1], inflow)
    expected = matrix.diagonal.copy(), rhs
    assembly = begun(ugly, saturation, viscosity[0], marrow[0], pressure[0], even)
    before = assembly.system(ugly, ways[0], inflow)[0].diagonal.copy()
    assembly.take(assembly.change(ugly, viscosity[1], marrow[1], pressure[1]))
    matrix, rhs = assembly.system(ugly, ways[1], inflow)
    np.testing.assert_array_equal(matrix.diagonal, expected[0])
    np.testing.assert_array_equal(rhs, expected[1])
    np.testing.assert_array_equal(assembly.conductance, fresh.conductance)
    moved = np.abs(matrix.diagonal - before) > 1e-3 * np.abs(matrix.diagonal)
    assert np.count_nonzero(moved) > 10  # there was something to take


@given(seeds=st.lists(st.integers(0, 1000), min_size=2, max_size=4))
def test_a_kept_system_turns_to_another_field_to_the_bit(ugly: Problem, seeds: list[int]) -> None:
    """Whatever fields and changes came before, also cement that is gone again, the numbers are those of a new start."""
    kept, inflow = Assembly(ugly), np.full(ugly.volumes.n, 1e-12)
    ways = Ways(np.array([1e-10, 2e-10]), ugly.link_pressure)
    for seed in seeds:
        saturation, viscosity, pressure = fields(ugly, seed)
        marrow = marrows(ugly, True, seed)
        kept.begin(ugly, saturation, viscosity[0], marrow[0], pressure[0], True)
        found, rhs = kept.system(ugly, ways, inflow)
        fresh = begun(ugly, saturation, viscosity[0], marrow[0], pressure[0], True)
        expected, its_rhs = fresh.system(ugly, ways, inflow)
        for one, other in zip((*found, rhs), (*expected, its_rhs), strict=True):
            np.testing.assert_array_equal(one, other)
        kept.take(kept.change(ugly, viscosity[1], marrow[1], pressure[1]))


def test_marrow_that_thickens_puts_all_of_a_kept_system_out_of_date(ugly: Problem) -> None:
    """Negative control of what is kept: edges far from the cement follow the viscosity of the marrow."""
    saturation, viscosity, pressure = fields(ugly, 3)
    kept = begun(ugly, saturation, viscosity[0], np.full(1, 0.1), pressure[0], True)
    thin = kept.conductance.copy()
    kept.begin(ugly, saturation, viscosity[0], np.full(1, 0.2), pressure[0], True)
    fresh = begun(ugly, saturation, viscosity[0], np.full(1, 0.2), pressure[0], True)
    np.testing.assert_array_equal(kept.conductance, fresh.conductance)
    dry = (saturation[ugly.volumes.edges] == 0.0).all(axis=1)
    assert np.isclose(2.0 * kept.conductance[dry], thin[dry], rtol=1e-9).mean() > 0.8


def test_conductances_are_the_sum_over_tetrahedra(ugly: Problem) -> None:
    """Upstream mobility on coefficients of one sign, the least mobility of its tetrahedron on each negative one."""
    saturation, (viscosity, _), (pressure, _) = fields(ugly, 11)
    m, v = mobility(ugly, saturation, viscosity, np.full(1, 0.1)), ugly.volumes
    assert len(v.obtuse) > 100
    a, b = np.where(pressure[v.edges[:, 0]] >= pressure[v.edges[:, 1]], v.edges.T, v.edges.T[::-1])
    expected = (m.marrow[a] + 2.0 * m.relative_cement[a] / (viscosity[a] + viscosity[b])) * v.coefficient
    for t, edges, tet in zip(v.t, v.obtuse_edges, v.tets[v.obtuse], strict=True):
        least = (m.relative_cement[tet] / viscosity[tet].max() + m.marrow[tet]).min()
        np.add.at(expected, edges, least * np.minimum(t, 0.0))
    np.testing.assert_allclose(every_conductance(ugly, m, pressure), expected, rtol=1e-9)


@pytest.mark.parametrize("even", [True, False])
@given(seed=st.integers(0, 1000))
def test_imbalance_of_a_change_is_that_of_the_fluxes(ugly: Problem, even: bool, seed: int) -> None:
    """Put together from all edges: out of each vertex after the change, less what was before."""
    saturation, viscosity, pressure = fields(ugly, seed)
    p, links = pressure[1], np.array([1e-10, -2e-10])
    marrow = marrows(ugly, even, seed)
    assembly = begun(ugly, saturation, viscosity[0], marrow[0], pressure[0], even)
    fresh = begun(ugly, saturation, viscosity[1], marrow[1], p, even)
    out = [edge_fluxes(ugly.volumes.edges, each.conductance, p)[1] for each in (assembly, fresh)]
    expected = out[1] - out[0] + ugly.sum_links(links * (p[ugly.links] - ugly.link_pressure), np.zeros(0))
    expected[ugly.fixed] = 0.0
    found = assembly.imbalance(
        ugly,
        assembly.change(ugly, viscosity[1], marrow[1], p),
        Ways(np.zeros(2), ugly.link_pressure),
        Ways(links, ugly.link_pressure),
        p,
    )
    assert found == pytest.approx(np.abs(expected).sum(), rel=1e-6)
    assert found > 0.0
