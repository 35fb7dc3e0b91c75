"""Veins that lie elsewhere in each body."""

from __future__ import annotations

from dataclasses import dataclass

from cementflow.case.compound_kinds import Whole
from cementflow.case.fields import entry
from cementflow.case.kinds import Quantity


@dataclass(frozen=True, kw_only=True)
class ScatterSpec:
    """Places of the tree as they differ between bodies: each corner of a course is moved by a normal distribution.

    Corners that veins share stay shared. What lies outside the body or within a tenth of its box from a face is moved
    along that face only, so that veins leave through the walls that they are stated to leave through.
    """

    spread: float = entry(
        Quantity("length", "0 mm", "10 mm"),
        "standard deviation along each axis of the vertebra; cut at twice that",
        "2 mm",
        source="assumed: no published scatter of veins within a body was found",
    )
    seed: int = entry(
        Whole(0, 2**31 - 1), "tells one such tree from another", 1, source="assumed: any number"
    )
