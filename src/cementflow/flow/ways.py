"""Conductances of all ways out of the bone, for one guess of pressures and flows."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from cementflow.flow.problem import Problem
from cementflow.flow.vein_cells import Answer

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class VeinConductances:
    """What the flows in the veins follow from.

    Parameters
    ----------
    exchange
        Conductance between each node and the bone around it [m3/(Pa s)], shape (m,).
    share
        Of each link in what its node takes.
    cell
        Of the cells [m3/(Pa s)].
    outside
        Pressure beyond each cell that ends outside [Pa], 0 for the others.
    found
        What the cells would conduct with the cement that the last flows bring, where `cell` only comes closer to it.
    answer
        What the bone was seen to do.
    """

    exchange: Floats
    share: Floats
    cell: Floats
    outside: Floats
    found: Floats
    answer: Answer

    def inside(self, problem: Problem) -> Floats:
        """Those between two unknowns, in the order of the pattern."""
        tree = problem.veins
        assert tree is not None
        link = self.exchange[tree.link_node] * self.share
        return np.concatenate([link, self.cell[tree.inner], tree.pairs.conductance(link, self.share)])

    @property
    def as_found(self) -> VeinConductances:
        """The same with cells as found."""
        return replace(self, cell=self.found)


@dataclass(frozen=True, eq=False)
class Ways:
    """Of the links of openings and tubes [m3/(Pa s)] to the pressures outside [Pa], and of the veins, None without."""

    link: Floats
    outside: Floats
    vein: VeinConductances | None = None

    @property
    def as_found(self) -> Ways:
        """The same with the cells of the veins as found, to judge how far off they still are."""
        return self if self.vein is None else replace(self, vein=self.vein.as_found)

    def to_outside(self, problem: Problem) -> Floats:
        """Conductances of each link, and then of each last cell of the veins, to the pressures outside [m3/(Pa s)]."""
        if self.vein is None or problem.veins is None:
            return self.link
        return np.append(self.link, self.vein.cell[problem.veins.last])

    def outside_pressure(self, problem: Problem) -> Floats:
        """Pressure that each link, and then each last cell of the veins, leads to [Pa]."""
        if self.vein is None or problem.veins is None:
            return self.outside
        return np.append(self.outside, self.vein.outside[problem.veins.last])
