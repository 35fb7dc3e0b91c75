"""The pressure that the cannula takes."""

from __future__ import annotations

from dataclasses import dataclass

from cementflow.laws.ageing import AgeingCement
from cementflow.laws.pipe import pipe_gradient


@dataclass(frozen=True)
class Cannula:
    """A straight pipe filled with the injected cement.

    Parameters
    ----------
    radius, length
        Inner radius and length [m].
    """

    radius: float
    length: float

    def drop(self, flow: float, cement: AgeingCement, factor: float) -> float:
        """Pressure lost between syringe and tip [Pa] at a volume rate [m3/s] and growth of the viscosity [-]."""
        return self.length * pipe_gradient(flow, self.radius, lambda rate: cement.viscosity(rate, factor))
