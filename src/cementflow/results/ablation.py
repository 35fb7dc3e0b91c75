"""What a run says about the ablation before the cement: its part of the summary, its history, its fields."""

from __future__ import annotations

from typing import Any

import numpy as np

from cementflow.ablation.ablate import CANAL_DEPTH, ISOTHERMS, Ablation
from cementflow.ablation.lesion import Lesion
from cementflow.laws.thermal import ZERO_CELSIUS
from cementflow.model import Model
from cementflow.results.folder import RunFolder
from cementflow.results.numbers import ML, or_none
from cementflow.results.vtu import encode, encode_mesh, write_vtu

MM = 1e3
COLUMNS = (
    "time_s",
    "power_W",
    "energy_J",
    "electrode_degC",
    "posterior_wall_degC",
    *(f"lesion_{level:g}_degC_ml" for level in ISOTHERMS),
)


def ablation_summary(model: Model) -> dict[str, Any] | None:
    """Lesion [mL, mm], temperatures [degC], power [W] and energy [J]; None without an ablation."""
    found = model.ablation
    if found is None:
        return None
    on = [m for m in found.treated.moments if 0.0 < m.time <= found.spec.duration * (1.0 + 1e-9)]
    reached = next((m.time for m in on if m.power < found.spec.max_power), None)
    warmest, dose = found.behind
    return {
        "lesion_ml": {name: ML * of.volume for name, of in found.lesions.items()},
        "axes_mm": {name: _axes(of) for name, of in found.lesions.items()},
        "beyond_bone_ml": ML * found.beyond,
        "coagulated_ml": ML * float(np.sum(found.coagulated * found.zones.mesh.volumes)),
        "peak_degC": _degrees(max(m.electrode for m in found.treated.moments), found),
        "posterior_wall_peak_degC": _degrees(max(m.watched[0] for m in found.treated.moments), found),
        "canal_peak_degC": or_none(warmest - ZERO_CELSIUS),
        "canal_depth_mm": MM * CANAL_DEPTH,
        "canal_dose_min": or_none(dose),
        "target_degC": found.spec.temperature - ZERO_CELSIUS,
        "reached_s": reached,
        "power_W": {"largest": max(m.power for m in on), "last": on[-1].power},
        "energy_J": on[-1].energy,
        "to_blood_J": found.treated.blood,
        "to_far_tissue_J": found.treated.far,
        "heat_imbalance": found.treated.imbalance(found.network),
        "hottest_at_injection_degC": _degrees(float(found.excess.max()), found),
        "closed_veins": dict(model.closed),
        "electrode": {
            "start_mm": (MM * found.electrode.start).tolist(),
            "tip_mm": (MM * found.electrode.tip).tolist(),
            "radius_mm": MM * found.electrode.radius,
            "in_bone_mm": MM * found.electrode.length,
        },
    }


def write_ablation(folder: RunFolder, found: Ablation) -> None:
    """Write `ablation.csv`, a row a step, and `ablation.vtu`, the fields when the injection begins."""
    rows = [
        [
            m.time,
            m.power,
            m.energy,
            _degrees(m.electrode, found),
            _degrees(m.watched[0], found),
            *(ML * v for v in m.lesion),
        ]
        for m in found.treated.moments
    ]
    folder.write_ablation(COLUMNS, rows)
    n, harm, mesh = found.network.n, found.treated.harm, found.zones.mesh
    fields = {
        "peak temperature [K]": harm.peak,
        "temperature [K]": found.treated.excess + found.body,
        "thermal dose [min]": harm.dose,
        "thermal damage [-]": harm.damage,
    }
    blocks = [encode(name, values[:n].astype(np.float32)) for name, values in fields.items()]
    write_vtu(folder.ablation_fields, encode_mesh(mesh.points, mesh.tets), blocks, [])


def _axes(of: Lesion) -> dict[str, float]:
    return {"along": MM * of.along, "widest": MM * of.widest, "narrowest": MM * of.narrowest}


def _degrees(excess: float, found: Ablation) -> float:
    return excess + found.body - ZERO_CELSIUS
