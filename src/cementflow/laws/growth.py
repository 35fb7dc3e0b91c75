"""How much thicker a cement has become: the logarithm of a factor on its whole law of flow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Growth(Protocol):
    """What the flow asks of a growth law."""

    def logarithm(self, age: Floats, cure: Floats) -> Floats:
        """Logarithm of the factor [-] at equivalent ages [s] and degrees of cure [-]."""
        ...


@dataclass(frozen=True)
class Constant:
    """A cement that does not age, or no longer: ln factor = value.

    Parameters
    ----------
    value
        Of the logarithm [-].
    """

    value: float = 0.0

    def logarithm(self, age: Floats, cure: Floats) -> Floats:
        """The value, whatever the age."""
        return np.full(np.broadcast_shapes(np.shape(age), np.shape(cure)), self.value)


@dataclass(frozen=True)
class Exponential:
    """ln factor = (age - reference_age) / time.

    Parameters
    ----------
    time
        In which the viscosity grows by the factor e [s].
    reference_age
        At which the stated law holds [s].
    """

    time: float
    reference_age: float = 0.0

    def logarithm(self, age: Floats, cure: Floats) -> Floats:
        """Straight in the age."""
        return (np.asarray(age) - self.reference_age) / self.time + 0.0 * np.asarray(cure)
