"""A plane through the mesh, drawn as triangles on a page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cementflow.errors import InputError
from cementflow.views.camera import Camera
from cementflow.views.palette import INK
from cementflow.views.quiet import quiet_vtk

Floats = NDArray[np.float64]


def cut_through(grid: Any, origin: Floats, normal: Floats, folder: Path) -> Any:
    """Triangles of the plane through `origin` [mm], with the point data of the grid.

    Raises
    ------
    InputError
        If the plane misses the mesh; it names the run folder.
    """
    with quiet_vtk():
        cut = grid.slice(normal=normal, origin=origin).triangulate().clean()
    if not cut.n_cells:
        raise InputError("the plane through the needle tip does not meet the mesh", str(folder))
    return cut


def flat_mesh(cut: Any, camera: Camera) -> Any:
    """Matplotlib triangulation of a cut in the pixels of a camera."""
    from matplotlib.tri import Triangulation

    flat = camera.pixels(np.asarray(cut.points))
    return Triangulation(flat[:, 0], flat[:, 1], cut.regular_faces)


def draw_outline(axes: Any, cut: Any, camera: Camera) -> None:
    """Draw the edge of a cut."""
    from matplotlib.collections import LineCollection

    edges = cut.extract_feature_edges(
        boundary_edges=True, feature_edges=False, manifold_edges=False, non_manifold_edges=False
    )
    ends = camera.pixels(np.asarray(edges.points))[edges.lines.reshape(-1, 3)[:, 1:]]
    axes.add_collection(
        LineCollection(ends, colors=INK, linewidths=1.4, capstyle="round", zorder=4), autolim=False
    )
