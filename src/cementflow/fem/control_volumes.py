"""Median-dual control volumes of a mesh and the coefficients of the flow between them.

The pressure is P1 on tetrahedra with its unknowns at the vertices. With t_ab = -|e| grad N_a . K grad N_b the flux from
a to b through element e is (mobility) t_ab (p_a - p_b); summed over elements it is an edge flux, and the equation of a
vertex is exactly the volume balance of its control volume. One edge-based structure so serves pressure and transport.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cementflow.fem import kernels
from cementflow.mesh.tetmesh import TET_EDGES, TetMesh

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
# Unsigned where only kernels index: Numba then need not ask of every index whether it counts from the end.
Indices = NDArray[np.uint32]


@dataclass(frozen=True, eq=False)
class ControlVolumes:
    """Geometry, coefficients and sparsity of the vertex control volumes.

    Attributes
    ----------
    mesh
        The tetrahedra.
    tets
        Their vertices once more, unsigned, shape (m, 4).
    porosity
        Of each tetrahedron [-], shape (m,).
    inverse_permeability
        K^-1 of each tetrahedron [1/m2] as (xx, yy, zz, yz, xz, xy), shape (m, 6).
    pore_volume
        Of each vertex [m3], shape (n,).
    edges
        Vertex pairs, first below second, shape (k, 2).
    tet_edges
        Edge of each local vertex pair, shape (m, 6).
    t
        Element coefficients [m3], shape (m, 6).
    coefficient
        Sum over elements of the non-negative t, shape (k,).
    obtuse
        Tetrahedra that have a negative coefficient.
    row_start, neighbour, slot_edge, diagonal_slot
        CSR pattern of the matrix: column of each slot, the edge behind it (-1 on the diagonal), slot of each diagonal.
    """

    mesh: TetMesh
    tets: Indices
    porosity: Floats
    inverse_permeability: Floats
    pore_volume: Floats
    edges: Indices
    tet_edges: Indices
    t: Floats
    coefficient: Floats
    obtuse: Indices
    row_start: Indices
    neighbour: Indices
    slot_edge: Ints
    diagonal_slot: Indices

    @property
    def n(self) -> int:
        """Number of vertices."""
        return len(self.mesh.points)


def build_control_volumes(mesh: TetMesh, porosity: Floats, permeability: Floats) -> ControlVolumes:
    """Coefficients of a mesh with cell-wise porosity and permeability.

    Parameters
    ----------
    mesh
        The tetrahedra.
    porosity
        Shape (m,) [-].
    permeability
        Symmetric positive tensors as (xx, yy, zz, yz, xz, xy) [m2], shape (m, 6).
    """
    tets = mesh.tets.astype(np.uint32)
    t = kernels.tet_coefficients(mesh.points, tets, np.ascontiguousarray(permeability))
    # Round-off leaves right angles (many in a body-centred cubic mesh) a hair negative.
    t[np.abs(t) < 1e-11 * np.abs(t).max(axis=1, keepdims=True)] = 0.0
    edges, tet_edges = _number_edges(mesh)
    pore_volume = np.zeros(len(mesh.points))
    np.add.at(pore_volume, mesh.tets, (0.25 * porosity * mesh.volumes)[:, None])
    return ControlVolumes(
        mesh=mesh,
        tets=tets,
        porosity=np.ascontiguousarray(porosity, dtype=np.float64),
        inverse_permeability=_invert(permeability),
        pore_volume=pore_volume,
        edges=edges,
        tet_edges=tet_edges,
        t=t,
        coefficient=kernels.sum_to_edges(t, tet_edges, len(edges)),
        obtuse=np.flatnonzero((t < 0.0).any(axis=1)).astype(np.uint32),
        **_pattern(len(mesh.points), edges),
    )


def _number_edges(mesh: TetMesh) -> tuple[Indices, Indices]:
    pairs = np.sort(mesh.tets[:, TET_EDGES], axis=2).astype(np.int64)
    keys, inverse = np.unique(pairs[..., 0] * len(mesh.points) + pairs[..., 1], return_inverse=True)
    edges = np.stack(np.divmod(keys, len(mesh.points)), axis=1).astype(np.uint32)
    return edges, inverse.reshape(-1, 6).astype(np.uint32)


def _pattern(n: int, edges: Indices) -> dict[str, Any]:
    k = len(edges)
    rows = np.concatenate([edges[:, 0], edges[:, 1], np.arange(n, dtype=np.uint32)])
    columns = np.concatenate([edges[:, 1], edges[:, 0], np.arange(n, dtype=np.uint32)])
    behind = np.concatenate([np.arange(k), np.arange(k), np.full(n, -1)]).astype(np.int32)
    order = np.lexsort((columns, rows))
    row_start = np.zeros(n + 1, np.uint32)
    np.cumsum(np.bincount(rows, minlength=n), out=row_start[1:])
    slot_edge = behind[order]
    return {
        "row_start": row_start,
        "neighbour": columns[order],
        "slot_edge": slot_edge,
        "diagonal_slot": np.flatnonzero(slot_edge < 0).astype(np.uint32),
    }


def _invert(permeability: Floats) -> Floats:
    order = np.array([[0, 5, 4], [5, 1, 3], [4, 3, 2]])
    scale = np.abs(permeability).max(axis=1)
    full = np.linalg.inv((permeability / scale[:, None])[:, order]) / scale[:, None, None]
    return np.ascontiguousarray(
        np.stack(
            [full[:, 0, 0], full[:, 1, 1], full[:, 2, 2], full[:, 1, 2], full[:, 0, 2], full[:, 0, 1]], axis=1
        )
    )
