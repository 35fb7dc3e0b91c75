"""What holds between needles and stages."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cementflow.case.checks import exactly_one, meaningless, needed
from cementflow.case.kinds import INVALID
from cementflow.case.positions import Position
from cementflow.case.sections import Section
from cementflow.units import close_match, format_quantity

if TYPE_CHECKING:
    from cementflow.case.stages import StageSpec

ANSWERS = ("go on", "stop", "pause", "slow")
SIDES = ("left", "right")
# Where a needle through a pedicle enters the body and where it ends, as fractions (ap, lr, si) for the left one: the
# pedicle meets the upper half of the posterior wall near its corner; the tip lies in front and short of the midline.
# Assumed: no published mean of these fractions was found.
PEDICLE, AIM = (0.0, 0.2, 0.68), (0.68, 0.4, 0.5)
INJECTING = ("needle", "batch", "flow_rate", "max_pressure", "max_tip_pressure", "until", "leak_limit")
ROUND_OFF = 1e-9


def pedicle(side: str, place: tuple[float, float, float]) -> Position:
    """A place of the needle through the pedicle of a side."""
    ap, lr, si = place
    return Position("fraction", (ap, lr if side == "left" else 1.0 - lr, si))


def needle(s: Section) -> None:
    """The tip is known; a depth is measured from where the needle enters."""
    entry = s.get("entry")
    if s.lacks("tip"):
        if entry in SIDES:
            s.values["tip"] = pedicle(entry, AIM)
        else:
            s.problem("tip", 'is missing: state where the tip is, or entry = "left" or "right"')
            s.values["tip"] = INVALID
    if "depth" in s.explicit and s.lacks("entry"):
        s.problem("depth", "needs entry, from which it is measured")
    if s.get("opening") == "front" and not s.lacks("entry"):
        meaningless(s, ("direction",), "follows from entry and tip")


def until(s: Section) -> None:
    """Something ends the stage."""
    if all(v is None or v is False for v in s.values.values()):
        s.reading.problems.append(f"{s.key} states nothing; give one of {', '.join(s.values)}")


def mix(s: Section) -> None:
    """The age is known in one way."""
    exactly_one(s, "mixed", "age")


def stage(s: Section) -> None:
    """A stage does one thing, and states only what belongs to it."""
    done = [n for n in ("inject", "pause", "withdraw") if not s.lacks(n)]
    if len(done) > 1:
        others = " and ".join(s.path(n) for n in done[1:])
        s.problem(done[0], f"and {others} exclude each other; make them stages of their own")
    elif not done and s.lacks("until"):
        s.reading.problems.append(
            f"{s.key} does nothing: state inject, pause, withdraw, or until what to inject"
        )
    if len(done) == 1 and done[0] != "inject":
        meaningless(s, INJECTING, f"has no meaning beside {done[0]}")
        if "on_leak" in s.explicit and s.get("on_leak") != "go on":
            s.problem("on_leak", f"has no meaning beside {done[0]}")
        return
    _limits(s)
    _answers(s)


def _limits(s: Section) -> None:
    """The stage may reach the pressure that ends it."""
    ends = s.get("until")
    for name, limit in (("syringe_pressure", "max_pressure"), ("tip_pressure", "max_tip_pressure")):
        end, most = getattr(ends, name, None), s.get(limit)
        if end is not None and most is not None and end > most * (1.0 + ROUND_OFF):
            s.problem(f"until.{name}", f"is never reached: it is above {s.path(limit)}")


def _answers(s: Section) -> None:
    """What is done on a leak is said in full, and nothing besides."""
    answer = s.get("on_leak")
    if answer is None:
        return
    wanted = {
        "pause": ("leak_limit", "leak_pause"),
        "slow": ("leak_limit", "leak_factor"),
        "stop": ("leak_limit",),
    }
    needed(s, wanted.get(answer, ()), f'on_leak = "{answer}" needs it')
    other = {"leak_limit", "leak_pause", "leak_factor"} - set(wanted.get(answer, ()))
    meaningless(s, tuple(sorted(other)), f'has no meaning with on_leak = "{answer}"')
    if answer not in ("pause", "slow"):
        meaningless(s, ("leak_retries",), f'has no meaning with on_leak = "{answer}"')
    elif s.lacks("leak_retries"):
        s.values["leak_retries"] = 1.0
    elif (times := s.get("leak_retries")) is not None and times != int(times):
        s.problem("leak_retries", "must be a whole number")


def protocol(s: Section) -> None:
    """Needles and stages of an injection fit together, and so do their volumes."""
    stages: tuple[StageSpec, ...] = s.get("stage") or ()
    if s.get("needle") == () and s.explicit & {"cannula", "needle", "source"} == {"needle"}:
        s.problem("needle", "is empty; state a needle, or a cannula instead")
    if not stages:
        if s.values["stage"] is not INVALID:
            needed(s, ("volume",), "volume to be injected (volume, 1 uL to 100 mL)")
        return
    stages = tuple(replace(g, name=g.name or f"stage {i}") for i, g in enumerate(stages, start=1))
    s.values["stage"] = stages
    _names(s, stages)
    _sequence(s, stages)
    _volumes(s, stages)
    _reachable(s, stages)
    if s.get("batch"):
        s.problem("batch", "is for an injection without stages; give the stage a batch instead")


def _names(s: Section, stages: tuple[StageSpec, ...]) -> None:
    names = [g.name for g in stages]
    for name in sorted({n for n in names if names.count(n) > 1}):
        s.problem("stage", f'has {names.count(name)} entries with the name "{name}"')
    needles = [n.name for n in s.get("needle") or ()]
    for g in stages:
        if g.needle is not None and g.needle not in needles and s.values["needle"] is not INVALID:
            there = f"; there are: {', '.join(needles)}" if needles else "; state [[injection.needle]]"
            hint = close_match(g.needle, needles) or there
            s.problem(f"stage.{g.name}.needle", f'names "{g.needle}", which is no needle{hint}')


def _sequence(s: Section, stages: tuple[StageSpec, ...]) -> None:
    """It begins and ends with cement."""
    if stages[0].pause is not None:
        s.problem(
            f"stage.{stages[0].name}.pause",
            "comes before anything was injected, so there is nothing to wait for",
        )
    last = stages[-1]
    if last.pause is not None or last.withdraw is not None:
        what = "pause" if last.pause is not None else "withdraw"
        s.problem(f"stage.{last.name}.{what}", "ends the injection; stop.until goes on after it")
    for g in stages:
        if g.withdraw is not None and "source" in s.explicit:
            s.problem(f"stage.{g.name}.withdraw", "needs a needle; injection.source is a ball without one")


def _volumes(s: Section, stages: tuple[StageSpec, ...]) -> None:
    """How much is injected at most is known, and not less than the stages ask for."""
    pushing = [g for g in stages if g.pause is None and g.withdraw is None]
    stated = sum(g.inject for g in pushing if g.inject is not None)
    volume = s.get("volume")
    if volume is None:
        if s.lacks("volume") and (open_end := next((g for g in pushing if g.inject is None), None)):
            s.problem("volume", f'is missing: stage "{open_end.name}" may inject all that is left of it')
    elif stated > volume * (1.0 + ROUND_OFF):
        total = format_quantity(float(f"{stated:.6g}"), "volume")
        s.problem("volume", f"is less than the stages inject, {total} in all")


def _reachable(s: Section, stages: tuple[StageSpec, ...]) -> None:
    """A stage can come to the pressure that ends it, where the limit is that of the whole injection."""
    for g in stages:
        if g.on_leak == "slow" and g.flow_rate is None and s.lacks("flow_rate"):
            s.problem(f"stage.{g.name}.on_leak", "has no rate to slow down: state flow_rate")
        for name, limit in (("syringe_pressure", "max_pressure"), ("tip_pressure", "max_tip_pressure")):
            end, most = getattr(g.until, name, None), s.get(limit)
            if (
                getattr(g, limit) is None
                and end is not None
                and most is not None
                and end > most * (1.0 + ROUND_OFF)
            ):
                s.problem(f"stage.{g.name}.until.{name}", f"is never reached: it is above {s.path(limit)}")


def all_driven(s: Section) -> bool:
    """Whether each stage that injects says for itself what drives."""
    pushing = [g for g in s.get("stage") or () if g.pause is None and g.withdraw is None]
    driven = [(g.flow_rate, g.max_pressure, g.max_tip_pressure) != (None, None, None) for g in pushing]
    return bool(driven) and all(driven)


def looks(s: Section) -> bool:
    """Whether a stage ends when a leak is seen."""
    injection = s.get("injection")
    return injection is not None and any(g.until is not None and g.until.seen for g in injection.stage)


def leaks(s: Section) -> None:
    """No stage waits for a leak at which the injection is stopped before."""
    injection, stop = s.get("injection"), s.get("stop")
    if injection is None or stop is None:
        return
    if stop.seen is not None and looks(s):
        s.problem("stop.seen", "ends the injection before a stage can end at a seen leak; state one of both")
    if stop.leaked is None:
        return
    for g in injection.stage:
        if (
            g.until is not None
            and g.until.leaked is not None
            and g.until.leaked > stop.leaked * (1.0 + ROUND_OFF)
        ):
            s.problem(
                f"injection.stage.{g.name}.until.leaked",
                "is never reached: stop.leaked ends the injection before",
            )
