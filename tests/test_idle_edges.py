"""Edges that nothing can flow along are left out, and heat has its own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cementflow.fem.control_volumes import ControlVolumes, build_control_volumes
from cementflow.flow.course import Step
from cementflow.flow.heat import HeatVolumes, spread_heat
from cementflow.flow.problem import Problem
from cementflow.laws.thermal import Material, Tissue
from cementflow.mesh.box import box_mesh
from cementflow.mesh.tetmesh import TetMesh
from cementflow.mesh.topology import TET_EDGES, pieces, row_pattern
from cementflow.sites.outlets import OpenFaces
from cementflow.sites.source import ball_weights
from problems import problem, random_delaunay, run

EVEN = Material(1200.0, 2000.0, 0.30)
TISSUE = Tissue(bone=EVEN, marrow=EVEN, cement=EVEN, perfusion=0.0, exchange=0.0)
STRETCH = 2.0


def built(mesh: TetMesh, *diagonal: float) -> ControlVolumes:
    row = np.array([*diagonal, 0.0, 0.0, 0.0])
    return build_control_volumes(
        mesh, np.full(len(mesh.tets), 0.8), np.broadcast_to(row, (len(mesh.tets), 6))
    )


def with_every_edge(v: ControlVolumes) -> ControlVolumes:
    """The same with all edges of the mesh."""
    edges, tet_edges = v.mesh.number_edges()
    known = {tuple(edge): c for edge, c in zip(v.edges.tolist(), v.coefficient.tolist(), strict=True)}
    row_start, neighbour, slot_edge = row_pattern(edges, v.n)
    return replace(
        v,
        edges=edges,
        coefficient=np.array([known.get(tuple(edge), 0.0) for edge in edges.tolist()]),
        obtuse_edges=tet_edges[v.obtuse],
        row_start=row_start,
        neighbour=neighbour,
        slot_edge=slot_edge,
    )


def without(v: ControlVolumes, edge: int) -> ControlVolumes:
    """The same without an edge more; only where no tetrahedron is obtuse."""
    edges = np.delete(v.edges, edge, axis=0)
    row_start, neighbour, slot_edge = row_pattern(edges, v.n)
    return replace(
        v,
        edges=edges,
        coefficient=np.delete(v.coefficient, edge),
        row_start=row_start,
        neighbour=neighbour,
        slot_edge=slot_edge,
    )


def test_the_lattice_of_isotropic_bone_keeps_eight_neighbours() -> None:
    mesh = box_mesh([0.02] * 3, 2e-3)
    v = built(mesh, 1.0, 1.0, 1.0)
    assert (v.coefficient > 0.0).all()
    assert 0.3 < 1.0 - len(v.edges) / len(mesh.edges) < 0.42
    inside = np.setdiff1d(np.arange(v.n), mesh.boundary)
    neighbours = np.diff(v.row_start.astype(int))[inside] - 1
    assert np.median(neighbours) == 8
    # Within each tetrahedron what carries ties all four vertices: nothing falls apart.
    assert pieces(v.edges, v.n)[0] == 1


def test_all_edges_of_obtuse_tetrahedra_stay() -> None:
    mesh = random_delaunay(60, 3)
    v = built(mesh, 1.0, 1.0, 0.3)
    ends = np.sort(v.tets[v.obtuse][:, TET_EDGES], axis=2)
    assert len(v.obtuse)
    np.testing.assert_array_equal(v.edges[v.obtuse_edges], ends)


def injection(v: ControlVolumes, p: Problem) -> list[Step]:
    return run(replace(p, volumes=v))


def test_an_injection_is_that_with_all_edges() -> None:
    mesh = box_mesh([0.02] * 3, 2.5e-3)
    surface = OpenFaces("all faces", "C", np.unique(mesh.boundary).astype(np.int32), 0.0)
    p = problem(mesh, ball_weights(mesh, np.full(3, 0.01), 3e-3), [surface], volume=5e-7, linear=1e-9)
    own, every = injection(p.volumes, p), injection(with_every_edge(p.volumes), p)
    assert len(own) == len(every)
    for one, other in zip(own, every, strict=True):
        np.testing.assert_allclose(one.state.saturation, other.state.saturation, atol=1e-9)
        np.testing.assert_allclose(one.flow.tip_pressure, other.flow.tip_pressure, rtol=1e-9)
    # Negative control: any edge that carries something is missed.
    tip = np.argmax(p.source)
    less = injection(without(p.volumes, int(np.flatnonzero((p.volumes.edges == tip).any(axis=1))[0])), p)
    assert abs(less[0].flow.tip_pressure / own[0].flow.tip_pressure - 1.0) > 1e-4


def test_heat_takes_edges_that_carry_no_flow() -> None:
    """In a lattice stretched with the permeability nothing flows along some of the edges that conduct heat."""
    box = box_mesh([0.02] * 3, 2e-3)
    mesh = TetMesh.build(box.points * [1.0, 1.0, STRETCH], box.tets)
    v = built(mesh, 1.0, 1.0, STRETCH**2)
    of = HeatVolumes.build(v, TISSUE)
    key = np.array([v.n, 1])
    shared = np.isin(of.edges @ key, v.edges @ key)
    edges = of.edges[shared]
    row_start, neighbour, slot_edge = row_pattern(edges, v.n)
    # Negative control: heat along the edges of the flow alone.
    alone = replace(
        of,
        edges=edges,
        laplace=of.laplace[shared],
        row_start=row_start,
        neighbour=neighbour,
        slot_edge=slot_edge,
    )
    np.testing.assert_allclose(warming(of), 1.0, atol=2e-3)
    assert np.abs(warming(alone) - 1.0).max() > 0.1


def warming(of: HeatVolumes) -> np.ndarray:
    """What parabolas along three axes rise by far from the surface, over what they should."""
    x, dt, curvature = of.volumes.mesh.points, 1.0, 4e6
    inside = (np.abs(x - x.mean(axis=0)) < 0.25 * np.ptp(x, axis=0)).all(axis=1)
    due = 2.0 * curvature * EVEN.conductivity / EVEN.capacity * dt
    none = np.zeros(of.volumes.n)
    parabolas = [curvature * (along - along.mean()) ** 2 for along in x.T]
    return np.array([(spread_heat(of, none, p, dt)[0] - p)[inside] / due for p in parabolas])
