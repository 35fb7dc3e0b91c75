"""Which mechanisms take part."""

from __future__ import annotations

from dataclasses import dataclass

from cementflow.case.fields import entry
from cementflow.case.kinds import Flag, Quantity


@dataclass(frozen=True, kw_only=True)
class PhysicsSpec:
    """Mechanisms that can be switched off, to see what each contributes."""

    shear_thinning: bool = entry(
        Flag(), "the viscosity falls with the shear rate; without, it is that at constant_rate", True
    )
    yield_stress: bool = entry(Flag(), "the cement has its yield stress", True)
    ageing: bool = entry(
        Flag(), "the viscosity grows; without, it stays as it is at the start of the injection", True
    )
    dead_volume: bool = entry(
        Flag(),
        "what enters the bone is what entered the cannula earlier, and aged in it; without, it comes straight from the "
        "syringe",
        True,
    )
    heat: bool = entry(
        Flag(), "temperature and cure are computed; without, each fluid keeps its stated temperature", False
    )
    constant_rate: float = entry(
        Quantity("rate", "1e-6 1/s", "1e6 1/s"),
        "shear rate whose viscosity the cement keeps where shear_thinning is off",
        "1 1/s",
        source="assumed: of the order of the shear rates in bone, some 0.1 to 30 1/s",
    )
