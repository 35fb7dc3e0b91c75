"""What a tree of veins comes to: volumes and lengths by vein, and files of the tree with its cement."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cementflow.flow.course import Step
from cementflow.flow.state import State
from cementflow.model import Model
from cementflow.results.folder import RunFolder
from cementflow.results.numbers import ML
from cementflow.results.vtu import VTK_LINE, EncodedMesh, encode, encode_mesh, write_vtu
from cementflow.sites.veins import OUTSIDE


def vein_summary(model: Model, state: State, first_leak: NDArray[np.float64]) -> dict[str, Any]:
    """What each vein took from the bone less what it gave back, holds, and let pass its end; empty without veins.

    A vein that gives back what others took has less than nothing; all together never have.
    """
    tree, found = model.problem.veins, {}
    if tree is None:
        return {}
    first = len(model.problem.outlets) - len(tree.names)
    share = np.minimum(state.veins.cement / tree.capacity, 1.0)
    for number, name in enumerate(tree.names):
        cells, time = tree.along(number), float(first_leak[first + number])
        found[name] = {
            "type": tree.types[number],
            "leaked_ml": ML * float(state.leaked[first + number]),
            "held_ml": ML * float(state.veins.cement[cells].sum()),
            "reach_mm": 1e3 * float((share * tree.length)[cells].sum()),
            "length_mm": 1e3 * float(tree.length[cells].sum()),
            "beyond_ml": ML * float(state.veins.beyond[cells].sum()),
            "first_leak_s": None if np.isnan(time) else time,
        }
    return found


class VeinFiles:
    """Writes the tree of a run as lines, one a cell.

    Parameters
    ----------
    folder, model
        Of the run.
    """

    def __init__(self, folder: RunFolder, model: Model) -> None:
        self._folder, self._tree = folder, model.problem.veins

    @property
    def wanted(self) -> bool:
        """Whether there are veins."""
        return self._tree is not None

    def write(self, step: Step, name: str) -> None:
        """Write the veins at a step as `veins/<name>.vtu`."""
        tree, state = self._tree, step.state.veins
        assert tree is not None
        node = step.flow.vein_pressure
        end = np.where(tree.end == OUTSIDE, tree.outside_at(step.state.time), node[tree.end])
        pressure = np.stack([node[tree.start], end], axis=1).ravel()
        cell = (
            encode("cement share [-]", np.clip(state.cement / tree.capacity, 0.0, 1.0)),
            encode("flow [m3/s]", step.flow.fluxes.vein.cell),
            encode("equivalent age [s]", state.age),
            encode("diameter [m]", 2.0 * tree.radius),
            encode("vein", tree.vein),
        )
        write_vtu(self._folder.veins(name), self._mesh, (encode("pressure [Pa]", pressure),), cell)

    @cached_property
    def _mesh(self) -> EncodedMesh:
        assert self._tree is not None
        points = self._tree.points.reshape(-1, 3)
        return encode_mesh(points, np.arange(len(points)).reshape(-1, 2), VTK_LINE)
