"""The wall of the body: how thick and how tight it is at any place, and what goes through where it is whole."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from cementflow.case import CompartmentSpec, CortexSpec
from cementflow.case.ranges import WALL
from cementflow.case.wall import THICKNESS
from cementflow.case.zoned import ZONES, ByZone, MeshField, Zoned
from cementflow.errors import CaseError
from cementflow.mesh.geometry import Geometry
from cementflow.mesh.samples import Samples
from cementflow.mesh.zones import SurfaceZones
from cementflow.sites.outlets import Opening
from cementflow.sites.surface import BoneSurface

Floats = NDArray[np.float64]
# Thickness of the wall where the case gives no cortex [m]; assumed, osteoporotic shell (the intact lumbar shell has
# 0.29 mm, Ritzel et al. 1997).
DEFAULT_WALL = 0.2e-3
PERFORATED = ZONES[:4]  # walls with nutrient foramina


@dataclass(frozen=True, eq=False)
class Wall:
    """The wall around a mesh.

    Parameters
    ----------
    geometry
        The body.
    cortex
        As stated; None for a sealed wall of the usual thickness.
    bone
        Permeability of each tetrahedron as (xx, yy, zz, yz, xz, xy) [m2].
    """

    geometry: Geometry
    cortex: CortexSpec | None
    bone: Floats

    @cached_property
    def surface(self) -> BoneSurface:
        """Places on it."""
        return BoneSurface(self.geometry.mesh)

    @cached_property
    def zones(self) -> SurfaceZones:
        """Its anatomical parts."""
        return SurfaceZones(self.geometry.mesh, self.geometry.frame)

    def thickness(self, samples: Samples) -> Floats:
        """Of the wall at some samples [m]."""
        if self.cortex is None:
            return np.full(len(samples.area), DEFAULT_WALL)
        return self._stated(self.cortex.thickness, "cortex.thickness", ByZone(THICKNESS), samples)

    def permeability(self, samples: Samples) -> Floats:
        """Of the wall at some samples [m2], 0 for a sealed one."""
        if self.cortex is None:
            return np.zeros(len(samples.area))
        return self._stated(self.cortex.permeability, "cortex.permeability", ByZone(WALL), samples)

    def bone_behind(self, samples: Samples) -> Floats:
        """Permeability n . K n [m2] of the bone under some samples, along the normal of the surface."""
        mesh = self.geometry.mesh
        k = self.bone[mesh.faces.element[samples.face]]
        x, y, z = self.surface.normals[samples.face].T
        diagonal = k[:, 0] * x * x + k[:, 1] * y * y + k[:, 2] * z * z
        return diagonal + 2.0 * (k[:, 3] * y * z + k[:, 4] * x * z + k[:, 5] * x * y)

    def even_thickness(self) -> float | None:
        """Thickness where it is the same everywhere [m]."""
        stated = self.cortex.thickness if self.cortex is not None else DEFAULT_WALL
        return stated if isinstance(stated, float) else None

    def _stated(self, stated: float | Zoned | MeshField, key: str, kind: ByZone, samples: Samples) -> Floats:
        if isinstance(stated, Zoned):
            return np.array(stated.values)[self.zones.of(samples)]
        if not isinstance(stated, MeshField):
            return np.full(len(samples.area), stated)
        mesh = self.geometry.mesh
        place, field = self.geometry.fields.find(stated.name, key)
        field = field * kind.factor(stated)
        on = field[mesh.boundary] if place == "point" else field[mesh.faces.element][:, None]
        low, high = kind.item.limits
        # A comparison with NaN is false.
        if not ((on >= low) & (on <= high)).all():
            raise CaseError(
                f'{key}: the field "{stated.name}" leaves {kind.item.low} to {kind.item.high} on the surface'
            )
        chosen = on[samples.face]
        return np.sum(chosen * samples.weights, axis=1) if place == "point" else chosen[:, 0]


def intact_wall(wall: Wall, compartments: tuple[CompartmentSpec, ...], covered: Floats) -> list[Opening]:
    """What goes through the wall itself, less what openings cover.

    One site, or with compartments one for each of those that lie behind it, and one for the rest. Each foramen of the
    diameter D is a straight pipe through the thickness t (Hagen and Poiseuille, Q = pi D^4 dp / (128 mu t)), so that a
    density of N / A of them adds pi D^4 N / (128 t A) to the transmissibility of an area.

    Parameters
    ----------
    wall
        With its cortex.
    compartments
        Of the case.
    covered
        Area of each vertex that openings cover [m2], shape (n,).
    """
    cortex = wall.cortex
    if cortex is None:
        return []
    thickness = wall.even_thickness()
    if (
        thickness is not None
        and isinstance(cortex.permeability, float)
        and not (cortex.foramina or compartments)
    ):
        area = np.maximum(wall.surface.area - covered, 0.0)
        vertices = np.flatnonzero(area > 0.0).astype(np.int32)
        transmissibility = cortex.permeability * area[vertices] / thickness
        return [Opening("cortex", "C", vertices, transmissibility, cortex.pressure, kind="cortex")]
    samples, zone = wall.zones.samples, wall.zones.zone
    through = samples.area * wall.permeability(samples) / wall.thickness(samples)
    through += _foramina(wall)
    area = wall.surface.area
    bare = np.maximum(area - covered, 0.0) / np.where(area > 0.0, area, 1.0)
    sites = []
    for name, zones, pressure in _behind(cortex, compartments):
        chosen = np.isin(zone, [ZONES.index(z) for z in zones])
        vertices, transmissibility = samples.part(chosen).spread(wall.geometry.mesh, through[chosen])
        transmissibility = transmissibility * bare[vertices]
        kept = transmissibility > 0.0
        if kept.any():
            sites.append(
                Opening(
                    f"cortex to {name}" if name else "cortex",
                    "D" if all(z.endswith("endplate") for z in zones) else "C",
                    vertices[kept],
                    transmissibility[kept],
                    pressure,
                    kind="cortex",
                    label=name,
                    confined=bool(name),
                )
            )
    return sites


def _foramina(wall: Wall) -> Floats:
    """Transmissibility that the nutrient foramina give to each sample [m3]."""
    assert wall.cortex is not None
    samples, foramina = wall.zones.samples, wall.cortex.foramina
    if foramina is None:
        return np.zeros(len(samples.area))
    walls = np.isin(wall.zones.zone, [ZONES.index(z) for z in PERFORATED])
    area = np.where(walls, samples.area, 0.0)
    each = np.pi * foramina.diameter**4 / (128.0 * wall.thickness(samples))
    return foramina.number * each * area / np.sum(area)


def _behind(
    cortex: CortexSpec, compartments: tuple[CompartmentSpec, ...]
) -> list[tuple[str, tuple[str, ...], float]]:
    """Name, zones and pressure of what lies behind the wall; without a name what no compartment lies behind."""
    found = [(c.name, c.zones or (), c.pressure) for c in compartments if c.zones]
    taken = {zone for _, zones, _ in found for zone in zones}
    rest = tuple(zone for zone in ZONES if zone not in taken)
    return [*found, ("", rest, cortex.pressure)] if rest else found
