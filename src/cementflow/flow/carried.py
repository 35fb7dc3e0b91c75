"""Temperature, age and cure after a step: carried along, cured, and spread."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from cementflow.fem.carried import carry
from cementflow.fem.curing import cure_for
from cementflow.flow.condition import Condition
from cementflow.flow.harm import Harm
from cementflow.flow.heat import spread_heat
from cementflow.flow.line import at_tip, passed
from cementflow.flow.problem import Problem
from cementflow.flow.state import HeatAccount, State
from cementflow.flow.transport import Moved
from cementflow.sites.contents import Contents
from cementflow.units import GAS_CONSTANT

Floats = NDArray[np.float64]
CEMENT = 1e-9  # saturation from which there is cement to speak of


def waited(problem: Problem, now: Condition, dt: float) -> Condition:
    """Condition after some time in which nothing moves or warms, to first order; that is enough for a prediction."""
    cure = now.cure + dt * problem.syringe.kinetics.rate(now.cure, now.temperature)
    limit = np.maximum(problem.syringe.kinetics.limit(now.temperature), now.cure)
    return Condition(
        now.temperature, now.age + dt * problem.cement.speed(now.temperature), np.minimum(cure, limit)
    )


@dataclass(frozen=True, eq=False)
class Changed:
    """Condition, heat account and harm at the end of a step.

    Parameters
    ----------
    condition, heat, harm, cannula
        As in `State`.
    cured
        Largest change of the degree of cure in the step.
    """

    condition: Condition
    heat: HeatAccount
    harm: Harm
    cannula: Contents
    cured: float

    def put(self, state: State) -> State:
        """The state with them."""
        return replace(state, condition=self.condition, heat=self.heat, harm=self.harm, cannula=self.cannula)


def change(problem: Problem, state: State, moved: Moved | None, dt: float) -> Changed:
    """What a step does to temperature, age and cure.

    What flows is carried first. Then the cement cures for half of the step, the heat spreads for all of it, and the
    cement cures for the other half, which is of second order in time (Strang 1968).

    Parameters
    ----------
    problem, state
        The run, and where it stood at the beginning of the step; neither is changed.
    moved
        What the step moved; None where nothing flows.
    dt
        Length of the step [s].

    Raises
    ------
    HeatStalled
        If the temperatures are not found.
    """
    body = _body_temperature(problem)
    now, account = state.condition, state.heat
    saturation = moved.saturation if moved is not None else state.saturation
    injected = dt * float(np.sum(moved.entering)) if moved is not None else 0.0
    pushed = passed(problem, state, injected, dt)
    if moved is not None:
        carried = _carried(problem, state, moved, pushed.entered, body)
        now, account = carried.condition, carried.account
    temperature, age, cure = (x.copy() for x in (now.temperature, now.age, now.cure))
    heat, harm = _warming_by_cure(problem, saturation), state.harm
    before, of = cure.copy(), problem.heat_volumes
    cured = _cured(problem, 0.5 * dt, heat, temperature, age, cure)
    if of is not None:
        excess, lost = spread_heat(of, saturation, temperature - body, dt)
        temperature = excess + body
        account = replace(account, surface=account.surface + lost.surface, blood=account.blood + lost.blood)
    cured += _cured(problem, 0.5 * dt, heat, temperature, age, cure)
    if of is not None:
        wet = heat >= 0.0
        released = float(np.sum((of.stored(saturation) * heat * (cure - before))[wet]))
        account = replace(account, cured=account.cured + released)
        harm = harm.after(state.condition.temperature, temperature, dt)
    condition = Condition(temperature, age, cure)
    if moved is not None:
        coming = at_tip(problem, pushed.held, state.time + dt, state.injected + injected)
        condition = _coming_where_dry(moved, condition, coming)
    return Changed(condition, account, harm, pushed.held, cured)


@dataclass(frozen=True, eq=False)
class Carried:
    """Condition and heat account after the flow of a step."""

    condition: Condition
    account: HeatAccount


def _carried(
    problem: Problem, state: State, moved: Moved, entered: tuple[float, float, float], body: float
) -> Carried:
    v, of, dt = problem.volumes, problem.heat_volumes, moved.dt
    warm = entered[0] - body
    if of is not None:
        stored, after = of.stored(state.saturation), of.stored(moved.saturation)
        capacities = of.tissue.cement.capacity, of.tissue.marrow.capacity
    else:  # one temperature: any capacity will do
        stored = after = v.pore_volume
        capacities = 1.0, 1.0
    excess, passed_on, age, cure = carry(
        moved.graph.order,
        moved.graph.cyclic,
        moved.graph.start,
        moved.graph.ahead,
        moved.graph.away,
        moved.share,
        moved.entering,
        moved.returned,
        moved.outward,
        stored / dt,
        v.pore_volume * np.maximum(state.saturation, 0.0) / dt,
        after / dt,
        capacities,
        (warm, entered[1], entered[2]),
        state.condition.temperature - body,
        state.condition.age,
        state.condition.cure,
    )
    if of is None:
        return Carried(Condition(state.condition.temperature, age, cure), state.heat)
    leaving = moved.share * capacities[0] + (1.0 - moved.share) * capacities[1]
    out = (moved.outward * leaving - moved.returned * capacities[0]) * passed_on
    account = replace(
        state.heat,
        carried_in=state.heat.carried_in + dt * float(np.sum(moved.entering)) * capacities[0] * warm,
        carried_out=state.heat.carried_out + dt * float(np.sum(out)),
    )
    return Carried(Condition(excess + body, age, cure), account)


def _warming_by_cure(problem: Problem, saturation: Floats) -> Floats:
    """Warming of each control volume by complete cure [K], negative where there is no cement."""
    of = problem.heat_volumes
    if of is None:
        return np.where(saturation > CEMENT, 0.0, -1.0)
    cement = saturation * problem.volumes.pore_volume * of.tissue.cement.density
    return np.where(
        saturation > CEMENT, cement * problem.syringe.kinetics.enthalpy / of.stored(saturation), -1.0
    )


def _cured(
    problem: Problem, dt: float, heat: Floats, temperature: Floats, age: Floats, cure: Floats
) -> float:
    cement = problem.cement
    return float(
        cure_for(
            dt,
            heat,
            temperature,
            age,
            cure,
            problem.syringe.kinetics.numbers,
            cement.activation_energy / GAS_CONSTANT,
            cement.reference_temperature,
        )
    )


def _coming_where_dry(moved: Moved, now: Condition, coming: tuple[float, float, float]) -> Condition:
    """Where there is no cement, age and cure are those of what is next to enter."""
    dry = moved.saturation <= CEMENT
    return Condition(now.temperature, np.where(dry, coming[1], now.age), np.where(dry, coming[2], now.cure))


def _body_temperature(problem: Problem) -> float:
    return problem.body_temperature if problem.tissue is not None else problem.syringe.temperature


def heat_imbalance(problem: Problem, state: State) -> float:
    """Heat that is missing or too much, relative to all that was turned over; 0 while nothing is heated."""
    of = problem.heat_volumes
    if of is None or state.heat.turnover == 0.0:
        return 0.0
    there = np.sum(of.stored(state.saturation) * (state.condition.temperature - problem.body_temperature))
    return abs(float(there) - state.heat.kept) / state.heat.turnover


def slowest_cure(problem: Problem, state: State, share: float) -> float:
    """Degree of cure that a share of the cement in the bone has reached."""
    now = state.condition.cure
    if len(now) == 1:
        return float(now[0])
    wet = np.flatnonzero(state.saturation > CEMENT)
    wet = wet[np.argsort(-now[wet], kind="stable")]
    cement = np.cumsum(problem.volumes.pore_volume[wet] * state.saturation[wet])
    return float(now[wet[np.searchsorted(cement, share * cement[-1])]]) if len(wet) else 0.0


def set_share(problem: Problem, state: State) -> float:
    """Share of the cement in the bone that is set."""
    cement = problem.volumes.pore_volume * state.saturation
    total = float(np.sum(cement))
    return (
        float(np.sum(cement * (state.condition.cure >= problem.syringe.kinetics.set_at))) / total
        if total
        else 0.0
    )
