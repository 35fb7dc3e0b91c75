"""The electrode as a line that gives off current, and the heat of that current.

The outer field of a line that gives off current evenly along its length is that of a slender ellipsoid of metal whose
foci are its ends. As veins, the electrode is thinner than the mesh: its current enters a tube of bone around the line
that the mesh resolves, and what the mesh misses inside of it is added in closed form, for a line in even bone.

With I' the current by length, s the radius of the tube, a that of the electrode, sigma and lambda the conductivities:
the heat between a and s is I'^2 / (2 pi sigma) ln(s / a), of which the mesh finds that of an even source in the tube, a
quarter of I'^2 / (2 pi sigma). And the steady warmth at the electrode is above that at the rim of the tube by A / (2
lambda) ln^2(s / a) with A = I'^2 / (4 pi^2 sigma), where the mean over the tube of the mesh is above it by A / (4
lambda) ln(s / a).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from cementflow.ablation.network import Network
from cementflow.mesh.tetmesh import TetMesh
from cementflow.sites.line_source import SPREAD, tube_share

Floats = NDArray[np.float64]
WIDE = 1.5  # times the radius: the least tube over which the current is spread
PIECE = 2e-3  # m: pieces whose temperatures are told apart


@dataclass(frozen=True, eq=False)
class Piece:
    """A part of the electrode in the bone.

    Parameters
    ----------
    vertices, weight
        Whose control volumes lie in the tube around it, and their shares of that, summing to 1.
    length
        Of what lies in the bone [m].
    """

    vertices: NDArray[np.int32]
    weight: Floats
    length: float


@dataclass(frozen=True, eq=False)
class Electrode:
    """The bare part of the probe on a mesh.

    Parameters
    ----------
    start, tip
        Its ends [m]; the tip is the far one.
    radius, tube
        Of the electrode, and of the tube of bone that its current enters [m].
    pieces
        Its parts in the bone from the start to the tip.
    """

    start: Floats
    tip: Floats
    radius: float
    tube: float
    pieces: tuple[Piece, ...]

    @property
    def axis(self) -> Floats:
        """Unit vector from the start to the tip."""
        along = self.tip - self.start
        return np.asarray(along / np.linalg.norm(along))

    @property
    def length(self) -> float:
        """Of what lies in the bone [m]."""
        return sum(piece.length for piece in self.pieces)


@dataclass(frozen=True, eq=False)
class Heating:
    """What a watt does, and where temperatures are told.

    Parameters
    ----------
    shape
        Share of the power that each node takes up, shape (size,); sums to 1.
    sensors
        Vertices and weights of each sensor.
    above
        By how much each sensor is warmer than the mean over its vertices, by power [K/W], shape (sensors,).
    """

    shape: Floats
    sensors: tuple[tuple[NDArray[np.int32], Floats], ...]
    above: Floats

    def sensed(self, excess: Floats, power: float) -> Floats:
        """Excess temperature at each sensor [K], at a power [W]."""
        mean = np.array([float(np.sum(weight * excess[vertices])) for vertices, weight in self.sensors])
        return np.asarray(mean + power * self.above)


def place_electrode(mesh: TetMesh, start: Floats, tip: Floats, radius: float) -> Electrode:
    """An electrode on a mesh; it has no pieces where it misses the bone.

    Parameters
    ----------
    mesh
        The bone.
    start, tip
        Ends of the bare part [m].
    radius
        [m].
    """
    tube = max(SPREAD * mesh.mean_edge_length, WIDE * radius)
    count = max(round(float(np.linalg.norm(tip - start)) / PIECE), 1)
    corners = start + np.linspace(0.0, 1.0, count + 1)[:, None] * (tip - start)
    found = [tube_share(mesh, a, b, tube) for a, b in pairwise(corners)]
    return Electrode(start, tip, radius, tube, tuple(Piece(*part) for part in found if part is not None))


def heating(electrode: Electrode, network: Network, conductivity: Floats) -> Heating:
    """The heat of the current.

    Parameters
    ----------
    electrode, network
        Where it is, and what it is in.
    conductivity
        For heat, of the vertices [W/(m K)].
    """
    current = np.zeros(network.size)
    for piece in electrode.pieces:
        current[piece.vertices] += piece.weight * (piece.length / electrode.length)
    heat = network.dissipated(network.potential(current))
    way = float(np.log(electrode.tube / electrode.radius))
    by_length = 1.0 / electrode.length
    for piece in electrode.pieces:
        # The mesh knows a quarter of the tube already.
        missed = by_length**2 / (2.0 * np.pi) * (way - 0.25) * piece.length
        heat[piece.vertices] += piece.weight * missed
    total = float(heat.sum())
    warmth = by_length**2 / (4.0 * np.pi**2) / total
    rise = max(0.5 * way**2 - 0.25 * way, 0.0)
    return Heating(
        shape=heat / total,
        sensors=tuple((piece.vertices, piece.weight) for piece in electrode.pieces),
        above=np.array(
            [
                warmth * rise / float(np.sum(piece.weight * conductivity[piece.vertices]))
                for piece in electrode.pieces
            ]
        ),
    )
