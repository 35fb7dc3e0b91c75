"""Compiled code of the transport: the order of the flow graph and implicit upwind saturations along it."""

from __future__ import annotations

import numpy as np

from cementflow.compiled import inner, kernel
from cementflow.fem.fractional_flow import fractional_flow, implicit_saturation
from cementflow.fem.region import NONE, ONE

MAX_SWEEPS = 50
# What changes the saturation of the next vertex by less than this from one sweep to the next is settled; the explicit
# balance at the end of a step closes what is left.
SETTLED = 1e-11
# A vertex that passes on so much cement at the start of a step is behind the front. It takes the step in one part and
# is taken to pass on the same share throughout, which is off by the last of its marrow.
FILLED = 0.99


@kernel
def flow_order(start, ahead, away, incoming, by_pressure):
    """Order in which every vertex comes after those that it receives fluid from (Kahn 1962).

    The flow graph of a potential has no cycles while all coefficients are positive; where a negative one, or the mean
    of two flows, closes a cycle, it is cut at its vertex of highest pressure.

    Parameters
    ----------
    start, ahead, away, incoming
        Neighbours by rows, flux to each of them and number of those that bring something (`flow_graph`).
    by_pressure
        The vertices by falling pressure, or empty: then the order ends at the first cycle.

    Returns
    -------
    order, cut
        The vertices, and number of cycles that were cut; without `by_pressure` 1 if there is any, and no order.
    """
    size = incoming.shape[0]
    waiting = incoming.copy()
    order = np.empty(size, np.uint32)
    placed = np.zeros(size, np.bool_)
    count = 0
    for a in range(size):
        if waiting[a] == 0:
            order[count] = a
            placed[a] = True
            count += 1
    done, candidate, cut = 0, 0, 0
    while done < size:
        if done == count:
            cut += 1
            if by_pressure.shape[0] == 0:
                break
            while placed[by_pressure[candidate]]:
                candidate += 1
            order[count] = by_pressure[candidate]
            placed[by_pressure[candidate]] = True
            count += 1
        a = order[done]
        done += 1
        for s in range(start[a], start[a + ONE]):
            if away[s] > 0.0 and not placed[ahead[s]]:
                b = ahead[s]
                waiting[b] -= 1
                if waiting[b] == 0:
                    order[count] = b
                    placed[b] = True
                    count += 1
    return order, cut


@inner
def _go_through(saturation, storage, outflow, inflow, ratio, corey, parts, course):
    """Take one vertex through the parts of the step; the shares go into `course`.

    Returns
    -------
    mean, changed
        Mean share, and the mean difference from what stood in `course`.
    """
    mean, changed = 0.0, 0.0
    for k in range(inflow.shape[0]):
        saturation, share = implicit_saturation(
            saturation, storage / parts[k], outflow, inflow[k], ratio, corey
        )
        changed += parts[k] * abs(share - course[k])
        course[k] = share
        mean += parts[k] * share
    return mean, changed


@inner
def _longer(course):
    """Twice as many rows, those that are new zero. Assigned row by row: as a slice it takes 2 s longer to compile."""
    longer = np.zeros((2 * course.shape[0], course.shape[1]))
    for i in range(course.shape[0]):
        for k in range(course.shape[1]):
            longer[i, k] = course[i, k]
    return longer


@kernel
def transport_sweeps(order, start, ahead, away, outflow, cement_source, storage, ratio, old, corey, parts):
    """Implicit upwind saturations after one step, vertex by vertex along the flow.

    Each vertex goes through the whole step, in implicit parts, before the next: what it passes on is kept part by part.
    Behind the front one part is enough, ahead of it nothing is to be done; so the parts cost little. Without cycles in
    the flow graph one sweep solves the step. With them, vertices are looked at again as long as something upstream of
    them changes.

    Parameters
    ----------
    order
        Vertices along the flow (`flow_order`).
    start, ahead, away
        Neighbours by rows and flux to each of them (`flow_graph`).
    outflow
        All that leaves each vertex, along edges and through sites [m3/s].
    cement_source
        Cement that enters each vertex from sites [m3/s].
    storage
        Pore volume over time step [m3/s].
    ratio
        mu_c / mu_m at the vertices.
    old
        Saturations before the step.
    corey
        (nc, nm, residual, mobile).
    parts
        Lengths of the parts of the step, relative to the step.

    Returns
    -------
    saturation, share, sweeps
        New saturations, cement share of what leaves each vertex, on average over the step, and number of sweeps, more
        than MAX_SWEEPS when they did not settle.
    """
    n = old.shape[0]
    share = np.zeros(n)
    course = np.zeros((256, parts.shape[0]))  # the share in each part, of the vertices where it changes
    row = np.full(n, NONE, np.uint32)  # where it stands in `course`
    filled = np.zeros(n, np.bool_)
    rows = 0
    inflow = np.empty(parts.shape[0])
    wet = np.zeros(n, np.bool_)  # has been looked at
    due = np.zeros(n, np.bool_)  # something upstream changed since
    pending = 0
    for a in range(n):
        if old[a] > corey[2] or cement_source[a] > 0.0:
            filled[a] = fractional_flow(old[a], ratio[a], corey) > FILLED
            due[a] = True
            pending += 1
    sweeps = 0
    while pending > 0 and sweeps <= MAX_SWEEPS:
        for i in range(order.shape[0]):
            if pending == 0:
                break
            a = order[i]
            if not due[a]:
                continue
            due[a] = False
            pending -= 1
            before = share[a]
            end = start[a + ONE]
            total = cement_source[a]
            for s in range(start[a], end):
                if away[s] < 0.0:
                    total -= away[s] * share[ahead[s]]
            if filled[a]:
                _, share[a] = implicit_saturation(old[a], storage[a], outflow[a], total, ratio[a], corey)
                changed = abs(share[a] - before)
            elif fractional_flow(old[a] + total / storage[a], ratio[a], corey) == 0.0:
                share[a], changed = 0.0, before  # all that comes stays, in every part
            else:
                if row[a] == NONE:
                    if rows == course.shape[0]:
                        course = _longer(course)
                    row[a] = rows
                    rows += 1
                inflow[:] = cement_source[a]
                for s in range(start[a], end):
                    b, f = ahead[s], away[s]
                    if f < 0.0 and share[b] > 0.0:
                        if filled[b]:
                            evenly = f * share[b]
                            for k in range(parts.shape[0]):
                                inflow[k] -= evenly
                        else:
                            r = row[b]
                            for k in range(parts.shape[0]):
                                inflow[k] -= f * course[r, k]
                share[a], changed = _go_through(
                    old[a], storage[a], outflow[a], inflow, ratio[a], corey, parts, course[row[a]]
                )
            if changed > 0.0:
                for s in range(start[a], end):
                    b, f = ahead[s], away[s]
                    if f > 0.0 and not due[b] and (not wet[b] or changed * f > SETTLED * storage[b]):
                        due[b] = True
                        pending += 1
            wet[a] = True
        sweeps += 1
    # One explicit balance with the settled shares: conservative to round-off whatever the sweeps left.
    saturation = old.copy()
    for a in range(n):
        if wet[a]:
            total = cement_source[a]
            for s in range(start[a], start[a + 1]):
                if away[s] < 0.0:
                    total -= away[s] * share[ahead[s]]
            saturation[a] = old[a] + (total - outflow[a] * share[a]) / storage[a]
    return saturation, share, sweeps
