"""`python -m benchmarks.ablation_published`: ablations beside published measurements, into docs/before-cement.md.

Electrodes in even soft tissue without blood flow, as in experiments on pieces of animal tissue, and in a vertebra
without blood flow, as in a cadaver. Of the papers the abstracts were read; nothing is fitted.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import cementflow as cf
from cementflow.ablation.ablate import Ablation
from cementflow.bench.section import Section, put_tables
from cementflow.laws.thermal import ZERO_CELSIUS
from cementflow.mesh.geometry import build_geometry
from cementflow.model import build_model

DOCUMENT = Path(__file__).parents[1] / "docs" / "before-cement.md"
EDGE = "1.2 mm"
GAUGES = {22: 0.72, 16: 1.65}  # mm
TISSUE = {"density": "1050 kg/m3", "specific_heat": "3700 J/(kg K)", "conductivity": "0.5 W/(m K)"}
AROUND = {
    "specific_heat": "3700 J/(kg K)",
    "conductivity": "0.5 W/(m K)",
    "perfusion": "0 1/s",
    "electric": 1.0,
}
WAYS = (("hottest", "50 degC"), ("hottest", "damage of 1"), ("tip", "50 degC"), ("tip", "damage of 1"))
HEAD = (
    "",
    "published",
    "hottest tissue held, 50 degC",
    "damage of 1",
    "sensor at the tip held, 50 degC",
    "damage of 1",
)


def ablated(changes: dict[str, Any], base: str) -> Ablation:
    """The ablation of a case."""
    case = cf.preset(base).replace(changes)
    found = build_model(case, build_geometry(case.geometry)).ablation
    assert found is not None
    return found


@cache
def in_tissue(temperature: int, minutes: int, length: int, gauge: int, control: str) -> Ablation:
    """An electrode in the middle of a ball of soft tissue of 37 degC, with more of it around."""
    return ablated(
        {
            "geometry.edge_length": EDGE,
            "geometry.radius": "18 mm",
            "bone.porosity": 0.99,  # next to nothing of bone, which has the properties of the tissue too
            "bone.thermal": TISSUE,
            "bone.perfusion": "0 1/s",
            "marrow.thermal": TISSUE,
            "ablation": {
                "duration": f"{minutes} min",
                "temperature": f"{temperature} degC",
                "control": control,
                "max_power": "100 W",
                "wait": "1 s",
                "applicator": {"active_length": f"{length} mm", "diameter": f"{GAUGES[gauge]} mm"},
                "soft_tissue": AROUND,
                "canal": AROUND,
                "disc": AROUND,
            },
        },
        "ball-newtonian",
    )


def width(temperature: int, minutes: int, gauge: int, way: tuple[str, str]) -> float:
    """Across an electrode of 10 mm [mm]."""
    control, measure = way
    return 1e3 * in_tissue(temperature, minutes, 10, gauge, control).lesions[measure].widest


def tissue() -> Section:
    """Lesions in pieces of animal tissue."""

    def larger(one: tuple[int, int, int], other: tuple[int, int, int]) -> tuple[str, ...]:
        return tuple(f"{100 * (width(*other, way) / width(*one, way) - 1):.0f} %" for way in WAYS)

    beyond = [1e3 * in_tissue(80, 2, 10, 16, c).lesions[m].along - 10.0 for c, m in WAYS]
    widest = [width(80, 10, 16, way) for way in WAYS]
    rows = [
        (
            "width, 2 min after 1 min",
            "11 to 20 % more",
            *larger((80, 1, 16), (80, 2, 16)),
        ),
        ("3 min after 1 min", "23 to 32 % more", *larger((80, 1, 16), (80, 3, 16))),
        ("90 degC after 60 degC, 2 min", "108 to 152 % more", *larger((60, 2, 16), (90, 2, 16))),
        ("16 G after 22 G, 80 degC, 2 min", "58 to 65 % more", *larger((80, 2, 22), (80, 2, 16))),
        ("length beyond 10 mm, 80 degC, 2 min", "1 to 5 mm", *(f"{x:.1f} mm" for x in beyond)),
        ("width, 80 degC, 10 min", "at most 16 mm", *(f"{x:.1f} mm" for x in widest)),
    ]
    notes = (
        "Published: Cosman et al. 2014 (several tips and gauges, tissue of animals), last row Goldberg et al. 1995 "
        "(liver and muscle, one uncooled electrode, any length, 80 to 90 degC, up to 12 min).",
        "Computed: electrode of 10 mm, 16 G, even tissue of 0.5 W/(m K) without blood flow from 37 degC on (assumed), "
        f"edge {EDGE}.",
    )
    return Section("Lesions in tissue without blood flow", HEAD, rows, notes)


def cadaver() -> Section:
    """Temperatures of a vertebra without blood flow, by place of the electrode and temperature."""
    still = {"perfusion": "0 1/s"}
    rows = []
    for ap in (0.5, 0.35, 0.25):
        for temperature in (80, 95):
            found = ablated(
                {
                    "geometry.edge_length": "2 mm",
                    "bone.region": [],
                    "bone.perfusion": "0 1/s",
                    "ablation": {
                        "duration": "10 min",
                        "temperature": f"{temperature} degC",
                        "max_power": "100 W",
                        "applicator": {
                            "active_length": "10 mm",
                            "tip": {"ap": ap, "lr": 0.5, "si": 0.5},
                            "through": {"ap": ap, "lr": 0.0, "si": 0.5},
                        },
                        "soft_tissue": still,
                        "canal": still,
                        "disc": still,
                    },
                },
                "l3-ablation",
            )
            wall = max(m.watched[0] for m in found.treated.moments) + found.body - ZERO_CELSIUS
            canal = found.behind[0] - ZERO_CELSIUS
            rows.append((f"{ap:g}", f"{temperature}", f"{wall:.1f}", f"{canal:.1f}"))
    head = ("electrode at ap, across", "held [degC]", "posterior wall [degC]", "canal, 2 mm behind it [degC]")
    notes = (
        "Published: 46.8 +- 4.7 degC in the epidural space, 46.4 +- 2.5 degC at the foramen, with an electrode of "
        "10 mm in a lytic cavity full of muscle, eight vertebrae of cadavers (Groetz et al. 2013). Place of the "
        "electrode and temperature held are not in the abstract.",
    )
    return Section("A vertebra without blood flow, electrode of 10 mm, 10 min", head, rows, notes)


def main() -> int:
    """Make the tables."""
    for mark, section in (("tissue", tissue()), ("cadaver", cadaver())):
        print(section.text())
        begin = f"<!-- begin: python -m benchmarks.ablation_published {mark} -->"
        put_tables(DOCUMENT, section.markdown(), begin=begin)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
