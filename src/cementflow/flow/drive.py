"""The rate at which cement is pushed in, held back by what the tip or the syringe can stand.

The pressure of a linear system is linear in the rate. So the limited rate follows exactly from two solutions, one with
the source and one without: p = p_0 + Q p_1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cementflow.fem.linear_solver import LinearResult, PressureSolver
from cementflow.flow.problem import Problem

Floats = NDArray[np.float64]


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
        "rate", "tip pressure" or "syringe pressure".
    demand
        Pressure needed for the wanted rate over its limit [-], 0 without limits.
    solves, iterations, converged
        Of the linear solver.
    left
        Volume [m3/s] that it leaves unbalanced, at most, summed over the vertices.
    """

    pressure: Floats
    rate: float
    limited_by: str
    demand: float
    solves: int
    iterations: int
    converged: bool
    left: float


def drive_system(
    problem: Problem,
    solver: PressureSolver,
    values: Floats,
    rhs: Floats,
    start: Floats,
    rate: float,
    factor: float,
    near_tip: float = 0.0,
) -> Driven:
    """Solve A (p - p_ref) = rhs + Q source for p and Q, with p_ref the reference pressure of the problem.

    Parameters
    ----------
    values, rhs
        Matrix in the pattern of `solver`, right-hand side of the outlets.
    start, rate
        Pressure and rate to start from.
    factor
        Growth of the viscosity of the cement in the cannula [-].
    near_tip
        Resistance that the mesh misses at the tip [Pa s/m3].
    """
    wanted = problem.drive.rate
    reference = problem.reference_pressure
    if problem.drive.stopped:
        alone = _solve(problem, solver, values, rhs, 0.0, start - reference, wanted)
        # What is left is a share of the rate that was, not to be held against a flow of nearly nothing.
        return Driven(alone.x + reference, 0.0, "rate", 0.0, 1, alone.iterations, alone.converged, left=0.0)
    trial = rate if rate > 0.0 else wanted
    with_source = _solve(problem, solver, values, rhs, trial, start - reference, trial)
    tip = problem.tip_pressure(with_source.x) + reference + near_tip * trial
    if trial == wanted:
        demand = pressure_demand(problem, tip, wanted, factor)
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
    without = _solve(problem, solver, values, rhs, 0.0, np.zeros_like(rhs), trial)
    tip_without = problem.tip_pressure(without.x) + reference
    resistance = (tip - tip_without) / trial
    rate, limited_by = _limited_rate(problem, tip_without, resistance, factor)
    return Driven(
        pressure=reference + without.x + (rate / trial) * (with_source.x - without.x),
        rate=rate,
        limited_by=limited_by,
        demand=pressure_demand(problem, tip_without + resistance * wanted, wanted, factor),
        solves=2,
        iterations=with_source.iterations + without.iterations,
        converged=with_source.converged and without.converged,
        left=abs(rate / trial) * with_source.left + abs(1.0 - rate / trial) * without.left,
    )


def syringe_pressure(problem: Problem, tip: float, rate: float, factor: float) -> float:
    """Pressure in the syringe [Pa]: that of the tip and what the cannula takes."""
    cannula = problem.drive.cannula
    return tip + (cannula.drop(rate, problem.cement, factor) if cannula is not None else 0.0)


def pressure_demand(problem: Problem, tip: float, rate: float, factor: float) -> float:
    """Largest of the pressures over their limits at a rate and its tip pressure [-]."""
    drive = problem.drive
    demand = tip / drive.max_tip
    if np.isfinite(drive.max_syringe):
        demand = max(demand, syringe_pressure(problem, tip, rate, factor) / drive.max_syringe)
    return demand


def _limited_rate(
    problem: Problem, tip_without: float, resistance: float, factor: float
) -> tuple[float, str]:
    drive = problem.drive

    def excess_tip(rate: float) -> float:
        return tip_without + resistance * rate - drive.max_tip

    def excess_syringe(rate: float) -> float:
        return syringe_pressure(problem, tip_without + resistance * rate, rate, factor) - drive.max_syringe

    rate, limited_by = drive.rate, "rate"
    for excess, name in ((excess_tip, "tip pressure"), (excess_syringe, "syringe pressure")):
        if excess(rate) > 0.0:
            from scipy.optimize import brentq  # a third of a second to import; most runs never need it

            rate = float(brentq(excess, 0.0, rate, xtol=1e-18, rtol=1e-12)) if excess(0.0) < 0.0 else 0.0
            limited_by = name
    return rate, limited_by


def _solve(
    problem: Problem,
    solver: PressureSolver,
    values: Floats,
    rhs: Floats,
    rate: float,
    start: Floats,
    scale: float,
) -> LinearResult:
    """Solve for the pressure above the reference; the imbalances add up to a share of the flow rate `scale` at most.

    Not of the wanted rate: an injection that a limit holds at a thousandth of it would look solved at any guess.
    """
    full = rhs + problem.padded(np.where(problem.fixed, 0.0, rate * problem.source))
    size = float(np.sqrt(np.sum(full**2)))
    if size == 0.0:
        return LinearResult(np.zeros_like(full), 0, True)
    # The sum of n imbalances is at most sqrt(n) times their 2-norm.
    goal = problem.tolerances.linear * max(scale, 1e-3 * problem.drive.rate) / np.sqrt(len(full))
    return solver.solve(values, full, start, goal / size)
