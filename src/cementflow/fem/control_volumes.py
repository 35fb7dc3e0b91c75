"""Median-dual control volumes of a mesh and the coefficients of the flow between them.

The pressure is P1 on tetrahedra with its unknowns at the vertices. With t_ab = -|e| grad N_a . K grad N_b the flux from
a to b through element e is (mobility) t_ab (p_a - p_b); summed over elements it is an edge flux, and the equation of a
vertex is exactly the volume balance of its control volume. One edge-based structure so serves pressure and transport.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from cementflow.fem.coefficients import element_coefficients
from cementflow.mesh.tetmesh import TetMesh, around_vertices
from cementflow.mesh.topology import row_pattern

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
# Unsigned where only kernels index: Numba then need not ask of every index whether it counts from the end.
Indices = NDArray[np.uint32]
CHUNK = 10_000  # tetrahedra worked on at once: keeps what is in between in the cache


@dataclass(frozen=True, eq=False)
class ControlVolumes:
    """Geometry, coefficients and sparsity of the vertex control volumes.

    Attributes
    ----------
    mesh
        The tetrahedra.
    tets
        Their vertices, unsigned in the same memory, shape (m, 4).
    porosity
        Of each tetrahedron [-], shape (m,), or of all, (1,).
    permeability
        K [m2] as (xx, yy, zz, yz, xz, xy) of each tetrahedron, shape (m, 6), or of all, (1, 6).
    inverse_permeability
        K^-1 [1/m2] as (xx, yy, zz, yz, xz, xy) of each tetrahedron, shape (m, 6), or of all, (1, 6).
    pore_volume
        Of each vertex [m3], shape (n,).
    edges
        Vertex pairs that fluid can flow between, first below second, in lexicographic order, shape (k, 2).
    coefficient
        Sum over elements of the non-negative element coefficients [m3], shape (k,).
    obtuse
        Tetrahedra that have a negative coefficient.
    t, obtuse_edges
        Element coefficients of these tetrahedra [m3], and the edges that they belong to, shape (obtuse, 6).
    row_start, neighbour, slot_edge
        CSR pattern of the matrix: column of each slot, and the edge behind it (-1 on the diagonal).
    """

    mesh: TetMesh
    tets: Indices
    porosity: Floats
    permeability: Floats
    inverse_permeability: Floats
    pore_volume: Floats
    edges: Indices
    coefficient: Floats
    obtuse: Indices
    t: Floats
    obtuse_edges: Indices
    row_start: Indices
    neighbour: Indices
    slot_edge: Ints

    @property
    def n(self) -> int:
        """Number of vertices."""
        return len(self.mesh.points)

    @cached_property
    def around(self) -> Floats:
        """Volume of the tetrahedra around each vertex [m3], shape (n,); kept, as viscosities often ask for it."""
        return around_vertices(self.tets, self.mesh.volumes, self.n)


def build_control_volumes(mesh: TetMesh, porosity: Floats, permeability: Floats) -> ControlVolumes:
    """Coefficients of a mesh with cell-wise porosity and permeability.

    Parameters
    ----------
    mesh
        The tetrahedra.
    porosity
        Shape (m,) [-], or one number broadcast to it.
    permeability
        Symmetric positive tensors as (xx, yy, zz, yz, xz, xy) [m2], shape (m, 6), or one row broadcast to it.
    """
    porosity, distinct = _distinct(porosity), _distinct(permeability)
    edges, tet_edges = mesh.number_edges()
    t, coefficient, obtuse, pore_volume = element_coefficients(
        mesh.points, mesh.indices, tet_edges, len(edges), distinct, porosity
    )
    t, obtuse_edges = t[obtuse], tet_edges[obtuse]
    del tet_edges
    # Along edges with right angles all around, of which a lattice has many, nothing flows. What a negative coefficient
    # carries may take any edge of its tetrahedron.
    carries = coefficient > 0.0
    carries[obtuse_edges] = True
    obtuse_edges = (np.cumsum(carries, dtype=np.uint32) - np.uint32(1))[obtuse_edges]
    edges, coefficient = edges[carries], coefficient[carries]
    row_start, neighbour, slot_edge = row_pattern(edges, len(mesh.points))
    return ControlVolumes(
        mesh=mesh,
        tets=mesh.indices,
        porosity=porosity,
        permeability=distinct,
        inverse_permeability=_invert(distinct),
        pore_volume=pore_volume,
        edges=edges,
        coefficient=coefficient,
        obtuse=obtuse,
        t=t,
        obtuse_edges=obtuse_edges,
        row_start=row_start,
        neighbour=neighbour,
        slot_edge=slot_edge,
    )


def every_coefficient(volumes: ControlVolumes) -> Floats:
    """Coefficients t_ab of all tetrahedra [m3], shape (m, 6); those that are kept are of obtuse ones only."""
    mesh = volumes.mesh
    edges, tet_edges = mesh.number_edges()
    t: Floats = element_coefficients(
        mesh.points, mesh.indices, tet_edges, len(edges), volumes.permeability, volumes.porosity
    )[0]
    return t


def _distinct(values: Floats) -> Floats:
    """One row of values that are broadcast, else all of them."""
    return values[:1].copy() if values.strides[0] == 0 else np.ascontiguousarray(values, dtype=np.float64)


def _invert(permeability: Floats) -> Floats:
    """Inverse of symmetric tensors (m, 6), the adjugate over the determinant, of entries scaled to 1."""
    inverse = np.empty(permeability.shape)
    for start in range(0, len(permeability), CHUNK):
        part = slice(start, start + CHUNK)
        scale = np.abs(permeability[part]).max(axis=1)
        xx, yy, zz, yz, xz, xy = permeability[part].T / scale
        adjugate = (
            yy * zz - yz * yz,
            xx * zz - xz * xz,
            xx * yy - xy * xy,
            xz * xy - xx * yz,
            xy * yz - yy * xz,
            yz * xz - zz * xy,
        )
        determinant = xx * adjugate[0] + xy * adjugate[5] + xz * adjugate[4]
        inverse[part] = np.stack(adjugate, axis=1) / (determinant * scale)[:, None]
    return inverse
