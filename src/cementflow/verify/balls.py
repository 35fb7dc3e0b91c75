"""Radial flow: discs, shells, and balls of cement that grow."""

from __future__ import annotations

import numpy as np

# Alternating sum of 1/|(i, j, k)| over the cubic lattice, the Madelung constant of rock salt.
MADELUNG = 1.7475645946331822


def simple_shear_consistency(K: float, n: float, permeability: float, porosity: float) -> float:
    """Darcy consistency K [4 / sqrt(8 k phi)]^(n - 1) of the shear rate 4u / sqrt(8 k phi), as benchmark A
    states it.

    Parameters
    ----------
    K, n
        Consistency [Pa s^n] and index of the bulk.
    permeability, porosity
        k [m2] and phi [-].
    """
    return float(K * (4.0 / np.sqrt(8.0 * permeability * porosity)) ** (n - 1.0))


def cylinder_pressure_drop(
    rate: float,
    permeability: float,
    height: float,
    inner: float,
    outer: float,
    consistency: float,
    n: float = 1.0,
) -> float:
    """Radial flow in a disc: (M/k) (Q / 2 pi h)^n (r_e^(1-n) - r_w^(1-n)) / (1 - n) [Pa]; a logarithm for n
    = 1.

    Parameters
    ----------
    rate, permeability, height
        Q [m3/s], k [m2], h [m].
    inner, outer
        r_w and r_e [m].
    consistency, n
        M and index.
    """
    form = np.log(outer / inner) if n == 1.0 else (outer ** (1.0 - n) - inner ** (1.0 - n)) / (1.0 - n)
    return float(consistency / permeability * (rate / (2.0 * np.pi * height)) ** n * form)


def sphere_pressure_drop(
    rate: float, permeability: float, inner: float, outer: float, consistency: float, n: float = 1.0
) -> float:
    """Radial flow in a shell: (M/k) (Q / 4 pi)^n (r_w^(1-2n) - r_e^(1-2n)) / (2n - 1) [Pa]; a logarithm for
    n = 1/2.

    Parameters
    ----------
    rate, permeability
        Q [m3/s], k [m2].
    inner, outer
        r_w and r_e [m].
    consistency, n
        M and index.
    """
    m = 2.0 * n - 1.0
    form = np.log(outer / inner) if m == 0.0 else (inner**-m - outer**-m) / m
    return float(consistency / permeability * (rate / (4.0 * np.pi)) ** n * form)


def front_radius(volume: float, porosity: float, inner: float = 0.0, residual_marrow: float = 0.0) -> float:
    """Radius of a ball of cement [m]: r^3 = r_w^3 + 3 V / [4 pi phi (1 - S_mr)].

    Parameters
    ----------
    volume
        V of cement outside `inner` [m3].
    porosity, residual_marrow
        phi and S_mr [-].
    inner
        r_w [m].
    """
    return float(np.cbrt(inner**3 + 3.0 * volume / (4.0 * np.pi * porosity * (1.0 - residual_marrow))))


def two_layer_sphere_pressure(
    rate: float,
    permeability: float,
    inner: float,
    front: float,
    outer: float,
    cement: float,
    marrow: float,
    n: float = 1.0,
) -> float:
    """Pressure at the inner radius [Pa] over that at the outer, cement up to the front and marrow beyond.

    Sum of two shells; the set of Bohner et al. 2003 (Biomaterials 24:2721) as derived in this
    project.

    Parameters
    ----------
    rate, permeability
        Q [m3/s], k [m2].
    inner, front, outer
        Radii [m].
    cement, n
        Darcy consistency and index of the cement.
    marrow
        Viscosity [Pa s].
    """
    return sphere_pressure_drop(rate, permeability, inner, front, cement, n) + sphere_pressure_drop(
        rate, permeability, front, outer, marrow
    )


def ball_source_excess(
    rate: float, permeability: float, radius: float, consistency: float, n: float = 1.0
) -> float:
    """Mean pressure in a ball that injects evenly, over the pressure on its rim [Pa].

    The flux is Q r / (4 pi r_0^3) inside, hence (M/k) (Q / 4 pi)^n r_0^(1-2n) / (n + 4) in the mean.

    Parameters
    ----------
    rate, permeability, radius
        Q [m3/s], k [m2], r_0 [m].
    consistency, n
        M and index.
    """
    return float(
        consistency / permeability * (rate / (4.0 * np.pi)) ** n * radius ** (1.0 - 2.0 * n) / (n + 4.0)
    )


def ball_source_pressure(
    rate: float,
    permeability: float,
    radius: float,
    front: float,
    outer: float,
    cement: float,
    marrow: float,
    n: float = 1.0,
) -> float:
    """Mean pressure in a ball that injects evenly, behind a sharp front [Pa]: benchmark A.

    Q mu / (4 pi k) [1/r_0 - 1/R + 1/(5 r_0)] and the marrow's share for n = 1.

    Parameters
    ----------
    radius, front, outer
        r_0, R and the radius at which the pressure is 0 [m]; `cube_equivalent_radius` for a cube.
    rate, permeability, cement, marrow, n
        As in `two_layer_sphere_pressure`.
    """
    inside = ball_source_excess(rate, permeability, radius, cement, n)
    return inside + two_layer_sphere_pressure(rate, permeability, radius, front, outer, cement, marrow, n)


def cube_equivalent_radius(side: float) -> float:
    """Radius [m] of the sphere that resists as a cube does to a source at its centre with p = 0 on all faces.

    The mirror images of the source are the alternating charges of rock salt, so the regular part of the
    Green function at the centre is Madelung's constant over the side.

    Parameters
    ----------
    side
        Of the cube [m].
    """
    return side / MADELUNG


def ball_source_time(
    pressure: float,
    permeability: float,
    porosity: float,
    radius: float,
    start: float,
    front: float,
    outer: float,
    cement: float,
    marrow: float,
) -> float:
    """Time [s] in which the front goes from `start` to `front` when the mean ball pressure is held constant.

    Q = 4 pi k p / F(R) with F = mu_c (6/(5 r_0) - 1/R) + mu_m (1/R - 1/r_e), and 4 pi phi R^2 R' = Q, so
    t = phi / (k p) [mu_c (2 R^3/(5 r_0) - R^2/2) + mu_m (R^2/2 - R^3/(3 r_e))] between the two radii.

    Parameters
    ----------
    pressure, permeability, porosity
        p over the outside [Pa], k [m2], phi [-].
    radius, start, front, outer
        r_0, both fronts and r_e [m].
    cement, marrow
        Viscosities [Pa s].
    """

    def primitive(r: float) -> float:
        of_cement = 0.4 * r**3 / radius - 0.5 * r**2
        return cement * of_cement + marrow * (0.5 * r**2 - r**3 / (3.0 * outer))

    return porosity / (permeability * pressure) * (primitive(front) - primitive(start))
