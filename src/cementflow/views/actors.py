"""The things in a 3-D picture: bone like glass, cement, openings, needle."""

from __future__ import annotations

from itertools import compress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cementflow.views.looks import PLAIN, add_surface, colour_by_points, colour_by_values, rgb
from cementflow.views.palette import BONE, CEMENT, LEAK, NEEDLE, PRESSURE_MAP, TIGHT, VEIN
from cementflow.views.sheet import RunSheet, Tip
from cementflow.views.snapshots import PRESSURE, RADIUS, SATURATION, SHARE, OutletState, Snapshot

Floats = NDArray[np.float64]

_TRACE = 0.02  # of cement in a vein that is not drawn
FRONT = 0.5  # saturation that counts as the surface of the cement
_APART = 1e-3  # of the diagonal: two surfaces in one place show as noise


def bone_surface(grid: Any) -> Any:
    """Outer surface of the mesh with point normals, a hair outside, so that cement against the wall lies behind it.

    The outer faces of tetrahedra all turn outward, so that nothing has to be oriented.
    """
    surface = grid.extract_surface(algorithm="dataset_surface", pass_pointid=False, pass_cellid=False)
    surface.clear_data()
    surface = surface.compute_normals(cell_normals=False, split_vertices=False, consistent_normals=False)
    surface.points = np.asarray(surface.points) + _APART * grid.length * surface.point_data["Normals"]
    return surface


def cement_surface(grid: Any) -> Any | None:
    """Closed surface of the part with more than `FRONT` saturation, with pressure; None if there is none.

    The part is cut out rather than contoured, so that it stays closed where cement lies against the wall.
    """
    if float(grid.point_data[SATURATION].max()) <= FRONT:
        return None
    body = grid.clip_scalar(scalars=SATURATION, value=FRONT, invert=False)
    surface = body.extract_surface(algorithm="dataset_surface", pass_pointid=False, pass_cellid=False)
    return surface.compute_normals(cell_normals=False, split_vertices=False)


def pressure_limits(cement: Any, bone: Any) -> tuple[float, float]:
    """Ends of the colour scale [kPa]: the range on the cement's surface, widened where that is narrow.

    A cloud in uniform bone has nearly one pressure on its surface, and a full scale over what the mesh makes of it
    would show noise as if it were a pattern. What matters is small against the pressure at the needle, so a tenth of
    that is the least.
    """
    low, high = (float(x) for x in cement.get_data_range(PRESSURE))
    least = max(0.1 * (float(bone[PRESSURE].max()) - low), 0.2 * max(abs(low), abs(high)), 1e-3)
    return low, max(high, low + least)


def add_bone(renderer: Any, surface: Any, toward: Floats | None) -> None:
    """Add the bone; with a fixed view, clear where it faces the viewer and denser toward its outline.

    Triangles are drawn in the order given, so those of a fixed view are sorted from far to near. Depth
    peeling would do so for any view, but a software renderer was seen to drop the surface altogether with it.
    """
    if toward is None:
        add_surface(renderer, surface, BONE, opacity=0.22, smooth=True)
        return
    facing = np.abs(np.asarray(surface.point_data["Normals"], float) @ toward)
    colour = np.empty((surface.n_points, 4))
    colour[:, :3] = rgb(BONE) * (0.45 + 0.55 * facing[:, None])
    colour[:, 3] = 0.10 + 0.50 * (1 - facing) ** 3
    shown = _far_to_near(surface, toward)
    shown.point_data["glass"] = np.rint(colour * 255).astype(np.uint8)
    colour_by_points(add_surface(renderer, shown, smooth=True, light=None), "glass")


def _far_to_near(surface: Any, toward: Floats) -> Any:
    import pyvista

    faces = surface.regular_faces
    depth = np.asarray(surface.points, float)[faces].mean(axis=1) @ toward
    ordered = pyvista.PolyData.from_regular_faces(surface.points, faces[np.argsort(depth, kind="stable")])
    ordered.point_data.active_normals = surface.point_data["Normals"]
    return ordered


def add_cement(renderer: Any, cement: Any, limits: tuple[float, float]) -> None:
    """Add the cloud, coloured by pressure."""
    colour_by_values(add_surface(renderer, cement, smooth=True), PRESSURE, limits, PRESSURE_MAP)


def add_needle(renderer: Any, tip: Tip, length: float) -> None:
    """Add the needle, `length` [mm] of it, or the ball that cement comes from where there is none."""
    import pyvista

    if tip.direction is None:
        ball = pyvista.Sphere(radius=tip.radius, center=tip.center)
        wires = add_surface(renderer, ball, NEEDLE, opacity=0.5, light=PLAIN)
        wires.GetProperty().SetRepresentationToWireframe()
        return
    hub = tip.center - length * tip.direction
    add_surface(renderer, _rod(hub, tip.center, tip.radius), NEEDLE)


def add_outlet(renderer: Any, state: OutletState, line: float) -> None:
    """Add what is solid of an opening: a ring of thickness `line` [mm], and for a tube its end and its cement."""
    import pyvista

    outlet = state.outlet
    if outlet.center is None or outlet.of_tree:
        return
    colour = LEAK if state.leaks else TIGHT
    if outlet.outward is None:
        ball = pyvista.Sphere(radius=max(outlet.radius, line), center=outlet.center)
        add_surface(renderer, ball, colour, light=PLAIN)
        return
    rings = _ring(outlet.center, outlet.outward, max(outlet.radius, line), line)
    if outlet.end is not None and outlet.tube_length > 0:
        rings += _ring(outlet.end, outlet.outward, outlet.radius, line / 2)
    add_surface(renderer, rings, colour, smooth=True)
    if outlet.tube_length > 0 and state.reach > 0:
        add_surface(renderer, _rod(outlet.center, _front(state), 0.9 * outlet.radius), CEMENT)


def add_outlet_glass(renderer: Any, state: OutletState) -> None:
    """Add what is see-through of an opening: its disc, or the wall of the empty part of its tube."""
    import pyvista

    outlet = state.outlet
    if outlet.center is None or outlet.end is None or outlet.outward is None or outlet.of_tree:
        return
    colour = LEAK if state.leaks else TIGHT
    if outlet.tube_length == 0:
        disc = pyvista.Disc(
            center=outlet.center, inner=0, outer=outlet.radius, normal=outlet.outward, c_res=48
        )
        add_surface(renderer, disc, colour, opacity=0.35, light=None)
    elif state.reach < outlet.tube_length:
        wall = _rod(_front(state), outlet.end, outlet.radius, capping=False)
        add_surface(renderer, wall, colour, opacity=0.30, light=None)


def add_solids(renderer: Any, sheet: RunSheet, shot: Snapshot, cement: Any | None) -> None:
    """Add everything at one time that hides what is behind it; it is the same in all views."""
    if cement is not None:
        add_cement(renderer, cement, pressure_limits(cement, shot.grid))
    for tip in (sheet.tip, *sheet.further):
        add_needle(renderer, tip, length=0.8 * shot.grid.length)
    for state in shot.outlets:
        add_outlet(renderer, state, line=0.006 * shot.grid.length)
    if shot.veins is not None:
        share = np.asarray(shot.veins.cell_data[SHARE])
        _add_tubes(renderer, shot.veins, 0.95 * np.sqrt(share), share > _TRACE, CEMENT)


def add_glass(renderer: Any, shot: Snapshot, bone: Any, toward: Floats | None) -> None:
    """Add bone and whatever else can be seen through, from far to near along `toward`, the way to the viewer."""
    if shot.veins is not None:
        every = np.ones(shot.veins.n_cells)
        _add_tubes(renderer, shot.veins, every, every > 0.0, VEIN, opacity=0.35, light=None)
    near = [_is_near(state, shot, toward) for state in shot.outlets]
    for state in compress(shot.outlets, [not flag for flag in near]):
        add_outlet_glass(renderer, state)
    add_bone(renderer, bone, toward)
    for state in compress(shot.outlets, near):
        add_outlet_glass(renderer, state)


def _add_tubes(
    renderer: Any, veins: Any, scale: Floats, chosen: NDArray[np.bool_], colour: str, **look: Any
) -> None:
    """Add chosen cells of a tree as tubes of their radius times a scale."""
    import pyvista

    if not chosen.any():
        return
    ends = np.asarray(veins.points).reshape(-1, 2, 3)[chosen]
    radius = (np.asarray(veins.cell_data[RADIUS]) * scale)[chosen]
    rods = [_rod(a, b, r, capping=False) for (a, b), r in zip(ends, radius, strict=True)]
    add_surface(renderer, pyvista.merge(rods), colour, **look)


def _is_near(state: OutletState, shot: Snapshot, toward: Floats | None) -> bool:
    """Whether the viewer sees an outlet before the bone; see-through parts are drawn from far to near."""
    if toward is None or state.outlet.end is None:
        return True
    return float((state.outlet.end - np.asarray(shot.grid.center)) @ toward) > 0


def _front(state: OutletState) -> Floats:
    """How far the cement in a tube is [mm]."""
    outlet = state.outlet
    assert outlet.center is not None and outlet.outward is not None
    return outlet.center + min(state.reach, outlet.tube_length) * outlet.outward


def _rod(start: Floats, end: Floats, radius: float, capping: bool = True) -> Any:
    import pyvista

    height = float(np.linalg.norm(end - start))
    return pyvista.Cylinder(
        center=(start + end) / 2,
        direction=end - start,
        radius=radius,
        height=height,
        resolution=32,
        capping=capping,
    )


def _ring(center: Floats, normal: Floats, radius: float, line: float) -> Any:
    import pyvista

    across = np.cross(normal, np.eye(3)[np.argmin(np.abs(normal))])
    across /= np.linalg.norm(across)
    angle = np.linspace(0, 2 * np.pi, 65)[:, None]
    circle = center + radius * (np.cos(angle) * across + np.sin(angle) * np.cross(normal, across))
    return pyvista.lines_from_points(circle).tube(radius=line, n_sides=12)
