"""Anatomical directions and the box of the vertebral body, in which users state places as fractions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from cementflow.errors import MeshError
from cementflow.mesh.tetmesh import Floats

_LETTERS = {"A": (0, 1.0), "P": (0, -1.0), "R": (1, 1.0), "L": (1, -1.0), "S": (2, 1.0), "I": (2, -1.0)}


@dataclass(frozen=True)
class AnatomicalFrame:
    """Anatomical axes and the box of the vertebral body along them.

    Parameters
    ----------
    axes
        Rows are the unit vectors ap (posterior to anterior), lr (left to right) and si (inferior to
        superior) in mesh coordinates, shape (3, 3).
    low, high
        Box of the vertebral body along those axes [m], shape (3,).
    """

    axes: Floats
    low: Floats
    high: Floats

    def point(self, ap: float, lr: float, si: float) -> Floats:
        """Mesh coordinates [m] of fractions of the box, shape (3,)."""
        along = self.low + np.array([ap, lr, si], float) * (self.high - self.low)
        return along @ self.axes

    def fractions(self, points: ArrayLike) -> Floats:
        """Fractions (ap, lr, si) of points (n, 3) [m], shape (n, 3)."""
        along = along_axes(np.atleast_2d(np.asarray(points, float)), self.axes)
        return (along - self.low) / (self.high - self.low)

    @property
    def size(self) -> Floats:
        """Depth, width and height of the body [m], shape (3,)."""
        return self.high - self.low

    @property
    def right_handed(self) -> bool:
        """Whether lr, ap, si (R, A, S) form a right-handed system in mesh coordinates, as in a body."""
        return float(np.linalg.det(self.axes[[1, 0, 2]])) > 0


def anatomical_axes(letters: str) -> Floats:
    """Axes (3, 3) from three letters that say where +x, +y and +z of the file point.

    Parameters
    ----------
    letters
        One each of R or L, A or P, S or I, in any order: "RAS" means x right, y anterior, z superior.

    Raises
    ------
    MeshError
        If the letters do not name each direction once.
    """
    letters = letters.upper()
    known = [_LETTERS[letter] for letter in letters if letter in _LETTERS]
    if len(letters) != 3 or sorted(direction for direction, _ in known) != [0, 1, 2]:
        raise MeshError(
            f"axes = '{letters}' must have one each of R or L, A or P, S or I, such as RAS or ALS"
        )
    axes = np.zeros((3, 3))
    for coordinate, (direction, sign) in enumerate(known):
        axes[direction, coordinate] = sign
    return axes


def along_axes(points: Floats, axes: Floats) -> Floats:
    """Coordinates of points (n, 3) along axes (3, 3): points @ axes.T without a BLAS, slow at such narrow arrays."""
    return points[:, :1] * axes[:, 0] + points[:, 1:2] * axes[:, 1] + points[:, 2:] * axes[:, 2]


def box_frame(axes: Floats, points: Floats) -> AnatomicalFrame:
    """Frame whose box is the bounding box of `points` (n, 3) [m] along the axes."""
    along = along_axes(points, axes)
    return AnatomicalFrame(axes, along.min(axis=0), along.max(axis=0))


def given_frame(axes: Floats, low: ArrayLike, high: ArrayLike) -> AnatomicalFrame:
    """Frame from two opposite corners of the box in mesh coordinates [m]."""
    return box_frame(axes, np.array([low, high], float))
