"""Compiled code of one control volume: the cement share of what leaves it, and its implicit balance."""

from __future__ import annotations

import numpy as np

from cementflow.compiled import kernel

# A smaller cement share than this stays where it is: it would wet the whole bone with next to nothing.
SMALLEST_FRACTION = 1e-8
# A saturation that balances to this share of the outflow is a root.
CLOSED = 1e-12


@kernel
def fractional_flow(saturation, ratio, corey):
    """Cement share of the flux, f = k_rc / (k_rc + (mu_c/mu_m) k_rm), for Corey numbers (nc, nm, residual, mobile)."""
    s = (saturation - corey[2]) / corey[3]
    if s <= 0.0:
        return 0.0
    if s >= 1.0:
        return 1.0
    nc, nm = corey[0], corey[1]
    cement = s if nc == 1.0 else (s * s if nc == 2.0 else s**nc)
    r = 1.0 - s
    marrow = r if nm == 1.0 else (r * r if nm == 2.0 else r**nm)
    fraction = cement / (cement + ratio * marrow)
    return fraction if fraction > SMALLEST_FRACTION else 0.0


@kernel
def implicit_saturation(old, storage, outflow, inflow, ratio, corey):
    """Root S of storage (S - old) + outflow f(S) = inflow, a monotone scalar equation, and f(S).

    Bracketed by f in [0, 1]. Newton's method, from where nothing would leave, or if that is beyond full, from where the
    share of a trace of marrow lets just the rest leave; where it would leave the bracket, the bracket is halved.
    """
    low = old + (inflow - outflow) / storage
    high = old + inflow / storage
    if high <= corey[2]:
        return high, 0.0
    if outflow <= 0.0:
        return high, fractional_flow(high, ratio, corey)
    if low >= corey[2] + corey[3]:
        return low, 1.0
    nc, nm = corey[0], corey[1]
    full = corey[2] + corey[3]
    s = high
    if high >= full:
        rest = max((inflow - storage * (full - old)) / outflow, 1e-12)
        trace = (1.0 - rest) / (ratio * rest)
        s = full - corey[3] * (trace if nm == 1.0 else (np.sqrt(trace) if nm == 2.0 else trace ** (1.0 / nm)))
        if not low < s < high:
            s = 0.5 * (low + high)
    by_nc, by_nm, by_mobile = 1.0 / nc, ratio / nm, 1.0 / corey[3]
    share = 0.0
    for _ in range(200):
        e = (s - corey[2]) * by_mobile
        share, slope = 0.0, 0.0
        if e >= 1.0:
            share = 1.0
        elif e > 0.0:
            r = 1.0 - e
            cement_slope = 1.0 if nc == 1.0 else (2.0 * e if nc == 2.0 else nc * e ** (nc - 1.0))
            marrow_slope = 1.0 if nm == 1.0 else (2.0 * r if nm == 2.0 else nm * r ** (nm - 1.0))
            cement, marrow = cement_slope * e * by_nc, marrow_slope * r * by_nm
            by_whole = 1.0 / (cement + marrow)
            share = cement * by_whole
            slope = (cement_slope * marrow + cement * ratio * marrow_slope) * by_whole * by_whole * by_mobile
            if share <= SMALLEST_FRACTION:
                share, slope = 0.0, 0.0
        g = storage * (s - old) + outflow * share - inflow
        if abs(g) < CLOSED * outflow or high - low < 1e-15:
            return s, share
        if g > 0.0:
            high = s
        else:
            low = s
        s -= g / (storage + outflow * slope)
        if not low < s < high:
            s = 0.5 * (low + high)
    return s, share


@kernel
def passing_on(saturation, cement_viscosity, marrow_viscosity, corey):
    """Vertices that pass cement on, at viscosities of both fluids [Pa s]; that of the marrow may be one for all."""
    found = np.zeros(saturation.shape[0], np.bool_)
    each = marrow_viscosity.shape[0] > 1
    for a in range(saturation.shape[0]):
        if saturation[a] > corey[2]:
            ratio = cement_viscosity[a] / marrow_viscosity[a if each else 0]
            found[a] = fractional_flow(saturation[a], ratio, corey) > 0.0
    return found
