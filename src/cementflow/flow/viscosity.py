"""Viscosities of both fluids: what a state says of them at rest, and what they have inside the pores."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cementflow.fem.pore_shear import pore_shear, shear_sums
from cementflow.flow.condition import at
from cementflow.flow.drive import Drop
from cementflow.flow.line import cannula_drop
from cementflow.flow.mobility import Mobility
from cementflow.flow.problem import Problem
from cementflow.flow.reach import Reach
from cementflow.flow.state import State

Floats = NDArray[np.float64]
Indices = NDArray[np.uint32]
SLOWEST = 1e-4  # of the wanted rate: cement in a pipe is taken to flow no more slowly


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


def pore_viscosities(
    problem: Problem,
    m: Mobility,
    fluids: Fluids,
    pressure: Floats,
    reach: Reach,
    scale: float = 1.0,
    begun: Floats | None = None,
) -> tuple[Floats, Floats, Floats]:
    """Viscosities of cement and marrow at the vertices [Pa s], at u / sqrt(k phi) of the Darcy flux u.

    The flux is that of both fluids: behind the front it is the cement's own, ahead of it the marrow's, and in the
    control volumes of the front, which the cement fills part of, it is the speed at which that part moves. Out of reach
    the viscosity of the cement is kept; marrow that thins needs all vertices. With a scale it is that of `scale` times
    the flux everywhere.

    Parameters
    ----------
    problem, m, fluids, pressure
        The run, mobilities, what the state says about the fluids, and pressures [Pa].
    reach
        Where the viscosities are wanted.
    scale
        Of the flux.
    begun
        Sums over tetrahedra that the reach lacks, for the same mobilities and pressures.

    Returns
    -------
    cement, marrow, sums
        The viscosities, and the sums (`shear_sums`) over all tetrahedra so far.
    """
    cement, marrow, v = problem.cement, problem.marrow, problem.volumes
    if cement.bulk.newtonian and marrow.newtonian:
        return cement.viscosity(np.ones(v.n), fluids.growth), fluids.marrow, np.zeros(0)
    some = reach.vertices
    sums = shear_sums(v, reach.tets, m.relative_cement, m.marrow, m.viscosity, pressure)
    if begun is not None:
        sums += begun
    shear = scale * pore_shear(v, some, sums)
    if cement.bulk.newtonian:
        viscosity = cement.viscosity(np.ones(v.n), fluids.growth)
    else:
        viscosity = m.viscosity.copy()
        viscosity[some] = cement.aged(problem.pore_law(shear), at(fluids.growth, some))
    if marrow.newtonian:
        return viscosity, fluids.marrow, sums
    return viscosity, np.minimum(problem.marrow_pore_law(shear) * fluids.cold, marrow.maximum), sums


def pipe_viscosity(problem: Problem, flow: Floats, radius: Floats | float, growth: Floats | float) -> Floats:
    """Viscosity of the Newtonian fluid that would lose the same pressure in a pipe [Pa s] (Rabinowitsch).

    Parameters
    ----------
    problem
        The run.
    flow
        Through the pipes [m3/s], in either direction.
    radius
        Of the pipes [m].
    growth
        By how much the cement in them has thickened [-].
    """
    flow = np.maximum(np.abs(flow), SLOWEST * problem.drive.rate)
    return problem.cement.aged(problem.pipe_law(4.0 * flow / (np.pi * radius**3)), growth)
