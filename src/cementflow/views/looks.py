"""Surfaces with a look, as actors of VTK: a plotter takes longer to make one than the driver to draw it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cementflow.views.surface import Surface, polydata

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Light:
    """What a surface does with light: shares thrown back on all sides, by the angle, and as a highlight."""

    ambient: float
    diffuse: float
    specular: float
    power: float


MATTE = Light(0.35, 0.7, 0.15, 20.0)
PLAIN = Light(0.0, 1.0, 0.0, 1.0)


def add_surface(
    renderer: Any,
    surface: Surface,
    colour: str = "",
    opacity: float = 1.0,
    light: Light | None = MATTE,
    closed: bool = False,
) -> Any:
    """Add a surface to a renderer.

    Parameters
    ----------
    colour
        Of all of it; `colour_by_values` and `colour_by_points` give it several.
    light
        None to show its colour as it is.
    closed
        Whether it is closed and turned outward, so that its far side need not be drawn.

    Returns
    -------
    vtkActor
        Which takes part in what the renderer draws.
    """
    from vtkmodules.vtkRenderingCore import vtkActor, vtkPolyDataMapper

    mapper = vtkPolyDataMapper()
    mapper.SetInputData(polydata(surface))
    mapper.ScalarVisibilityOff()
    actor = vtkActor()
    actor.SetMapper(mapper)
    look = actor.GetProperty()
    if colour:
        look.SetColor(*rgb(colour))
    look.SetOpacity(opacity)
    look.SetBackfaceCulling(closed)
    if light is None:
        look.LightingOff()
        look.SetInterpolationToFlat()
    else:
        look.SetInterpolationToPhong()
        look.SetAmbient(light.ambient)
        look.SetDiffuse(light.diffuse)
        look.SetSpecular(light.specular)
        look.SetSpecularPower(light.power)
    renderer.AddActor(actor)
    return actor


def colour_by_values(actor: Any, values: Floats, limits: tuple[float, float], colours: str) -> None:
    """Colour a surface by values at its points, on a matplotlib colour map between limits."""
    from matplotlib import colormaps
    from vtkmodules.util.numpy_support import numpy_to_vtk
    from vtkmodules.vtkCommonCore import vtkLookupTable

    table = vtkLookupTable()
    table.SetTable(
        numpy_to_vtk((colormaps[colours](np.linspace(0, 1, 256)) * 255).astype(np.uint8), deep=True)
    )
    mapper = _by_points(actor, values)
    mapper.InterpolateScalarsBeforeMappingOn()
    mapper.SetLookupTable(table)
    mapper.SetScalarRange(*limits)


def colour_by_points(actor: Any, colours: NDArray[np.uint8]) -> None:
    """Colour a surface, and make it see-through, by RGBA at its points, shape (points, 4)."""
    _by_points(actor, colours).SetColorModeToDirectScalars()


def _by_points(actor: Any, values: NDArray) -> Any:
    from vtkmodules.util.numpy_support import numpy_to_vtk

    mapper = actor.GetMapper()
    mapper.GetInput().GetPointData().SetScalars(numpy_to_vtk(values))
    mapper.ScalarVisibilityOn()
    mapper.SetScalarModeToUsePointData()
    return mapper


def rgb(colour: str) -> Floats:
    """Shares of red, green and blue of a colour as `palette` has them."""
    from matplotlib.colors import to_rgb

    return np.array(to_rgb(colour))
