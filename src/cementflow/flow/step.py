"""One step in time: predict with the flow at its start, correct with the mean of the flows at both ends."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cementflow.flow.carried import change, waited
from cementflow.flow.line import passed
from cementflow.flow.problem import Problem
from cementflow.flow.state import Flow, Fluxes, State, fresh_condition
from cementflow.flow.transport import Moved, transport

LARGEST_CHANGE = 0.25  # of the rate from the start of a step to its middle, by extrapolation


def predict(problem: Problem, state: State, flow: Flow, rate_slope: float, dt: float) -> State:
    """State after a step with the fluxes at its start, scaled to the flow rate in its middle.

    Where a pressure limit lets the rate change, a step at the first rate would inject too much or too little. Age and
    cure go on where they are.

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
        gain = 0.5 * dt * rate_slope / fluxes.rate
        gain = min(max(gain, -LARGEST_CHANGE), LARGEST_CHANGE)
        fluxes = fluxes.scaled(min(1.0 + gain, problem.drive.largest_rate / fluxes.rate))
    moved = transport(problem, state, flow, fluxes, dt)
    after = _moved_state(problem, state, fluxes, moved)
    if not problem.followed:
        return after
    held = passed(problem, state, fluxes.rate * dt, dt).held
    return replace(after, condition=waited(problem, state.condition, dt), cannula=held)


def correct(problem: Problem, state: State, flow: Flow, end: Flow, dt: float) -> tuple[State, float]:
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

    Returns
    -------
    state, cured
        The state, and the largest change of the degree of cure in the step.

    Raises
    ------
    TransportStalled, HeatStalled
        If the saturations do not settle, or the temperatures are not found.
    """
    fluxes = flow.fluxes.mean(end.fluxes)
    moved = transport(problem, state, end, fluxes, dt, everywhere=problem.followed)
    after = _moved_state(problem, state, fluxes, moved)
    if not problem.followed:
        return after, 0.0
    changed = change(problem, state, moved, dt)
    return changed.put(after), changed.cured


def _moved_state(problem: Problem, state: State, fluxes: Fluxes, moved: Moved) -> State:
    """State after a step, with one age and cure everywhere."""
    time, injected = state.time + moved.dt, state.injected + fluxes.rate * moved.dt
    return State(
        time=time,
        saturation=moved.saturation,
        injected=injected,
        leaked=moved.leaked,
        held=moved.held,
        marrow_out=moved.marrow_out,
        condition=fresh_condition(problem, time, injected),
        heat=state.heat,
        harm=state.harm,
        veins=moved.veins,
        cannula=state.cannula,
    )


def step_error(problem: Problem, state: State, predicted: State, corrected: State, dt: float) -> float:
    """Cement that predictor and corrector place differently, relative to what was injected in the step."""
    moved = np.sum(problem.volumes.pore_volume * np.abs(corrected.saturation - predicted.saturation))
    moved += np.abs(corrected.leaked - predicted.leaked).sum()
    least = (1.0 if problem.drive.stopped else 1e-6) * problem.drive.rate * dt
    injected = max(corrected.injected - state.injected, least)
    error = float(moved / injected)
    return error if np.isfinite(error) else np.inf
