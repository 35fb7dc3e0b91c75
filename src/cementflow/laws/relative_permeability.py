"""How two fluids share the pores."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Corey:
    """k_rc = Se^nc and k_rm = (1 - Se)^nm with Se = (S - S_cr) / (1 - S_cr - S_mr) (Brooks & Corey 1964, Corey 1954).

    Parameters
    ----------
    cement_exponent, marrow_exponent
        nc and nm [-], at least 1.
    residual_cement, residual_marrow
        Saturations S_cr and S_mr [-] below which a fluid does not flow.
    """

    cement_exponent: float = 2.0
    marrow_exponent: float = 2.0
    residual_cement: float = 0.0
    residual_marrow: float = 0.0

    @property
    def largest_saturation(self) -> float:
        """Cement saturation at which only cement flows [-]."""
        return 1.0 - self.residual_marrow

    @property
    def numbers(self) -> tuple[float, float, float, float]:
        """(nc, nm, S_cr, 1 - S_cr - S_mr), as the compiled kernels take them."""
        mobile = 1.0 - self.residual_cement - self.residual_marrow
        nc, nm, residual = (
            float(self.cement_exponent),
            float(self.marrow_exponent),
            float(self.residual_cement),
        )
        return nc, nm, residual, mobile

    def effective(self, saturation: Floats) -> Floats:
        """Effective saturation Se in [0, 1]."""
        *_, residual, mobile = self.numbers
        return np.clip((saturation - residual) / mobile, 0.0, 1.0)

    def cement(self, saturation: Floats) -> Floats:
        """Relative permeability of the cement [-]."""
        return self.effective(saturation) ** self.cement_exponent

    def marrow(self, saturation: Floats) -> Floats:
        """Relative permeability of the marrow [-]."""
        return (1.0 - self.effective(saturation)) ** self.marrow_exponent
