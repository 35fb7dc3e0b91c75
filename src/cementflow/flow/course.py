"""A run as a sequence of accepted steps, and the plan that it follows."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from cementflow.flow.stage import Ended, Progress, Stage
from cementflow.flow.state import Flow, State
from cementflow.flow.watch import Watch


@dataclass(frozen=True)
class Ends:
    """What ends that which is done at the moment, a stage or a part of it; infinite where it does not.

    A further kind of end needs an entry here, where it is crossed in `attempt` and where it is reached in `protocol`.

    Parameters
    ----------
    time
        On the clock of the run [s].
    leaked
        Cement that has left [m3] at which the stage is over.
    answered
        Cement that has left [m3] at which the stage answers the leak.
    syringe, tip
        Pressures [Pa].
    """

    time: float = np.inf
    leaked: float = np.inf
    answered: float = np.inf
    syringe: float = np.inf
    tip: float = np.inf


@dataclass(frozen=True)
class Plan:
    """What to do, when to stop, and which times to meet.

    Parameters
    ----------
    output_times
        Ascending times [s] that a step has to end on.
    max_leaked
        Leaked cement [m3] at which the injection is stopped.
    max_time
        Time [s] at which it is stopped.
    until
        Time [s] up to which the run goes on after the injection; infinite: until the cement is set. Without it the run
        ends with the injection.
    cool
        Largest temperature [K] at which a run that goes on until the cement is set may end.
    bends
        Ascending times [s] at which a pressure outside begins to change or ceases to; steps end on them.
    watch
        Looks for cement outside the bone, None to do without.
    seen
        Visible cement outside [m3] at which the operator stops; 0: any, infinite: never.
    volume
        Injected volume [m3] that no stage goes beyond.
    stages
        The protocol; without one the drive of the problem is followed to its end.
    ends
        Of what is done at the moment; set by the protocol.
    """

    output_times: tuple[float, ...] = ()
    max_leaked: float = np.inf
    max_time: float = np.inf
    until: float | None = None
    cool: float = np.inf
    bends: tuple[float, ...] = ()
    watch: Watch | None = None
    seen: float = np.inf
    volume: float = np.inf
    stages: tuple[Stage, ...] = ()
    ends: Ends = Ends()


@dataclass(frozen=True)
class Event:
    """Something worth telling that happened at a time [s]."""

    time: float
    what: str


@dataclass(frozen=True)
class Counters:
    """Work done so far."""

    steps: int = 0
    rejected: int = 0
    pressure_solves: int = 0
    linear_iterations: int = 0

    def plus(self, flow: Flow | None, steps: int = 0, rejected: int = 0) -> Counters:
        """With the solves of one more flow."""
        solves, iterations = (flow.solves, flow.iterations) if flow is not None else (0, 0)
        return Counters(
            self.steps + steps,
            self.rejected + rejected,
            self.pressure_solves + solves,
            self.linear_iterations + iterations,
        )


@dataclass(frozen=True)
class Rest:
    """What happened after the injection.

    Parameters
    ----------
    since
        When the injection ended [s], NaN before.
    leaked
        Cement that left the bone since then [m3].
    moved
        Cement that came to lie elsewhere in the bone since then [m3].
    still_since
        When all flow had ceased, with veins that of the cement [s]; NaN before.
    set_at
        When the cement in the bone was set [s], NaN before.
    """

    since: float = np.nan
    leaked: float = 0.0
    moved: float = 0.0
    still_since: float = np.nan
    set_at: float = np.nan


NO_REST = Rest()


@dataclass(frozen=True, eq=False)
class Watched:
    """What the operator has seen.

    Parameters
    ----------
    ratio
        Signal to noise of each outlet in each view now; shape (outlets, views), or (0, 0) where nobody looks.
    first
        When it first was seen [s], NaN before, of the same shape.
    leaked
        Cement outside when anything was first seen [m3], NaN before.
    since
        When enough was seen to stop [s], NaN before.
    """

    ratio: np.ndarray
    first: np.ndarray
    leaked: float = np.nan
    since: float = np.nan


NOT_WATCHED = Watched(np.zeros((0, 0)), np.zeros((0, 0)))


@dataclass(frozen=True, eq=False)
class Step:
    """An accepted step: everything that the next one needs.

    Parameters
    ----------
    state, flow
        Where the cement is and how it moves.
    rate_slope
        Change of the flow rate with time [m3/s2].
    dt
        Step to try next [s].
    counters, events
        Since the start of the run.
    first_leak
        Time of the first leak of each outlet [s], NaN before.
    stopped
        Why the injection is over, empty while it goes on.
    finished
        Why the run is over, empty while it goes on.
    rest
        What happened after the injection.
    watched
        What was seen outside the bone.
    progress
        In the protocol.
    ended
        Stages that are over.
    during
        Number of the stage in which the step was made, from 1 on; 0 after the injection, or without a protocol.
    """

    state: State
    flow: Flow
    rate_slope: float
    dt: float
    counters: Counters
    first_leak: np.ndarray
    events: tuple[Event, ...] = ()
    stopped: str = ""
    finished: str = ""
    rest: Rest = NO_REST
    watched: Watched = NOT_WATCHED
    progress: Progress = field(default_factory=Progress)
    ended: tuple[Ended, ...] = ()
    during: int = 0
