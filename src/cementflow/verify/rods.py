"""Pistons and slabs: one dimension, sharp fronts."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def slab_pressure_drop(
    flux: float, permeability: float, length: float, consistency: float, n: float = 1.0
) -> float:
    """M u^n L / k [Pa]: power-law Darcy flow through a slab.

    Parameters
    ----------
    flux
        u [m/s].
    permeability, length
        k [m2] and L [m].
    consistency, n
        M and index.
    """
    return float(consistency * flux**n * length / permeability)


def piston_pressure_drop(
    flux: float, permeability: float, length: float, front: float, cement: float, marrow: float
) -> float:
    """(u/k) [mu_c x + mu_m (L - x)] [Pa]: cement has pushed marrow to the front x (Muskat 1937).

    Parameters
    ----------
    flux, permeability, length
        u [m/s], k [m2], L [m].
    front
        x [m].
    cement, marrow
        Viscosities [Pa s].
    """
    return float(flux / permeability * (cement * front + marrow * (length - front)))


def piston_front(
    drop: float,
    permeability: float,
    porosity: float,
    length: float,
    cement: float,
    marrow: float,
    time: ArrayLike,
) -> Floats:
    """Front x [m] under a constant pressure drop: (mu_c - mu_m) x^2 / 2 + mu_m L x = k dp t / phi.

    With k = R^2/8 and phi = 1 the same law governs a pipe of radius R that fills with cement.

    Parameters
    ----------
    drop, permeability, porosity, length
        dp [Pa], k [m2], phi [-], L [m].
    cement, marrow
        Viscosities [Pa s].
    time
        Times [s], any shape, before breakthrough.
    """
    a = 0.5 * (cement - marrow)
    b = marrow * length
    c = permeability * drop * np.asarray(time, float) / porosity
    return 2.0 * c / (b + np.sqrt(b * b + 4.0 * a * c))
