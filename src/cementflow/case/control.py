"""What ends an injection, what is stored, and how finely it is computed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from cementflow.case import rules
from cementflow.case.compound_kinds import FlagOrQuantity, WordOrQuantity
from cementflow.case.fields import entry
from cementflow.case.kinds import Flag, Number, Quantity, Times
from cementflow.case.ranges import CLOCK, WAIT
from cementflow.case.sections import Rules


@dataclass(frozen=True, kw_only=True)
class StopSpec:
    """What ends the injection before the volume is in, and when the run ends."""

    leaked: float | None = entry(
        Quantity("volume", "1 uL", "100 mL"), "stop once this much cement has left", None
    )
    seen: float | None = entry(
        FlagOrQuantity(Quantity("volume", "1 uL", "100 mL")),
        "stop once cement outside the bone, or so much of it, can be seen on the fluoroscopy (`[imaging]`)",
        None,
    )
    time: float | None = entry(WAIT, "stop this long after the start", None)
    until: str | float | None = entry(
        WordOrQuantity(("set", "cool"), WAIT),
        "go on after the injection until the cement is set, until it is set and nothing is hotter than 43 degC, or "
        "until this long after the start",
        None,
        note="ends with the injection",
    )


@dataclass(frozen=True, kw_only=True)
class OutputSpec:
    """What is stored. Steps end at the times of the fields, so those times belong to the numerics too."""

    fields_every: float | None = entry(
        WAIT, "fields at every multiple of this time", None, note="only start and end"
    )
    field_times: tuple[float, ...] = entry(Times(CLOCK), "fields at these times", [])
    figures: bool = entry(Flag(), "draw pictures at the end", True)
    fields: bool = entry(Flag(), "write fields", True)


@dataclass(frozen=True, kw_only=True)
class NumericsSpec:
    """Steps and tolerances."""

    max_step: float = entry(WAIT, "longest time step", "5 s", source="assumed")
    min_step: float = entry(
        Quantity("time", "1e-12 s", "1 h"),
        "shortest time step before the run is given up",
        "1e-6 s",
        source="assumed",
    )
    step_tolerance: float = entry(
        Number(1e-6, 1.0),
        "share of the cement of a step that may lie elsewhere, by the estimate of its error",
        0.15,
        source="measured: see docs/decisions.md",
    )
    picard_tolerance: float = entry(
        Number(1e-12, 0.1),
        "volume imbalance at which pressure and mobility agree, relative to the flow rate",
        1e-2,
        source="measured: see docs/decisions.md",
    )
    linear_tolerance: float = entry(
        Number(1e-14, 0.01),
        "volume imbalance that the linear solver may leave, relative to the flow rate",
        1e-4,
        source="measured: see docs/decisions.md",
    )

    RULES: ClassVar = Rules(rules.numerics)
