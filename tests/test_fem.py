"""Control-volume finite elements: exactness, symmetry, definiteness, order, and the linear solver."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from scipy.linalg import eigvalsh
from scipy.sparse import csr_array
from scipy.sparse.linalg import spsolve

from cementflow.fem.control_volumes import build_control_volumes, every_coefficient
from cementflow.fem.kernels import edge_fluxes, reroute_obtuse
from cementflow.fem.linear_solver import PressureSolver
from cementflow.fem.pressure_matrix import PressureMatrix
from cementflow.flow.assembly import every_conductance
from cementflow.flow.mobility import darcy_flux, mobility
from cementflow.flow.pressure import solve_pressure
from cementflow.flow.problem import Drive, Problem
from cementflow.flow.state import State
from cementflow.laws.relative_permeability import Corey
from cementflow.mesh.box import box_mesh
from cementflow.mesh.tetmesh import TetMesh
from cementflow.sites.outlets import OpenFaces
from cementflow.verify import observed_order
from problems import (
    RecordingSolver,
    ball,
    boundary_vertices,
    full_state,
    open_faces,
    problem,
    random_delaunay,
    solver_of,
    tensor,
)

# Symmetric positive definite, its principal values 1 : 0.78 : 0.3 and its axes in no special direction.
_AXES = np.linalg.qr(np.array([[1.0, 2.0, 0.5], [-1.0, 1.0, 2.0], [0.3, -1.0, 1.0]]))[0]
TENSOR = _AXES @ np.diag([1e-8, 0.78e-8, 0.3e-8]) @ _AXES.T
GRADIENT = np.array([1.3e6, -0.7e6, 2.1e6])


@cache
def mesh_named(name: str) -> TetMesh:
    if name == "box":
        return box_mesh((10e-3, 8e-3, 6e-3), 1.5e-3)
    if name == "ball":
        return ball(6e-3, 1.5e-3)
    unit = random_delaunay(250, seed=7)
    return TetMesh.build(1e-2 * unit.points, unit.tets)


MESHES = ["box", "ball", "delaunay"]


def with_known_boundary(mesh: TetMesh, pressure: np.ndarray) -> Problem:
    """Marrow alone, and every boundary vertex held at its own pressure."""
    outlets = [OpenFaces(str(i), "C", np.array([i], np.int32), pressure[i]) for i in boundary_vertices(mesh)]
    at_the_wall = np.zeros(len(mesh.points))
    at_the_wall[outlets[0].vertices] = 1.0  # what is injected where the pressure is known changes nothing
    return problem(mesh, at_the_wall, outlets, permeability=TENSOR, rate=1e-6, linear=1e-14, picard=1e-9)


@pytest.mark.parametrize("name", MESHES)
def test_linear_pressure_is_reproduced(name: str) -> None:
    """The patch test, with a full tensor: nothing but round-off and the linear solver's tolerance remain."""
    mesh = mesh_named(name)
    exact = 5e3 + mesh.points @ GRADIENT
    p = with_known_boundary(mesh, exact)
    flow = solve_pressure(p, solver_of(p), State.initial(p), 1.0)
    assert flow.converged
    assert (~p.fixed).sum() > 50
    np.testing.assert_allclose(flow.pressure, exact, rtol=0.0, atol=1e-9 * np.ptp(exact))


@pytest.mark.parametrize("name", MESHES)
def test_velocity_of_a_linear_pressure_is_exact(name: str) -> None:
    """The flux is -(1/mu) K grad p in every tetrahedron, also in those with negative coefficients."""
    mesh = mesh_named(name)
    p = with_known_boundary(mesh, mesh.points @ GRADIENT)
    pressure = mesh.points @ GRADIENT
    m = mobility(p, np.zeros(p.volumes.n), np.full(p.volumes.n, 100.0), np.full(1, p.marrow_viscosity))
    exact = -TENSOR @ GRADIENT / p.marrow_viscosity
    velocity = darcy_flux(p, m, pressure)
    # Coefficients below 1e-11 of the largest are dropped, and slivers divide by a small volume.
    np.testing.assert_allclose(velocity, np.tile(exact, (len(mesh.tets), 1)), atol=1e-7 * np.abs(exact).max())


def test_boundary_fluxes_of_a_linear_pressure() -> None:
    """What leaves through a face of a box is the Darcy flux through it, also with a full tensor."""
    mesh = mesh_named("box")
    pressure = mesh.points @ GRADIENT
    p = with_known_boundary(mesh, pressure)
    flow = solve_pressure(p, solver_of(p), State.initial(p), 1.0)
    flux = -TENSOR @ GRADIENT / p.marrow_viscosity
    expected = p.drive.rate * p.source  # leaves where it enters
    for corner in mesh.boundary.T:
        np.add.at(expected, corner, mesh.boundary_area_vectors @ flux / 3.0)
    assert flow.fluxes.fixed.sum() == pytest.approx(p.drive.rate, rel=1e-9)
    # The flux of a boundary control volume is exact with the consistent load, a third of each triangle.
    np.testing.assert_allclose(flow.fluxes.fixed, expected, atol=1e-6 * np.abs(expected).max())


@pytest.mark.parametrize("name", MESHES)
def test_coefficients_are_the_stiffness_matrix(name: str) -> None:
    """Summed over elements, -t is the P1 stiffness matrix, computed here from barycentric gradients."""
    mesh = mesh_named(name)
    v = build_control_volumes(mesh, np.full(len(mesh.tets), 0.9), tensor(mesh, TENSOR))
    exact = np.zeros((v.n, v.n))
    for e, tet in enumerate(mesh.tets):
        gradients = np.linalg.inv(np.column_stack([np.ones(4), mesh.points[tet]]))[1:].T
        exact[np.ix_(tet, tet)] += mesh.volumes[e] * gradients @ TENSOR @ gradients.T
    assembled = np.zeros((v.n, v.n))
    ends = v.edges[mesh.tet_edges]
    np.add.at(assembled, (ends[..., 0], ends[..., 1]), -every_coefficient(v))
    assembled += assembled.T
    assembled -= np.diag(assembled.sum(axis=1))
    np.testing.assert_allclose(assembled, exact, atol=1e-9 * np.abs(exact).max())


def test_pore_volumes_share_each_tetrahedron_evenly() -> None:
    mesh = mesh_named("delaunay")
    porosity = np.random.default_rng(1).uniform(0.5, 1.0, len(mesh.tets))
    v = build_control_volumes(mesh, porosity, tensor(mesh, TENSOR))
    assert v.pore_volume.sum() == pytest.approx(porosity @ mesh.volumes, rel=1e-12)
    a = 17
    at = (mesh.tets == a).any(axis=1)
    assert v.pore_volume[a] == pytest.approx(0.25 * (porosity * mesh.volumes)[at].sum(), rel=1e-12)


# --- definiteness ---


def ugly_problem(seed: int) -> tuple[Problem, np.ndarray, np.ndarray]:
    """Slivers, anisotropy 1 : 0.3, viscosities 1e5 apart and saturations, viscosities and pressures at random."""
    rng = np.random.default_rng(seed)
    mesh = random_delaunay(120, seed)
    some = boundary_vertices(mesh)[:1]
    p = problem(
        mesh,
        np.full(len(mesh.points), 1.0 / len(mesh.points)),
        [OpenFaces("drain", "C", some, 0.0)],
        permeability=TENSOR,
        corey=Corey(2.0, 2.0),
        marrow=1e-3,
        linear=1e-10,
    )
    saturation = rng.choice([0.0, 1.0, 0.5], p.volumes.n)
    viscosity = 100.0 * 10.0 ** rng.uniform(-1.0, 1.0, p.volumes.n)
    return p, saturation, viscosity


def smallest_share(matrix: np.ndarray) -> float:
    """Smallest eigenvalue after scaling the diagonal to 1, which keeps the signs."""
    scale = 1.0 / np.sqrt(np.abs(np.diag(matrix)))
    return float(eigvalsh(scale[:, None] * matrix * scale)[0])


def laplacian(p: Problem, weight: np.ndarray) -> np.ndarray:
    """Matrix of edge conductances with the fixed vertices left out."""
    a, b = p.volumes.edges.T
    matrix = np.zeros((p.volumes.n, p.volumes.n))
    matrix[a, b] = matrix[b, a] = -weight
    matrix -= np.diag(matrix.sum(axis=1))
    return matrix[np.ix_(~p.fixed, ~p.fixed)]


SEEDS = range(12)


@pytest.mark.parametrize("seed", SEEDS)
def test_pressure_matrix_is_positive_definite_on_ugly_meshes(seed: int) -> None:
    p, saturation, viscosity = ugly_problem(seed)
    assembled = np.zeros(len(p.volumes.edges))
    np.add.at(assembled, p.volumes.mesh.tet_edges, every_coefficient(p.volumes))
    assert np.mean(assembled < 0.0) > 0.1
    pressure = np.random.default_rng(seed).random(p.volumes.n)
    weight = every_conductance(
        p, mobility(p, saturation, viscosity, np.full(1, p.marrow_viscosity)), pressure
    )
    assert smallest_share(laplacian(p, weight)) > 0.0


@pytest.mark.parametrize("seed", [0, 5])
def test_matrices_given_to_the_solver_are_symmetric_and_definite(seed: int) -> None:
    p, saturation, _ = ugly_problem(seed)
    solver = RecordingSolver(p)
    solve_pressure(p, solver, full_state(p, saturation), 1.0)
    assert solver.matrices
    for matrix in solver.matrices:
        dense = matrix.toarray()
        assert np.array_equal(dense, dense.T)
        assert smallest_share(dense) > 0.0


@pytest.mark.parametrize("seed", [0, 5])
def test_rerouted_fluxes_keep_every_balance(seed: int) -> None:
    """What flowed through negative coefficients takes other edges; no vertex gains or loses by it."""
    p, saturation, viscosity = ugly_problem(seed)
    v = p.volumes
    pressure = np.random.default_rng(seed).random(v.n)
    m = mobility(p, saturation, viscosity, np.full(1, p.marrow_viscosity))
    flux, out = edge_fluxes(v.edges, every_conductance(p, m, pressure), pressure)
    moved = flux.copy()
    reroute_obtuse(
        moved, v.tets, v.obtuse_edges, v.t, v.obtuse, m.relative_cement, m.marrow, m.viscosity, pressure
    )
    assert np.abs(moved - flux).max() > 1e-3 * np.abs(flux).max()
    after = np.bincount(v.edges[:, 0], moved, v.n) - np.bincount(v.edges[:, 1], moved, v.n)
    np.testing.assert_allclose(after, out, rtol=0.0, atol=1e-12 * np.abs(flux).max())


def test_rerouted_fluxes_hardly_run_against_the_pressure() -> None:
    """In an anisotropic body-centred cubic mesh all long edges of one direction do before."""
    mesh = box_mesh((1e-2, 1e-2, 1e-2), 1.2e-3)
    p = problem(
        mesh, np.zeros(len(mesh.points)), [open_faces(mesh)], permeability=np.diag([1.0, 0.6, 0.6]) * 1e-8
    )
    v = p.volumes
    pressure = -np.linalg.norm(mesh.points - 5e-3, axis=1)
    m = mobility(p, np.zeros(v.n), np.ones(v.n), np.full(1, p.marrow_viscosity))
    flux, _ = edge_fluxes(v.edges, every_conductance(p, m, pressure), pressure)
    moved = flux.copy()
    reroute_obtuse(
        moved, v.tets, v.obtuse_edges, v.t, v.obtuse, m.relative_cement, m.marrow, m.viscosity, pressure
    )
    drop = pressure[v.edges[:, 0]] - pressure[v.edges[:, 1]]
    uphill = [-np.minimum(f * np.sign(drop), 0.0).sum() / np.abs(f).sum() for f in (flux, moved)]
    assert uphill[0] > 0.02
    assert uphill[1] < 0.2 * uphill[0]


def test_naive_assembly_is_not_definite() -> None:
    """Negative control: upstream mobilities on negative coefficients too lose definiteness on these very meshes."""
    broken = 0
    for seed in SEEDS:
        p, saturation, viscosity = ugly_problem(seed)
        pressure = np.random.default_rng(seed).random(p.volumes.n)
        m = mobility(p, saturation, viscosity, np.full(1, p.marrow_viscosity))
        v = p.volumes
        whole = np.zeros(len(v.edges))
        np.add.at(whole, v.mesh.tet_edges, every_coefficient(v))
        up = np.where(pressure[v.edges[:, 0]] >= pressure[v.edges[:, 1]], v.edges[:, 0], v.edges[:, 1])
        upstream = m.marrow[up] + 2.0 * m.relative_cement[up] / viscosity[v.edges].sum(axis=1)
        broken += smallest_share(laplacian(p, upstream * whole)) < 0.0
    assert broken >= 3


# --- order ---


def manufactured(cells: int) -> float:
    """L2 error, relative, of p = sin sin sin in a cube with p = 0 around it and the tensor of these tests."""
    side = 1e-2
    mesh = box_mesh((side, side, side), 0.938 * side / cells)
    w = np.pi / side
    x, y, z = (w * mesh.points).T
    s, c = np.sin, np.cos
    exact = s(x) * s(y) * s(z)
    mixed = (
        TENSOR[0, 1] * c(x) * c(y) * s(z)
        + TENSOR[0, 2] * c(x) * s(y) * c(z)
        + TENSOR[1, 2] * s(x) * c(y) * c(z)
    )
    p = problem(
        mesh, np.zeros(len(exact)), [open_faces(mesh)], permeability=TENSOR, porosity=1.0, linear=1e-11
    )
    volume = p.volumes.pore_volume
    source = volume * w**2 * (np.trace(TENSOR) * exact - 2.0 * mixed) / p.marrow_viscosity
    p = replace(p, source=source / source.sum(), drive=Drive(rate=source.sum(), volume=1.0))
    flow = solve_pressure(p, solver_of(p), State.initial(p), 1.0)
    return float(np.sqrt(volume @ (flow.pressure - exact) ** 2 / (volume @ exact**2)))


def test_manufactured_pressure_converges_with_second_order() -> None:
    cells = [4, 8, 16]
    errors = [manufactured(n) for n in cells]
    order = observed_order([1.0 / n for n in cells], errors)
    assert errors[-1] < 0.01
    assert order.pairwise[-1] > 1.8
    assert order.fitted > 1.75


# --- linear solver ---


def random_system(seed: int) -> tuple[PressureSolver, csr_array, PressureMatrix, np.ndarray]:
    p, saturation, viscosity = ugly_problem(seed)
    solver = PressureSolver(p.volumes.row_start, p.volumes.neighbour, p.volumes.slot_edge)
    pressure = np.random.default_rng(seed).random(p.volumes.n)
    weight = every_conductance(
        p, mobility(p, saturation, viscosity, np.full(1, p.marrow_viscosity)), pressure
    )
    v = p.volumes
    rows = np.repeat(np.arange(v.n), np.diff(v.row_start))
    values = np.where(v.slot_edge >= 0, -weight[v.slot_edge], 0.0)
    diagonal = np.bincount(rows, -values, minlength=v.n)
    diagonal += 1e-3 * diagonal.mean()
    values[v.slot_edge < 0] = diagonal
    rhs = np.random.default_rng(seed + 1).normal(size=v.n)
    return solver, csr_array((values, v.neighbour, v.row_start)), PressureMatrix(diagonal, weight), rhs


@pytest.mark.parametrize("seed", range(4))
def test_conjugate_gradients_agree_with_a_direct_solver(seed: int) -> None:
    solver, matrix, system, rhs = random_system(seed)
    result = solver.solve(system, rhs, np.zeros(len(rhs)), 1e-12)
    assert result.converged and result.iterations > 0
    exact = spsolve(matrix.tocsc(), rhs)
    np.testing.assert_allclose(result.x, exact, rtol=1e-7, atol=1e-9 * np.abs(exact).max())


def test_a_solved_system_costs_nothing_and_is_left_alone() -> None:
    solver, matrix, system, rhs = random_system(0)
    exact = spsolve(matrix.tocsc(), rhs)
    start = exact.copy()
    result = solver.solve(system, rhs, start, 1e-8)
    assert result.converged and result.iterations == 0
    assert np.array_equal(start, exact) and np.array_equal(result.x, exact)


def test_the_guess_is_not_overwritten() -> None:
    solver, _, system, rhs = random_system(0)
    start = np.ones(len(rhs))
    solver.solve(system, rhs, start, 1e-8)
    assert (start == 1.0).all()


def test_an_indefinite_matrix_is_a_value_not_an_error() -> None:
    solver, _, system, rhs = random_system(0)
    negative = PressureMatrix(-system.diagonal, -system.conductance)
    result = solver.solve(negative, rhs, np.zeros(len(rhs)), 1e-10)
    assert not result.converged


def test_running_out_of_iterations_is_a_value_not_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    solver, _, system, rhs = random_system(0)
    monkeypatch.setattr("cementflow.fem.linear_solver.MAX_ITERATIONS", 3)
    result = solver.solve(system, rhs, np.zeros(len(rhs)), 1e-10)
    assert not result.converged
    assert result.iterations == 3
