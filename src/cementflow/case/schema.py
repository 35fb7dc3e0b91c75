"""What a user states: frozen dataclasses in SI, each field with its kind, range, meaning and source.

Names are the keys of the case file. An instance is made by reading (`load`, `preset`, `Case.replace`), which
checks everything; an instance built by hand is not checked.
"""

# ruff: noqa: RUF009 - `entry` makes a dataclass field, which ruff cannot know.
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from cementflow.case import rules
from cementflow.case.ablation import AblationSpec, SurroundingTissue
from cementflow.case.body import BoneSpec, MarrowSpec, RegionSpec
from cementflow.case.cement import CementSpec
from cementflow.case.control import NumericsSpec, OutputSpec, StopSpec
from cementflow.case.cure import CureSpec, RadiopacifierSpec
from cementflow.case.density import AnisotropySpec, DensityMapSpec
from cementflow.case.fields import entry
from cementflow.case.geometry import BodyBox, GeometrySpec
from cementflow.case.heat import BoneThermal, CementThermal, MarrowThermal, SurroundingsSpec, ThermalSpec
from cementflow.case.heterogeneity import HeterogeneitySpec
from cementflow.case.imaging import ImagingSpec
from cementflow.case.kinds import Text
from cementflow.case.physics import PhysicsSpec
from cementflow.case.sections import Rules, Table, Tables
from cementflow.case.sites import (
    BatchSpec,
    CannulaSpec,
    InjectionSpec,
    NeedleSpec,
    OutletSpec,
    PlungerSpec,
    SourceSpec,
)
from cementflow.case.stages import MixSpec, StageSpec, UntilSpec
from cementflow.case.vein_scatter import ScatterSpec
from cementflow.case.veins import PressureAtTime, VeinSpec, VeinsSpec
from cementflow.case.wall import CompartmentSpec, CortexSpec, DefectSpec, ForaminaSpec

__all__ = [
    "AblationSpec",
    "AnisotropySpec",
    "BatchSpec",
    "BodyBox",
    "BoneSpec",
    "BoneThermal",
    "CannulaSpec",
    "Case",
    "CementSpec",
    "CementThermal",
    "CompartmentSpec",
    "CortexSpec",
    "CureSpec",
    "DefectSpec",
    "DensityMapSpec",
    "ForaminaSpec",
    "GeometrySpec",
    "HeterogeneitySpec",
    "ImagingSpec",
    "InjectionSpec",
    "MarrowSpec",
    "MarrowThermal",
    "MixSpec",
    "NeedleSpec",
    "NumericsSpec",
    "OutletSpec",
    "OutputSpec",
    "PhysicsSpec",
    "PlungerSpec",
    "PressureAtTime",
    "RadiopacifierSpec",
    "RegionSpec",
    "ScatterSpec",
    "SourceSpec",
    "StageSpec",
    "StopSpec",
    "SurroundingTissue",
    "SurroundingsSpec",
    "ThermalSpec",
    "UntilSpec",
    "VeinSpec",
    "VeinsSpec",
]


@dataclass(frozen=True, kw_only=True)
class Case:
    """One injection, completely stated. Equal cases give equal results.

    `folder` (where relative paths start) and `source` (the file, for messages) belong to the reading of the
    case and take no part in equality, the written case or the digest.
    """

    title: str = entry(Text(200, empty=True), "what this case is", "")
    geometry: GeometrySpec = entry(Table(GeometrySpec), "the body that is filled")
    bone: BoneSpec = entry(Table(BoneSpec), "porous bone")
    cortex: CortexSpec | None = entry(Table(CortexSpec), "wall of the body", None, note="sealed wall")
    marrow: MarrowSpec = entry(
        Table(MarrowSpec), "fluid in the pores", note='preset = "mixed"', absent={"preset": "mixed"}
    )
    cement: CementSpec = entry(Table(CementSpec), "the cement")
    injection: InjectionSpec = entry(Table(InjectionSpec), "how the cement enters")
    outlet: tuple[OutletSpec, ...] = entry(Tables(OutletSpec), "where fluid leaves", [])
    veins: VeinsSpec | None = entry(
        Table(VeinsSpec), "tree of veins in and around the bone", None, note="none"
    )
    defect: tuple[DefectSpec, ...] = entry(Tables(DefectSpec), "where the wall is broken", [])
    compartment: tuple[CompartmentSpec, ...] = entry(Tables(CompartmentSpec), "tissue behind the wall", [])
    surroundings: SurroundingsSpec = entry(Table(SurroundingsSpec), "what warms or cools the body", absent={})
    ablation: AblationSpec | None = entry(
        Table(AblationSpec), "radiofrequency ablation before the cement", None, note="none"
    )
    physics: PhysicsSpec = entry(Table(PhysicsSpec), "mechanisms that can be switched off", absent={})
    imaging: ImagingSpec | None = entry(
        Table(ImagingSpec), "how the injection is watched", None, note="judged at the end, by the defaults"
    )
    stop: StopSpec = entry(Table(StopSpec), "what ends the injection early, and the run", absent={})
    output: OutputSpec = entry(Table(OutputSpec), "what is stored", absent={})
    numerics: NumericsSpec = entry(Table(NumericsSpec), "steps and tolerances", absent={})
    folder: Path = field(default=Path(), compare=False, repr=False)
    source: str = field(default="", compare=False, repr=False)

    RULES: ClassVar = Rules(rules.case)

    def replace(self, changes: Mapping[str, object]) -> Case:
        """Case with some values changed and everything checked again.

        Parameters
        ----------
        changes
            New values by dotted key, written as in a case file, such as `{"injection.volume": "3 mL",
            "outlet.0.pressure": "2 kPa"}`. An outlet or region may be named instead of counted; None takes a
            value out. Stating one of several alternatives takes the others out. A preset takes effect in
            full: what it states replaces what was there, unless changed here too.

        Raises
        ------
        CaseError
            With every problem found.
        """
        from cementflow.case.edit import replace  # reading a case needs this module first

        return replace(self, changes)
