"""The wall of the body: how thick and tight it is, where it is broken, and what lies behind it."""

# ruff: noqa: RUF009 - `entry` makes a dataclass field, which ruff cannot know.
from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from cementflow.case import wall_rules
from cementflow.case.compound_kinds import Names, Pair, Positions
from cementflow.case.fields import entry
from cementflow.case.kinds import Choice, Number, Quantity, Text
from cementflow.case.positions import PLACES, PlaceKind, Position, PositionKind
from cementflow.case.ranges import OUTSIDE, POROUS, SITE, WALL
from cementflow.case.sections import Rules, Table
from cementflow.case.sites import LEAK_TYPES
from cementflow.case.zoned import ZONES, ByZone, MeshField, Zoned
from cementflow.presets.store import list_presets

THICKNESS = Quantity("length", "1 um", "10 mm")
GAP = Quantity("length", "1 um", "5 mm")
SHAPES = ("disc", "ellipse", "polygon", "zone", "crack", "breach", "track")


@dataclass(frozen=True, kw_only=True)
class ForaminaSpec:
    """Small holes for vessels, spread evenly over the walls (not the endplates, not the arch)."""

    number: float = entry(Number(0, 1000), "how many there are")
    diameter: float = entry(
        Quantity("length", "10 um", "3 mm"), "diameter of each; straight through the wall"
    )


@dataclass(frozen=True, kw_only=True)
class CortexSpec:
    """Thin wall around the body that lets a little through; without it the wall is sealed."""

    thickness: float | Zoned | MeshField = entry(ByZone(THICKNESS), "thickness of the wall")
    permeability: float | Zoned | MeshField = entry(ByZone(WALL), "permeability of the wall")
    pressure: float = entry(
        OUTSIDE,
        "pressure outside the wall, where no compartment lies behind it",
        "1 kPa",
        source="assumed: 7.5 mmHg, as the inferior vena cava of a patient lying down",
    )
    foramina: ForaminaSpec | None = entry(Table(ForaminaSpec), "nutrient foramina", None)


@dataclass(frozen=True, kw_only=True)
class DefectSpec:
    """Place where the wall is broken, thinned or gone.

    A disc, an ellipse or a polygon is a window; a zone is a wall lost as a whole; a crack is a slit along a path; a
    breach is the hole that a needle left, a track the gap around a needle that is still there.
    """

    name: str = entry(Text(80, reserved=("total", "none", "cortex")), "name in results")
    type: str = entry(
        Choice(tuple(LEAK_TYPES)), "kind of leak: basivertebral vein, segmental vein, cortical, disc"
    )
    shape: str = entry(Choice(SHAPES), "shape")
    behind: str | None = entry(
        Text(80),
        "compartment that it opens into: canal, disc, paravertebral, or one of the case",
        None,
        note="by the wall it is in",
    )
    at: str | Position | None = entry(
        PlaceKind(PLACES[:-1]),
        "middle of a disc, an ellipse or a breach; it sits on the nearest surface",
        None,
    )
    radius: float | None = entry(SITE, "radius of a disc", None)
    radii: tuple[float, float] | None = entry(Pair(SITE), "half axes of an ellipse", None)
    toward: Position | None = entry(
        PositionKind(),
        "where the first half axis of an ellipse points",
        None,
        note="upward; forward on an endplate",
    )
    points: tuple[Position, ...] | None = entry(
        Positions(), "corners of a polygon, or the path of a crack along the wall", None
    )
    zone: str | None = entry(Choice(ZONES), "wall that is lost", None)
    within: str | None = entry(
        Text(80), "region of the bone where it is lost; nothing, if the region does not reach it", None
    )
    width: float | None = entry(GAP, "opening of a crack, or gap of a track around the needle", None)
    diameter: float | None = entry(
        Quantity("length", "0.1 mm", "30 mm"),
        "outer diameter of the needle of a breach or a track",
        None,
        source="assumed: 8 G 4.2 mm, 10 G 3.4 mm, 11 G 3.0 mm, 13 G 2.4 mm",
        note="from the gauge",
    )
    length: float | None = entry(Quantity("length", "1 mm", "200 mm"), "length of a track through bone", None)
    thickness: float | None = entry(
        Quantity("length", "0 um", "10 mm"),
        "what is left of the wall; 0 for bone open to the tissue",
        None,
        note="as the wall around",
    )
    permeability: float | None = entry(
        WALL, "permeability of what is left of the wall", None, note="free opening"
    )
    pressure: float | None = entry(OUTSIDE, "pressure behind, instead of that of the compartment", None)

    RULES: ClassVar = Rules(wall_rules.defect)


@dataclass(frozen=True, kw_only=True)
class CompartmentSpec:
    """Tissue behind the wall that fluid leaves into; what it gives back is at most what it took."""

    preset: str | None = entry(
        Choice(tuple(list_presets("compartments"))), "kind of tissue that fills in the rest", None
    )
    name: str = entry(
        Text(80, reserved=("total", "none", "veins", "around", "outside")),
        "name in results: canal, disc, paravertebral, or another one",
        None,
        note="as the preset",
    )
    pressure: float = entry(
        OUTSIDE,
        "pressure before the injection",
        "1 kPa",
        source="assumed: 7.5 mmHg, as the inferior vena cava of a patient lying down",
    )
    stiffness: float = entry(
        Quantity("stiffness", "0 kPa/mL", "10000 kPa/mL"),
        "rise of the pressure with the volume of fluid that came",
        "0 kPa/mL",
        source="assumed: the tissue drains",
    )
    permeability: float | None = entry(
        POROUS,
        "permeability of the tissue, in which cement stands as a growing ball",
        None,
        note="no resistance",
    )
    zones: tuple[str, ...] | None = entry(
        Names(ZONES),
        "walls that it lies behind",
        None,
        note="canal: posterior wall; disc: endplates; paravertebral: the other walls and the arch",
    )

    RULES: ClassVar = Rules(wall_rules.compartment, presets="compartments")
