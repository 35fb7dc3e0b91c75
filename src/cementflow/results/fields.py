"""Fields as VTU files with a PVD collection, in SI, for ParaView and PyVista."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import quoteattr

import numpy as np

from cementflow.files import replacing, write_text
from cementflow.flow.mobility import darcy_flux, mobility
from cementflow.model import Model
from cementflow.results.folder import RunFolder
from cementflow.simulate import Step

# Row-major components of a symmetric tensor stored as (xx, yy, zz, yz, xz, xy).
FULL_TENSOR = [0, 5, 4, 5, 1, 3, 4, 3, 2]


@dataclass(frozen=True)
class Snapshot:
    """Fields at one time [s] in the file `fields/<name>.vtu`."""

    time: float
    name: str


def write_fields(folder: RunFolder, model: Model, step: Step, name: str) -> None:
    """Write the fields of a step as `fields/<name>.vtu`."""
    import meshio

    m = mobility(model.problem, step.state.saturation, step.flow.cement_viscosity, step.flow.pressure)
    mesh = meshio.Mesh(
        model.geometry.mesh.points,
        [("tetra", model.geometry.mesh.tets)],
        point_data={
            "pressure [Pa]": step.flow.pressure,
            "cement saturation [-]": step.state.saturation,
            "cement viscosity [Pa s]": step.flow.cement_viscosity,
        },
        cell_data={
            "region": [model.geometry.mesh.region],
            "porosity [-]": [model.bone.porosity],
            "permeability [m2]": [np.ascontiguousarray(model.bone.permeability[:, FULL_TENSOR])],
            "darcy flux [m/s]": [darcy_flux(model.problem, m, step.flow.pressure)],
        },
    )
    with replacing(folder.fields(name)) as temporary:
        meshio.vtu.write(str(temporary), mesh)


def write_collection(folder: RunFolder, snapshots: Sequence[Snapshot]) -> None:
    """Write `fields.pvd`, which lists the snapshots with their times."""
    lines = [
        f'    <DataSet timestep="{float(s.time)!r}" part="0" file={quoteattr(f"fields/{s.name}.vtu")}/>'
        for s in snapshots
    ]
    write_text(
        folder.collection,
        "\n".join(
            [
                '<?xml version="1.0"?>',
                '<VTKFile type="Collection" version="0.1" byte_order="LittleEndian">',
                "  <Collection>",
                *lines,
                "  </Collection>",
                "</VTKFile>",
                "",
            ]
        ),
    )
