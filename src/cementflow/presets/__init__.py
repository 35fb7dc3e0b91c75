"""Cements, bones, marrows and whole cases: TOML data in which every number has a source or is 'assumed'."""

from cementflow.presets.describe import describe, overview
from cementflow.presets.store import Preset, Standing, list_presets, load_preset, parse_preset, read_preset

__all__ = [
    "Preset",
    "Standing",
    "describe",
    "list_presets",
    "load_preset",
    "overview",
    "parse_preset",
    "read_preset",
]
