"""One step in time: predict with the flow at its start, correct with the mean of the flows at both ends."""

from __future__ import annotations

import numpy as np

from cementflow.flow.problem import Problem
from cementflow.flow.state import Flow, State
from cementflow.flow.transport import transport

LARGEST_CHANGE = 0.25  # of the rate from the start of a step to its middle, by extrapolation


def predict(problem: Problem, state: State, flow: Flow, rate_slope: float, dt: float) -> State:
    """State after a step with the fluxes at its start, scaled to the flow rate in its middle.

    Where a pressure limit lets the rate change, a step at the first rate would inject too much or too little.

    Parameters
    ----------
    problem, state, flow
        The run and where it stands.
    rate_slope
        Change of the flow rate with time [m3/s2].
    dt
        Length of the step [s].

    Raises
    ------
    TransportStalled
        If the saturations do not settle.
    """
    fluxes = flow.fluxes
    if rate_slope != 0.0 and fluxes.rate > 0.0:
        change = 0.5 * dt * rate_slope / fluxes.rate
        change = min(max(change, -LARGEST_CHANGE), LARGEST_CHANGE)
        fluxes = fluxes.scaled(min(1.0 + change, problem.drive.rate / fluxes.rate))
    return transport(problem, state, flow, fluxes, dt)


def correct(problem: Problem, state: State, flow: Flow, end: Flow, dt: float) -> State:
    """State after the same step with the mean of the fluxes at its start and at its predicted end.

    The flow at the start alone would let the front lag behind. That of the predicted end serves the next step too: a
    second one, of the corrected state, would cost as much again and change it in second order only.

    Parameters
    ----------
    problem, state, flow
        The run and where it stands.
    end
        Flow of the predicted state.
    dt
        Length of the step [s].

    Raises
    ------
    TransportStalled
        If the saturations do not settle.
    """
    return transport(problem, state, end, flow.fluxes.mean(end.fluxes), dt)


def step_error(problem: Problem, state: State, predicted: State, corrected: State, dt: float) -> float:
    """Cement that predictor and corrector place differently, relative to what was injected in the step."""
    moved = np.sum(problem.volumes.pore_volume * np.abs(corrected.saturation - predicted.saturation))
    moved += np.abs(corrected.leaked - predicted.leaked).sum()
    injected = max(corrected.injected - state.injected, 1e-6 * problem.drive.rate * dt)
    error = float(moved / injected)
    return error if np.isfinite(error) else np.inf
