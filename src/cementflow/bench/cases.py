"""The cases of the benchmark: presets at edge lengths."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

BOXES = {"A1": "box-newtonian", "A2": "box-power", "A3": "box-ageing"}
# Vertices of the embedded L3 at an edge length h [mm]: inside / h^3 + surface / h^2, from 20k and 92k counted ones.
L3_INSIDE, L3_SURFACE = 44_281.0, 7_504.0
COARSEST = 5.0  # mm


@dataclass(frozen=True)
class BenchCase:
    """One case to run.

    Parameters
    ----------
    name
        "A1", "A2", "A3", "L3" or "L3H"; another for what has no closed form.
    preset
        The case that comes with cementflow.
    edge
        Edge length [mm].
    settings
        What else is changed.
    """

    name: str
    preset: str
    edge: float
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def changes(self) -> dict[str, Any]:
        """Changes to the preset."""
        return {"geometry.edge_length": f"{self.edge} mm", **self.settings}

    @property
    def smallest(self) -> BenchCase:
        """The same on next to no vertices: what is left is program, libraries and kernels."""
        return BenchCase("smallest", self.preset, COARSEST, self.settings)

    @property
    def has_answer(self) -> bool:
        """Whether there is a closed form."""
        return self.name in BOXES


def box(name: str, edge: float) -> BenchCase:
    """A box of benchmark A; without pictures, which have nothing to do with the flow."""
    return BenchCase(name, BOXES[name], edge, {"output.figures": False})


def l3(vertices: int, heated: bool = False) -> BenchCase:
    """The embedded L3 with about so many vertices, all settings as users get them; or the same, "L3H", with heat."""
    edge = 1.0
    for _ in range(30):
        edge = ((L3_INSIDE + L3_SURFACE * edge) / vertices) ** (1.0 / 3.0)
    settings = {"physics.heat": True} if heated else {}
    return BenchCase("L3H" if heated else "L3", "l3-osteoporotic", round(edge, 3), settings)
