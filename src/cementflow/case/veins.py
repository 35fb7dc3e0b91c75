"""Veins as a tree: where they run, how wide they are, and what they lead to."""

# ruff: noqa: RUF009 - `entry` makes a dataclass field, which ruff cannot know.
from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from cementflow.case import vein_rules
from cementflow.case.fields import entry
from cementflow.case.kinds import Choice, Flag, Number, Quantity, Text
from cementflow.case.positions import Position
from cementflow.case.ranges import CLOCK, OUTSIDE, VISCOSITY
from cementflow.case.sections import Rules, Table, Tables
from cementflow.case.sites import LEAK_TYPES
from cementflow.case.vein_kinds import Names, Path, Taper
from cementflow.case.vein_scatter import ScatterSpec
from cementflow.presets.store import list_presets


@dataclass(frozen=True, kw_only=True)
class VeinSpec:
    """A vein. Where it runs in the bone it drinks from it; where it ends it flows into others, or leaves the tree."""

    name: str = entry(Text(80, reserved=("total", "none", "cortex")), "name in results")
    type: str = entry(Choice(tuple(LEAK_TYPES)), "kind of leak: basivertebral, segmental, cortical, disc")
    path: tuple[Position, ...] = entry(Path(), "its course, in the direction of the blood")
    diameter: tuple[float, float] = entry(Taper(Quantity("length", "0.1 mm", "30 mm")), "inner diameter")
    into: tuple[str, ...] = entry(
        Names(), "vein that begins where it ends; several begin there together", [], note="it is an end"
    )
    pressure: float | None = entry(OUTSIDE, "pressure beyond an end", None, note="that of `[veins]`")
    blood_flow: float = entry(
        Quantity("flow rate", "0 mL/min", "1000 mL/min"),
        "blood that enters at its begin",
        "0 mL/min",
        "assumed",
    )
    drinks: bool = entry(Flag(), "whether it takes from the bone along its course", True)


@dataclass(frozen=True, kw_only=True)
class PressureAtTime:
    """Pressure of the veins at one time."""

    time: float = entry(CLOCK, "since the start of the injection")
    pressure: float = entry(OUTSIDE, "pressure then")


@dataclass(frozen=True, kw_only=True)
class VeinsSpec:
    """Veins as a tree of thin tubes that is coupled to the bone.

    Blood and cement flow in them one behind the other; what leaves an end is counted as an embolus. An outlet with
    diameter and length is a simpler vein that begins at the wall.
    """

    preset: str | None = entry(
        Choice(tuple(list_presets("veins"))), "tree that fills in what is not stated", None
    )
    pressure: float = entry(
        OUTSIDE,
        "pressure beyond the ends",
        "1 kPa",
        source="assumed: 7.5 mmHg, as the inferior vena cava of a patient lying down",
    )
    pressure_times: tuple[PressureAtTime, ...] = entry(
        Tables(PressureAtTime), "pressure beyond the ends that follows time, straight in between", []
    )
    blood_viscosity: float = entry(
        VISCOSITY, "viscosity of the blood", "3.5 mPa s", source="assumed: blood at 37 degC"
    )
    diameter_scale: float = entry(Number(0.1, 10.0), "factor on all diameters", 1.0, source="assumed")
    flow_scale: float = entry(Number(0.0, 100.0), "factor on all blood flows", 1.0, source="assumed")
    scatter: ScatterSpec | None = entry(Table(ScatterSpec), "how their places differ from those stated", None)
    vein: tuple[VeinSpec, ...] = entry(Tables(VeinSpec), "the veins", [])

    RULES: ClassVar = Rules(vein_rules.veins, presets="veins")
