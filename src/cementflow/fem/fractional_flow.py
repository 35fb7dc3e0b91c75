"""Compiled code of one control volume: the cement share of what leaves it, and its implicit balance."""

from __future__ import annotations

from numba import njit

# A smaller cement share than this stays where it is: it would spread numbers below 1e-300 over the whole bone.
SMALLEST_FRACTION = 1e-10
# A saturation that balances to this share of the outflow is a root.
CLOSED = 1e-10


@njit(cache=True, nogil=True)
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


@njit(cache=True, nogil=True)
def implicit_saturation(guess, old, storage, outflow, inflow, ratio, corey):
    """Root S of storage (S - old) + outflow f(S) = inflow, a monotone scalar equation.

    Bracketed by f in [0, 1] and found by false position (Illinois), which needs no derivative and cannot leave the
    bracket; f rises over a range of 1/ratio, so Newton's method would.
    """
    low = old + (inflow - outflow) / storage
    high = old + inflow / storage
    if high <= corey[2] or outflow <= 0.0:
        return high
    if low >= corey[2] + corey[3]:
        return low
    g_low = storage * (low - old) + outflow * fractional_flow(low, ratio, corey) - inflow
    g_high = storage * (high - old) + outflow * fractional_flow(high, ratio, corey) - inflow
    if g_low >= 0.0:
        return low
    if g_high <= 0.0:
        return high
    if low < guess < high:
        g = storage * (guess - old) + outflow * fractional_flow(guess, ratio, corey) - inflow
        if abs(g) < CLOSED * outflow:
            return guess
        if g > 0.0:
            high, g_high = guess, g
        else:
            low, g_low = guess, g
    side = 0
    for i in range(200):
        s = 0.5 * (low + high) if i % 8 == 7 else (low * g_high - high * g_low) / (g_high - g_low)
        g = storage * (s - old) + outflow * fractional_flow(s, ratio, corey) - inflow
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
