"""What stands in the cannula while a run goes on: it moves with what is injected, ages, and resists.

Followed only where cement differs from place to place, as it does with heat or several batches. Otherwise all of it is
as old as what is in the syringe, and the cannula is a pipe full of that.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cementflow.flow.drive import Drop
from cementflow.flow.problem import Problem
from cementflow.flow.state import State
from cementflow.sites.contents import Contents, Warmth, pushed

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Passed:
    """A step of the cannula: what is in it then, and the mean condition of what left it.

    Parameters
    ----------
    held
        At the end of the step.
    entered
        Temperature [K], equivalent age [s] and degree of cure [-] of what went into the bone, such that it is right at
        the end of the step after it has aged in the bone for all of it; of what is next where nothing entered.
    """

    held: Contents
    entered: tuple[float, float, float]


def passed(problem: Problem, state: State, volume: float, dt: float) -> Passed:
    """What a step pushes through the cannula.

    Parameters
    ----------
    problem, state
        The run, and where it stood at the beginning of the step.
    volume
        Injected in the step [m3].
    dt
        Its length [s].
    """
    cannula, syringe = problem.held_back, problem.syringe
    fresh = syringe.condition(state.time, state.injected)
    if cannula is None:
        return Passed(state.cannula, fresh)
    held, left, moment = pushed(
        state.cannula, cannula, _warmth(problem), problem.cement, syringe.kinetics, fresh, volume, dt
    )
    if not len(left):
        return Passed(held, held.part(slice(0, 1)).mean)
    return Passed(held, _as_at_the_start(problem, left, moment).mean)


def _as_at_the_start(problem: Problem, left: Contents, moment: Floats) -> Contents:
    """Cement that left after some times [s], as young as it would have been at the start of the step in the bone.

    A step first carries the cement and then lets all of it age for the whole step, what entered in between as well.
    """
    rate = problem.syringe.kinetics.rate(left.cure, left.temperature)
    return Contents(
        left.volume,
        left.temperature,
        left.age - moment * problem.cement.speed(left.temperature),
        np.maximum(left.cure - moment * rate, problem.syringe.kinetics.initial),
    )


def at_tip(problem: Problem, held: Contents, time: float, injected: float) -> tuple[float, float, float]:
    """Condition of what is next to enter at a time [s] after so much was injected [m3]."""
    if problem.held_back is None:
        return problem.syringe.condition(time, injected)
    return held.part(slice(0, 1)).mean


def cannula_drop(problem: Problem, state: State) -> Drop:
    """Pressure that the cannula takes [Pa], a function of the rate [m3/s]."""
    cannula, cement = problem.drive.cannula, problem.cement
    if cannula is None:
        return lambda rate: 0.0
    if problem.held_back is None:
        even = problem.syringe.factor(cement, state.time, state.injected)
        return lambda rate: cannula.drop(rate, cement, even)
    inside = state.cannula
    factors = cement.factor(inside.age, inside.cure)
    return lambda rate: cannula.drop_along(rate, cement, inside.volume, factors)


def _warmth(problem: Problem) -> Warmth:
    """Without heat the cement keeps the temperature of the syringe in the body too."""
    room, tissue = problem.syringe.temperature, problem.tissue
    if tissue is None:
        return Warmth(room, room, 0.0)
    return Warmth(room, problem.body_temperature, tissue.cement.conductivity / tissue.cement.capacity)
