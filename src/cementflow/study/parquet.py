"""The table of a study as Parquet: typed columns with their units, provenance beside them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cementflow.errors import InputError
from cementflow.files import replacing
from cementflow.study.points import Cell
from cementflow.study.table import Table

if TYPE_CHECKING:
    import pyarrow

# Endings of the names in `summary.json`, the longest first.
_ENDINGS = {
    "ml_min": "mL/min",
    "kPa": "kPa",
    "degC": "degC",
    "mm3": "mm3",
    "ml": "mL",
    "mm": "mm",
    "mb": "MB",
    "s": "s",
    "K": "K",
    "J": "J",
}


def unit_of(name: str) -> str:
    """Unit of a column by its name: that in brackets of a factor, that of the ending of a result, or ""."""
    if stated := re.search(r" \[(.+)\]$", name):
        return stated[1]
    for part in reversed(name.split(".")):
        for ending, unit in _ENDINGS.items():
            if part.endswith(f"_{ending}"):
                return unit
    return ""


def write_parquet(path: Path, table: Table, provenance: Mapping[str, Any]) -> None:
    """Write a table; `cementflow` in the metadata of the schema is the provenance as JSON, `unit` in that of a column.

    Raises
    ------
    InputError
        If pyarrow is not installed.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise InputError('table.parquet needs pyarrow: pip install "cementflow[study]"') from error
    cells = list(zip(*table.rows, strict=True)) or [() for _ in table.names]
    arrays = [
        _array(pa, name in table.results, list(column))
        for name, column in zip(table.names, cells, strict=True)
    ]
    fields = [
        pa.field(name, array.type, metadata={"unit": unit} if (unit := unit_of(name)) else None)
        for name, array in zip(table.names, arrays, strict=True)
    ]
    schema = pa.schema(fields, metadata={"cementflow": json.dumps(provenance, sort_keys=True)})
    with replacing(path) as temporary:
        pq.write_table(pa.Table.from_arrays(arrays, schema=schema), temporary)


def _array(pa: Any, is_result: bool, cells: list[Cell]) -> pyarrow.Array:
    """A column of one type; one of numbers and texts as texts, an empty one of results as numbers."""
    there = [c for c in cells if c is not None]
    if there and all(isinstance(c, bool) for c in there):
        return pa.array(cells, pa.bool_())
    if any(isinstance(c, str) for c in there) or (not there and not is_result):
        return pa.array([c if c is None or isinstance(c, str) else repr(c) for c in cells], pa.string())
    if there and all(isinstance(c, int) and not isinstance(c, bool) for c in there):
        return pa.array(cells, pa.int64())
    return pa.array([None if c is None else float(c) for c in cells], pa.float64())
