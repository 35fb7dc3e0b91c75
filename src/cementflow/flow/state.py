"""What changes with time: the state after an accepted step and the flow that belongs to it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cementflow.flow.condition import Condition
from cementflow.flow.harm import Harm
from cementflow.flow.problem import Problem
from cementflow.sites.contents import Contents

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class HeatAccount:
    """Heat so far [J], counted from the temperature of the body.

    Parameters
    ----------
    carried_in
        By the cement that entered; negative where it is colder than the body.
    cured
        Set free by the cure.
    before
        There from the start, left by an ablation.
    carried_out
        By what left through the outlets.
    surface, blood
        Lost to the surroundings, and to the blood that perfuses the bone.
    """

    carried_in: float = 0.0
    cured: float = 0.0
    carried_out: float = 0.0
    surface: float = 0.0
    blood: float = 0.0
    before: float = 0.0

    @property
    def kept(self) -> float:
        """What has to be in the bone."""
        return self.before + self.carried_in + self.cured - self.carried_out - self.surface - self.blood

    @property
    def turnover(self) -> float:
        """Size of all of it together."""
        parts = (self.before, self.carried_in, self.cured, self.carried_out, self.surface, self.blood)
        return sum(abs(part) for part in parts)


@dataclass(frozen=True, eq=False)
class VeinState:
    """What the cells of the veins hold; arrays of shape (c,), empty without veins.

    Parameters
    ----------
    cement
        Volume of cement in each cell [m3].
    age, cure
        Its equivalent age [s] and degree of cure [-].
    beyond
        Cement that has left each cell to the outside [m3]: what passes the last one is an embolus.
    """

    cement: Floats
    age: Floats
    cure: Floats
    beyond: Floats

    @classmethod
    def empty(cls, problem: Problem) -> VeinState:
        """Veins full of blood."""
        nothing = np.zeros(0 if problem.veins is None else len(problem.veins.vein))
        return cls(nothing, nothing, nothing, nothing)


@dataclass(frozen=True, eq=False)
class State:
    """Where the cement is.

    Parameters
    ----------
    time
        Since the start of the injection [s].
    saturation
        Cement share of the pores at the vertices, shape (n,).
    injected
        Cement injected so far [m3].
    leaked
        Net cement that left by each outlet [m3], shape (outlets,).
    held
        The part of it that still stands in the outlet's tube [m3], shape (outlets,).
    marrow_out
        Net marrow that left by each outlet [m3], shape (outlets,).
    condition
        Temperature, age and cure.
    heat
        Where the heat came from and went.
    harm
        What it did to the tissue.
    veins
        What they hold.
    cannula
        What stands in it, where that is followed.
    """

    time: float
    saturation: Floats
    injected: float
    leaked: Floats
    held: Floats
    marrow_out: Floats
    condition: Condition
    heat: HeatAccount
    harm: Harm
    veins: VeinState
    cannula: Contents

    @classmethod
    def initial(cls, problem: Problem) -> State:
        """Bone full of marrow."""
        n = len(problem.outlets)
        nothing, condition = np.zeros(n), first_condition(problem)
        return cls(
            time=0.0,
            saturation=np.zeros(problem.volumes.n),
            injected=0.0,
            leaked=nothing,
            held=nothing,
            marrow_out=nothing,
            condition=condition,
            heat=HeatAccount(before=_heat_before(problem)),
            harm=Harm.none(condition.temperature),
            veins=VeinState.empty(problem),
            cannula=full_cannula(problem),
        )

    def in_bone(self, problem: Problem) -> float:
        """Cement in the pores [m3]."""
        return float(np.sum(problem.volumes.pore_volume * self.saturation))

    def balance_error(self, problem: Problem) -> float:
        """|injected - in bone - leaked| / injected, 0 before anything is injected."""
        if self.injected <= 0.0:
            return 0.0
        return abs(self.injected - self.in_bone(problem) - float(self.leaked.sum())) / self.injected


@dataclass(frozen=True, eq=False)
class VeinFluxes:
    """Volume rates in the veins [m3/s].

    Parameters
    ----------
    link
        From the bone into the veins, through each link of the tree.
    cell
        Through each cell, from its start to its end.
    """

    link: Floats
    cell: Floats

    @classmethod
    def none(cls, problem: Problem) -> VeinFluxes:
        """Nothing flows, or there are no veins."""
        tree = problem.veins
        links, cells = (0, 0) if tree is None else (len(tree.link_index), len(tree.length))
        return cls(np.zeros(links), np.zeros(cells))


@dataclass(frozen=True, eq=False)
class Fluxes:
    """Volume rates that balance in every control volume [m3/s].

    Parameters
    ----------
    edge
        From the first to the second vertex of each edge.
    link
        Outward through each link of the linked outlets.
    fixed
        Outward at the vertices of fixed pressure, shape (n,), 0 elsewhere.
    rate
        Injected.
    vein
        In the veins.
    """

    edge: Floats
    link: Floats
    fixed: Floats
    rate: float
    vein: VeinFluxes

    @property
    def both_ends(self) -> tuple[Floats, Floats]:
        """Two sets of edge fluxes whose mean counts."""
        return self.edge, self.edge

    def scaled(self, factor: float) -> Fluxes:
        """All of them larger or smaller; they balance as before."""
        vein = VeinFluxes(factor * self.vein.link, factor * self.vein.cell)
        return Fluxes(factor * self.edge, factor * self.link, factor * self.fixed, factor * self.rate, vein)

    def mean(self, other: Fluxes) -> MeanFluxes:
        """Average of two sets; it balances as both do."""
        return MeanFluxes(
            self.edge,
            0.5 * (self.link + other.link),
            0.5 * (self.fixed + other.fixed),
            0.5 * (self.rate + other.rate),
            VeinFluxes(0.5 * (self.vein.link + other.vein.link), 0.5 * (self.vein.cell + other.vein.cell)),
            edge_end=other.edge,
        )


@dataclass(frozen=True, eq=False)
class MeanFluxes(Fluxes):
    """The mean of two sets, that of the edges not yet taken.

    It is taken where it is wanted: most edges are far from the cement, and these are the longest arrays of a step.

    Parameters
    ----------
    edge_end
        What is to be averaged with `edge`.
    """

    edge_end: Floats

    @property
    def both_ends(self) -> tuple[Floats, Floats]:
        """Two sets of edge fluxes whose mean counts."""
        return self.edge, self.edge_end


@dataclass(frozen=True, eq=False)
class Flow:
    """Pressure and fluxes of a state.

    Parameters
    ----------
    time
        Of that state [s].
    pressure, vein_pressure
        At the vertices, shape (n,), and at the nodes of the veins [Pa].
    fluxes
        Volume rates of that pressure.
    cement_viscosity
        In the pores, at the vertices [Pa s], shape (n,).
    marrow_viscosity
        The same of the marrow, shape (n,) or (1,).
    growth
        By how much the cement has thickened with age [-], shape (n,) or (1,).
    tip_pressure, syringe_pressure
        [Pa]; equal without a cannula.
    limited_by
        What holds the flow rate, one of `flow.drive.LIMITS`.
    demand
        Pressure that the wanted rate would need, relative to its limit; above 1 the limit holds. Infinite where no rate
        is wanted.
    residual
        Volume imbalance of the nonlinear equation relative to the rate.
    solves, iterations
        Linear systems and their conjugate-gradient iterations.
    converged
        Whether the residual met its tolerance.
    """

    time: float
    pressure: Floats
    vein_pressure: Floats
    fluxes: Fluxes
    cement_viscosity: Floats
    marrow_viscosity: Floats
    growth: Floats
    tip_pressure: float
    syringe_pressure: float
    limited_by: str
    demand: float
    residual: float
    solves: int
    iterations: int
    converged: bool


def first_condition(problem: Problem) -> Condition:
    """Before anything is injected; the bone is as warm as the body."""
    fresh = fresh_condition(problem, 0.0, 0.0)
    if not problem.followed:
        return fresh
    warm = fresh.temperature if problem.tissue is None else np.full(1, problem.body_temperature)
    temperature, age, cure = (np.repeat(x, problem.volumes.n) for x in (warm, fresh.age, fresh.cure))
    return Condition(temperature + problem.warmth if problem.tissue else temperature, age, cure)


def _heat_before(problem: Problem) -> float:
    """Heat that is there from the start [J]."""
    of = problem.heat_volumes
    return 0.0 if of is None else float(np.sum(of.stored(np.zeros(problem.volumes.n)) * problem.warmth))


def fresh_condition(problem: Problem, time: float, injected: float) -> Condition:
    """That of the cement in the syringe at a time [s] after so much was injected [m3], everywhere."""
    return Condition(*(np.full(1, number) for number in problem.syringe.condition(time, injected)))


def full_cannula(problem: Problem, time: float = 0.0, injected: float = 0.0) -> Contents:
    """A cannula full of what is in the syringe; nothing where its contents need not be followed."""
    cannula = problem.held_back
    if cannula is None:
        return Contents.none()
    return Contents.even(cannula.dead_volume, *problem.syringe.condition(time, injected))
