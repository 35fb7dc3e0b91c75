"""Keep VTK from writing to the terminal, without leaving it mute for the rest of the program."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet_vtk() -> Iterator[None]:
    """Silence VTK's warnings (for one, the missing display) within the block."""
    from vtkmodules.vtkCommonCore import vtkLogger, vtkObject

    verbosity = vtkLogger.GetCurrentVerbosityCutoff()
    warnings = vtkObject.GetGlobalWarningDisplay()
    vtkLogger.SetStderrVerbosity(vtkLogger.VERBOSITY_OFF)
    vtkObject.SetGlobalWarningDisplay(0)
    try:
        yield
    finally:
        vtkLogger.SetStderrVerbosity(verbosity)
        vtkObject.SetGlobalWarningDisplay(warnings)
