"""What a run says about heat, cure and the time after the injection."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cementflow.flow.carried import CEMENT, heat_imbalance, set_share
from cementflow.flow.course import Rest
from cementflow.flow.state import State
from cementflow.laws.harm import BONE_DAMAGE, BONE_DOSE, BONE_TIME
from cementflow.laws.thermal import ZERO_CELSIUS
from cementflow.mesh.zones import ZONES
from cementflow.model import Model
from cementflow.results.numbers import ML, or_none

CENTRE = 3e-3  # m: radius around the middle of the body that counts as its centre


def heat_summary(model: Model, state: State) -> dict[str, Any] | None:
    """Peaks [degC] by place, tissue volumes harmed [mL], and the heat account [J]; None for a run without heat.

    Tissue is all that is not cement: bone, and pores as far as marrow is left in them.
    """
    of = model.problem.heat_volumes
    if of is None:
        return None
    harm, account = state.harm, state.heat
    tissue = of.volume - model.problem.volumes.pore_volume * state.saturation

    def volume(where: NDArray[np.bool_]) -> float:
        return ML * float(np.sum(tissue[where]))

    places = {name: model.zones.inside(name) for name in ZONES}
    return {
        "peak_degC": float(harm.peak.max()) - ZERO_CELSIUS,
        "peak_at_degC": {
            "centre": float(harm.peak[_centre(model)].max()) - ZERO_CELSIUS,
            **{name: float(harm.peak[at].max()) - ZERO_CELSIUS for name, at in places.items() if len(at)},
        },
        "longest_above_47_degC_s": float(harm.hot.max()),
        "above_47_degC_for_1_min_ml": volume(harm.hot >= BONE_TIME),
        "dose_240_min_ml": volume(harm.dose >= BONE_DOSE),
        "damage_1_ml": volume(harm.damage >= BONE_DAMAGE),
        "heat_J": {
            "carried_in": account.carried_in,
            "cured": account.cured,
            "carried_out": account.carried_out,
            "to_surroundings": account.surface,
            "to_blood": account.blood,
            **({} if model.ablation is None else {"before": account.before}),
        },
        "heat_imbalance": heat_imbalance(model.problem, state),
    }


def cure_summary(model: Model, state: State, rest: Rest) -> dict[str, Any]:
    """How far the cement in the bone has cured, and when it was set [s]."""
    cement = model.problem.volumes.pore_volume * state.saturation
    cure = np.broadcast_to(state.condition.cure, cement.shape)
    wet = state.saturation > CEMENT
    return {
        "mean": float(np.sum(cement * cure) / np.sum(cement)) if wet.any() else 0.0,
        "least": float(cure[wet].min()) if wet.any() else 0.0,
        "set_share": set_share(model.problem, state),
        "set_s": or_none(rest.set_at),
    }


def rest_summary(rest: Rest) -> dict[str, Any] | None:
    """What happened after the injection [s, mL]; None if the run ended with it."""
    if np.isnan(rest.since):
        return None
    return {
        "since_s": rest.since,
        "still_since_s": or_none(rest.still_since),
        "leaked_ml": rest.leaked * ML,
        "moved_ml": rest.moved * ML,
    }


def _centre(model: Model) -> NDArray[np.int64]:
    """Vertices around the middle of the body; the nearest one where the mesh is coarse."""
    middle = model.geometry.frame.point(0.5, 0.5, 0.5)
    distance = np.linalg.norm(model.geometry.mesh.points - middle, axis=1)
    return np.flatnonzero(distance <= max(CENTRE, float(distance.min())))
