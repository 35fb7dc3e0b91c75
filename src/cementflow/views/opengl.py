"""The window to draw in, refused where there is no OpenGL: VTK would end the whole process."""

from __future__ import annotations

import ctypes
import sys
from typing import Any

from cementflow.errors import InputError

_PACKAGES = "on Debian and Ubuntu: apt-get install libx11-6 libgl1 libegl1 libgl1-mesa-dri"


def render_window() -> Any:
    """The window that VTK takes here, closed as yet.

    Raises
    ------
    InputError
        If it could not be opened, with what to install.
    """
    on_linux = sys.platform.startswith("linux")
    if on_linux and not _loads("libX11.so.6"):
        raise InputError(f"there is no X11 library, which VTK needs even without a display; {_PACKAGES}")
    from vtkmodules import vtkRenderingOpenGL2  # noqa: F401  (its windows stand in for the general one)
    from vtkmodules.vtkRenderingCore import vtkRenderWindow

    # Made only once: VTK tries displays and drivers for it, which takes 20 ms. The last resort it takes untried.
    window = vtkRenderWindow()
    is_last_resort = on_linux and window.GetClassName() == "vtkOSOpenGLRenderWindow"
    if is_last_resort and not any(map(_loads, ("libOSMesa.so.8", "libOSMesa.so.6"))):
        raise InputError(f"there is no OpenGL to draw with; {_PACKAGES}")
    return window


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True
