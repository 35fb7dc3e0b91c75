"""The protocol of an injection: stages that follow each other, and how far a run has come in them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from cementflow.flow.problem import Drive
from cementflow.sites.near_tip import NearTip

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Tip:
    """Where the cement of a stage comes out.

    Parameters
    ----------
    source
        Share of the injected cement that enters each vertex, shape (n,), sum 1.
    near
        What the mesh gets wrong close to it, None to leave it so.
    inside
        Share of its ball that lies in the bone [-].
    """

    source: Floats
    near: NearTip | None = None
    inside: float = 1.0


@dataclass(frozen=True)
class Until:
    """What ends a stage before its volume is in: infinite where it does not.

    Parameters
    ----------
    leaked
        Cement that has left the bone since the start of the run [m3].
    syringe, tip
        Pressures [Pa].
    lasting
        Time since the stage began [s].
    seen
        Whether the operator has seen a leak (`flow/sighting.py`).
    """

    leaked: float = np.inf
    syringe: float = np.inf
    tip: float = np.inf
    lasting: float = np.inf
    seen: bool = False


@dataclass(frozen=True)
class OnLeak:
    """What is done when some cement has left since the stage began, or since this was last done.

    Parameters
    ----------
    limit
        How much has to leave [m3].
    times
        How often it is answered by a wait or a slower flow; after that the injection ends.
    wait
        How long nothing is pushed then [s].
    factor
        By what the rate is multiplied then.
    """

    limit: float = np.inf
    times: int = 0
    wait: float = 0.0
    factor: float = 1.0


@dataclass(frozen=True)
class Mix:
    """New cement for a stage, mixed at a time on the clock of the run, or so old when the stage begins [s]."""

    number: int
    mixed: float | None = None
    age: float = 0.0


@dataclass(frozen=True, eq=False)
class Stage:
    """What is done for a while.

    Parameters
    ----------
    name
        In results.
    drive
        How cement is pushed, and the volume of this stage; `stopped` where nothing is.
    tip
        Where it comes out; None for that of the problem.
    needle
        Number of the needle that it comes through. A needle is filled when it is taken up.
    until
        What ends it.
    on_leak
        What is done when cement leaves.
    mix
        The new cement that it takes, if it does.
    done
        How to say that its time is over.
    """

    name: str
    drive: Drive
    tip: Tip | None = None
    needle: int = 0
    until: Until = Until()
    on_leak: OnLeak = OnLeak()
    mix: Mix | None = None
    done: str = "time over"


@dataclass(frozen=True)
class Ended:
    """A stage that is over.

    Parameters
    ----------
    name, why
        Which, and why it ended.
    start, end
        When [s].
    injected, leaked
        Cement that entered and left in it [m3].
    peak_tip, peak_syringe
        Largest pressures in it [Pa], 0 for one that took no time.
    answers
        How often it waited or slowed down for a leak.
    """

    name: str
    why: str
    start: float
    end: float
    injected: float
    leaked: float
    peak_tip: float
    peak_syringe: float
    answers: int


@dataclass(frozen=True, eq=False)
class Progress:
    """How far a run has come in its protocol.

    Parameters
    ----------
    stage
        Number of the stage from 0 on.
    since
        When it began [s].
    injected, leaked
        Cement that had entered and left by then [m3].
    counted
        Cement that had left when leaks began to count for `OnLeak` [m3].
    answers
        How often it was answered.
    waits_until
        Time up to which nothing is pushed, for a leak or for cement that is yet to be mixed [s]; NaN: it is.
    elsewhere
        Cement that came out of another tip before [m3].
    filled
        Whether another needle was taken up, and is filled from the syringe before anything else.
    turned
        Whether what is done has changed, so that the flow of the step is not that of the next one.
    peak_tip, peak_syringe
        Largest pressures in the stage [Pa].
    mixed, after
        Of each further mix when it was mixed [s], and the injected volume from which it comes [m3], infinite before it
        does.
    """

    stage: int = 0
    since: float = 0.0
    injected: float = 0.0
    leaked: float = 0.0
    counted: float = 0.0
    answers: int = 0
    waits_until: float = np.nan
    elsewhere: float = 0.0
    filled: bool = False
    turned: bool = False
    peak_tip: float = 0.0
    peak_syringe: float = 0.0
    mixed: Floats = field(default_factory=lambda: np.zeros(0))
    after: Floats = field(default_factory=lambda: np.zeros(0))

    @property
    def waits(self) -> bool:
        """Whether the stage waits before it goes on."""
        return not np.isnan(self.waits_until)
