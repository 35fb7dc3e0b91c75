"""Mobilities of the two fluids, and what follows from them: the Darcy flux, and what the mesh misses at the tip."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cementflow.fem import kernels
from cementflow.fem.pore_shear import darcy_velocity
from cementflow.flow.problem import Problem
from cementflow.threads import both

Floats = NDArray[np.float64]
Indices = NDArray[np.uint32]
SMALL_FLOW = 1e-6  # of the wanted rate


@dataclass(frozen=True, eq=False)
class Mobility:
    """How easily the fluids flow at the vertices, for one saturation and one set of viscosities.

    Parameters
    ----------
    relative_cement
        k_rc [-].
    marrow
        k_rm / mu_m [1/(Pa s)].
    viscosity
        Of the cement [Pa s].
    """

    relative_cement: Floats
    marrow: Floats
    viscosity: Floats

    @property
    def vertex(self) -> Floats:
        """Of both fluids [1/(Pa s)]."""
        return self.relative_cement / self.viscosity + self.marrow


def mobility(problem: Problem, saturation: Floats, viscosity: Floats, marrow_viscosity: Floats) -> Mobility:
    """Mobilities for saturations [-] and viscosities of both fluids [Pa s]."""
    corey = problem.corey
    return Mobility(corey.cement(saturation), corey.marrow(saturation) / marrow_viscosity, viscosity)


def tip_resistance(problem: Problem, m: Mobility, rate: float) -> float:
    """Pressure that the mesh misses at the tip, over the rate [Pa s/m3] (`NearTip`).

    The mobilities of the edges are those of `kernels.edge_mobility`; in the flow as it is, with cement as thick as it
    is there.
    """
    near = problem.near_tip
    if near is None:
        return 0.0
    thickening = np.ones(1)
    if not problem.cement.bulk.newtonian:
        thickening = problem.tip_thickening(max(rate, SMALL_FLOW * problem.drive.rate))
    edges = near.upstream, near.downstream, near.flow, near.mesh
    return float(kernels.missed_at_tip(*edges, thickening, m.relative_cement, m.marrow, m.viscosity))


def darcy_flux(problem: Problem, m: Mobility, pressure: Floats, chosen: Indices | None = None) -> Floats:
    """Darcy flux of both fluids together in each tetrahedron, or in chosen ones [m/s], shape (m, 3)."""
    v = problem.volumes
    if chosen is None:
        chosen = np.arange(len(v.tets), dtype=np.uint32)
    parts = np.array_split(chosen, 2)

    def velocity(half: int) -> Floats:
        return darcy_velocity(v, parts[half], m.relative_cement, m.marrow, m.viscosity, pressure)

    return np.concatenate(both(velocity, len(chosen)))
