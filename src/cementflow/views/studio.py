"""The window, never shown, in which 3-D pictures are taken."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cementflow.views import actors
from cementflow.views.camera import Camera
from cementflow.views.opengl import require_opengl
from cementflow.views.quiet import quiet_vtk
from cementflow.views.sheet import RunSheet
from cementflow.views.snapshots import Snapshot


class Studio:
    """Opened once for any number of pictures: opening it, and what the driver compiles, take longer than drawing.

    Parameters
    ----------
    size
        Width and height of the pictures [px].

    Raises
    ------
    InputError
        If there is no OpenGL.
    """

    def __init__(self, size: tuple[int, int]) -> None:
        import pyvista

        self._size = size
        with quiet_vtk():
            require_opengl()
            fine = [2 * pixels for pixels in size]
            plotter: Any = pyvista.Plotter(off_screen=True, window_size=fine)
            # Every pixel is the mean of four as it is; more samples in each of them take three times as long.
            plotter.render_window.SetMultiSamples(0)
            # What is see-through comes in the right order; blending it in any order takes as long as all the rest.
            plotter.renderer.SetUseOIT(False)
            plotter.set_background("white")
        self._plotter = plotter

    def __enter__(self) -> Studio:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._plotter.close()

    def photograph(
        self, sheet: RunSheet, shot: Snapshot, cement: Any | None, cameras: Sequence[Camera]
    ) -> list[NDArray[np.uint8]]:
        """One RGB picture of shape (height, width, 3) a camera, averaged down from a finer one for smooth edges."""
        with quiet_vtk():
            self._plotter.clear_actors()
            bone = actors.bone_surface(shot.grid)
            actors.add_solids(self._plotter, sheet, shot, cement, show_scalar_bar=False)
            solids = set(self._plotter.actors)
            pictures = []
            for camera in cameras:
                glass = [name for name in self._plotter.actors if name not in solids]
                self._plotter.remove_actor(glass, render=False)
                actors.add_glass(self._plotter, shot, bone, camera.toward)
                camera.apply(self._plotter, distance=3 * shot.grid.length)
                pictures.append(self._picture())
        return pictures

    def _picture(self) -> NDArray[np.uint8]:
        self._plotter.render()  # `screenshot` itself draws only the first time
        fine = np.asarray(self._plotter.screenshot(return_img=True))
        # Pairs of rows, then of columns, in small integers: a mean over blocks takes ten times as long.
        rows = fine[::2].astype(np.uint16) + fine[1::2]
        return ((rows[:, ::2] + rows[:, 1::2] + 2) // 4).astype(np.uint8)
