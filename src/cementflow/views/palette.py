"""Colours of all pictures: told apart by readers with any colour vision, and by their darkness in print.

Leaks, needle and curves are from the set of Okabe and Ito (Color Universal Design, 2008); the sequential maps are
matplotlib's `viridis` (pressure), one that runs from bone to cement (saturation) and one from bone to embers (heat).
"""

from __future__ import annotations

from typing import Any

INK = "#1a1a1a"
FAINT = "#767676"
GRID = "#e2e2e2"
BONE = "#b9a88c"
CEMENT = "#1f8a8c"
CEMENT_DARK = "#0b3d4f"
LEAK = "#d55e00"
TIGHT = "#8a8a8a"
NEEDLE = "#0072b2"
VEIN = "#6f5a8c"
HOT = "#8e1b3a"
BONE_PALE = "#f7f0e0"
# Kinds of harm by heat, the wider region first.
HARM = ("#f0a04b", "#a62a3e")
PRESSURE_MAP = "viridis"
# For several outlets in one panel, with the line style as second sign; LEAK is left for their sum.
CYCLE = ("#0072b2", "#cc79a7", "#009e73", "#e69f00", "#56b4e9")
DASHES = ("-", "--", "-.", ":")


def saturation_map() -> Any:
    """Matplotlib colour map from bone (no cement) to dark cement (all cement)."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("cement", ["#f1eadd", "#9fcfc4", CEMENT, CEMENT_DARK])


def porosity_map() -> Any:
    """Matplotlib colour map from dense bone (dark) to bone that is nearly all pores (pale)."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("porosity", ["#33261a", "#7d6a4f", BONE, BONE_PALE])


def heat_map() -> Any:
    """Matplotlib colour map from bone (cool) to nearly black (hot), steadily darker."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list(
        "heat", [BONE_PALE, "#f9c96b", "#ec7f2e", "#bb2f3c", HOT, "#2c0a26"]
    )
