"""What the protocol asks for at the moment, and what comes after it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from cementflow.flow.attempt import LEAK_TOLERANCE, VOLUME_TOLERANCE
from cementflow.flow.course import Ends, Plan, Step, Watched
from cementflow.flow.problem import Problem
from cementflow.flow.stage import Ended, Progress, Stage
from cementflow.flow.state import Flow, State
from cementflow.sites.syringe import Batch

SMALLEST_RATE = 1e-3  # of the wanted rate: below it a pressure-limited injection has come to rest
AS_GOOD_AS = 1e-9  # of a time or a pressure
ALL_DONE = "all stages done"
VOLUME_IN = "volume injected"
LEAKED = "leak limit reached"
SEEN = "leak was seen"


@dataclass(frozen=True, eq=False)
class Turn:
    """What the protocol comes to after a step.

    Parameters
    ----------
    progress, ended
        As in `Step`.
    stopped
        Why the injection is over, empty while it goes on.
    told
        What else is worth telling.
    """

    progress: Progress
    ended: tuple[Ended, ...] = ()
    stopped: str = ""
    told: str = ""


def first_turn(plan: Plan, state: State, watched: Watched) -> Turn:
    """The beginning of the protocol."""
    if not plan.stages:
        return Turn(Progress())
    mixes = sum(stage.mix is not None for stage in plan.stages)
    nothing = Progress(mixed=np.zeros(mixes), after=np.full(mixes, np.inf))
    return _enter(plan, nothing, (), 0, state, watched)


def now(problem: Problem, plan: Plan, progress: Progress) -> tuple[Problem, Plan]:
    """Problem and plan of what is done at the moment; both as they are where there is no protocol.

    Parameters
    ----------
    problem, plan
        Of the whole run.
    progress
        In its protocol.
    """
    if not plan.stages:
        return problem, plan
    stage = plan.stages[progress.stage]
    drive = replace(
        stage.drive,
        rate=stage.drive.rate * stage.on_leak.factor**progress.answers,
        volume=_target(plan, stage, progress),
        stopped=stage.drive.stopped or progress.waits,
        elsewhere=progress.elsewhere,
    )
    changed: dict[str, object] = {"drive": drive}
    if stage.tip is not None:
        changed |= {"source": stage.tip.source, "near_tip": stage.tip.near}
    if len(progress.mixed):
        mixes = (Batch(float(a), float(m)) for a, m in zip(progress.after, progress.mixed, strict=True))
        batches = (problem.syringe.batches[0], *mixes)
        changed["syringe"] = replace(problem.syringe, batches=batches)
    here = replace(problem, **changed)  # type: ignore[arg-type]
    return here, replace(plan, ends=_ends(stage, progress))


def _target(plan: Plan, stage: Stage, progress: Progress) -> float:
    """Injected volume at which a stage is done [m3]."""
    return min(progress.injected + stage.drive.volume, plan.volume)


def _ends(stage: Stage, progress: Progress) -> Ends:
    time = progress.since + stage.until.lasting
    if progress.waits:
        return Ends(time=min(progress.waits_until, time))
    answered = progress.counted + stage.on_leak.limit
    return Ends(time, stage.until.leaked, answered, stage.until.syringe, stage.until.tip)


def next_turn(problem: Problem, plan: Plan, old: Step, state: State, flow: Flow, watched: Watched) -> Turn:
    """What the protocol comes to at the end of a step.

    Parameters
    ----------
    problem, plan
        Of what was done in the step, as `now` gives them.
    old
        Where the run stood before it.
    state, flow, watched
        Where it stands, and what was seen.
    """
    if old.stopped:
        return Turn(old.progress, old.ended, old.stopped)
    if not plan.stages:
        over = _volume_in(problem, state) or _rule(plan, state, watched) or _at_rest(problem, flow)
        return Turn(old.progress, stopped=over)
    progress = replace(
        old.progress,
        peak_tip=max(old.progress.peak_tip, flow.tip_pressure),
        peak_syringe=max(old.progress.peak_syringe, flow.syringe_pressure),
    )
    turn = _stage_turn(problem, plan, Turn(progress, old.ended), state, flow, watched)
    rule = _rule(plan, state, watched)
    if turn.stopped or not rule:
        return turn
    ended = turn.ended
    if len(ended) == len(old.ended):
        ended = (*ended, stage_so_far(plan, progress, state, rule))
    return Turn(turn.progress, ended, rule)


def _stage_turn(problem: Problem, plan: Plan, turn: Turn, state: State, flow: Flow, watched: Watched) -> Turn:
    """What a stage comes to by itself."""
    progress, stage = turn.progress, plan.stages[turn.progress.stage]
    why = _over(problem, plan, progress, state, flow, watched)
    if why:
        ended = (*turn.ended, stage_so_far(plan, progress, state, why))
        return _enter(plan, progress, ended, progress.stage + 1, state, watched)
    leaked = float(state.leaked.sum())
    if progress.waits:
        if _reached(state.time, progress.waits_until):
            progress = replace(progress, waits_until=np.nan, counted=leaked, turned=True)
        return replace(turn, progress=progress)
    if leaked < plan.ends.answered - LEAK_TOLERANCE:
        return turn
    answer = stage.on_leak
    if progress.answers >= answer.times:
        return Turn(progress, (*turn.ended, stage_so_far(plan, progress, state, LEAKED)), LEAKED)
    told = (
        f"waits {answer.wait:g} s"
        if answer.wait > 0.0
        else f"slows down to {problem.drive.rate * answer.factor * 6e7:.3g} mL/min"
    )
    progress = replace(
        progress,
        answers=progress.answers + 1,
        counted=plan.ends.answered,  # not what has leaked, or the tolerances of all answers would add up
        waits_until=state.time + answer.wait if answer.wait > 0.0 else np.nan,
        turned=True,
    )
    return Turn(progress, turn.ended, told=f"{stage.name}: {told}, as cement has leaked")


def _over(
    problem: Problem, plan: Plan, progress: Progress, state: State, flow: Flow, watched: Watched
) -> str:
    """Why the stage is over, empty while it goes on."""
    stage = plan.stages[progress.stage]
    until = stage.until
    if _reached(state.time, progress.since + until.lasting):
        return stage.done
    if problem.drive.stopped:
        return ""
    if over := _volume_in(problem, state):
        return over
    if state.leaked.sum() >= until.leaked - LEAK_TOLERANCE:
        return _leaked(stage)
    if until.seen and has_seen(plan, state, watched):
        return SEEN
    if _reached(flow.syringe_pressure, until.syringe):
        return f"syringe at {until.syringe * 1e-6:g} MPa"
    if _reached(flow.tip_pressure, until.tip):
        return f"tip at {until.tip * 1e-3:g} kPa"
    return _at_rest(problem, flow)


def pressure_reached(plan: Plan, flow: Flow) -> bool:
    """Whether a pressure that ends the stage is there."""
    return _reached(flow.syringe_pressure, plan.ends.syringe) or _reached(flow.tip_pressure, plan.ends.tip)


def _enter(
    plan: Plan, before: Progress, ended: tuple[Ended, ...], number: int, state: State, watched: Watched
) -> Turn:
    """The first stage from a number on that takes any time."""
    progress = before
    while number < len(plan.stages):
        progress = _entered(plan, progress, number, state)
        why = _done_at_once(plan, progress, state, watched)
        if not why:
            return Turn(progress, ended)
        ended = (*ended, stage_so_far(plan, progress, state, why))
        number += 1
    only = len(plan.stages) == 1
    return Turn(replace(progress, turned=False), ended, ended[-1].why if only else ALL_DONE)


def _entered(plan: Plan, before: Progress, number: int, state: State) -> Progress:
    stage, leaked = plan.stages[number], float(state.leaked.sum())
    mixed, after, waits_until = before.mixed, before.after, np.nan
    if stage.mix is not None:
        mix = stage.mix
        when = state.time - mix.age if mix.mixed is None else mix.mixed
        mixed, after = mixed.copy(), after.copy()
        mixed[mix.number], after[mix.number] = when, state.injected
        waits_until = when if when > state.time else np.nan
    last = plan.stages[before.stage]
    moved = stage.tip is not last.tip
    return Progress(
        stage=number,
        since=state.time,
        injected=state.injected,
        leaked=leaked,
        counted=leaked,
        waits_until=waits_until,
        elsewhere=state.injected if moved else before.elsewhere,
        # Withdrawals and pauses of no time must not hide it.
        filled=stage.needle != last.needle or (before.filled and before.turned),
        turned=True,
        mixed=mixed,
        after=after,
    )


def _done_at_once(plan: Plan, progress: Progress, state: State, watched: Watched) -> str:
    """Why a stage takes no time, empty if it does."""
    stage = plan.stages[progress.stage]
    if stage.until.lasting == 0.0:
        return stage.done
    if stage.drive.stopped:
        return ""
    if state.injected >= _target(plan, stage, progress) * (1.0 - VOLUME_TOLERANCE):
        return "nothing left to inject"
    if stage.until.seen and has_seen(plan, state, watched):
        return SEEN
    return _leaked(stage) if state.leaked.sum() >= stage.until.leaked - LEAK_TOLERANCE else ""


def stage_so_far(plan: Plan, progress: Progress, state: State, why: str) -> Ended:
    """What a stage came to, up to a state; `why` it ended, if it did."""
    return Ended(
        name=plan.stages[progress.stage].name,
        why=why,
        start=progress.since,
        end=state.time,
        injected=state.injected - progress.injected,
        leaked=float(state.leaked.sum()) - progress.leaked,
        peak_tip=progress.peak_tip,
        peak_syringe=progress.peak_syringe,
        answers=progress.answers,
    )


def _leaked(stage: Stage) -> str:
    return f"{stage.until.leaked * 1e6:g} mL leaked"


def _reached(value: float, goal: float) -> bool:
    return value >= goal * (1.0 - AS_GOOD_AS)


def _volume_in(problem: Problem, state: State) -> str:
    return VOLUME_IN if state.injected >= problem.drive.volume * (1.0 - VOLUME_TOLERANCE) else ""


def has_seen(plan: Plan, state: State, watched: Watched) -> bool:
    """Whether the operator has seen a leak, and has had the time to act."""
    watch = plan.watch
    return watch is not None and state.time >= (watched.since + watch.delay) * (1.0 - 1e-12)


def _rule(plan: Plan, state: State, watched: Watched) -> str:
    """The rule that stops the injection, whatever the protocol says."""
    if state.leaked.sum() >= plan.max_leaked - LEAK_TOLERANCE:
        return LEAKED
    by_stage = any(stage.until.seen for stage in plan.stages)
    if not by_stage and has_seen(plan, state, watched):
        return SEEN
    return "time limit reached" if state.time >= plan.max_time * (1.0 - 1e-12) else ""


def _at_rest(problem: Problem, flow: Flow) -> str:
    if flow.fluxes.rate >= SMALLEST_RATE * problem.drive.rate:
        return ""
    return f"flow came to rest at the limit of the {flow.limited_by}"
