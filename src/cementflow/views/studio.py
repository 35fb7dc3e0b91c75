"""The window, never shown, in which 3-D pictures are taken."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cementflow.views import actors
from cementflow.views.camera import Camera
from cementflow.views.opengl import render_window
from cementflow.views.quiet import quiet_vtk
from cementflow.views.sheet import RunSheet
from cementflow.views.snapshots import Snapshot


class Studio:
    """Opened once for any number of pictures: opening it, and what the driver compiles, take longer than drawing.

    A plain window of VTK, as loading a plotter takes as long as a picture.

    Raises
    ------
    InputError
        If there is no OpenGL.
    """

    def __init__(self) -> None:
        with quiet_vtk():
            self._window = render_window()
            from vtkmodules.vtkCommonCore import vtkUnsignedCharArray
            from vtkmodules.vtkRenderingCore import vtkLightKit, vtkRenderer

            self._window.OffScreenRenderingOn()
            # Every pixel is the mean of four as it is; more samples in each of them take three times as long.
            self._window.SetMultiSamples(0)
            self._renderer: Any = vtkRenderer()
            # What is see-through comes in the right order; blending it in any order takes as long as all the rest.
            self._renderer.SetUseOIT(False)
            self._renderer.SetBackground(1.0, 1.0, 1.0)
            vtkLightKit().AddLightsToRenderer(self._renderer)
            self._window.AddRenderer(self._renderer)
            self._seen = vtkUnsignedCharArray()  # kept, as new memory takes longer to get than to fill

    def __enter__(self) -> Studio:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._window.Finalize()

    def photograph(
        self, sheet: RunSheet, shot: Snapshot, cement: actors.Cloud | None, cameras: Sequence[Camera]
    ) -> list[NDArray[np.uint8]]:
        """One RGBA picture of shape (height, width, 4) a camera, rows from below; a finer one averaged down."""
        with quiet_vtk():
            self._renderer.RemoveAllViewProps()
            bone = actors.bone_surface(shot.mesh)
            actors.add_solids(self._renderer, sheet, shot, cement)
            solids = self._renderer.GetViewProps().GetNumberOfItems()
            pictures = []
            for camera in cameras:
                for glass in list(self._renderer.GetViewProps())[solids:]:
                    self._renderer.RemoveViewProp(glass)
                actors.add_glass(self._renderer, shot, bone, camera.toward)
                pictures.append(self._picture(camera, distance=3 * shot.mesh.length))
        return pictures

    def _picture(self, camera: Camera, distance: float) -> NDArray[np.uint8]:
        """Only the part of the picture that holds something is drawn, as a window costs by its size."""
        from PIL import Image
        from vtkmodules.util.numpy_support import vtk_to_numpy

        corner, size = self._frame(camera)
        camera.part(corner, size).apply(self._renderer, distance)
        width, height = 2 * size[0], 2 * size[1]
        self._window.SetSize(width, height)
        self._window.Render()
        self._window.GetRGBACharPixelData(0, 0, width - 1, height - 1, 0, self._seen)
        fine = Image.frombuffer("RGBX", (width, height), vtk_to_numpy(self._seen), "raw", "RGBX", 0, 1)
        picture = np.full((camera.size[1], camera.size[0], 4), 255, np.uint8)
        rows, columns = slice(corner[1], corner[1] + size[1]), slice(corner[0], corner[0] + size[0])
        picture[rows, columns, :3] = np.asarray(fine.reduce(2))[..., :3]
        return picture

    def _frame(self, camera: Camera) -> tuple[tuple[int, int], tuple[int, int]]:
        """Lower left corner and size [px] of the part of a picture in which there is something."""
        bounds = [prop.GetBounds() for prop in self._renderer.GetViewProps()]
        corners = np.array([list(product(b[:2], b[2:4], b[4:])) for b in bounds]).reshape(-1, 3)
        flat = camera.pixels(corners)
        low = np.clip(np.floor(flat.min(axis=0)).astype(int) - 1, 0, np.array(camera.size) - 1)
        high = np.clip(np.ceil(flat.max(axis=0)).astype(int) + 1, low + 1, camera.size)
        (left, bottom), (wide, tall) = low.tolist(), (high - low).tolist()
        return (left, bottom), (wide, tall)
