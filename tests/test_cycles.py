"""Cycles taken out of a flow."""

from __future__ import annotations

import numpy as np
import pytest

from cementflow.fem.cycles import cancel_triangles
from cementflow.fem.upwind import flow_order, slot_fluxes
from cementflow.mesh.tetmesh import TetMesh
from cementflow.mesh.topology import row_pattern
from problems import random_delaunay


def slots(mesh: TetMesh, flux: np.ndarray) -> tuple[np.ndarray, ...]:
    """Pattern, and fluxes of its slots, outflow and number of inflows of each vertex."""
    row_start, neighbour, slot_edge, _ = row_pattern(mesh.edges, len(mesh.points))
    every = np.arange(len(mesh.points), dtype=np.uint32)
    return every, row_start, neighbour, *slot_fluxes(every, row_start, neighbour, slot_edge, flux)


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
    every, row_start, neighbour, slot_flux, through, incoming = slots(mesh, along_x(mesh))
    row = np.repeat(every, np.diff(row_start))
    pressure = mesh.points[:, 0]

    def against(f: np.ndarray) -> float:
        return float(f[(f > 0.0) & (pressure[row] < pressure[neighbour])].sum())

    before, out = slot_flux.copy(), np.bincount(row, slot_flux)
    by_pressure = every[np.argsort(-pressure)]
    cancel_triangles(by_pressure, row_start, neighbour, pressure, slot_flux, through, incoming)
    assert against(slot_flux) < 0.4 * against(before)
    np.testing.assert_allclose(np.bincount(row, slot_flux), out, atol=1e-14)
    assert (np.abs(slot_flux) <= np.abs(before)).all()
    # What is told of each vertex is that of its fluxes.
    np.testing.assert_allclose(through, np.bincount(row, np.maximum(slot_flux, 0.0)), atol=1e-14)
    np.testing.assert_array_equal(incoming, np.bincount(row[slot_flux < 0.0], minlength=len(every)))
    # Both directions of an edge say the same.
    there = {(a, b): f for a, b, f in zip(row.tolist(), neighbour.tolist(), slot_flux.tolist(), strict=True)}
    assert all(there[b, a] == -f for (a, b), f in there.items() if a != b)


def test_a_flow_without_cycles_is_left_alone(mesh: TetMesh) -> None:
    x = mesh.points[:, 0]
    every, row_start, neighbour, *rest = slots(mesh, x[mesh.edges[:, 0]] - x[mesh.edges[:, 1]])
    before = [values.copy() for values in rest]
    cancel_triangles(every, row_start, neighbour, x, *rest)
    for value, old in zip(rest, before, strict=True):
        np.testing.assert_array_equal(value, old)
    order, cut = flow_order(every, row_start, neighbour, rest[0], rest[2], np.empty(0, np.uint32))
    assert cut == 0
    assert np.array_equal(np.sort(order), every)


def test_cycles_are_counted(mesh: TetMesh) -> None:
    every, row_start, neighbour, slot_flux, _, incoming = slots(mesh, along_x(mesh))
    by_pressure = every[np.argsort(-mesh.points[:, 0], kind="stable")]
    order, cut = flow_order(every, row_start, neighbour, slot_flux, incoming, by_pressure)
    assert cut > 0
    assert np.array_equal(np.sort(order), every)
