"""Radiofrequency ablation before the cement: applicator, control, and the tissue around the bone."""

# ruff: noqa: RUF009 - `entry` makes a dataclass field, which ruff cannot know.
from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cementflow.case.fields import entry
from cementflow.case.kinds import Choice, Flag, Number, Quantity
from cementflow.case.positions import Position, PositionKind
from cementflow.case.ranges import CLOCK, VISCOSITY, WAIT
from cementflow.case.sections import Table

_TEXTBOOK = "assumed: textbook value"
_HOT = Quantity("temperature", "42 degC", "100 degC")


def _electric(default: float, source: str) -> Any:
    return entry(
        Number(1e-4, 1e4),
        "how well it conducts the current, relative to bone with its marrow; only ratios count, as the power is "
        "what is controlled",
        default,
        source=source,
    )


def _perfusion(default: str, source: str) -> Any:
    return entry(
        Quantity("rate", "0 1/s", "1 1/s"),
        "volume of blood that flows through a volume of it in a second",
        default,
        source=source,
    )


def _thermal(name: str, low: str, high: str, meaning: str, default: str, source: str) -> Any:
    return entry(Quantity(name, low, high), meaning, default, source=source)


def _capacity(default: str) -> Any:
    text = "heat that warms a kilogram by a kelvin, at the density of water"
    return _thermal("specific heat", "100 J/(kg K)", "10000 J/(kg K)", text, default, _TEXTBOOK)


def _conducts(default: str) -> Any:
    text = "how well it conducts heat"
    return _thermal("thermal conductivity", "1e-3 W/(m K)", "1000 W/(m K)", text, default, _TEXTBOOK)


@dataclass(frozen=True, kw_only=True)
class SurroundingTissue:
    """What the tissues around the bone have in common [J/(kg K), W/(m K), 1/s, -]."""

    specific_heat: float
    conductivity: float
    perfusion: float
    electric: float


@dataclass(frozen=True, kw_only=True)
class SoftTissue(SurroundingTissue):
    """Muscle and fat beside and in front of the body, and around the arch."""

    specific_heat: float = _capacity("3700 J/(kg K)")
    conductivity: float = _conducts("0.5 W/(m K)")
    perfusion: float = _perfusion(
        "3.3e-4 1/s", "derived: depth of 20 mm that warmth reaches, as `surroundings.exchange` assumes"
    )
    electric: float = _electric(
        4.0, "assumed: some 0.4 S/m against 0.1 S/m of bone, recalled tables for 500 kHz"
    )


@dataclass(frozen=True, kw_only=True)
class CanalTissue(SurroundingTissue):
    """Epidural fat and veins, cerebrospinal fluid and cord behind the posterior wall."""

    specific_heat: float = _capacity("3900 J/(kg K)")
    conductivity: float = _conducts("0.55 W/(m K)")
    perfusion: float = _perfusion(
        "3e-3 1/s",
        "assumed: epidural plexus and moving fluid together, as much as well-perfused tissue; no measurement found",
    )
    electric: float = _electric(10.0, "assumed: some 1 S/m, between epidural fat and cerebrospinal fluid")


@dataclass(frozen=True, kw_only=True)
class DiscTissue(SurroundingTissue):
    """Discs above and below, which have no vessels."""

    specific_heat: float = _capacity("3700 J/(kg K)")
    conductivity: float = _conducts("0.5 W/(m K)")
    perfusion: float = _perfusion("0 1/s", "a disc has no vessels (textbook)")
    electric: float = _electric(6.0, "assumed: some 0.6 S/m, wet cartilage")


@dataclass(frozen=True, kw_only=True)
class ApplicatorSpec:
    """Straight electrode: the active part is the end of a probe, current flows from it to a plate far away."""

    active_length: float = entry(
        Quantity("length", "2 mm", "60 mm"), "length of the bare part", "15 mm", source="assumed: 10 to 30 mm"
    )
    diameter: float = entry(
        Quantity("length", "0.3 mm", "5 mm"), "outer diameter", "1.7 mm", source="assumed: some 15 to 17 G"
    )
    tip: Position | None = entry(
        PositionKind(), "far end of the bare part", None, note="its middle lies where the cement comes out"
    )
    through: Position | None = entry(
        PositionKind(), "a place that the probe passes on its way in", None, note="as the needle"
    )


@dataclass(frozen=True, kw_only=True)
class AblationSpec:
    """Radiofrequency ablation: current warms bone and marrow around an electrode before the cement is injected.

    Killed tissue has no blood flow any more. Where it coagulates the marrow is thicker and veins drink no longer.
    """

    duration: float = entry(
        WAIT, "how long the current is on", "10 min", source="assumed: as in the case report"
    )
    temperature: float = entry(
        _HOT, "temperature that is held", "70 degC", source="protocol of 70 degC for 7 to 15 min (OsteoCool)"
    )
    control: str = entry(
        Choice(("hottest", "tip")),
        "what is held at the temperature: the hottest tissue, or a sensor at the tip of the electrode",
        "hottest",
    )
    max_power: float = entry(
        Quantity("power", "0.1 W", "500 W"), "power that the generator can give", "20 W", source="assumed"
    )
    wait: float = entry(
        CLOCK, "time from then to the injection", "3 min", source="assumed: exchange of instruments"
    )
    coagulated_at: float = entry(
        _HOT,
        "highest temperature from which marrow has coagulated and vessels are closed",
        "60 degC",
        source="blood flow ceases for good from 60 degC (Eriksson and Albrektsson 1983, from a summary)",
    )
    marrow_viscosity: float = entry(
        VISCOSITY,
        "viscosity of coagulated marrow, at the reference temperature of the marrow",
        "1 Pa s",
        source='assumed: as region preset "ablated"',
    )
    closes_veins: bool = entry(
        Flag(), "veins take nothing from coagulated bone", True, source="assumed: they are thrombosed"
    )
    applicator: ApplicatorSpec = entry(Table(ApplicatorSpec), "the electrode", absent={})
    soft_tissue: SoftTissue = entry(Table(SoftTissue), "around the walls", absent={})
    canal: CanalTissue = entry(Table(CanalTissue), "behind the posterior wall", absent={})
    disc: DiscTissue = entry(Table(DiscTissue), "beyond the endplates", absent={})
