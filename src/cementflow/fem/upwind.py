"""Compiled code of the transport: fractional flow, the order of the flow graph, implicit upwind saturations."""

from __future__ import annotations

import numpy as np
from numba import njit

# A smaller cement share than this stays where it is: it would spread numbers below 1e-300 over the whole bone.
SMALLEST_FRACTION = 1e-14
MAX_SWEEPS = 50
# A saturation that balances to this share of the outflow is a root, and a cement share that changes by less is settled;
# the explicit balance at the end of a step closes what is left.
CLOSED = 1e-14
SETTLED = 1e-12


@njit(cache=True)
def fractional_flow(saturation, ratio, nc, nm, residual, mobile):
    """Cement share of the flux, f = k_rc / (k_rc + (mu_c/mu_m) k_rm), for Corey exponents nc and nm."""
    s = (saturation - residual) / mobile
    if s <= 0.0:
        return 0.0
    if s >= 1.0:
        return 1.0
    cement = s if nc == 1.0 else (s * s if nc == 2.0 else s**nc)
    r = 1.0 - s
    marrow = r if nm == 1.0 else (r * r if nm == 2.0 else r**nm)
    fraction = cement / (cement + ratio * marrow)
    return fraction if fraction > SMALLEST_FRACTION else 0.0


@njit(cache=True)
def implicit_saturation(guess, old, storage, outflow, inflow, ratio, nc, nm, residual, mobile):
    """Root S of storage (S - old) + outflow f(S) = inflow, a monotone scalar equation.

    Bracketed by f in [0, 1] and found by false position (Illinois), which needs no derivative and cannot leave the
    bracket; f rises over a range of 1/ratio, so Newton's method would.
    """
    low = old + (inflow - outflow) / storage
    high = old + inflow / storage
    if high <= residual or outflow <= 0.0:
        return high
    if low >= residual + mobile:
        return low
    g_low = storage * (low - old) + outflow * fractional_flow(low, ratio, nc, nm, residual, mobile) - inflow
    g_high = (
        storage * (high - old) + outflow * fractional_flow(high, ratio, nc, nm, residual, mobile) - inflow
    )
    if g_low >= 0.0:
        return low
    if g_high <= 0.0:
        return high
    if low < guess < high:
        g = (
            storage * (guess - old)
            + outflow * fractional_flow(guess, ratio, nc, nm, residual, mobile)
            - inflow
        )
        if abs(g) < CLOSED * outflow:
            return guess
        if g > 0.0:
            high, g_high = guess, g
        else:
            low, g_low = guess, g
    side = 0
    for i in range(200):
        s = 0.5 * (low + high) if i % 8 == 7 else (low * g_high - high * g_low) / (g_high - g_low)
        g = storage * (s - old) + outflow * fractional_flow(s, ratio, nc, nm, residual, mobile) - inflow
        if g == 0.0 or high - low < 1e-15:
            return s
        if g > 0.0:
            high, g_high = s, g
            if side == 1:
                g_low *= 0.5
            side = 1
        else:
            low, g_low = s, g
            if side == -1:
                g_high *= 0.5
            side = -1
        if abs(g) < CLOSED * outflow:
            return s
    return 0.5 * (low + high)


@njit(cache=True)
def slot_fluxes(row_start, slot_edge, edges, flux):
    """Flux from the row's vertex to the column's, for each slot of the pattern [m3/s]; 0 on the diagonal.

    Also the sum of what leaves each vertex along its edges. Laid out by rows, a sweep reads them in order.
    """
    n = row_start.shape[0] - 1
    out = np.zeros(slot_edge.shape[0])
    total = np.zeros(n)
    for a in range(n):
        for s in range(row_start[a], row_start[a + 1]):
            j = slot_edge[s]
            if j >= 0:
                out[s] = flux[j] if edges[j, 0] == a else -flux[j]
                total[a] += max(out[s], 0.0)
    return out, total


@njit(cache=True)
def flow_order(by_pressure, row_start, neighbour, slot_flux):
    """Order in which every vertex comes after those that it receives fluid from.

    The flow graph of a potential has no cycles while all coefficients are positive; where a negative one closes a
    cycle, it is cut at its vertex of highest pressure. (Kahn 1962)

    Parameters
    ----------
    by_pressure
        Vertices by falling pressure.
    row_start, neighbour, slot_flux
        Pattern and flux of each slot (`slot_fluxes`).
    """
    n = row_start.shape[0] - 1
    waiting = np.zeros(n, np.int32)
    for a in range(n):
        for s in range(row_start[a], row_start[a + 1]):
            if slot_flux[s] < 0.0:
                waiting[a] += 1
    order = np.empty(n, np.uint32)
    placed = np.zeros(n, np.bool_)
    count = 0
    for i in range(n):
        if waiting[by_pressure[i]] == 0:
            order[count] = by_pressure[i]
            placed[by_pressure[i]] = True
            count += 1
    done, candidate = 0, 0
    while done < n:
        if done == count:
            while placed[by_pressure[candidate]]:
                candidate += 1
            order[count] = by_pressure[candidate]
            placed[by_pressure[candidate]] = True
            count += 1
        a = order[done]
        done += 1
        for s in range(row_start[a], row_start[a + 1]):
            if slot_flux[s] > 0.0:
                b = neighbour[s]
                waiting[b] -= 1
                if waiting[b] == 0 and not placed[b]:
                    order[count] = b
                    placed[b] = True
                    count += 1
    return order


@njit(cache=True)
def _cement_in(a, row_start, neighbour, slot_flux, fraction):
    """Cement that enters a vertex along its edges [m3/s]."""
    total = 0.0
    for s in range(row_start[a], row_start[a + 1]):
        if slot_flux[s] < 0.0:
            total -= slot_flux[s] * fraction[neighbour[s]]
    return total


@njit(cache=True)
def transport_sweeps(
    order, row_start, neighbour, slot_flux, outflow, cement_source, storage, ratio, old, corey
):
    """Implicit upwind saturations after one step, vertex by vertex along the flow.

    Without cycles in the flow graph one sweep solves the step. With them, vertices are looked at again as long as
    something upstream of them changes.

    Parameters
    ----------
    order
        Vertices along the flow (`flow_order`).
    row_start, neighbour, slot_flux
        Pattern and flux of each slot (`slot_fluxes`).
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

    Returns
    -------
    saturation, fraction, sweeps
        New saturations, cement share of what leaves each vertex, number of sweeps, more than MAX_SWEEPS when they did
        not settle.
    """
    nc, nm, residual, mobile = corey[0], corey[1], corey[2], corey[3]
    n = old.shape[0]
    saturation = old.copy()
    fraction = np.zeros(n)
    wet = np.zeros(n, np.bool_)  # has been looked at
    due = np.zeros(n, np.bool_)  # something upstream changed since
    pending = 0
    for a in range(n):
        if old[a] > 0.0 or cement_source[a] > 0.0:
            due[a] = True
            pending += 1
            fraction[a] = fractional_flow(old[a], ratio[a], nc, nm, residual, mobile)
    sweeps = 0
    while pending > 0 and sweeps <= MAX_SWEEPS:
        for i in range(n):
            a = order[i]
            if pending == 0:
                break
            if not due[a]:
                continue
            due[a] = False
            wet[a] = True
            pending -= 1
            inflow = cement_source[a] + _cement_in(a, row_start, neighbour, slot_flux, fraction)
            saturation[a] = implicit_saturation(
                saturation[a], old[a], storage[a], outflow[a], inflow, ratio[a], nc, nm, residual, mobile
            )
            new = fractional_flow(saturation[a], ratio[a], nc, nm, residual, mobile)
            tell = new > 0.0 if sweeps == 0 else abs(new - fraction[a]) > SETTLED
            fraction[a] = new
            if tell:
                for s in range(row_start[a], row_start[a + 1]):
                    if slot_flux[s] > 0.0 and not due[neighbour[s]]:
                        due[neighbour[s]] = True
                        pending += 1
        sweeps += 1
    # One explicit balance with the settled fractions: conservative to round-off whatever the sweeps left.
    for a in range(n):
        if wet[a]:
            inflow = cement_source[a] + _cement_in(a, row_start, neighbour, slot_flux, fraction)
            saturation[a] = old[a] + (inflow - outflow[a] * fraction[a]) / storage[a]
    return saturation, fraction, sweeps
