"""The things in a 3-D picture: bone like glass, cement, openings, needle."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cementflow.views.level import closed_level
from cementflow.views.looks import PLAIN, add_surface, colour_by_points, colour_by_values, rgb
from cementflow.views.mesh import Mesh
from cementflow.views.palette import BONE, CEMENT, LEAK, NEEDLE, PRESSURE_MAP, TIGHT, VEIN
from cementflow.views.shapes import ball, disc, ring, rod, tube, tubes
from cementflow.views.sheet import RunSheet, Tip
from cementflow.views.snapshots import PRESSURE, SATURATION, OutletState, Snapshot, Veins
from cementflow.views.surface import Surface, joined, smooth

Floats = NDArray[np.float64]

_TRACE = 0.02  # of cement in a vein that is not drawn
FRONT = 0.5  # saturation that counts as the surface of the cement
_APART = 1e-3  # of the diagonal: two surfaces in one place show as noise


@dataclass(frozen=True, eq=False)
class Cloud:
    """Surface of the cement, and the pressure at its points [kPa]."""

    surface: Surface
    pressure: Floats


@dataclass(frozen=True, eq=False)
class Part:
    """A shape of an opening in its colour."""

    shape: Surface
    colour: str
    opacity: float = 1.0


def bone_surface(mesh: Mesh) -> Surface:
    """Outer surface of the mesh, a hair outside, so that cement against the wall lies behind it."""
    wall = mesh.surface
    return replace(wall, points=wall.points + _APART * mesh.length * wall.normals)


def cement_cloud(shot: Snapshot) -> Cloud | None:
    """Surface of the part with more than `FRONT` saturation; None if there is none.

    It is closed by the wall of the bone where cement lies against that.
    """
    above = shot.fields[SATURATION] - FRONT
    if above.max() <= 0.0:
        return None
    rim = closed_level(above, shot.mesh.tets, shot.mesh.wall)
    return Cloud(smooth(rim.at(shot.mesh.points), rim.pieces), rim.at(shot.fields[PRESSURE]))


def pressure_limits(cement: Cloud, shot: Snapshot) -> tuple[float, float]:
    """Ends of the colour scale [kPa]: the range on the cement's surface, widened where that is narrow.

    A cloud in uniform bone has nearly one pressure on its surface, and a full scale over what the mesh makes of it
    would show noise as if it were a pattern. What matters is small against the pressure at the needle, so a tenth of
    that is the least.
    """
    low, high = float(cement.pressure.min()), float(cement.pressure.max())
    least = max(0.1 * (float(shot.fields[PRESSURE].max()) - low), 0.2 * max(abs(low), abs(high)), 1e-3)
    return low, max(high, low + least)


def add_bone(renderer: Any, surface: Surface, toward: Floats | None) -> None:
    """Add the bone; with a fixed view, clear where it faces the viewer and denser toward its outline.

    Triangles are drawn in the order given, so those of a fixed view are sorted from far to near. Depth
    peeling would do so for any view, but a software renderer was seen to drop the surface altogether with it.
    """
    if toward is None:
        add_surface(renderer, surface, BONE, opacity=0.22)
        return
    facing = np.abs(surface.normals @ toward)
    colour = np.empty((len(facing), 4))
    colour[:, :3] = rgb(BONE) * (0.45 + 0.55 * facing[:, None])
    colour[:, 3] = 0.10 + 0.50 * (1 - facing) ** 3
    depth = (surface.points @ toward)[surface.triangles].sum(axis=1)
    far_to_near = replace(surface, triangles=surface.triangles[np.argsort(depth, kind="stable")])
    glass = add_surface(renderer, far_to_near, light=None)
    colour_by_points(glass, np.rint(colour * 255).astype(np.uint8))


def add_cement(renderer: Any, cement: Cloud, limits: tuple[float, float]) -> None:
    """Add the cloud, coloured by pressure."""
    colour_by_values(
        add_surface(renderer, cement.surface, closed=True), cement.pressure, limits, PRESSURE_MAP
    )


def add_needle(renderer: Any, tip: Tip, length: float) -> None:
    """Add the needle, `length` [mm] of it, or the ball that cement comes from where there is none."""
    if tip.direction is None:
        wires = add_surface(renderer, ball(tip.center, tip.radius), NEEDLE, opacity=0.5, light=PLAIN)
        wires.GetProperty().SetRepresentationToWireframe()
        return
    hub = tip.center - length * tip.direction
    add_surface(renderer, rod(hub, tip.center, tip.radius), NEEDLE, closed=True)


def add_solids(renderer: Any, sheet: RunSheet, shot: Snapshot, cement: Cloud | None) -> None:
    """Add everything at one time that hides what is behind it; it is the same in all views."""
    if cement is not None:
        add_cement(renderer, cement, pressure_limits(cement, shot))
    for tip in (sheet.tip, *sheet.further):
        add_needle(renderer, tip, length=0.8 * shot.mesh.length)
    line = 0.006 * shot.mesh.length
    _add_parts(renderer, (part for state in shot.outlets for part in _solid(state, line)), closed=True)
    if shot.veins is not None:
        _add_cement_in(renderer, shot.veins)


def add_glass(renderer: Any, shot: Snapshot, bone: Surface, toward: Floats | None) -> None:
    """Add bone and whatever else can be seen through, from far to near along `toward`, the way to the viewer."""
    if shot.veins is not None:
        walls = tubes(shot.veins.ends, shot.veins.radius)
        add_surface(renderer, walls, VEIN, opacity=0.35, light=None)
    is_near = [_is_near(state, shot, toward) for state in shot.outlets]
    far, near = (
        [s for s, flag in zip(shot.outlets, is_near, strict=True) if flag == side] for side in (False, True)
    )
    _add_parts(renderer, (part for state in far for part in _glass(state)), light=None)
    add_bone(renderer, bone, toward)
    _add_parts(renderer, (part for state in near for part in _glass(state)), light=None)


def _solid(state: OutletState, line: float) -> Iterator[Part]:
    """What is solid of an opening: a ring of thickness `line` [mm], and for a tube its end and its cement."""
    outlet = state.outlet
    if outlet.center is None or outlet.of_tree:
        return
    colour, radius = _colour(state), max(outlet.radius, line)
    if outlet.outward is None:
        yield Part(ball(outlet.center, radius), colour)
        return
    yield Part(ring(outlet.center, outlet.outward, radius, line), colour)
    if outlet.end is None or outlet.tube_length == 0:
        return
    yield Part(ring(outlet.end, outlet.outward, outlet.radius, line / 2), colour)
    if state.reach > 0:
        yield Part(rod(outlet.center, _front(state), 0.9 * outlet.radius), CEMENT)


def _glass(state: OutletState) -> Iterator[Part]:
    """What is see-through of an opening: its disc, or the wall of the empty part of its tube."""
    outlet = state.outlet
    if outlet.center is None or outlet.end is None or outlet.outward is None or outlet.of_tree:
        return
    if outlet.tube_length == 0:
        yield Part(disc(outlet.center, outlet.outward, outlet.radius), _colour(state), 0.35)
    elif state.reach < outlet.tube_length:
        yield Part(tube(_front(state), outlet.end, outlet.radius), _colour(state), 0.30)


def _add_parts(renderer: Any, parts: Iterable[Part], **look: Any) -> None:
    """Add parts of openings, all that look alike as one: each by itself takes longer than its triangles."""
    alike: dict[tuple[str, float], list[Surface]] = {}
    for part in parts:
        alike.setdefault((part.colour, part.opacity), []).append(part.shape)
    for (colour, opacity), shapes in alike.items():
        add_surface(renderer, joined(shapes), colour, opacity, **look)


def _add_cement_in(renderer: Any, veins: Veins) -> None:
    """Add the cement in a tree, as rods that take its share of the veins."""
    chosen = veins.share > _TRACE
    if chosen.any():
        radius = 0.95 * np.sqrt(veins.share[chosen]) * veins.radius[chosen]
        add_surface(renderer, tubes(veins.ends[chosen], radius), CEMENT)


def _is_near(state: OutletState, shot: Snapshot, toward: Floats | None) -> bool:
    """Whether the viewer sees an outlet before the bone; see-through parts are drawn from far to near."""
    if toward is None or state.outlet.end is None:
        return True
    return float((state.outlet.end - shot.mesh.center) @ toward) > 0


def _colour(state: OutletState) -> str:
    return LEAK if state.leaks else TIGHT


def _front(state: OutletState) -> Floats:
    """How far the cement in a tube is [mm]."""
    outlet = state.outlet
    assert outlet.center is not None and outlet.outward is not None
    return outlet.center + min(state.reach, outlet.tube_length) * outlet.outward
