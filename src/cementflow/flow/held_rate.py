"""The rate at which the viscosity is taken while a pressure limit holds the flow back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

FLATTEST = 0.05  # least slope that a secant is trusted with: as of a yield stress
LARGEST = 1.5  # of a change of ln rate in one iteration


@dataclass
class HeldRate:
    """Secants for the rate that a limit allows.

    At a stated rate the flux hardly changes from one iteration to the next, and neither does a viscosity that follows
    from it. At a stated pressure it does: a viscosity taken at the rate x allows a rate y(x), of a power law x^(1 - n)
    times something, and x = y alone would come closer by 1 - n an iteration. So ln x goes by secants of ln y - ln x.

    Parameters
    ----------
    rate
        x [m3/s], at which the viscosity in use was taken.
    """

    rate: float
    _before: tuple[float, float] | None = None

    def scale(self, allowed: float, limited: bool, part: float) -> float:
        """Rate at which to take the viscosity next over the rate y that the one in use allowed [m3/s].

        Parameters
        ----------
        allowed
            y [m3/s].
        limited
            Whether a limit decided on y; at the wanted rate there is nothing to search.
        part
            Share of the way that the logarithm of the viscosity is to move.
        """
        if not limited or self.rate <= 0.0 or allowed <= 0.0:
            self.rate, self._before = allowed, None
            return 1.0
        x, gap = np.log(self.rate), np.log(allowed / self.rate)
        slope = 1.0
        if self._before is not None and self._before[0] != x:
            slope = (self._before[1] - gap) / (x - self._before[0])
            slope = min(max(slope, FLATTEST), 1.0) if slope > 0.0 else 1.0
        step = min(max(gap / slope, -LARGEST), LARGEST)
        self._before = (x, gap)
        self.rate = float(np.exp(x + part * step))
        return float(np.exp(step - gap))
