"""The course of an ablation: power that holds a temperature, and what it does to the tissue."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from cementflow.ablation.electrode import Heating
from cementflow.ablation.network import Network
from cementflow.flow.harm import Harm

Floats = NDArray[np.float64]
FIRST_STEP, LONGEST_STEP, STEP_GROWTH = 0.5, 15.0, 1.4  # s, s, from step to step


@dataclass(frozen=True)
class Control:
    """What is wanted, and for how long.

    Parameters
    ----------
    duration, wait
        Time with power, and after it [s].
    target
        Excess temperature that is held [K].
    max_power
        [W].
    at_tip
        Whether the sensor at the tip is held, or else that where it is hottest. Tissue away from the electrode is
        always cooler.
    perfusion_stops
        Whether killed tissue loses its blood flow.
    longest_step
        [s].
    """

    duration: float
    wait: float
    target: float
    max_power: float
    at_tip: bool = False
    perfusion_stops: bool = True
    longest_step: float = LONGEST_STEP


@dataclass(frozen=True)
class Moment:
    """What there is to tell after a step.

    Parameters
    ----------
    time
        Since the power came on [s].
    power
        Mean over the step [W].
    energy
        So far [J].
    electrode
        Excess temperature of the tissue at its hottest part [K].
    lesion
        Bone that has been above each level so far, by control volumes [m3].
    watched
        Highest excess temperatures of the watched groups of nodes [K].
    """

    time: float
    power: float
    energy: float
    electrode: float
    lesion: tuple[float, ...]
    watched: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class Treated:
    """The tissue after an ablation.

    Parameters
    ----------
    excess
        Temperature of each node above that of the body [K].
    harm
        What each node went through; its peak is absolute [K].
    blood, far
        Heat that blood and far tissue took up [J].
    moments
        After each step, the begin first.
    """

    excess: Floats
    harm: Harm
    blood: float
    far: float
    moments: tuple[Moment, ...]

    def imbalance(self, network: Network) -> float:
        """Heat that is missing or too much, relative to what was given."""
        given = self.moments[-1].energy
        there = float(np.sum(network.capacity * self.excess)) + self.blood + self.far
        return abs(there - given) / given if given > 0.0 else 0.0


@dataclass
class _Now:
    """The tissue on the way."""

    excess: Floats
    harm: Harm
    unit: Floats  # change by a watt in the last step, per second
    time: float = 0.0
    energy: float = 0.0
    blood: float = 0.0
    far: float = 0.0
    moments: list[Moment] = field(default_factory=list)


@dataclass(frozen=True, eq=False)
class Watch:
    """What is told of every step.

    Parameters
    ----------
    levels
        Excess temperatures whose lesions are told [K].
    groups
        Groups of nodes whose highest temperature is told.
    """

    levels: tuple[float, ...] = ()
    groups: tuple[NDArray[np.int64], ...] = ()


def treat(
    network: Network, heat: Heating, control: Control, body: float, watch: Watch | None = None
) -> Treated:
    """Warm the tissue, hold it, and let it cool.

    The temperatures after a step are linear in its power. So two fields, without power and for a watt, tell exactly the
    power at which the hottest place is at the target when the step ends: nothing to tune and nothing to overshoot.

    Parameters
    ----------
    network, heat
        What is heated and how.
    control
        What is wanted.
    body
        Temperature of the body [K].
    watch
        What is told.
    """
    watch = watch or Watch()
    warm = np.full(network.size, body)
    now = _Now(np.zeros(network.size), Harm.none(warm), np.zeros(network.size))
    now.moments.append(_moment(network, 0.0, 0.0, now, body, watch))
    for end, on in ((control.duration, True), (control.duration + control.wait, False)):
        dt = FIRST_STEP
        while (left := end - now.time) > 1e-9 * end:
            # The last two steps share what is left, so that none is a splinter.
            step = left if left <= dt * (1.0 + 1e-9) else min(dt, 0.5 * left) if left < 2.0 * dt else dt
            _advance(network, heat, control, body, now, step, on, watch)
            dt = min(dt * STEP_GROWTH, control.longest_step)
    return Treated(now.excess, now.harm, now.blood, now.far, tuple(now.moments))


def _advance(
    network: Network,
    heat: Heating,
    control: Control,
    body: float,
    now: _Now,
    dt: float,
    on: bool,
    watch: Watch,
) -> None:
    n = network.n
    alive = np.exp(-np.minimum(now.harm.damage, 700.0)) if control.perfusion_stops else np.ones(network.size)
    nothing = np.zeros(network.size)
    after, mean = network.after(now.excess, nothing, alive, dt, nothing)
    power = 0.0
    if on:
        unit, unit_mean = network.after(nothing, heat.shape, alive, dt, now.unit * dt)
        power = _power(heat, control, after[:n], unit[:n])
        after, mean, now.unit = after + power * unit, mean + power * unit_mean, unit / dt
    blood, far = network.lost(mean, alive, dt)
    now.harm = now.harm.after(now.excess + body, after + body, dt)
    now.excess = after
    now.energy, now.blood, now.far = now.energy + power * dt, now.blood + blood, now.far + far
    now.time += dt
    sensed = float(heat.sensed(after[:n], power).max())
    now.moments.append(_moment(network, power, sensed, now, body, watch))


def _moment(network: Network, power: float, sensed: float, now: _Now, body: float, watch: Watch) -> Moment:
    peak = now.harm.peak[: network.n] - body
    lesion = tuple(float(network.volume[peak > level].sum()) for level in watch.levels)
    groups = tuple(float(now.excess[group].max()) for group in watch.groups)
    return Moment(now.time, power, now.energy, sensed, lesion, groups)


def _power(heat: Heating, control: Control, without: Floats, by_watt: Floats) -> float:
    """Power at which what is held reaches the target at the end of the step, within what the generator can do."""
    cold, rise = heat.sensed(without, 0.0), heat.sensed(by_watt, 1.0)
    if control.at_tip:
        cold, rise = cold[-1:], rise[-1:]
    wanted = float(np.min((control.target - cold) / rise))
    return min(max(wanted, 0.0), control.max_power)
