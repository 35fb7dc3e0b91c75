"""A run folder, opened: its summary, history, fields and pictures."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from cementflow.case import Case, load
from cementflow.errors import InputError


@dataclass(frozen=True)
class Result:
    """A run folder.

    Parameters
    ----------
    path
        The folder.
    """

    path: Path

    @cached_property
    def summary(self) -> dict[str, Any]:
        """Contents of `summary.json`: volumes in mL, pressures in kPa, times in s."""
        summary: dict[str, Any] = json.loads((self.path / "summary.json").read_text(encoding="utf-8"))
        return summary

    @cached_property
    def history(self) -> dict[str, NDArray[Any]]:
        """Columns of `history.csv` by name, one value an accepted step: numbers, and `limited_by` in words."""
        from cementflow.views.history import read_history

        history = read_history(self.path / "history.csv")
        return {**history.columns, **history.words}

    def fields(self, time: float | None = None) -> Any:
        """Fields as a PyVista grid, at the stored time nearest to `time` [s]; the last one by default.

        Raises
        ------
        InputError
            If the run stored none.
        """
        import pyvista

        from cementflow.views.snapshots import snapshot_files

        snapshots = snapshot_files(self.path)
        if not snapshots:
            raise InputError("this run stored no fields", str(self.path))
        nearest = snapshots[-1] if time is None else min(snapshots, key=lambda s: abs(s[0] - time))
        return pyvista.read(nearest[1])

    def plot(self, kind: str = "scene", out: str | Path | None = None, time: float | None = None) -> Path:
        """Draw a picture and return where it is.

        Parameters
        ----------
        kind
            "scene" (bone and cement in 3-D), "slices", "bone" (porosity on the same planes), "curves", of a heated
            run "heat", of an ablation "ablation".
        out
            File to write, by default in the run's `figures`.
        time
            Time of the fields [s], by default the last.

        Raises
        ------
        InputError
            For another kind, or a run without what it shows.
        """
        from cementflow.views import (
            plot_curves,
            render_ablation,
            render_bone,
            render_heat,
            render_scene,
            render_slices,
        )

        target = Path(out) if out is not None else self.path / "figures" / f"{kind}.png"
        if kind == "scene":
            return render_scene(self.path, target, time)
        if kind == "slices":
            return render_slices(self.path, target, time)
        if kind == "bone":
            return render_bone(self.path, target, time)
        if kind == "heat":
            return render_heat(self.path, target, time)
        if kind == "ablation":
            return render_ablation(self.path, target)
        if kind == "curves":
            return plot_curves(self.path, target)
        raise InputError(f"there is no picture '{kind}'; use scene, slices, bone, curves, heat or ablation")


def open_result(path: str | Path) -> Result:
    """Open a run folder.

    Raises
    ------
    InputError
        If it is not one.
    """
    path = Path(path)
    if not path.is_dir():
        raise InputError("there is no such run folder", str(path))
    if (path / "series.toml").is_file():
        runs = sorted(p.parent.name for p in path.glob("*/summary.json"))
        raise InputError(
            "this is the folder of a series; name a run in it"
            + (f", such as {path / runs[0]}" if runs else ""),
            str(path),
        )
    if not (path / "summary.json").is_file():
        raise InputError(
            f"the run has not ended; if it was killed, go on with: cementflow run --resume --out {path}"
            if (path / "case.toml").is_file()
            else "this is not a run folder: it has no summary.json",
            str(path),
        )
    return Result(path)


def resumed_case(path: str | Path) -> Case:
    """The case of a run folder.

    Raises
    ------
    InputError
        If the folder has none.
    """
    return load(Path(path) / "case.toml")
