"""The tables of `docs/cement.md`."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.mechanisms.measure import Outcome, elsewhere
from cementflow.bench.section import Section

FLOW = (
    "tip [kPa]",
    "syringe [MPa]",
    "time [s]",
    "cloud [mm]",
    "elsewhere [%]",
    "leaked [mL]",
    "by type",
    "first leak [s]",
)
PLACES = ("centre", "anterior wall", "posterior wall", "endplates")
PUBLISHED = ("Belkoff and Molloy 2003, 6 and 10 mL", "49 to 112", "44 to 113", "39 to 57 (canal)", *["-"] * 6)


def laws(outcomes: Sequence[Outcome]) -> Section:
    """Systems of a step, with every law."""
    head = (
        "cement",
        "tip [kPa]",
        "syringe [MPa]",
        "leaked [mL]",
        "steps",
        "rejected",
        "systems a step",
        "at most",
    )
    rows = [
        (
            o.name,
            f"{o.summary['peak_tip_pressure_kPa']:.1f}",
            f"{1e-3 * o.summary['peak_syringe_pressure_kPa']:.2f}",
            f"{o.summary['leaked_ml']['total']:.3f}",
            str(o.summary["steps"]),
            str(o.summary["rejected_steps"]),
            f"{o.solves[0]:g}",
            str(o.solves[1]),
        )
        for o in outcomes
    ]
    vertices = outcomes[0].summary["mesh"]["vertices"]
    return Section(f"Every law to 4 mL, L3 with {vertices} vertices", head, rows)


def mechanisms(cement: str, outcomes: Sequence[Outcome]) -> Section:
    """What each mechanism changes."""
    all_of_them = outcomes[0]
    low, median, high = all_of_them.rates
    at_rest = next(o for o in outcomes if "at rest" in o.name)
    notes = (
        f"Half injected, the wall shear rate in the pores is {median:.1f} 1/s (median over the cement; a tenth is "
        f"below {low:.1f}, a tenth above {high:.1f}).",
        f"Then the mean viscosity over the cement is {all_of_them.mean_viscosity:.0f} Pa s, and "
        f"{at_rest.mean_viscosity:.0f} Pa s without thinning, at rest.",
    )
    return _flow_section(f"L3, {cement}-viscosity cement, 4 mL", all_of_them, outcomes, notes)


def curing(outcomes: Sequence[Outcome]) -> Section:
    """Ages and laws of ageing; compared with young cement that does not age."""
    return _flow_section(
        "Medium-viscosity cement by age at the start and law of ageing", outcomes[0], outcomes
    )


def _flow_section(
    title: str, first: Outcome, outcomes: Sequence[Outcome], notes: Sequence[str] = ()
) -> Section:
    rows = [
        (
            o.name,
            f"{o.summary['peak_tip_pressure_kPa']:.1f}",
            f"{1e-3 * o.summary['peak_syringe_pressure_kPa']:.2f}",
            _injection(o),
            f"{o.radius:.2f}",
            "-" if o is first else f"{100.0 * elsewhere(o, first):.1f}",
            f"{o.summary['leaked_ml']['total']:.3f}",
            _by_type(o),
            _first_leak(o),
        )
        for o in outcomes
    ]
    return Section(title, ("", *FLOW), rows, notes)


def _injection(o: Outcome) -> str:
    """Time, and the volume where it was not all."""
    injected, time = o.summary["injected_ml"], o.summary["simulated_s"]
    return (
        f"{time:.0f}" if "volume injected" in o.summary["stop_reason"] else f"{time:.0f} ({injected:.1f} mL)"
    )


def _by_type(o: Outcome) -> str:
    return ", ".join(f"{t} {v:.3f}" for t, v in o.summary["leaked_by_type_ml"].items() if v >= 5e-4) or "-"


def _first_leak(o: Outcome) -> str:
    times = [t for t in o.summary["first_leak_s"].values() if t is not None]
    return f"{min(times):.0f}" if times else "-"


def hot(title: str, outcomes: Sequence[Outcome]) -> Section:
    """Peaks by place beside the published ones, harm and setting."""
    head = (
        "",
        *(f"{place} [degC]" for place in PLACES),
        "hottest [degC] at (ap, lr, si)",
        "tissue above 47 degC for 1 min [mL]",
    )
    head = (*head, "240 min of dose [mL]", "set [min]", "steps")
    rows = [PUBLISHED]
    for o in outcomes:
        heat = o.summary["heat"]
        at = heat["peak_at_degC"]
        rows.append(
            (
                o.name,
                *(f"{at[place]:.0f}" for place in PLACES[:3]),
                f"{max(at['inferior endplate'], at['superior endplate']):.0f}",
                f"{heat['peak_degC']:.0f} at ({', '.join(f'{f:.1f}' for f in o.hottest)})",
                f"{heat['above_47_degC_for_1_min_ml']:.1f}",
                f"{heat['dose_240_min_ml']:.1f}",
                f"{o.summary['cure']['set_s'] / 60.0:.1f}",
                str(o.summary["steps"]),
            )
        )
    return Section(title, head, rows)
