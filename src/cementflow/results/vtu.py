"""Tetrahedral meshes with fields as VTU: zlib blocks behind the XML, in memory only while they are written.

The format is "VTK XML with appended raw data" (https://docs.vtk.org/en/latest/design_documents/VTKFileFormats.html): an
array is a header of unsigned integers (number of blocks, size of a block, size of a last shorter block, compressed
sizes) and its blocks.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from cementflow.files import replacing

VTK_LINE, VTK_TETRA = 3, 10
ROWS = 16_384  # of an array in a block: what is in memory twice while it is converted and compressed
Rows = NDArray | range
Convert = Callable[[Any], NDArray]
STORED, FAST = 0, 1  # levels of zlib; higher ones take 2 to 5 times as long for 2 % less
TYPES = {
    "float32": "Float32",
    "float64": "Float64",
    "int32": "Int32",
    "uint8": "UInt8",
}
MOST = 10**15  # bytes, of a file
APPENDED = b'\n<AppendedData encoding="raw">\n_'
_HEAD = '<VTKFile type="UnstructuredGrid" version="1.0" byte_order="LittleEndian" header_type="UInt64"'


@dataclass(frozen=True, eq=False)
class Field:
    """An array as the file holds it.

    Parameters
    ----------
    name, type, components
        What readers are told of it.
    rows, row_bytes
        How many there are and how long each is, before they are compressed.
    blocks
        `ROWS` of them at a time, compressed.
    """

    name: str
    type: str
    components: int
    rows: int
    row_bytes: int
    blocks: Iterable[bytes]

    def kept(self) -> Field:
        """The same with its blocks in memory, for an array that goes into many files."""
        return replace(self, blocks=tuple(self.blocks))

    def write(self, file: BinaryIO) -> None:
        """Put the array at the end of a file; its header, which tells what became of the blocks, is filled in last."""
        start, count = file.tell(), -(-self.rows // ROWS)
        file.write(bytes(8 * (3 + count)))
        sizes = [file.write(block) for block in self.blocks]
        end = file.tell()
        file.seek(start)
        file.write(
            np.array(
                [count, ROWS * self.row_bytes, self.rows % ROWS * self.row_bytes, *sizes], "<u8"
            ).tobytes()
        )
        file.seek(end)


@dataclass(frozen=True, eq=False)
class _Compressed:
    """Blocks of an array, made anew each time that they are gone through."""

    values: Rows
    level: int
    convert: Convert

    def __iter__(self) -> Iterator[bytes]:
        for start in range(0, len(self.values), ROWS):
            part = self.convert(self.values[start : start + ROWS])
            row_by_row = np.ascontiguousarray(part, part.dtype.newbyteorder("<"))
            yield zlib.compress(row_by_row.data, self.level)


@dataclass(frozen=True, eq=False)
class EncodedMesh:
    """Points and tetrahedra as the file holds them."""

    vertices: int
    tets: int
    points: Field
    cells: tuple[Field, ...]


def encode(name: str, values: Rows, level: int = FAST, convert: Convert = np.asarray) -> Field:
    """An array of shape (n,) or (n, components), compressed block by block when it is written.

    Parameters
    ----------
    name
        What readers call it.
    values
        What the array is made from, n rows; or their numbers as a range.
    level
        `FAST`, or `STORED` for values whose digits are noise: those cost time and hardly shrink.
    convert
        Makes rows of the array, of type float32, float64, int32 or uint8, from rows of `values`.
    """
    none = convert(values[:0])
    width = int(np.prod(none.shape[1:]))
    return Field(
        name,
        TYPES[none.dtype.name],
        width,
        len(values),
        none.itemsize * width,
        _Compressed(values, level, convert),
    )


def numbers(part: range, kind: type[np.integer]) -> NDArray:
    """A range as an array."""
    return np.arange(part.start, part.stop, part.step, dtype=kind)


def encode_mesh(points: NDArray, tets: NDArray, kind: int = VTK_TETRA) -> EncodedMesh:
    """Points [m] of shape (n, 3) and tetrahedra of shape (m, 4), or cells of another kind in their place.

    It is encoded once, however many files it goes into.
    """
    count, width = tets.shape
    ends = range(width, width * count + 1, width)
    cells = (
        encode("connectivity", tets.reshape(-1), convert=lambda part: part.astype(np.int32)),
        encode("offsets", ends, convert=lambda part: numbers(part, np.int32)),
        encode("types", np.broadcast_to(np.uint8(kind), count)),
    )
    return EncodedMesh(len(points), count, encode("Points", points).kept(), tuple(c.kept() for c in cells))


def write_vtu(path: Path, mesh: EncodedMesh, vertex: Sequence[Field], cell: Sequence[Field]) -> None:
    """Write mesh and fields; the file appears only when it is complete."""
    groups = {"Points": (mesh.points,), "Cells": mesh.cells, "PointData": vertex, "CellData": cell}
    fields = [field for group in groups.values() for field in group]
    # The head says where each array begins, which is known when all are written.
    room = len(_head(mesh, groups, [MOST] * len(fields)))
    places = []
    with replacing(path) as temporary, temporary.open("wb") as file:
        file.write(b" " * room + APPENDED)
        for field in fields:
            places.append(file.tell() - room - len(APPENDED))
            field.write(file)
        file.write(b"\n</AppendedData>\n</VTKFile>\n")
        file.seek(0)
        file.write(_head(mesh, groups, places))


def _head(mesh: EncodedMesh, groups: Mapping[str, Sequence[Field]], places: Sequence[int]) -> bytes:
    """The XML before the arrays, which begin at these places."""
    lines, place = [], iter(places)
    for tag, fields in groups.items():
        lines.append(f"<{tag}>")
        for field in fields:
            # Stated for scalars, meshio would make columns of them.
            width = f' NumberOfComponents="{field.components}"' if field.components > 1 else ""
            name = f'type="{field.type}" Name="{escape(field.name)}"{width}'
            lines.append(f'<DataArray {name} format="appended" offset="{next(place)}"/>')
        lines.append(f"</{tag}>")
    head = [
        '<?xml version="1.0"?>',
        f'{_HEAD} compressor="vtkZLibDataCompressor">',
        "<UnstructuredGrid>",
        f'<Piece NumberOfPoints="{mesh.vertices}" NumberOfCells="{mesh.tets}">',
        *lines,
        "</Piece>",
        "</UnstructuredGrid>",
    ]
    return "\n".join(head).encode()
