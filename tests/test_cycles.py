"""Cycles taken out of a flow."""

from __future__ import annotations

import numpy as np
import pytest

from cementflow.fem.cycles import cancel_triangles
from cementflow.fem.region import downstream, flow_graph
from cementflow.fem.upwind import flow_order
from cementflow.mesh.tetmesh import TetMesh
from cementflow.mesh.topology import row_pattern
from problems import random_delaunay


def graph_of(mesh: TetMesh, flux: np.ndarray, region: np.ndarray | None = None) -> tuple[np.ndarray, ...]:
    """All vertices or those of a region, and the flow between them (`flow_graph`)."""
    row_start, neighbour, slot_edge = row_pattern(mesh.edges, len(mesh.points))
    chosen = np.arange(len(mesh.points), dtype=np.uint32) if region is None else region
    return chosen, *flow_graph(chosen, row_start, neighbour, slot_edge, flux, flux)


@pytest.fixture(scope="module")
def mesh() -> TetMesh:
    return random_delaunay(500, 1)


def along_x(mesh: TetMesh) -> np.ndarray:
    """Fluxes down the x axis, and a circulation of a tenth of them round a triangle of every sixth tetrahedron."""
    x = mesh.points[:, 0]
    flux = x[mesh.edges[:, 0]] - x[mesh.edges[:, 1]]
    number = {tuple(edge): j for j, edge in enumerate(mesh.edges.tolist())}
    for a, b, c, _ in mesh.tets[::6].tolist():
        for p, q in ((a, b), (b, c), (c, a)):
            flux[number[min(p, q), max(p, q)]] += 0.1 if p < q else -0.1
    return flux


def test_triangles_are_taken_out_and_every_balance_is_kept(mesh: TetMesh) -> None:
    every, start, ahead, away, through, incoming = graph_of(mesh, along_x(mesh))
    row = np.repeat(every, np.diff(start))
    pressure = mesh.points[:, 0]

    def against(f: np.ndarray) -> float:
        return float(f[(f > 0.0) & (pressure[row] < pressure[ahead])].sum())

    before, out = away.copy(), np.bincount(row, away)
    by_pressure = every[np.argsort(-pressure)]
    cancel_triangles(by_pressure, start, ahead, pressure, away, through, incoming)
    assert against(away) < 0.4 * against(before)
    np.testing.assert_allclose(np.bincount(row, away), out, atol=1e-14)
    assert (np.abs(away) <= np.abs(before)).all()
    # What is told of each vertex is that of its fluxes.
    np.testing.assert_allclose(through, np.bincount(row, np.maximum(away, 0.0)), atol=1e-14)
    np.testing.assert_array_equal(incoming, np.bincount(row[away < 0.0], minlength=len(every)))
    # Both directions of an edge say the same.
    there = {(a, b): f for a, b, f in zip(row.tolist(), ahead.tolist(), away.tolist(), strict=True)}
    assert all(there[b, a] == -f for (a, b), f in there.items())


def test_a_flow_without_cycles_is_left_alone(mesh: TetMesh) -> None:
    x = mesh.points[:, 0]
    every, start, ahead, *rest = graph_of(mesh, x[mesh.edges[:, 0]] - x[mesh.edges[:, 1]])
    before = [values.copy() for values in rest]
    cancel_triangles(every, start, ahead, x, *rest)
    for value, old in zip(rest, before, strict=True):
        np.testing.assert_array_equal(value, old)
    order, cut = flow_order(start, ahead, rest[0], rest[2], np.empty(0, np.uint32))
    assert cut == 0
    assert np.array_equal(np.sort(order), every)


def test_cycles_are_counted(mesh: TetMesh) -> None:
    every, start, ahead, away, _, incoming = graph_of(mesh, along_x(mesh))
    by_pressure = every[np.argsort(-mesh.points[:, 0], kind="stable")]
    order, cut = flow_order(start, ahead, away, incoming, by_pressure)
    assert cut > 0
    assert np.array_equal(np.sort(order), every)


def test_the_graph_of_a_region_is_that_of_all_without_the_others(mesh: TetMesh) -> None:
    """Rows keep what flows among the chosen; what leaves counts the others too, what comes in does not."""
    flux = along_x(mesh)
    region = np.flatnonzero(mesh.points[:, 1] < 0.6).astype(np.uint32)
    _, start, ahead, away, through, incoming = graph_of(mesh, flux, region)
    every, all_start, all_ahead, all_away, all_through, _ = graph_of(mesh, flux)
    chosen = np.isin(every, region)
    row = np.repeat(every, np.diff(all_start))
    kept = chosen[row] & chosen[all_ahead]
    assert 0 < kept.sum() < len(kept)
    np.testing.assert_array_equal(region[np.repeat(np.arange(len(region)), np.diff(start))], row[kept])
    np.testing.assert_array_equal(region[ahead], all_ahead[kept])
    np.testing.assert_array_equal(away, all_away[kept])
    np.testing.assert_array_equal(through, all_through[region])
    arriving = np.bincount(row[kept & (all_away < 0.0)], minlength=len(every))
    np.testing.assert_array_equal(incoming, arriving[region])


def test_two_sets_of_fluxes_count_by_their_mean(mesh: TetMesh) -> None:
    row_start, neighbour, slot_edge = row_pattern(mesh.edges, len(mesh.points))
    every = np.arange(len(mesh.points), dtype=np.uint32)
    flux = along_x(mesh)
    other = np.random.default_rng(0).normal(size=len(flux))
    found = flow_graph(every, row_start, neighbour, slot_edge, flux, other)
    mean = 0.5 * (flux + other)
    for one, same in zip(found, flow_graph(every, row_start, neighbour, slot_edge, mean, mean), strict=True):
        np.testing.assert_array_equal(one, same)


def test_downstream_is_what_the_flow_reaches_layer_by_layer(mesh: TetMesh) -> None:
    row_start, neighbour, slot_edge = row_pattern(mesh.edges, len(mesh.points))
    flux = along_x(mesh)
    wet = mesh.points[:, 0] > 0.8
    reached, (begin, end) = wet.copy(), np.where(flux > 0.0, mesh.edges.T, mesh.edges.T[::-1])
    for _ in range(3):
        before = reached.copy()
        reached[end[before[begin]]] = True
    region, outermost = downstream(row_start, neighbour, slot_edge, flux, flux, wet, 3, 1e-12)
    np.testing.assert_array_equal(region, np.flatnonzero(reached))
    np.testing.assert_array_equal(region[outermost], np.flatnonzero(reached & ~before))
