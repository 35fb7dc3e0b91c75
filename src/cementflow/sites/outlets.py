"""Ways out of the bone, as conductances between boundary vertices and a known outside pressure.

Each site links vertices to the outside: q_l = g_l (p_l - p_out), positive outward. What differs is where g comes from.
Cement and marrow leave in the proportion of their mobilities at the vertex; what comes back in is what stands outside.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Opening:
    """A hole through the wall, or the thin wall itself: g = T x mobility, T = k A / thickness.

    Attributes
    ----------
    name, type
        As stated; the type is B, S, C or D.
    vertices
        Boundary vertices, shape (l,).
    transmissibility
        T [m3] at each of them.
    pressure
        Outside [Pa].
    center, radius
        Middle of the opening in mesh coordinates [m], None for a whole wall, and its radius [m].
    outward
        Outward unit normal at the middle.
    """

    name: str
    type: str
    vertices: Ints
    transmissibility: Floats
    pressure: float
    center: Floats | None = None
    radius: float = 0.0
    outward: Floats | None = None
    kind: str = "patch"

    def conductance(self, mobility: Floats, marrow_mobility: float, pressure: Floats) -> Floats:
        """Conductance of each link [m3/(Pa s)]; what flows back in is marrow."""
        out = pressure[self.vertices] >= self.pressure
        return self.transmissibility * np.where(out, mobility[self.vertices], marrow_mobility)


@dataclass(frozen=True, eq=False)
class Tube:
    """A vessel that fills with cement from its mouth.

    Cement of length x and the standing fluid beyond it resist in series, dp = (r_c x + r_f (L - x)) Q with r = 8 mu /
    (pi R^4), mu being the apparent viscosity in the pipe at that flow. Its mouth is shared by the vertices under it.

    Attributes
    ----------
    share
        Fraction of the mouth at each vertex, summing to 1.
    length
        L [m].
    pressure
        At the far end [Pa].
    viscosity
        Of the standing fluid [Pa s].
    """

    name: str
    type: str
    vertices: Ints
    share: Floats
    radius: float
    length: float
    pressure: float
    viscosity: float
    center: Floats
    outward: Floats
    kind: str = "tube"

    @property
    def area(self) -> float:
        """Cross-section [m2]."""
        return float(np.pi * self.radius**2)

    @property
    def capacity(self) -> float:
        """Volume [m3]."""
        return self.area * self.length

    def conductance(
        self, mouth_pressure: float, held: float, cement_share: float, cement_viscosity: float, dt: float
    ) -> float:
        """Mean conductance of the whole tube over the coming step [m3/(Pa s)].

        The front moves while the step lasts: x' A = c Q(x) with c the cement share of what enters, which for a constant
        mouth pressure is a quadratic in the new x. Taking the resistance at the end of the step keeps an empty
        tube, whose resistance is next to nothing, from swallowing a step's worth of cement.

        Parameters
        ----------
        mouth_pressure
            Mean pressure under the mouth [Pa].
        held
            Cement in the tube now [m3].
        cement_share
            Cement share of what flows in [-].
        cement_viscosity
            Apparent viscosity in the pipe [Pa s].
        dt
            Length of the step [s].
        """
        per_length = 8.0 / (np.pi * self.radius**4)
        x = held / self.area
        cement, standing = per_length * cement_viscosity, per_length * self.viscosity
        drop = mouth_pressure - self.pressure
        if drop > 0.0 and cement_share > 0.0:
            a = cement - standing
            b = standing * self.length - a * x
            c = -standing * self.length * x - drop * cement_share * dt / self.area
            root = max(b * b - 4.0 * a * c, 0.0) ** 0.5
            x = -2.0 * c / (b + root) if b + root > 0.0 else (root - b) / (2.0 * a)
        x = min(x, self.length)
        return float(1.0 / (cement * x + standing * (self.length - x)))


@dataclass(frozen=True, eq=False)
class OpenFaces:
    """Boundary vertices held at the outside pressure: a face without any wall."""

    name: str
    type: str
    vertices: Ints
    pressure: float
    kind: str = "faces"


Outlet = Opening | Tube | OpenFaces
