"""How numbers are put into results."""

from __future__ import annotations

import numpy as np

ML = 1e6  # mL in a m3


def or_none(value: float) -> float | None:
    """A number, None in place of NaN: what never happened is null."""
    return None if np.isnan(value) else float(value)
