"""The tables of a series as texts, for the page and for the screen."""

from __future__ import annotations

from typing import Any

from cementflow.case.sites import LEAK_TYPES

LEAST = 5e-5  # mL; less would be told as 0.0000
LEVELS = (
    "",
    "injected [mL]",
    "leaked [mL]",
    *LEAK_TYPES,
    "tip [kPa]",
    "syringe [MPa]",
    "a leak seen",
    "ended by",
)
WHAT_IF = ("", "injected [mL]", "leaked [mL]", *LEAK_TYPES, "tip [kPa]", "syringe [MPa]", "seen at")
KINDS = "; ".join(f"{letter} {name}" for letter, name in LEAK_TYPES.items())
AS_DONE = "as it was done"


def level_rows(summary: dict[str, Any]) -> list[tuple[str, ...]]:
    """A row a level, and one of all of them."""
    rows: list[tuple[str, ...]] = [
        (name, *_volumes(r), *_types(r), *_pressures(r), _seen(r), r["stop_reason"])
        for name, r in summary["levels"].items()
    ]
    total = summary["total"]
    if total is not None:
        rows.append(
            ("all", *_volumes(total), *_types(total), *_pressures(total), _levels(summary, total), "")
        )
    return rows


def compared_heads(summary: dict[str, Any]) -> tuple[str, ...]:
    """Heads of the comparison."""
    levels = [f"{name} [mL]" for name in summary["levels"]]
    return ("", "the case report", *levels, *(["all [mL]"] if summary["total"] else []), "shown by")


def compared_rows(summary: dict[str, Any]) -> list[tuple[str, ...]]:
    """A row a finding: what was reported, the cement of each level and of all, and what would show it."""
    return [
        (
            row["what"],
            row["said"],
            *(_volume(v) for v in row["ml"].values()),
            *([_volume(sum(row["ml"].values()))] if summary["total"] else []),
            _shown(row) if row["places"] else "",
        )
        for row in summary["comparison"]
    ]


def what_if_rows(summary: dict[str, Any]) -> list[tuple[str, ...]]:
    """A row a what-if, all levels together, after that of what was done."""
    if summary["total"] is None:
        return []
    rows = [(AS_DONE, summary["total"]), *((w["name"], w["total"]) for w in summary["what_if"])]
    return [
        (
            name,
            *_volumes(t),
            *_types(t),
            *_pressures(t),
            _levels(summary, t),
        )
        for name, t in rows
    ]


def rest_text(summary: dict[str, Any]) -> str:
    """When the cement stood still and was set; empty where no level waited for that."""
    texts = []
    for name, r in summary["levels"].items():
        if r["set_s"] is not None:
            still = (
                "" if r["still_since_s"] is None else f"stood still from {r['still_since_s']:.0f} s on and "
            )
            texts.append(f"{name} {still}was set at {r['set_s']:.0f} s")
    return f"The cement of {'; of '.join(texts)}." if texts else ""


def _volumes(row: dict[str, Any]) -> tuple[str, str]:
    injected, leaked = row["injected_ml"], row["leaked_ml"]
    return f"{injected:.3f}", f"{leaked:.4f} ({leaked / injected if injected else 0.0:.2%})"


def _volume(volume: float) -> str:
    return f"{volume:.4f}" if abs(volume) >= LEAST else "none"


def _types(row: dict[str, Any]) -> tuple[str, ...]:
    return tuple(_volume(row["leaked_by_type_ml"][kind]) for kind in LEAK_TYPES)


def _pressures(row: dict[str, Any]) -> tuple[str, str]:
    return f"{row['peak_tip_pressure_kPa']:.0f}", f"{row['peak_syringe_pressure_kPa'] * 1e-3:.2f}"


def _seen(row: dict[str, Any]) -> str:
    if row["first_seen_s"] is None:
        return "no"
    return f"at {row['first_seen_s']:.1f} s, when {row['leaked_until_seen_ml']:.3f} mL had left"


def _levels(summary: dict[str, Any], total: dict[str, Any]) -> str:
    return f"{total['levels_seen']} of {len(summary['levels'])} levels"


def _shown(row: dict[str, Any]) -> str:
    """What shows it, and at which levels."""
    texts = [f"{', '.join(shown)} ({name})" for name, shown in row["shown_by"].items() if shown]
    return "; ".join(texts) or "nothing"
