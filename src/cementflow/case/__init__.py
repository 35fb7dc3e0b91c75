"""What the user states: cases as frozen, checked dataclasses; TOML in and out; a digest."""

from cementflow.case.edit import parse_setting, parse_settings
from cementflow.case.positions import Permeability, Position
from cementflow.case.read import load, parse_toml, preset, read_case
from cementflow.case.schema import (
    BodyBox,
    BoneSpec,
    CannulaSpec,
    Case,
    CementSpec,
    CortexSpec,
    GeometrySpec,
    InjectionSpec,
    MarrowSpec,
    NumericsSpec,
    OutletSpec,
    OutputSpec,
    RegionSpec,
    SourceSpec,
    StopSpec,
)
from cementflow.case.write import digest, to_table, to_toml

__all__ = [
    "BodyBox",
    "BoneSpec",
    "CannulaSpec",
    "Case",
    "CementSpec",
    "CortexSpec",
    "GeometrySpec",
    "InjectionSpec",
    "MarrowSpec",
    "NumericsSpec",
    "OutletSpec",
    "OutputSpec",
    "Permeability",
    "Position",
    "RegionSpec",
    "SourceSpec",
    "StopSpec",
    "digest",
    "load",
    "parse_setting",
    "parse_settings",
    "parse_toml",
    "preset",
    "read_case",
    "to_table",
    "to_toml",
]
