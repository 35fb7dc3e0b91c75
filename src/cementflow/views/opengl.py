"""Whether there is OpenGL to draw with: VTK ends the whole process where there is none."""

from __future__ import annotations

import ctypes
import sys

from cementflow.errors import InputError

_PACKAGES = "on Debian and Ubuntu: apt-get install libx11-6 libgl1 libegl1 libgl1-mesa-dri"


def require_opengl() -> None:
    """Refuse to draw in 3-D where VTK could not.

    Raises
    ------
    InputError
        With what to install.
    """
    if not sys.platform.startswith("linux"):
        return
    if not _loads("libX11.so.6"):
        raise InputError(f"there is no X11 library, which VTK needs even without a display; {_PACKAGES}")
    if _window() == "vtkOSOpenGLRenderWindow" and not any(map(_loads, ("libOSMesa.so.8", "libOSMesa.so.6"))):
        raise InputError(f"there is no OpenGL to draw with; {_PACKAGES}")


def _window() -> str:
    """Class of window that VTK takes here; the last resort is OSMesa, which it takes unseen."""
    from vtkmodules import vtkRenderingOpenGL2  # noqa: F401  (its windows stand in for the general one)
    from vtkmodules.vtkRenderingCore import vtkRenderWindow

    name: str = vtkRenderWindow().GetClassName()
    return name


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True
