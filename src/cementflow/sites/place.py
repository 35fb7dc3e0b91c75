"""From what a case states of the ways out to sites on a mesh."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cementflow.case import Case, OutletSpec
from cementflow.case.wall_rules import OUTER_DIAMETERS
from cementflow.case.zoned import ZONES
from cementflow.mesh.frame import AnatomicalFrame, along_axes
from cementflow.mesh.geometry import Geometry
from cementflow.mesh.tetmesh import TetMesh, touching
from cementflow.mesh.zones import zone_numbers
from cementflow.sites.compartments import Behind, behind_zone
from cementflow.sites.defects import build_defect
from cementflow.sites.locate import locate
from cementflow.sites.needles import Needle
from cementflow.sites.outlets import OpenFaces, Opening, Outlet, Tube
from cementflow.sites.surface import BoneSurface, Spot
from cementflow.sites.wall import Wall, intact_wall
from cementflow.sites.windows import defect_spot

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]

ALL_FACES = "all faces"
OUTSIDE_PRESSURE = 1e3  # Pa: behind a defect where the case says nothing; assumed, as the vena cava


def outlet_spot(spec: OutletSpec, surface: BoneSurface, frame: AnatomicalFrame) -> Spot:
    """Where an outlet sits: the surface spot nearest to its place."""
    return surface.nearest(locate(spec.at, frame))


def build_outlets(
    case: Case, geometry: Geometry, bone: Floats, source: Floats, needles: tuple[Needle, ...] = ()
) -> tuple[Outlet, ...]:
    """Sites of a case: the stated outlets in order, the defects, then the thin wall if there is one.

    Parameters
    ----------
    case
        As stated.
    geometry
        The bone.
    bone
        Permeability of each tetrahedron as (xx, yy, zz, yz, xz, xy) [m2]; an opening without its own takes that of the
        bone behind it, along its normal.
    source
        Share of the injected cement that enters each vertex, shape (n,).
    needles
        Of the case; a track runs along the first, or straight from behind.
    """
    wall = Wall(geometry, case.cortex, bone)
    covered = np.zeros(len(geometry.mesh.points))
    outlets = [_outlet(spec, case, wall, covered) for spec in case.outlet]
    backward = -(needles[0].direction if needles else geometry.frame.axes[0])
    outlets += _defects(case, wall, source, backward, covered)
    return (*outlets, *intact_wall(wall, case.compartment, covered))


def _outlet(spec: OutletSpec, case: Case, wall: Wall, covered: Floats) -> Outlet:
    """A stated outlet; the area that it covers is added to `covered`."""
    mesh = wall.geometry.mesh
    if spec.at == ALL_FACES:
        return OpenFaces(spec.name, spec.type, _on_boundary(mesh), spec.pressure)
    spot = outlet_spot(spec, wall.surface, wall.geometry.frame)
    radius = spec.radius if spec.radius is not None else 0.5 * float(spec.diameter or 0.0)
    vertices, area = wall.surface.disc(spot, radius)
    covered[vertices] += area
    if spec.length is not None and spec.viscosity is not None:
        share = area / area.sum()
        return Tube(
            spec.name,
            spec.type,
            vertices,
            share,
            radius,
            spec.length,
            spec.pressure,
            spec.viscosity,
            spot.center,
            spot.outward,
        )
    k = spec.permeability or _normal_permeability(mesh, wall.bone, vertices, spot.outward)
    transmissibility = k * area / _thickness_at(wall, spot)
    behind = behind_zone(zone_at(spot, wall.geometry.frame), case.compartment)
    return Opening(
        spec.name,
        spec.type,
        vertices,
        transmissibility,
        spec.pressure,
        spot.center,
        radius,
        spot.outward,
        label=behind,
    )


def _defects(case: Case, wall: Wall, source: Floats, backward: Floats, covered: Floats) -> list[Opening]:
    """The stated defects; the areas that they cover are added to `covered`."""
    stated = {c.name: c for c in case.compartment}
    cannula = case.injection.needle[0] if case.injection.needle else case.injection.cannula
    needle = OUTER_DIAMETERS.get(cannula.gauge) if cannula is not None and cannula.gauge is not None else None
    found = []
    for spec in case.defect:
        zone = spec.zone
        if zone is None:
            spot = defect_spot(spec, wall.surface, wall.geometry.frame)
            zone = "arch" if spot is None else zone_at(spot, wall.geometry.frame)
        name = spec.behind or behind_zone(zone, case.compartment)
        usual = stated[name].pressure if name in stated else OUTSIDE_PRESSURE
        pressure = usual if spec.pressure is None else spec.pressure
        there = Behind(name, pressure, name in stated)
        built = build_defect(spec, wall, source, needle, backward, there, case.bone.region)
        if built is not None:
            opening, area = built
            covered[opening.vertices] += area
            found.append(opening)
    return found


def zone_at(spot: Spot, frame: AnatomicalFrame) -> str:
    """Zone of the surface that a spot is in, by its own normal."""
    normal = along_axes(spot.outward[None], frame.axes)
    return ZONES[int(zone_numbers(spot.center[None], normal, frame)[0])]


def _thickness_at(wall: Wall, spot: Spot) -> float:
    even = wall.even_thickness()
    if even is not None:
        return even
    samples = wall.surface.near(spot.center, 0.0)
    nearest, _ = samples.nearest(spot.center)
    return float(wall.thickness(samples.part(np.array([nearest])))[0])


def _on_boundary(mesh: TetMesh) -> Ints:
    on = np.zeros(len(mesh.points), bool)
    on[mesh.boundary] = True
    return np.flatnonzero(on).astype(np.int32)


def _normal_permeability(mesh: TetMesh, permeability: Floats, vertices: Ints, normal: Floats) -> float:
    """Permeability n . K n [m2] along a normal n, averaged over the tetrahedra at some vertices."""
    here = np.zeros(len(mesh.points), bool)
    here[vertices] = True
    k = permeability[touching(mesh.tets, here)].mean(axis=0)
    x, y, z = normal
    return float(
        k[0] * x * x + k[1] * y * y + k[2] * z * z + 2.0 * (k[3] * y * z + k[4] * x * z + k[5] * x * y)
    )
