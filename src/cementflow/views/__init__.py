"""Pictures and the report of a run folder; drawing libraries are imported when the first picture is drawn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cementflow.views.mesh import Mesh
    from cementflow.views.snapshots import Snapshot
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
    from cementflow.views.ablation import read_ablation_page
    from cementflow.views.curves import curves_page
    from cementflow.views.heat_slices import heat_page
    from cementflow.views.page import save_page
    from cementflow.views.scene import scene_page
    from cementflow.views.sheet import open_run
    from cementflow.views.slices import slices_page
    from cementflow.views.snapshots import read_snapshot, snapshot_files

    run = Path(run)
    sheet, stored = open_run(run), bool(snapshot_files(run))

    @cache  # one reading of the fields for all pages
    def shot() -> Snapshot:
        return read_snapshot(sheet, None, mesh)

    pages: dict[str, tuple[bool, Callable[[], Any]]] = {
        "curves": (len(sheet.history) > 0, lambda: curves_page(sheet)),
        "slices": (stored, lambda: slices_page(sheet, shot())),
        "heat": (stored and sheet.history.heated, lambda: heat_page(sheet, shot())),
        "ablation": ((run / "ablation.vtu").is_file(), lambda: read_ablation_page(sheet)),
        "scene": (stored, lambda: scene_page(sheet, shot(), studio=studio)),
    }
    wanted = [(name, page) for name, (there, page) in pages.items() if there and name in names]
    return [save_page(page(), run / "figures" / f"{name}.png") for name, page in wanted]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
