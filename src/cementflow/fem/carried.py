"""Compiled code for what the fluids carry with them: heat, and the age and cure of the cement."""

from __future__ import annotations

from cementflow.compiled import kernel

MAX_SWEEPS = 30
SETTLED = 1e-6  # K; a change from one sweep to the next that no longer counts


@kernel
def carry(
    order,
    cyclic,
    start,
    ahead,
    away,
    share,
    entering,
    returned,
    outward,
    stored,
    cement,
    stored_after,
    capacities,
    fresh,
    old_heat,
    old_age,
    old_cure,
):
    """Excess temperature, age and cure after one step of flow, implicit upwind along the flow.

    What a control volume passes on is what it has at the end of the step. Age and cure mix by volume of cement, the
    temperature by heat. One sweep along the flow solves the step; more follow only where the order had to cut a cycle.
    A balance with the settled temperatures ends the step, so that no heat is lost or made.

    Parameters
    ----------
    order, cyclic
        Vertices along the flow, and whether cycles were cut.
    start, ahead, away
        Neighbours by rows and flux to each of them [m3/s].
    share
        Cement share of what leaves each vertex [-].
    entering, returned, outward
        Cement that enters from the syringe, cement that comes back from tubes, and all that leaves through sites
        [m3/s]. What comes back has the age and warmth of what is there; what else comes in is as warm as the body.
    stored, cement, stored_after
        Heat capacity [W/K] and cement [m3/s] of each control volume over the time step, and the capacity at its end.
    capacities
        Of cement and marrow [J/(m3 K)].
    fresh
        Excess temperature [K], age [s] and cure [-] of what enters.
    old_heat, old_age, old_cure
        Excess temperature over the body [K], age and cure before the step.

    Returns
    -------
    heat, age, cure
        After the step; age and cure stay as they are where there is no cement.
    """
    of_cement, of_marrow = capacities
    heat, age, cure = old_heat.copy(), old_age.copy(), old_cure.copy()
    for _ in range(MAX_SWEEPS):
        changed = 0.0
        for i in range(order.shape[0]):
            a = order[i]
            warmth, weight = stored[a] * old_heat[a], stored[a]
            volume = cement[a]
            years, cured = volume * old_age[a], volume * old_cure[a]
            if entering[a] > 0.0:
                warmth += entering[a] * of_cement * fresh[0]
                weight += entering[a] * of_cement
                volume += entering[a]
                years += entering[a] * fresh[1]
                cured += entering[a] * fresh[2]
            for s in range(start[a], start[a + 1]):
                f = -away[s]
                if f > 0.0:
                    b = ahead[s]
                    f_cement = f * share[b]
                    g = f_cement * of_cement + (f - f_cement) * of_marrow
                    warmth += g * heat[b]
                    weight += g
                    volume += f_cement
                    years += f_cement * age[b]
                    cured += f_cement * cure[b]
            new = warmth / weight
            changed = max(changed, abs(new - heat[a]))
            heat[a] = new
            if volume > 1e-9 * weight / of_cement:
                age[a] = years / volume
                cure[a] = cured / volume
        if not cyclic or changed <= SETTLED:
            break
    balanced = heat.copy()
    for i in range(order.shape[0]):
        a = order[i]
        warmth = stored[a] * old_heat[a] + entering[a] * of_cement * fresh[0]
        g_own = share[a] * of_cement + (1.0 - share[a]) * of_marrow
        warmth += (returned[a] * of_cement - outward[a] * g_own) * heat[a]
        for s in range(start[a], start[a + 1]):
            f = away[s]
            if f > 0.0:
                warmth -= f * g_own * heat[a]
            elif f < 0.0:
                b = ahead[s]
                warmth -= f * (share[b] * of_cement + (1.0 - share[b]) * of_marrow) * heat[b]
        balanced[a] = warmth / stored_after[a]
    return balanced, heat, age, cure
