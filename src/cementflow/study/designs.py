"""Designs: which combinations of the factors a study runs.

All drawn designs are made in the unit cube and mapped by the quantile functions of the factors; the same seed gives the
same points.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cementflow.errors import InputError
from cementflow.study.factors import Factor

Cube = NDArray[np.float64]

STATED = ("grid", "list")
DRAWN = ("lhs", "sobol", "random", "saltelli", "morris")
ORDERED = ("saltelli", "morris")  # what SALib makes of the results depends on the order of the rows
MOST_RUNS = 100_000
_DRAWS = 1  # keeps the draws of what is uncertain apart from those of the design


@dataclass(frozen=True)
class Design:
    """How the points are chosen.

    Parameters
    ----------
    name
        One of `STATED` or `DRAWN`.
    points
        Number of points drawn; base samples of `saltelli`, trajectories of `morris`; None for `STATED`.
    seed
        Of everything that is drawn.
    draws
        How many times what is uncertain is drawn.
    """

    name: str = "grid"
    points: int | None = None
    seed: int = 1
    draws: int = 32

    def rows(self, factors: tuple[Factor, ...]) -> int:
        """Number of rows that `values` has."""
        if not factors:
            return 1
        if self.name == "grid":
            return prod(len(f.levels()) for f in factors)
        if self.name == "list":
            return len(factors[0].levels())
        more = {"saltelli": len(factors) + 2, "morris": len(factors) + 1}
        return (self.points or 0) * more.get(self.name, 1)

    def values(self, factors: tuple[Factor, ...]) -> list[tuple[Any, ...]]:
        """One value a factor for each row; on a grid the last factor changes fastest."""
        if not factors:
            return [()]
        if self.name == "grid":
            return list(product(*(f.levels() for f in factors)))
        if self.name == "list":
            return list(zip(*(f.levels() for f in factors), strict=True))
        return _mapped(self._cube(len(factors)), factors)

    def drawn(self, uncertain: tuple[Factor, ...]) -> list[tuple[Any, ...]]:
        """One value for each uncertain factor and draw, the same for every row; a Latin hypercube."""
        if not uncertain:
            return [()]
        from scipy.stats import qmc

        rng = np.random.default_rng([_DRAWS, self.seed])
        return _mapped(qmc.LatinHypercube(len(uncertain), rng=rng).random(self.draws), uncertain)

    def note(self) -> str:
        """What a user should know about the number of points; empty if nothing."""
        n = self.points or 0
        if self.name not in ("sobol", "saltelli") or n & (n - 1) == 0:
            return ""
        lower = 1 << (n.bit_length() - 1)
        return (
            f"points = {n} is no power of two, so the Sobol points are not balanced; "
            f"{lower} or {2 * lower} would be"
        )

    def _cube(self, dimensions: int) -> Cube:
        """Points in the unit cube, shape (rows, dimensions)."""
        assert self.points is not None
        if self.name == "random":
            return np.random.default_rng(self.seed).random((self.points, dimensions))
        with warnings.catch_warnings():
            # Both libraries warn of numbers that are no power of two, which `note` says in our words.
            warnings.simplefilter("ignore", UserWarning)
            if self.name in ORDERED:
                return _by_salib(self.name, dimensions, self.points, self.seed)
            from scipy.stats import qmc

            engine = qmc.LatinHypercube if self.name == "lhs" else qmc.Sobol
            return np.asarray(engine(dimensions, rng=np.random.default_rng(self.seed)).random(self.points))


def _mapped(cube: Cube, factors: Sequence[Factor]) -> list[tuple[Any, ...]]:
    return [tuple(f.at(float(u)) for f, u in zip(factors, row, strict=True)) for row in cube]


def _by_salib(name: str, dimensions: int, points: int, seed: int) -> Cube:
    """Rows in the order that SALib's analyses need; for total and first indices, or trajectories of four levels."""
    try:
        from SALib.sample import morris, sobol
    except ImportError:
        raise InputError(
            f'design = "{name}" needs SALib; install it with: pip install "cementflow[study]"'
        ) from None
    problem = {
        "num_vars": dimensions,
        "names": [str(i) for i in range(dimensions)],
        "bounds": [[0.0, 1.0]] * dimensions,
    }
    if name == "morris":
        return np.asarray(morris.sample(problem, points, num_levels=4, seed=seed))
    return np.asarray(sobol.sample(problem, points, calc_second_order=False, seed=seed))
