"""What the report says of the ablation, and how sure the numbers behind it are."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

from cementflow.views.heat_report import DAMAGE
from cementflow.views.markup import figure, heads, number, table

# Summary key of a lesion, and the standing of the measure.
MEASURES = {
    "50 degC": "isotherm",
    "60 degC": "isotherm; blood flow ceases for good from 60 degC (Eriksson and Albrektsson 1983, from a summary)",
    "damage of 1": DAMAGE,
    "dose of 240 min": "assumed: equivalent minutes at 43 degC, rates and limit recalled",
}
CORD = 43.0  # degC
NERVE = (
    "Nerve and cord are said to be at risk above 43 degC for ten minutes (2 to 16 equivalent minutes at 43 degC; "
    "recalled, assumed)."
)
STANDING = (
    "Perfusion, conductivities for heat and current, the coagulum and the tissue around the bone are assumed; "
    "lesions were not compared with measured ones. The electrode is not cooled from inside, and properties do not "
    "change with temperature but for blood flow, which ceases as tissue dies."
)


def ablation_parts(run: Path, summary: dict[str, Any]) -> Iterator[str]:
    """The section on the ablation; nothing for a run without.

    Parameters
    ----------
    run
        Run folder.
    summary
        Contents of its `summary.json`.
    """
    told = summary.get("ablation")
    if told is None:
        return
    yield "<h2>Ablation before the cement</h2>"
    yield table((), _numbers(told))
    yield _lesions(told)
    yield f"<p>{NERVE}</p><p>{STANDING}</p>"
    yield figure(run / "figures" / "ablation.png", "Lesion and course of the ablation")


def _numbers(told: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield "held at", f"{told['target_degC']:g} degC, hottest tissue {told['peak_degC']:.1f} degC"
    reached = told["reached_s"]
    yield "reached", "not reached with the power there was" if reached is None else f"after {reached:.1f} s"
    power = told["power_W"]
    yield (
        "power",
        f"{power['largest']:.2f} W at most, {power['last']:.2f} W at the end; {told['energy_J']:.0f} J",
    )
    yield "posterior wall at most", f"{told['posterior_wall_peak_degC']:.1f} degC"
    if told["canal_peak_degC"] is not None:
        where = f"canal, {told['canal_depth_mm']:g} mm behind the wall, at most"
        against = "above" if told["canal_peak_degC"] > CORD else "below"
        yield (
            where,
            f"{told['canal_peak_degC']:.1f} degC, {against} {CORD:g}; dose {told['canal_dose_min']:.2g} min",
        )
    yield "tissue outside the bone above 50 degC", f"{told['beyond_bone_ml']:.2f} mL"
    yield "coagulated marrow", f"{told['coagulated_ml']:.2f} mL"
    yield "hottest when the injection begins", f"{told['hottest_at_injection_degC']:.1f} degC"
    closed = {name: share for name, share in told["closed_veins"].items() if share >= 0.005}
    text = ", ".join(f"{name} {share:.0%}" for name, share in closed.items())
    yield "exchange of veins closed", text or "none"
    yield "heat balance off by", f"{told['heat_imbalance']:.0e}"


def _lesions(told: dict[str, Any]) -> str:
    rows = []
    for name, volume in told["lesion_ml"].items():
        axes = told["axes_mm"][name]
        size = f"{axes['along']:.1f} x {axes['widest']:.1f} x {axes['narrowest']:.1f}"
        cells = f"{number(f'{volume:.2f}')}{number(size)}<td>{escape(MEASURES[name])}</td>"
        rows.append(f"<tr><td>{escape(name)}</td>{cells}</tr>")
    head = ("lesion in the bone", "volume [mL]", "along the electrode and across [mm]", "by what measure")
    return f"<table><tr>{heads(head)}</tr>{''.join(rows)}</table>"
