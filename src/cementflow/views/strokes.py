"""Lines on pages whose axes have their limits: a third of the time that the methods of axes take."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.collections import PathCollection
from matplotlib.lines import Line2D
from matplotlib.path import Path
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_STROKE = Path([(0.0, 0.0), (1.0, 0.0)])


def add_line(axes: Any, points: Any, **look: Any) -> None:
    """Add a line, or marks, at points of shape (points, 2); `plot` would look at units and limits.

    Parameters
    ----------
    look
        What `Line2D` takes.
    """
    axes.add_artist(Line2D(*np.asarray(points).T, **look))


class Strokes(PathCollection):
    """Strokes with round ends, one after the other.

    Each is the same path, put in its place: making a path of its own for each takes half as long as drawing it.

    Parameters
    ----------
    ends
        Of the strokes, shape (strokes, 2, 2).
    look
        What matplotlib's collections take.
    """

    def __init__(self, ends: Floats, **look: Any) -> None:
        super().__init__([_STROKE] * len(ends), facecolors="none", capstyle="round", **look)
        self._places = np.zeros((len(ends), 3, 3))
        self._places[:, :2, 0] = ends[:, 1] - ends[:, 0]
        self._places[:, :2, 2] = ends[:, 0]
        self._places[:, 2, 2] = 1.0

    def get_transforms(self) -> Any:
        """What puts the path in the place of each stroke."""
        return self._places
