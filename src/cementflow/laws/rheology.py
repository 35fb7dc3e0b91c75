"""Bulk viscosity of the cement as a function of shear rate.

Every law answers `viscosity(rate)`, `stress(rate)` and `slope(rate)` for arrays of shear rates [1/s]. The slope is that
of ln mu over ln rate, so 1 + slope is the index of the power law that touches the curve. The stress grows with the
rate: only then does a stress belong to one rate (`rate_of_stress`). Ageing multiplies a law
(`cementflow.laws.ageing`) and never enters here.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from cementflow.laws import formulas

Floats = NDArray[np.float64]

# A rate that a formula can divide by and raise to any power that occurs.
_LEAST_RATE = 1e-60
# Logarithm of the shear rates between which a root is looked for, 1e-26 to 1e26 1/s.
_WIDEST = 60.0


class Rheology(Protocol):
    """What the flow asks of a viscosity law."""

    @property
    def newtonian(self) -> bool:
        """Whether the viscosity is the same at all shear rates."""
        ...

    def viscosity(self, rate: Floats) -> Floats:
        """Viscosity [Pa s] at shear rates [1/s], 0 included."""
        ...

    def slope(self, rate: Floats) -> Floats:
        """Derivative of ln mu by ln rate [-] at shear rates [1/s]; above -1."""
        ...

    def stress(self, rate: Floats) -> Floats:
        """Shear stress [Pa] at shear rates [1/s]."""
        return self.viscosity(rate) * np.asarray(rate)


@dataclass(frozen=True)
class Newtonian(Rheology):
    """mu = constant.

    Parameters
    ----------
    mu
        Viscosity [Pa s].
    """

    mu: float

    @property
    def newtonian(self) -> bool:
        """Always."""
        return True

    def viscosity(self, rate: Floats) -> Floats:
        """Viscosity [Pa s]; the rate does not matter."""
        return np.full(np.shape(rate), self.mu)

    def slope(self, rate: Floats) -> Floats:
        """Zero."""
        return np.zeros(np.shape(rate))


@dataclass(frozen=True)
class PowerLaw(Rheology):
    """mu = K rate^(n - 1), with the rate held inside [rate_min, rate_max] (Ostwald 1925, de Waele 1923).

    Without the lower bound the viscosity of a shear-thinning fluid at rest would be infinite. Limit: Newtonian at
    n = 1. Valid in the middle of a flow curve, away from its plateaux.

    Parameters
    ----------
    K
        Consistency [Pa s^n].
    n
        Index, 0 < n; below 1 the fluid thins under shear.
    rate_min, rate_max
        Range of shear rates [1/s] in which the power law is used.
    """

    K: float
    n: float
    rate_min: float = 1e-3
    rate_max: float = 1e4

    @property
    def newtonian(self) -> bool:
        """At n = 1."""
        return self.n == 1.0

    def viscosity(self, rate: Floats) -> Floats:
        """Viscosity [Pa s] at shear rates [1/s]."""
        return np.asarray(formulas.power_law(rate, self.K, self.n, self.rate_min, self.rate_max))

    def slope(self, rate: Floats) -> Floats:
        """Index n less 1 inside the range, 0 outside."""
        return np.where(_inside(rate, self.rate_min, self.rate_max), self.n - 1.0, 0.0)


@dataclass(frozen=True)
class CarreauYasuda(Rheology):
    """mu = mu_inf + (mu_0 - mu_inf) [1 + (lambda rate)^a]^((n - 1)/a) (Yasuda 1979).

    Limits: Carreau's law (1972) at a = 2, mu_0 towards rate 0 and mu_inf towards infinity, between them the power law
    K = (mu_0 - mu_inf) lambda^(n - 1); Newtonian at n = 1. Valid for melts and suspensions with a plateau at rest and
    no yield stress.

    Parameters
    ----------
    mu_0, mu_inf
        Viscosities [Pa s] towards zero and infinite shear rate, mu_inf <= mu_0.
    relaxation_time
        lambda [s]: thinning sets in near the rate 1/lambda.
    n
        Index of the thinning branch, 0 < n.
    a
        Sharpness of the bend between plateau and thinning branch, 0 < a.
    """

    mu_0: float
    mu_inf: float
    relaxation_time: float
    n: float
    a: float = 2.0

    @property
    def newtonian(self) -> bool:
        """At n = 1, and where both plateaux are the same."""
        return self.n == 1.0 or self.mu_0 == self.mu_inf

    def viscosity(self, rate: Floats) -> Floats:
        """Viscosity [Pa s] at shear rates [1/s]."""
        numbers = self.mu_0, self.mu_inf, self.relaxation_time, self.n, self.a
        return np.asarray(formulas.carreau_yasuda(np.asarray(rate), *numbers))

    def slope(self, rate: Floats) -> Floats:
        """(n - 1) z / (1 + z) of the part above mu_inf, z = (lambda rate)^a."""
        mu, z = self.viscosity(rate), self._reduced(rate)
        return (self.n - 1.0) * z / (1.0 + z) * (mu - self.mu_inf) / mu

    def _reduced(self, rate: Floats) -> Floats:
        return (self.relaxation_time * np.asarray(rate)) ** self.a


@dataclass(frozen=True)
class Cross(Rheology):
    """mu = mu_inf + (mu_0 - mu_inf) / [1 + (lambda rate)^(1 - n)] (Cross 1965, who found 1 - n = 2/3 in dispersions).

    Limits: mu_0 towards rate 0 and mu_inf towards infinity, between them the power law K = (mu_0 - mu_inf)
    lambda^(n - 1); Newtonian where both plateaux are the same, but not for n towards 1, where the bend is spread over
    ever more decades. Valid for dispersions with a wide bend, which thin long before the rate 1/lambda.

    Parameters
    ----------
    mu_0, mu_inf
        Viscosities [Pa s] towards zero and infinite shear rate, mu_inf <= mu_0.
    relaxation_time
        lambda [s]: at the rate 1/lambda half of the way between the plateaux is done.
    n
        Index of the thinning branch, 0 < n < 1.
    """

    mu_0: float
    mu_inf: float
    relaxation_time: float
    n: float

    @property
    def newtonian(self) -> bool:
        """Where both plateaux are the same."""
        return self.mu_0 == self.mu_inf

    def viscosity(self, rate: Floats) -> Floats:
        """Viscosity [Pa s] at shear rates [1/s]."""
        numbers = self.mu_0, self.mu_inf, self.relaxation_time, self.n
        return np.asarray(formulas.cross(np.asarray(rate), *numbers))

    def slope(self, rate: Floats) -> Floats:
        """-(1 - n) z / (1 + z) of the part above mu_inf, z = (lambda rate)^(1 - n)."""
        mu, z = self.viscosity(rate), self._reduced(rate)
        return (self.n - 1.0) * z / (1.0 + z) * (mu - self.mu_inf) / mu

    def _reduced(self, rate: Floats) -> Floats:
        return (self.relaxation_time * np.asarray(rate)) ** (1.0 - self.n)


@dataclass(frozen=True)
class Yielding(Rheology):
    """A law with a yield stress, mu = mu_base(rate) + tau_y [1 - exp(-m rate)] / rate.

    The yield stress is regularised after Papanastasiou 1987 (10.1122/1.549926): below the rate 1/m the fluid creeps
    with the viscosity m tau_y (and that of the base) in place of standing still, so that the flow is defined
    everywhere. Limits: the base at tau_y = 0, Bingham over a Newtonian base, the ideal yield stress for m towards
    infinity. Valid for pastes; what creeps below tau_y is an artefact and small where m times the shear rates of
    interest is large.

    Parameters
    ----------
    base
        What adds to the yield stress once the fluid flows.
    yield_stress
        tau_y [Pa], at least 0.
    regularisation_time
        m [s].
    rate_min, rate_max
        Range of shear rates [1/s]; outside it the second term stays as it is at the bound.
    """

    base: Rheology
    yield_stress: float
    regularisation_time: float = 100.0
    rate_min: float = 1e-3
    rate_max: float = 1e4

    @property
    def newtonian(self) -> bool:
        """Where the base is, without yield stress."""
        return self.base.newtonian and self.yield_stress == 0.0

    def viscosity(self, rate: Floats) -> Floats:
        """Viscosity [Pa s] at shear rates [1/s]."""
        return self.base.viscosity(rate) + formulas.plug(
            self._held(rate), self.yield_stress, self.regularisation_time
        )

    def slope(self, rate: Floats) -> Floats:
        """Those of both terms, by their shares in the viscosity."""
        held, base = self._held(rate), self.base.viscosity(rate)
        plug = self._plug(held)
        falling = self.regularisation_time * np.exp(-self._creep(held)) - plug
        falling = np.where(_inside(rate, self.rate_min, self.rate_max), falling, 0.0)
        mu = base + self.yield_stress * plug
        return (self.base.slope(rate) * base + self.yield_stress * falling) / mu

    def _held(self, rate: Floats) -> Floats:
        return np.clip(rate, max(self.rate_min, _LEAST_RATE), self.rate_max)

    def _creep(self, held: Floats) -> Floats:
        # Beyond this its exponential is nothing.
        return np.minimum(self.regularisation_time * held, 700.0)

    def _plug(self, held: Floats) -> Floats:
        return np.asarray(formulas.plug(held, 1.0, self.regularisation_time))


@dataclass(frozen=True)
class HerschelBulkley(Rheology):
    """mu = K rate^(n - 1) + tau_y [1 - exp(-m rate)] / rate, the rate held inside [rate_min, rate_max].

    A power law with a yield stress (Herschel & Bulkley 1926), which is regularised as in `Yielding`. Limits: the power
    law at tau_y = 0, Bingham at n = 1.

    Parameters
    ----------
    K
        Consistency [Pa s^n].
    n
        Index, 0 < n.
    yield_stress
        tau_y [Pa], at least 0.
    regularisation_time
        m [s].
    rate_min, rate_max
        Range of shear rates [1/s] in which the law is used; outside it the viscosity stays as it is at the bound.
    """

    K: float
    n: float
    yield_stress: float
    regularisation_time: float = 100.0
    rate_min: float = 1e-3
    rate_max: float = 1e4

    @cached_property
    def law(self) -> Yielding:
        """The same in its two parts."""
        bounds = self.rate_min, self.rate_max
        base = PowerLaw(self.K, self.n, *bounds)
        return Yielding(base, self.yield_stress, self.regularisation_time, *bounds)

    @property
    def newtonian(self) -> bool:
        """At n = 1 without yield stress."""
        return self.law.newtonian

    def viscosity(self, rate: Floats) -> Floats:
        """Viscosity [Pa s] at shear rates [1/s]."""
        return self.law.viscosity(rate)

    def slope(self, rate: Floats) -> Floats:
        """Of both terms inside the range, 0 outside."""
        return self.law.slope(rate)


def rate_of_stress(law: Rheology, stress: Floats) -> Floats:
    """Shear rate [1/s] at which a law has a shear stress [Pa]; inverse of `Rheology.stress`.

    Newton's method between logarithms, where the laws are close to straight lines. A step that leaves what is known to
    hold the root, as at a yield stress, is cut to its middle.

    Parameters
    ----------
    law
        Any law.
    stress
        Any shape, at least 0.
    """
    wanted = np.asarray(stress, dtype=np.float64)
    goal = np.log(np.maximum(wanted, 1e-300))
    x = np.clip(goal - np.log(law.viscosity(np.ones(wanted.shape))), -_WIDEST, _WIDEST)
    low, high = np.full(x.shape, -_WIDEST), np.full(x.shape, _WIDEST)
    for _ in range(200):
        rate = np.exp(x)
        off = np.log(law.stress(rate)) - goal
        if np.all((np.abs(off) < 1e-14) | (high - low < 1e-15 * np.abs(x))):
            break
        low, high = np.where(off < 0.0, x, low), np.where(off > 0.0, x, high)
        step = x - off / np.maximum(1.0 + law.slope(rate), 1e-12)
        x = np.where((step > low) & (step < high), step, 0.5 * (low + high))
    return np.where(wanted > 0.0, np.exp(x), 0.0)


def _inside(rate: Floats, low: float, high: float) -> NDArray[np.bool_]:
    return (np.asarray(rate) > low) & (np.asarray(rate) < high)
