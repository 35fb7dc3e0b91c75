"""A plane through the mesh, drawn as triangles on a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cementflow.errors import InputError
from cementflow.views.camera import Camera
from cementflow.views.level import level_line
from cementflow.views.mesh import Mesh
from cementflow.views.palette import INK
from cementflow.views.strokes import Strokes
from cementflow.views.surface import cross

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
    if not len(plane.pieces):
        raise InputError("the plane through the needle tip does not meet the mesh", str(folder))
    values = {name: plane.at(field) for name, field in fields.items()}
    points = plane.at(mesh.points)
    a, b, c = points[plane.pieces.T]
    # Slivers first, as each is drawn half a pixel too wide, which makes them far too long.
    order = np.argsort(np.linalg.norm(cross(b - a, c - a), axis=1), kind="stable")
    return Cut(points, plane.pieces[order], values, plane.cells[order])


def flat_mesh(cut: Cut, camera: Camera) -> Any:
    """Matplotlib triangulation of a cut in the pixels of a camera."""
    from matplotlib.tri import Triangulation

    flat = camera.pixels(cut.points)
    return Triangulation(flat[:, 0], flat[:, 1], cut.triangles)


@dataclass(frozen=True, eq=False)
class PageLine:
    """A line on a page, of straight pieces in any order.

    Parameters
    ----------
    points
        Of the page [px], shape (points, 2).
    pieces
        Between two of them each, shape (pieces, 2).
    """

    points: Floats
    pieces: Indices

    @property
    def is_closed(self) -> bool:
        """Whether it ends nowhere."""
        return bool((np.bincount(self.pieces.ravel()) > 1).all())

    def draw(self, axes: Any, colour: str, width: float, zorder: float, halo: float = 0.0) -> None:
        """Draw it, in a white line of the width `halo` where that is not zero."""
        ends = self.points[self.pieces]
        for wide, shade, above in ((halo, "white", -0.05), (width, colour, 0.0)):
            if wide > 0.0:
                strokes = Strokes(ends, linewidths=wide, edgecolors=shade, zorder=zorder + above)
                axes.add_collection(strokes, autolim=False)


def isoline(cut: Cut, values: Floats, level: float, camera: Camera) -> PageLine:
    """The line on which values at the points of a cut, linear in each triangle, have a level."""
    line = level_line(values - level, cut.triangles)
    return PageLine(camera.pixels(line.at(cut.points)), line.pieces)


def together(lines: Sequence[PageLine]) -> PageLine:
    """Lines that look alike as one, as each takes some time of its own."""
    starts = np.cumsum([0, *(len(line.points) for line in lines)])
    pieces = [line.pieces + start for line, start in zip(lines, starts, strict=False)]
    return PageLine(np.concatenate([line.points for line in lines]), np.concatenate(pieces))


def draw_outline(axes: Any, cut: Cut, camera: Camera) -> None:
    """Draw the edge of a cut."""
    PageLine(camera.pixels(cut.points), outer_edges(cut.triangles)).draw(axes, INK, 1.4, zorder=4)


def outer_edges(triangles: Indices) -> Indices:
    """Edges of one triangle only, by their ends, shape (edges, 2)."""
    start, end = triangles, triangles[:, [1, 2, 0]]
    many = int(triangles.max()) + 1
    names, count = np.unique(np.minimum(start, end) * many + np.maximum(start, end), return_counts=True)
    return np.stack(np.divmod(names[count == 1], many), axis=1)
