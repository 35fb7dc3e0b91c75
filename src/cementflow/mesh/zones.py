"""Parts of the surface of a vertebral body by where they look."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cementflow.mesh.frame import AnatomicalFrame, along_axes
from cementflow.mesh.tetmesh import TetMesh

# Name, axis (ap, lr, si) and direction.
ZONES = (
    ("posterior wall", 0, -1.0),
    ("anterior wall", 0, 1.0),
    ("left wall", 1, -1.0),
    ("right wall", 1, 1.0),
    ("lower endplate", 2, -1.0),
    ("upper endplate", 2, 1.0),
)


def surface_zones(mesh: TetMesh, frame: AnatomicalFrame) -> dict[str, NDArray[np.int64]]:
    """Vertices of each zone of the surface: those of the triangles that look most into its direction.

    Parameters
    ----------
    mesh
        The tetrahedra.
    frame
        Its anatomical axes.

    Returns
    -------
    dict
        Vertices by zone, in the order of `ZONES`; neighbouring zones share those on their border.
    """
    normals = along_axes(mesh.boundary_area_vectors, frame.axes)
    axis = np.abs(normals).argmax(axis=1)
    sign = np.sign(normals[np.arange(len(normals)), axis])
    return {
        name: np.unique(mesh.boundary[(axis == number) & (sign == direction)]).astype(np.int64)
        for name, number, direction in ZONES
    }
