"""Inside the drawing process: gets everything ready, waits for the folder of a finished run, draws.

Where a process can be copied, a copy draws the scene: loading libraries takes longer than drawing, and the copy comes
with them loaded.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from cementflow.errors import CementflowError
from cementflow.results.memory import peak_memory_mb
from cementflow.views import PICTURES, make_figures
from cementflow.views.process_copy import CAN_COPY, ProcessCopy

if TYPE_CHECKING:
    from cementflow.views.studio import Studio

# What keeps a machine from drawing; anything else is a fault of ours and ends the process.
TROUBLE = (CementflowError, RuntimeError, OSError, ImportError)

SCENE = ("scene",)
FLAT = tuple(name for name in PICTURES if name not in SCENE)
_LIBRARIES = (
    "pyvista",
    *(f"cementflow.views.{name}" for name in ("ablation", "curves", "heat_slices", "scene")),
)


def paint() -> None:
    """Draw the run whose folder is on the first line of standard input; end quietly if there is none.

    What came of it is written to standard output as a line of JSON: "problems" and "memory_mb".
    """
    # So that a picture that is being written takes its temporary file along.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    # The process ends before its memory is worth looking after, which takes a tenth of the time.
    gc.disable()
    with suppress(*TROUBLE):
        for library in _LIBRARIES:
            import_module(library)
    if not CAN_COPY:
        serve(PICTURES, sys.stdin, sys.stdout)
        os._exit(0)  # taking the drawing libraries down in order takes as long as a picture
    copy = ProcessCopy(lambda listen, speak: serve(SCENE, listen, speak))
    try:
        serve(FLAT, sys.stdin, sys.stdout, copy)
        os._exit(0)
    finally:
        copy.wait()  # it has the same signal, and a file to take along


def serve(names: Sequence[str], listen: TextIO, speak: TextIO, copy: ProcessCopy | None = None) -> None:
    """Get ready for pictures, wait for the run, draw.

    Parameters
    ----------
    names
        Of `cementflow.views.PICTURES`.
    listen, speak
        What has the folder of the run, and what takes the answer.
    copy
        A process that draws the others, whose answer is put to this one.
    """
    studio = None
    # What is in the way of a made-up picture is in the way of the real ones too, and is told with them.
    with suppress(*TROUBLE):
        studio = practise(names)
    line = listen.readline()
    if not line:
        return
    if copy is not None:
        copy.tell(line.strip())
    answer = _draw(Path(json.loads(line)), names, studio)
    if copy is not None:
        other = _answer_of(copy)
        answer = {key: answer[key] + other[key] for key in answer}
    speak.write(json.dumps(answer) + "\n")
    speak.flush()


def _draw(run: Path, names: Sequence[str], studio: Studio | None) -> dict[str, Any]:
    problems = []
    try:
        make_figures(run, names, studio)
    except TROUBLE as error:
        problems.append(str(error))
    return {"problems": problems, "memory_mb": peak_memory_mb()}


def _answer_of(copy: ProcessCopy) -> dict[str, Any]:
    said = copy.answer()
    if said:
        answer: dict[str, Any] = json.loads(said)
        return answer
    return {"problems": [f"the drawing process ended with status {copy.wait()}"], "memory_mb": 0.0}


def practise(names: Sequence[str]) -> Studio | None:
    """Draw a page of a made-up run; return the window that it was drawn in, if it was."""
    from cementflow.views.page import SIZE, panel_size, pixels
    from cementflow.views.sample import sample_sheet, sample_snapshot
    from cementflow.views.scene import scene_page
    from cementflow.views.slices import slices_page
    from cementflow.views.studio import Studio

    sheet = sample_sheet()
    shot = sample_snapshot(sheet)
    if "scene" not in names:
        pixels(slices_page(sheet, shot, SIZE))
        return None
    studio = Studio(panel_size(SIZE))
    pixels(scene_page(sheet, shot, SIZE, studio))
    return studio
