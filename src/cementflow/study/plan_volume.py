"""Plans of the volume from one run a body: what had leaked when so much was in is what a run of that volume leaks.

This holds as long as nothing in the case looks at the volume that is to come: the run ends with the injection, and
there are no stages, batches or further needles, which share the volume.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cementflow.case import Case
from cementflow.errors import InputError
from cementflow.results.folder import RunFolder
from cementflow.study.plan_statement import Limit, Plan
from cementflow.units import close_match, parse_quantity
from cementflow.views.history import History, read_history

Floats = NDArray[np.float64]

VOLUME = "injection.volume"
_TOTAL = "leaked_ml.total"
_LEAK = "leaked_ml."
_PEAKS = {
    "peak_tip_pressure_kPa": "tip_pressure_kPa",
    "peak_syringe_pressure_kPa": "syringe_pressure_kPa",
}
_ML = 1e6


def answers_all_volumes(plan: Plan, cases: Sequence[Case | None]) -> bool:
    """Whether one run of the largest volume tells what all smaller ones would do."""
    if plan.key != VOLUME:
        return False
    told = all(k.name in _PEAKS or k.name.startswith(_LEAK) for k in plan.keep)
    return told and not any(_looks_ahead(c) for c in cases if c is not None)


def kept_at(plan: Plan, folders: Sequence[Path | None], values: Sequence[float]) -> list[list[bool | None]]:
    """Whether each body keeps all limits, by volume and body; None where a run has no result.

    Parameters
    ----------
    plan
        The question.
    folders
        Of the runs of the largest volume, None for one without a result.
    values
        Volumes in the unit of the plan.
    """
    histories = [None if f is None else read_history(RunFolder(f).history) for f in folders]
    _refuse_unknown(plan, [h for h in histories if h is not None])
    return [
        [None if h is None else all(k.keeps(_at(h, k, _ml(plan, v))) for k in plan.keep) for h in histories]
        for v in values
    ]


def _at(history: History, limit: Limit, volume: float) -> float:
    """The result that a run of a smaller volume [mL] would have had."""
    if limit.name in _PEAKS:
        column = history.columns[_PEAKS[limit.name]]
        values = np.maximum.accumulate(column)
    elif limit.name == _TOTAL:
        values = history.columns["leaked_ml"]
    elif (leak := history.leak(limit.name.removeprefix(_LEAK))) is not None:
        values = leak
    else:
        return 0.0  # another body has that outlet; through none nothing leaks
    injected = history.columns["injected_ml"]
    # While nothing goes in a leak may go on: the run of this volume ends when it is first reached.
    first = int(np.searchsorted(injected, volume * (1.0 - 1e-9)))
    if first == 0 or first == len(injected):
        return float(values[min(first, len(injected) - 1)])
    before, after = injected[first - 1], injected[first]
    share = min((volume - before) / (after - before), 1.0)
    return float(values[first - 1] + share * (values[first] - values[first - 1]))


def _refuse_unknown(plan: Plan, histories: Sequence[History]) -> None:
    """Limits on a leak that no run tells."""
    leaks = {
        _LEAK + c.removeprefix("leak_").removesuffix("_ml")
        for h in histories
        for c in h.columns
        if c.startswith("leak_")
    }
    known = {_TOTAL, *_PEAKS, *leaks}
    unknown = [k.name for k in plan.keep if k.name not in known] if histories else []
    if unknown:
        raise InputError([f'plan.keep: no run tells "{n}"{close_match(n, sorted(known))}' for n in unknown])


def _ml(plan: Plan, value: float) -> float:
    return _ML * parse_quantity(str(plan.text(value)), "volume")


def _looks_ahead(case: Case) -> bool:
    injection = case.injection
    shared = injection.stage or injection.batch or injection.needle
    return bool(shared) or case.stop.until is not None
