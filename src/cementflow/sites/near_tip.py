"""What the mesh gets wrong of the pressure close to the needle tip.

The rate times the tip pressure is what the flow dissipates. Near a ball whose radius is no more than a few mesh widths,
the piecewise linear pressure does not dissipate what it should, by an amount that is known: there the flow is that of a
ball in bone without an end (`BallField`), whatever happens further out, and the mesh has its own answer to the same
problem. So the tip pressure is that of the mesh, less what the mesh dissipates near the tip and plus what the flow
does: the near field of the pressure taken from the closed form and the far field from the mesh, as Peaceman 1978 (SPE J
18:183) has it of wells in the blocks of a reservoir. Nothing is fitted.

As the flux of a given rate hardly depends on viscosities, what both dissipate along each edge is found once, for a
viscosity of one, and takes the viscosities of each moment.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cementflow.fem import kernels
from cementflow.fem.control_volumes import ControlVolumes, build_control_volumes, every_coefficient
from cementflow.fem.linear_solver import PressureSolver
from cementflow.fem.pore_shear import pore_shear, shear_sums
from cementflow.fem.pressure_matrix import PressureMatrix
from cementflow.fem.vertex_groups import group_vertices
from cementflow.mesh.tetmesh import TetMesh
from cementflow.mesh.topology import number_edges, row_pattern
from cementflow.sites.ball_field import BallField
from cementflow.sites.source import barycentric_lattice

Floats = NDArray[np.float64]
Indices = NDArray[np.uint32]
REACH = 3.0  # edges around the ball
ACCURACY = 1e-8  # of the local pressure
FINE, COARSE = 4, 2  # points along the edges of tetrahedra that the ball touches, and of the others
TRACE = 1e-3  # of the dissipation of a tetrahedron, for each edge
ROUND_OFF = 1e-9


@dataclass(frozen=True, eq=False)
class NearTip:
    """Flow close to the tip at a rate of 1 m3/s and a viscosity of 1 Pa s, as it is and as the mesh has it.

    What the flow dissipates in a tetrahedron is told by edges, in the proportions that the mesh has it. So edges far
    from the ball dissipate the same in both, and where the cement ends out there does not matter.

    Parameters
    ----------
    upstream, downstream
        Vertices of the mesh: the ends of the edges near the tip, shape (k,).
    flow, mesh
        Dissipated along each edge, in the flow as it is and by the mesh [1/m3], shape (k,).
    mesh_shear
        u / sqrt(k phi) that the mesh finds at both ends of each edge [1/m3], shape (2, k).
    shear, dissipated
        u / sqrt(k phi) [1/m3] and dissipation [1/m3] of the flow as it is, in the four quarters of each tetrahedron
        that belong to its vertices, shape (m, 4).
    edges, shares
        Edges of each tetrahedron, counted as above, and the share of each in its dissipation, shape (m, 6).
    """

    upstream: Indices
    downstream: Indices
    flow: Floats
    mesh: Floats
    mesh_shear: Floats
    shear: Floats
    dissipated: Floats
    edges: Indices
    shares: Floats

    def thickening(self, law: Callable[[Floats], Floats], rate: float) -> Floats:
        """Viscosity that the flow meets along each edge, over that which the mesh takes, at a rate [m3/s].

        Parameters
        ----------
        law
            Viscosity as a function of u / sqrt(k phi).
        """
        met = (self.dissipated * law(rate * self.shear)).sum(axis=1)
        total = np.bincount(
            self.edges.ravel(), (self.shares * met[:, None]).ravel(), minlength=len(self.flow)
        )
        return np.asarray(total / (self.flow * law(rate * self.mesh_shear).mean(axis=0)))


def near_tip(
    volumes: ControlVolumes, permeability: Floats, weights: Floats, center: Floats, radius: float
) -> NearTip | None:
    """The surroundings of a ball source, None where it reaches out of the bone, or all around it is wall.

    Parameters
    ----------
    volumes
        The mesh and its porosity.
    permeability
        Of each tetrahedron, shape (m, 6) [m2]; what it is in the ball is taken to hold around it.
    weights
        Share of the source in each control volume, shape (n,).
    center, radius
        Of the ball [m].
    """
    chosen = _around(volumes, weights, center, radius)
    used, corners = np.unique(volumes.mesh.tets[chosen], return_inverse=True)
    part = TetMesh(
        volumes.mesh.points[used], corners.reshape(-1, 4).astype(np.int32), np.zeros(len(chosen), np.int32)
    )
    wall = np.zeros(len(used), bool)
    wall[part.boundary] = True
    reaches_out = np.linalg.norm(part.points[wall] - center, axis=1).min(initial=np.inf) < radius
    if wall.all() or reaches_out or weights[used].sum() < 1.0 - ROUND_OFF:
        return None
    distance = np.linalg.norm(part.points[part.tets].mean(axis=1) - center, axis=1)
    within = chosen[distance <= max(radius, distance.min())]
    share = volumes.mesh.volumes[within]
    share /= share.sum()
    around = (share[:, None] * permeability[within]).sum(axis=0)
    porosity = (share * np.broadcast_to(volumes.porosity, len(volumes.tets))[within]).sum()
    local = build_control_volumes(
        part, np.broadcast_to(porosity, len(chosen)), np.broadcast_to(around, (len(chosen), 6))
    )
    field = BallField(center, radius, around)
    # All edges, also those that the mesh lets nothing flow along.
    t, (edges, tet_edges) = every_coefficient(local), part.number_edges()
    conductance = _sum_by_edges(tet_edges, t)
    pressure = _local_pressure(local, edges, conductance, wall, field.pressure(part.points), weights[used])
    lost = field.mean_pressure - float(np.sum(weights[used] * pressure))
    return _assembled(local, edges, tet_edges, t, conductance, field, pressure, lost, used)


def _around(volumes: ControlVolumes, weights: Floats, center: Floats, radius: float) -> NDArray[np.intp]:
    """Tetrahedra within some edges of the ball; edges as long as those at its vertices."""
    mesh, ball = volumes.mesh, weights > 0.0
    edges, _ = number_edges(volumes.tets[_touching(volumes, ball)], volumes.n)
    lengths = np.linalg.norm(mesh.points[edges[:, 0]] - mesh.points[edges[:, 1]], axis=1)
    edge = np.average(lengths, weights=ball[edges].sum(axis=1))
    away = mesh.points - center
    inside = np.einsum("ij,ij->i", away, away) <= (radius + REACH * edge) ** 2
    near = _touching(volumes, inside).astype(np.intp)
    return near[inside[mesh.tets[near]].all(axis=1)]


def _touching(volumes: ControlVolumes, marked: NDArray[np.bool_]) -> Indices:
    """Tetrahedra with a marked vertex, ascending."""
    found: Indices = kernels.touching(volumes.tets, marked.view(np.uint8))[0]
    return found


def _local_pressure(
    local: ControlVolumes,
    edges: Indices,
    conductance: Floats,
    wall: NDArray[np.bool_],
    exact: Floats,
    source: Floats,
) -> Floats:
    """What the mesh makes of the ball for a viscosity of one, with the exact pressure all around."""
    row_start, neighbour, slot_edge = row_pattern(edges, local.n)
    diagonal, known = np.zeros(local.n), np.zeros(local.n)
    kernels.pressure_rows(
        np.arange(local.n, dtype=np.uint32),
        row_start,
        slot_edge,
        neighbour,
        wall,
        np.where(wall, exact, 0.0),
        conductance,
        np.zeros(local.n),
        diagonal,
        known,
    )
    rhs = np.where(wall, known, source + known)
    groups = group_vertices(local.mesh.points, wall)
    solver = PressureSolver(row_start, neighbour, slot_edge, groups)
    return solver.solve(PressureMatrix(diagonal, conductance), rhs, exact, ACCURACY).x


def _sum_by_edges(tet_edges: Indices, values: Floats) -> Floats:
    """Sum over the tetrahedra at each edge of values (m, 6)."""
    return np.bincount(tet_edges.ravel(), values.ravel()).astype(np.float64)


def _assembled(
    local: ControlVolumes,
    edges: Indices,
    tet_edges: Indices,
    t: Floats,
    conductance: Floats,
    field: BallField,
    pressure: Floats,
    lost: float,
    used: NDArray[np.int32],
) -> NearTip:
    """Dissipation by edges in both flows, the difference of which is exactly what the pressure lost."""
    drop = pressure[edges[:, 0]] - pressure[edges[:, 1]]
    mesh = conductance * drop**2
    density = _quarters(local.mesh, field)
    quarters = density * (0.25 * local.mesh.volumes[:, None])
    # Their sum is that of samples; the total is known.
    quarters *= (mesh.sum() + lost) / quarters.sum()
    whole = quarters.sum(axis=1)
    # A trace for all edges, as in the middle of the ball the mesh may see no flow at all.
    shares = np.abs(t) * drop[tet_edges] ** 2 + TRACE * whole[:, None]
    shares /= shares.sum(axis=1)[:, None]
    ends = np.where(drop >= 0.0, edges.T, edges.T[::-1])
    upstream, downstream = used[ends].astype(np.uint32)
    return NearTip(
        upstream=upstream,
        downstream=downstream,
        flow=_sum_by_edges(tet_edges, shares * whole[:, None]),
        mesh=mesh,
        mesh_shear=_mesh_shear(local, pressure)[ends],
        shear=np.sqrt(density / local.porosity[0]),
        dissipated=quarters,
        edges=tet_edges,
        shares=shares,
    )


def _quarters(mesh: TetMesh, field: BallField) -> Floats:
    """Mean dissipation in the share of a control volume in each tetrahedron, shape (m, 4)."""
    corners = mesh.points[mesh.tets]
    middle = corners.mean(axis=1)
    size = np.linalg.norm(corners - middle[:, None], axis=2).max(axis=1)
    touching = np.linalg.norm(middle - field.center, axis=1) < field.radius + size
    mean = np.empty((len(corners), 4))
    for which, points in ((touching, FINE), (~touching, COARSE)):
        places, ownership = barycentric_lattice(points)
        samples = np.einsum("sk,eki->esi", places, corners[which])
        found = field.dissipation(samples.reshape(-1, 3)).reshape(-1, len(places))
        mean[which] = np.einsum("es,sk->ek", found, ownership / ownership.sum(axis=0))
    return mean


def _mesh_shear(local: ControlVolumes, pressure: Floats) -> Floats:
    """The shear rate u / sqrt(k phi) of the pressure of the mesh at the vertices [1/m3]."""
    none, one, tets = np.zeros(local.n), np.ones(local.n), np.arange(len(local.tets), dtype=np.uint32)
    return pore_shear(local, np.arange(local.n), shear_sums(local, tets, none, one, one, pressure))
