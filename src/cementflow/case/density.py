"""Bone by an image: from grey values to the share of bone, and from that to porosity and permeability."""

# ruff: noqa: RUF009 - `entry` makes a dataclass field, which ruff cannot know.
from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from cementflow.case import density_rules
from cementflow.case.compound_kinds import NumberSpan
from cementflow.case.fields import entry
from cementflow.case.kinds import Choice, Number, Quantity
from cementflow.case.ranges import POROUS
from cementflow.case.sections import Rules, Table


@dataclass(frozen=True, kw_only=True)
class AnisotropySpec:
    """Permeability along ap and lr relative to that along si."""

    ap: float = entry(
        Number(0.001, 1000), "along ap", 0.78, source="Baroud et al. 2004: 3.44e-8 to 4.45e-8 m2"
    )
    lr: float = entry(Number(0.001, 1000), "along lr", 0.78, source="assumed: as along ap")


@dataclass(frozen=True, kw_only=True)
class DensityMapSpec:
    """Porosity and permeability of each tetrahedron from the grey values of `geometry.image`.

    Grey value to share of bone (BV/TV), porosity 1 - BV/TV, permeability along si by a law of the porosity. Near the
    wall the image mixes cancellous bone with cortex and what lies outside, so there the value around the nearest
    voxel deeper than `rim` holds; the wall itself is that of `[cortex]`.
    """

    calibration: str = entry(
        Choice(("HU", "mg/cm3", "linear")),
        'what the grey values are: Hounsfield units, BV/TV = (HU + 20)/1600; "mg/cm3", density of mineral, BV/TV = '
        'density/tissue_density; "linear", BV/TV = slope x value + offset',
        source="HU: computed for 120 kVp behind 20 cm of tissue (spekpy)",
    )
    tissue_density: float | None = entry(
        Quantity("density", "500 mg/cm3", "2000 mg/cm3"),
        "mineral in a volume of solid bone, for mg/cm3",
        None,
        source="assumed: as peripheral tomography takes it (Laib et al. 1998, recalled)",
        note='"1200 mg/cm3" for mg/cm3',
    )
    slope: float | None = entry(
        Number(-1e3, 1e3), "BV/TV for a grey value, for linear", None, note="required for linear"
    )
    offset: float | None = entry(
        Number(-1e3, 1e3), "BV/TV at the grey value 0, for linear", None, note="required for linear"
    )
    rim: float | None = entry(
        Quantity("length", "0 mm", "20 mm"),
        "depth below the wall from which on the middle of a voxel shows cancellous bone",
        None,
        source="assumed: where the cortex no longer showed in two images",
        note='"2 mm" and the longest side of a voxel',
    )
    porosity_range: tuple[float, float] = entry(
        NumberSpan(Number(0.01, 1.0)),
        "porosity is held between these",
        [0.5, 0.98],
        source="assumed: denser bone is far from what the laws were made for, and some tissue is left in every lesion",
    )
    law: str = entry(
        Choice(("log-linear", "kozeny-carman")),
        "permeability along si by porosity: log10(k/m2) = -8 + 8 (porosity - 0.9), or k = porosity^3/(5 S^2) with the "
        "surface S of the trabeculae",
        "log-linear",
        source="assumed: it runs through the presets healthy and osteoporotic within a factor of 1.3",
    )
    trabecular_thickness: float | None = entry(
        Quantity("length", "0.02 mm", "1 mm"),
        "thickness t of the trabeculae, for kozeny-carman",
        None,
        source="assumed: published 0.12 to 0.2 mm",
        note='"0.15 mm" for kozeny-carman',
    )
    trabeculae: str | None = entry(
        Choice(("rods", "plates")),
        "S = 4 (1 - porosity)/t for rods, 2 (1 - porosity)/t for plates, for kozeny-carman",
        None,
        source="assumed: osteoporotic bone",
        note='"rods" for kozeny-carman',
    )
    largest_permeability: float | None = entry(
        POROUS,
        "permeability that the law does not pass, for kozeny-carman, which is too high where little bone is left",
        None,
        source="assumed: about the mean of Baroud et al. 2004, 4.45e-8 m2",
        note='"5e-8 m2" for kozeny-carman',
    )
    permeability_factor: float = entry(
        Number(0.001, 1000), "how many times as permeable the bone is as the law says", 1.0, source="assumed"
    )
    anisotropy: AnisotropySpec | None = entry(
        Table(AnisotropySpec),
        "permeability along ap and lr relative to si",
        None,
        note="the ratios of bone.permeability, or else 0.78",
    )

    RULES: ClassVar = Rules(density_rules.density_map)
