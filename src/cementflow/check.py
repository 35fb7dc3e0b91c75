"""Says what is wrong or doubtful about a case before a long run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from cementflow.case import Case, OutletSpec
from cementflow.errors import InputError

if TYPE_CHECKING:
    from cementflow.flow.problem import Drive
    from cementflow.mesh.geometry import Geometry
    from cementflow.model import Model

SMALLEST, LARGEST = 3e-3, 1.0  # m: outside, a file that looks odd is taken to be in another unit
FAR_FROM_SURFACE = 10e-3  # m: a place this far inside or outside is not meant to be on the wall
OFF_SURFACE = 7e-3  # m: the waist of a vertebral body lies up to 6 mm inside its box
TIGHT = 1e-6  # permeability, relative to that at the needle, that nothing gets through
FINE_ENOUGH = 2.0  # mean edges to the correlation length of uneven bone, which below is not resolved
SMALLEST_TIP = 0.75  # mean edges; at 0.5 a power law of n = 0.6 comes out 1 to 5 % high
WIDE_VEIN = 3.0  # mean edges: beyond it the mesh could resolve a vein, which as a line takes 2 % too much
INSIDE = 0.9  # of an electrode or of the ball at the tip, below which it is probably not meant
STIFF_CEMENT = 2e3  # Pa s; about where cement cannot be injected by hand (assumed)


@dataclass(frozen=True)
class Finding:
    """One thing about a case.

    Parameters
    ----------
    level
        "error" (it cannot run), "warning" (probably not meant) or "note".
    text
        One sentence.
    """

    level: str
    text: str


def check(case: Case) -> list[Finding]:
    """Everything that is wrong or doubtful about a case, the worst first.

    Parameters
    ----------
    case
        A case that has been read, so its values alone are in order; here they meet the mesh.
    """
    from cementflow.mesh.geometry import build_geometry

    try:
        geometry = build_geometry(case.geometry, case.folder)
    except InputError as error:
        return _errors(error, case)
    findings = list(ablation_findings(case, geometry))
    _, others = checked_model(replace(case, ablation=None), geometry)
    findings += others
    order = ("error", "warning", "note")
    return sorted(findings, key=lambda f: order.index(f.level))


def ablation_findings(case: Case, geometry: Geometry) -> Iterator[Finding]:
    """What can be said of the electrode before it heats anything."""
    from cementflow.ablation.ablate import electrode_of

    if case.ablation is None:
        return
    try:
        electrode = electrode_of(case.ablation, case.injection, geometry)
    except InputError as error:
        yield from _errors(error, case)
        return
    wanted = case.ablation.applicator.active_length
    if electrode.length < INSIDE * wanted:
        yield Finding(
            "warning",
            f"ablation.applicator: only {electrode.length / wanted:.0%} of the electrode lies in the bone",
        )


def checked_model(case: Case, geometry: Geometry) -> tuple[Model | None, list[Finding]]:
    """The case made ready to run, None where that cannot be, and all that is wrong or doubtful about it."""
    from cementflow.model import build_model

    findings = list(geometry_findings(case, geometry))
    try:
        model = build_model(case, geometry)
    except InputError as error:
        return None, findings + _errors(error, case)
    return model, findings + list(model_findings(model))


def _errors(error: InputError, case: Case) -> list[Finding]:
    source = f"{error.source}: " if error.source and error.source != case.source else ""
    return [Finding("error", source + problem) for problem in error.problems]


def geometry_findings(case: Case, geometry: Geometry) -> Iterator[Finding]:
    """What can be said of the mesh and the places on it."""
    from cementflow.sites.place import ALL_FACES, outlet_spot
    from cementflow.sites.surface import BoneSurface
    from cementflow.sites.windows import defect_spot

    report = geometry.report
    level = "warning" if SMALLEST < geometry.mesh.extent.max() < LARGEST else "error"
    yield from (Finding(level, f"geometry: {w}") for w in report.warnings)
    yield from (Finding("note", f"geometry: {n}") for n in report.notes)
    yield Finding(
        "note",
        f"mesh: {len(geometry.mesh.points)} vertices, {len(geometry.mesh.tets)} tetrahedra, "
        f"{report.volume * 1e6:.2f} mL, mean edge {report.mean_edge_length * 1e3:.2f} mm, "
        f"dihedral angles {report.dihedral[0]:.1f} to {report.dihedral[1]:.1f} degrees",
    )
    if report.negative_share > 0.1:
        yield Finding(
            "warning",
            f"mesh: {report.negative_share:.0%} of the edges have a negative coefficient (obtuse tetrahedra); "
            "pressures at the front lose accuracy, some 5 % at 20 % of the edges; "
            + (
                "`cementflow mesh` does better"
                if case.geometry.mesh
                else "a smaller geometry.edge_length has fewer"
            ),
        )
    surface = BoneSurface(geometry.mesh)
    for spec in case.outlet:
        if spec.at != ALL_FACES:
            yield from _outlet_findings(
                spec, outlet_spot(spec, surface, geometry.frame).distance, report.mean_edge_length
            )
    for defect in case.defect:
        if (spot := defect_spot(defect, surface, geometry.frame)) is not None:
            yield from _distance_findings(f"defect.{defect.name}", spot.distance)


def _outlet_findings(spec: OutletSpec, distance: float, edge: float) -> Iterator[Finding]:
    yield from _distance_findings(f"outlet.{spec.name}", distance)
    diameter = 2.0 * spec.radius if spec.radius is not None else spec.diameter
    if diameter is not None and diameter < edge:
        yield Finding(
            "note",
            f"outlet.{spec.name}: its diameter of {diameter * 1e3:.2g} mm is below the mean edge of "
            f"{edge * 1e3:.2g} mm; the flow that converges on it is not resolved, so it leaks somewhat too easily",
        )


def _distance_findings(key: str, distance: float) -> Iterator[Finding]:
    """About a place that should be on the surface."""
    if distance > FAR_FROM_SURFACE:
        yield Finding(
            "error",
            f"{key}: touches no surface; the nearest is {distance * 1e3:.1f} mm from its place",
        )
    elif distance > OFF_SURFACE:
        yield Finding(
            "warning",
            f"{key}: moved {distance * 1e3:.1f} mm from its place to the nearest surface",
        )


def model_findings(model: Model) -> Iterator[Finding]:
    """What can be said of source, fluids and pressures."""
    yield from _source_findings(model)
    yield from _needle_findings(model)
    yield from _unevenness_findings(model)
    yield from _vein_findings(model)
    yield from _watch_findings(model)
    yield from _volume_findings(model)
    yield from _pressure_findings(model)


def _source_findings(model: Model) -> Iterator[Finding]:
    mesh, source = model.geometry.mesh, model.source
    edge = model.geometry.report.mean_edge_length
    if source.radius < SMALLEST_TIP * edge and not model.problem.cement.bulk.newtonian:
        yield Finding(
            "warning",
            f"injection: the tip's radius of {source.radius * 1e3:.2g} mm is below {SMALLEST_TIP:g} mean edges of "
            f"{edge * 1e3:.2g} mm; with cement that thins the tip pressure then comes out up to 5 % high",
        )
    inside = inside_share(model)
    if inside < INSIDE:
        yield Finding("warning", f"injection: only {inside:.0%} of the ball at the tip lies inside the bone")
    reached = _reachable(model)
    if not reached.all():
        share = mesh.volumes[~reached].sum() / mesh.volumes.sum()
        text = (
            f"bone: {np.count_nonzero(~reached)} cells ({share:.1%} of the volume) cannot be reached from the needle, "
            "what lies between is tight"
        )
        ways_out = model.problem.ways_out
        if np.isin(mesh.tets[reached], ways_out).any():
            yield Finding("warning", text)
        else:
            yield Finding("error", f"{text}; no outlet is among those that can, so nothing can be injected")


def _needle_findings(model: Model) -> Iterator[Finding]:
    """Where each needle enters, which way it goes and how deep."""
    from cementflow.sites.needles import outside_by

    mesh, frame = model.geometry.mesh, model.geometry.frame
    for needle in model.needles:
        if not needle.name:
            continue
        depth = needle.depth(mesh)
        entry = needle.tip - depth * needle.direction
        at = ", ".join(
            f"{n} {f:.2f}" for n, f in zip(("ap", "lr", "si"), frame.fractions(entry)[0], strict=True)
        )
        way = ", ".join(
            f"{n} {f:+.2f}" for n, f in zip(("ap", "lr", "si"), frame.axes @ needle.direction, strict=True)
        )
        yield Finding(
            "note",
            f"injection.needle.{needle.name}: enters at {at}, goes {depth * 1e3:.1f} mm deep, its direction is {way}",
        )
        if (away := outside_by(mesh, entry)) > FAR_FROM_SURFACE:
            yield Finding(
                "warning",
                f"injection.needle.{needle.name}: its entry lies {away * 1e3:.1f} mm outside the bone",
            )


def _unevenness_findings(model: Model) -> Iterator[Finding]:
    """About bone that varies faster than the mesh can follow."""
    uneven = model.case.bone.heterogeneity
    edge = model.geometry.report.mean_edge_length
    if uneven is not None and uneven.correlation < FINE_ENOUGH * edge:
        yield Finding(
            "warning",
            f"bone.heterogeneity.correlation: {uneven.correlation * 1e3:.2g} mm is below {FINE_ENOUGH:g} mean edges of "
            f"{edge * 1e3:.2g} mm; the mesh does not resolve the field, and results depend on it",
        )


def _watch_findings(model: Model) -> Iterator[Finding]:
    if model.case.stop.seen is not None and model.case.cement.radiopacifier.share == 0.0:
        yield Finding(
            "warning",
            "stop.seen: cement without radiopacifier hardly differs from soft tissue, so leaks will not be seen",
        )


def _vein_findings(model: Model) -> Iterator[Finding]:
    """Veins that nothing can enter, and those too wide to be a line in the mesh."""
    spec, tree = model.case.veins, model.problem.veins
    if spec is None or tree is None:
        return
    fed = {other for vein in spec.vein for other in vein.into}
    edge = model.geometry.report.mean_edge_length
    for number, vein in enumerate(spec.vein):
        reaches = bool((tree.link_vein == number).any())
        if vein.drinks and not reaches:
            yield Finding(
                "warning", f"veins.vein.{vein.name}: does not reach the bone, so it takes nothing from it"
            )
        elif not reaches and vein.name not in fed:
            yield Finding(
                "warning",
                f"veins.vein.{vein.name}: neither drinks from the bone nor does a vein flow into it",
            )
        width = 2.0 * float(tree.radius[tree.along(number)].max())
        if reaches and width > WIDE_VEIN * edge:
            yield Finding(
                "note",
                f"veins.vein.{vein.name}: its diameter of {width * 1e3:.2g} mm is above {WIDE_VEIN:g} mean edges; "
                "such a vein should be a region of the bone",
            )


def inside_share(model: Model) -> float:
    """Share of the ball at the tip that lies in the bone [-]."""
    from cementflow.mesh.regions import shape_fractions

    mesh, source = model.geometry.mesh, model.source
    ball = shape_fractions(mesh, model.geometry.frame, "ball", source.center, np.full(3, source.radius))
    return min(float(ball @ mesh.volumes) / (4.0 / 3.0 * np.pi * source.radius**3), 1.0)


def _reachable(model: Model) -> np.ndarray:
    """Whether each tetrahedron is connected to the source through bone that is not tight, shape (m,)."""
    from cementflow.mesh.tetmesh import components, touching

    mesh, problem = model.geometry.mesh, model.problem
    k = model.bone.permeability[:, :3].mean(axis=1)
    at_source = touching(mesh.tets, problem.source > 0.0)
    open_cells: np.ndarray = k >= TIGHT * np.median(k[at_source])
    if open_cells.all():  # a mesh is in one piece
        return open_cells
    count, label = components(len(mesh.points), mesh.tets[open_cells])
    home = np.zeros(count, bool)
    home[label[mesh.tets[at_source & open_cells]]] = True
    return open_cells & home[label[mesh.tets[:, 0]]]


def _volume_findings(model: Model) -> Iterator[Finding]:
    pores = float(model.problem.volumes.pore_volume.sum()) * model.problem.corey.largest_saturation
    volume = model.problem.drive.volume
    if volume > 0.6 * pores:
        more = "more than" if volume > pores else f"{volume / pores:.0%} of"
        yield Finding(
            "warning",
            f"injection.volume: {volume * 1e6:g} mL is {more} the pores hold ({pores * 1e6:.2f} mL)",
        )


def _cannula_findings(drive: Drive, drop: float) -> Iterator[Finding]:
    """What the cannula takes, `drop` [Pa] at the rate and the first age, and whether what drives can give it."""
    assert drive.cannula is not None
    held = f"it holds {drive.cannula.dead_volume * 1e6:.2f} mL"
    if drive.free:
        rate = f"{drive.rate * 6e7:.2g} mL/min"
        text = f"driven by pressure alone, some {rate} at first, of which the cannula takes {drop * 1e-6:.2f} MPa"
        yield Finding("note", f"injection: {text}; {held}")
        if not np.isfinite(drive.max_syringe):
            yield Finding(
                "warning",
                "injection.max_tip_pressure: alone it drives any rate while there is little cement in the bone; "
                "state max_pressure or plunger too",
            )
        return
    text = f"the cannula takes {drop * 1e-6:.2f} MPa at the wanted rate and the first age"
    yield Finding("note", f"injection: {text}; {held}")
    if drop > drive.max_syringe:
        of = "plunger.force" if drive.by_force else "max_pressure"
        yield Finding(
            "warning",
            f"injection.{of}: {drive.max_syringe * 1e-6:.2f} MPa does not reach the wanted rate, "
            "the flow will be held by the pressure from the start",
        )


def _pressure_findings(model: Model) -> Iterator[Finding]:
    from cementflow.sites.outlets import Opening

    problem = model.problem
    drive = problem.drive
    grown = problem.syringe.factor(problem.cement, 0.0, 0.0)
    viscosity = float(problem.cement.viscosity(np.array([1.0]), grown)[0])
    if viscosity > STIFF_CEMENT:
        yield Finding(
            "warning",
            f"cement: at its age it has {viscosity:.0f} Pa s at a shear rate of 1/s, too stiff to inject by hand",
        )
    if drive.cannula is not None:
        yield from _cannula_findings(drive, drive.cannula.drop(drive.rate, problem.cement, grown))
    only_wall = all(isinstance(o, Opening) and o.kind == "cortex" for o in problem.outlets)
    if only_wall and problem.outlets:
        conductance = sum(float(o.transmissibility.sum()) for o in problem.outlets if isinstance(o, Opening))
        pressure = drive.rate * problem.marrow_viscosity / conductance
        if pressure > 1e6:
            yield Finding(
                "warning",
                f"the body is sealed but for its wall: pressing the marrow through it takes {pressure * 1e-6:.3g} MPa; "
                "state an outlet",
            )
