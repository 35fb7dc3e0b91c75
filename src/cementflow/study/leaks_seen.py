"""Which bodies of a cohort leak, by kind of leak, to an observer: tomography, radiographs, or the model itself."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cementflow.errors import InputError
from cementflow.study.published import KINDS
from cementflow.study.table import Table

Flags = NDArray[np.bool_]

# Assumed: what leaked at one outlet, or in the model from all outlets of a type, and nobody would report [mL].
LEAST_ML = 0.01


@dataclass(frozen=True)
class Observer:
    """Who looks for leaks.

    Parameters
    ----------
    views
        Columns of `detectability` in any of which a leak has to stand out; none if the model itself tells.
    least_ml
        What has to lie at an outlet [mL].
    """

    views: tuple[str, ...]
    least_ml: float = 0.0


# "radiograph" sees what stands out from in front or from the side; Yeom et al. 2003 had the lateral view only.
# Tomography shows threads of less than a microlitre, which a reader may not report: hence the second one.
OBSERVERS = {
    "ct": Observer(("ct",)),
    "large on ct": Observer(("ct",), LEAST_ML),
    "radiograph": Observer(("radiograph.AP", "radiograph.lateral")),
    "lateral radiograph": Observer(("radiograph.lateral",)),
    "model": Observer((), LEAST_ML),
}
TYPES = ("B", "S", "C", "D")
_TYPE = re.compile(r"sites\.outlets\.(?P<outlet>.+)\.type")


def leaking(table: Table, observer: str) -> Mapping[str, Flags]:
    """Whether each body leaks, by kind of leak.

    Parameters
    ----------
    table
        Of a study; only of runs that are done.
    observer
        One of `OBSERVERS`; to "model" a leak is what left the pores by a type of outlet, also into a vein in the body.

    Returns
    -------
    Mapping
        By kind as in `published.KINDS`, shape (rows,).

    Raises
    ------
    InputError
        If the table does not say what the observer sees.
    """
    looking = OBSERVERS[observer]
    by_type = _by_eye(table, looking) if looking.views else _by_model(table, looking.least_ml)
    venous = by_type["B"] | by_type["S"]
    anywhere = venous | by_type["C"] | by_type["D"]
    return {k: {"any": anywhere, "venous": venous}.get(k, by_type.get(k, anywhere)) for k in KINDS}


def _by_model(table: Table, least_ml: float) -> dict[str, Flags]:
    if not any(f"leaked_by_type_ml.{kind}" in table.names for kind in TYPES):
        raise InputError("the table does not say what leaked by type (leaked_by_type_ml.B and so on)")
    return {k: _of(table, f"leaked_by_type_ml.{k}") > least_ml for k in TYPES}


def _by_eye(table: Table, looking: Observer) -> dict[str, Flags]:
    found = {k: np.zeros(len(table.rows), dtype=bool) for k in TYPES}
    outlets = [m["outlet"] for m in map(_TYPE.fullmatch, table.names) if m]
    if not outlets:
        raise InputError("the table names no outlets with their types (sites.outlets.*.type)")
    for outlet in outlets:
        # An outlet that a body does not have is an empty cell, and so is what would be seen of it.
        kinds = table.column(f"sites.outlets.{outlet}.type")
        seen = np.zeros(len(kinds), dtype=bool)
        for view in looking.views:
            seen |= _of(table, f"detectability.{outlet}.{view}") > 0.0
        if looking.least_ml:
            seen &= _of(table, f"detectability.{outlet}.near_ml") > looking.least_ml
        for kind in TYPES:
            found[kind] |= seen & np.array([k == kind for k in kinds], dtype=bool)
    return found


def _of(table: Table, name: str) -> NDArray[np.float64]:
    """A column of numbers, 0 where there is nothing to say."""
    if name not in table.names:
        return np.zeros(len(table.rows))
    return np.nan_to_num(table.numbers(name), nan=0.0)
