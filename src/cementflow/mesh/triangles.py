"""Triangles out of OBJ, PLY, STL and VTP files.

The first three are read here: on damaged files VTK's readers crash the process and meshio's can loop for
ever. Functions return points (n, 3) and triangles (m, 3); polygons become fans. What they raise on bad bytes
is for the caller to translate.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Arrays = tuple[NDArray, NDArray]

_PLY_TYPES = {
    "char": "i1",
    "uchar": "u1",
    "short": "i2",
    "ushort": "u2",
    "int": "i4",
    "uint": "u4",
    "int8": "i1",
    "uint8": "u1",
    "int16": "i2",
    "uint16": "u2",
    "int32": "i4",
    "uint32": "u4",
    "float": "f4",
    "double": "f8",
    "float32": "f4",
    "float64": "f8",
}


def read_triangles(path: Path) -> Arrays:
    """Points and triangles of a file, by the ending of its name."""
    suffix = path.suffix.lower()
    if suffix == ".vtp":
        return _vtp(path)
    parse: dict[str, Callable[[bytes], Arrays]] = {".obj": _obj, ".ply": _ply, ".stl": _stl}
    return parse[suffix](path.read_bytes())


def _fans(polygons: Sequence[Sequence[int]]) -> NDArray[np.int64]:
    """Triangles around the first vertex of each polygon."""
    found = [(p[0], p[k], p[k + 1]) for p in polygons for k in range(1, len(p) - 1)]
    return np.array(found, np.int64).reshape(-1, 3)


def _obj(data: bytes) -> Arrays:
    points: list[list[float]] = []
    polygons: list[list[int]] = []
    for line in data.decode().splitlines():
        key, *words = line.split() or [""]
        if key == "v":
            points.append([float(word) for word in words[:3]])
        elif key == "f":
            numbers = [int(word.split("/")[0]) for word in words]
            if 0 in numbers:
                raise ValueError("vertices of OBJ files are numbered from 1")
            # Negative numbers count back from the latest vertex.
            polygons.append([n - 1 if n > 0 else len(points) + n for n in numbers])
    return np.array(points, float).reshape(-1, 3), _fans(polygons)


def _stl(data: bytes) -> Arrays:
    count = int.from_bytes(data[80:84], "little")
    if len(data) == 84 + 50 * count and count:
        record = np.dtype([("normal", "<f4", 3), ("corner", "<f4", (3, 3)), ("attribute", "<u2")])
        corner = np.frombuffer(data, record, count, 84)["corner"].reshape(-1, 3).astype(float)
    else:
        lines = (line.split() for line in data.decode().splitlines())
        corner = np.array([words[1:4] for words in lines if words[:1] == ["vertex"]], float).reshape(-1, 3)
    if len(corner) % 3:
        raise ValueError("the number of corners is no multiple of three")
    return corner, np.arange(len(corner)).reshape(-1, 3)


def _ply(data: bytes) -> Arrays:
    head, mark, body = data.partition(b"end_header")
    lines = [line.split() for line in head.decode().splitlines()]
    if not mark or not lines or lines[0] != ["ply"]:
        raise ValueError("this is no PLY file")
    form = next(words[1] for words in lines if words and words[0] == "format")
    elements: list[tuple[str, int, list[list[str]]]] = []
    for words in lines:
        if words[:1] == ["element"]:
            elements.append((words[1], int(words[2]), []))
        elif words[:1] == ["property"]:
            elements[-1][2].append(words[1:])
    body = body[body.index(b"\n") + 1 :]
    if form == "ascii":
        return _ply_ascii(elements, body)
    return _ply_binary(elements, body, {"binary_little_endian": "<", "binary_big_endian": ">"}[form])


def _ply_ascii(elements: list[tuple[str, int, list[list[str]]]], body: bytes) -> Arrays:
    rows = [line.split() for line in body.decode().splitlines() if line.strip()]
    points, polygons = np.empty((0, 3)), []
    for name, count, properties in elements:
        part, rows = rows[:count], rows[count:]
        if len(part) < count:
            raise ValueError(f"only {len(part)} of {count} rows of '{name}'")
        if name == "vertex":
            columns = [[p[-1] for p in properties].index(axis) for axis in "xyz"]
            points = np.array([[row[c] for c in columns] for row in part], float).reshape(-1, 3)
        elif name == "face":
            polygons = [[int(word) for word in row[1 : 1 + int(row[0])]] for row in part]
    return points, _fans(polygons)


def _ply_binary(elements: list[tuple[str, int, list[list[str]]]], body: bytes, order: str) -> Arrays:
    points, triangles, start = np.empty((0, 3)), np.empty((0, 3), np.int64), 0
    for name, count, properties in elements:
        if any(p[0] == "list" for p in properties):
            found, start = _ply_lists(count, properties, body, start, order)
            if name == "face":
                triangles = found
            continue
        row = np.dtype([(p[1], order + _PLY_TYPES[p[0]]) for p in properties])
        table = np.frombuffer(body, row, count, start)
        start += table.nbytes
        if name == "vertex":
            points = np.stack([table[axis].astype(float) for axis in "xyz"], axis=1)
    return points, triangles


def _ply_lists(
    count: int, properties: list[list[str]], body: bytes, start: int, order: str
) -> tuple[NDArray[np.int64], int]:
    """Triangles of an element with lists, and where the next one starts; triangles alone is the fast case."""
    if len(properties) == 1:
        row = np.dtype(
            [("n", order + _PLY_TYPES[properties[0][1]]), ("v", order + _PLY_TYPES[properties[0][2]], 3)]
        )
        if start + count * row.itemsize <= len(body):
            table = np.frombuffer(body, row, count, start)
            if (table["n"] == 3).all():
                return table["v"].astype(np.int64), start + table.nbytes
    polygons = []
    for _ in range(count):
        for kind, *types in properties:
            if kind != "list":
                start += np.dtype(_PLY_TYPES[kind]).itemsize
                continue
            size, item = (np.dtype(order + _PLY_TYPES[t]) for t in types[:2])
            n = int(np.frombuffer(body, size, 1, start)[0])
            values = np.frombuffer(body, item, n, start + size.itemsize)
            start += size.itemsize + values.nbytes
            if types[2] in ("vertex_indices", "vertex_index"):
                polygons.append(values.astype(np.int64).tolist())
    return _fans(polygons), start


def _vtp(path: Path) -> Arrays:
    import pyvista

    with _vtk_silent():
        data = pyvista.read(str(path)).triangulate()
    return np.array(data.points), np.asarray(data.faces).reshape(-1, 4)[:, 1:].copy()


@contextlib.contextmanager
def _vtk_silent() -> Iterator[None]:
    """Keep VTK from writing warnings to the terminal."""
    from vtkmodules.vtkCommonCore import vtkLogger, vtkObject

    before = vtkObject.GetGlobalWarningDisplay()
    level = vtkLogger.GetCurrentVerbosityCutoff()
    vtkObject.GlobalWarningDisplayOff()
    vtkLogger.SetStderrVerbosity(vtkLogger.VERBOSITY_OFF)
    try:
        yield
    finally:
        vtkObject.SetGlobalWarningDisplay(before)
        vtkLogger.SetStderrVerbosity(level)
