"""Tetrahedral meshes with fields as VTU: zlib blocks behind the XML, each encoded once however many files it goes into.

The format is "VTK XML with appended raw data" (https://docs.vtk.org/en/latest/design_documents/VTKFileFormats.html): an
array is a header of unsigned integers (number of blocks, size of a block, size of a last shorter block, compressed
sizes) and its blocks.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import quoteattr

import numpy as np
from numpy.typing import NDArray

from cementflow.files import replacing

VTK_LINE, VTK_TETRA = 3, 10
ROWS = 32_768  # of an array in a block: what is in memory twice while it is converted and compressed
STORED, FAST = 0, 1  # levels of zlib; higher ones take 2 to 5 times as long for 2 % less
_TYPES = {
    "float32": "Float32",
    "float64": "Float64",
    "int32": "Int32",
    "uint8": "UInt8",
}
_HEAD = '<VTKFile type="UnstructuredGrid" version="1.0" byte_order="LittleEndian" header_type="UInt64"'


@dataclass(frozen=True)
class Block:
    """An array as the file holds it."""

    name: str
    type: str
    components: int
    data: tuple[bytes, ...]

    @property
    def size(self) -> int:
        """Bytes in the file."""
        return sum(len(part) for part in self.data)


@dataclass(frozen=True)
class EncodedMesh:
    """Points and tetrahedra as the file holds them."""

    vertices: int
    tets: int
    points: Block
    cells: tuple[Block, ...]


def encode(
    name: str, values: NDArray, level: int = FAST, convert: Callable[[NDArray], NDArray] = np.asarray
) -> Block:
    """An array of shape (n,) or (n, components), compressed block by block.

    Parameters
    ----------
    name
        What readers call it.
    values
        What the array is made from, n rows.
    level
        `FAST`, or `STORED` for values whose digits are noise: those cost time and hardly shrink.
    convert
        Makes rows of the array, of type float32, float64, int32 or uint8, from rows of `values`.
    """
    packed, last = [], convert(values[:0])
    kind, shape = last.dtype, last.shape[1:]
    for start in range(0, len(values), ROWS):
        last = convert(values[start : start + ROWS])
        packed.append(zlib.compress(np.ascontiguousarray(last, kind.newbyteorder("<")).tobytes(), level))
    row = kind.itemsize * int(np.prod(shape))
    shorter = len(values) % ROWS * row
    header = np.array([len(packed), ROWS * row, shorter, *map(len, packed)], "<u8").tobytes()
    return Block(name, _TYPES[kind.name], int(np.prod(shape)), (header, *packed))


def encode_mesh(points: NDArray, tets: NDArray, kind: int = VTK_TETRA) -> EncodedMesh:
    """Points [m] of shape (n, 3) and tetrahedra of shape (m, 4), or cells of another kind in their place."""
    count, width = tets.shape
    ends = np.arange(width, width * count + 1, width, dtype=np.int32)
    cells = (
        encode("connectivity", tets.reshape(-1), convert=lambda part: part.astype(np.int32)),
        encode("offsets", ends),
        encode("types", np.full(len(tets), kind, np.uint8)),
    )
    return EncodedMesh(len(points), len(tets), encode("Points", points), cells)


def write_vtu(path: Path, mesh: EncodedMesh, vertex: Sequence[Block], cell: Sequence[Block]) -> None:
    """Write mesh and fields; the file appears only when it is complete."""
    offset, lines = 0, []
    groups = (("Points", (mesh.points,)), ("Cells", mesh.cells), ("PointData", vertex), ("CellData", cell))
    for tag, blocks in groups:
        lines.append(f"<{tag}>")
        for block in blocks:
            # Stated for scalars, meshio would make columns of them.
            width = f' NumberOfComponents="{block.components}"' if block.components > 1 else ""
            name = f'type="{block.type}" Name={quoteattr(block.name)}{width}'
            lines.append(f'<DataArray {name} format="appended" offset="{offset}"/>')
            offset += block.size
        lines.append(f"</{tag}>")
    head = [
        '<?xml version="1.0"?>',
        f'{_HEAD} compressor="vtkZLibDataCompressor">',
        "<UnstructuredGrid>",
        f'<Piece NumberOfPoints="{mesh.vertices}" NumberOfCells="{mesh.tets}">',
        *lines,
        "</Piece>",
        "</UnstructuredGrid>",
        '<AppendedData encoding="raw">\n_',
    ]
    with replacing(path) as temporary, temporary.open("wb") as file:
        file.write("\n".join(head).encode())
        for _, blocks in groups:
            file.writelines(part for block in blocks for part in block.data)
        file.write(b"\n</AppendedData>\n</VTKFile>\n")
