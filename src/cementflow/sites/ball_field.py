"""Pressure and dissipation around a ball that injects evenly into bone without an end, in closed form."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
MATRIX = np.array([[0, 5, 4], [5, 1, 3], [4, 3, 2]])  # places of (xx, yy, zz, yz, xz, xy)
TURNED, TURNED_TWICE = [1, 2, 0], [2, 0, 1]
MOST = 60  # iterations; Newton's method and the duplications need far fewer
ROUND = 1e-10
ALIKE = 0.1  # the series of six orders is then good to 1e-8


@dataclass(frozen=True, eq=False)
class BallField:
    """Flow of a fluid of viscosity 1 Pa s out of a ball that injects 1 m3/s, evenly by volume.

    Stretched along the principal axes of the permeability by (k / k_i)^(1/2), with k the geometric mean of the k_i,
    the bone is isotropic and the ball an ellipsoid of the same volume. Its pressure is the potential of an even
    ellipsoid (Kellogg 1929, Foundations of Potential Theory, VII.6),

        p = 3 / (16 pi k) int_l^inf (1 - sum y_i^2 / (a_i^2 + s)) / prod (a_j^2 + s)^(1/2) ds

    with l = 0 inside and the largest root of sum y_i^2 / (a_i^2 + l) = 1 outside.

    Parameters
    ----------
    center, radius
        Of the ball [m].
    permeability
        (xx, yy, zz, yz, xz, xy) [m2].
    """

    center: Floats
    radius: float
    permeability: Floats

    @cached_property
    def _stretched(self) -> tuple[float, Floats, Floats]:
        """Mean permeability k [m2], squared semi-axes a_i^2 [m2], and the matrix that takes x to y."""
        own, axes = np.linalg.eigh(self.permeability[MATRIX])
        mean = float(np.cbrt(own.prod()))
        stretch = np.sqrt(mean / own)
        return mean, (self.radius * stretch) ** 2, stretch[:, None] * axes.T

    @property
    def mean_pressure(self) -> float:
        """Mean over the ball [Pa], which is 6 / (5 r_0) / (4 pi k) in isotropic bone."""
        mean, squares, _ = self._stretched
        return float(0.1 / (np.pi * mean) * (squares * _carlson(squares[:, None])[:, 0]).sum())

    def pressure(self, points: Floats) -> Floats:
        """At points (n, 3) [Pa], 0 far away."""
        mean, y2, squares, integrals = self._at(points)
        return np.asarray(_sum((squares - y2) * integrals) / (8.0 * np.pi * mean))

    def dissipation(self, points: Floats) -> Floats:
        """What the Darcy flux u dissipates, u . K^-1 u at points (n, 3) [W/m3]; the square of u / sqrt(k)."""
        mean, y2, _, integrals = self._at(points)
        return np.asarray(_sum(y2 * integrals**2) / (mean * (4.0 * np.pi) ** 2))

    def _at(self, points: Floats) -> tuple[float, Floats, Floats, Floats]:
        """k, y_i^2, the squared semi-axes of the confocal ellipsoid through each point, and their R_D, shape (3, n)."""
        mean, squares, matrix = self._stretched
        y2 = np.einsum("ij,nj->in", matrix, points - self.center) ** 2
        confocal = np.repeat(squares[:, None], len(points), axis=1)
        integrals = np.repeat(_carlson(squares[:, None]), len(points), axis=1)
        outside = _sum(y2 / squares[:, None]) > 1.0
        confocal[:, outside] += _confocal(y2[:, outside], squares)
        integrals[:, outside] = _carlson(confocal[:, outside])
        return mean, y2, confocal, integrals


def _sum(of_axes: Floats) -> Floats:
    """Sum over the three axes (3, n): one by one, as a reduction over so few takes several times as long."""
    return np.asarray(of_axes[0] + of_axes[1] + of_axes[2])


def _confocal(y2: Floats, squares: Floats) -> Floats:
    """Root l > 0 of sum y_i^2 / (a_i^2 + l) = 1 for the squares (3, n) of coordinates outside.

    Newton's method for the inverse of the sum, which is nearly straight and concave, so that it climbs from below.
    """
    root = np.maximum(_sum(y2) - squares.max(), 0.0)
    for _ in range(MOST):
        semi = squares[:, None] + root
        shares = y2 / semi
        total = _sum(shares)
        if np.abs(total - 1.0).max(initial=0.0) < ROUND:
            break
        root += total * (total - 1.0) / _sum(shares / semi)
    return root


def _carlson(squares: Floats) -> Floats:
    """Carlson's integrals R_D with each of three arguments in turn as the last, of arguments (3, n).

    Duplications until the arguments are alike, then a series (Carlson 1995, Numer Algorithms 10:13). The integral R_F
    of the same arguments is a third of the sum of x R_D over them (DLMF 19.21.9).
    """
    s, total, part = squares, np.zeros_like(squares), 1.0
    for _ in range(MOST):
        largest, smallest = (of_two(of_two(s[0], s[1]), s[2]) for of_two in (np.maximum, np.minimum))
        if not (largest > (1.0 + ALIKE) * smallest).any():
            break
        root = np.sqrt(s)
        shift = root[0] * root[1] + root[1] * root[2] + root[2] * root[0]
        total = total + part * 3.0 / (root * (s + shift))
        s, part = 0.25 * (s + shift), 0.25 * part
    mean = (_sum(s) + 2.0 * s) / 5.0
    # X and Y belong to the other two arguments, Z = -(X + Y) / 3 to the last one.
    z = 1.0 - s / mean
    xy = (1.0 - s[TURNED] / mean) * (1.0 - s[TURNED_TWICE] / mean)
    zz = z * z
    e2, e3 = xy - 6.0 * zz, (3.0 * xy - 8.0 * zz) * z
    e4, e5 = 3.0 * (xy - zz) * zz, xy * zz * z
    series = 1.0 - 3.0 * e2 / 14.0 + e3 / 6.0 + 9.0 * e2 * e2 / 88.0 - 3.0 * e4 / 22.0
    series += -9.0 * e2 * e3 / 52.0 + 3.0 * e5 / 26.0
    return np.asarray(total + part * series / (mean * np.sqrt(mean)))
