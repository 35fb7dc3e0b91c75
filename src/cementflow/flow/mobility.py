"""Mobilities of the two fluids, and the viscosity that the cement has inside the pores."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cementflow.fem import kernels
from cementflow.flow.condition import at
from cementflow.flow.problem import Problem

Floats = NDArray[np.float64]
Indices = NDArray[np.uint32]


@dataclass(frozen=True, eq=False)
class Mobility:
    """How easily the fluids flow, for one saturation and cement viscosity.

    Parameters
    ----------
    relative_cement
        k_rc at the vertices [-].
    marrow
        k_rm / mu_m at the vertices [1/(Pa s)].
    viscosity
        Of the cement at the vertices [Pa s].
    edge
        Of both fluids on the edges [1/(Pa s)], upstream.
    conductance
        Of the edges [m3/(Pa s)].
    least
        Mobility of the negative coefficients of each obtuse tetrahedron [1/(Pa s)].
    """

    relative_cement: Floats
    marrow: Floats
    viscosity: Floats
    edge: Floats
    conductance: Floats
    least: Floats

    @property
    def vertex(self) -> Floats:
        """Of both fluids at the vertices [1/(Pa s)]."""
        return self.relative_cement / self.viscosity + self.marrow


def mobility(
    problem: Problem, saturation: Floats, viscosity: Floats, marrow_viscosity: Floats, pressure: Floats
) -> Mobility:
    """Mobilities for saturations [-], viscosities of both fluids [Pa s] and the pressures [Pa] that tell upstream."""
    v = problem.volumes
    relative = problem.corey.cement(saturation)
    marrow = problem.corey.marrow(saturation) / marrow_viscosity
    edge, conductance = kernels.edge_conductances(
        v.edges, v.coefficient, relative, marrow, viscosity, pressure
    )
    least = kernels.least_mobilities(v.tets, v.obtuse, relative, marrow, viscosity)
    kernels.add_obtuse(conductance, v.tet_edges, v.t, v.obtuse, least)
    return Mobility(relative, marrow, viscosity, edge, conductance, least)


def darcy_flux(problem: Problem, m: Mobility, pressure: Floats, chosen: Indices | None = None) -> Floats:
    """Darcy flux of both fluids together in each tetrahedron, or in chosen ones [m/s], shape (m, 3)."""
    v = problem.volumes
    if chosen is None:
        chosen = np.arange(len(v.tets), dtype=np.uint32)
    return kernels.element_velocity(
        chosen, v.mesh.points, v.tets, v.mesh.volumes, v.tet_edges, v.t, m.edge, pressure, v.obtuse, m.least
    )


def pore_viscosity(
    problem: Problem, m: Mobility, pressure: Floats, factor: Floats, chosen: Indices, scale: float = 1.0
) -> Floats:
    """Viscosity of the cement at the vertices [Pa s], at u / sqrt(k phi) of the Darcy flux u.

    The flux is that of both fluids: behind the front it is the cement's own, and in the control volumes of the front,
    which the cement fills part of, it is the speed at which that part moves. Away from the chosen tetrahedra the
    viscosity of `m` is kept. With a scale it is that of `scale` times the flux everywhere. The factor is the growth of
    the viscosity with age, at the vertices or one for all.
    """
    law, v = problem.cement, problem.volumes
    if law.bulk.newtonian:
        return law.viscosity(np.ones(v.n), factor)
    velocity = darcy_flux(problem, m, pressure, chosen)
    shear = kernels.pore_shear(
        chosen, velocity, v.inverse_permeability, v.porosity, v.tets, v.mesh.volumes, v.n
    )
    known = np.flatnonzero(~np.isnan(shear))
    viscosity = m.viscosity.copy()
    viscosity[known] = law.aged(problem.pore_law(scale * shear[known]), at(factor, known))
    return viscosity
