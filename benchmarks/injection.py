"""`python -m benchmarks.injection`: what the cannula takes, beside published numbers, into `docs/injection.md`."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from scipy.optimize import brentq

import cementflow as cf
from cementflow.bench.section import Section, put_tables
from cementflow.laws.in_situ import bundle_viscosity
from cementflow.laws.pipe import power_law_pipe_gradient
from cementflow.materials import cement_law, cure_kinetics, syringe
from cementflow.sites.cannula import Cannula
from cementflow.verify import front_radius, sphere_pressure_drop

DOCUMENT = Path(__file__).parents[1] / "docs/injection.md"
PRESET, EDGE = "l3-osteoporotic", "2.5 mm"
PERMEABILITIES = (3e-9, 1e-8, 2e-8, 4.5e-8)  # m2, along si
AGES = (4, 5, 6, 7, 8)  # min
WIDE = 0.672  # of the length: .63 / (1 - 1/16)
RATE = 4e-6 / 60  # m3/s
REFERENCE = (3e-9, 7e-9, 1e-8, 2e-8, 4.5e-8)  # m2
CEMENTS = (
    (0.5, 150.0),
    (0.7, 120.0),
    (0.9, 105.0),
    (1.0, 100.0),
)  # n, and Pa s^n: the viscosity of 100 Pa s about 2/s
BALL: dict[str, Any] = {
    "geometry.radius": "15 mm",
    "bone.porosity": 0.9,
    "injection.source": None,
    "injection.volume": "4 mL",
    "injection.flow_rate": "4 mL/min",
}
NEEDLE = {"gauge": 11, "length": "150 mm", "tip": {"ap": 0.5, "lr": 0.5, "si": 0.5}}
GAUGE = {"8 G": 3.4e-3, "10 G": 2.7e-3, "11 G": 2.4e-3, "13 G": 1.6e-3}


def case(changes: dict[str, Any], edge: str = EDGE, preset: str = PRESET) -> cf.Case:
    """The default case, or another one, on a coarse mesh, changed."""
    usual = {"geometry.edge_length": edge, "output.figures": False, "output.field_times": []}
    return cf.preset(preset).replace(usual | changes)


def measured(changes: dict[str, Any], edge: str = EDGE, preset: str = PRESET) -> cf.Result:
    """A run whose folder is gone afterwards; summary and history have been read."""
    with TemporaryDirectory() as folder:
        result = cf.run(case(changes, edge, preset), out=Path(folder) / "run")
        assert len(result.history["time_s"]) == result.summary["steps"] + 1
        return result


def shares(edge: str = EDGE) -> Section:
    """Share of the cannula in the pressure over the permeability of the bone, half-way and at the end."""
    rows = []
    for k in PERMEABILITIES:
        across = f"{0.78 * k:g} m2"
        bone = {"bone.permeability": {"si": f"{k:g} m2", "ap": across, "lr": across}}
        for kind in ("medium", "newtonian"):
            plain = {"cement.law": "newtonian", "cement.viscosity": "100 Pa s"} if kind == "newtonian" else {}
            h = measured(bone | plain | {"injection.max_pressure": "none"}, edge).history
            share = 100.0 * (1.0 - h["tip_pressure_kPa"] / h["syringe_pressure_kPa"])
            half = float(np.interp(0.5 * h["injected_ml"][-1], h["injected_ml"], share))
            tip, syringe = h["tip_pressure_kPa"][-1], 1e-3 * h["syringe_pressure_kPa"][-1]
            name = "medium" if kind == "medium" else "Newtonian, 100 Pa s"
            alone = f"{100.0 * ball_share(k):.1f}" if kind == "newtonian" else "-"
            found = f"{tip:.1f}", f"{syringe:.2f}", f"{half:.1f}", f"{share[-1]:.1f}"
            rows.append((f"{k:.3g}", name, *found, alone))
    head = (
        "k [m2]",
        "cement",
        "tip [kPa]",
        "syringe [MPa]",
        "share half-way [%]",
        "at the end [%]",
        "ball alone [%]",
    )
    notes = (
        "Published: some 95 % (Baroud & Steffen 2005).",
        "Ball alone: closed form, 4 mL of Newtonian cement around a tip of 1.5 mm in endless isotropic bone.",
    )
    return Section("Share of the cannula (11 G, 120 mm) in the pressure", head, rows, notes)


def ball_share(k: float) -> float:
    """Share of a needle in the pressure of a ball of the same Newtonian cement in endless isotropic bone [-]."""
    tip, front = 1.5e-3, front_radius(4e-6, 0.9, 1.5e-3)
    needle = 0.12 * power_law_pipe_gradient(RATE, 1.2e-3, 100.0, 1.0)
    return needle / (needle + sphere_pressure_drop(RATE, k, tip, front, 100.0))


def reference(edge: str = "1.4 mm") -> Section:
    """The share where nothing but needle, rate, cement and permeability count: a tip in a ball of bone."""
    rows = []
    for n, consistency in CEMENTS:
        found = []
        for k in REFERENCE:
            run = {
                "injection.cannula": NEEDLE,
                "bone.permeability": f"{k:g} m2",
                **_power_law(n, consistency),
            }
            h = measured(BALL | run, edge, "ball-newtonian").history
            share = 100.0 * (1.0 - h["tip_pressure_kPa"][-1] / h["syringe_pressure_kPa"][-1])
            found.append(f"{share:.1f} ({100.0 * thinning_share(k, n, consistency):.1f})")
        low, high = (_permeability(share, n, consistency) for share in (0.9, 0.98))
        name = f"n = {n:g}, {consistency:g} Pa s^n" if n < 1.0 else f"Newtonian, {consistency:g} Pa s"
        rows.append((name, *found, f"{low:.1e} to {high:.1e}"))
    head = ("cement", *(f"{k:.2g} m2 [%]" for k in REFERENCE), "90 to 98 % from, to [m2]")
    notes = (
        "11 G, 2.4 mm by 150 mm, 4 mL/min, ball of bone of 15 mm with porosity 0.9, after 4 mL; thin marrow.",
        "In brackets and on the right the closed form: the needle, and cement between the tip of 1.5 mm and its front. "
        "The run adds what it takes to leave the ball at the tip, an eighth to a quarter of the bone's part.",
    )
    return Section("The same in even, isotropic bone", head, rows, notes)


def thinning_share(k: float, n: float, consistency: float) -> float:
    """Share of the needle of `NEEDLE` in the pressure of a ball of power-law cement in endless isotropic bone [-]."""
    in_bone = bundle_viscosity(consistency, n, k, 0.9)
    bone = sphere_pressure_drop(RATE, k, 1.5e-3, front_radius(4e-6, 0.9, 1.5e-3), in_bone, n)
    needle = 0.15 * power_law_pipe_gradient(RATE, 1.2e-3, consistency, n)
    return needle / (needle + bone)


def _permeability(share: float, n: float, consistency: float) -> float:
    """At which the needle has a share [m2]."""
    return float(np.exp(brentq(lambda x: thinning_share(np.exp(x), n, consistency) - share, -25.0, -12.0)))


def _power_law(n: float, consistency: float) -> dict[str, Any]:
    if n == 1.0:
        return {"cement.law": "newtonian", "cement.viscosity": f"{consistency:g} Pa s"}
    return {
        "cement.law": "power",
        "cement.viscosity": None,
        "cement.K": f"{consistency:g} Pa s^n",
        "cement.n": n,
    }


def needles() -> Section:
    """What a wider part next to the syringe saves, and what gauges take."""
    rows = []
    for name, changes in (
        ("Newtonian, 100 Pa s", {"cement.law": "newtonian", "cement.viscosity": "100 Pa s"}),
        ("low", {"cement.preset": "low"}),
        ("medium", {}),
        ("high", {"cement.preset": "high"}),
    ):
        stated = case(changes)
        kinetics = cure_kinetics(stated.cement.cure)
        cement = cement_law(stated.cement, stated.physics, kinetics)
        factor = syringe(stated, cement, kinetics).factor(cement, 0.0, 0.0)
        even = {g: Cannula(0.5 * d, 0.12).drop(RATE, cement, factor) for g, d in GAUGE.items()}
        wide = Cannula(1.2e-3, 0.12, proximal_radius=2.4e-3, proximal_length=WIDE * 0.12)
        saved = 100.0 * (1.0 - wide.drop(RATE, cement, factor) / even["11 G"])
        rows.append((name, *(f"{1e-6 * drop:.2f}" for drop in even.values()), f"{saved:.1f}"))
    head = ("cement, 4 min old", *(f"{g} [MPa]" for g in GAUGE), "saved by the wide part [%]")
    note = f"11 G, twice as wide over {WIDE:g} of its length. Published: 63 % (Baroud & Steffen 2005), oil and cement."
    return Section("What needles take at 4 mL/min, 120 mm", head, rows, (note,))


def ages(edge: str = EDGE) -> Section:
    """Pressure in the syringe over the age of the cement."""
    rows = []
    for age in AGES:
        h = measured({"cement.age": f"{age} min", "injection.max_pressure": "none"}, edge).history
        pressure = 1e-3 * h["syringe_pressure_kPa"]
        rising = "yes" if (np.diff(pressure) > 0.0).all() else "no"
        rows.append((f"{age}", f"{pressure[0]:.2f}", f"{pressure.max():.2f}", rising))
    head = ("age at the start [min]", "first [MPa]", "peak [MPa]", "rises in every step")
    note = "Published: peaks of 1.7 +- 0.65 MPa, at most 3.2, rising with time (Krebs et al. 2005)."
    return Section("Pressure in the syringe, medium cement, 4 mL at 4 mL/min", head, rows, (note,))


def dead_volume(edge: str = EDGE) -> Section:
    """What it changes that cement waits in the cannula."""
    heat = {"physics.heat": True, "injection.max_pressure": "none"}
    second = {"injection.batch": [{"after": "2 mL", "mixed": "-2 min"}], "injection.max_pressure": "none"}
    old = {"cement.age": "8 min"}
    rows = []
    for name, changes in (
        ("heat", heat),
        ("heat, 8 min old", heat | old),
        ("heat, 8 min old, 1 mL/min", heat | old | {"injection.flow_rate": "1 mL/min"}),
        ("8 min old, a second batch after 2 mL", second | old),
    ):
        for holds in (False, True):
            s = measured(changes | {"physics.dead_volume": holds}, edge).summary
            tip, syringe = s["peak_tip_pressure_kPa"], 1e-3 * s["peak_syringe_pressure_kPa"]
            first = s["first_leak_s"]["lateral wall defect"]
            leaked, work = s["leaked_ml"]["total"], f"{s['steps']} / {s['pressure_solves']}"
            on = "yes" if holds else "no"
            rows.append(
                (name, on, f"{tip:.2f}", f"{syringe:.3f}", f"{leaked:.4f}", f"{first or 0:.1f}", work)
            )
    head = (
        "case",
        "dead volume",
        "tip [kPa]",
        "syringe [MPa]",
        "leaked [mL]",
        "first leak [s]",
        "steps / systems",
    )
    return Section("Cement that waits in the cannula (11 G, 0.54 mL)", head, rows)


PARTS: dict[str, Callable[[], Section]] = {
    "shares": shares,
    "reference": reference,
    "needles": needles,
    "ages": ages,
    "dead-volume": dead_volume,
}


def main() -> int:
    """Make the tables that are asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.injection", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], metavar="part", help="all by default")
    for part in parser.parse_args().parts or PARTS:
        section = PARTS[part]()
        print(section.text())
        begin = f"<!-- begin: python -m benchmarks.injection {part} -->"
        put_tables(DOCUMENT, section.markdown(), begin=begin)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
