"""Bone and marrow of the vertebral body."""

# ruff: noqa: RUF009 - `entry` makes a dataclass field, which ruff cannot know.
from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from cementflow.case import rules
from cementflow.case.compound_kinds import Positions, Whole
from cementflow.case.density import DensityMapSpec
from cementflow.case.fields import entry
from cementflow.case.heat import BoneThermal, MarrowThermal
from cementflow.case.heterogeneity import HeterogeneitySpec
from cementflow.case.kinds import Choice, FilePath, Flag, Number, Quantity, Tag, Text, Triple
from cementflow.case.positions import Permeability, PermeabilityKind, Position, PositionKind
from cementflow.case.ranges import POROUS, SITE, TEMPERATURE, VISCOSITY
from cementflow.case.sections import Rules, Table, Tables
from cementflow.presets.store import list_presets


@dataclass(frozen=True, kw_only=True)
class RegionSpec:
    """Part of the bone with other properties: a cavity, a cleft, a lesion. A shape, or from a file."""

    preset: str | None = entry(
        Choice(tuple(list_presets("regions"))), "kind of region that fills in the rest", None
    )
    name: str | None = entry(Text(80), "name in messages and results", None)
    shape: str | None = entry(
        Choice(("ball", "ellipsoid", "box", "cylinder", "capsule", "slab", "tract")),
        "shape; a cylinder stands along si, a capsule lies along a line, a slab between two planes, a tract along the "
        "needle up to its tip",
        None,
    )
    points: tuple[Position, ...] | None = entry(
        Positions(most=2),
        "ends of the line of a capsule, or a point on each plane of a slab, which stand across their join",
        None,
    )
    center: Position | None = entry(
        PositionKind(), "centre of the shape", None, note="of a ball or an ellipsoid the tip of the needle"
    )
    radius: float | None = entry(SITE, "radius, the same along every axis", None)
    radii: tuple[float, float, float] | None = entry(
        Triple(SITE), "half the extent of the shape along ap, lr and si", None
    )
    tag: int | str | None = entry(Tag(), "region of the mesh file, instead of a shape", None)
    labels: str | None = entry(
        FilePath(),
        "label image (NIfTI), instead of a shape; its millimetres to the right, anterior and superior are those of the "
        "mesh",
        None,
    )
    label: int | None = entry(
        Whole(1, 2**31 - 1), "number of the voxels of the image that are the region", None
    )
    porosity: float | None = entry(
        Number(0.01, 1.0), "volume fraction of the pores", None, note="as the bone"
    )
    permeability: Permeability | None = entry(
        PermeabilityKind(POROUS),
        "intrinsic permeability along the axes of the vertebra",
        None,
        note="as the bone",
    )
    marrow_viscosity: float | None = entry(
        VISCOSITY,
        "viscosity of what fills its pores, at the reference temperature of the marrow",
        None,
        note="as the marrow",
    )
    closes_veins: bool = entry(
        Flag(), "veins of the tree that run through it take nothing from it", False, source="assumed"
    )
    rim: float | None = entry(SITE, "thickness of a sclerotic rim around the shape", None)
    rim_porosity: float | None = entry(
        Number(0.01, 1.0), "porosity of the rim", None, source="assumed: dense bone", note="0.6 for a rim"
    )
    rim_permeability: float | None = entry(
        POROUS,
        "permeability of the rim",
        None,
        source="assumed: a hundredth of osteoporotic bone",
        note='"1e-10 m2" for a rim',
    )

    RULES: ClassVar = Rules(
        rules.region,
        presets="regions",
        displaces={
            "shape": ("tag", "labels", "label"),
            "tag": ("shape", "center", "radius", "radii", "points", "rim", "labels", "label"),
            "labels": ("shape", "center", "radius", "radii", "points", "rim", "tag"),
            "points": ("center",),
            "center": ("points",),
            "radius": ("radii",),
            "radii": ("radius",),
        },
    )


@dataclass(frozen=True, kw_only=True)
class BoneSpec:
    """Cancellous bone as a rigid porous solid, and how cement and marrow share its pores."""

    preset: str | None = entry(
        Choice(tuple(list_presets("bones"))), "class of bone that fills in the rest", None
    )
    porosity: float | None = entry(
        Number(0.01, 1.0), "volume fraction of the pores", None, note="required without preset or density_map"
    )
    permeability: Permeability | None = entry(
        PermeabilityKind(POROUS),
        "intrinsic permeability along the axes of the vertebra; with density_map only the ratios of the axes count",
        None,
        note="required without preset or density_map",
    )
    density_map: DensityMapSpec | None = entry(
        Table(DensityMapSpec),
        "porosity and permeability from place to place by geometry.image",
        None,
        note="none",
    )
    heterogeneity: HeterogeneitySpec | None = entry(
        Table(HeterogeneitySpec), "how the permeability varies from place to place", None, note="even bone"
    )
    cement_exponent: float = entry(
        Number(0.5, 10), "Corey exponent of the relative permeability to cement", 2.0, source="assumed"
    )
    marrow_exponent: float = entry(
        Number(0.5, 10), "Corey exponent of the relative permeability to marrow", 2.0, source="assumed"
    )
    residual_cement: float = entry(
        Number(0, 0.9), "saturation below which cement does not move", 0.0, source="assumed"
    )
    residual_marrow: float = entry(
        Number(0, 0.9),
        "saturation of marrow that cement leaves behind",
        0.05,
        source="assumed, range 0.05 to 0.1",
    )
    region: tuple[RegionSpec, ...] = entry(
        Tables(RegionSpec), "parts with other properties; the later one wins", []
    )
    perfusion: float = entry(
        Quantity("rate", "0 1/s", "1 1/s"),
        "volume of blood that flows through a volume of bone in a second, and brings it to its own temperature",
        "5e-4 1/s",
        source="assumed: 3 mL in 100 mL and a minute, elderly marrow; red marrow some 5 to 15",
    )
    thermal: BoneThermal = entry(
        Table(BoneThermal), "how the solid between the pores holds and conducts heat", absent={}
    )

    RULES: ClassVar = Rules(rules.bone, presets="bones", displaces={"density_map": ("porosity",)})


@dataclass(frozen=True, kw_only=True)
class MarrowSpec:
    """The fluid in the pores before the cement comes."""

    preset: str | None = entry(
        Choice(tuple(list_presets("marrows"))), "kind of marrow that fills in the rest", None
    )
    viscosity: float = entry(
        VISCOSITY,
        "viscosity at reference_temperature (at rest, if it thins)",
        None,
        note="required without preset",
    )
    reference_temperature: float = entry(
        TEMPERATURE,
        "temperature at which the stated viscosity holds",
        "37 degC",
        source="assumed: body temperature",
    )
    activation_energy: float = entry(
        Quantity("molar energy", "0 kJ/mol", "500 kJ/mol"),
        "how the viscosity falls with temperature (Arrhenius)",
        "0 kJ/mol",
        source="assumed: marrow keeps the viscosity that is stated",
    )
    maximum_viscosity: float = entry(
        VISCOSITY,
        "viscosity that cold marrow does not pass",
        "100 Pa s",
        source="assumed: solid, as thick as a cement of medium viscosity",
    )
    n: float | None = entry(
        Number(0.1, 1.0), "power-law index of marrow that thins under shear (Carreau)", None, note="Newtonian"
    )
    relaxation_time: float | None = entry(
        Quantity("time", "1 us", "1e4 s"), "one over the shear rate where thinning sets in", None
    )
    viscosity_infinity: float | None = entry(
        Quantity("viscosity", "0 Pa s", "1e7 Pa s"),
        "viscosity at very high shear rate",
        None,
        note='"0 Pa s" for marrow that thins',
    )
    thermal: MarrowThermal = entry(Table(MarrowThermal), "how it holds and conducts heat", absent={})

    RULES: ClassVar = Rules(rules.marrow, presets="marrows")
