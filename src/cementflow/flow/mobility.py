"""Mobilities of the two fluids, and the viscosity that the cement has inside the pores."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cementflow.fem import kernels
from cementflow.fem.sharing import both
from cementflow.flow.condition import at
from cementflow.flow.drive import Drop
from cementflow.flow.line import cannula_drop
from cementflow.flow.problem import Problem
from cementflow.flow.state import State

Floats = NDArray[np.float64]
Indices = NDArray[np.uint32]
SMALL_FLOW = 1e-6  # of the wanted rate


@dataclass(frozen=True, eq=False)
class Fluids:
    """What a state says about the fluids before they flow.

    Parameters
    ----------
    growth
        By how much the cement has thickened with age [-], shape (n,) or (1,).
    cold
        By how much thicker the marrow is than that of the case at its reference temperature [-], shape (n,) or (1,).
    marrow
        Viscosity of the marrow at rest [Pa s], shape (n,) or (1,).
    drop
        Pressure that the cannula takes [Pa] at a rate [m3/s].
    """

    growth: Floats
    cold: Floats
    marrow: Floats
    drop: Drop


def fluids_of(problem: Problem, state: State) -> Fluids:
    """Growth of the cement and warmth of the marrow."""
    now, cement, marrow = state.condition, problem.cement, problem.marrow
    # The marrow keeps the temperature of the body where none is computed.
    felt = problem.tissue is not None and marrow.activation_energy > 0.0
    warmth = now.temperature if felt else np.full(1, problem.body_temperature)
    return Fluids(
        growth=cement.factor(now.age, now.cure),
        cold=marrow.factor(warmth) * problem.marrow_factor,
        marrow=marrow.viscosity(np.zeros(1), warmth) * problem.marrow_factor,
        drop=cannula_drop(problem, state),
    )


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


def tip_resistance(problem: Problem, m: Mobility, rate: float) -> float:
    """Pressure that the mesh misses at the tip, over the rate [Pa s/m3] (`NearTip`).

    The mobilities of the edges are those of `edge_conductances`; in the flow as it is, with cement as thick as it
    is there.
    """
    near = problem.near_tip
    if near is None:
        return 0.0
    marrow, cement = m.marrow[near.upstream], m.relative_cement[near.upstream]
    viscosity = 0.5 * (m.viscosity[near.upstream] + m.viscosity[near.downstream])
    of_mesh = np.sum(near.mesh / (marrow + cement / viscosity))
    if not problem.cement.bulk.newtonian:
        viscosity *= problem.tip_thickening(max(rate, SMALL_FLOW * problem.drive.rate))
    return float(np.sum(near.flow / (marrow + cement / viscosity)) - of_mesh)


def darcy_flux(problem: Problem, m: Mobility, pressure: Floats, chosen: Indices | None = None) -> Floats:
    """Darcy flux of both fluids together in each tetrahedron, or in chosen ones [m/s], shape (m, 3)."""
    v = problem.volumes
    if chosen is None:
        chosen = np.arange(len(v.tets), dtype=np.uint32)
    parts = np.array_split(chosen, 2)

    def velocity(half: int) -> Floats:
        return kernels.element_velocity(
            parts[half],
            v.mesh.points,
            v.tets,
            v.permeability,
            v.tet_edges,
            m.edge,
            pressure,
            v.t,
            v.obtuse,
            m.least,
        )

    return np.concatenate(both(velocity, len(chosen)))


def pore_viscosities(
    problem: Problem, m: Mobility, fluids: Fluids, pressure: Floats, chosen: Indices, scale: float = 1.0
) -> tuple[Floats, Floats]:
    """Viscosities of cement and marrow at the vertices [Pa s], at u / sqrt(k phi) of the Darcy flux u.

    The flux is that of both fluids: behind the front it is the cement's own, ahead of it the marrow's, and in the
    control volumes of the front, which the cement fills part of, it is the speed at which that part moves. Away from
    the chosen tetrahedra the viscosity of the cement is kept; marrow that thins needs all of them. With a scale it is
    that of `scale` times the flux everywhere.
    """
    cement, marrow, v = problem.cement, problem.marrow, problem.volumes
    if cement.bulk.newtonian and marrow.newtonian:
        return cement.viscosity(np.ones(v.n), fluids.growth), fluids.marrow
    velocity = darcy_flux(problem, m, pressure, chosen)
    shear = kernels.pore_shear(
        chosen, velocity, v.inverse_permeability, v.porosity, v.tets, v.mesh.volumes, v.n
    )
    shear *= scale
    known = np.flatnonzero(~np.isnan(shear))
    if cement.bulk.newtonian:
        viscosity = cement.viscosity(np.ones(v.n), fluids.growth)
    else:
        viscosity = m.viscosity.copy()
        viscosity[known] = cement.aged(problem.pore_law(shear[known]), at(fluids.growth, known))
    if marrow.newtonian:
        return viscosity, fluids.marrow
    return viscosity, np.minimum(problem.marrow_pore_law(shear) * fluids.cold, marrow.maximum)
