"""From places as a case states them to sites on a mesh."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cementflow.case import CortexSpec, OutletSpec, Position
from cementflow.mesh.frame import AnatomicalFrame
from cementflow.mesh.tetmesh import TetMesh, touching
from cementflow.sites.outlets import OpenFaces, Opening, Outlet, Tube
from cementflow.sites.surface import BoneSurface, Spot

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]

# Fractions (ap, lr, si) of the named places.
NAMED = {
    "posterior wall centre": (0.0, 0.5, 0.5),
    "anterior wall centre": (1.0, 0.5, 0.5),
    "left wall centre": (0.5, 0.0, 0.5),
    "right wall centre": (0.5, 1.0, 0.5),
    "inferior endplate centre": (0.5, 0.5, 0.0),
    "superior endplate centre": (0.5, 0.5, 1.0),
}
ALL_FACES = "all faces"
# Length of the hole through a wall where the case gives no cortex [m]; assumed, osteoporotic shell (the intact lumbar
# shell has 0.29 mm, Ritzel et al. 1997).
DEFAULT_WALL = 0.2e-3


def locate(position: Position, frame: AnatomicalFrame) -> Floats:
    """Mesh coordinates [m] of a stated position, shape (3,)."""
    if position.kind == "fraction":
        return frame.point(*position.values)
    return np.array(position.values)


def outlet_spot(spec: OutletSpec, surface: BoneSurface, frame: AnatomicalFrame) -> Spot:
    """Where an outlet sits: the surface spot nearest to its place."""
    if isinstance(spec.at, str):
        return surface.nearest(frame.point(*NAMED[spec.at]))
    return surface.nearest(locate(spec.at, frame))


def build_outlets(
    specs: tuple[OutletSpec, ...],
    cortex: CortexSpec | None,
    mesh: TetMesh,
    frame: AnatomicalFrame,
    permeability: Floats,
) -> tuple[Outlet, ...]:
    """Sites of a case: the stated outlets in order, then the thin wall if there is one.

    Parameters
    ----------
    specs, cortex
        As stated.
    mesh, frame
        The bone.
    permeability
        Of each tetrahedron as (xx, yy, zz, yz, xz, xy) [m2]; an opening without its own takes that of the bone
        behind it, along its normal.
    """
    surface = BoneSurface(mesh)
    wall = cortex.thickness if cortex is not None else DEFAULT_WALL
    outlets: list[Outlet] = []
    covered = np.zeros(len(mesh.points))
    for spec in specs:
        if spec.at == ALL_FACES:
            outlets.append(OpenFaces(spec.name, spec.type, _on_boundary(mesh), spec.pressure))
            continue
        spot = outlet_spot(spec, surface, frame)
        radius = spec.radius if spec.radius is not None else 0.5 * float(spec.diameter or 0.0)
        vertices, area = surface.disc(spot, radius)
        covered[vertices] += area
        if spec.length is not None and spec.viscosity is not None:
            share = area / area.sum()
            outlets.append(
                Tube(
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
            )
        else:
            k = spec.permeability or _normal_permeability(mesh, permeability, vertices, spot.outward)
            transmissibility = k * area / wall
            outlets.append(
                Opening(
                    spec.name,
                    spec.type,
                    vertices,
                    transmissibility,
                    spec.pressure,
                    spot.center,
                    radius,
                    spot.outward,
                )
            )
    if cortex is not None:
        area = np.maximum(surface.area - covered, 0.0)
        vertices = np.flatnonzero(area > 0.0).astype(np.int32)
        transmissibility = cortex.permeability * area[vertices] / cortex.thickness
        outlets.append(Opening("cortex", "C", vertices, transmissibility, cortex.pressure, kind="cortex"))
    return tuple(outlets)


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
