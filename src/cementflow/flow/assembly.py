"""The linear systems of one pressure field: put together once, and then kept up to date where the cement is."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from cementflow.fem import kernels, updates
from cementflow.fem.sharing import both
from cementflow.flow.mobility import Mobility
from cementflow.flow.problem import Problem
from cementflow.flow.ways import Ways

Floats = NDArray[np.float64]
Indices = NDArray[np.uint32]


@dataclass(frozen=True, eq=False)
class Change:
    """Conductances of another pressure and viscosity, where they differ.

    Parameters
    ----------
    edge, conductance, least
        New mobilities and changes of the conductances of the edges with cement, and new least mobilities of the obtuse
        tetrahedra with cement; all as in `Mobility`.
    viscosity
        Of the cement at the vertices [Pa s], shape (n,).
    marrow
        Mobility of the marrow at the vertices [1/(Pa s)], shape (n,).
    """

    edge: Floats
    conductance: Floats
    least: Floats
    viscosity: Floats
    marrow: Floats


class Assembly:
    """Matrix and right-hand side of a saturation field.

    Parameters
    ----------
    problem
        The run.
    mobility
        For the first guess; its arrays are changed by `take`.
    saturation
        Cement share of the pores, shape (n,).
    even_marrow
        Whether marrow has one viscosity; then its mobility is the same from either end of an edge, and edges without
        cement never change.
    """

    def __init__(
        self,
        problem: Problem,
        mobility: Mobility,
        saturation: Floats,
        even_marrow: bool,
    ) -> None:
        v = problem.volumes
        self._saturation, self._even_marrow = saturation, even_marrow
        self._problem, self.mobility = problem, mobility
        self._chosen, self._place, self._wet = updates.with_cement(
            len(v.edges),
            v.tets,
            v.tet_edges,
            v.t,
            v.obtuse,
            v.row_start,
            v.slot_edge,
            mobility.relative_cement if even_marrow else np.ones(v.n),
        )
        pattern = problem.pattern
        touched = np.zeros(pattern.size, bool)
        touched[v.edges[self._chosen]] = True
        touched[problem.links] = True
        touched[pattern.extra] = True
        self._touched = np.flatnonzero(touched).astype(np.uint32)
        self._rows = np.arange(pattern.size, dtype=np.uint32)  # those that are out of date
        self._values, self._known = np.zeros(len(pattern.neighbour)), np.zeros(pattern.size)
        self._fixed = problem.padded(problem.fixed)
        self._fixed_pressure = problem.padded(problem.fixed_pressure - problem.reference_pressure)

    def system(self, ways: Ways, inflow: Floats) -> tuple[Floats, Floats]:
        """Matrix in the pattern of the solver and right-hand side without the source, for the pressure above reference.

        Parameters
        ----------
        ways
            Conductances of the ways out.
        inflow
            What else enters each control volume [m3/s].
        """
        problem, pattern = self._problem, self._problem.pattern
        reference = problem.reference_pressure
        rows, outlet, conductance = self._rows, ways.summed(problem, 1.0), self._conductance(ways)

        def fill(half: int) -> None:
            kernels.pressure_rows(
                rows[: len(rows) // 2] if half == 0 else rows[len(rows) // 2 :],
                pattern.row_start,
                pattern.slot_edge,
                pattern.neighbour,
                pattern.diagonal_slot,
                self._fixed,
                self._fixed_pressure,
                conductance,
                outlet,
                self._values,
                self._known,
            )

        both(fill, len(rows))
        self._rows = self._touched
        entering = problem.padded(inflow) + ways.summed(problem, ways.outside_pressure(problem) - reference)
        if problem.veins is not None:
            entering[problem.volumes.n :] += problem.veins.blood
        return self._values, np.where(self._fixed, self._known, entering + self._known)

    def _conductance(self, ways: Ways) -> Floats:
        """Of all pairs of the pattern [m3/(Pa s)]."""
        own, pattern = self.mobility.conductance, self._problem.pattern
        if ways.vein is None:
            return own
        every = np.concatenate([own, np.zeros(pattern.count - len(own))])
        every[pattern.place] += ways.vein.inside(self._problem)
        return every

    def change(self, viscosity: Floats, marrow_viscosity: Floats, pressure: Floats) -> Change:
        """What other viscosities of cement and marrow [Pa s] and another pressure [Pa] would change."""
        v, m = self._problem.volumes, self.mobility
        marrow = m.marrow
        if not self._even_marrow:
            marrow = self._problem.corey.marrow(self._saturation) / marrow_viscosity
        edge, conductance, least = updates.conductance_changes(
            self._chosen,
            self._place,
            self._wet,
            v.edges,
            v.coefficient,
            v.tets,
            v.tet_edges,
            v.t,
            v.obtuse,
            m.relative_cement,
            marrow,
            viscosity,
            pressure,
            m.edge,
            m.least,
        )
        return Change(edge, conductance, least, viscosity, marrow)

    def imbalance(self, change: Change, before: Ways, after: Ways, pressure: Floats) -> float:
        """Volume [m3/s] that a change leaves unbalanced, summed over the vertices.

        What the linear solver leaves comes on top.

        Parameters
        ----------
        change
            Of the conductances of the edges.
        before, after
            Ways out before and after the change.
        pressure
            Solution of the system before the change [Pa].
        """
        problem = self._problem
        drop = pressure[problem.outside_unknown] - before.outside_pressure(problem)
        out = after.summed(problem, drop) - before.summed(problem, drop)
        updates.add_outflow(out, self._chosen, problem.volumes.edges, change.conductance, pressure)
        if before.vein is not None and after.vein is not None:
            extra = problem.pattern.extra
            more = after.vein.inside(problem) - before.vein.inside(problem)
            updates.add_outflow(out, np.arange(len(extra), dtype=np.uint32), extra, more, pressure)
        out[self._fixed] = 0.0
        return float(np.abs(out).sum())

    def take(self, change: Change) -> None:
        """Make a change part of the system."""
        m = self.mobility
        m.edge[self._chosen] = change.edge
        m.conductance[self._chosen] += change.conductance
        m.least[self._wet] = change.least
        self.mobility = self.with_viscosities(change)

    def with_viscosities(self, change: Change) -> Mobility:
        """The mobilities, those of the vertices as changed."""
        return replace(self.mobility, viscosity=change.viscosity, marrow=change.marrow)
