"""Results as text: one screen for a run, a few lines for a mesh."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from cementflow.case.sites import LEAK_TYPES
from cementflow.views.leak_report import SHOWN, seen_in

if TYPE_CHECKING:
    from cementflow.mesh.fidelity import Fidelity
    from cementflow.mesh.geometry import Geometry
    from cementflow.result import Result


def summary_text(result: Result) -> str:
    """Summary of a run on one screen."""
    s = result.summary
    injected, leaked = s["injected_ml"], s["leaked_ml"]["total"]
    lines = [
        "",
        f"{s['status']}: {s['stop_reason']} after {s['simulated_s']:.1f} s",
        f"  injected {injected:.3f} mL, in bone {s['in_bone_ml']:.3f} mL, leaked {leaked:.3f} mL "
        f"({leaked / injected if injected else 0.0:.1%})",
        *(_leak_line(name, site) for name, site in s["sites"]["outlets"].items() if site["kind"] != "vein"),
        *_vein_lines(s["veins"]),
        *_behind_lines(s),
        *_seen_lines(s),
        f"  peak pressure {s['peak_tip_pressure_kPa']:.1f} kPa at the tip"
        + (
            f", {_pressure(s['peak_syringe_pressure_kPa'])} in the syringe" if "cannula" in s["sites"] else ""
        ),
        *_ablation_lines(s["ablation"]),
        *_stage_lines(s),
        *_heat_lines(s),
        *(f"  {e['time_s']:8.1f} s  {e['what']}" for e in s["events"]),
        f"  balance error {s['balance_error']:.0e}; {s['mesh']['vertices']} vertices, {s['steps']} steps, "
        f"{s['pressure_solves']} pressure solves",
        f"  {s['wall_s']['total']:.1f} s in all ({_seconds(s['wall_s'])}), {s['peak_rss_mb']:.0f} MB",
        f"results in {result.path}" + (", pictures in its figures/" if _drawn(result.path) else ""),
    ]
    if s["status"] == "interrupted":
        lines.append(f"go on with: cementflow run --resume --out {result.path}")
    return "\n".join(lines) + "\n"


def _pressure(kilopascals: float) -> str:
    """In MPa; what would be next to nothing there, as of contrast agent, in kPa."""
    return f"{kilopascals * 1e-3:.2f} MPa" if kilopascals >= 10.0 else f"{kilopascals:.1f} kPa"


def _behind_lines(s: dict[str, Any]) -> list[str]:
    """What the cement and the marrow that left went into, and the pressure there."""
    leaked, marrow, pressure = (
        s["leaked_by_compartment_ml"],
        s["marrow_out_by_compartment_ml"],
        s["compartment_kPa"],
    )
    lines = []
    for name, volume in leaked.items():
        if max(volume, abs(marrow[name])) > SHOWN:
            text = f"    into {name:<23} cement {volume:.3f} mL, marrow {marrow[name] + 0.0:.3f} mL"
            lines.append(text + (f", at {pressure[name]:.1f} kPa" if name in pressure else ""))
    return lines


def _ablation_lines(told: dict[str, Any] | None) -> list[str]:
    """Lesion and temperatures of an ablation."""
    if told is None:
        return []
    at, canal = told["axes_mm"]["50 degC"], told["canal_peak_degC"]
    return [
        f"  ablation at {told['target_degC']:g} degC with {told['energy_J']:.0f} J: "
        f"{told['lesion_ml']['50 degC']:.2f} mL above 50 degC ("
        f"{at['along']:.0f} x {at['widest']:.0f} x {at['narrowest']:.0f} mm), "
        f"{told['coagulated_ml']:.2f} mL coagulated; posterior wall at most {told['posterior_wall_peak_degC']:.1f} degC"
        + (f", canal {canal:.1f} degC" if canal is not None else "")
    ]


def _stage_lines(s: dict[str, Any]) -> list[str]:
    """The protocol as it went."""
    return [
        f"    {stage['name']:<28} from {stage['start_s']:6.1f} s  injected {stage['injected_ml']:.3f} mL, "
        f"leaked {stage['leaked_ml']:.3f} mL; {stage['ended_by'] or 'not over'}"
        for stage in s.get("stages", ())
    ]


def _seen_lines(s: dict[str, Any]) -> list[str]:
    """What was carried off, what pictures show of the rest, and how much had left when it could be seen."""
    lines, gone = [], s["embolus_ml"]["total"]
    if gone >= SHOWN:
        lines.append(f"    carried off as an embolus     {gone:.3f} mL")
    for name, d in s["detectability"].items():
        if d["near_ml"] < SHOWN:
            continue
        thick = d["thickness_mm"]
        lines.append(
            f"    seen of {name:<21} {thick['AP']:.1f} mm in AP, {thick['lateral']:.1f} mm in lateral: "
            f"fluoroscopy {seen_in(d['fluoroscopy'])}, radiograph {seen_in(d['radiograph'])}, "
            f"CT {'yes' if d['ct'] else 'no'}"
        )
    if s["leaked_until_seen_ml"] is not None:
        lines.append(
            f"    {s['leaked_until_seen_ml']:.3f} mL had left before any could be seen on the fluoroscopy"
        )
    return lines


def _heat_lines(s: dict[str, Any]) -> list[str]:
    """Temperatures, harm by heat, and what happened after the injection."""
    lines, heat, after = [], s["heat"], s["after_injection"]
    if heat is not None:
        at = heat["peak_at_degC"]
        lines.append(
            f"  hottest {heat['peak_degC']:.1f} degC; centre {at['centre']:.1f}, posterior wall "
            f"{at['posterior wall']:.1f}, anterior wall {at['anterior wall']:.1f}, endplates "
            f"{at['inferior endplate']:.1f} and {at['superior endplate']:.1f} degC"
        )
        lines.append(
            f"  tissue above 47 degC for 1 min {heat['above_47_degC_for_1_min_ml']:.2f} mL, with 240 min of dose "
            f"{heat['dose_240_min_ml']:.2f} mL; heat balance off by {heat['heat_imbalance']:.0e}"
        )
    if after is not None and s["simulated_s"] > after["since_s"]:
        still = after["still_since_s"]
        lines.append(
            f"  after the injection {after['leaked_ml']:.3f} mL left the bone, {after['moved_ml']:.3f} mL moved in it; "
            + ("it never came to rest" if still is None else f"it stood still from {still:.1f} s")
        )
    return lines


def _drawn(run: Path) -> bool:
    return any((run / "figures").glob("*.png"))


def mesh_text(geometry: Geometry, out: Path) -> str:
    """What was made of a surface or a label."""
    report, mesh = geometry.report, geometry.mesh
    lines = [
        f"{out}: {len(mesh.points)} vertices, {len(mesh.tets)} tetrahedra, "
        f"mean edge {report.quality.mean_edge_length * 1e3:.3f} mm",
        f"  volume {report.volume * 1e6:.3f} mL" + (_fidelity(report.fidelity) if report.fidelity else ""),
        f"  dihedral angles {report.quality.dihedral[0]:.2f} to {report.quality.dihedral[1]:.2f} degrees; "
        f"{report.quality.negative_share:.2%} of the edges have a negative coefficient",
        *(f"  note: {n}" for n in report.notes),
        *(f"  warning: {w}" for w in report.warnings),
    ]
    return "\n".join(lines) + "\n"


def _fidelity(fidelity: Fidelity) -> str:
    to = fidelity.to_shape
    text = f"; boundary within {to.largest * 1e3:.2f} mm of the {fidelity.shape}, {to.mean * 1e3:.3f} mm on average"
    shape = fidelity.shape_volume
    return text if shape is None else f" of the {fidelity.shape}'s {shape * 1e6:.3f} mL{text}"


def _leak_line(name: str, site: dict[str, Any]) -> str:
    volume, first, reach = site["leaked_ml"], site["first_leak_s"], site["reach_mm"]
    if first is None:
        return f"    {name:<28} {site['type']} {LEAK_TYPES[site['type']]:<14} none"
    text = f"    {name:<28} {site['type']} {LEAK_TYPES[site['type']]:<14} {volume:.3f} mL from {first:.1f} s"
    return text + (f", {reach:.1f} of {site['tube_length_mm']:.0f} mm" if reach is not None else "")


def _vein_lines(veins: dict[str, Any]) -> list[str]:
    """Veins that took or hold cement; the others are counted."""
    lines = []
    for name, v in veins.items():
        if max(abs(v["leaked_ml"]), v["held_ml"], v["beyond_ml"]) < SHOWN:
            continue
        text = f"    {name:<28} {v['type']} {LEAK_TYPES[v['type']]:<14} "
        text += (
            "" if v["first_leak_s"] is None else f"{v['leaked_ml']:.3f} mL from {v['first_leak_s']:.1f} s, "
        )
        text += f"{v['held_ml']:.3f} mL in it over {v['reach_mm']:.1f} of {v['length_mm']:.0f} mm"
        lines.append(text + (f", {v['beyond_ml']:.3f} mL beyond" if v["beyond_ml"] >= SHOWN else ""))
    left = len(veins) - len(lines)
    return lines + ([f"    no cement in {'' if not lines else 'the other '}{left} veins"] if left else [])


def _seconds(wall: dict[str, float]) -> str:
    return ", ".join(f"{k} {v:.1f}" for k, v in wall.items() if k != "total")
