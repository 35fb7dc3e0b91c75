"""What the simulator is held against: observed orders and closed-form solutions of cement flow.

Everything here is independent of the simulator: formulas in SI units, floats in and out. A power-law fluid
enters by its Darcy consistency M [Pa s^n m^(1-n)], for which the pressure gradient is M u^n / k at the Darcy
flux u; for n = 1 it is the viscosity. `cementflow.laws.in_situ.bundle_viscosity` and
`simple_shear_consistency` give M.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

# Alternating sum of 1/|(i, j, k)| over the cubic lattice, the Madelung constant of rock salt.
MADELUNG = 1.7475645946331822


@dataclass(frozen=True)
class ObservedOrder:
    """How fast errors fall with the size of the cells or steps.

    Parameters
    ----------
    fitted
        Slope of the least-squares line through log(error) over log(size).
    pairwise
        Slopes between neighbouring sizes, from coarse to fine.
    """

    fitted: float
    pairwise: tuple[float, ...]


def observed_order(sizes: Sequence[float], errors: Sequence[float]) -> ObservedOrder:
    """Observed order of convergence.

    Parameters
    ----------
    sizes, errors
        Mesh widths or time steps and the errors they give, at least two, in any order and all positive.

    Raises
    ------
    ValueError
        For fewer than two sizes, equal sizes, or values that are not positive and finite.
    """
    h, e = np.asarray(sizes, float), np.asarray(errors, float)
    if h.shape != e.shape or h.ndim != 1 or len(h) < 2:
        raise ValueError(
            f"an order needs at least two sizes with one error each, found {h.shape} and {e.shape}"
        )
    if not (np.isfinite(h).all() and np.isfinite(e).all() and (h > 0).all() and (e > 0).all()):
        raise ValueError(f"sizes and errors must be positive and finite, found {h} and {e}")
    if len(np.unique(h)) < len(h):
        raise ValueError(f"sizes must differ, found {h}")
    order = np.argsort(-h)
    x, y = np.log(h[order]), np.log(e[order])
    return ObservedOrder(float(np.polyfit(x, y, 1)[0]), tuple((np.diff(y) / np.diff(x)).tolist()))


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


# --- one dimension --------------------------------------------------------------------------------


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


def power_law_pipe_front(drop: float, radius: float, K: float, n: float, time: ArrayLike) -> Floats:
    """Front x [m] of a power-law fluid that enters an empty pipe under a constant pressure drop.

    From dp / x = (2K/R) [(3n + 1) x' / (n R)]^n follows x = {(1 + 1/n) [n R / (3n + 1)] [R dp / (2K)]^(1/n)
    t}^(n/(n+1)).

    Parameters
    ----------
    drop, radius
        dp [Pa] and R [m].
    K, n
        Consistency [Pa s^n] and index.
    time
        Times [s], any shape.
    """
    speed = n * radius / (3.0 * n + 1.0) * (radius * drop / (2.0 * K)) ** (1.0 / n)
    return ((1.0 + 1.0 / n) * speed * np.asarray(time, float)) ** (n / (n + 1.0))


def buckley_leverett_front(ratio: float, nc: float = 2.0, nm: float = 2.0) -> tuple[float, float]:
    """Saturation behind the front, and front speed over u/phi (Buckley & Leverett 1942, Welge 1952).

    The tangent f'(S) = f(S)/S to the fractional flow; sqrt(A/(1 + A)) for nc = nm = 2 and A = mu_c/mu_m.
    Where f is convex all the way the front is a piston (1, 1), where it is concave there is no front (0,
    f'(0)).

    Parameters
    ----------
    ratio
        A = mu_c / mu_m.
    nc, nm
        Corey exponents of cement and marrow; nothing is residual.
    """
    from scipy.optimize import brentq

    def above_tangent(s: float) -> float:
        f, slope = _fractional_flow(s, ratio, nc, nm)
        return float(s * slope - f)

    low, high = 1e-6, 1.0
    if above_tangent(high) >= 0.0:
        return 1.0, 1.0
    if above_tangent(low) <= 0.0:
        return 0.0, float(_fractional_flow(0.0, ratio, nc, nm)[1])
    front = float(brentq(above_tangent, low, high, xtol=1e-15))
    return front, float(_fractional_flow(front, ratio, nc, nm)[1])


def buckley_leverett_saturation(
    position: ArrayLike, ratio: float, nc: float = 2.0, nm: float = 2.0
) -> Floats:
    """Saturation at x phi / (u t), any shape; its integral over all positions is 1.

    Parameters
    ----------
    position
        x phi / (u t) [-].
    ratio, nc, nm
        As in `buckley_leverett_front`.
    """
    front, speed = buckley_leverett_front(ratio, nc, nm)
    x = np.asarray(position, float)
    low, high = np.full(x.shape, front), np.ones(x.shape)
    for _ in range(60):
        middle = 0.5 * (low + high)
        faster = _fractional_flow(middle, ratio, nc, nm)[1] > x
        low, high = np.where(faster, middle, low), np.where(faster, high, middle)
    return np.where(x <= speed, 0.5 * (low + high), 0.0)


def _fractional_flow(s: ArrayLike, ratio: float, nc: float, nm: float) -> tuple[Floats, Floats]:
    """Fractional flow s^nc / (s^nc + A (1 - s)^nm) and its slope."""
    s = np.asarray(s, float)
    cement, marrow = s**nc, ratio * (1.0 - s) ** nm
    d_cement, d_marrow = nc * s ** (nc - 1.0), -ratio * nm * (1.0 - s) ** (nm - 1.0)
    total = cement + marrow
    return cement / total, (d_cement * marrow - cement * d_marrow) / total**2


# --- cylinders and spheres ------------------------------------------------------------------------


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


# --- pipes ----------------------------------------------------------------------------------------


def herschel_bulkley_pipe_flow(
    gradient: float, radius: float, K: float, n: float, yield_stress: float
) -> float:
    """Volume rate of a Herschel-Bulkley fluid through a round pipe [m3/s].

    Q = pi R^3 (tau_w/K)^(1/n) (1 - X)^((n+1)/n) [(1 - X)^2/(3 + 1/n) + 2 X (1 - X)/(2 + 1/n) + X^2/(1 +
    1/n)] with tau_w = G R/2 and X = tau_y/tau_w; a power law for tau_y = 0, Buckingham-Reiner for n = 1,
    Hagen-Poiseuille for both (Chhabra & Richardson, Non-Newtonian Flow and Applied Rheology, 2nd ed. 2008,
    ch. 3).

    Parameters
    ----------
    gradient, radius
        G [Pa/m], at least 0, and R [m].
    K, n, yield_stress
        Consistency [Pa s^n], index and tau_y [Pa].
    """
    wall = 0.5 * gradient * radius
    if wall <= yield_stress:
        return 0.0
    m = 1.0 / n
    plug = yield_stress / wall
    free = 1.0 - plug
    profile = free**2 / (3.0 + m) + 2.0 * plug * free / (2.0 + m) + plug**2 / (1.0 + m)
    return float(np.pi * radius**3 * (wall / K) ** m * free ** (1.0 + m) * profile)


def leak_length(
    front: float,
    vessel: float,
    diameter: float,
    permeability: float,
    porosity: float,
    back_pressure: float = 0.0,
    cement: float = 1.0,
    rate: float = 1.0,
) -> float:
    """Length of cement [m] in a vessel that opens at the radius r_v of a growing ball of cement.

    x = (D/4) sqrt{(phi/k) [(1/r_v - P) (R^3 - R_0^3)/3 - (R^2 - R_0^2)/2]} with P = 4 pi k p_v / (mu_c Q)
    and the leak starting at 1/R_0 = 1/r_v - P. Cement far thicker than marrow and blood, both resisting
    nothing; the vessel takes little of the flow. Without back pressure neither viscosity nor rate matters.
    Derived in this project.

    Parameters
    ----------
    front, vessel, diameter
        R, r_v and D [m].
    permeability, porosity
        k [m2] and phi [-].
    back_pressure
        p_v in the vessel [Pa].
    cement, rate
        mu_c [Pa s] and Q [m3/s]; they only enter with a back pressure.
    """
    held = 4.0 * np.pi * permeability * back_pressure / (cement * rate)
    if front * (1.0 / vessel - held) <= 1.0:
        return 0.0
    opened = 1.0 / vessel - held
    start = 1.0 / opened
    form = opened * (front**3 - start**3) / 3.0 - 0.5 * (front**2 - start**2)
    return float(0.25 * diameter * np.sqrt(porosity / permeability * form))
