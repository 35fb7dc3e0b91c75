"""What a summary says of the bone: porosity, permeability, and what an image said of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cementflow.model import Model

Floats = NDArray[np.float64]


def bone_summary(model: Model) -> dict[str, Any]:
    """Lowest, mean and highest porosity [-] and permeability along si [m2]; mean grey value and rim of an image."""
    bone, volumes = model.bone, model.geometry.mesh.volumes
    told: dict[str, Any] = {
        "porosity": _spread(bone.porosity, volumes),
        "permeability_si_m2": _spread(_along(bone.permeability, model.geometry.frame.axes[2]), volumes),
        "image": None,
    }
    if bone.imaged is not None:
        grey = bone.imaged.grey
        told["image"] = {
            "mean": grey.mean,
            "mean_below_rim": grey.deep_mean,
            "rim_mm": grey.rim * 1e3,
            "in_rim": grey.in_rim,
            "bone_share": _spread(bone.imaged.bone_share, volumes),
        }
    return told


def _along(permeability: Floats, axis: Floats) -> Floats:
    """Permeability in a direction [m2]; one number where one row of tensors stands for all."""
    rows = permeability if permeability.strides[0] else permeability[:1]
    x, y, z = axis
    total = np.zeros(len(rows))
    for part, k in zip((x * x, y * y, z * z, 2 * y * z, 2 * x * z, 2 * x * y), rows.T, strict=True):
        total += part * k
    return total


def _spread(values: Floats, volumes: Floats) -> dict[str, float]:
    # A dot product would add up in an order that depends on the number of threads.
    mean = float(np.sum(values * volumes) / volumes.sum())
    return {"lowest": float(values.min()), "mean": mean, "highest": float(values.max())}
