"""Inside a drawing process: gets everything ready, waits for the folder of a finished run, draws."""

from __future__ import annotations

import io
import json
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from cementflow.errors import CementflowError
from cementflow.results.memory import peak_memory_mb
from cementflow.views import make_figures

if TYPE_CHECKING:
    from cementflow.views.studio import Studio

# What keeps a machine from drawing; anything else is a fault of ours and ends the process.
TROUBLE = (CementflowError, RuntimeError, OSError, ImportError)

# Getting ready must not slow the run down: two of these and a run share two cores.
_NICE = 5


def paint(names: Sequence[str]) -> None:
    """Draw pictures of the run whose folder is on the first line of standard input; end quietly if there is none.

    What came of it is written to standard output as JSON.

    Parameters
    ----------
    names
        Of `cementflow.views.PICTURES`.
    """
    # So that a picture that is being written takes its temporary file along.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    if hasattr(os, "nice"):
        os.nice(_NICE)
    studio = None
    # What is in the way of a made-up picture is in the way of the real ones too, and is told with them.
    with suppress(*TROUBLE):
        studio = practise(names)
    line = sys.stdin.readline()
    if not line:
        return
    problems = []
    try:
        make_figures(Path(json.loads(line)), names, studio)
    except TROUBLE as error:
        problems.append(str(error))
    print(json.dumps({"problems": problems, "memory_mb": peak_memory_mb()}), flush=True)
    os._exit(0)  # taking the drawing libraries down in order takes as long as a picture


def practise(names: Sequence[str]) -> Studio | None:
    """Draw a page of a made-up run, which loads all libraries; return the window that it was drawn in, if it was."""
    from cementflow.views.page import SIZE, panel_size
    from cementflow.views.sample import sample_sheet, sample_snapshot
    from cementflow.views.scene import scene_page
    from cementflow.views.slices import slices_page
    from cementflow.views.studio import Studio

    sheet = sample_sheet()
    shot = sample_snapshot(sheet)
    if "scene" not in names:
        slices_page(sheet, shot, SIZE).savefig(io.BytesIO())
        return None
    studio = Studio(panel_size(SIZE))
    scene_page(sheet, shot, SIZE, studio).savefig(io.BytesIO())
    return studio
