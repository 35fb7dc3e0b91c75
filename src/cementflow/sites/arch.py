"""The arch of a vertebra in the beam, where the mesh is that of the body alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cementflow.mesh.frame import AnatomicalFrame, along_axes
from cementflow.mesh.shadow import Shadow
from cementflow.mesh.tetmesh import Floats

BEHIND = 5e-3  # m: a mesh that reaches so far behind the body has an arch of its own


@dataclass(frozen=True)
class Block:
    """A part of the arch as a block.

    Parameters
    ----------
    ap
        From where to where behind the posterior wall [m], negative.
    lr, si
        From where to where in fractions of the body.
    solid
        Share of bone in its volume.
    """

    ap: tuple[float, float]
    lr: tuple[float, float]
    si: tuple[float, float]
    solid: float


# All assumed, typical of a lumbar vertebra: pedicles of some 9 x 14 mm with 1 mm of cortex around bone of a fifth, from
# the posterior wall to behind the canal; laminae of 6 mm, half of it cortex, behind a canal of 16 mm.
ARCH = (
    Block((-18e-3, 0.0), (0.07, 0.27), (0.5, 1.0), 0.47),
    Block((-18e-3, 0.0), (0.73, 0.93), (0.5, 1.0), 0.47),
    Block((-22e-3, -16e-3), (0.25, 0.75), (-0.1, 0.6), 0.6),
)


def arch_lengths(points: Floats, frame: AnatomicalFrame, beam: int, shadow: Shadow) -> Floats:
    """Length of solid bone of the assumed arch at each pixel [m]; nothing where the mesh has its own.

    Parameters
    ----------
    points
        Of the mesh [m].
    frame
        Its axes and the box of its body.
    beam
        Number of the axis that the beam runs along.
    shadow
        The view.
    """
    found = np.zeros(shadow.shape)
    if along_axes(points, frame.axes[:1]).min() < frame.low[0] - BEHIND:
        return found
    first, second = shadow.middles
    for block in ARCH:
        sides = [(frame.low[0] + block.ap[0], frame.low[0] + block.ap[1])]
        for axis, span in ((1, block.lr), (2, block.si)):
            sides.append(
                (frame.low[axis] + span[0] * frame.size[axis], frame.low[axis] + span[1] * frame.size[axis])
            )
        (a, b), (c, d) = (sides[axis] for axis in range(3) if axis != beam)
        inside = np.outer((first >= a) & (first <= b), (second >= c) & (second <= d))
        found += np.where(inside, block.solid * (sides[beam][1] - sides[beam][0]), 0.0)
    return found
