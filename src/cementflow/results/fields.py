"""Fields as VTU files with a PVD collection, in SI, for ParaView and PyVista."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from html import escape
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cementflow.files import write_text
from cementflow.flow.carried import CEMENT
from cementflow.flow.course import Step
from cementflow.flow.mobility import darcy_flux, mobility
from cementflow.flow.state import State
from cementflow.model import Model
from cementflow.results.folder import RunFolder
from cementflow.results.veins import VeinFiles
from cementflow.results.vtu import FAST, STORED, EncodedMesh, Field, encode, encode_mesh, numbers, write_vtu

# Row-major components of a symmetric tensor stored as (xx, yy, zz, yz, xz, xy).
FULL_TENSOR = [0, 5, 4, 5, 1, 3, 4, 3, 2]


@dataclass(frozen=True)
class Snapshot:
    """Fields at one time [s] in the file `fields/<name>.vtu`."""

    time: float
    name: str


def _single(values: NDArray) -> NDArray:
    return values.astype(np.float32)


class FieldFiles:
    """Writes the fields of a run; what does not change is encoded once.

    Pressure, saturation and viscosity keep all their digits, as cement is counted with them; all else is single
    precision.

    Parameters
    ----------
    folder, model
        Of the run.
    """

    def __init__(self, folder: RunFolder, model: Model) -> None:
        self._folder, self._model = folder, model
        self._veins = VeinFiles(folder, model)

    def write(self, step: Step, name: str) -> None:
        """Write the fields of a step as `fields/<name>.vtu`, and its veins as `veins/<name>.vtu`."""
        flow, saturation = step.flow, step.state.saturation
        m = mobility(self._model.problem, saturation, flow.cement_viscosity, flow.marrow_viscosity)
        vertex = (
            encode("pressure [Pa]", flow.pressure, STORED),
            encode("cement saturation [-]", saturation),
            encode("cement viscosity [Pa s]", flow.cement_viscosity, self._of_viscosity),
            *(encode(name, values, STORED, _single) for name, values in self._condition(step.state)),
        )

        def flux(part: range) -> NDArray:
            chosen = numbers(part, np.uint32)
            return darcy_flux(self._model.problem, m, flow.pressure, chosen).astype(np.float32)

        tets = range(len(self._model.problem.volumes.tets))
        cell = (*self._bone, encode("darcy flux [m/s]", tets, STORED, flux))
        write_vtu(self._folder.fields(name), self._mesh, vertex, cell)
        if self._veins.wanted:
            self._veins.write(step, name)

    def _condition(self, state: State) -> Iterator[tuple[str, NDArray]]:
        """Cure and, where they are computed, temperature and what it did."""
        now, harm = state.condition, state.harm
        yield "degree of cure [-]", np.where(state.saturation > CEMENT, now.cure, 0.0)
        if self._model.problem.followed:
            yield "equivalent age [s]", now.age
        if self._model.problem.tissue is not None:
            yield "temperature [K]", now.temperature
            yield "peak temperature [K]", harm.peak
            yield "time above 47 degC [s]", harm.hot
            yield "thermal dose [min]", harm.dose
            yield "thermal damage [-]", harm.damage

    @property
    def _of_viscosity(self) -> int:
        """How to compress the viscosity of the cement: one that the flow changes has no two values alike."""
        return FAST if self._model.problem.cement.bulk.newtonian else STORED

    @cached_property
    def _mesh(self) -> EncodedMesh:
        mesh = self._model.geometry.mesh
        return encode_mesh(mesh.points, mesh.tets)

    @cached_property
    def _bone(self) -> tuple[Field, ...]:
        bone = self._model.bone
        fields = (
            encode("region", self._model.geometry.mesh.region),
            encode("porosity [-]", bone.porosity, convert=_single),
            encode(
                "permeability [m2]", bone.permeability, convert=lambda part: _single(part)[:, FULL_TENSOR]
            ),
        )
        return tuple(field.kept() for field in fields)


def write_collection(folder: RunFolder, snapshots: Sequence[Snapshot]) -> None:
    """Write `fields.pvd`, and `veins.pvd` where there are veins, which list the snapshots with their times."""
    _write_list(folder.collection, "fields", snapshots)
    if (folder.path / "veins").is_dir():
        _write_list(folder.vein_collection, "veins", snapshots)


def _write_list(path: Path, where: str, snapshots: Sequence[Snapshot]) -> None:
    lines = [
        f'    <DataSet timestep="{float(s.time)!r}" part="0" file="{where}/{escape(s.name)}.vtu"/>'
        for s in snapshots
    ]
    write_text(
        path,
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
