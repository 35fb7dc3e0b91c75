"""What lies behind the openings: pressures that rise as it fills, and cement that resists in the tissue."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from cementflow.flow.condition import at
from cementflow.flow.problem import Problem
from cementflow.flow.state import Flow, State
from cementflow.sites.compartments import Compartment
from cementflow.sites.outlets import Opening

Floats = NDArray[np.float64]
NEXT_TO_NOTHING = 1e-15  # m3
GIVEN_BACK = 0.9  # of what a site took, at most in one step: what the iteration leaves must not overdraw it


def outside_pressure(problem: Problem, state: State) -> Floats:
    """Pressure outside each link at the start of a step [Pa].

    That of a compartment rises by its stiffness with all fluid that came.
    """
    pressure = problem.link_pressure
    if not problem.compartments:
        return pressure
    pressure = pressure.copy()
    for compartment, members in _shared(problem):
        came = sum(float(state.leaked[i] + state.marrow_out[i]) for i, _, _ in members)
        for _, _, span in members:
            pressure[span] += compartment.stiffness * came
    return pressure


def braked(
    problem: Problem,
    state: State,
    dt: float,
    conductance: Floats,
    pressure: Floats,
    viscosity: Floats,
    outside: Floats,
) -> Floats:
    """Conductances of the links with what the tissue behind adds, as means over the coming step [m3/(Pa s)].

    All links of an opening in series with a resistance R pass G (p - P) / (1 + R G) together, G being their sum, P the
    pressure outside and p the mean of those at the links, weighted by their conductances. All links of a compartment of
    the stiffness s fill it by dV/dt = G (p - P - s V); while p holds, the mean flow over a step is
    G (p - P) (1 - exp(-x)) / x, x = s G dt: stable for any step, exact for one opening. Every link is slowed alike,
    which leaves the sum as it is. Nothing runs from one opening through the tissue to another within a step.

    What flows back is at most the marrow that the opening let out; the cement behind it stays.

    Parameters
    ----------
    problem, state
        The run, and what came so far.
    dt
        Length of the step [s].
    conductance
        Of the links themselves [m3/(Pa s)].
    pressure, viscosity
        Pressure [Pa] and viscosity of the cement [Pa s] at the vertices.
    outside
        Pressure outside each link [Pa].
    """
    if not problem.compartments:
        return conductance
    slowed = conductance.copy()
    lowest = min([float(outside.min()), *(o.pressure for o in problem.outlets)])
    for compartment, members in _shared(problem):
        total = 0.0
        for i, opening, span in members:
            inward = pressure[opening.vertices] < outside[span]
            head = float(outside[span.start]) - lowest
            slowed[span] *= _given_back(float(state.marrow_out[i]), dt, slowed[span], inward, head)
            own = float(slowed[span].sum())
            slowed[span] /= 1.0 + own * _resistance(compartment, state, i, opening, slowed[span], viscosity)
            total += float(slowed[span].sum())
        x = compartment.stiffness * total * dt
        factor = -np.expm1(-x) / x if x > 1e-12 else 1.0
        for _, _, span in members:
            slowed[span] *= factor
    return slowed


def tissue_flow(problem: Problem, state: State, dt: float, flow: Flow) -> Floats:
    """What a coming step would bring through the links into compartments [m3/s], under the pressure of a flow.

    0 at all other links.
    """
    through = np.zeros(len(problem.links))
    if not problem.compartments:
        return through
    outside, relative = outside_pressure(problem, state), problem.corey
    marrow = relative.marrow(state.saturation) / flow.marrow_viscosity
    mobility = relative.cement(state.saturation) / flow.cement_viscosity + marrow
    for _, members in _shared(problem):
        for _, opening, span in members:
            own = 1.0 / at(flow.marrow_viscosity, opening.vertices)
            through[span] = opening.conductance(mobility, own, flow.pressure, float(outside[span.start]))
    through = braked(problem, state, dt, through, flow.pressure, flow.cement_viscosity, outside)
    return through * (flow.pressure[problem.links] - outside)


def _shared(problem: Problem) -> Iterator[tuple[Compartment, list[tuple[int, Opening, slice]]]]:
    """Each compartment with the openings into it: their number, themselves, and where their links are."""
    for compartment in problem.compartments:
        yield (
            compartment,
            [
                (i, outlet, span)
                for i, outlet, span in problem.linked
                if isinstance(outlet, Opening) and outlet.confined and outlet.label == compartment.name
            ],
        )


def overdrawn(problem: Problem, state: State, dt: float, link: Floats) -> bool:
    """Whether some opening would give back more marrow in a step than it let out, by the flows through its links."""
    for _, members in _shared(problem):
        for i, _, span in members:
            if (
                -float(np.sum(np.minimum(link[span], 0.0))) * dt
                > max(float(state.marrow_out[i]), 0.0) + NEXT_TO_NOTHING
            ):
                return True
    return False


def _given_back(
    marrow_out: float, dt: float, conductance: Floats, inward: NDArray[np.bool_], head: float
) -> Floats:
    """By how much links that run inward are slowed, so that no more marrow comes back than went.

    Nowhere in the bone is the pressure below the lowest one outside, so that the head [Pa] of this outside above the
    lowest bounds what can drive them, whatever the pressure turns out to be.
    """
    most = float(np.sum(np.where(inward, conductance, 0.0))) * max(head, 0.0) * dt
    left = GIVEN_BACK * max(marrow_out, 0.0)
    return np.where(inward, min(1.0, left / most) if most > 0.0 else 1.0, 1.0)


def _resistance(
    compartment: Compartment, state: State, i: int, opening: Opening, conductance: Floats, viscosity: Floats
) -> float:
    """Of the cement in the tissue behind an opening [Pa s/m3]."""
    total = float(conductance.sum())
    if compartment.permeability is None or total <= 0.0:
        return 0.0
    thick = float(np.sum(conductance * viscosity[opening.vertices])) / total
    return compartment.resistance(opening.radius, float(state.leaked[i]), thick)
