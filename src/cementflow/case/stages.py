"""The protocol of an injection: needles, and stages that follow each other."""

# ruff: noqa: RUF009 - `entry` makes a dataclass field, which ruff cannot know.
from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from cementflow.case import stage_rules
from cementflow.case.fields import entry
from cementflow.case.kinds import Choice, Flag, Number, Quantity, Text
from cementflow.case.ranges import CLOCK, DRIVE, WAIT
from cementflow.case.sections import Rules, Table
from cementflow.case.stage_rules import ANSWERS

VOLUME = Quantity("volume", "1 uL", "100 mL")
RATE = Quantity("flow rate", "0.001 mL/min", "600 mL/min")


@dataclass(frozen=True, kw_only=True)
class UntilSpec:
    """What ends a stage before its volume is in; whichever comes first."""

    leaked: float | None = entry(VOLUME, "so much cement has left the bone since the start of the run", None)
    syringe_pressure: float | None = entry(DRIVE, "the pressure in the syringe has come to this", None)
    tip_pressure: float | None = entry(DRIVE, "the pressure at the tip has come to this", None)
    time: float | None = entry(WAIT, "the stage has lasted so long", None)
    seen: bool = entry(
        Flag(),
        "cement outside the bone can be seen on the fluoroscopy, and `imaging.delay` has passed",
        False,
    )

    RULES: ClassVar = Rules(stage_rules.until)


@dataclass(frozen=True, kw_only=True)
class MixSpec:
    """A new mix of the same cement, in a new syringe."""

    mixed: float | None = entry(
        Quantity("time", "-24 h", "24 h"),
        "when it was mixed, by the clock of the run; the stage waits for it",
        None,
    )
    age: float | None = entry(CLOCK, "how old it is when the stage begins", None)

    RULES: ClassVar = Rules(stage_rules.mix, displaces={"mixed": ("age",), "age": ("mixed",)})


@dataclass(frozen=True, kw_only=True)
class StageSpec:
    """What is done next: cement is injected, nothing is done for a while, or the needle is drawn back."""

    name: str = entry(Text(80), "name in results", None, note='"stage 1", "stage 2", ...')
    inject: float | None = entry(VOLUME, "volume to inject", None, note="with until all that is left")
    pause: float | None = entry(WAIT, "time to wait; what flows by itself goes on", None)
    withdraw: float | None = entry(
        Quantity("length", "0.1 mm", "100 mm"),
        "length by which the needle is drawn back, which takes no time",
        None,
    )
    needle: str | None = entry(
        Text(80), "needle to inject through", None, note="the one in use, at first the first"
    )
    batch: MixSpec | None = entry(Table(MixSpec), "go on with a new mix", None)
    flow_rate: float | None = entry(RATE, "instead of injection.flow_rate", None)
    max_pressure: float | None = entry(DRIVE, "instead of injection.max_pressure", None)
    max_tip_pressure: float | None = entry(DRIVE, "instead of injection.max_tip_pressure", None)
    until: UntilSpec | None = entry(Table(UntilSpec), "what ends the stage early", None)
    on_leak: str = entry(
        Choice(ANSWERS),
        "what to do when leak_limit has left: end the injection, wait and try again, slow down, or nothing",
        "go on",
    )
    leak_limit: float | None = entry(
        VOLUME, "cement that has left since the stage began, or since the last answer to a leak", None
    )
    leak_pause: float | None = entry(WAIT, 'how long on_leak = "pause" waits', None)
    leak_factor: float | None = entry(
        Number(0.01, 0.99), 'by what on_leak = "slow" multiplies the flow rate', None
    )
    leak_retries: float | None = entry(
        Number(0, 100), "how often to wait or slow down; after that the injection ends", None, note="1"
    )

    RULES: ClassVar = Rules(
        stage_rules.stage,
        displaces={
            "inject": ("pause", "withdraw"),
            "pause": ("inject", "withdraw"),
            "withdraw": ("inject", "pause"),
        },
    )
