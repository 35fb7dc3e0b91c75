"""A line along the surface, in small pieces."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from cementflow.mesh.samples import Samples
from cementflow.sites.surface import BoneSurface

Floats = NDArray[np.float64]
STEP = 0.1e-3  # m
ACROSS = (-0.375, -0.125, 0.125, 0.375)  # of the breadth: lines side by side that stand for a band


def surface_path(surface: BoneSurface, corners: Floats, breadth: float) -> Samples:
    """Pieces of a band on the surface under the straight lines between some points.

    A line alone would draw on more or fewer vertices as it runs along edges of the mesh or between them; a band as
    broad as the edges draws on as many everywhere.

    Parameters
    ----------
    surface
        Of the bone.
    corners
        Points (c, 3) [m] on or near it, in order.
    breadth
        Of the band [m].

    Returns
    -------
    Samples
        One a piece, with its part of the length of the line [m] in place of its area.
    """
    pieces = [_on_surface(surface, a, b, breadth) for a, b in pairwise(corners)]
    return Samples(
        *(
            np.concatenate([getattr(p, name) for p in pieces])
            for name in ("center", "face", "weights", "owner", "area")
        )
    )


def _on_surface(surface: BoneSurface, start: Floats, end: Floats, breadth: float) -> Samples:
    """Pieces under one straight line."""
    distance = float(np.linalg.norm(end - start))
    count = max(int(np.ceil(distance / STEP)), 1)
    ends = start + (np.arange(count + 1) / count)[:, None] * (end - start)
    near = surface.near(0.5 * (start + end), 0.5 * distance + breadth)
    length = np.linalg.norm(np.diff(_projected(surface, near, ends).center, axis=0), axis=1)
    middle = _projected(surface, near, 0.5 * (ends[:-1] + ends[1:]))
    sideways = np.cross(surface.normals[middle.face], end - start)
    sideways /= np.linalg.norm(sideways, axis=1, keepdims=True)
    shifted = [middle.center + shift * breadth * sideways for shift in ACROSS]
    band = _projected(surface, near, np.concatenate(shifted))
    return replace(band, area=np.tile(length / len(ACROSS), len(ACROSS)))


def _projected(surface: BoneSurface, near: Samples, points: Floats) -> Samples:
    """Feet of points on the triangle of the sample nearest to each."""
    from scipy.spatial import cKDTree

    index = cKDTree(near.center).query(points)[1]
    face = near.face[index]
    triangles = surface.mesh.boundary[face]
    a, b, c = (surface.mesh.points[triangles[:, i]] for i in range(3))
    weights = _barycentric(points, a, b, c)
    center = weights[:, :1] * a + weights[:, 1:2] * b + weights[:, 2:] * c
    owner = triangles[np.arange(len(points)), weights.argmax(axis=1)]
    return Samples(center, face, weights, owner, np.zeros(len(points)))


def _barycentric(points: Floats, a: Floats, b: Floats, c: Floats) -> Floats:
    """Barycentric coordinates of points (k, 3) projected to triangles, drawn in where they fall outside."""
    u, v, w = b - a, c - a, points - a
    uu, uv, vv = (np.einsum("kx,kx->k", p, q) for p, q in ((u, u), (u, v), (v, v)))
    wu, wv = np.einsum("kx,kx->k", w, u), np.einsum("kx,kx->k", w, v)
    determinant = uu * vv - uv * uv
    second, third = (vv * wu - uv * wv) / determinant, (uu * wv - uv * wu) / determinant
    weights = np.maximum(np.column_stack([1.0 - second - third, second, third]), 0.0)
    return weights / weights.sum(axis=1, keepdims=True)
