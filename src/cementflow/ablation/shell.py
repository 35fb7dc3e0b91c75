"""Tissue around the bone as layers over its surface, so that warmth is stored and carried off there too.

A layer is a copy of the surface, moved outward. It widens as around the ball that has the ratio of volume to surface of
the body: around a ball the layers are exact, else they are a boundary layer that knows neither pits nor the arch. Any
mesh has them, as no element has to fit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cementflow.mesh.tetmesh import TetMesh

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
REACH = 30e-3  # m: beyond it tissue is as warm as the body
GROWTH = 1.5  # of the thickness from layer to layer


@dataclass(frozen=True, eq=False)
class Shell:
    """Nodes of the layers; those of the surface itself are vertices of the bone.

    Attributes
    ----------
    vertices
        Of the surface, shape (b,). Node (l - 1) b + i of the shell lies above vertices[i] in layer l = 1, 2, ...
    depth
        Of the surface and of each layer, and where the body temperature is held [m], shape (layers + 2,).
    volume
        Of tissue at each node, those of the surface first [m3], shape (layers + 1, b).
    edges, length
        Pairs of numbers from 0 on, surface first, and their conductance for a conductivity of 1 [m].
    outward
        Conductance from each node of the last layer to the body temperature for a conductivity of 1 [m], shape (b,).
    """

    vertices: Ints
    depth: Floats
    volume: Floats
    edges: Ints
    length: Floats
    outward: Floats

    @property
    def layers(self) -> int:
        """Number of layers above the surface."""
        return len(self.depth) - 2

    def at(self, depth: float) -> int:
        """The layer whose depth [m] is nearest."""
        return 1 + int(np.abs(self.depth[1:-1] - depth).argmin())


def build_shell(mesh: TetMesh, first: float | None = None) -> Shell:
    """Layers around a mesh.

    Parameters
    ----------
    mesh
        The bone.
    first
        Thickness of the first layer [m]; by default the mean edge of the mesh.
    """
    vertices, corner = np.unique(mesh.boundary, return_inverse=True)
    triangles = corner.reshape(-1, 3)
    area_of = np.linalg.norm(mesh.boundary_area_vectors, axis=1)
    area = np.bincount(triangles.ravel(), np.repeat(area_of / 3.0, 3), minlength=len(vertices))
    radius = 3.0 * float(mesh.volumes.sum()) / float(area_of.sum())
    depth = _depths(first if first is not None else mesh.mean_edge_length)
    between = np.concatenate([[0.0], 0.5 * (depth[1:-1] + depth[:-2]), [0.5 * (depth[-2] + depth[-1])]])
    wide = radius / 3.0 * (1.0 + between / radius) ** 3
    # Between two balls the conductance is 4 pi a b / (b - a).
    across = (1.0 + depth[:-1] / radius) * (1.0 + depth[1:] / radius) / np.diff(depth)
    pairs, cotangent = surface_conductances(mesh.points[vertices], triangles)
    b, layers = len(vertices), len(depth) - 2
    up = np.stack([np.arange(layers * b), np.arange(b, (layers + 1) * b)], axis=1)
    along = np.concatenate([pairs + level * b for level in range(layers + 1)])
    return Shell(
        vertices=vertices.astype(np.int64),
        depth=depth,
        volume=np.diff(wide)[:, None] * area,
        edges=np.concatenate([up, along]),
        length=np.concatenate(
            [np.outer(across[:-1], area).ravel(), np.outer(np.diff(between), cotangent).ravel()]
        ),
        outward=across[-1] * area,
    )


def surface_conductances(points: Floats, triangles: Ints) -> tuple[Ints, Floats]:
    """Edges of a surface and their conductances in a sheet of thickness 1 [-]: half the sum of the cotangents.

    Those of obtuse triangles may be negative; their sum with all others is definite nonetheless. They hold at any size
    of the surface, so for all layers.
    """
    corner = points[triangles]
    cotangents = []
    for k in range(3):
        u, v = corner[:, k - 2] - corner[:, k], corner[:, k - 1] - corner[:, k]
        cotangents.append(np.einsum("ti,ti->t", u, v) / np.linalg.norm(np.cross(u, v), axis=1))
    opposite = np.concatenate([np.sort(np.delete(triangles, k, axis=1), axis=1) for k in range(3)])
    pairs, where = np.unique(opposite, axis=0, return_inverse=True)
    return pairs, np.bincount(where.ravel(), 0.5 * np.concatenate(cotangents)).astype(np.float64)


def _depths(first: float) -> Floats:
    """Depths of the surface, of the layers and of the body temperature [m]."""
    depth = [0.0, first]
    while depth[-1] < REACH / GROWTH:
        depth.append(depth[-1] + (depth[-1] - depth[-2]) * GROWTH)
    return np.array([*depth, depth[-1] + (depth[-1] - depth[-2]) * GROWTH])
