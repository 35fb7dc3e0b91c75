"""Bone whose permeability varies from place to place."""

from __future__ import annotations

from dataclasses import dataclass

from cementflow.case.compound_kinds import Whole
from cementflow.case.fields import entry
from cementflow.case.kinds import Number, Quantity


@dataclass(frozen=True, kw_only=True)
class HeterogeneitySpec:
    """Permeability of the bone as a log-normal random field: the stated one is its mean, in every direction alike.

    The porosity stays as stated, and regions have their own permeability where they state one.
    """

    spread: float = entry(
        Number(0.0, 3.0),
        "standard deviation of the logarithm of the permeability",
        0.5,
        source="assumed: between lumbar bodies the deviation is 0.39 of the mean (Baroud et al. 2004), so 0.37; "
        "within one body none was found",
    )
    correlation: float = entry(
        Quantity("length", "0.5 mm", "100 mm"),
        "distance at which the correlation has fallen to 0.61, exp(-1/2)",
        "4 mm",
        source="assumed: some gaps between trabeculae of 0.8 to 1.3 mm",
    )
    seed: int = entry(
        Whole(0, 2**31 - 1), "tells one such bone from another", 1, source="assumed: any number"
    )
