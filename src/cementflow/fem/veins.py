"""Compiled code for cement that flows along veins."""

from __future__ import annotations

import numpy as np

from cementflow.compiled import kernel

MOST_PARTS = 20_000


@kernel
def along_veins(dt, start, end, capacity, flux, cement_in, cement, age, cure, fresh_age, fresh_cure):
    """Cement in the cells of a tree after a time of steady flow, in explicit parts in which no cell is flushed out.

    At a node all that arrives is mixed, and the cells that leave it have the mixture; a cell passes on what it holds,
    mixed, as far as the node can take it on: what the bone takes back there was taken out of the cells before.

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
    cement_in
        Cement that enters each node from the bone [m3/s].
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
    leaving, touching, fastest = np.zeros(m), np.zeros(m), 0.0
    for i in range(c):
        fastest = max(fastest, abs(flux[i]) * dt / capacity[i])
        touching[start[i]] += 1.0
        if end[i] >= 0:
            touching[end[i]] += 1.0
        a = start[i] if flux[i] > 0.0 else end[i]
        if a >= 0:
            leaving[a] += abs(flux[i])
    parts = min(max(int(np.ceil(fastest / 0.95)), 1), MOST_PARTS)
    h = dt / parts
    mean, beyond = np.zeros(c), np.zeros(c)
    out, mixed, years, cured = np.empty(c), np.empty(m), np.empty(m), np.empty(m)
    for _ in range(parts):
        for a in range(m):
            mixed[a] = 0.0
        for i in range(c):
            a = end[i] if flux[i] > 0.0 else start[i]
            out[i] = abs(flux[i]) * min(cement[i] / capacity[i], 1.0)
            if a >= 0:
                mixed[a] += out[i]
        for i in range(c):
            a = end[i] if flux[i] > 0.0 else start[i]
            if a >= 0 and mixed[a] + cement_in[a] > leaving[a] and mixed[a] > 0.0:
                out[i] *= min(max(leaving[a] - cement_in[a], 0.0) / mixed[a], 1.0)
        for a in range(m):
            mixed[a], years[a] = cement_in[a], cement_in[a] * fresh_age[a]
            cured[a] = cement_in[a] * fresh_cure[a]
        for i in range(c):
            a = end[i] if flux[i] > 0.0 else start[i]
            if a >= 0:
                mixed[a] += out[i]
                years[a] += out[i] * age[i]
                cured[a] += out[i] * cure[i]
        for i in range(c):
            left = cement[i] - h * out[i]
            aged, hardened = left * age[i], left * cure[i]
            for a in (start[i], end[i]):
                if a < 0 or mixed[a] <= 0.0:
                    continue
                part = 0.0
                if leaving[a] > 0.0:
                    if (a == start[i]) == (flux[i] > 0.0):
                        part = abs(flux[i]) / leaving[a]
                else:  # nothing leaves it, and what the bone gives it stays at the ends around it
                    part = 1.0 / touching[a]
                left += h * part * mixed[a]
                aged += h * part * years[a]
                hardened += h * part * cured[a]
            if left > 0.0:
                age[i], cure[i] = aged / left, hardened / left
            if (end[i] if flux[i] > 0.0 else start[i]) < 0:
                beyond[i] += h * out[i]
            cement[i] = left
            mean[i] += left / capacity[i] / parts
    return mean, beyond


@kernel
def node_pressures(order, first, behind, first_fill, fill, value, diagonal, rhs):
    """Pressures at the nodes of veins, by elimination.

    Parameters
    ----------
    order, first, behind, first_fill, fill
        See `cementflow.sites.vein_graph.Elimination`.
    value
        Conductances between each node and those behind it [m3/(Pa s)]; overwritten.
    diagonal, rhs
        Sum of the conductances at each node, and what enters it; overwritten.

    Returns
    -------
    array
        Pressures; 0 where nothing holds a node.
    """
    n = order.shape[0]
    for k in range(n):
        i = order[k]
        if diagonal[i] <= 0.0:
            continue
        for s in range(first[k], first[k + 1]):
            part = value[s] / diagonal[i]
            diagonal[behind[s]] -= part * value[s]
            rhs[behind[s]] += part * rhs[i]
        for f in range(first_fill[k], first_fill[k + 1]):
            value[fill[f, 2]] += value[fill[f, 0]] * value[fill[f, 1]] / diagonal[i]
    for k in range(n - 1, -1, -1):
        i = order[k]
        for s in range(first[k], first[k + 1]):
            rhs[i] += value[s] * rhs[behind[s]]
        rhs[i] = rhs[i] / diagonal[i] if diagonal[i] > 0.0 else 0.0
    return rhs
