"""Reads fields back out of a file of `vtu.py`, past the mesh: most of such a file, and the same in all of a run."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
import zlib
from collections.abc import Container
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from cementflow.errors import InputError
from cementflow.results.vtu import APPENDED, TYPES

_HEAD = 1 << 16  # bytes, many times what the XML takes
_DTYPES = {told: name for name, told in TYPES.items()}


def read_fields(path: Path, wanted: Container[str]) -> tuple[dict[str, NDArray], dict[str, NDArray]]:
    """Fields of one component at the vertices and in the cells: those of the wanted that the file holds.

    Raises
    ------
    InputError
        If the file cannot be read, or was written by another program.
    """
    try:
        with path.open("rb") as file:
            head, mark, _ = file.read(_HEAD).partition(APPENDED)
            if not mark:
                raise InputError("was not written by cementflow", str(path))
            root = ElementTree.fromstring(head + b"</VTKFile>")
            start = len(head) + len(mark)
            vertex, cell = (
                {
                    array.attrib["Name"]: _array(file, start, array)
                    for array in root.iterfind(f".//{tag}/DataArray")
                    if array.attrib["Name"] in wanted
                }
                for tag in ("PointData", "CellData")
            )
    except (OSError, ElementTree.ParseError, zlib.error) as error:
        raise InputError(f"cannot be read: {error}", str(path)) from error
    return vertex, cell


def _array(file: BinaryIO, start: int, array: ElementTree.Element) -> NDArray:
    file.seek(start + int(array.attrib["offset"]))
    count, *_ = _integers(file, 3)
    blocks = [zlib.decompress(file.read(size)) for size in _integers(file, count)]
    return np.frombuffer(b"".join(blocks), np.dtype(_DTYPES[array.attrib["type"]]).newbyteorder("<"))


def _integers(file: BinaryIO, count: int) -> list[int]:
    numbers: list[int] = np.frombuffer(file.read(8 * count), "<u8").tolist()
    return numbers
