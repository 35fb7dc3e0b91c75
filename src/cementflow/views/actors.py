"""The things in a 3-D picture: bone like glass, cement, openings, needle; as pyvista actors."""

from __future__ import annotations

from itertools import compress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cementflow.views.palette import BONE, CEMENT, LEAK, NEEDLE, PRESSURE_MAP, TIGHT
from cementflow.views.sheet import RunSheet, Tip
from cementflow.views.snapshots import PRESSURE, SATURATION, OutletState, Snapshot

Floats = NDArray[np.float64]

FRONT = 0.5  # saturation that counts as the surface of the cement
_MATTE = {"ambient": 0.35, "diffuse": 0.7, "specular": 0.15, "specular_power": 20}


def bone_surface(grid: Any) -> Any:
    """Outer surface of the mesh with point normals."""
    surface = grid.extract_surface(algorithm="dataset_surface", pass_pointid=False, pass_cellid=False)
    surface.clear_data()
    return surface.compute_normals(cell_normals=False, split_vertices=False, auto_orient_normals=True)


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


def add_bone(plotter: Any, surface: Any, toward: Floats | None) -> None:
    """Add the bone; with a fixed view, clear where it faces the viewer and denser toward its outline.

    Triangles are drawn in the order given, so those of a fixed view are sorted from far to near. Depth
    peeling would do so for any view, but a software renderer was seen to drop the surface altogether with it.
    """
    if toward is None:
        plotter.add_mesh(surface, color=BONE, opacity=0.22, smooth_shading=True, **_MATTE)
        return
    facing = np.abs(np.asarray(surface.point_data["Normals"], float) @ toward)
    colour = np.empty((surface.n_points, 4))
    colour[:, :3] = _rgb(BONE) * (0.45 + 0.55 * facing[:, None])
    colour[:, 3] = 0.10 + 0.50 * (1 - facing) ** 3
    shown = _far_to_near(surface, toward)
    shown.point_data["glass"] = np.rint(colour * 255).astype(np.uint8)
    plotter.add_mesh(shown, scalars="glass", rgba=True, smooth_shading=True, lighting=False)


def _far_to_near(surface: Any, toward: Floats) -> Any:
    import pyvista

    faces = surface.regular_faces
    depth = np.asarray(surface.points, float)[faces].mean(axis=1) @ toward
    ordered = pyvista.PolyData.from_regular_faces(surface.points, faces[np.argsort(depth, kind="stable")])
    ordered.point_data.active_normals = surface.point_data["Normals"]
    return ordered


def add_cement(plotter: Any, cement: Any | None, limits: tuple[float, float], **bar: Any) -> None:
    """Add the cloud, coloured by pressure."""
    if cement is not None:
        plotter.add_mesh(
            cement, scalars=PRESSURE, clim=limits, cmap=PRESSURE_MAP, smooth_shading=True, **_MATTE, **bar
        )


def add_needle(plotter: Any, tip: Tip, length: float) -> None:
    """Add the needle, `length` [mm] of it, or the ball that cement comes from where there is none."""
    import pyvista

    if tip.direction is None:
        ball = pyvista.Sphere(radius=tip.radius, center=tip.center)
        plotter.add_mesh(ball, color=NEEDLE, style="wireframe", opacity=0.5)
        return
    hub = tip.center - length * tip.direction
    plotter.add_mesh(_rod(hub, tip.center, tip.radius), color=NEEDLE, **_MATTE)


def add_outlet(plotter: Any, state: OutletState, line: float) -> None:
    """Add an opening: a ring of thickness `line` [mm], and for a tube its wall and the cement in it."""
    import pyvista

    outlet = state.outlet
    if outlet.center is None:
        return
    colour = LEAK if state.leaks else TIGHT
    if outlet.outward is None:
        plotter.add_mesh(pyvista.Sphere(radius=max(outlet.radius, line), center=outlet.center), color=colour)
        return
    plotter.add_mesh(
        _ring(outlet.center, outlet.outward, max(outlet.radius, line), line),
        color=colour,
        smooth_shading=True,
        **_MATTE,
    )
    if outlet.tube_length > 0:
        _add_tube(plotter, state, colour, line)
    else:
        disc = pyvista.Disc(
            center=outlet.center, inner=0, outer=outlet.radius, normal=outlet.outward, c_res=48
        )
        plotter.add_mesh(disc, color=colour, opacity=0.35, lighting=False)


def add_scene(
    plotter: Any, sheet: RunSheet, shot: Snapshot, cement: Any | None, toward: Floats | None, **bar: Any
) -> None:
    """Add everything there is to see at one time; `toward` is the direction to the viewer of a fixed view."""
    add_cement(
        plotter, cement, pressure_limits(cement, shot.grid) if cement is not None else (0.0, 1.0), **bar
    )
    add_needle(plotter, sheet.tip, length=0.8 * shot.grid.length)
    line = 0.006 * shot.grid.length
    near = [_is_near(state, shot, toward) for state in shot.outlets]
    for state in compress(shot.outlets, [not flag for flag in near]):
        add_outlet(plotter, state, line)
    add_bone(plotter, bone_surface(shot.grid), toward)
    for state in compress(shot.outlets, near):
        add_outlet(plotter, state, line)


def _is_near(state: OutletState, shot: Snapshot, toward: Floats | None) -> bool:
    """Whether the viewer sees an outlet before the bone; see-through parts are drawn from far to near."""
    if toward is None or state.outlet.end is None:
        return True
    return float((state.outlet.end - np.asarray(shot.grid.center)) @ toward) > 0


def _add_tube(plotter: Any, state: OutletState, colour: str, line: float) -> None:
    outlet = state.outlet
    assert outlet.center is not None and outlet.outward is not None
    filled = outlet.center + min(state.reach, outlet.tube_length) * outlet.outward
    end = outlet.center + outlet.tube_length * outlet.outward
    plotter.add_mesh(
        _ring(end, outlet.outward, outlet.radius, line / 2), color=colour, smooth_shading=True, **_MATTE
    )
    if state.reach > 0:
        plotter.add_mesh(_rod(outlet.center, filled, 0.9 * outlet.radius), color=CEMENT, **_MATTE)
    if state.reach < outlet.tube_length:
        wall = _rod(filled, end, outlet.radius, capping=False)
        plotter.add_mesh(wall, color=colour, opacity=0.30, lighting=False)


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


def _rgb(colour: str) -> Floats:
    from matplotlib.colors import to_rgb

    return np.array(to_rgb(colour))
