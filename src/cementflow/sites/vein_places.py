"""From veins as a case states them to a tree on a mesh."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from cementflow.case import Position, VeinSpec, VeinsSpec
from cementflow.mesh.frame import AnatomicalFrame
from cementflow.mesh.tetmesh import TetMesh
from cementflow.sites.outlets import Vein
from cementflow.sites.vein_scatter import corners
from cementflow.sites.veins import VeinCourse, VeinTree, VenousPressure, build_veins

Floats = NDArray[np.float64]


def vein_tree(spec: VeinsSpec, mesh: TetMesh, frame: AnatomicalFrame, permeability: Floats) -> VeinTree:
    """Tree of a case.

    Parameters
    ----------
    spec
        As stated.
    mesh, frame
        The bone.
    permeability
        Of each tetrahedron as (xx, yy, zz, yz, xz, xy) [m2], shape (m, 6).
    """
    places = corners((p for vein in spec.vein for p in vein.path), spec.scatter, frame)
    courses = [_course(vein, spec, places) for vein in spec.vein]
    return build_veins(courses, mesh, permeability, venous=venous_pressure(spec))


def venous_pressure(spec: VeinsSpec) -> VenousPressure:
    """Pressure beyond the ends: the stated course in time, which stands for the stated number where there is one."""
    course = spec.pressure_times
    if not course:
        return VenousPressure((0.0,), (spec.pressure,))
    return VenousPressure(tuple(p.time for p in course), tuple(p.pressure for p in course))


def vein_outlets(spec: VeinsSpec, tree: VeinTree) -> tuple[Vein, ...]:
    """Outlets that count what each vein takes, in the order of the tree."""
    outlets = []
    for number, vein in enumerate(spec.vein):
        cells = tree.along(number)
        drinking = np.isin(tree.start[cells], tree.link_node[tree.link_vein == number])
        # Where it leaves the bone: behind the last cell that drinks.
        at = cells[np.flatnonzero(drinking)[-1]] if drinking.any() else cells[0]
        begin, end = tree.points[at]
        center = end if drinking.any() else begin
        outward = (end - begin) / np.linalg.norm(end - begin)
        pressure = spec.pressure if vein.pressure is None else vein.pressure
        outlets.append(Vein(vein.name, vein.type, pressure, center, float(tree.radius[at]), outward))
    return tuple(outlets)


def _course(spec: VeinSpec, tree: VeinsSpec, places: Mapping[Position, Floats]) -> VeinCourse:
    begin, end = (0.5 * tree.diameter_scale * d for d in spec.diameter)
    return VeinCourse(
        name=spec.name,
        type=spec.type,
        path=np.array([places[p] for p in spec.path]),
        radii=(begin, end),
        into=spec.into,
        pressure=spec.pressure,
        blood=tree.flow_scale * spec.blood_flow,
        drinks=spec.drinks,
    )
