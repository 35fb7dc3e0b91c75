"""What the mesh does not see between a vein and the bone: the way from the tube over which it is spread to its wall.

A piece of line that drinks evenly lowers the pressure at a point by q / (4 pi k) [asinh(s / d) + asinh((l - s) / d)],
d being the distance from its axis, s the place along it and q what it takes over a length. At the wall of the vein d is
its radius; for bone of the tube it is the distance of two points of the tube, across. The difference of both, summed
over all veins, is what is left of the way. Of an endless line it is q / (2 pi k) [ln(a / r) - 1/4], for any mesh, as
Peaceman's index of wells (1978) is for blocks; the end of a vein draws from the bone before it too, and its way is
shorter.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
SHORTEST = 0.01  # least way: a vein as wide as its tube would leave nothing
GAUSS = 6  # points along a piece
CLASSES = 16  # of the distances in a tube


def ways_to_wall(pieces: Floats, radius: Floats, tube: Floats, others: Floats) -> Floats:
    """Way from the tube to the wall for each piece, in place of ln(a / r) - 1/4, shape (c,).

    Parameters
    ----------
    pieces
        Begin and end of each piece [m], shape (c, 2, 3).
    radius, tube
        Of the vein and of the tube of each piece [m], shape (c,).
    others
        More lines that drink as evenly, such as the course of a vein beyond a wall, which mirrors it, shape (o, 2, 3).
    """
    lines = np.concatenate([pieces, others])
    squares = _distances_in_a_disc() ** 2
    places, weights = np.polynomial.legendre.leggauss(GAUSS)
    ways = np.empty(len(pieces))
    for i, (begin, end) in enumerate(pieces):
        points = begin + 0.5 * (1.0 + places[:, None]) * (end - begin)
        at_wall = _felt(points, weights, lines, np.array([radius[i] ** 2]))
        in_tube = _felt(points, weights, lines, tube[i] ** 2 * squares)
        ways[i] = 0.5 * (at_wall - in_tube)
    return np.maximum(ways, SHORTEST)


def _felt(points: Floats, weights: Floats, lines: Floats, squared: Floats) -> float:
    """Mean over Gauss points (g, 3) of what all lines do there, and over more distances across [m2], shape (d,)."""
    along = lines[:, 1] - lines[:, 0]
    length = np.sqrt(np.einsum("li,li->l", along, along))
    along = along / length[:, None]
    from_begin = points[:, None, :] - lines[None, :, 0]
    place = np.einsum("gli,li->gl", from_begin, along)
    across = np.maximum(np.einsum("gli,gli->gl", from_begin, from_begin) - place**2, 0.0)
    distance = np.sqrt(across[None] + squared[:, None, None])
    both = np.arcsinh(place / distance) + np.arcsinh((length - place) / distance)
    return float(np.einsum("dgl,g->", both, 0.5 * weights) / len(squared))


def _distances_in_a_disc() -> Floats:
    """Distances of two points of a disc of the radius 1, each as likely, with the right mean of their logarithm, -1/4.

    Share below x: 1 + 2/pi (x^2 - 1) arccos(x/2) - x/pi (1 + x^2/2) sqrt(1 - x^2/4) (Solomon, Geometric Probability,
    1978).
    """
    x = np.linspace(0.0, 2.0, 2001)
    half = 0.5 * x
    below = 1.0 + 2.0 / np.pi * (x**2 - 1.0) * np.arccos(half)
    below -= x / np.pi * (1.0 + 0.5 * x**2) * np.sqrt(1.0 - half**2)
    found = np.interp((np.arange(CLASSES) + 0.5) / CLASSES, below, x)
    return np.asarray(found * np.exp(-0.25 - np.log(found).mean()))
