"""How closely a mesh follows the shape it was made from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cementflow.mesh.tetmesh import Floats, TetMesh

if TYPE_CHECKING:
    from cementflow.mesh.bvh import SurfaceDistance
    from cementflow.mesh.label_shape import LabelShape
    from cementflow.mesh.surface import Surface


@dataclass(frozen=True)
class Spread:
    """Mean, root mean square and largest of some distances [m]."""

    mean: float
    rms: float
    largest: float

    @classmethod
    def of(cls, distance: Floats) -> Spread:
        """Spread of unsigned distances (n,) [m]."""
        return cls(float(distance.mean()), float(np.sqrt((distance**2).mean())), float(distance.max()))


@dataclass(frozen=True)
class Fidelity:
    """Distances between the boundary of a mesh and its shape.

    Parameters
    ----------
    to_shape
        From the boundary of the mesh (vertices, middles of edges and triangles) to the shape.
    from_shape
        From the vertices of the surface to the boundary of the mesh; None for a shape given as a function.
    shape_volume
        Volume of the shape [m3]; None for a shape given as a function.
    shape
        What the shape is, in a word.
    """

    to_shape: Spread
    from_shape: Spread | None = None
    shape_volume: float | None = None
    shape: str = "surface"


def distance_fidelity(mesh: TetMesh, distance: Callable[[Floats], Floats]) -> Fidelity:
    """Fidelity to a signed-distance function."""
    return Fidelity(Spread.of(np.abs(distance(_samples(mesh)))))


def label_fidelity(mesh: TetMesh, shape: LabelShape) -> Fidelity:
    """Fidelity to the smooth shape of a label, whose volume is that of its voxels."""
    return Fidelity(Spread.of(shape.distance(_samples(mesh))), None, shape.volume, "label")


def surface_fidelity(mesh: TetMesh, surface: Surface, distance: SurfaceDistance) -> Fidelity:
    """Fidelity to a triangle surface, both ways."""
    from cementflow.mesh.bvh import SurfaceDistance

    back = SurfaceDistance(mesh.points, mesh.boundary).distance(surface.points)
    return Fidelity(Spread.of(distance.distance(_samples(mesh))), Spread.of(back), surface.volume)


def _samples(mesh: TetMesh) -> Floats:
    """Vertices, middles of edges and middles of triangles of the boundary [m], shape (n, 3)."""
    corner = mesh.points[mesh.boundary]
    middle = 0.5 * (corner + np.roll(corner, 1, axis=1))
    return np.concatenate([mesh.points[np.unique(mesh.boundary)], middle.reshape(-1, 3), corner.mean(axis=1)])
