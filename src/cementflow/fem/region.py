"""Compiled code of the part of a mesh that a step of transport is about: its vertices, and what flows among them."""

from __future__ import annotations

import numpy as np

from cementflow.compiled import kernel

# Cement arrives where neither so little of the pores is filled nor all but so little.
ARRIVING = 0.02
NONE, ONE = np.uint32(0xFFFFFFFF), np.uint32(1)


@kernel
def downstream(row_start, neighbour, slot_edge, flux, other, wet, layers, least):
    """Vertices with cement, and those that the flow reaches from them over at most so many edges.

    Parameters
    ----------
    row_start, neighbour, slot_edge
        Pattern.
    flux, other
        The flow is their mean; of each edge, from its lower to its higher vertex [m3/s].
    wet
        Where cement is or comes from, shape (n,).
    layers
        Number of edges.
    least
        Flux that counts [m3/s]: the sign of round-off must not decide who belongs to the region.

    Returns
    -------
    region, outermost
        The vertices, ascending, and whether each was found in the last layer.
    """
    n = row_start.shape[0] - 1
    layer = np.zeros(n, np.uint8)  # in which a vertex was found, counted from 1
    queue = np.empty(n, np.uint32)
    count = 0
    for a in range(n):
        if wet[a]:
            layer[a] = 1
            queue[count] = a
            count += 1
    begin, end = 0, count
    for k in range(layers):
        for i in range(begin, end):
            a = queue[i]
            for s in range(row_start[a], row_start[a + 1]):
                b = neighbour[s]
                if layer[b] == 0:
                    j = slot_edge[s]
                    f = 0.5 * (flux[j] + other[j])
                    if (f if b > a else -f) > least:
                        layer[b] = k + 2
                        queue[count] = b
                        count += 1
        begin, end = end, count
    region, outermost = queue[:count].copy(), np.empty(count, np.bool_)
    i = 0
    for a in range(n):
        if layer[a] > 0:
            region[i], outermost[i] = a, layer[a] > layers
            i += 1
    return region, outermost


@kernel
def flow_graph(region, row_start, neighbour, slot_edge, flux, other):
    """What flows between the vertices of a region, which are numbered anew in their order.

    Parameters
    ----------
    region
        Vertices, ascending.
    row_start, neighbour, slot_edge
        Pattern.
    flux, other
        The flow is their mean; of each edge, from its lower to its higher vertex [m3/s].

    Returns
    -------
    start, ahead, away
        Neighbours of each vertex in the region, by rows, ascending, and flux to each of them [m3/s].
    through
        Sum of what leaves each vertex along its edges, also to outside the region [m3/s].
    incoming
        Number of neighbours that bring something to it.
    """
    number = np.full(row_start.shape[0] - 1, NONE, np.uint32)
    count = 0
    for i in range(region.shape[0]):
        number[region[i]] = i
        count += row_start[region[i] + 1] - row_start[region[i]]
    start = np.empty(region.shape[0] + 1, np.uint32)
    ahead = np.empty(count, np.uint32)
    away = np.empty(count)
    through = np.zeros(region.shape[0])
    incoming = np.zeros(region.shape[0], np.int32)
    at = np.uint32(0)
    for i in range(region.shape[0]):
        a = region[i]
        start[i] = at
        for s in range(row_start[a], row_start[a + 1]):
            j, b = slot_edge[s], neighbour[s]
            if j >= 0:
                f = 0.5 * (flux[j] + other[j])
                if b < a:
                    f = -f
                if f > 0.0:
                    through[i] += f
                if number[b] != NONE:
                    ahead[at], away[at] = number[b], f
                    at += ONE
                    if f < 0.0:
                        incoming[i] += 1
    start[region.shape[0]] = at
    return start, ahead[:at], away[:at], through, incoming


@kernel
def region_fields(
    region,
    through,
    outward,
    cement_source,
    tip,
    pore_volume,
    cement_viscosity,
    marrow_viscosity,
    saturation,
    corey,
    dt,
):
    """What the sweeps need to know of the vertices of a region.

    Parameters
    ----------
    region, through
        Vertices, and what leaves each along its edges (`flow_graph`) [m3/s].
    outward, cement_source
        What leaves all vertices by sites, and cement that enters them from sites [m3/s].
    tip
        Share of what the needle injects that enters each vertex.
    pore_volume, cement_viscosity, marrow_viscosity, saturation
        Of all vertices; the marrow may have one viscosity.
    corey
        (nc, nm, residual, mobile).
    dt
        Length of the step [s].

    Returns
    -------
    outflow, cement_source, storage, ratio, old
        As `transport_sweeps` takes them.
    courant
        Courant numbers of those vertices where cement is arriving.
    """
    size = region.shape[0]
    outflow, source, storage = np.empty(size), np.empty(size), np.empty(size)
    ratio, old, courant = np.empty(size), np.empty(size), np.empty(size)
    full = corey[2] + corey[3]
    low, high = ARRIVING * full, (1.0 - ARRIVING) * full
    each, count = marrow_viscosity.shape[0] > 1, 0
    for i in range(size):
        a = region[i]
        outflow[i] = through[i] + outward[a]
        source[i] = cement_source[a]
        storage[i] = pore_volume[a] / dt
        ratio[i] = cement_viscosity[a] / marrow_viscosity[a if each else 0]
        old[i] = saturation[a]
        if low < old[i] < high or tip[a] > 0.0:
            courant[count] = outflow[i] / storage[i]
            count += 1
    return outflow, source, storage, ratio, old, courant[:count].copy()
