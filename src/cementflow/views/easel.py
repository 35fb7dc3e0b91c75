"""Inside the drawing process: gets everything ready, waits for the word that a run has finished, draws.

Where a process can be copied, copies draw their share of the pictures: loading libraries takes longer than drawing, and
a copy comes with them loaded.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from cementflow.errors import CementflowError
from cementflow.results.memory import peak_memory_mb
from cementflow.views import PICTURES, make_figures
from cementflow.views.painting import DRAW
from cementflow.views.process_copy import CAN_COPY, ProcessCopy

if TYPE_CHECKING:
    from cementflow.views.mesh import Mesh
    from cementflow.views.studio import Studio

# What keeps a machine from drawing; anything else is a fault of ours and ends the process.
TROUBLE = (CementflowError, RuntimeError, OSError, ImportError)

# Pictures by who draws them: a copy each, and the process itself the last ones. Alike in what they take, so that
# processors have work to the end.
SHARES = (("scene",), ("slices", "heat", "ablation"), ("curves",))
# What a copy takes to draw its first picture, beyond what it has from the process that it is a copy of [MB]. Memory
# that is new to a process is cleared page by page as it is touched, which is a tenth of a picture.
_ROOM = {"scene": 40, "slices": 16, "curves": 12}
# The scene takes longest and is not to be kept waiting by the others where there are fewer processors than pictures.
_NICER = 5
_PRACTICE = (160, 160)  # px
_BLOCK = 4 * 2**20  # bytes, of memory made ready
_OF_MESH = {"scene", "slices", "heat"}
# All that the first picture would else load, in each copy.
_LIBRARIES = (
    "matplotlib.figure",
    "matplotlib.tri",
    # These two are loaded with the first triangles.
    "matplotlib._qhull",
    "matplotlib._tri",
    "vtkmodules.util.numpy_support",
    "vtkmodules.vtkIOXML",
    *(
        f"cementflow.views.{name}"
        for name in ("ablation", "curves", "heat_slices", "letters", "picture", "ruler", "scene")
    ),
)


def paint() -> None:
    """Draw the run that lines of standard input tell of, as `painting` writes them; end quietly if there is none.

    What came of it is written to standard output as a line of JSON: "problems" and "memory_mb".
    """
    # So that a picture that is being written takes its temporary file along.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    # The process ends before its memory is worth looking after, which takes a tenth of the time.
    gc.disable()
    with suppress(*TROUBLE):
        load()
        practise_writing()
    if not CAN_COPY:
        serve(PICTURES, sys.stdin, sys.stdout)
        os._exit(0)  # taking the drawing libraries down in order takes as long as a picture
    *others, own = SHARES
    copies = [ProcessCopy(partial(serve, names)) for names in others]
    try:
        serve(own, sys.stdin, sys.stdout, copies)
        os._exit(0)
    finally:
        for copy in copies:
            copy.wait()  # it has the same signal, and a file to take along


def load() -> None:
    """Load the libraries that pictures are drawn with."""
    for library in _LIBRARIES:
        import_module(library)


def serve(names: Sequence[str], listen: TextIO, speak: TextIO, copies: Sequence[ProcessCopy] = ()) -> None:
    """Get ready for pictures, wait for the run, draw.

    Parameters
    ----------
    names
        Of `cementflow.views.PICTURES`.
    listen, speak
        What tells of the run, and what takes the answer.
    copies
        Processes that draw the others, whose answers are put to this one.
    """
    studio, mesh = None, None
    if "scene" in names:
        # What is in the way of a made-up picture is in the way of the real one too, and is told with it.
        with suppress(*TROUBLE):
            studio = practise()
    make_room(sum(_ROOM.get(name, 0) for name in names))
    for line in iter(listen.readline, ""):
        for copy in copies:
            copy.tell(line)
        word, run = json.loads(line)
        if word != DRAW:
            mesh = _expected(Path(run), names)
            continue
        if "scene" not in names and hasattr(os, "nice"):
            os.nice(_NICER)
        answer = _draw(Path(run), names, studio, mesh)
        for copy in copies:
            other = _answer_of(copy)
            answer = {key: answer[key] + other[key] for key in answer}
        speak.write(json.dumps(answer) + "\n")
        speak.flush()
        return


def _draw(run: Path, names: Sequence[str], studio: Studio | None, mesh: Mesh | None) -> dict[str, Any]:
    problems = []
    try:
        make_figures(run, names, studio, mesh)
    except TROUBLE as error:
        problems.append(str(error))
    return {"problems": problems, "memory_mb": peak_memory_mb()}


def _answer_of(copy: ProcessCopy) -> dict[str, Any]:
    said = copy.answer()
    if said:
        answer: dict[str, Any] = json.loads(said)
        return answer
    return {"problems": [f"the drawing process ended with status {copy.wait()}"], "memory_mb": 0.0}


def _expected(run: Path, names: Sequence[str]) -> Mesh | None:
    """The mesh of a run with its first fields, and the outside of it for the scene, where pictures need it."""
    from cementflow.views.snapshots import read_mesh

    if _OF_MESH.isdisjoint(names):
        return None
    try:
        mesh = read_mesh(run)
        if "scene" in names:
            _ = mesh.surface
    except TROUBLE:
        return None  # what it was comes up again when the run is drawn, and is told then
    return mesh


def make_room(megabytes: int) -> None:
    """Touch so much memory and give it back, to be taken again without delay: `painting` has the process keep it."""
    import numpy as np

    blocks = [np.ones(_BLOCK // 8) for _ in range(megabytes * 2**20 // _BLOCK)]
    del blocks


def practise_writing() -> None:
    """Draw a made-up page that nobody sees: fonts are looked for once for all copies, which takes each 10 ms."""
    from cementflow.views.curves import curves_page
    from cementflow.views.page import pixels
    from cementflow.views.sample import sample_sheet

    pixels(curves_page(sample_sheet()))


def practise() -> Studio:
    """Open the window and take a picture of a made-up run in it, for which the driver compiles what it draws with.

    The rest of a page takes no longer the first time, once its libraries are loaded. A small picture will do.
    """
    from cementflow.views.actors import cement_cloud
    from cementflow.views.sample import sample_sheet, sample_snapshot
    from cementflow.views.scene import scene_cameras
    from cementflow.views.studio import Studio

    sheet = sample_sheet()
    shot = sample_snapshot(sheet)
    studio = Studio()
    studio.photograph(sheet, shot, cement_cloud(shot), scene_cameras(sheet, shot, _PRACTICE)[:1])
    return studio
