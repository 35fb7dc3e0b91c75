"""The linear systems of a run: put together once, and then kept up to date where the cement is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from cementflow.fem import kernels, updates
from cementflow.fem.pressure_matrix import PressureMatrix
from cementflow.flow.mobility import Mobility, mobility
from cementflow.flow.problem import Problem
from cementflow.flow.ways import Ways
from cementflow.threads import both

Floats = NDArray[np.float64]
Indices = NDArray[np.uint32]


@dataclass(frozen=True, eq=False)
class Change:
    """What another pressure and other viscosities make of a system.

    Parameters
    ----------
    conductance
        Of the edges that may change [m3/(Pa s)].
    mobility
        At the vertices.
    """

    conductance: Floats
    mobility: Mobility


class Assembly:
    """Matrix and right-hand side of the pressure equation.

    From one pressure field to the next, and from one system of it to the next, only the edges near the cement are
    looked at. Each is put together anew from the fields, so that no number depends on what was there before.

    Parameters
    ----------
    problem
        The run; not held on to, see `assembly_of`.

    Attributes
    ----------
    mobility
        At the vertices, of the system.
    conductance
        Of all edges [m3/(Pa s)].
    """

    mobility: Mobility
    conductance: Floats

    def __init__(self, problem: Problem) -> None:
        pattern = problem.pattern
        self._fixed = problem.padded(problem.fixed)
        self._fixed_pressure = problem.padded(problem.fixed_pressure - problem.reference_pressure)
        self._diagonal, self._known = np.zeros(pattern.size), np.zeros(pattern.size)
        self._rows = np.zeros(0, np.uint32)  # those that are out of date
        self._wet = np.zeros(problem.volumes.n, bool)
        self._marrow: float | None = None  # viscosity that all edges away from the cement have, if it is one

    def begin(
        self,
        problem: Problem,
        saturation: Floats,
        viscosity: Floats,
        marrow_viscosity: Floats,
        pressure: Floats,
        even_marrow: bool,
    ) -> None:
        """Turn to another saturation field.

        Parameters
        ----------
        problem
            The run.
        saturation
            Cement share of the pores, shape (n,).
        viscosity, marrow_viscosity
            First guesses for cement and marrow [Pa s].
        pressure
            First guess [Pa], which tells upstream.
        even_marrow
            Whether the marrow has nearly one viscosity; then its mobility is as good as the same from either end of an
            edge, and edges without cement keep theirs until the next field.
        """
        self.mobility = mobility(problem, saturation, viscosity, marrow_viscosity)
        self._relative_marrow = None if even_marrow else problem.corey.marrow(saturation)
        wet = self.mobility.relative_cement > 0.0
        self._choose(problem, wet | self._wet if even_marrow else np.ones_like(wet))
        # Marrow of one viscosity has the same mobility wherever there is no cement, and whichever end is upstream.
        marrow = float(marrow_viscosity[0]) if len(marrow_viscosity) == 1 else None
        if marrow is not None and marrow == self._marrow:
            self.conductance[self._at] = self._chosen_conductances(problem, self.mobility, pressure)
            self._rows = self._touched
        else:
            self.conductance = every_conductance(problem, self.mobility, pressure)
            self._rows = np.arange(problem.pattern.size, dtype=np.uint32)
        self._wet, self._marrow = wet, marrow

    def system(self, problem: Problem, ways: Ways, inflow: Floats) -> tuple[PressureMatrix, Floats]:
        """Matrix in the pattern of the solver and right-hand side without the source, for the pressure above reference.

        The matrix holds until the next change is taken.

        Parameters
        ----------
        problem
            The run.
        ways
            Conductances of the ways out.
        inflow
            What else enters each control volume [m3/s].
        """
        pattern, reference = problem.pattern, problem.reference_pressure
        rows, conductance, to_outside = self._rows, self._all_pairs(problem, ways), ways.to_outside(problem)
        outlet = problem.sum_outside(to_outside)

        def fill(half: int) -> None:
            kernels.pressure_rows(
                rows[: len(rows) // 2] if half == 0 else rows[len(rows) // 2 :],
                pattern.row_start,
                pattern.slot_edge,
                pattern.neighbour,
                self._fixed,
                self._fixed_pressure,
                conductance,
                outlet,
                self._diagonal,
                self._known,
            )

        both(fill, len(rows))
        self._rows = self._touched
        rhs = problem.sum_outside(to_outside * (ways.outside_pressure(problem) - reference))
        rhs += problem.padded(inflow)
        if problem.veins is not None:
            rhs[problem.volumes.n :] += problem.veins.blood
        rhs[problem.fixed_vertices] = 0.0
        rhs += self._known
        return PressureMatrix(self._diagonal, conductance), rhs

    def change(
        self, problem: Problem, viscosity: Floats, marrow_viscosity: Floats, pressure: Floats
    ) -> Change:
        """What other viscosities of cement and marrow [Pa s] and another pressure [Pa] would change."""
        m = replace(self.mobility, viscosity=viscosity)
        if self._relative_marrow is not None:
            m = replace(m, marrow=self._relative_marrow / marrow_viscosity)
        return Change(self._chosen_conductances(problem, m, pressure), m)

    def imbalance(
        self, problem: Problem, change: Change, before: Ways, after: Ways, pressure: Floats
    ) -> float:
        """Volume [m3/s] that a change leaves unbalanced, summed over the vertices.

        What the linear solver leaves comes on top.

        Parameters
        ----------
        problem
            The run.
        change
            Of the conductances of the edges.
        before, after
            Ways out before and after the change.
        pressure
            Solution of the system before the change [Pa].
        """
        drop = pressure[problem.outside_unknown] - before.outside_pressure(problem)
        out = problem.sum_outside((after.to_outside(problem) - before.to_outside(problem)) * drop)
        own = self.conductance
        updates.add_outflow(out, self._chosen, problem.volumes.edges, change.conductance, own, pressure)
        if before.vein is not None and after.vein is not None:
            extra = problem.pattern.extra
            every = np.arange(len(extra), dtype=np.uint32)
            new, old = after.vein.inside(problem), before.vein.inside(problem)
            updates.add_outflow(out, every, extra, new, old, pressure)
        out[problem.fixed_vertices] = 0.0
        return float(np.abs(out, out=out).sum())

    def take(self, change: Change) -> None:
        """Make a change part of the system."""
        self.conductance[self._at] = change.conductance
        self.mobility = change.mobility

    def _choose(self, problem: Problem, near: NDArray[np.bool_]) -> None:
        """Edges that depend on what happens at some vertices, and rows that depend on these edges or on ways out."""
        v = problem.volumes
        self._chosen, self._adding, self._place = updates.edges_near(
            len(v.edges), near, v.tets, v.t, v.obtuse, v.obtuse_edges, v.row_start, v.slot_edge
        )
        self._at = self._chosen.astype(np.intp)  # what NumPy would make of them each time
        touched = np.zeros(problem.pattern.size, bool)
        updates.rows_of(self._chosen, v.edges, touched)
        touched[problem.links] = True
        touched[problem.pattern.extra] = True
        self._touched = np.flatnonzero(touched).astype(np.uint32)

    def _chosen_conductances(self, problem: Problem, m: Mobility, pressure: Floats) -> Floats:
        return _conductances(problem, m, pressure, self._chosen, self._adding, self._place)

    def _all_pairs(self, problem: Problem, ways: Ways) -> Floats:
        """Conductances of all pairs of the pattern [m3/(Pa s)]."""
        own, pattern = self.conductance, problem.pattern
        if ways.vein is None:
            return own
        every = np.concatenate([own, np.zeros(pattern.count - len(own))])
        every[pattern.place] += ways.vein.inside(problem)
        return every


# A problem does not change with time, and so has no place for what does.
_kept: WeakKeyDictionary[Problem, Assembly] = WeakKeyDictionary()


def assembly_of(problem: Problem) -> Assembly:
    """The one that a problem had before, as long as the problem lives."""
    if problem not in _kept:
        _kept[problem] = Assembly(problem)
    return _kept[problem]


def every_conductance(problem: Problem, m: Mobility, pressure: Floats) -> Floats:
    """Conductances of all edges [m3/(Pa s)] for mobilities and the pressures [Pa] that tell upstream."""
    v = problem.volumes
    every, adding = (np.arange(len(x), dtype=np.uint32) for x in (v.edges, v.obtuse))
    return _conductances(problem, m, pressure, every, adding, v.obtuse_edges)


def _conductances(
    problem: Problem, m: Mobility, pressure: Floats, chosen: Indices, adding: Indices, place: Indices
) -> Floats:
    v = problem.volumes
    weight: Floats = updates.edge_conductances(
        chosen,
        adding,
        place,
        v.edges,
        v.coefficient,
        v.tets,
        v.t,
        v.obtuse,
        m.relative_cement,
        m.marrow,
        m.viscosity,
        pressure,
    )
    return weight
