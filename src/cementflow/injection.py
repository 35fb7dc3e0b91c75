"""From a case to what pushes the cement, and what it is pushed through."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cementflow.case import CannulaSpec, InjectionSpec
from cementflow.flow.problem import Drive
from cementflow.laws.ageing import AgeingCement
from cementflow.sites.cannula import Cannula
from cementflow.sites.syringe import Syringe

Floats = NDArray[np.float64]
USUAL_SHEAR = 1.0  # 1/s, of cement in bone


@dataclass(frozen=True, eq=False)
class Entering:
    """What is pushed, and into what.

    Parameters
    ----------
    cement, syringe
        Its law, and how old it is.
    permeability
        Of the bone, about [m2].
    dead_volume
        Whether what stands in the cannula comes first.
    """

    cement: AgeingCement
    syringe: Syringe
    permeability: float
    dead_volume: bool


def build_drive(spec: InjectionSpec, pipe: CannulaSpec | None, radius: float, entering: Entering) -> Drive:
    """How the cement of a case is pushed.

    Parameters
    ----------
    spec
        What is stated.
    pipe
        The needle that it comes through, None without.
    radius
        Of the ball out of which it comes [m].
    entering
        What is pushed.
    """
    needle = build_cannula(pipe, entering.dead_volume) if pipe is not None else None
    stated = spec.max_pressure if spec.max_pressure is not None else np.inf
    hand = spec.plunger.pressure if spec.plunger is not None else np.inf
    tip = spec.max_tip_pressure if spec.max_tip_pressure is not None else np.inf
    rate = spec.flow_rate
    if rate is None:
        cement = entering.cement
        factor = entering.syringe.factor(cement, 0.0, 0.0)
        rate = usual_rate(needle, cement, factor, min(stated, hand), tip, entering.permeability, radius)
    return Drive(
        rate=rate,
        volume=spec.total,
        max_tip=tip,
        max_syringe=min(stated, hand),
        cannula=needle,
        free=spec.flow_rate is None,
        by_force=hand < stated,
    )


def build_cannula(spec: CannulaSpec, holds: bool) -> Cannula:
    """The needle of a case; `holds`: whether its dead volume comes first."""
    return Cannula(
        radius=0.5 * spec.inner_diameter,
        length=spec.length,
        proximal_radius=0.5 * (spec.proximal_diameter or 0.0),
        proximal_length=spec.proximal_length or 0.0,
        in_body=spec.in_body * spec.length,
        slip=spec.slip or 0.0,
        holds=holds,
    )


def usual_rate(
    needle: Cannula | None,
    cement: AgeingCement,
    factor: float,
    syringe: float,
    tip: float,
    permeability: float,
    radius: float,
) -> float:
    """Rate [m3/s] that counts as much where none is wanted: what the limits drive through needle and bone.

    The bone as it resists a ball of cement that has just left the tip: dp = 6 Q mu / (20 pi k r), the mean over the
    ball of its flow in endless bone. An estimate; nothing but tolerances and the first step depend on it.

    Parameters
    ----------
    needle
        The cannula, None without.
    cement, factor
        Its law and growth [-].
    syringe, tip
        Largest pressures [Pa], infinite without a limit; one is finite.
    permeability, radius
        Of the bone [m2], and of the ball [m].
    """
    from scipy.optimize import brentq

    viscosity = float(cement.viscosity(np.array([USUAL_SHEAR]), factor)[0])
    resistance = 6.0 * viscosity / (20.0 * np.pi * permeability * radius)

    def excess(logarithm: float) -> float:
        rate = float(np.exp(logarithm))
        through = needle.drop(rate, cement, factor) if needle is not None else 0.0
        return max((resistance * rate + through) / syringe, resistance * rate / tip) - 1.0

    return float(
        np.exp(brentq(excess, np.log(1e-15), np.log(min(syringe, tip) / resistance) + 1e-6, xtol=1e-6))
    )
