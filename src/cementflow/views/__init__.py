"""Pictures and the report of a run folder; drawing libraries are imported when the first picture is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cementflow.views.mesh import Mesh
    from cementflow.views.studio import Studio

__all__ = [
    "make_figures",
    "plot_curves",
    "render_ablation",
    "render_bone",
    "render_heat",
    "render_scene",
    "render_slices",
    "show",
    "write_report",
]

# Standard pictures. The scene is last, as it needs OpenGL, which not every machine has.
PICTURES = ("curves", "slices", "heat", "ablation", "scene")
_HOMES = {
    "plot_curves": "curves",
    "render_ablation": "ablation",
    "render_bone": "bone",
    "render_heat": "heat_slices",
    "render_scene": "scene",
    "render_slices": "slices",
    "show": "scene",
    "write_report": "report",
}


def make_figures(
    run: Path, names: Sequence[str] = PICTURES, studio: Studio | None = None, mesh: Mesh | None = None
) -> list[Path]:
    """Draw standard pictures of a run into its `figures` folder.

    Parameters
    ----------
    run
        Run folder, finished or interrupted.
    names
        Which of `PICTURES` to draw.
    studio
        Open window to draw the scene in.
    mesh
        Of the run, where it was read before.

    Returns
    -------
    list of Path
        The files written: scene and slices where the folder holds fields, curves where steps were accepted, heat where
        it was computed, the ablation where there was one.

    Raises
    ------
    InputError
        If the folder cannot be read.
    """
    from cementflow.views.ablation import render_ablation
    from cementflow.views.curves import plot_curves
    from cementflow.views.heat_slices import render_heat
    from cementflow.views.scene import render_scene
    from cementflow.views.sheet import open_run
    from cementflow.views.slices import render_slices
    from cementflow.views.snapshots import snapshot_files

    run = Path(run)
    figures = run / "figures"
    history = open_run(run).history
    stored = bool(snapshot_files(run))
    written = []
    if "curves" in names and len(history):
        written.append(plot_curves(run, figures / "curves.png"))
    if "slices" in names and stored:
        written.append(render_slices(run, figures / "slices.png", mesh=mesh))
    if "heat" in names and stored and history.heated:
        written.append(render_heat(run, figures / "heat.png", mesh=mesh))
    if "ablation" in names and (run / "ablation.vtu").is_file():
        written.append(render_ablation(run, figures / "ablation.png"))
    if "scene" in names and stored:
        written.append(render_scene(run, figures / "scene.png", studio=studio, mesh=mesh))
    return written


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
