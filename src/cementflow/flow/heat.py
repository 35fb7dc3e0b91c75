"""Heat that spreads through bone, marrow and cement, goes with the blood and leaves by the surface."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cementflow.fem.coefficients import element_coefficients
from cementflow.fem.control_volumes import ControlVolumes
from cementflow.fem.diffusion import MAX_ITERATIONS, spread
from cementflow.fem.kernels import edge_fluxes
from cementflow.laws.thermal import BLOOD_CAPACITY, Tissue
from cementflow.mesh.topology import row_pattern

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Indices = NDArray[np.uint32]
GAMMA = 1.0 - 1.0 / np.sqrt(
    2.0
)  # of the two-stage method that damps all that it cannot resolve (Alexander 1977)
TOLERANCE = 1e-4  # K


class HeatStalled(Exception):
    """The temperatures were not found; the step is to be tried again, smaller."""


@dataclass(frozen=True, eq=False)
class HeatVolumes:
    """The control volumes as heat sees them.

    Heat has edges of its own: those with right angles around them conduct in neither, but where bone is anisotropic to
    the flow it is not so to heat.

    Attributes
    ----------
    volumes
        As the flow sees them.
    tissue
        Materials, perfusion, surroundings.
    volume, porosity
        Of each vertex [m3], [-].
    edges
        Vertex pairs that heat can flow between, first below second, in lexicographic order, shape (k, 2).
    laplace
        Conductance of each edge for a conductivity of 1 [m].
    row_start, neighbour, slot_edge
        Their CSR pattern, as of the control volumes.
    surface
        Area of each vertex on the boundary [m2].
    vessels
        Share of the vessels of each vertex that are open [-], shape (n,) or (1,).
    """

    volumes: ControlVolumes
    tissue: Tissue
    volume: Floats
    porosity: Floats
    edges: Indices
    laplace: Floats
    row_start: Indices
    neighbour: Indices
    slot_edge: Ints
    surface: Floats
    vessels: Floats

    @classmethod
    def build(cls, volumes: ControlVolumes, tissue: Tissue, vessels: Floats | None = None) -> HeatVolumes:
        """Coefficients of a mesh; all vessels are open, or a share of them at each vertex."""
        mesh = volumes.mesh
        edges, tet_edges = mesh.number_edges()
        unit = np.array([[1.0, 1.0, 1.0, 0.0, 0.0, 0.0]])
        t, _, _, volume = element_coefficients(
            mesh.points, mesh.indices, tet_edges, len(edges), unit, np.ones(len(mesh.tets))
        )
        # Negative coefficients stay: heat knows no upstream, and conductivities differ by little.
        laplace = np.bincount(tet_edges.ravel(), t.ravel(), minlength=len(edges))
        edges, laplace = edges[laplace != 0.0], laplace[laplace != 0.0]
        row_start, neighbour, slot_edge = row_pattern(edges, volumes.n)
        area = np.linalg.norm(mesh.boundary_area_vectors, axis=1)
        return cls(
            volumes=volumes,
            tissue=tissue,
            volume=volume,
            porosity=volumes.pore_volume / volume,
            edges=edges,
            laplace=laplace,
            row_start=row_start,
            neighbour=neighbour,
            slot_edge=slot_edge,
            surface=np.bincount(mesh.boundary.ravel(), np.repeat(area / 3.0, 3), minlength=volumes.n).astype(
                np.float64
            ),
            vessels=np.ones(1) if vessels is None else vessels,
        )

    def stored(self, saturation: Floats) -> Floats:
        """Heat capacity of the control volumes [J/K]."""
        of = self.tissue
        pores = saturation * of.cement.capacity + (1.0 - saturation) * of.marrow.capacity
        return (self.volume - self.volumes.pore_volume) * of.bone.capacity + self.volumes.pore_volume * pores

    def conducted(self, saturation: Floats) -> Floats:
        """Conductance of the edges [W/K]; between two conductivities the mean."""
        conductivity = self.tissue.conductivity(self.porosity, saturation)
        a, b = self.edges.T
        return 0.5 * (conductivity[a] + conductivity[b]) * self.laplace

    def perfused(self, saturation: Floats) -> Floats:
        """Heat that blood takes along [W/K]; none where cement has stopped it."""
        marrow = 1.0 - np.clip(saturation, 0.0, 1.0)
        return self.tissue.perfusion * BLOOD_CAPACITY * self.volume * marrow * self.vessels


@dataclass(frozen=True)
class Lost:
    """Heat that left in a step [J].

    Parameters
    ----------
    surface
        To the surroundings.
    blood
        With the blood that perfuses the bone.
    """

    surface: float
    blood: float


def spread_heat(of: HeatVolumes, saturation: Floats, excess: Floats, dt: float) -> tuple[Floats, Lost]:
    """Excess temperature after a time of conduction, perfusion and exchange with the surroundings.

    Diagonally implicit Runge-Kutta of two stages and second order, L-stable: both stages have the same matrix. The
    temperatures at the end follow from the heat flows of the stages, so that no heat is lost or made.

    Parameters
    ----------
    of
        The control volumes.
    saturation
        Cement share of the pores, shape (n,).
    excess
        Temperature above that of the body [K], shape (n,).
    dt
        [s].

    Raises
    ------
    HeatStalled
        If a stage is not found.
    """
    stored, weight = of.stored(saturation), of.conducted(saturation)
    surface, blood = of.tissue.exchange * of.surface, of.perfused(saturation)
    part = GAMMA * dt
    diagonal = stored / part + surface + blood

    def stage(known: Floats, start: Floats) -> Floats:
        found, iterations = spread(
            of.row_start,
            of.neighbour,
            of.slot_edge,
            weight,
            diagonal,
            stored / part * known,
            start,
            TOLERANCE,
        )
        if iterations > MAX_ITERATIONS:
            raise HeatStalled
        return np.asarray(found)

    first = stage(excess, excess)
    rise = (first - excess) / GAMMA  # of a whole step
    second = stage(excess + (1.0 - GAMMA) * rise, excess + rise)
    mean = (1.0 - GAMMA) * first + GAMMA * second
    _, out = edge_fluxes(of.edges, weight, mean)
    lost = Lost(float(np.sum(surface * mean)) * dt, float(np.sum(blood * mean)) * dt)
    return excess - dt / stored * (out + (surface + blood) * mean), lost
