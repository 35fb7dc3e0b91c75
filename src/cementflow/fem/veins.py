"""Compiled code for cement that flows along veins."""

from __future__ import annotations

import numpy as np
from numba import njit

MOST_PARTS = 20_000


@njit(cache=True, nogil=True)
def along_veins(
    dt, start, end, capacity, flux, cement_in, total_in, cement, age, cure, fresh_age, fresh_cure
):
    """Cement in the cells of a tree after a time of steady flow, in explicit parts in which no cell is flushed out.

    At a node all that arrives is mixed, and what leaves has the mixture; a cell passes on what it holds, mixed.

    Parameters
    ----------
    dt
        [s].
    start, end
        Nodes of each cell, -1 for outside.
    capacity
        Of each cell [m3].
    flux
        Through each cell, from start to end [m3/s].
    cement_in, total_in
        Cement, and all fluid, that enters each node from the bone or as blood [m3/s].
    cement, age, cure
        In each cell: volume of cement [m3], its equivalent age [s] and degree of cure [-]; changed in place.
    fresh_age, fresh_cure
        Of the cement that enters each node.

    Returns
    -------
    mean, beyond
        Mean share of cement in each cell over the time, and cement that left each cell to the outside [m3].
    """
    c, m = capacity.shape[0], cement_in.shape[0]
    fastest = 0.0
    for i in range(c):
        fastest = max(fastest, abs(flux[i]) * dt / capacity[i])
    parts = min(max(int(np.ceil(fastest / 0.95)), 1), MOST_PARTS)
    h = dt / parts
    mean, beyond = np.zeros(c), np.zeros(c)
    total, mixed, years, cured = np.empty(m), np.empty(m), np.empty(m), np.empty(m)
    for _ in range(parts):
        for a in range(m):
            total[a], mixed[a] = total_in[a], cement_in[a]
            years[a], cured[a] = cement_in[a] * fresh_age[a], cement_in[a] * fresh_cure[a]
        for i in range(c):
            a = end[i] if flux[i] > 0.0 else start[i]
            if a >= 0:
                out = abs(flux[i]) * min(cement[i] / capacity[i], 1.0)
                total[a] += abs(flux[i])
                mixed[a] += out
                years[a] += out * age[i]
                cured[a] += out * cure[i]
        for i in range(c):
            q = abs(flux[i])
            out = h * q * min(cement[i] / capacity[i], 1.0)
            a = start[i] if flux[i] > 0.0 else end[i]
            entering, entering_age, entering_cure = 0.0, 0.0, 0.0
            if a >= 0 and total[a] > 0.0 and mixed[a] > 0.0:
                entering = h * q * min(mixed[a] / total[a], 1.0)
                entering_age, entering_cure = years[a] / mixed[a], cured[a] / mixed[a]
            left = cement[i] - out
            if left + entering > 0.0:
                age[i] = (left * age[i] + entering * entering_age) / (left + entering)
                cure[i] = (left * cure[i] + entering * entering_cure) / (left + entering)
            if (end[i] if flux[i] > 0.0 else start[i]) < 0:
                beyond[i] += out
            cement[i] = left + entering
            mean[i] += cement[i] / capacity[i] / parts
    return mean, beyond
