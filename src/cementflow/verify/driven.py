"""A ball of cement that a constant pressure pushes through a needle."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cementflow.verify.balls import ball_source_pressure

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class DrivenBall:
    """Ordinary differential equation of a ball of power-law cement that grows under a stated syringe pressure.

    The pressure is spent in the needle and in the bone, P = dp_needle(Q, t) + dp_bone(Q, R, t), which gives the rate
    Q(R, t), and the front moves as 4 pi phi R^2 dR/dt = Q. The needle takes
    (2 K L / R_n) [(3n + 1) Q / (n pi R_n^3)]^n, the bone `ball_source_pressure`; K and M grow as exp(t / growth).
    Without a needle, and for Newtonian cement that does not age, the time between two fronts is `ball_source_time`.

    Parameters
    ----------
    pressure
        P over that outside [Pa].
    permeability, porosity
        k [m2] and phi [-].
    radius, outer
        r_0 of the ball that injects, and where the pressure is that outside [m].
    cement, n
        Darcy consistency M at time 0, and index.
    marrow
        Viscosity [Pa s].
    K
        Consistency in the needle at time 0 [Pa s^n].
    needle_radius, needle_length
        R_n and L [m]; no needle with a length of 0.
    growth
        Time in which K and M grow by the factor e [s].
    """

    pressure: float
    permeability: float
    porosity: float
    radius: float
    outer: float
    cement: float
    n: float
    marrow: float
    K: float = 0.0
    needle_radius: float = 1.0
    needle_length: float = 0.0
    growth: float = np.inf

    def needle_drop(self, rate: float, time: float) -> float:
        """Pressure that the needle takes [Pa]."""
        wall = (3.0 * self.n + 1.0) * rate / (self.n * np.pi * self.needle_radius**3)
        drop = 2.0 * self.K * self.needle_length / self.needle_radius * wall**self.n
        return float(drop * np.exp(time / self.growth))

    def rate(self, front: float, time: float) -> float:
        """Volume rate [m3/s] when the front is at a radius [m] at a time [s]."""
        from scipy.optimize import brentq

        grown = self.cement * np.exp(time / self.growth)

        def excess(logarithm: float) -> float:
            rate = float(np.exp(logarithm))
            bone = ball_source_pressure(
                rate, self.permeability, self.radius, front, self.outer, grown, self.marrow, self.n
            )
            return bone + self.needle_drop(rate, time) - self.pressure

        return float(np.exp(brentq(excess, np.log(1e-15), np.log(1e-2), xtol=1e-13)))

    def fronts(self, times: ArrayLike, start: float, begin: float = 0.0) -> Floats:
        """Front [m] at ascending times [s] after it was at the radius `start` [m] at the time `begin` [s]."""
        from scipy.integrate import solve_ivp

        def speed(time: float, front: Floats) -> float:
            area = 4.0 * np.pi * self.porosity * front[0] ** 2
            return self.rate(float(front[0]), time) / area

        at = np.asarray(times, float)
        found = solve_ivp(speed, (begin, float(at[-1])), [start], t_eval=at, rtol=1e-9, atol=1e-12)
        return np.asarray(found.y[0])
