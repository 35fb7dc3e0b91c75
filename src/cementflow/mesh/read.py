"""Tetrahedral meshes of other programs, in and out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cementflow.errors import MeshError
from cementflow.files import replacing
from cementflow.mesh.fields import NO_FIELDS, MeshFields, scalar_fields
from cementflow.mesh.files import existing, guarded
from cementflow.mesh.tetmesh import Ints, TetMesh

SUFFIXES = (".vtu", ".msh", ".inp", ".vtk", ".med", ".mesh", ".xdmf")
# Names under which programs store region numbers, best first.
REGION_KEYS = ("region", "gmsh:physical", "medit:ref", "cell_tags", "gmsh:geometrical")
_ORDER = {"tetra": 4, "tetra10": 10}


@dataclass(frozen=True)
class ReadMesh:
    """A mesh from a file, what was left out of it, and the fields that it has."""

    mesh: TetMesh
    notes: tuple[str, ...]
    fields: MeshFields = NO_FIELDS


def read_mesh(path: Path | str, factor: float = 1.0) -> ReadMesh:
    """Read the tetrahedra of a mesh file (VTU, MSH 2.2 and 4.1, INP, VTK, MED, MESH, XDMF).

    Region numbers come from cell data (see `REGION_KEYS`) or from sets of cells, such as Abaqus element
    sets, with their names. Tetrahedra with ten nodes are reduced to their corners; other cells are left
    out.

    Parameters
    ----------
    path
        File.
    factor
        Metres per unit of the file.

    Raises
    ------
    MeshError
        For anything that is wrong with the file or the mesh in it, by its name.
    """
    file = existing(Path(path), SUFFIXES)
    points, tets, region, names, fields, notes = guarded(lambda: _raw(file), file)
    with np.errstate(over="ignore", invalid="ignore"):
        points = np.asarray(points, float) * factor
    if points.ndim == 2 and len(tets) and tets.min() >= 0 and tets.max() < len(points):
        used, compact = np.unique(tets, return_inverse=True)
        if len(used) < len(points):
            notes.append(f"{len(points) - len(used)} vertices that no tetrahedron uses were dropped")
        points, tets = points[used], compact.reshape(-1, 4)
        fields = MeshFields({name: values[used] for name, values in fields.point.items()}, fields.cell)
    return ReadMesh(TetMesh.build(points, tets, region, names, str(file)), tuple(notes), fields)


def write_mesh(mesh: TetMesh, path: Path | str) -> None:
    """Write a compressed VTU file in metres, with cell data "region"; the file appears only when complete."""
    import meshio

    path = Path(path)
    if path.suffix.lower() != ".vtu":
        raise MeshError(f"meshes are written as .vtu, not '{path.suffix}'", str(path))
    data = meshio.Mesh(mesh.points, [("tetra", mesh.tets)], cell_data={"region": [mesh.region]})
    with replacing(path) as temporary:
        meshio.write(temporary, data, file_format="vtu", binary=True, compression="zlib")


def _raw(path: Path) -> tuple[NDArray, NDArray, Ints, dict[int, str], MeshFields, list[str]]:
    """Arrays of a file as its reader gives them; checks of their content come later."""
    import meshio

    data = meshio.read(path)
    notes: list[str] = []
    blocks = [i for i, block in enumerate(data.cells) if block.type in _ORDER]
    _note_other_cells(data, notes)
    if not blocks:
        raise MeshError("no tetrahedra in it", str(path))
    if any(data.cells[i].type == "tetra10" for i in blocks):
        notes.append("quadratic tetrahedra were reduced to their corners")
    tets = np.concatenate([np.asarray(data.cells[i].data)[:, :4] for i in blocks])
    region, names = _regions(data, blocks, notes)
    points = np.asarray(data.points)
    return points, tets.astype(np.int64), region, names, _fields(data, blocks, len(points), len(tets)), notes


def _fields(data: Any, blocks: list[int], points: int, cells: int) -> MeshFields:
    in_cells = {n: np.concatenate([np.asarray(v[i]) for i in blocks]) for n, v in data.cell_data.items()}
    return MeshFields(scalar_fields(data.point_data, points), scalar_fields(in_cells, cells))


def _note_other_cells(data: Any, notes: list[str]) -> None:
    other: dict[str, int] = {}
    for block in data.cells:
        if block.type not in _ORDER:
            other[block.type] = other.get(block.type, 0) + len(block.data)
    if other:
        notes.append(
            "ignored cells: " + ", ".join(f"{count} {kind}" for kind, count in sorted(other.items()))
        )


def _regions(data: Any, blocks: list[int], notes: list[str]) -> tuple[Ints, dict[int, str]]:
    """Region number of each tetrahedron, and the names that the file has for them."""
    for key in REGION_KEYS:
        if key in data.cell_data:
            values = np.concatenate([np.asarray(data.cell_data[key][i]).reshape(-1) for i in blocks])
            if np.issubdtype(values.dtype, np.floating) and not (values == np.rint(values)).all():
                notes.append(f"cell data '{key}' are not whole numbers and were not used as regions")
                continue
            if len(values) and (np.abs(values.astype(float)) > np.iinfo(np.int32).max).any():
                notes.append(f"cell data '{key}' are too large for region numbers and were not used")
                continue
            return values.astype(np.int32), _field_names(data.field_data)
    return _regions_from_sets(data, blocks, notes)


def _field_names(fields: Mapping[str, Any]) -> dict[int, str]:
    """Names of physical groups of volumes (dimension 3) in MSH files."""
    return {
        int(value[0]): name for name, value in fields.items() if np.size(value) == 2 and int(value[1]) == 3
    }


def _regions_from_sets(data: Any, blocks: list[int], notes: list[str]) -> tuple[Ints, dict[int, str]]:
    """Number the sets of cells in the order of their names from 1 on; cells in no set are region 0."""
    sizes = [len(data.cells[i].data) for i in blocks]
    starts = dict(zip(blocks, np.concatenate([[0], np.cumsum(sizes)[:-1]]), strict=True))
    region = np.zeros(sum(sizes), np.int32)
    names: dict[int, str] = {}
    doubled = 0
    for name in sorted(data.cell_sets):
        members = [
            start + np.asarray(part, np.int64)
            for block, start in starts.items()
            if (part := data.cell_sets[name][block]) is not None and len(part)
        ]
        if not members or name.startswith("gmsh:"):
            continue
        number = len(names) + 1
        names[number] = name
        index = np.concatenate(members)
        doubled += int(np.count_nonzero(region[index]))
        region[index] = number
    if doubled:
        notes.append(f"{doubled} tetrahedra are in several sets of cells; the last by name counts")
    return region, names
