"""Veins to put into small problems."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cementflow.flow.problem import Problem
from cementflow.mesh.tetmesh import TetMesh
from cementflow.sites.outlets import Vein
from cementflow.sites.veins import VeinCourse, VeinTree, VenousPressure, build_veins


def packed(mesh: TetMesh, k: float) -> np.ndarray:
    """One isotropic permeability for all tetrahedra."""
    return np.tile([k, k, k, 0.0, 0.0, 0.0], (len(mesh.tets), 1))


def with_veins(
    p: Problem,
    courses: list[VeinCourse],
    k: float = 1e-8,
    cell: float | None = None,
    venous: VenousPressure | None = None,
) -> Problem:
    """The problem with a tree of veins behind its outlets."""
    tree = build_veins(courses, p.volumes.mesh, packed(p.volumes.mesh, k), cell, venous)
    veins = tuple(
        Vein(c.name, c.type, c.pressure or 0.0, c.path[0], c.radii[0], np.zeros(3)) for c in courses
    )
    return replace(p, veins=tree, outlets=(*p.outlets, *veins))


def by_hand(
    p: Problem, vertices: np.ndarray, share: np.ndarray, radius: float, length: float, cells: int
) -> Problem:
    """A straight vein outside the bone whose mouth takes from some vertices, without resistance of its own."""
    number = np.arange(cells, dtype=np.int32)
    tree = VeinTree(
        names=("vein",),
        types=("S",),
        vein=np.zeros(cells, np.int32),
        start=number,
        end=np.append(number[1:], -1).astype(np.int32),
        radius=np.full(cells, radius),
        length=np.full(cells, length / cells),
        outside=np.zeros(cells),
        blood=np.zeros(cells),
        points=np.zeros((cells, 2, 3)),
        link_vertex=vertices.astype(np.int32),
        link_node=np.zeros(len(vertices), np.int32),
        link_index=1e-7 * share,
        link_vein=np.zeros(len(vertices), np.int32),
        follows=np.zeros(cells, bool),
    )
    vein = Vein("vein", "S", 0.0, np.zeros(3), radius, np.zeros(3))
    return replace(p, veins=tree, outlets=(*p.outlets, vein))
