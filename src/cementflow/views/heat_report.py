"""What the report says of heat and setting, beside what was measured, and how sure the numbers behind it are."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

from cementflow.case import load
from cementflow.errors import CaseError
from cementflow.views.markup import figure, heads, number, table
from cementflow.views.standing import cure_standing

# Place in the summary, its words, lowest and highest peak measured there [degC], and where that was.
PLACES = (
    ("centre", "centre of the body", 49.0, 112.0, "centre"),
    ("anterior wall", "anterior wall", 44.0, 113.0, "anterior cortex"),
    ("posterior wall", "posterior wall", 39.0, 57.0, "spinal canal"),
)
MEASURED = (
    "Measured: Belkoff and Molloy 2003 (Spine 28:1555), 24 osteoporotic cadaver bodies with 6 or 10 mL of cement "
    "(Simplex P) in a bath of 37 degC. Compared with, not validated against: other bodies, other cement, {volume} mL, "
    "and a canal that is measured there and is the wall facing it here."
)
BOILING = 100.0
BOILED = (
    "Above some 100 degC water would boil and monomer evaporate, and take up heat. That is not modelled, so higher "
    "peaks are likely to be too high."
)
DAMAGE = "assumed: Henriques and Moritz 1947, for skin, recalled; 63 % of the cells have died"
# Key of the summary, the criterion, and its standing.
HARMS = (
    (
        "above_47_degC_for_1_min_ml",
        "above 47 degC for 1 min",
        "Eriksson and Albrektsson 1983, from a summary of it: bone is injured",
    ),
    (
        "dose_240_min_ml",
        "thermal dose of 240 min at 43 degC",
        "assumed: rates of Sapareto and Dewey 1984 and the limit for bone are recalled",
    ),
    (
        "damage_1_ml",
        "damage integral of 1",
        DAMAGE,
    ),
)
HEAT = {
    "cured": "given off by the curing cement",
    "carried_in": "brought in by the cement, against body temperature",
    "carried_out": "carried out by what left the bone",
    "to_surroundings": "passed to the surroundings",
    "to_blood": "carried off by blood",
}
TEXTBOOK = (
    "Densities, specific heats and conductivities, perfusion and the exchange of heat at the surface are assumed too, "
    "but for those that the case states otherwise."
)


def heat_parts(run: Path, summary: dict[str, Any]) -> Iterator[str]:
    """The section on heat and setting; on setting alone without heat; nothing for a run that ended with the injection.

    Parameters
    ----------
    run
        Run folder.
    summary
        Contents of its `summary.json`.
    """
    heat, after = summary.get("heat"), summary.get("after_injection")
    waited = after is not None and summary["simulated_s"] > after["since_s"]
    if heat is None and not waited:
        return
    yield f"<h2>{'Heat and setting' if heat is not None else 'Setting'}</h2>"
    yield table((), _setting(summary))
    if heat is not None:
        yield _peaks(heat)
        yield f"<p>{MEASURED.format(volume=format(summary['injected_ml'], '.3g'))}</p>"
        if heat["peak_degC"] > BOILING:
            yield f"<p>{BOILED}</p>"
        yield _harm(heat)
        yield table((), _account(heat))
    yield from _kinetics(run)
    if heat is not None:
        yield f"<p>{TEXTBOOK}</p>"
        yield figure(run / "figures" / "heat.png", "Peak temperature and harm")


def _setting(s: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """When the cement was set, and what moved after the injection."""
    cure, after = s["cure"], s["after_injection"]
    set_at = cure["set_s"]
    yield (
        "cement set",
        "not in this run" if set_at is None else f"after {set_at:.0f} s ({set_at / 60:.1f} min)",
    )
    yield "degree of cure at the end", f"{cure['mean']:.3f} on average, {cure['least']:.3f} where it is least"
    if after is None:
        return
    yield "injection ended", f"after {after['since_s']:.1f} s"
    yield "left the bone after that", f"{after['leaked_ml']:.3f} mL"
    yield "moved in the bone after that", f"{after['moved_ml']:.3f} mL"
    still = after["still_since_s"]
    yield "the cement stood still", "at no time" if still is None else f"from {still:.1f} s on"


def _peaks(heat: dict[str, Any]) -> str:
    """Peaks by place beside the measured ranges."""
    at = heat["peak_at_degC"]
    rows = [("hottest of all", heat["peak_degC"], "")]
    for key, words, low, high, where in PLACES:
        if key in at:
            rows.append(
                (words, at[key], f"{low:g} to {high:g} in the {where}: {_against(at[key], low, high)}")
            )
    compared = {key for key, *_ in PLACES}
    rows += [(name, value, "") for name, value in at.items() if name not in compared]
    body = "".join(
        f"<tr><td>{escape(name)}</td>{number(f'{value:.1f}')}<td>{escape(text)}</td></tr>"
        for name, value, text in rows
    )
    return f"<table><tr>{heads(('place', 'peak [degC]', 'measured peaks [degC]'))}</tr>{body}</table>"


def _against(value: float, low: float, high: float) -> str:
    """Where a value lies against a range."""
    if value < low:
        return "below"
    return "above" if value > high else "within"


def _harm(heat: dict[str, Any]) -> str:
    body = "".join(
        f"<tr><td>{escape(words)}</td>{number(f'{heat[key]:.2f}')}<td>{escape(standing)}</td></tr>"
        for key, words, standing in HARMS
    )
    return f"<table><tr>{heads(('tissue harmed', 'volume [mL]', 'by what measure'))}</tr>{body}</table>"


def _account(heat: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Where the heat came from and where it went."""
    for key, words in HEAT.items():
        yield f"heat {words}", f"{heat['heat_J'][key]:.0f} J"
    yield "heat balance off by", f"{heat['heat_imbalance']:.0e}"


def _kinetics(run: Path) -> Iterator[str]:
    """The numbers of the kinetics by their standing, as far as the case can be read."""
    try:
        values = cure_standing(load(run / "case.toml"))
    except CaseError:
        return
    of: dict[str, list[str]] = {}
    for name, value, standing in values:
        of.setdefault(standing, []).append(f"{name} {value}")
    yield table(
        ("kinetics of the cure", "standing"), ((", ".join(of[standing]), standing) for standing in of)
    )
