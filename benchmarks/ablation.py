"""`python -m benchmarks.ablation`: tables of docs/before-cement.md, from the top of a checkout.

Lesions of the ablation of an L3 by what they depend on, and what 2 mL of cement do afterwards.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

import cementflow as cf
from cementflow.ablation.ablate import Ablation
from cementflow.bench.section import Section, put_tables
from cementflow.laws.thermal import ZERO_CELSIUS
from cementflow.mesh.geometry import build_geometry
from cementflow.model import Model, build_model
from cementflow.simulate import simulate

DOCUMENT = Path(__file__).parents[1] / "docs" / "before-cement.md"
EDGE = "2 mm"
# An even bone without cavity, so that only what is named differs.
BASE: dict[str, Any] = {"geometry.edge_length": EDGE, "bone.region": [], "cement.preset": "medium"}
NEAR = {"ap": 0.35, "lr": 0.5, "si": 0.5}
LESIONS: dict[str, Mapping[str, Any]] = {
    "80 degC for 10 min": {},
    "edge of 3 mm": {"geometry.edge_length": "3 mm"},
    "edge of 1.2 mm": {"geometry.edge_length": "1.2 mm"},
    "70 degC": {"ablation.temperature": "70 degC"},
    "60 degC": {"ablation.temperature": "60 degC"},
    "50 degC": {"ablation.temperature": "50 degC"},
    "5 min": {"ablation.duration": "5 min"},
    "15 min": {"ablation.duration": "15 min"},
    "sensor at the tip": {"ablation.control": "tip"},
    "electrode of 10 mm": {"ablation.applicator.active_length": "10 mm"},
    "blood flow of tumour, 15 mL in 100 mL and min": {"bone.perfusion": "2.5e-3 1/s"},
    "marrow that conducts 0.5 W/(m K)": {"marrow.thermal.conductivity": "0.5 W/(m K)"},
    "tip at ap = 0.35, midline": {
        "ablation.applicator.tip": NEAR,
        "ablation.applicator.through": {"ap": 0.35, "lr": 0.0, "si": 0.5},
    },
    "the same, canal without flow": {
        "ablation.applicator.tip": NEAR,
        "ablation.applicator.through": {"ap": 0.35, "lr": 0.0, "si": 0.5},
        "ablation.canal.perfusion": "0 1/s",
    },
}
AFTERWARDS: dict[str, Mapping[str, Any]] = {
    "neither": {"ablation": None},
    "ablation": {},
    "ablation, veins stay open": {"ablation.closes_veins": False},
    "ablation, marrow stays thin": {"ablation.marrow_viscosity": "0.1 Pa s"},
}


def main() -> int:
    """Make the tables."""
    for mark, section in (("lesions", lesions()), ("afterwards", afterwards())):
        print(section.text())
        put_tables(
            DOCUMENT, section.markdown(), begin=f"<!-- begin: python -m benchmarks.ablation {mark} -->"
        )
    return 0


def lesions(chosen: Mapping[str, Mapping[str, Any]] = LESIONS) -> Section:
    """Size of the lesion, temperatures and power."""
    head = (
        "",
        "above 50 degC [mL]",
        "[mm]",
        "above 60 degC [mL]",
        "posterior wall",
        "canal",
        "power [W]",
        "[J]",
    )
    rows = []
    for name, changes in chosen.items():
        found = _ablated(_model(changes))
        at = found.lesions["50 degC"]
        on = [m for m in found.treated.moments if 0.0 < m.time <= found.spec.duration * (1.0 + 1e-9)]
        wall = max(m.watched[0] for m in found.treated.moments) + found.body - ZERO_CELSIUS
        rows.append(
            (
                name,
                f"{at.volume * 1e6:.2f}",
                f"{at.along * 1e3:.1f} x {at.widest * 1e3:.1f} x {at.narrowest * 1e3:.1f}",
                f"{found.lesions['60 degC'].volume * 1e6:.2f}",
                f"{wall:.1f}",
                f"{found.behind[0] - ZERO_CELSIUS:.1f}",
                f"{on[-1].power:.2f}",
                f"{on[-1].energy:.0f}",
            )
        )
    return Section(f"Lesion of an electrode of 15 mm in an osteoporotic L3, edge {EDGE}", head, rows)


def afterwards(chosen: Mapping[str, Mapping[str, Any]] = AFTERWARDS) -> Section:
    """What the same cement does with and without an ablation before it."""
    head = (
        "before 2 mL of cement",
        "leaked [mL]",
        "into veins [mL]",
        "through defects [mL]",
        "tip [kPa]",
        "coagulated [mL]",
    )
    rows = []
    for name, changes in chosen.items():
        model = _model(changes)
        *_, last = simulate(model.problem, model.plan, model.problem.make_solver())
        of_vein = np.array([outlet.kind == "vein" for outlet in model.problem.outlets])
        veins = float(last.state.leaked[of_vein].sum())
        total, found = float(last.state.leaked.sum()), model.ablation
        volume = 0.0 if found is None else float((found.coagulated * found.zones.mesh.volumes).sum())
        rows.append(
            (
                name,
                f"{total * 1e6:.3f}",
                f"{veins * 1e6:.3f}",
                f"{(total - veins) * 1e6:.3f}",
                f"{last.flow.tip_pressure * 1e-3:.1f}",
                f"{volume * 1e6:.2f}",
            )
        )
    return Section("The same cement afterwards", head, rows)


def _model(changes: Mapping[str, Any]) -> Model:
    case = cf.preset("l3-ablation").replace(BASE).replace(changes)
    return build_model(case, build_geometry(case.geometry))


def _ablated(model: Model) -> Ablation:
    assert model.ablation is not None
    return model.ablation


if __name__ == "__main__":
    raise SystemExit(main())
