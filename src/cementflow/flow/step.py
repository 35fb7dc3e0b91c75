"""One step in time: predict with the fluxes at its start, correct with the mean of start and end."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from cementflow.fem.linear_solver import PressureSolver
from cementflow.flow.pressure import solve_pressure
from cementflow.flow.problem import Problem
from cementflow.flow.state import Flow, State
from cementflow.flow.transport import TransportStalled, transport
from cementflow.timing import Stopwatch

PREDICTED_TOLERANCE = 10.0  # times that of an accepted flow


@dataclass(frozen=True, eq=False)
class Attempt:
    """A step that was tried; the state it started from is untouched.

    Parameters
    ----------
    state
        At the end of the step, None if there is none.
    flow
        Of the predicted state; a start for the flow of `state`.
    error
        Cement that predictor and corrector place differently, relative to what was injected in the step.
    reason
        Why there is no state.
    """

    state: State | None
    flow: Flow | None
    error: float
    reason: str = ""


def attempt_step(
    problem: Problem, solver: PressureSolver, state: State, flow: Flow, dt: float, watch: Stopwatch
) -> Attempt:
    """Second-order step (Heun): the pressure at the start alone would let the front lag behind.

    Parameters
    ----------
    problem, solver, state, flow
        The run and where it stands.
    dt
        Length of the step [s].
    watch
        Counts the seconds.
    """
    # Only half of the predicted flow's change enters the step, and its own error is second order.
    loose = PREDICTED_TOLERANCE * problem.tolerances.picard
    try:
        with watch.phase("transport"):
            predicted = transport(problem, state, flow, flow.fluxes, dt)
        with watch.phase("pressure"):
            # The tubes stay as they were: their conductance already is a mean over the step.
            end = solve_pressure(problem, solver, replace(predicted, held=state.held), dt, flow, loose)
        if not end.converged:
            return Attempt(
                None, end, np.inf, f"pressure iteration stopped at a residual of {end.residual:.1e}"
            )
        with watch.phase("transport"):
            new = transport(problem, state, end, flow.fluxes.mean(end.fluxes), dt)
    except TransportStalled:
        return Attempt(None, None, np.inf, "the saturations did not settle")
    moved = np.sum(problem.volumes.pore_volume * np.abs(new.saturation - predicted.saturation))
    moved += np.abs(new.leaked - predicted.leaked).sum()
    injected = max(new.injected - state.injected, 1e-6 * problem.drive.rate * dt)
    if not np.isfinite(moved):
        return Attempt(None, end, np.inf, "a saturation is not finite")
    return Attempt(new, end, float(moved / injected))
