"""What is doubtful about the mesh and the places on it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from cementflow.case import Case, OutletSpec
from cementflow.check.findings import Finding

if TYPE_CHECKING:
    from cementflow.mesh.geometry import Geometry

SMALLEST, LARGEST = 3e-3, 1.0  # m: outside, a file that looks odd is taken to be in another unit
FAR_FROM_SURFACE = 10e-3  # m: a place this far inside or outside is not meant to be on the wall
OFF_SURFACE = 7e-3  # m: the waist of a vertebral body lies up to 6 mm inside its box


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
        f"{report.volume * 1e6:.2f} mL, mean edge {report.quality.mean_edge_length * 1e3:.2f} mm, "
        f"dihedral angles {report.quality.dihedral[0]:.1f} to {report.quality.dihedral[1]:.1f} degrees",
    )
    if report.quality.negative_share > 0.1:
        yield Finding(
            "warning",
            f"mesh: {report.quality.negative_share:.0%} of the edges have a negative coefficient (obtuse tetrahedra); "
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
                spec, outlet_spot(spec, surface, geometry.frame).distance, report.quality.mean_edge_length
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
