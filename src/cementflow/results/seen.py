"""Who would see what left the bone: fluoroscopy, a radiograph, computed tomography."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cementflow.case import ImagingSpec
from cementflow.flow.course import Step
from cementflow.flow.state import State
from cementflow.flow.watch import VIEWS
from cementflow.laws.imaging import TOMOGRAPHY, TOMOGRAPHY_BONE, Scanner, hounsfield
from cementflow.model import Model
from cementflow.results.numbers import ML, or_none
from cementflow.sites.outside import Pieces
from cementflow.sites.wall import DEFAULT_WALL


def seen_report(model: Model, step: Step | None, state: State) -> dict[str, Any]:
    """What can be seen at the end, by outlet, and when it first could be [s]; without `[imaging]` only the end."""
    watch, outlets = model.watch, model.problem.outlets
    screen, plate = watch.sight(state), watch.sight(state, watch.radiograph)
    pieces = watch.pieces(state)
    scanned = _scanned(model, pieces)
    found = {}
    for i, outlet in enumerate(outlets):
        found[outlet.name] = {
            "near_ml": ML * float(screen.volume[i]),
            "thickness_mm": _by_view(1e3 * screen.thickness[i]),
            "fluoroscopy": _by_view(screen.ratio[i] >= watch.fluoroscopy.threshold),
            "radiograph": _by_view(plate.ratio[i] >= watch.radiograph.threshold),
            "ct": bool(scanned[i]),
        }
    first, leaked = None, np.nan
    if model.plan.watch is not None and step is not None:
        times = step.watched.first
        first = {
            o.name: {v: or_none(t) for v, t in zip(VIEWS, times[i], strict=True)}
            for i, o in enumerate(outlets)
        }
        leaked = step.watched.leaked
    return {
        "detectability": found,
        "first_seen_s": first,
        "leaked_until_seen_ml": or_none(ML * leaked),
    }


def _by_view(values: NDArray[Any]) -> dict[str, Any]:
    return dict(zip(VIEWS, values.tolist(), strict=True))


def _scanned(model: Model, pieces: Pieces) -> NDArray[np.bool_]:
    """Whether a tomography shows what came out of each outlet."""
    spec, added = model.case.imaging or ImagingSpec(), model.case.cement.radiopacifier
    scanner = Scanner(spec.ct_voxel, spec.ct_noise, spec.threshold)
    gain = hounsfield(TOMOGRAPHY.cement(added.material, added.share))
    stated = model.case.cortex.thickness if model.case.cortex is not None else DEFAULT_WALL
    # By zone or from a field the wall is of the same order everywhere; a lost one hides nothing, which is left out.
    wall = stated if isinstance(stated, float) else DEFAULT_WALL
    shell = np.where(pieces.at_wall, TOMOGRAPHY_BONE * wall, 0.0)
    ratio = scanner.ratio(pieces.volume, pieces.sides, gain, shell)
    seen = np.bincount(pieces.site[ratio >= spec.threshold], minlength=len(model.problem.outlets))
    return seen > 0
