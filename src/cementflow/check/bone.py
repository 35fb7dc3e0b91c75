"""What is doubtful about the tip, veins and the bone that they meet."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from cementflow.check.findings import Finding

if TYPE_CHECKING:
    from cementflow.model import Model

TIGHT = 1e-6  # permeability, relative to that at the needle, that nothing gets through
FINE_ENOUGH = 2.0  # mean edges to the correlation length of uneven bone, which below is not resolved
SMALLEST_TIP = 0.75  # mean edges; at 0.5 a power law of n = 0.6 comes out 1 to 5 % high
WIDE_VEIN = 3.0  # mean edges: beyond it the mesh could resolve a vein, which as a line takes 2 % too much
INSIDE = 0.9  # of an electrode or of the ball at the tip, below which it is probably not meant


def source_findings(model: Model) -> Iterator[Finding]:
    mesh, source = model.geometry.mesh, model.source
    edge = model.geometry.report.quality.mean_edge_length
    if source.radius < SMALLEST_TIP * edge and not model.problem.cement.bulk.newtonian:
        yield Finding(
            "warning",
            f"injection: the tip's radius of {source.radius * 1e3:.2g} mm is below {SMALLEST_TIP:g} mean edges of "
            f"{edge * 1e3:.2g} mm; with cement that thins the tip pressure then comes out up to 5 % high",
        )
    if source.inside < INSIDE:
        yield Finding(
            "warning", f"injection: only {source.inside:.0%} of the ball at the tip lies inside the bone"
        )
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


def unevenness_findings(model: Model) -> Iterator[Finding]:
    """About bone that varies faster than the mesh can follow."""
    uneven = model.case.bone.heterogeneity
    edge = model.geometry.report.quality.mean_edge_length
    if uneven is not None and uneven.correlation < FINE_ENOUGH * edge:
        yield Finding(
            "warning",
            f"bone.heterogeneity.correlation: {uneven.correlation * 1e3:.2g} mm is below {FINE_ENOUGH:g} mean edges of "
            f"{edge * 1e3:.2g} mm; the mesh does not resolve the field, and results depend on it",
        )


def vein_findings(model: Model) -> Iterator[Finding]:
    """Veins that nothing can enter, and those too wide to be a line in the mesh."""
    spec, tree = model.case.veins, model.problem.veins
    if spec is None or tree is None:
        return
    fed = {other for vein in spec.vein for other in vein.into}
    edge = model.geometry.report.quality.mean_edge_length
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


def defect_findings(model: Model) -> Iterator[Finding]:
    """Walls that are not lost, as the region that they would be lost within does not reach them."""
    there = {outlet.name for outlet in model.problem.outlets}
    for defect in model.case.defect:
        if defect.name not in there:
            yield Finding(
                "note",
                f"defect.{defect.name}: {defect.within} does not reach the {defect.zone}; nothing is lost",
            )


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
