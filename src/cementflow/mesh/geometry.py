"""From what a case states of its geometry to a mesh, its anatomical frame and a report on both."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np

from cementflow.errors import MeshError
from cementflow.mesh.ball import ball_distance
from cementflow.mesh.box import box_mesh
from cementflow.mesh.fidelity import Fidelity, distance_fidelity, label_fidelity, surface_fidelity
from cementflow.mesh.fields import NO_FIELDS, MeshFields
from cementflow.mesh.frame import AnatomicalFrame, anatomical_axes, box_frame, given_frame
from cementflow.mesh.lumbar import SIZES, SLOPE, lumbar_body
from cementflow.mesh.quality import Quality, mesh_quality
from cementflow.mesh.tetmesh import Floats, TetMesh
from cementflow.threads import beside, two_threads

DEFAULT_EDGE = 1.2e-3
UNITS = {"m": 1.0, "cm": 1e-2, "mm": 1e-3, "um": 1e-6}
# A lumbar vertebra or its body is larger and smaller than this in every direction [m].
PLAUSIBLE = (10e-3, 100e-3)
# No lumbar body is deeper than this [m]; with its arch a vertebra is.
DEEPEST_BODY = 55e-3


@dataclass(frozen=True, eq=False)
class MeshReport:
    """What a user should know of a mesh before trusting it.

    Parameters
    ----------
    volume
        Volume of the mesh [m3].
    measure
        Measures the edges and the shape of the tetrahedra.
    compare
        Measures how far the mesh is from the shape it was made from; None for a mesh that was given or is exact.
    notes
        What was repaired, dropped or found odd, in words.
    warnings
        What probably is a mistake of the user, such as wrong units.
    """

    volume: float
    measure: Callable[[], Quality]
    compare: Callable[[], Fidelity] | None = None
    notes: tuple[str, ...] = field(default=())
    warnings: tuple[str, ...] = field(default=())

    @cached_property
    def quality(self) -> Quality:
        """Edges and shape of the tetrahedra."""
        return self.measure()

    @cached_property
    def fidelity(self) -> Fidelity | None:
        """How far the mesh is from its shape, measured when it is asked for: a run does not show it."""
        return self.compare() if self.compare is not None else None


@dataclass(frozen=True)
class Geometry:
    """A mesh with its anatomical frame, a report, the fields of its file, and the file with an image of the bone."""

    mesh: TetMesh
    frame: AnatomicalFrame
    report: MeshReport
    fields: MeshFields = NO_FIELDS
    image: Path | None = None


def build_geometry(spec: Any, folder: Path | str = ".") -> Geometry:
    """Make or read the mesh that a case asks for.

    Parameters
    ----------
    spec
        A `case.GeometrySpec`: one of `preset`, `mesh`, `surface`, `labels`, and `label`, `image`, `units`, `axes`,
        `edge_length`, `size`, `radius`, `body`, all but one possibly None.
    folder
        Where relative paths start: the folder of the case file.

    Raises
    ------
    MeshError
        If a file cannot be used or no mesh can be made.
    """
    if spec.preset is not None:
        return _preset(spec)
    image = Path(folder) / spec.image if spec.image is not None else None
    return replace(_from_file(spec, Path(folder)), image=image)


def _from_file(spec: Any, folder: Path) -> Geometry:
    if spec.mesh is not None:
        return _given_mesh(spec, folder / spec.mesh)
    if spec.surface is not None:
        return _meshed_surface(spec, folder / spec.surface)
    if spec.labels is not None:
        return _meshed_label(spec, folder / spec.labels)
    raise MeshError("the geometry needs one of preset, mesh, surface, labels")


def _preset(spec: Any) -> Geometry:
    edge = spec.edge_length or DEFAULT_EDGE
    axes = anatomical_axes("RAS")
    if spec.preset == "box":
        if spec.size is None:
            raise MeshError("a box needs size")
        mesh = box_mesh(np.broadcast_to(np.asarray(spec.size, float), (3,)).tolist(), edge)
        return Geometry(mesh, box_frame(axes, mesh.points), _report(mesh))
    if spec.preset == "ball":
        if spec.radius is None:
            raise MeshError("a ball needs radius")
        reach = np.full(3, spec.radius)
        return _stuffed_level(partial(ball_distance, radius=spec.radius), -reach, reach, edge, 1.0)
    if spec.preset not in SIZES:
        raise MeshError(f"there is no preset geometry '{spec.preset}'; use {', '.join(SIZES)}, box or ball")
    body = lumbar_body(spec.preset)
    return _stuffed_level(body.level, body.low, body.high, edge, SLOPE)


def _stuffed_level(distance: Any, low: Floats, high: Floats, edge: float, slope: float) -> Geometry:
    from cementflow.mesh.stuffing import stuff

    made = stuff(distance, low, high, edge, slope)
    report = _report(made.mesh, partial(distance_fidelity, made.mesh, distance), made.notes)
    return Geometry(made.mesh, box_frame(anatomical_axes("RAS"), made.mesh.points), report)


def _given_mesh(spec: Any, path: Path) -> Geometry:
    from cementflow.mesh.read import read_mesh

    found = read_mesh(path, UNITS[spec.units or "mm"])
    frame, notes, warnings = _frame(spec, found.mesh)
    report = _report(found.mesh, None, (*found.notes, *notes), warnings)
    return Geometry(found.mesh, frame, report, found.fields)


def _meshed_surface(spec: Any, path: Path) -> Geometry:
    from cementflow.mesh.bvh import SurfaceDistance
    from cementflow.mesh.stuffing import stuff
    from cementflow.mesh.surface import read_surface

    surface = read_surface(path, UNITS[spec.units or "mm"])
    warnings = _size_warnings(surface.extent, spec.units or "mm")
    edge = spec.edge_length or DEFAULT_EDGE
    if (surface.extent < edge).any():
        raise MeshError(
            [f"the edge length of {1e3 * edge:g} mm is larger than the surface", *warnings], str(path)
        )
    distance = SurfaceDistance(surface.points, surface.triangles)
    try:
        made = stuff(distance, surface.low, surface.high, edge)
    except MeshError as error:
        # A surface in another unit than stated asks for a mesh without end; the size tells why.
        raise MeshError([*error.problems, *warnings], str(path)) from error
    frame, notes, warnings = _frame(spec, made.mesh)
    report = _report(
        made.mesh,
        partial(surface_fidelity, made.mesh, surface, distance),
        (*surface.notes, *made.notes, *notes),
        warnings,
    )
    return Geometry(made.mesh, frame, report)


def _meshed_label(spec: Any, path: Path) -> Geometry:
    from cementflow.mesh.label_shape import SLOPE, label_shape
    from cementflow.mesh.labels import read_labels
    from cementflow.mesh.stuffing import stuff

    image = read_labels(path)
    if spec.label is None:
        raise MeshError(f"say which label is the bone; the image has {image.known()}", str(path))
    shape = label_shape(image, spec.label)
    edge = spec.edge_length or DEFAULT_EDGE
    warnings = (*shape.warnings, *_size_warnings(shape.high - shape.low))
    try:
        made = stuff(shape, shape.low, shape.high, edge, SLOPE)
    except MeshError as error:
        raise MeshError([*error.problems, *warnings], str(path)) from error
    frame, notes, warnings = _frame(spec, made.mesh)
    sides = " x ".join(f"{side:.3g}" for side in shape.voxel)
    smooth = f"made of {shape.volume * 1e6:.2f} mL of voxels of {sides} mm, whose steps were smoothed"
    if shape.voxel.max() > 1e3 * edge:
        smooth += "; they are coarser than edge_length, which adds vertices but no detail"
    report = _report(
        made.mesh,
        partial(label_fidelity, made.mesh, shape),
        (smooth, *shape.notes, *made.notes, *notes),
        (*shape.warnings, *warnings),
    )
    return Geometry(made.mesh, frame, report)


def _frame(spec: Any, mesh: TetMesh) -> tuple[AnatomicalFrame, tuple[str, ...], tuple[str, ...]]:
    """Frame of a mesh from a file, notes and warnings."""
    from cementflow.mesh.find_body import find_frame

    letters = spec.axes or "RAS"
    axes = anatomical_axes(letters)
    warnings = _size_warnings(mesh.extent, None if spec.labels is not None else spec.units or "mm")
    if spec.body is not None:
        frame = given_frame(axes, spec.body.low, spec.body.high)
        notes: tuple[str, ...] = ("the box of the body was given",)
        share = frame.fractions(mesh.points)
        if not ((share >= 0) & (share <= 1)).all(axis=1).any():
            warnings += ("the given box of the body holds no vertex of the mesh",)
    else:
        frame, notes = find_frame(axes, mesh.points, mesh.boundary)
        warnings += _box_warnings(frame, mesh, found=bool(notes))
    if not frame.right_handed:
        warnings += (
            f"axes = '{letters}' is left-handed: left and right are swapped, or the file is mirrored",
        )
    return frame, notes, warnings


def _box_warnings(frame: AnatomicalFrame, mesh: TetMesh, found: bool) -> tuple[str, ...]:
    """Whether the box that was found can be that of a body."""
    if not found and DEEPEST_BODY < frame.size[0] < PLAUSIBLE[1]:
        return (
            f"no spinal canal was found, but {1e3 * frame.size[0]:.0f} mm from back to front are too deep for a body "
            "alone; fractions count over the whole, so state geometry.body if the arch is there",
        )
    middle = mesh.points[mesh.tets].mean(axis=1)
    in_front = float(mesh.volumes[frame.fractions(middle)[:, 0] > 0.0].sum() / mesh.volumes.sum())
    if found and in_front < 0.5:
        return (
            f"only {in_front:.0%} of the bone lies in front of the spinal canal; front and back may be swapped in "
            "the file",
        )
    return ()


def _size_warnings(extent: Floats, units: str | None = None) -> tuple[str, ...]:
    """Whether something of this size [m] can be a vertebra, and which unit would make it one if one was stated."""
    low, high = PLAUSIBLE
    if (extent >= low).all() and (extent <= high).all():
        return ()
    text = f"the geometry measures {' x '.join(f'{1e3 * e:.3g}' for e in extent)} mm, no vertebra does"
    for unit, factor in UNITS.items() if units is not None else ():
        other = extent * factor / UNITS[units or unit]
        if unit != units and (other >= low).all() and (other <= high).all():
            return (f"{text}; with units = '{unit}' it would be {1e3 * other.max():.3g} mm long",)
    return (text,)


def _report(
    mesh: TetMesh,
    compare: Callable[[], Fidelity] | None = None,
    notes: tuple[str, ...] = (),
    warnings: tuple[str, ...] = (),
) -> MeshReport:
    # What is made of the mesh next takes longer, and asks for the quality last.
    shared = two_threads(len(mesh.points))
    return MeshReport(
        volume=float(mesh.volumes.sum()),
        measure=beside(mesh_quality, mesh).result if shared else partial(mesh_quality, mesh),
        compare=compare,
        notes=notes,
        warnings=warnings,
    )
