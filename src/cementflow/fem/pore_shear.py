"""The Darcy flux of tetrahedra, and shear rates in the pores at the vertices that follow from it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cementflow.fem.control_volumes import ControlVolumes
from cementflow.fem.element_velocity import add_shear, element_velocity, mean_around
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
    velocity: Floats = element_velocity(
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


def shear_sums(
    volumes: ControlVolumes,
    tets: Indices,
    relative_cement: Floats,
    marrow_mobility: Floats,
    viscosity: Floats,
    pressure: Floats,
) -> Floats:
    """Sum of u / sqrt(k phi) times the volume [m3/s] over the chosen tetrahedra around each vertex, shape (n,).

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
    parts = np.array_split(tets, 2)

    def summed(half: int) -> Floats:
        total = np.zeros(v.n)
        add_shear(
            total,
            parts[half],
            v.mesh.points,
            v.tets,
            v.permeability,
            v.inverse_permeability,
            v.porosity,
            relative_cement,
            marrow_mobility,
            viscosity,
            pressure,
            v.t,
            v.obtuse,
        )
        return total

    first, second = both(summed, len(tets))
    first += second
    return first


def pore_shear(volumes: ControlVolumes, vertices: NDArray[np.intp], sums: Floats) -> Floats:
    """Mean of u / sqrt(k phi) [1/s] around chosen vertices, by volume, with k along the flow.

    Parameters
    ----------
    volumes
        Of the mesh.
    vertices
        The chosen ones.
    sums
        `shear_sums` of all tetrahedra that have one of them.
    """
    mean: Floats = mean_around(vertices, sums, volumes.around)
    return mean
