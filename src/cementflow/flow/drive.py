"""The rate at which cement is pushed in, held back by what the tip or the syringe can stand.

The pressure of a linear system is linear in the rate. So the limited rate follows exactly from two solutions, one with
the source and one without: p = p_0 + Q p_1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cementflow.fem.linear_solver import LinearResult, PressureSolver
from cementflow.fem.pressure_matrix import PressureMatrix
from cementflow.flow.problem import Problem

Floats = NDArray[np.float64]
Drop = Callable[[float], float]
LIMITS = ("rate", "tip pressure", "syringe pressure", "plunger force", "stopped")
WIDER = 4.0  # step of a search for a rate that is too high


@dataclass(frozen=True, eq=False)
class Driven:
    """Solution of one linear system at the rate that its limits allow.

    Parameters
    ----------
    pressure
        At the vertices [Pa].
    rate
        Flow rate [m3/s].
    limited_by
        One of `LIMITS`.
    demand
        Pressure needed for the wanted rate over its limit [-], 0 without limits, infinite where no rate is wanted.
    solves, iterations, converged
        Of the linear solver.
    left
        Volume [m3/s] that it leaves unbalanced, at most, summed over the vertices.
    without
        Pressure without the source, above the reference [Pa]; None where it was not asked for.
    """

    pressure: Floats
    rate: float
    limited_by: str
    demand: float
    solves: int
    iterations: int
    converged: bool
    left: float
    without: Floats | None = None


def drive_system(
    problem: Problem,
    solver: PressureSolver,
    matrix: PressureMatrix,
    rhs: Floats,
    start: Floats,
    rate: float,
    drop: Drop,
    near_tip: float = 0.0,
    resting: Floats | None = None,
) -> Driven:
    """Solve A (p - p_ref) = rhs + Q source for p and Q, with p_ref the reference pressure of the problem.

    Parameters
    ----------
    matrix, rhs
        Matrix in the pattern of `solver`, right-hand side of the outlets.
    start, rate
        Pressure and rate to start from.
    drop
        Pressure that the cannula takes [Pa], a function of the rate [m3/s].
    near_tip
        Resistance that the mesh misses at the tip [Pa s/m3].
    resting
        Pressure without the source to start from, above the reference [Pa]; nowhere any by default.
    """
    wanted = problem.drive.rate
    reference = problem.reference_pressure
    if problem.drive.stopped:
        alone = _solve(problem, solver, matrix, rhs, 0.0, start - reference, wanted)
        # What is left is a share of the rate that was, not to be held against a flow of nearly nothing.
        return Driven(
            alone.x + reference, 0.0, "stopped", 0.0, 1, alone.iterations, alone.converged, left=0.0
        )
    trial = rate if rate > 0.0 else wanted
    with_source = _solve(problem, solver, matrix, rhs, trial, start - reference, trial)
    tip = problem.tip_pressure(with_source.x) + reference + near_tip * trial
    if trial == wanted and not problem.drive.free:
        demand = pressure_demand(problem, tip, wanted, drop)
        if demand <= 1.0:
            return Driven(
                with_source.x + reference,
                wanted,
                "rate",
                demand,
                1,
                with_source.iterations,
                with_source.converged,
                with_source.left,
            )
    without = _solve(
        problem, solver, matrix, rhs, 0.0, np.zeros_like(rhs) if resting is None else resting, trial
    )
    tip_without = problem.tip_pressure(without.x) + reference
    resistance = (tip - tip_without) / trial
    rate, limited_by = _limited_rate(problem, tip_without, resistance, drop)
    demand = pressure_demand(problem, tip_without + resistance * wanted, wanted, drop)
    return Driven(
        pressure=reference + without.x + (rate / trial) * (with_source.x - without.x),
        rate=rate,
        limited_by=limited_by,
        demand=np.inf if problem.drive.free else demand,
        solves=2,
        iterations=with_source.iterations + without.iterations,
        converged=with_source.converged and without.converged,
        left=abs(rate / trial) * with_source.left + abs(1.0 - rate / trial) * without.left,
        without=without.x,
    )


def pressure_demand(problem: Problem, tip: float, rate: float, drop: Drop) -> float:
    """Largest of the pressures over their limits at a rate and its tip pressure [-]."""
    drive = problem.drive
    demand = tip / drive.max_tip
    if np.isfinite(drive.max_syringe):
        demand = max(demand, (tip + drop(rate)) / drive.max_syringe)
    return demand


def _limited_rate(problem: Problem, tip_without: float, resistance: float, drop: Drop) -> tuple[float, str]:
    drive = problem.drive

    def excess_tip(rate: float) -> float:
        return tip_without + resistance * rate - drive.max_tip

    def excess_syringe(rate: float) -> float:
        return tip_without + resistance * rate + drop(rate) - drive.max_syringe

    rate, limited_by = drive.rate, "rate"
    if drive.free:
        while excess_tip(rate) <= 0.0 and excess_syringe(rate) <= 0.0:
            rate *= WIDER
    of_syringe = "plunger force" if drive.by_force else "syringe pressure"
    for excess, name in ((excess_tip, "tip pressure"), (excess_syringe, of_syringe)):
        if excess(rate) > 0.0:
            from scipy.optimize import brentq  # a third of a second to import; most runs never need it

            rate = float(brentq(excess, 0.0, rate, xtol=1e-18, rtol=1e-12)) if excess(0.0) < 0.0 else 0.0
            limited_by = name
    return rate, limited_by


def _solve(
    problem: Problem,
    solver: PressureSolver,
    matrix: PressureMatrix,
    rhs: Floats,
    rate: float,
    start: Floats,
    scale: float,
) -> LinearResult:
    """Solve for the pressure above the reference; the imbalances add up to a share of the flow rate `scale` at most.

    Not of the wanted rate: an injection that a limit holds at a thousandth of it would look solved at any guess.
    """
    full, at = rhs.copy(), problem.source_vertices
    full[at] += np.where(problem.fixed[at], 0.0, rate * problem.source[at])
    size = float(np.sqrt(np.sum(full * full)))
    if size == 0.0:
        return LinearResult(np.zeros_like(full), 0, True)
    # The sum of n imbalances is at most sqrt(n) times their 2-norm.
    goal = problem.tolerances.linear * max(scale, 1e-3 * problem.drive.rate) / np.sqrt(len(full))
    return solver.solve(matrix, full, start, goal / size)
