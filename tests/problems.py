"""Small flow problems built directly in Python, and meshes to pose them on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields, is_dataclass, replace
from functools import cache
from typing import Any

import numpy as np
from scipy.sparse import csr_array
from scipy.spatial import Delaunay

from cementflow.bench.systems import by_rows
from cementflow.fem.control_volumes import build_control_volumes
from cementflow.fem.linear_solver import LinearResult, PressureSolver
from cementflow.fem.pressure_matrix import PressureMatrix
from cementflow.fem.vertex_groups import VertexGroups
from cementflow.flow.course import Plan, Step
from cementflow.flow.problem import Drive, Problem, Tolerances
from cementflow.flow.state import State
from cementflow.laws.ageing import AgeingCement
from cementflow.laws.in_situ import CapillaryBundle
from cementflow.laws.marrow import Marrow
from cementflow.laws.relative_permeability import Corey
from cementflow.laws.rheology import Newtonian
from cementflow.mesh.ball import ball_distance
from cementflow.mesh.box import box_mesh
from cementflow.mesh.stuffing import stuff
from cementflow.mesh.tetmesh import TetMesh, signed_volumes
from cementflow.simulate import simulate
from cementflow.sites.near_tip import near_tip
from cementflow.sites.outlets import OpenFaces, Outlet
from cementflow.sites.syringe import Batch, Syringe

EMPTY_PLAN = Plan()

# Changes to the preset "l3-osteoporotic" for a heated run of a few seconds.
HEATED = {
    "geometry.edge_length": "3.5 mm",
    "injection.volume": "2 mL",
    "injection.flow_rate": "4 mL/min",
    "injection.cannula.tip_radius": "4 mm",
    "physics.heat": True,
    "stop.until": "set",
    "output.field_times": [],
    "output.fields_every": "2 min",
    "output.figures": False,
}


@cache
def ball(radius: float, edge: float) -> TetMesh:
    """Stuffed ball around the origin."""
    reach = np.full(3, radius)
    return stuff(lambda x: ball_distance(x, radius), -reach, reach, edge).mesh


@cache
def slender_box(length: float, cells: int) -> TetMesh:
    """Box of `cells` cubic cells in a row."""
    side = length / cells
    return box_mesh((length, side, side), 0.938 * side)


def random_delaunay(n: int, seed: int, sliver: float = 1e-8) -> TetMesh:
    """Delaunay mesh of random points in the unit cube, its slivers left in.

    Tetrahedra flatter than `sliver` of the mean volume are peeled off where they lie on the hull; a seed
    that has one inside is refused.
    """
    points = np.random.default_rng(seed).random((n, 3))
    tets = Delaunay(points).simplices
    volume = np.abs(signed_volumes(points, tets))
    return TetMesh.build(points, tets[volume > sliver * volume.mean()])


def tensor(mesh: TetMesh, matrix: np.ndarray) -> np.ndarray:
    """One symmetric (3, 3) permeability for all tetrahedra, packed as (xx, yy, zz, yz, xz, xy)."""
    packed = [matrix[i, j] for i, j in ((0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1))]
    return np.tile(packed, (len(mesh.tets), 1))


def boundary_vertices(mesh: TetMesh) -> np.ndarray:
    return np.unique(mesh.boundary).astype(np.int32)


def open_faces(mesh: TetMesh, pressure: float = 0.0) -> OpenFaces:
    """The whole boundary held at one pressure."""
    return OpenFaces("all faces", "C", boundary_vertices(mesh), pressure)


def face_share(mesh: TetMesh, on_face: np.ndarray) -> np.ndarray:
    """Share of the area of a face at each vertex, for boundary triangles whose vertices are all on it."""
    triangles = on_face[mesh.boundary].all(axis=1)
    thirds = np.repeat(np.linalg.norm(mesh.boundary_area_vectors[triangles], axis=1) / 3.0, 3)
    share = np.bincount(mesh.boundary[triangles].ravel(), thirds, minlength=len(mesh.points))
    return share / share.sum()


def problem(
    mesh: TetMesh,
    source: np.ndarray,
    outlets: Iterable[Outlet],
    *,
    permeability: float | np.ndarray = 1e-8,
    porosity: float = 0.9,
    cement: AgeingCement | None = None,
    marrow: float = 0.1,
    corey: Corey | None = None,
    rate: float = 1e-7,
    volume: float = 1.0,
    bundle: CapillaryBundle | None = None,
    drive: dict[str, Any] | None = None,
    **tolerances: float,
) -> Problem:
    """A problem with even bone; a number as permeability is isotropic."""
    if np.ndim(permeability) == 0:
        permeability = tensor(mesh, np.eye(3) * permeability)
    elif np.shape(permeability) == (3, 3):
        permeability = tensor(mesh, np.asarray(permeability))
    return Problem(
        volumes=build_control_volumes(mesh, np.full(len(mesh.tets), porosity), np.asarray(permeability)),
        corey=corey or Corey(),
        cement=cement or AgeingCement(Newtonian(100.0)),
        marrow=Marrow(Newtonian(marrow), 0.0, 310.15, np.inf),
        syringe=Syringe((Batch(0.0, 0.0),)),
        in_situ=bundle or CapillaryBundle(),
        source=source,
        drive=Drive(rate, volume, **(drive or {})),
        outlets=tuple(outlets),
        tolerances=Tolerances(**tolerances),
    )


def with_near_tip(p: Problem, permeability: float | np.ndarray, center: np.ndarray, radius: float) -> Problem:
    """The problem with what its mesh misses close to a ball source; a number as permeability is isotropic."""
    packed = tensor(p.volumes.mesh, np.eye(3) * permeability if np.ndim(permeability) == 0 else permeability)
    return replace(p, near_tip=near_tip(p.volumes, packed, p.source, center, radius))


def one_group_of(p: Problem) -> tuple[Any, ...]:
    """What a solver is made of that has all vertices of unknown pressure in one group."""
    v, free = p.volumes, np.flatnonzero(~p.fixed).astype(np.uint32)
    return v.row_start, v.neighbour, v.slot_edge, VertexGroups(free, (np.zeros(len(free), np.uint32),))


def solver_of(p: Problem) -> PressureSolver:
    return PressureSolver(*one_group_of(p))


def full_state(p: Problem, saturation: float | np.ndarray = 1.0) -> State:
    """The state before any injection, but with a given saturation."""
    start = State.initial(p)
    return replace(start, saturation=start.saturation + saturation)


def run(p: Problem, plan: Plan = EMPTY_PLAN, start: Step | None = None) -> list[Step]:
    """All steps of a run."""
    return list(simulate(p, plan, solver_of(p), start))


class RecordingSolver(PressureSolver):
    """Keeps the systems it is asked to solve."""

    def __init__(self, p: Problem) -> None:
        super().__init__(*one_group_of(p))
        self.problem = p
        self.matrices: list[csr_array] = []
        self.right_hand_sides: list[np.ndarray] = []

    def solve(
        self, matrix: PressureMatrix, rhs: np.ndarray, start: np.ndarray, tolerance: float
    ) -> LinearResult:
        v = self.problem.volumes
        self.matrices.append(csr_array((by_rows(matrix, v, self.problem.fixed), v.neighbour, v.row_start)))
        self.right_hand_sides.append(rhs.copy())
        return super().solve(matrix, rhs, start, tolerance)


class FailingSolver(PressureSolver):
    """Gives up, always or from the given call on."""

    def __init__(self, p: Problem, first_failure: int = 0) -> None:
        super().__init__(*one_group_of(p))
        self.left = first_failure

    def solve(
        self, matrix: PressureMatrix, rhs: np.ndarray, start: np.ndarray, tolerance: float
    ) -> LinearResult:
        self.left -= 1
        good = super().solve(matrix, rhs, start, tolerance)
        return good if self.left >= 0 else LinearResult(start, 1, False)


def leaves(value: object, name: str = "") -> dict[str, object]:
    """Values inside nested dataclasses by path."""
    if not is_dataclass(value):
        return {name: value}
    found: dict[str, object] = {}
    for field in fields(value):
        found |= leaves(getattr(value, field.name), f"{name}.{field.name}")
    return found
