"""The linear systems of one pressure field: put together once, and then kept up to date where the cement is."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from cementflow.fem import kernels, updates
from cementflow.flow.mobility import Mobility
from cementflow.flow.problem import Problem

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
    """

    edge: Floats
    conductance: Floats
    least: Floats
    viscosity: Floats


class Assembly:
    """Matrix and right-hand side of a saturation field.

    Parameters
    ----------
    problem
        The run.
    mobility
        For the first guess; its arrays are changed by `take`.
    """

    def __init__(self, problem: Problem, mobility: Mobility) -> None:
        v = problem.volumes
        self._problem, self.mobility = problem, mobility
        self._chosen, self._place, self._wet = updates.with_cement(
            len(v.edges),
            v.tets,
            v.tet_edges,
            v.t,
            v.obtuse,
            v.row_start,
            v.slot_edge,
            mobility.relative_cement,
        )
        touched = np.zeros(v.n, bool)
        touched[v.edges[self._chosen]] = True
        touched[problem.links] = True
        self._touched = np.flatnonzero(touched).astype(np.uint32)
        self._rows = np.arange(v.n, dtype=np.uint32)  # those that are out of date
        self._values, self._known = np.zeros(len(v.neighbour)), np.zeros(v.n)

    def system(self, link: Floats, inflow: Floats) -> tuple[Floats, Floats]:
        """Matrix in the pattern of the solver and right-hand side without the source, for the pressure above reference.

        Parameters
        ----------
        link
            Conductances of the links [m3/(Pa s)].
        inflow
            What else enters each control volume [m3/s].
        """
        problem, v = self._problem, self._problem.volumes
        reference = problem.reference_pressure
        kernels.pressure_rows(
            self._rows,
            v.row_start,
            v.slot_edge,
            v.neighbour,
            v.diagonal_slot,
            problem.fixed,
            problem.fixed_pressure - reference,
            self.mobility.conductance,
            problem.sum_links(link),
            self._values,
            self._known,
        )
        self._rows = self._touched
        entering = inflow + problem.sum_links(link * (problem.link_pressure - reference))
        return self._values, np.where(problem.fixed, self._known, entering + self._known)

    def change(self, viscosity: Floats, pressure: Floats) -> Change:
        """What another viscosity [Pa s] and pressure [Pa] would change."""
        v, m = self._problem.volumes, self.mobility
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
            m.marrow,
            viscosity,
            pressure,
            m.edge,
            m.least,
        )
        return Change(edge, conductance, least, viscosity)

    def imbalance(self, change: Change, link: Floats, pressure: Floats) -> float:
        """Volume [m3/s] that a change leaves unbalanced, summed over the vertices.

        What the linear solver leaves is not in it: that is a hundredth of what is asked for here.

        Parameters
        ----------
        change, link
            Of the conductances of edges and links [m3/(Pa s)].
        pressure
            Solution of the system before the change [Pa].
        """
        problem = self._problem
        out = problem.sum_links(link * (pressure[problem.links] - problem.link_pressure))
        updates.add_outflow(out, self._chosen, problem.volumes.edges, change.conductance, pressure)
        out[problem.fixed] = 0.0
        return float(np.abs(out).sum())

    def take(self, change: Change) -> None:
        """Make a change part of the system."""
        m = self.mobility
        m.edge[self._chosen] = change.edge
        m.conductance[self._chosen] += change.conductance
        m.least[self._wet] = change.least
        self.mobility = replace(m, viscosity=change.viscosity)
