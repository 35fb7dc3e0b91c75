"""Where each needle enters, which way it goes, and whether it stays in the bone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cementflow.check.findings import Finding
from cementflow.check.geometry import FAR_FROM_SURFACE

if TYPE_CHECKING:
    from cementflow.case import CannulaSpec
    from cementflow.model import Model
    from cementflow.sites.needles import Needle

Floats = NDArray[np.float64]


def needle_findings(model: Model) -> Iterator[Finding]:
    """About every needle of which it is known where it enters."""
    for needle, spec in zip(model.needles, model.case.injection.needle, strict=False):
        depth = needle.depth(model.geometry.mesh)
        entry = needle.tip - depth * needle.direction
        key = f"injection.needle.{needle.name}"
        yield Finding("note", f"{key}: {_course(model, needle, entry, depth)}")
        yield from _shaft(model, needle, entry, key)
        yield from _length(spec, depth, key)


def _course(model: Model, needle: Needle, entry: Floats, depth: float) -> str:
    frame, names = model.geometry.frame, ("ap", "lr", "si")
    at = ", ".join(
        f"{n} {f + 0.0:.2f}" for n, f in zip(names, frame.fractions(entry)[0].round(2), strict=True)
    )
    way = ", ".join(f"{n} {f:+.2f}" for n, f in zip(names, frame.axes @ needle.direction, strict=True))
    return f"enters at {at}, goes {depth * 1e3:.1f} mm deep, its direction is {way}"


def _shaft(model: Model, needle: Needle, entry: Floats, key: str) -> Iterator[Finding]:
    """Parts of it that lie outside the bone, of more than an edge, which is what a surface is known to."""
    from cementflow.sites.needles import outside_by, outside_parts

    mesh, edge = model.geometry.mesh, model.geometry.report.quality.mean_edge_length
    if needle.entry is None:
        return
    if (away := outside_by(mesh, entry)) > FAR_FROM_SURFACE:
        yield Finding("warning", f"{key}: its entry lies {away * 1e3:.1f} mm outside the bone")
    depth = float(np.linalg.norm(needle.tip - entry))
    for begin, end in outside_parts(mesh, entry, needle.tip, edge):
        if begin > 0.0:  # before it is in the bone for the first time it may be where it likes
            yield Finding(
                "warning",
                f"{key}: leaves the bone {begin * 1e3:.1f} mm behind its entry and comes back after "
                f"{(end - begin) * 1e3:.1f} mm, {(depth - end) * 1e3:.1f} mm before its tip",
            )


def _length(spec: CannulaSpec, depth: float, key: str) -> Iterator[Finding]:
    if spec.length < depth:
        yield Finding(
            "error",
            f"{key}.length: {spec.length * 1e3:g} mm is too short for a tip {depth * 1e3:.1f} mm deep in the bone",
        )
