"""What matters most: Sobol indices, Morris effects, and indices of any sample, computed by SALib."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cementflow.errors import InputError
from cementflow.study.design_rows import codes_of, morris_steps, saltelli_second_order
from cementflow.study.effects import varied_factors
from cementflow.study.over_draws import mean_over_draws
from cementflow.study.result import StudyResult
from cementflow.study.table import DONE, STATUS, Table

Floats = NDArray[np.float64]

CONFIDENCE = 0.95
MORRIS_LEVELS = 4  # of the unit interval
MORRIS_STEP = MORRIS_LEVELS / (2 * (MORRIS_LEVELS - 1))  # of a trajectory, as SALib takes it
METHODS = ("sobol", "morris", "sample")
_RESAMPLES = 400  # of the bootstrap
_SEED = 1  # of the bootstrap: the same table gives the same confidence
_FEWEST = 60  # runs of a sample: three for each of the 20 coefficients that its bias is made of


@dataclass(frozen=True, eq=False)
class Sensitivity:
    """How much of a result each factor makes.

    Parameters
    ----------
    method
        "sobol" (first and total index), "morris" (mu*, sigma) or "sample" (first index of any sample).
    result
        Name of the result.
    factors
        Names of the factors.
    measures
        By name, one value a factor.
    confidence
        Half width of the 95 % confidence interval, for the measures that have one.
    used, left_out
        Rows the estimate is made from, and rows left out because a run failed.
    note
        What was left out and why, and what else is to be said; may be empty.
    """

    method: str
    result: str
    factors: tuple[str, ...]
    measures: Mapping[str, Floats]
    confidence: Mapping[str, Floats]
    used: int
    left_out: int
    note: str = ""


def sensitivity(
    table: Table, result: str, method: str, factors: tuple[str, ...] | None = None
) -> Sensitivity:
    """Estimate how much of a result each factor makes.

    Parameters
    ----------
    table
        Table of a study; for "sobol" all rows of a `saltelli` design in their order, for "morris" of a `morris` one.
    result
        Name of the result.
    method
        One of `METHODS`.
    factors
        Columns that are the factors; by default all of the table.

    Raises
    ------
    InputError
        If the rows are not those of the design, too few are left, or the result is the same in all of them.
    """
    if method not in METHODS:
        raise InputError(f"there is no method '{method}'; use {', '.join(METHODS)}")
    values = np.where([s in DONE for s in table.column(STATUS)], table.numbers(result), np.nan)
    if factors is None:
        factors = varied_factors(table) if method == "sample" else table.factors
    if not factors:
        raise InputError("no factor varies in the table")
    estimate = {"sobol": _sobol, "morris": _morris, "sample": _sample}[method]
    with np.errstate(all="ignore"):  # SALib divides by variances of resamples that may be zero
        return estimate(table, result, factors, values)


def of_study(study: StudyResult, result: str) -> Sensitivity:
    """Estimate by what the design of a study allows; of Sobol and Morris designs the mean over the draws, if any.

    Raises
    ------
    InputError
        As `sensitivity`.
    """
    method = {"saltelli": "sobol", "morris": "morris"}.get(study.design, "sample")
    table, draws = study.table, int(study.stated.get("draws", 1))
    if method == "sample" or not study.stated.get("uncertain"):
        return sensitivity(table, result, method)
    found = sensitivity(mean_over_draws(table, list(study.stated["factors"]), draws, result), result, method)
    return replace(found, note=f"Each is a mean over {draws} draws. {found.note}".strip())


def _sobol(table: Table, result: str, factors: tuple[str, ...], values: Floats) -> Sensitivity:
    """First and total indices, by the estimators of Saltelli et al. (2010) with bootstrap confidence."""
    analyze = _salib("sobol")
    k = len(factors)
    second = saltelli_second_order(codes_of(table, factors))
    kept, note = _whole(values, 2 * k + 2 if second else k + 2, "block")
    found = analyze(
        _problem(factors),
        kept,
        calc_second_order=second,
        num_resamples=_RESAMPLES,
        conf_level=CONFIDENCE,
        seed=_SEED,
    )
    measures = {"first": _floats(found["S1"]), "total": _floats(found["ST"])}
    confidence = {"first": _floats(found["S1_conf"]), "total": _floats(found["ST_conf"])}
    return Sensitivity(
        "sobol", result, factors, measures, confidence, len(kept), len(values) - len(kept), note
    )


def _morris(table: Table, result: str, factors: tuple[str, ...], values: Floats) -> Sensitivity:
    """mu* (Campolongo et al., 2007) and sigma of the elementary effects, in the result's unit over a factor's range."""
    analyze = _salib("morris")
    steps = morris_steps(codes_of(table, factors))
    size = len(factors) + 1
    kept, note = _whole(values, size, "trajectory")
    whole = _no_gap(values.reshape(-1, size))
    found = analyze(
        _problem(factors),
        _trajectories(steps[whole]),
        kept,
        num_resamples=_RESAMPLES,
        conf_level=CONFIDENCE,
        num_levels=MORRIS_LEVELS,
        seed=_SEED,
    )
    measures = {
        "mu*": _floats(found["mu_star"]),
        "sigma": _floats(found["sigma"]),
        "mu": _floats(found["mu"]),
    }
    confidence = {"mu*": _floats(found["mu_star_conf"]), "sigma": _sigma_confidence(kept, steps[whole])}
    return Sensitivity(
        "morris", result, factors, measures, confidence, len(kept), len(values) - len(kept), note
    )


def _sigma_confidence(values: Floats, steps: Floats) -> Floats:
    """Half width of the interval of sigma from resampled trajectories, as SALib makes that of mu*."""
    changes = np.diff(values.reshape(len(steps), -1), axis=1)
    effects = np.einsum("ts,tsf->tf", changes, steps) / MORRIS_STEP
    drawn = np.random.default_rng(_SEED).integers(len(effects), size=(_RESAMPLES, len(effects)))
    half: Floats = NormalDist().inv_cdf(0.5 + CONFIDENCE / 2) * effects[drawn].std(axis=1, ddof=1).std(
        axis=0, ddof=1
    )
    return half


def _trajectories(steps: Floats) -> Floats:
    """Rows of the unit hypercube that make these steps: SALib looks only at which factor moved and which way."""
    down = np.minimum(steps, 0.0).sum(axis=1, keepdims=True) < 0
    path = np.concatenate([np.zeros_like(steps[:, :1]), np.cumsum(steps, axis=1)], axis=1)
    rows: Floats = MORRIS_STEP * (path + down)
    return rows.reshape(-1, steps.shape[-1])


def _sample(table: Table, result: str, factors: tuple[str, ...], values: Floats) -> Sensitivity:
    """First indices of any sample by random balance designs (Tarantola et al., 2006; Plischke, 2010)."""
    analyze = _salib("rbd_fast")
    there = np.isfinite(values)
    if there.sum() < _FEWEST:
        raise InputError(
            f"{there.sum()} runs with a result are too few for indices of a sample; {_FEWEST} at least"
        )
    _must_vary(values[there])
    codes = codes_of(table, factors)[there]
    # Runs with one value of a factor go in random order: in that of the table they would follow another factor.
    places = codes + np.random.default_rng(_SEED).random(codes.shape)
    found = analyze(
        _problem(factors),
        places,
        values[there],
        num_resamples=_RESAMPLES // 4,
        conf_level=CONFIDENCE,
        seed=_SEED,
    )
    lost = int(len(values) - there.sum())
    note = f"{lost} of {len(values)} runs left out, as they have no result" if lost else ""
    first, width = {"first": _floats(found["S1"])}, {"first": _floats(found["S1_conf"])}
    return Sensitivity("sample", result, factors, first, width, int(there.sum()), lost, note)


def _whole(values: Floats, size: int, word: str) -> tuple[Floats, str]:
    """Results of the groups of rows in which none is missing, and what to say about the others."""
    groups = values.reshape(-1, size)
    whole = _no_gap(groups)
    if whole.sum() < 2:
        raise InputError(
            f"no estimate can be made: {int(np.isnan(values).sum())} of {len(values)} runs have no "
            f"result, which leaves {whole.sum()} of {len(whole)} whole {_plural(word)} of {size} runs; "
            "run the failed ones again (cementflow sweep --resume)"
        )
    _must_vary(groups[whole].ravel())
    lost = int((~whole).sum())
    words = f"{lost} of {len(whole)} {_plural(word)} of {size} runs left out, as a run in each has no result"
    return groups[whole].ravel(), words if lost else ""


def _no_gap(groups: Floats) -> NDArray[np.bool_]:
    """Which rows hold no NaN."""
    return np.asarray(np.isfinite(groups).all(axis=1))


def _plural(word: str) -> str:
    return f"{word[:-1]}ies" if word.endswith("y") else f"{word}s"


def _must_vary(values: Floats) -> None:
    if np.ptp(values) == 0:
        raise InputError(f"the result is {values[0]:g} in all runs: no factor makes a difference")


def _problem(factors: tuple[str, ...]) -> dict[str, Any]:
    return {
        "num_vars": len(factors),
        "names": [f"x{i}" for i in range(len(factors))],
        "bounds": [[0.0, 1.0]] * len(factors),
    }


def _floats(values: Any) -> Floats:
    return np.asarray(np.ma.getdata(values), float)


def _salib(method: str) -> Any:
    """The function `analyze` of a method."""
    from importlib import import_module

    try:
        return import_module(f"SALib.analyze.{method}").analyze
    except ImportError:
        raise InputError(
            'sensitivity needs SALib; install it with: pip install "cementflow[study]"'
        ) from None
