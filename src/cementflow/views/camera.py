"""Parallel views along anatomical directions: from millimetres to pixels, without a renderer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cementflow.views.sheet import Frame
from cementflow.views.surface import cross

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Camera:
    """A parallel view.

    Parameters
    ----------
    name
        What a reader calls it.
    focal
        Point in the middle of the picture [mm].
    toward, up
        Orthogonal unit vectors to the viewer and upward in the picture.
    per_pixel
        Size of a pixel [mm].
    size
        Width and height of the picture [px].
    """

    name: str
    focal: Floats
    toward: Floats
    up: Floats
    per_pixel: float
    size: tuple[int, int]

    @cached_property
    def right(self) -> Floats:
        """Unit vector to the right in the picture."""
        return cross(self.up, self.toward)

    def pixels(self, points: Floats) -> Floats:
        """Pixels from the lower left corner of points [mm] of shape (..., 3); shape (..., 2)."""
        offset = np.asarray(points) - self.focal
        plane = np.stack([offset @ self.right, offset @ self.up], axis=-1)
        return plane / self.per_pixel + np.array(self.size) / 2

    def part(self, corner: tuple[int, int], size: tuple[int, int]) -> Camera:
        """The view of a part of the picture, given by its lower left corner and its size [px]."""
        middle = np.array(corner) + (np.array(size) - np.array(self.size)) / 2
        shift = self.per_pixel * (middle[0] * self.right + middle[1] * self.up)
        return replace(self, focal=self.focal + shift, size=size)

    def apply(self, renderer: Any, distance: float) -> None:
        """Set the camera of a renderer of VTK, `distance` [mm] away."""
        camera = renderer.GetActiveCamera()
        camera.ParallelProjectionOn()
        camera.SetFocalPoint(self.focal)
        camera.SetPosition(self.focal + distance * self.toward)
        camera.SetViewUp(self.up)
        camera.SetParallelScale(0.5 * self.size[1] * self.per_pixel)
        camera.SetClippingRange(0.01 * distance, 2.0 * distance)


def oblique(frame: Frame) -> tuple[str, Floats, Floats]:
    """From the front, the left and above: name, direction to the viewer, upward direction."""
    toward = 0.72 * frame.ap - 0.55 * frame.lr + 0.42 * frame.si
    return "oblique (from the left, front and above)", *_square(toward, frame.si)


def lateral(frame: Frame) -> tuple[str, Floats, Floats]:
    """From the patient's left, the front to the left as on a lateral radiograph."""
    return "lateral (from the left)", *_square(-frame.lr, frame.si)


def axial(frame: Frame) -> tuple[str, Floats, Floats]:
    """From the feet, the front up, as radiologists look at axial images."""
    return "axial (from below)", *_square(-frame.si, frame.ap)


def fit(
    views: list[tuple[str, Floats, Floats]], points: Floats, size: tuple[int, int], share: tuple[float, float]
) -> list[Camera]:
    """Cameras at one scale that show `points` [mm] in the middle `share` (width, height) of the picture."""
    cameras = [Camera(name, np.zeros(3), toward, up, 1.0, size) for name, toward, up in views]
    boxes = []
    for camera in cameras:
        flat = camera.pixels(points) - np.array(size) / 2
        boxes.append((flat.min(axis=0), flat.max(axis=0)))
    room = np.array(size) * np.array(share)
    per_pixel = max(float(((high - low) / room).max()) for low, high in boxes)
    fitted = []
    for camera, (low, high) in zip(cameras, boxes, strict=True):
        middle = (low + high) / 2
        depth = float((points @ camera.toward).mean())
        focal = middle[0] * camera.right + middle[1] * camera.up + depth * camera.toward
        fitted.append(Camera(camera.name, focal, camera.toward, camera.up, per_pixel, size))
    return fitted


def _square(toward: Floats, up: Floats) -> tuple[Floats, Floats]:
    toward = toward / np.linalg.norm(toward)
    up = up - (up @ toward) * toward
    return toward, up / np.linalg.norm(up)
