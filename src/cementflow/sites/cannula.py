"""The pressure that the cannula takes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

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
        return self.length * _gradient(float(flow), self.radius, cement, float(factor))


@lru_cache(maxsize=8)  # every system of a pressure field asks for the same one, at some 0.5 ms
def _gradient(flow: float, radius: float, cement: AgeingCement, factor: float) -> float:
    return pipe_gradient(flow, radius, lambda rate: cement.viscosity(rate, factor))
