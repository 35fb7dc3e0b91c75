"""The bodies that are compared, each as a row of bones that are uneven in other places."""

from __future__ import annotations

from typing import Any

from benchmarks.leakage.variants import Variant

SEEDS = tuple(range(1, 7))
VOLUMES = (3.7, 4.5, 7.0)  # mL; the first two are the means without and with a leak of VERTOS II

CLEFT_TIP = {"injection.cannula.tip": {"ap": 0.62, "lr": 0.35, "si": 0.76}}
WINDOWS = ("posterior wall lysis", "right wall lysis")

ROWS: dict[str, tuple[str, dict[str, Any]]] = {
    "whole wall": ("l3-veins", {"outlet": []}),
    "lateral defect and endplate crack": ("l3-veins", {}),
    "large volume": ("l3-veins", {"injection.volume": f"{VOLUMES[-1]} mL"}),
    "no cleft, no cracks": ("l3-cleft", {"bone.region": [], "defect": []}),
    "no cleft, but its cracks": ("l3-cleft", {"bone.region": []}),
    "cleft and cracks": ("l3-cleft", {}),
    "tumour, walls whole": ("l3-metastatic", {"defect": []}),
    "tumour, walls lost": ("l3-metastatic", {}),
    "tumour, walls lost, veins open": ("l3-metastatic", {"bone.region.tumour.closes_veins": False}),
}
"""By name, the preset and what is changed about it."""


def rows() -> dict[str, list[Variant]]:
    """Each kind of body, once for each uneven bone."""
    return {
        name: [
            Variant(f"{name}, bone {seed}", {**changes, "bone.heterogeneity": {"seed": seed}}, base)
            for seed in SEEDS
        ]
        for name, (base, changes) in ROWS.items()
    }
