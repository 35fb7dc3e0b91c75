"""Where cement comes in and where fluid leaves."""

# ruff: noqa: RUF009 - `entry` makes a dataclass field, which ruff cannot know.
from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from cementflow.case import rules, stage_rules
from cementflow.case.fields import entry
from cementflow.case.kinds import Choice, Gauge, Number, Quantity, Text
from cementflow.case.positions import DIRECTIONS, PlaceKind, Position, PositionKind
from cementflow.case.ranges import DRIVE, OUTSIDE, SITE, VISCOSITY, WALL
from cementflow.case.sections import Rules, Section, Table, Tables
from cementflow.case.stages import StageSpec

# Kinds of leak after Yeom et al. 2003 (B, S, C) and later papers (D).
LEAK_TYPES = {"B": "basivertebral", "S": "segmental", "C": "cortical", "D": "disc"}


@dataclass(frozen=True, kw_only=True)
class CannulaSpec:
    """Straight needle with a syringe at one end and its tip in the bone."""

    gauge: int | None = entry(
        Gauge(tuple(rules.GAUGE_DIAMETERS)), "gauge, which stands for an inner diameter", None
    )
    inner_diameter: float = entry(
        Quantity("length", "0.1 mm", "20 mm"),
        "inner diameter, instead of a gauge",
        None,
        source="assumed: 8 G 3.4 mm, 10 G 2.7 mm, 11 G 2.4 mm, 13 G 1.6 mm; makers differ by 0.1 to 0.2 mm",
        note="from gauge",
    )
    length: float = entry(Quantity("length", "1 mm", "1 m"), "length of the needle")
    proximal_diameter: float | None = entry(
        Quantity("length", "0.1 mm", "20 mm"), "inner diameter of the part next to the syringe", None
    )
    proximal_length: float | None = entry(
        Quantity("length", "1 mm", "1 m"), "length of the part next to the syringe", None
    )
    in_body: float = entry(
        Number(0, 1),
        "share of its length, from the tip, that is as warm as the body; with physics.heat",
        0.6,
        source="assumed: 70 of 120 mm, from the skin to the middle of the vertebra",
    )
    slip: float | None = entry(
        Quantity("slip", "0 m/(Pa s)", "1 m/(Pa s)"),
        "speed of the cement along the wall of the needle over the shear stress there (Navier)",
        None,
        note="sticks to the wall",
    )
    tip: Position = entry(PositionKind(), "where the needle ends")
    opening: str = entry(
        Choice(("around", "front", "side")),
        "where the cement comes out: of a ball around the tip, ahead of it, or beside it",
        "around",
    )
    direction: str | None = entry(
        Choice(DIRECTIONS),
        "where the needle points, or with a side opening where the window looks",
        None,
        note='along the needle, without an entry from straight behind; required with opening = "side"',
    )
    tip_radius: float = entry(
        Quantity("length", "0.1 mm", "20 mm"),
        "radius of the ball over which the cement is spread at the tip",
        "1.5 mm",
        source="assumed: outer radius of an 11 G needle",
    )

    RULES: ClassVar = Rules(
        rules.cannula,
        displaces={
            "gauge": ("inner_diameter",),
            "inner_diameter": ("gauge",),
            "opening": ("direction",),
        },
    )


def _needle(s: Section) -> None:
    rules.cannula(s)
    stage_rules.needle(s)


@dataclass(frozen=True, kw_only=True)
class NeedleSpec(CannulaSpec):
    """One of several needles, which are used one after the other; a cannula of which it is known where it enters."""

    name: str = entry(Text(80), "name in stages and results")
    tip: Position = entry(
        PositionKind(),
        "where the cement comes out; with depth, where the needle points",
        None,
        source="assumed: ap 0.68, lr 0.4 (right 0.6), si 0.5",
        note='with entry = "left" or "right" in front, short of the midline',
    )
    depth: float | None = entry(SITE, "how far the tip is from entry", None, note="up to tip")
    # The last one, as it hides the function.
    entry: str | Position | None = entry(
        PlaceKind(stage_rules.SIDES),
        "where the needle enters the bone: through the left or the right pedicle, or a place",
        None,
        source="assumed: for a pedicle ap 0, lr 0.2 (right 0.8), si 0.68",
        note="straight from behind",
    )

    RULES: ClassVar = Rules(_needle, displaces=CannulaSpec.RULES.displaces)


@dataclass(frozen=True, kw_only=True)
class PlungerSpec:
    """A hand on the plunger: its force, less the friction, presses on the cement."""

    diameter: float = entry(Quantity("length", "1 mm", "50 mm"), "inner diameter of the syringe")
    force: float = entry(Quantity("force", "0.1 N", "10 kN"), "largest force on the plunger")
    friction: float = entry(
        Quantity("force", "0 N", "10 kN"),
        "force that moves the plunger of an empty syringe",
        "5 N",
        source="assumed: a plastic syringe of 1 to 10 mL",
    )

    RULES: ClassVar = Rules(rules.plunger)

    @property
    def pressure(self) -> float:
        """On the cement [Pa]."""
        return (self.force - self.friction) / (0.25 * math.pi * self.diameter**2)


@dataclass(frozen=True, kw_only=True)
class SourceSpec:
    """Ball out of which the cement comes, uniform by volume; for benchmarks."""

    center: Position = entry(PositionKind(), "centre of the ball")
    radius: float = entry(SITE, "radius of the ball")


@dataclass(frozen=True, kw_only=True)
class BatchSpec:
    """Cement of the same kind that was mixed at another time; the first batch is stated by `cement.age`."""

    after: float = entry(
        Quantity("volume", "1 uL", "100 mL"),
        "injected volume at which the syringe is changed; what then is in the cannula still comes first",
    )
    mixed: float = entry(
        Quantity("time", "-24 h", "24 h"),
        "when it was mixed, by the clock of the run; negative before the start",
    )


@dataclass(frozen=True, kw_only=True)
class InjectionSpec:
    """How much cement, how fast, how hard pressed, and where."""

    volume: float | None = entry(
        Quantity("volume", "1 uL", "100 mL"),
        "volume to be injected; with stages at most",
        None,
        note="required, but with stages what they state",
    )
    flow_rate: float | None = entry(
        Quantity("flow rate", "0.001 mL/min", "600 mL/min"),
        "rate while no pressure limit acts",
        None,
        note="the pressure alone drives",
    )
    max_pressure: float | None = entry(
        DRIVE, "largest pressure in the syringe; the rate falls to keep it", None
    )
    max_tip_pressure: float | None = entry(
        DRIVE, "largest pressure at the tip; the rate falls to keep it", None
    )
    plunger: PlungerSpec | None = entry(
        Table(PlungerSpec), "force that presses, a further limit to the pressure in the syringe", None
    )
    cannula: CannulaSpec | None = entry(Table(CannulaSpec), "needle through which the cement comes", None)
    needle: tuple[NeedleSpec, ...] = entry(
        Tables(NeedleSpec), "needles that are used one after the other, instead", []
    )
    source: SourceSpec | None = entry(Table(SourceSpec), "ball out of which the cement comes, instead", None)
    batch: tuple[BatchSpec, ...] = entry(Tables(BatchSpec), "further batches, in the order of injection", [])
    stage: tuple[StageSpec, ...] = entry(Tables(StageSpec), "stages that follow each other", [])

    RULES: ClassVar = Rules(
        rules.injection,
        displaces={
            "cannula": ("source", "needle"),
            "needle": ("source", "cannula"),
            "source": ("cannula", "needle"),
        },
    )

    @property
    def total(self) -> float:
        """Volume to be injected at most [m3]."""
        return self.volume if self.volume is not None else sum(g.inject or 0.0 for g in self.stage)


@dataclass(frozen=True, kw_only=True)
class OutletSpec:
    """Where fluid can leave: an open patch of the wall, a vein as a tube, or the whole surface."""

    name: str = entry(
        Text(80, reserved=("total", "none", "cortex")),
        "name in results",
        None,
        note="the place, where at is a name",
    )
    type: str = entry(
        Choice(tuple(LEAK_TYPES)),
        "kind of leak: basivertebral vein, segmental vein, cortical defect, disc",
        None,
        note='required, but "C" for "all faces"',
    )
    at: str | Position = entry(PlaceKind(), "where; the site sits on the nearest surface")
    pressure: float = entry(
        OUTSIDE,
        "pressure outside",
        "1 kPa",
        source="assumed: 7.5 mmHg, as the inferior vena cava of a patient lying down",
    )
    radius: float | None = entry(SITE, "radius of an open patch", None)
    diameter: float | None = entry(Quantity("length", "0.1 mm", "30 mm"), "inner diameter of a tube", None)
    length: float | None = entry(Quantity("length", "0.1 mm", "500 mm"), "length of a tube", None)
    viscosity: float | None = entry(
        VISCOSITY,
        "viscosity of the fluid that stands in the tube",
        None,
        source="assumed: blood at 37 degC",
        note='"3.5 mPa s" for a tube',
    )
    permeability: float | None = entry(
        WALL, "permeability of what fills the opening", None, note="free opening"
    )

    RULES: ClassVar = Rules(
        rules.outlet,
        displaces={
            "radius": ("diameter", "length", "viscosity"),
            "diameter": ("radius",),
            "length": ("radius",),
        },
    )
