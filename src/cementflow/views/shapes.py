"""Tubes, rods, rings, discs and balls, whose triangles turn outward."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from cementflow.views.surface import Indices, Surface, cross, joined, smooth

Floats = NDArray[np.float64]

_SIDES = 32  # of a rod


def tubes(ends: Floats, radius: Floats) -> Surface:
    """Walls of cylinders between pairs of points [mm], shapes (tubes, 2, 3) and (tubes,)."""
    circles = _circles(ends[:, 1] - ends[:, 0], _SIDES)[:, None]
    points = ends[:, :, None] + radius[:, None, None, None] * circles
    normals = np.broadcast_to(circles, points.shape)
    first = 2 * _SIDES * np.arange(len(ends))[:, None, None]
    return Surface(points.reshape(-1, 3), (first + _woven(2, _SIDES)).reshape(-1, 3), normals.reshape(-1, 3))


def tube(start: Floats, end: Floats, radius: float) -> Surface:
    """The wall of a cylinder between two points [mm]."""
    return tubes(np.array([[start, end]]), np.array([radius]))


def rod(start: Floats, end: Floats, radius: float) -> Surface:
    """A cylinder between two points [mm]."""
    along = end - start
    caps = disc(start, -along, radius), disc(end, along, radius)
    return joined([tube(start, end, radius), *caps])


def ring(center: Floats, axis: Floats, radius: float, line: float) -> Surface:
    """A ring around an axis; a cut through it is a disc of radius `line` [mm]."""
    angle = np.linspace(0, 2 * np.pi, 8, endpoint=False)
    profile = np.stack([radius + line * np.cos(angle), line * np.sin(angle)], axis=1)
    return _turned(profile, center, axis, sides=48, closed=True)


def disc(center: Floats, axis: Floats, radius: float) -> Surface:
    """A flat disc that faces along an axis."""
    return _turned([(radius, 0.0), (0.0, 0.0)], center, axis, sides=48)


def ball(center: Floats, radius: float) -> Surface:
    """A ball."""
    angle = np.linspace(0, np.pi, 30)
    profile = radius * np.stack([np.sin(angle), -np.cos(angle)], axis=1)
    return _turned(profile, center, np.array([0.0, 0.0, 1.0]), sides=30)


def _turned(
    profile: Sequence[tuple[float, float]] | Floats,
    origin: Floats,
    axis: Floats,
    sides: int,
    closed: bool = False,
) -> Surface:
    """A profile of distances from an axis and ways along it [mm], turned around it.

    What it encloses is to its left; a closed one ends where it begins.
    """
    out, along = np.array(profile, float).T[:, :, None, None]
    points = origin + out * _circles(axis[None], sides) + along * axis / np.linalg.norm(axis)
    return smooth(points.reshape(-1, 3), _woven(out.size, sides, closed))


def _circles(axes: Floats, sides: int) -> Floats:
    """Points of unit circles across axes, shape (axes, sides, 3)."""
    up = axes / np.linalg.norm(axes, axis=1, keepdims=True)
    right = cross(up, np.eye(3)[np.abs(up).argmin(axis=1)])
    right /= np.linalg.norm(right, axis=1, keepdims=True)
    angle = np.linspace(0, 2 * np.pi, sides, endpoint=False)[:, None]
    return np.cos(angle) * right[:, None] + np.sin(angle) * cross(up, right)[:, None]


@cache
def _woven(rows: int, sides: int, closed: bool = False) -> Indices:
    """Triangles between circles of points, each and the next, and the last and the first if they are closed."""
    here = np.arange(rows * sides).reshape(rows, sides)
    there = np.roll(here, -1, axis=0)
    if not closed:
        here, there = here[:-1], there[:-1]
    on, there_on = np.roll(here, -1, axis=1), np.roll(there, -1, axis=1)
    return np.stack([here, on, there_on, here, there_on, there], axis=-1).reshape(-1, 3)
