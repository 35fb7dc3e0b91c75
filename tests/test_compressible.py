"""A volume injected at once spreads through slightly compressible bone as Barenblatt's solution says.

The engine is incompressible. The implicit steps here are the test's own, made of its control volumes, velocities,
pore law and solver: they would spread otherwise if the viscosity in the pores did not follow the flux as it should.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest

from cementflow.flow.assembly import Assembly
from cementflow.flow.problem import Problem
from cementflow.flow.reach import Reach
from cementflow.flow.viscosity import fluids_of, pore_viscosities
from cementflow.flow.ways import Ways
from cementflow.laws.ageing import AgeingCement
from cementflow.laws.in_situ import bundle_viscosity
from cementflow.laws.rheology import PowerLaw
from cementflow.sites.outlets import OpenFaces
from cementflow.verify import InstantInjection
from problems import ball, boundary_vertices, full_state, problem, slender_box, solver_of

K, PERMEABILITY, POROSITY, STORAGE = 100.0, 1e-8, 0.9, 1e-6
PICARD = 60


def closed_form(n: float, dimensions: int, volume: float) -> InstantInjection:
    consistency = bundle_viscosity(K, n, PERMEABILITY, POROSITY)
    return InstantInjection(n, dimensions, PERMEABILITY / consistency, STORAGE, volume)


@pytest.mark.parametrize("dimensions", [1, 2, 3])
@pytest.mark.parametrize("n", [0.4, 0.7])
def test_the_closed_form_solves_its_equation(n: float, dimensions: int) -> None:
    """By differences, half-way to the front; and it holds the volume."""
    exact = closed_form(n, dimensions, 1e-6)
    time, d = 10.0, dimensions
    r = np.linspace(0.0, exact.front(time), 20_001)
    p = exact.pressure(r, time)
    surface = {1: 2.0, 2: 2.0 * np.pi, 3: 4.0 * np.pi}[d]
    assert np.trapezoid(surface * r ** (d - 1) * STORAGE * p, r) == pytest.approx(1e-6, rel=1e-6)
    middle = 0.5 * (r[1:] + r[:-1])
    gradient = np.diff(p) / np.diff(r)
    flow = middle ** (d - 1) * (exact.mobility * np.abs(gradient)) ** (1.0 / n)
    change = exact.pressure(r, time * (1 + 1e-6)) - exact.pressure(r, time * (1 - 1e-6))
    inner = slice(5000, 15_000)
    taken_up = STORAGE * change / (2e-6 * time)
    arriving = -np.diff(flow) / np.diff(middle) / r[1:-1] ** (d - 1)
    np.testing.assert_allclose(
        taken_up[1:-1][inner], arriving[inner], rtol=1e-3, atol=1e-4 * np.abs(arriving).max()
    )


def volumes_at(p: Problem) -> np.ndarray:
    """Bone and pores of each vertex [m3]."""
    return p.volumes.pore_volume / POROSITY


def spread(p: Problem, pressure: np.ndarray, times: np.ndarray) -> list[np.ndarray]:
    """Pressures at the times, by steps of the implicit Euler rule; the viscosity in the pores follows the flux."""
    v, solver, state = p.volumes, solver_of(p), full_state(p)
    fluids, every = fluids_of(p, state), Reach.of(p, np.ones(v.n, bool))
    found, viscosity = [pressure], p.cement.viscosity(np.full(v.n, 1.0), np.ones(1))
    for dt in np.diff(times):
        store, before = STORAGE * volumes_at(p) / dt, found[-1]
        for _ in range(PICARD):
            assembly = Assembly(p)
            assembly.begin(p, state.saturation, viscosity, fluids.marrow, pressure, even_marrow=True)
            matrix, known = assembly.system(p, Ways(np.zeros(0), p.link_pressure), store * before)
            matrix.diagonal[:] += np.where(p.fixed, 0.0, store)
            solved = solver.solve(matrix, known, pressure, 1e-8)
            assert solved.converged
            change = np.abs(solved.x - pressure).max()
            pressure = solved.x
            viscosity, *_ = pore_viscosities(p, assembly.mobility, fluids, pressure, every)
            if change < 1e-4 * pressure.max():
                break
        found.append(pressure)
    return found


@dataclass(frozen=True)
class Case:
    """A volume that came into the middle of a rod or a ball.

    Its front goes from some half of the length to nearly all of it in times of the given ratio.
    """

    dimensions: int
    n: float
    edge: float
    volume: float
    ratio: float
    steps: int

    @property
    def length(self) -> float:
        return 0.03 if self.dimensions == 1 else 0.012

    @property
    def exact(self) -> InstantInjection:
        return closed_form(self.n, self.dimensions, self.volume)

    def times(self) -> np.ndarray:
        end = (0.85 * self.length / self.exact.front(1.0)) ** (1.0 / self.exact.exponent)
        return np.geomspace(end / self.ratio, end, self.steps + 1)

    def problem(self, n: float) -> Problem:
        """With a fluid of an index that may be another one; the far end is never reached."""
        rod = self.dimensions == 1
        mesh = (
            slender_box(self.length, round(self.length / self.edge)) if rod else ball(self.length, self.edge)
        )
        far = boundary_vertices(mesh)
        if rod:
            far = far[mesh.points[far, 0] > self.length * (1.0 - 1e-9)]
        thick = AgeingCement(PowerLaw(K, n, 1e-9, 1e9))
        return problem(mesh, np.zeros(len(mesh.points)), [OpenFaces("far", "C", far, 0.0)], cement=thick)

    def distance(self, p: Problem) -> np.ndarray:
        points = p.volumes.mesh.points
        return points[:, 0] if self.dimensions == 1 else np.linalg.norm(points, axis=1)


def exponent(case: Case, p: Problem, found: list[np.ndarray]) -> float:
    """With which the root mean square distance grows, after the first third of the steps."""
    times, first = case.times(), case.steps // 3
    reach = [
        np.sqrt(np.average(case.distance(p) ** 2, weights=volumes_at(p) * found[i])) for i in (first, -1)
    ]
    return float(np.log(reach[1] / reach[0]) / np.log(times[-1] / times[first]))


CASES = [
    Case(1, 0.4, 0.6e-3, 6e-4, 20.0, 80),
    Case(1, 0.7, 0.6e-3, 6e-4, 6.0, 40),
    Case(3, 0.4, 1.2e-3, 4e-8, 20.0, 40),
    Case(3, 0.7, 1.2e-3, 4e-8, 6.0, 40),
]


@pytest.mark.parametrize("case", CASES, ids=[f"d = {c.dimensions}, n = {c.n}" for c in CASES])
def test_an_instant_injection_spreads_with_its_exponent(case: Case) -> None:
    p, exact, times = case.problem(case.n), case.exact, case.times()
    found = spread(p, exact.pressure(case.distance(p), float(times[0])), times)
    assert exponent(case, p, found) == pytest.approx(exact.exponent, rel=0.02)
    end = exact.pressure(case.distance(p), float(times[-1]))
    difference = np.sum(volumes_at(p) * np.abs(found[-1] - end)) / np.sum(volumes_at(p) * end)
    assert difference < (0.01 if case.dimensions == 1 else 0.06)
    assert np.sum(volumes_at(p) * found[-1]) == pytest.approx(np.sum(volumes_at(p) * found[0]), rel=1e-5)


@pytest.mark.parametrize("wrong", [0.38, 0.42])
def test_a_slightly_wrong_index_misses_the_exponent(wrong: float) -> None:
    case = replace(CASES[0], n=wrong)
    p, times = case.problem(wrong), case.times()
    found = spread(p, case.exact.pressure(case.distance(p), float(times[0])), times)
    assert abs(exponent(case, p, found) / CASES[0].exact.exponent - 1.0) > 0.03


def test_a_viscosity_that_does_not_follow_the_flux_misses_the_exponent() -> None:
    case = CASES[0]
    p, times = case.problem(1.0), case.times()
    found = spread(p, case.exact.pressure(case.distance(p), float(times[0])), times)
    assert exponent(case, p, found) < 0.8 * case.exact.exponent
