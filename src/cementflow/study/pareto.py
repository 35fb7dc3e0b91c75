"""The front of two results: the runs that no other run beats in one without losing in the other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def pareto_front(
    first: NDArray[np.float64],
    second: NDArray[np.float64],
    first_larger: bool = True,
    second_larger: bool = False,
) -> NDArray[np.int64]:
    """Runs on the front, in order of the first result from its best; equal runs are all on it.

    A run is beaten by another that is at least as good in both results and better in one. After a sort by the first
    result one pass finds the front, so that it takes O(n log n).

    Parameters
    ----------
    first, second
        Results, shape (n,); runs with NaN are left out.
    first_larger, second_larger
        Whether larger is better; by default the first is to be large (fill), the second small (leak).

    Returns
    -------
    NDArray
        Indices of the runs on the front.
    """
    x = np.asarray(first, float) * (-1.0 if first_larger else 1.0)
    y = np.asarray(second, float) * (-1.0 if second_larger else 1.0)
    there = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
    order = there[np.lexsort((there, y[there], x[there]))]
    front: list[int] = []
    best = (np.inf, np.inf)
    for i in order:
        here = (x[i], y[i])
        # Runs with the same first result come with the best second one ahead.
        if here[1] < best[1]:
            best = here
            front.append(int(i))
        elif here == best:
            front.append(int(i))
    return np.array(front, np.int64)
