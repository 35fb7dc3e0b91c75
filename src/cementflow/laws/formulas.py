"""The formulas of the laws of flow, as functions of a shear rate [1/s] and numbers.

The same lines run on arrays and, compiled by Numba, on one number after the other; what the numbers mean and where the
formulas come from is told by the laws (`cementflow.laws.rheology`). Each returns a viscosity [Pa s].
"""

from __future__ import annotations

from typing import Any

import numpy as np


def power_law(rate: Any, K: Any, n: Any, rate_min: Any, rate_max: Any) -> Any:
    """K rate^(n - 1), the rate held inside its range."""
    return K * np.minimum(np.maximum(rate, rate_min), rate_max) ** (n - 1.0)


def carreau_yasuda(rate: Any, mu_0: Any, mu_inf: Any, relaxation_time: Any, n: Any, a: Any) -> Any:
    """mu_inf + (mu_0 - mu_inf) [1 + (lambda rate)^a]^((n - 1)/a)."""
    return mu_inf + (mu_0 - mu_inf) * (1.0 + (relaxation_time * rate) ** a) ** ((n - 1.0) / a)


def cross(rate: Any, mu_0: Any, mu_inf: Any, relaxation_time: Any, n: Any) -> Any:
    """mu_inf + (mu_0 - mu_inf) / [1 + (lambda rate)^(1 - n)]."""
    return mu_inf + (mu_0 - mu_inf) / (1.0 + (relaxation_time * rate) ** (1.0 - n))


def plug(held: Any, yield_stress: Any, regularisation_time: Any) -> Any:
    """tau_y [1 - exp(-m rate)] / rate at a rate above 0; past the exponent 700 nothing is left of the exponential."""
    creep = np.minimum(regularisation_time * held, 700.0)
    return yield_stress * (-np.expm1(-creep) / held)
