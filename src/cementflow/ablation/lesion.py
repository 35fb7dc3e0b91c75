"""How large a lesion is: volume and axes of where a field of the vertices is above a level."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cementflow.mesh.regions import CHUNK, sample_weights
from cementflow.mesh.tetmesh import TetMesh

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Lesion:
    """A region of the bone.

    Parameters
    ----------
    volume
        [m3].
    along, widest, narrowest
        Axes of the ellipsoid of the same second moments, along the electrode and across it [m]; 0 without a region.
    """

    volume: float
    along: float
    widest: float
    narrowest: float


def above(mesh: TetMesh, values: Floats, level: float) -> Floats:
    """Volume fraction of each tetrahedron in which a linear field is above a level, shape (m,)."""
    corner = values[mesh.tets]
    fraction = np.asarray((corner > level).all(axis=1), np.float64)
    cut = np.flatnonzero((corner > level).any(axis=1) & (fraction == 0.0))
    for start in range(0, len(cut), CHUNK):
        part = cut[start : start + CHUNK]
        samples = np.einsum("sk,mk->ms", sample_weights(), corner[part])
        fraction[part] = (samples > level).mean(axis=1)
    return fraction


def lesion(mesh: TetMesh, values: Floats, level: float, axis: Floats) -> Lesion:
    """Where a field of the vertices is above a level.

    Parameters
    ----------
    mesh, values
        The bone and the field, shape (n,).
    level
        In the unit of the field.
    axis
        Unit vector along the electrode.
    """
    share = above(mesh, values, level) * mesh.volumes
    volume = float(share.sum())
    if volume <= 0.0:
        return Lesion(0.0, 0.0, 0.0, 0.0)
    middle = mesh.points[mesh.tets].mean(axis=1)
    center = np.einsum("m,mi->i", share, middle) / volume
    away = middle - center
    spread = np.einsum("m,mi,mj->ij", share, away, away) / volume
    other = np.eye(3)[np.argmin(np.abs(axis))]
    first = np.cross(axis, other)
    first /= np.linalg.norm(first)
    across = np.stack([first, np.cross(axis, first)])
    narrow, wide = np.linalg.eigvalsh(across @ spread @ across.T)
    # An ellipsoid of the semi-axis a has the second moment a^2 / 5.
    along, widest, narrowest = 2.0 * np.sqrt(5.0 * np.maximum([axis @ spread @ axis, wide, narrow], 0.0))
    return Lesion(volume, float(along), float(widest), float(narrowest))
