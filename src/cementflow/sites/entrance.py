"""What bone resists close to a small opening, as far as the mesh is too coarse to see it.

On a mesh the flow converges on the vertices that an opening draws on, not on the opening. The pressure lost between
their size and its own is added here as a resistance in series, so that a leak does not grow with the edges.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
# A crack draws on a band of BREADTH mean edges, which acts as a half-cylinder of BAND_RADIUS of them: measured on boxes
# of three meshes, along the lattice, beside it and oblique to it.
BREADTH = 1.6
BAND_RADIUS = 0.47
# By how much a disc of its own radius acts larger, in mean edges: measured 0.3 to 0.6 for discs below an edge.
DISC_GROWTH = 0.45


def crack_entrance(width: float, edge: float, permeability: Floats) -> Floats:
    """Missing resistance of a slit for each metre of its length, over the viscosity [1/m2].

    Flow to a strip of the width w on the surface of a half-space converges as that to a half-cylinder of the radius
    w / 4 (logarithmic capacity of a segment), dp = mu (Q / l) ln(r / (w / 4)) / (pi k).

    Parameters
    ----------
    width
        Of the slit [m].
    edge
        Mean edge of the mesh [m].
    permeability
        Of the bone [m2].
    """
    ratio = BAND_RADIUS * edge / (0.25 * width)
    return max(float(np.log(ratio)), 0.0) / (np.pi * permeability)


def hole_entrance(radius: float, edge: float, permeability: float) -> float:
    """Missing resistance of a round hole, over the viscosity [1/m3].

    A disc of the radius a at one pressure on a half-space draws Q = 4 k a dp / mu (Weber).

    Parameters
    ----------
    radius
        Of the hole [m].
    edge
        Mean edge of the mesh [m].
    permeability
        Of the bone [m2].
    """
    return (1.0 / radius - 1.0 / (radius + DISC_GROWTH * edge)) / (4.0 * permeability)
