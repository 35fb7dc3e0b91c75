"""The geometry of the body that is filled."""

# ruff: noqa: RUF009 - `entry` makes a dataclass field, which ruff cannot know.
from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from cementflow.case import geometry_rules
from cementflow.case.compound_kinds import Whole, Wholes
from cementflow.case.fields import entry
from cementflow.case.kinds import Axes, Choice, FilePath, Quantity, Triple
from cementflow.case.ranges import COORDINATE
from cementflow.case.sections import Rules, Table


@dataclass(frozen=True, kw_only=True)
class BodyBox:
    """Box of the vertebral body in coordinates of the file."""

    low: tuple[float, float, float] = entry(Triple(COORDINATE), "corner with the smallest coordinates")
    high: tuple[float, float, float] = entry(Triple(COORDINATE), "corner with the largest coordinates")

    RULES: ClassVar = Rules(geometry_rules.body)


@dataclass(frozen=True, kw_only=True)
class GeometrySpec:
    """The body that is filled: a built-in one, a tetrahedral mesh, or a surface or a label image to be meshed."""

    preset: str | None = entry(
        Choice(("L1", "L2", "L3", "L4", "L5", "box", "ball")), "built-in vertebral body, box or ball", None
    )
    mesh: str | None = entry(FilePath(), "tetrahedral mesh (VTU, MSH, INP, VTK)", None)
    surface: str | None = entry(FilePath(), "closed triangle surface (OBJ, PLY, STL, VTP)", None)
    labels: str | None = entry(
        FilePath(),
        "label image (NIfTI): a segmentation, in which the body is made of the voxels of a label",
        None,
    )
    label: tuple[int, ...] | None = entry(
        Wholes(Whole(1, 2**31 - 1)),
        "number of the voxels in labels that are the body, several make one",
        None,
    )
    image: str | None = entry(
        FilePath(),
        "image of the bone (NIfTI) that bone.density_map reads; its millimetres to the right, anterior and superior "
        "are those of the body",
        None,
    )
    units: str | None = entry(
        Choice(("mm", "m", "cm", "um")),
        "unit of the coordinates in the file",
        None,
        note='"mm" for mesh and surface',
    )
    axes: str | None = entry(
        Axes(), "where +x, +y and +z of the file point", None, note='"RAS" for mesh and surface'
    )
    edge_length: float | None = entry(
        Quantity("length", "0.1 mm", "10 mm"),
        "mean edge length of the mesh to be made",
        None,
        source="assumed: a compromise of accuracy and time",
        note='"1.2 mm", unless a mesh is given',
    )
    size: tuple[float, float, float] | None = entry(
        Triple(Quantity("length", "1 mm", "500 mm"), single=True), "sides of the box", None
    )
    radius: float | None = entry(Quantity("length", "1 mm", "250 mm"), "radius of the ball", None)
    body: BodyBox | None = entry(
        Table(BodyBox), "box of the vertebral body in a file that has the arch too; found if absent", None
    )

    RULES: ClassVar = Rules(
        geometry_rules.geometry,
        displaces={
            "preset": (
                "mesh",
                "surface",
                "labels",
                "label",
                "image",
                "units",
                "axes",
                "body",
                "size",
                "radius",
            ),
            "mesh": ("preset", "surface", "labels", "label", "edge_length", "size", "radius"),
            "surface": ("preset", "mesh", "labels", "label", "size", "radius"),
            "labels": ("preset", "mesh", "surface", "units", "axes", "size", "radius"),
        },
    )

    @property
    def files(self) -> tuple[str | None, ...]:
        """Files that the body is made of, None for each kind of file that is not stated."""
        return self.mesh, self.surface, self.labels, self.image
