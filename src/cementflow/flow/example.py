"""The kernels of the pressure and the transport at work on one tetrahedron: what has to be called to compile them.

Two halves that take about as long to compile as what else a run needs, for two processes (`cementflow.compile_ahead`).
"""

from __future__ import annotations

import numpy as np

from cementflow.fem import kernels, updates, upwind
from cementflow.fem.control_volumes import ControlVolumes, build_control_volumes
from cementflow.fem.cycles import cancel_triangles
from cementflow.fem.linear_solver import LinearResult, PressureSolver
from cementflow.fem.pore_shear import pore_shear, shear_sums
from cementflow.fem.pressure_matrix import PressureMatrix
from cementflow.fem.region import downstream, flow_graph, region_fields
from cementflow.laws.relative_permeability import Corey
from cementflow.mesh.quality import mesh_quality
from cementflow.mesh.tetmesh import TetMesh

ONE, WET = np.ones(4), np.ones(4, bool)


def pressure_example() -> LinearResult:
    """Solve a system of three unknowns in a row, then find fluxes, conductances and shear rates."""
    start, neighbour = np.array([0, 2, 5, 7], np.uint32), np.array([0, 1, 0, 1, 2, 1, 2], np.uint32)
    solver = PressureSolver(start, neighbour, np.array([-1, 0, 0, -1, 1, 1, -1], np.int32))
    system = PressureMatrix(np.full(3, 2.5), np.ones(2))
    result = solver.solve(system, np.ones(3), np.zeros(3), 1e-8)
    v = _volumes()
    mesh_quality(v.mesh)
    # What a run asks for last comes first, so that two processes meet in the middle.
    each, flux = np.zeros(1, np.uint32), np.ones(len(v.edges))
    kernels.with_neighbours(WET, v.row_start, v.neighbour)
    kernels.reroute_obtuse(flux, v.tets, v.obtuse_edges, v.t, v.obtuse, ONE, ONE, ONE, ONE)
    kernels.edge_fluxes(v.edges, flux, ONE)
    updates.add_outflow(np.zeros(4), each, v.edges, flux, flux, ONE)
    near = updates.edges_near(
        len(v.edges), WET, v.tets, v.t, v.obtuse, v.obtuse_edges, v.row_start, v.slot_edge
    )
    updates.edge_conductances(*near, v.edges, v.coefficient, v.tets, v.t, v.obtuse, ONE, ONE, ONE, ONE)
    pore_shear(v, np.arange(4), shear_sums(v, each, ONE, ONE, ONE, ONE))
    return result


def transport_example() -> np.ndarray:
    """Saturations after a step."""
    v = _volumes()
    flux = np.ones(len(v.edges))
    pattern = v.row_start, v.neighbour, v.slot_edge
    region, _ = downstream(*pattern, flux, flux, WET, 1, 0.0)
    start, ahead, away, through, incoming = flow_graph(region, *pattern, flux, flux)
    order, _ = upwind.flow_order(start, ahead, away, incoming, np.empty(0, np.uint32))
    cancel_triangles(order, start, ahead, ONE, away, through, incoming)
    corey, dry = Corey().numbers, np.zeros(4)
    *fields, _ = region_fields(region, through, ONE, ONE, ONE, ONE, ONE, ONE, dry, corey, 1.0)
    saturation, _, _ = upwind.transport_sweeps(order, start, ahead, away, *fields, corey, np.ones(1))
    return np.asarray(saturation)


def _volumes() -> ControlVolumes:
    points = np.concatenate([np.zeros((1, 3)), np.eye(3)])
    mesh = TetMesh(points, np.arange(4, dtype=np.int32).reshape(1, 4), np.zeros(1, np.int32))
    return build_control_volumes(mesh, np.ones(1), np.array([[1.0, 1.0, 1.0, 0.0, 0.0, 0.0]]))
