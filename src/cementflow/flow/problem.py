"""Everything about a run that does not change with time, as the flow needs it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cementflow.fem.control_volumes import ControlVolumes
from cementflow.fem.linear_solver import PressureSolver
from cementflow.fem.vertex_groups import group_vertices
from cementflow.flow.heat import HeatVolumes
from cementflow.flow.pattern import Pattern, pattern_of
from cementflow.laws.ageing import AgeingCement
from cementflow.laws.capillary import rabinowitsch_table
from cementflow.laws.in_situ import CapillaryBundle, PoreLaw, Upscaling
from cementflow.laws.marrow import Marrow
from cementflow.laws.relative_permeability import Corey
from cementflow.laws.thermal import Tissue
from cementflow.sites.cannula import Cannula
from cementflow.sites.compartments import Compartment
from cementflow.sites.near_tip import NearTip
from cementflow.sites.outlets import OpenFaces, Opening, Outlet, Tube
from cementflow.sites.syringe import Syringe
from cementflow.sites.veins import VeinTree

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]


@dataclass(frozen=True)
class Drive:
    """How cement is pushed in: a rate, as long as no pressure passes its limit, or by a pressure alone.

    Parameters
    ----------
    rate
        Wanted flow rate [m3/s].
    volume
        Volume at which the injection ends [m3].
    max_tip, max_syringe
        Largest pressures [Pa], infinite without a limit.
    cannula
        Between syringe and tip, None where cement starts from a ball.
    free
        Whether no rate is wanted: the limits alone decide, and `rate` only says what counts as much and as little.
    by_force
        Whether a force on the plunger, and no pressure that is stated, is behind `max_syringe`.
    stopped
        Whether nothing is pushed any more; the rate then only says what counts as much and as little.
    elsewhere
        Cement [m3] that came out of another tip before.
    """

    rate: float
    volume: float
    max_tip: float = np.inf
    max_syringe: float = np.inf
    cannula: Cannula | None = None
    free: bool = False
    by_force: bool = False
    stopped: bool = False
    elsewhere: float = 0.0

    @property
    def largest_rate(self) -> float:
        """Rate [m3/s] that is not to be passed."""
        return np.inf if self.free else self.rate


@dataclass(frozen=True)
class Tolerances:
    """Accuracy of the numerics.

    Parameters
    ----------
    linear
        What a pressure system may leave of the volume balance, summed over the vertices, relative to the flow rate.
    picard
        Volume imbalance of the nonlinear pressure equation, relative to the flow rate.
    step
        Share of the cement injected in a step that may lie elsewhere by the estimate of the time error.
    min_step, max_step
        Limits of the step [s].
    """

    linear: float = 1e-4
    picard: float = 1e-2
    step: float = 0.15
    min_step: float = 1e-6
    max_step: float = 5.0


@dataclass(frozen=True, eq=False)
class Problem:
    """Bone, fluids, source and outlets of one run.

    Parameters
    ----------
    volumes
        Control volumes with porosity and permeability.
    corey
        Relative permeabilities.
    cement, marrow
        The two fluids.
    syringe
        The cement that is about to enter.
    in_situ
        From the bulk law of the cement to the pores.
    source
        Share of the injected cement that enters each vertex, shape (n,), sum 1.
    drive
        How it is pushed.
    outlets
        The ways out.
    tolerances
        Of the numerics.
    tissue
        Materials and surroundings as heat sees them; None where the cement keeps the temperature of the syringe and the
        marrow that of the body.
    body_temperature
        At first everywhere but in the syringe, and of blood and surroundings always [K].
    veins, blood_viscosity
        Tree of veins, None without; and what flows in them [Pa s].
    near_tip
        What the mesh gets wrong close to the source, None to leave it so.
    compartments
        Tissue behind openings that fills, resists, or gives back only what it took.
    marrow_factor
        By how much thicker the marrow is at each vertex than that of the case [-], shape (n,) or (1,). It stays with
        the place: marrow that is driven off takes the viscosity of the bone that it comes to.
    vessels
        Share of the vessels at each vertex that an ablation has left open [-], shape (n,) or (1,).
    warmth
        By how much each vertex is warmer than the body at the start [K], shape (n,) or (1,).
    """

    volumes: ControlVolumes
    corey: Corey
    cement: AgeingCement
    marrow: Marrow
    syringe: Syringe
    in_situ: Upscaling
    source: Floats
    drive: Drive
    outlets: tuple[Outlet, ...]
    tolerances: Tolerances = Tolerances()
    tissue: Tissue | None = None
    body_temperature: float = 310.15
    veins: VeinTree | None = None
    blood_viscosity: float = 3.5e-3
    near_tip: NearTip | None = None
    compartments: tuple[Compartment, ...] = ()
    marrow_factor: Floats = field(default_factory=lambda: np.ones(1))
    vessels: Floats = field(default_factory=lambda: np.ones(1))
    warmth: Floats = field(default_factory=lambda: np.zeros(1))

    def stopped(self) -> Problem:
        """The same after the injection."""
        return replace(self, drive=replace(self.drive, stopped=True))

    @property
    def followed(self) -> bool:
        """Whether age and cure differ from place to place."""
        return self.tissue is not None or len(self.syringe.batches) > 1

    @property
    def held_back(self) -> Cannula | None:
        """The cannula, where what stands in it differs from what is in the syringe."""
        cannula = self.drive.cannula
        return cannula if self.followed and cannula is not None and cannula.holds else None

    def next_change(self, injected: float) -> float:
        """Injected volume [m3] at which the next batch leaves the syringe or the cannula; infinite after the last."""
        dead = self.held_back.dead_volume if self.held_back is not None else 0.0
        return min(
            (v for b in self.syringe.batches[1:] for v in (b.after, b.after + dead) if v > injected),
            default=np.inf,
        )

    @cached_property
    def heat_volumes(self) -> HeatVolumes | None:
        """The control volumes as heat sees them; None while nothing is heated."""
        return None if self.tissue is None else HeatVolumes.build(self.volumes, self.tissue, self.vessels)

    @cached_property
    def pore_law(self) -> PoreLaw:
        """Viscosity of the cement in the pores at its reference age [Pa s], a function of u / sqrt(k phi) [1/s]."""
        return self.in_situ.pore_law(self.cement.bulk)

    @cached_property
    def marrow_pore_law(self) -> PoreLaw:
        """Viscosity of the marrow in the pores at its reference temperature [Pa s], a function of u / sqrt(k phi)."""
        return CapillaryBundle().pore_law(self.marrow.bulk)

    @cached_property
    def pipe_law(self) -> PoreLaw:
        """Viscosity that counts in a pipe, at the reference age [Pa s], a function of 4 Q / (pi R^3) [1/s]."""
        return rabinowitsch_table(self.cement.bulk)

    @cached_property
    def pattern(self) -> Pattern:
        """Unknowns of the pressure systems: vertices, then nodes of veins."""
        return pattern_of(self.volumes, self.veins)

    def padded(self, values: NDArray[Any]) -> NDArray[Any]:
        """Values at the vertices, with zeros for the nodes of the veins."""
        extra = self.pattern.size - self.volumes.n
        return np.concatenate([values, np.zeros(extra, values.dtype)]) if extra else values

    @cached_property
    def marrow_viscosity(self) -> float:
        """Of marrow at rest at the temperature of the body [Pa s]."""
        return float(self.marrow.viscosity(np.zeros(1), np.full(1, self.body_temperature))[0])

    @cached_property
    def linked(self) -> tuple[tuple[int, Opening | Tube, slice], ...]:
        """Outlets that act through conductances: their number, themselves, and where their links are."""
        found: list[tuple[int, Opening | Tube, slice]] = []
        end = 0
        for i, outlet in enumerate(self.outlets):
            if isinstance(outlet, (Opening, Tube)):
                found.append((i, outlet, slice(end, end + len(outlet.vertices))))
                end += len(outlet.vertices)
        return tuple(found)

    @cached_property
    def fixed(self) -> NDArray[np.bool_]:
        """Vertices whose pressure is known, shape (n,)."""
        fixed = np.zeros(self.volumes.n, bool)
        for outlet in self.outlets:
            if isinstance(outlet, OpenFaces):
                fixed[outlet.vertices] = True
        return fixed

    @cached_property
    def fixed_pressure(self) -> Floats:
        """Known pressures [Pa], 0 elsewhere, shape (n,)."""
        pressure = np.zeros(self.volumes.n)
        for outlet in self.outlets:
            if isinstance(outlet, OpenFaces):
                pressure[outlet.vertices] = outlet.pressure
        return pressure

    @cached_property
    def links(self) -> Ints:
        """Vertex of each link, the linked outlets one after the other."""
        return np.concatenate([np.zeros(0, np.int32), *(o.vertices for _, o, _ in self.linked)]).astype(
            np.int32
        )

    @cached_property
    def link_pressure(self) -> Floats:
        """Outside pressure of each link at the start of the run [Pa]."""
        return np.concatenate(
            [np.zeros(0), *(np.full(len(o.vertices), o.pressure) for _, o, _ in self.linked)]
        )

    @cached_property
    def outside_unknown(self) -> NDArray[np.intp]:
        """Unknown from which each link, and then each last cell of the veins, leads outside."""
        tree = self.veins
        last = np.zeros(0, np.intp) if tree is None else self.volumes.n + tree.start[tree.last]
        return np.concatenate([self.links, last]).astype(np.intp)

    @property
    def ways_out(self) -> NDArray[np.intp]:
        """Vertices at which fluid can leave the bone, not unique."""
        tree = self.veins
        links = np.zeros(0, np.intp) if tree is None else tree.link_vertex
        return np.concatenate([self.links, self.fixed_vertices, links]).astype(np.intp)

    @cached_property
    def reference_pressure(self) -> float:
        """Mean outside pressure [Pa]; the linear systems are solved for the pressure above it.

        Outlets of large conductance then add next to nothing to the right-hand side, whose size would otherwise hide
        the flow rate.
        """
        return float(np.mean([o.pressure for o in self.outlets]))

    @cached_property
    def source_pores(self) -> float:
        """Pore volume over which the source is spread [m3]."""
        return float(1.0 / np.sum(self.source**2 / self.volumes.pore_volume))

    @cached_property
    def fixed_vertices(self) -> NDArray[np.intp]:
        """Those of known pressure."""
        return np.flatnonzero(self.fixed)

    @cached_property
    def source_vertices(self) -> NDArray[np.intp]:
        """Those that cement enters from the needle."""
        return np.flatnonzero(self.source)

    def sum_links(self, links: Floats, of_veins: Floats) -> Floats:
        """Sum over the links of openings and tubes, and over those of the veins, at each vertex, shape (n,)."""
        total = np.zeros(self.volumes.n)
        if len(links):
            total += np.bincount(self.links, links, minlength=len(total))
        if self.veins is not None:
            total += np.bincount(self.veins.link_vertex, of_veins, minlength=len(total))
        return total

    def sum_outside(self, values: Floats) -> Floats:
        """Sum over the links, then the last cells of the veins, at the unknown that each begins at, shape (n + m,)."""
        if not len(values):
            return np.zeros(self.pattern.size)
        total = np.bincount(self.outside_unknown, values, minlength=self.pattern.size)
        return total.astype(np.float64, copy=False)

    def tip_pressure(self, pressure: Floats) -> float:
        """Mean pressure over the source [Pa], as the mesh has it.

        Summed by NumPy itself: products of long vectors go to a BLAS, which adds up differently on other threads.
        """
        at = self.source_vertices
        return float(np.sum(self.source[at] * pressure[at]))

    def tip_thickening(self, rate: float) -> Floats:
        """Of the cement near the tip at a rate [m3/s] (`NearTip.thickening`); kept for as long as the rate holds."""
        assert self.near_tip is not None
        if rate not in self._thickening:
            self._thickening.clear()
            self._thickening[rate] = self.near_tip.thickening(self.pore_law, rate)
        return self._thickening[rate]

    @cached_property
    def _thickening(self) -> dict[float, Floats]:
        """The last one by its rate."""
        return {}

    def make_solver(self) -> PressureSolver:
        """A linear solver for the pressure systems of this problem."""
        p = self.pattern
        nodes = None if self.veins is None else self.volumes.n + self.veins.elimination.order
        groups = group_vertices(p.points, self.padded(self.fixed), nodes)
        return PressureSolver(p.row_start, p.neighbour, p.slot_edge, groups)
