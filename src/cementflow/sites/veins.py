"""A tree of veins: short cells between nodes, some of which drink from the bone along their length."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from cementflow.mesh.tetmesh import TetMesh
from cementflow.sites.vein_graph import Elimination, elimination
from cementflow.sites.vein_links import DrinkingCell, vein_links
from cementflow.sites.vein_pairs import VertexPairs, vertex_pairs

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
OUTSIDE = -1  # node of what a vein ends in


@dataclass(frozen=True)
class VenousPressure:
    """Pressure beyond the ends of the veins, straight between stated times and level before and after them.

    Parameters
    ----------
    times
        Ascending [s].
    pressures
        At these times [Pa].
    """

    times: tuple[float, ...] = (0.0,)
    pressures: tuple[float, ...] = (0.0,)

    def at(self, time: float) -> float:
        """Pressure at a time [Pa]."""
        return float(np.interp(time, self.times, self.pressures))


@dataclass(frozen=True, eq=False)
class VeinCourse:
    """A vein before it is cut into cells.

    Parameters
    ----------
    name, type
        As stated; the type is B, S, C or D.
    path
        Corners of its course in mesh coordinates [m], in the direction of the blood, shape (k, 3).
    radii
        Inner radius at its begin and end [m].
    into
        Veins that begin where it ends; none if it ends in a pressure.
    pressure
        At the end of a vein that ends in one [Pa]; None for that of the tree.
    blood
        Blood that enters at its begin [m3/s].
    drinks
        Whether it takes from the bone along its course.
    """

    name: str
    type: str
    path: Floats
    radii: tuple[float, float]
    into: tuple[str, ...] = ()
    pressure: float | None = None
    blood: float = 0.0
    drinks: bool = True

    @property
    def length(self) -> float:
        """Of its course [m]."""
        return float(np.linalg.norm(np.diff(self.path, axis=0), axis=1).sum())


@dataclass(frozen=True, eq=False)
class VeinTree:
    """Cells between nodes. A node has one pressure; a cell holds cement and blood, one behind the other.

    Attributes
    ----------
    names, types
        Of the veins.
    vein
        Of each cell, ascending along each vein, shape (c,).
    start, end
        Nodes of each cell in the direction of the blood, OUTSIDE where it ends in a pressure, shape (c,).
    radius, length
        Of each cell [m].
    outside, follows
        Own pressure beyond each cell that ends outside [Pa], 0 for the others, and whether `venous` holds instead.
    venous
        Pressure of the ends that have none of their own.
    blood
        Blood that enters each node [m3/s], shape (m,).
    points
        Begin and end of each cell in mesh coordinates [m], shape (c, 2, 3).
    link_vertex, link_node, link_index
        Vertex, node and transmissibility [m3] of each link to the bone.
    link_vein
        Vein of each link.
    """

    names: tuple[str, ...]
    types: tuple[str, ...]
    vein: Ints
    start: Ints
    end: Ints
    radius: Floats
    length: Floats
    outside: Floats
    blood: Floats
    points: Floats
    link_vertex: Ints
    link_node: Ints
    link_index: Floats
    link_vein: Ints
    follows: NDArray[np.bool_]
    venous: VenousPressure = VenousPressure()

    def outside_at(self, time: float) -> Floats:
        """Pressure beyond each cell that ends outside at a time [Pa], 0 for the others, shape (c,)."""
        return np.where(self.follows, self.venous.at(time), self.outside)

    @property
    def n_nodes(self) -> int:
        """Number of nodes with a pressure to be found."""
        return len(self.blood)

    @cached_property
    def capacity(self) -> Floats:
        """Volume of each cell [m3]."""
        return np.pi * self.radius**2 * self.length

    @cached_property
    def exchange(self) -> Floats:
        """Transmissibility between each node and the bone around it [m3], shape (m,)."""
        return self.summed(self.link_index)

    @cached_property
    def share(self) -> Floats:
        """Share of each link in what its node takes from even bone."""
        return self.link_index / self.exchange[self.link_node]

    @cached_property
    def pairs(self) -> VertexPairs:
        """Vertices that the same node drinks from."""
        return vertex_pairs(self.link_vertex, self.link_node)

    @cached_property
    def elimination(self) -> Elimination:
        """How the pressures of the nodes are eliminated."""
        return elimination(self.n_nodes, self.start[self.inner], self.end[self.inner])

    @cached_property
    def inner(self) -> NDArray[np.intp]:
        """Cells between two nodes."""
        return np.flatnonzero(self.end != OUTSIDE)

    @cached_property
    def last(self) -> NDArray[np.intp]:
        """Cells that end outside."""
        return np.flatnonzero(self.end == OUTSIDE)

    def summed(self, links: Floats) -> Floats:
        """Sum over the links of each node, shape (m,)."""
        return np.bincount(self.link_node, links, minlength=self.n_nodes).astype(np.float64)

    def along(self, vein: int) -> NDArray[np.intp]:
        """Cells of a vein in the direction of the blood."""
        return np.flatnonzero(self.vein == vein)


def build_veins(
    courses: Sequence[VeinCourse],
    mesh: TetMesh,
    permeability: Floats,
    cell: float | None = None,
    venous: VenousPressure | None = None,
) -> VeinTree:
    """Cut veins into cells and find what they drink from.

    Parameters
    ----------
    courses
        The veins; every name that one flows into is there.
    mesh, permeability
        The bone and its permeability by tetrahedron (m, 6) [m2].
    cell
        Length of a cell [m]; by default the mean edge of the mesh.
    venous
        Pressure of the ends that follow it.
    """
    cell = cell if cell is not None else mesh.mean_edge_length
    first = _begins(courses)
    nodes = max(first.values()) + 1
    blood = np.zeros(nodes + sum(len(_cut(c.path, cell)) - 2 for c in courses))
    cells: list[tuple[int, int, int, float, float, bool, Floats]] = []
    drinking: list[DrinkingCell] = []
    for number, course in enumerate(courses):
        corners = _cut(course.path, cell)
        count = len(corners) - 1
        after = first[course.into[0]] if course.into else OUTSIDE
        chain = [first[course.name], *range(nodes, nodes + count - 1), after]
        nodes += count - 1
        blood[chain[0]] += course.blood
        r0, r1 = course.radii
        for i in range(count):
            radius = r0 + (r1 - r0) * (i + 0.5) / count
            ends = corners[i : i + 2]
            follows = chain[i + 1] == OUTSIDE and course.pressure is None
            outside = course.pressure or 0.0 if chain[i + 1] == OUTSIDE else 0.0
            cells.append((number, chain[i], chain[i + 1], radius, outside, follows, ends))
            if course.drinks:
                ends_here = i == 0, i == count - 1
                drinking.append(DrinkingCell(number, chain[i], ends, radius, *ends_here))
    links = vein_links(mesh, permeability, drinking)
    vein, start, end, radii, pressures, followers, points = (np.array(x) for x in zip(*cells, strict=True))
    return VeinTree(
        names=tuple(c.name for c in courses),
        types=tuple(c.type for c in courses),
        vein=vein.astype(np.int32),
        start=start.astype(np.int32),
        end=end.astype(np.int32),
        radius=radii,
        length=np.linalg.norm(points[:, 1] - points[:, 0], axis=1),
        outside=pressures,
        blood=blood,
        points=points,
        follows=followers,
        venous=venous or VenousPressure(),
        link_vertex=links.vertex,
        link_node=links.node,
        link_index=links.index,
        link_vein=links.vein,
    )


def _begins(courses: Sequence[VeinCourse]) -> dict[str, int]:
    """Node at the begin of each vein: those that one vein flows into begin at the same one."""
    home = {c.name: c.name for c in courses}

    def leader(name: str) -> str:
        while home[name] != name:
            name = home[name]
        return name

    for course in courses:
        for other in course.into[1:]:
            home[leader(other)] = leader(course.into[0])
    number = {name: i for i, name in enumerate(dict.fromkeys(leader(c.name) for c in courses))}
    return {c.name: number[leader(c.name)] for c in courses}


def _cut(path: Floats, cell: float) -> Floats:
    """Corners of a course, with more of them where a straight part is longer than a cell."""
    corners = [path[0]]
    for a, b in pairwise(path):
        count = max(int(np.ceil(np.linalg.norm(b - a) / cell - 1e-9)), 1)
        corners += [a + (b - a) * (i + 1) / count for i in range(count)]
    return np.array(corners)
