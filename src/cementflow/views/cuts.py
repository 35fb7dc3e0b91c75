"""A plane through the mesh, drawn as triangles on a page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cementflow.errors import InputError
from cementflow.views.camera import Camera
from cementflow.views.mesh import Mesh
from cementflow.views.palette import INK

Floats = NDArray[np.float64]
Indices = NDArray[np.integer]


@dataclass(frozen=True, eq=False)
class Cut:
    """Triangles of a plane through a mesh.

    Parameters
    ----------
    points, triangles
        Shapes (points, 3) in mm, and (triangles, 3).
    fields
        Values at the points.
    cells
        The tetrahedron that each triangle is from.
    """

    points: Floats
    triangles: Indices
    fields: dict[str, Floats]
    cells: Indices


def cut_through(
    mesh: Mesh, fields: Mapping[str, Floats], origin: Floats, normal: Floats, folder: Path
) -> Cut:
    """The plane through `origin` [mm] with fields of the mesh.

    Raises
    ------
    InputError
        If the plane misses the mesh; it names the run folder.
    """
    plane = mesh.plane(origin, normal)
    if not len(plane.triangles):
        raise InputError("the plane through the needle tip does not meet the mesh", str(folder))
    values = {name: plane.at(field) for name, field in fields.items()}
    points = plane.at(mesh.points)
    a, b, c = points[plane.triangles.T]
    # Slivers first, as each is drawn half a pixel too wide, which makes them far too long.
    order = np.argsort(np.linalg.norm(np.cross(b - a, c - a), axis=1), kind="stable")
    return Cut(points, plane.triangles[order], values, plane.cells[order])


def flat_mesh(cut: Cut, camera: Camera) -> Any:
    """Matplotlib triangulation of a cut in the pixels of a camera."""
    from matplotlib.tri import Triangulation

    flat = camera.pixels(cut.points)
    return Triangulation(flat[:, 0], flat[:, 1], cut.triangles)


@dataclass(frozen=True, eq=False)
class Isoline:
    """Where a field has one value on a cut.

    Parameters
    ----------
    points
        Of the page [px], shape (points, 2).
    pieces
        Straight lines between two of them, shape (pieces, 2).
    """

    points: Floats
    pieces: Indices

    @property
    def is_closed(self) -> bool:
        """Whether it ends nowhere."""
        return bool((np.bincount(self.pieces.ravel()) > 1).all())

    def draw(self, axes: Any, colour: str, width: float, zorder: float, halo: float = 0.0) -> None:
        """Draw it, in a white line of the width `halo` where that is not zero."""
        from matplotlib.collections import LineCollection

        ends = list(self.points[self.pieces])
        for wide, shade, above in ((halo, "white", -0.05), (width, colour, 0.0)):
            if wide > 0.0:
                look: dict[str, Any] = {
                    "linewidths": wide,
                    "colors": shade,
                    "zorder": zorder + above,
                    "capstyle": "round",
                }
                axes.add_collection(LineCollection(ends, **look), autolim=False)


def isoline(cut: Cut, values: Floats, level: float, camera: Camera) -> Isoline:
    """The line on which values at the points of a cut, linear in each triangle, have a level; without any, empty."""
    above = values > level
    count = above[cut.triangles].sum(axis=1)
    met = np.flatnonzero((count == 1) | (count == 2))
    triangles = cut.triangles[met]
    # The corner that is alone on its side; the line crosses both edges from it.
    corner = (above[triangles] == (count[met] == 1)[:, None]).argmax(axis=1)
    alone, second, third = (triangles[np.arange(len(met)), (corner + turn) % 3] for turn in range(3))
    edges = np.sort(np.stack([alone, second, alone, third], axis=1).reshape(-1, 2), axis=1)
    names, pieces = np.unique(edges @ [len(values), 1], return_inverse=True)
    first, last = np.divmod(names, len(values))
    weights = (level - values[first]) / (values[last] - values[first])
    flat = camera.pixels(cut.points)
    return Isoline(flat[first] + weights[:, None] * (flat[last] - flat[first]), pieces.reshape(-1, 2))


def draw_outline(axes: Any, cut: Cut, camera: Camera) -> None:
    """Draw the edge of a cut."""
    from matplotlib.collections import LineCollection

    ends = camera.pixels(cut.points)[outer_edges(cut.triangles)]
    axes.add_collection(
        LineCollection(list(ends), colors=INK, linewidths=1.4, capstyle="round", zorder=4), autolim=False
    )


def outer_edges(triangles: Indices) -> Indices:
    """Edges of one triangle only, by their ends, shape (edges, 2)."""
    edges = np.sort(triangles[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), axis=1)
    many = int(triangles.max()) + 1
    names, count = np.unique(edges @ [many, 1], return_counts=True)
    return np.stack(np.divmod(names[count == 1], many), axis=1)
