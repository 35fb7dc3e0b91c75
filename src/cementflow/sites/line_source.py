"""A vein as a line through the bone: which control volumes it drinks from.

The vein is far thinner than the mesh. So what it takes is spread over a tube of bone around its line, wide enough for
the mesh to resolve; the way from there to the wall of the vein is known in closed form (`line_exchange`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cementflow.mesh.regions import overlapping
from cementflow.mesh.tetmesh import TetMesh
from cementflow.sites.source import barycentric_lattice

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
SPREAD = 1.25  # mean edges: radius of the tube over which a line is spread
SAMPLES, FEW = 10, 6  # of each tetrahedron along an edge; enough for what a vein drinks
CHUNK = 1000
WHOLE = 0.95  # of a tube in the bone, by samples


@dataclass(frozen=True, eq=False)
class LinePiece:
    """A straight piece of a vein in the bone.

    Parameters
    ----------
    vertices
        Whose control volumes lie in the tube around it, shape (l,).
    weight
        Share of the tube in each of them, summing to 1.
    length
        Of what lies in the bone [m].
    whole
        Whether all of it does.
    permeability
        That counts for flow towards it [m2].
    """

    vertices: Ints
    weight: Floats
    length: float
    whole: bool
    permeability: float


def line_piece(
    mesh: TetMesh, permeability: Floats, start: Floats, end: Floats, tube: float
) -> LinePiece | None:
    """The part of a straight piece that lies in the bone, None without any.

    Parameters
    ----------
    mesh
        The bone.
    permeability
        Of each tetrahedron as (xx, yy, zz, yz, xz, xy) [m2], shape (m, 6).
    start, end
        Of the piece, in mesh coordinates [m].
    tube
        Radius of the tube over which it is spread [m].
    """
    vertices, volume, tets = _tube_volumes(mesh, start, end, tube, FEW)
    total = float(volume.sum())
    if total <= 0.0:
        return None
    length = float(np.linalg.norm(end - start))
    part = min(total / (np.pi * tube**2 * length), 1.0)
    # Where the tube reaches out of the bone, so much of the line does too, or the bone is cut off beside it.
    k = across(permeability[tets].mean(axis=0), (end - start) / length)
    return LinePiece(vertices, volume / total, part * length, part > WHOLE, k)


def across(packed: Floats, direction: Floats) -> float:
    """Permeability [m2] that counts for flow towards a line: the root of the determinant of what acts across it."""
    xx, yy, zz, yz, xz, xy = packed
    k = np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])
    other = np.eye(3)[np.argmin(np.abs(direction))]
    first = np.cross(direction, other)
    first /= np.linalg.norm(first)
    plane = np.stack([first, np.cross(direction, first)])
    return float(np.sqrt(np.linalg.det(plane @ k @ plane.T)))


def _tube_volumes(
    mesh: TetMesh, start: Floats, end: Floats, tube: float, samples_along: int
) -> tuple[Ints, Floats, NDArray[np.intp]]:
    """Vertices with control volumes in a tube around a line, how much of it [m3], and the tetrahedra it meets."""
    low, high = np.minimum(start, end) - tube, np.maximum(start, end) + tube
    near = overlapping(mesh.tets, mesh.points, low, high)
    volumes = mesh.volumes[near]
    barycentric, owner = barycentric_lattice(samples_along)
    volume, met = np.zeros(len(mesh.points)), np.zeros(len(near), bool)
    for at in range(0, len(near), CHUNK):
        part = near[at : at + CHUNK]
        samples = np.einsum("sk,eki->esi", barycentric, mesh.points[mesh.tets[part]])
        inside = _in_tube(samples, start, end, tube)
        met[at : at + CHUNK] = inside.any(axis=1)
        owned = np.einsum("es,sk->ek", inside.astype(np.float64), owner) / len(owner)
        np.add.at(volume, mesh.tets[part], volumes[at : at + CHUNK, None] * owned)
    vertices = np.flatnonzero(volume > 0.0).astype(np.int32)
    return vertices, volume[vertices], near[met]


def _in_tube(points: Floats, start: Floats, end: Floats, tube: float) -> NDArray[np.bool_]:
    """Points (..., 3) beside the line between two ends, no further from it than the radius of the tube."""
    along = end - start
    length = float(np.linalg.norm(along))
    from_start = points - start
    place = np.einsum("...i,i->...", from_start, along / length)
    squared = np.einsum("...i,...i->...", from_start, from_start) - place**2
    return np.asarray((place >= 0.0) & (place < length) & (squared <= tube**2))


def tube_share(mesh: TetMesh, start: Floats, end: Floats, tube: float) -> tuple[Ints, Floats, float] | None:
    """Vertices in a tube around a line, their shares of it, and the length that lies in the bone; None without any.

    Parameters
    ----------
    mesh
        The bone.
    start, end
        Of the line [m].
    tube
        Radius [m].
    """
    vertices, volume, _ = _tube_volumes(mesh, start, end, tube, SAMPLES)
    total, length = float(volume.sum()), float(np.linalg.norm(end - start))
    if total <= 0.0:
        return None
    return vertices, volume / total, length * min(total / (np.pi * tube**2 * length), 1.0)
