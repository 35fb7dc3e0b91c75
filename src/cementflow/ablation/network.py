"""Bone and tissue around it as one network in which heat and current spread."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from cementflow.ablation.shell import Shell, build_shell
from cementflow.case import AblationSpec, SurroundingTissue
from cementflow.fem.diffusion import MAX_ITERATIONS, spread
from cementflow.flow.heat import GAMMA, TOLERANCE, HeatStalled, HeatVolumes
from cementflow.laws.thermal import BLOOD_CAPACITY
from cementflow.mesh.topology import row_pattern
from cementflow.mesh.zones import ZONES, SurfaceZones

Floats = NDArray[np.float64]
DENSITY = 1000.0  # kg/m3 of tissue around the bone


@dataclass(frozen=True, eq=False)
class Network:
    """Nodes that store heat, and what conducts between them: n vertices of the bone, then the layers around it.

    Attributes
    ----------
    n
        Number of vertices.
    shell
        The layers.
    edges
        Pairs of nodes in lexicographic order, first below second, shape (k, 2).
    thermal, electric
        Conductance of each edge for heat [W/K] and for current, relative to bone [m].
    capacity
        Heat that each node stores [J/K].
    blood
        Heat that blood takes along while all vessels are open [W/K].
    volume
        Of the vertices [m3], shape (n,).
    thermal_end, electric_end
        Conductances to the far tissue, which is as warm as the body and at the potential of the plate.
    """

    n: int
    shell: Shell
    edges: NDArray[np.uint32]
    thermal: Floats
    electric: Floats
    capacity: Floats
    blood: Floats
    volume: Floats
    thermal_end: Floats
    electric_end: Floats

    @property
    def size(self) -> int:
        """Number of nodes."""
        return len(self.capacity)

    @cached_property
    def pattern(self) -> tuple[NDArray, NDArray, NDArray]:
        """Row starts, columns, and the edge behind each slot."""
        row_start, neighbour, slot_edge = row_pattern(self.edges, self.size)
        return row_start, neighbour, slot_edge

    def layer(self, number: int) -> slice:
        """Nodes of a layer of the shell, in the order of its vertices; from 1 on."""
        b = len(self.shell.vertices)
        return slice(self.n + (number - 1) * b, self.n + number * b)

    def potential(self, current: Floats) -> Floats:
        """Electric potential of a current into each node; sizes are relative to the conductivity of bone."""
        scale = float(np.abs(current).sum()) / float(np.cbrt(self.volume.sum()))
        found, iterations = spread(
            *self.pattern, self.electric, self.electric_end, current, np.zeros(self.size), 1e-5 * scale
        )
        if iterations > MAX_ITERATIONS:
            raise HeatStalled
        return np.asarray(found)

    def dissipated(self, potential: Floats) -> Floats:
        """Heat of the current at each node, half of that of each edge at either end."""
        a, b = self.edges.T
        half = 0.5 * self.electric * (potential[a] - potential[b]) ** 2
        heat = np.bincount(a, half, minlength=self.size) + np.bincount(b, half, minlength=self.size)
        return np.asarray(heat + self.electric_end * potential**2)

    def after(
        self, excess: Floats, heat: Floats, alive: Floats, dt: float, guess: Floats
    ) -> tuple[Floats, Floats]:
        """Excess temperatures after a step of steady heat [W], and their mean over it [K].

        The two stages of `flow.heat.spread_heat`.

        Parameters
        ----------
        excess
            Above the body temperature at the begin [K].
        heat
            Into each node [W].
        alive
            Share of the vessels that are open [-].
        dt
            [s].
        guess
            Of the change in the step [K].

        Raises
        ------
        HeatStalled
            If a stage is not found.
        """
        part = GAMMA * dt
        sink = self.thermal_end + alive * self.blood
        diagonal = self.capacity / part + sink

        def stage(known: Floats, start: Floats) -> Floats:
            rhs = self.capacity / part * known + heat
            found, iterations = spread(*self.pattern, self.thermal, diagonal, rhs, start, 0.1 * TOLERANCE)
            if iterations > MAX_ITERATIONS:
                raise HeatStalled
            return np.asarray(found)

        first = stage(excess, excess + GAMMA * guess)
        rise = (first - excess) / GAMMA
        second = stage(excess + (1.0 - GAMMA) * rise, excess + rise)
        mean = (1.0 - GAMMA) * first + GAMMA * second
        return excess + dt / self.capacity * (heat - sink * mean - self._out(mean)), mean

    def lost(self, mean: Floats, alive: Floats, dt: float) -> tuple[float, float]:
        """Heat that blood took along and that the far tissue took up in a step [J]."""
        blood = float(np.sum(alive * self.blood * mean)) * dt
        return blood, float(np.sum(self.thermal_end * mean)) * dt

    def _out(self, values: Floats) -> Floats:
        """Net heat that flows out of each node [W]."""
        a, b = self.edges.T
        flux = self.thermal * (values[a] - values[b])
        return np.asarray(
            np.bincount(a, flux, minlength=self.size) - np.bincount(b, flux, minlength=self.size)
        )


def build_network(of: HeatVolumes, zones: SurfaceZones, spec: AblationSpec) -> Network:
    """Network of a bone without cement and the tissues around it.

    Parameters
    ----------
    of
        The control volumes of the bone.
    zones
        Of its surface.
    spec
        Tissues.
    """
    kinds = (spec.soft_tissue, spec.canal, spec.disc)
    return joined(of, build_shell(of.volumes.mesh), kinds, tissue_kinds(zones))


def tissue_kinds(zones: SurfaceZones) -> NDArray[np.intp]:
    """Tissue over each surface vertex: 0 soft tissue, 1 canal, 2 disc, by the zone that has most of its area."""
    behind = {"posterior wall": 1, "inferior endplate": 2, "superior endplate": 2}
    kind = np.array([behind.get(name, 0) for name in ZONES])
    vertices = np.unique(zones.mesh.boundary)
    return np.asarray(kind[zones.area[:, vertices].argmax(axis=0)])


def joined(
    of: HeatVolumes, shell: Shell, kinds: tuple[SurroundingTissue, ...], kind: NDArray[np.intp]
) -> Network:
    """Bone and layers as one network.

    Parameters
    ----------
    of
        The control volumes of the bone.
    shell
        The layers.
    kinds, kind
        The tissues, and the number of that above each vertex of the surface.
    """
    n, b = of.volumes.n, len(shell.vertices)
    size = n + shell.layers * b
    name = np.concatenate(
        [shell.vertices, np.arange(n, size)]
    )  # of the nodes of the shell, the surface first
    of_node = np.tile(kind, shell.layers + 1)

    def each(key: str) -> Floats:
        return np.array([float(getattr(k, key)) for k in kinds])[of_node]

    dry = np.zeros(n)
    volume = shell.volume.ravel()
    capacity, blood, far, ground = (np.zeros(size) for _ in range(4))
    capacity[:n], blood[:n] = of.stored(dry), of.perfused(dry)
    np.add.at(capacity, name, volume * DENSITY * each("specific_heat"))
    np.add.at(blood, name, volume * BLOOD_CAPACITY * each("perfusion"))
    far[-b:], ground[-b:] = shell.outward * each("conductivity")[-b:], shell.outward * each("electric")[-b:]
    a, c = shell.edges.T

    def mean(key: str) -> Floats:
        return 0.5 * (each(key)[a] + each(key)[c]) * shell.length

    edges = np.concatenate([of.edges.astype(np.int64), np.sort(name[shell.edges], axis=1)])
    pairs, where = np.unique(edges, axis=0, return_inverse=True)

    def summed(bone: Floats, around: Floats) -> Floats:
        return np.bincount(where.ravel(), np.concatenate([bone, around])).astype(np.float64)

    return Network(
        n=n,
        shell=shell,
        edges=pairs.astype(np.uint32),
        thermal=summed(of.conducted(dry), mean("conductivity")),
        electric=summed(of.laplace, mean("electric")),
        capacity=capacity,
        blood=blood,
        volume=of.volume,
        thermal_end=far,
        electric_end=ground,
    )
