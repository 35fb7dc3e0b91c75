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
    kind
        "patch" for a hole, "cortex" for the wall.
    label
        Name of what lies behind it, in results; empty where it is not one thing.
    confined
        Whether that is a compartment of the case: its pressure may rise, it may resist, and it gives back at most what
        it took.
    exit
        Where what leaves comes out [m], if that is not the middle.
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
    label: str = ""
    confined: bool = False
    exit: Floats | None = None

    def conductance(
        self, mobility: Floats, marrow_mobility: Floats, pressure: Floats, outside: float | None = None
    ) -> Floats:
        """Conductance of each link [m3/(Pa s)]; what flows back in is marrow, of its mobility at each link.

        `outside` is the pressure there now [Pa], where it is not that of the start.
        """
        out = pressure[self.vertices] >= (self.pressure if outside is None else outside)
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

        The front moves while the step lasts: x' A = c Q(x) with c the cement share of what enters. Under a constant
        mouth pressure the new x solves a quadratic, and the mean flow is that against the resistance half-way between
        the old x and the new; a tube that fills before the step ends resists in full for the rest of it. So an empty
        tube, whose resistance is next to nothing, does not swallow a step's worth of cement.

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
        cement, standing = per_length * cement_viscosity, per_length * self.viscosity
        excess, base = cement - standing, standing * self.length  # the resistance is base + excess x
        x = min(held / self.area, self.length)
        speed = (mouth_pressure - self.pressure) * cement_share / self.area
        if speed <= 0.0 or x >= self.length:
            return float(1.0 / (base + excess * x))
        # Length to go: excess s^2 / 2 + (base + excess x) s = speed dt.
        now = base + excess * x
        s = 2.0 * speed * dt / (now + max(now * now + 2.0 * excess * speed * dt, 0.0) ** 0.5)
        left = self.length - x
        if s <= left:
            return float(1.0 / (now + 0.5 * excess * s))
        filling = left * (now + 0.5 * excess * left) / speed
        return float((left / speed + (dt - filling) / (cement * self.length)) / dt)


@dataclass(frozen=True, eq=False)
class OpenFaces:
    """Boundary vertices held at the outside pressure: a face without any wall."""

    name: str
    type: str
    vertices: Ints
    pressure: float
    kind: str = "faces"


@dataclass(frozen=True, eq=False)
class Vein:
    """A vein of the tree (`cementflow.sites.veins`); what it takes from the bone counts as leaked by it.

    Attributes
    ----------
    pressure
        At the end that it leads to [Pa].
    center, radius, outward
        Where it leaves the bone, or begins if it never was in it, in mesh coordinates [m], and its direction there.
    """

    name: str
    type: str
    pressure: float
    center: Floats
    radius: float
    outward: Floats
    kind: str = "vein"


Outlet = Opening | Tube | OpenFaces | Vein
