"""A picture on a page, pixel by pixel."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.artist import Artist
from numpy.typing import NDArray


class Picture(Artist):
    """Handed to the renderer as it is: `imshow` would resample it, which takes as long as all the rest.

    Parameters
    ----------
    axes
        In whose lower left corner it begins.
    pixels
        RGBA, shape (height, width, 4), rows from below.
    """

    zorder = 0

    def __init__(self, axes: Any, pixels: NDArray[np.uint8]) -> None:
        super().__init__()
        self._within, self._pixels = axes.transAxes, pixels

    def draw(self, renderer: Any) -> None:
        """Draw it."""
        x, y = self._within.transform((0.0, 0.0))
        renderer.draw_image(renderer.new_gc(), x, y, self._pixels)
