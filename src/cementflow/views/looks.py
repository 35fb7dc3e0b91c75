"""Surfaces with a look, as actors of VTK: pyvista's plotter takes longer to make one than the driver to draw it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


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
    mesh: Any,
    colour: str = "",
    opacity: float = 1.0,
    smooth: bool = False,
    light: Light | None = MATTE,
) -> Any:
    """Add a mesh to a renderer.

    Parameters
    ----------
    colour
        Of all of it; `colour_by_values` and `colour_by_points` give it several.
    smooth
        Whether to shade by the normals of its points, which it then must have, and not triangle by triangle.
    light
        None to show its colour as it is.

    Returns
    -------
    vtkActor
        Which takes part in what the renderer draws.
    """
    from vtkmodules.vtkRenderingCore import vtkActor, vtkPolyDataMapper

    mapper = vtkPolyDataMapper()
    mapper.SetInputData(mesh)
    mapper.ScalarVisibilityOff()
    actor = vtkActor()
    actor.SetMapper(mapper)
    look = actor.GetProperty()
    if colour:
        look.SetColor(*rgb(colour))
    look.SetOpacity(opacity)
    if smooth:
        look.SetInterpolationToPhong()
    else:
        look.SetInterpolationToFlat()
    if light is None:
        look.LightingOff()
    else:
        look.SetAmbient(light.ambient)
        look.SetDiffuse(light.diffuse)
        look.SetSpecular(light.specular)
        look.SetSpecularPower(light.power)
    renderer.AddActor(actor)
    return actor


def colour_by_values(actor: Any, name: str, limits: tuple[float, float], colours: str) -> None:
    """Colour a surface by a field at its points, on a matplotlib colour map between limits."""
    from matplotlib import colormaps
    from vtkmodules.util.numpy_support import numpy_to_vtk
    from vtkmodules.vtkCommonCore import vtkLookupTable

    table = vtkLookupTable()
    table.SetTable(
        numpy_to_vtk((colormaps[colours](np.linspace(0, 1, 256)) * 255).astype(np.uint8), deep=True)
    )
    mapper = _by_points(actor, name)
    mapper.InterpolateScalarsBeforeMappingOn()
    mapper.SetLookupTable(table)
    mapper.SetScalarRange(*limits)


def colour_by_points(actor: Any, name: str) -> None:
    """Colour a surface, and make it see-through, as a field of RGBA bytes at its points says."""
    _by_points(actor, name).SetColorModeToDirectScalars()


def _by_points(actor: Any, name: str) -> Any:
    mapper = actor.GetMapper()
    mapper.ScalarVisibilityOn()
    mapper.SetScalarModeToUsePointFieldData()
    mapper.SelectColorArray(name)
    return mapper


def rgb(colour: str) -> NDArray[np.float64]:
    """Shares of red, green and blue of a colour as `palette` has them."""
    from matplotlib.colors import to_rgb

    return np.array(to_rgb(colour))
