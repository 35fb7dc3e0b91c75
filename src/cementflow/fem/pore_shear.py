"""The Darcy flux of tetrahedra, and shear rates in the pores at the vertices that follow from it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cementflow.fem import kernels
from cementflow.fem.control_volumes import ControlVolumes
from cementflow.threads import both

Floats = NDArray[np.float64]
Indices = NDArray[np.uint32]


def darcy_velocity(
    volumes: ControlVolumes,
    tets: Indices,
    relative_cement: Floats,
    marrow_mobility: Floats,
    viscosity: Floats,
    pressure: Floats,
) -> Floats:
    """Darcy flux of both fluids in chosen tetrahedra [m/s], shape (chosen, 3).

    Parameters
    ----------
    volumes
        Of the mesh.
    tets
        The chosen ones, ascending.
    relative_cement, marrow_mobility, viscosity, pressure
        At all vertices, as in `kernels.edge_mobility`.
    """
    v = volumes
    velocity: Floats = kernels.element_velocity(
        tets,
        v.mesh.points,
        v.tets,
        v.permeability,
        relative_cement,
        marrow_mobility,
        viscosity,
        pressure,
        v.t,
        v.obtuse,
    )
    return velocity


def pore_shear(
    volumes: ControlVolumes,
    vertices: Indices,
    tets: Indices,
    relative_cement: Floats,
    marrow_mobility: Floats,
    viscosity: Floats,
    pressure: Floats,
) -> Floats:
    """Mean of u / sqrt(k phi) [1/s] over the tetrahedra around chosen vertices, by volume, with k along the flow.

    Parameters
    ----------
    volumes
        Of the mesh.
    vertices
        The chosen ones.
    tets
        All tetrahedra that have one of them, ascending.
    relative_cement, marrow_mobility, viscosity, pressure
        At all vertices, as in `kernels.edge_mobility`.
    """
    v = volumes
    parts = np.array_split(tets, 2)

    def summed(half: int) -> Floats:
        velocity = darcy_velocity(v, parts[half], relative_cement, marrow_mobility, viscosity, pressure)
        total = np.zeros(v.n)
        kernels.add_shear(total, parts[half], velocity, v.inverse_permeability, v.porosity, v.tets, v.of_tets)
        return total

    first, second = both(summed, len(tets))
    mean: Floats = (first[vertices] + second[vertices]) / v.around[vertices]
    return mean
