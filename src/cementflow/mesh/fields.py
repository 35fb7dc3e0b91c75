"""Numbers that a mesh file has at its vertices or in its cells, besides the regions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from cementflow.errors import MeshError
from cementflow.mesh.tetmesh import Floats


@dataclass(frozen=True, eq=False)
class MeshFields:
    """Scalar fields of a mesh file, in the units of the file.

    Parameters
    ----------
    point, cell
        Values by name at the vertices, shape (n,), and in the tetrahedra, shape (m,).
    """

    point: Mapping[str, Floats] = field(default_factory=dict)
    cell: Mapping[str, Floats] = field(default_factory=dict)

    def find(self, name: str, key: str) -> tuple[str, Floats]:
        """Where a field is, "point" or "cell", and its values.

        Parameters
        ----------
        name
            Of the field; a point field counts before a cell field of the same name.
        key
            Entry of the case that asks for it, for the message.

        Raises
        ------
        MeshError
            If there is no such field; the message names those that there are.
        """
        for place, there in (("point", self.point), ("cell", self.cell)):
            if name in there:
                return place, there[name]
        known = [f"{n} (at points)" for n in self.point] + [f"{n} (in cells)" for n in self.cell]
        has = f"the mesh file has {', '.join(known)}" if known else "the geometry has no fields"
        raise MeshError(f'{key}: there is no field "{name}"; {has}')


NO_FIELDS = MeshFields()


def scalar_fields(data: Mapping[str, NDArray], count: int) -> dict[str, Floats]:
    """Those of some arrays that have one real number for each of `count` places."""
    found = {}
    for name, values in data.items():
        array = np.asarray(values)
        if array.size == count and np.issubdtype(array.dtype, np.number) and not np.iscomplexobj(array):
            found[name] = array.reshape(count).astype(np.float64)
    return found
