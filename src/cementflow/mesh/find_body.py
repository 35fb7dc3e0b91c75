"""Where the vertebral body is in a vertebra that has its arch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cementflow.compiled import kernel
from cementflow.mesh.frame import AnatomicalFrame, along_axes
from cementflow.mesh.tetmesh import Floats, Ints

# Rays through the middle of the body are this far apart, and this far to each side [m].
RAY_STEP = 0.7e-3
RAY_REACH = 5e-3
# A gap between two stretches of bone shorter than this [m] is a flaw of the surface, not the spinal canal.
CANAL = 4e-3
# Nothing outside this range of sizes [m] is searched for a canal: its units must be wrong.
VERTEBRA = (10e-3, 200e-3)
# What lies in front of this share of the depth belongs to the body at any height and side: pedicles and
# transverse processes start behind it.
FRONT_SHARE = 0.4
# Where no canal is found, rays are shot along a vertebra that is tipped forward or backward by so many degrees.
TILTS = (0.0, -10.0, 10.0, -20.0, 20.0, -30.0, 30.0)


def find_frame(axes: Floats, points: Floats, triangles: Ints) -> tuple[AnatomicalFrame, tuple[str, ...]]:
    """Frame of a vertebra given by its surface, leaving the arch and its processes out of the box.

    Rays are shot from the front through the middle. Where they leave bone, and meet bone again behind a
    gap, the gap is the spinal canal and its front the posterior wall. The box then holds what lies in front
    of that wall: in the middle all of it, further to the sides only the front part, which has no pedicles
    and no transverse processes. Without a canal the box is the bounding box. The box stays along the axes,
    also where the rays had to be tilted to find the canal.

    Parameters
    ----------
    axes
        From `anatomical_axes`.
    points, triangles
        Closed surface [m], shapes (n, 3) and (m, 3).

    Returns
    -------
    The frame, and notes on how it was found.
    """
    along = along_axes(points, axes)
    whole = AnatomicalFrame(axes, along.min(axis=0), along.max(axis=0))
    if not (VERTEBRA[0] < whole.size.min() and whole.size.max() < VERTEBRA[1]):
        return whole, ()
    for tilt in TILTS:
        body = _body_points(along @ _tilted(tilt).T, triangles)
        if body is not None:
            box = body @ _tilted(tilt)
            how = f" (rays tilted by {abs(tilt):g} degrees)" if tilt else ""
            note = (
                f"the spinal canal was found{how}; the box of the body leaves out the arch and the processes"
            )
            return AnatomicalFrame(axes, box.min(axis=0), box.max(axis=0)), (note,)
    return whole, ()


def _tilted(degrees: float) -> Floats:
    """Turns (ap, lr, si) about lr, shape (3, 3)."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.array([[c, 0.0, s], [0.0, 1.0, 0.0], [-s, 0.0, c]])


def _body_points(along: Floats, triangles: Ints) -> Floats | None:
    """Points that span the body, those of its posterior wall among them; None where there is no canal."""
    middle = 0.5 * (along[:, 1].min() + along[:, 1].max())
    wall = _posterior_wall(along, triangles, middle)
    if wall is None:
        return None
    # The first middle comes from the transverse processes, which need not be alike; the body's own is better.
    front = _in_front(along, wall, FRONT_SHARE)
    middle = 0.5 * (along[front, 1].min() + along[front, 1].max())
    wall = _posterior_wall(along, triangles, middle) or wall
    front = _in_front(along, wall, FRONT_SHARE)
    central = _in_front(along, wall, 0.0) & (np.abs(along[:, 1] - middle) < RAY_REACH)
    heights = np.array([wall.bottom, wall.top])
    behind = np.column_stack([wall.at(heights), np.full(2, middle), heights])
    return np.concatenate([along[front | central], behind])


@dataclass(frozen=True)
class _Wall:
    """Posterior wall near the middle: ap = offset + slope si, between two heights; depth of the body [m]."""

    offset: float
    slope: float
    depth: float
    bottom: float
    top: float

    def at(self, si: Floats) -> Floats:
        """Position of the wall [m] at heights [m]."""
        return self.offset + self.slope * si


def _in_front(along: Floats, wall: _Wall, share: float) -> NDArray[np.bool_]:
    """Which points lie in front of the wall by at least this share of the depth."""
    return along[:, 0] > wall.at(along[:, 2]) + share * wall.depth


def _posterior_wall(along: Floats, triangles: Ints, middle: float) -> _Wall | None:
    """Line through the places where rays from the front leave the body; None where there is no canal."""
    low, high = along[:, 2].min(), along[:, 2].max()
    # Odd fractions of a step keep the rays off the regular grids that made many surfaces.
    lr = middle + 0.137 * RAY_STEP + np.arange(-RAY_REACH, RAY_REACH, RAY_STEP)
    si = np.arange(low + 0.391 * RAY_STEP, high, RAY_STEP)
    front, back, beyond = _first_stretch(*_crossings(along, triangles, lr, si), len(lr) * len(si))
    height = np.tile(si, len(lr))
    hit = np.isfinite(front)
    if not hit.any():
        return None
    # Below and above the body the rays meet only the arch, further back than its front.
    body = hit & (front > np.nanmax(front) - 0.25 * (along[:, 0].max() - along[:, 0].min()))
    depth = np.median((front - back)[body]) if body.any() else 0.0
    body &= (front - back > 0.6 * depth) & (front - back < 1.5 * depth)
    if np.count_nonzero(body & beyond) < 0.2 * np.count_nonzero(body):
        return None
    slope, offset = np.polyfit(height[body], back[body], 1)
    return _Wall(offset, slope, float(depth), float(height[body].min()), float(height[body].max()))


def _first_stretch(ray: NDArray, where: Floats, rays: int) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Front and back of the first stretch of bone on each ray, and whether more bone follows behind a gap."""
    front, back = np.full(rays, np.nan), np.full(rays, np.nan)
    beyond = np.zeros(rays, bool)
    order = np.lexsort((-where, ray))
    for k in np.unique(ray):
        hits = where[order[np.searchsorted(ray[order], k) : np.searchsorted(ray[order], k, side="right")]]
        if len(hits) % 2:
            continue
        inside = hits.reshape(-1, 2)
        last = 0
        while last + 1 < len(inside) and inside[last, 1] - inside[last + 1, 0] < CANAL:
            last += 1
        front[k], back[k], beyond[k] = inside[0, 0], inside[last, 1], last + 1 < len(inside)
    return front, back, beyond


def _crossings(along: Floats, triangles: Ints, lr: Floats, si: Floats) -> tuple[NDArray, Floats]:
    """Rays along ap at each (lr, si), numbered row by row, and where they cross the triangles [m]."""
    corner = along[triangles]
    near = (corner[:, :, 1].max(axis=1) >= lr[0]) & (corner[:, :, 1].min(axis=1) <= lr[-1])
    corner = np.ascontiguousarray(corner[near])
    ray, where = np.empty(0, np.int64), np.empty(0)
    count = _cross(corner, lr, si, ray, where)
    ray, where = np.empty(count, np.int64), np.empty(count)
    _cross(corner, lr, si, ray, where)
    return ray, where


@kernel
def _cross(corner, lr, si, ray, where):  # type: ignore[no-untyped-def]
    """Count the crossings, and store as many as the arrays hold."""
    found = 0
    for t in range(len(corner)):
        y0, z0 = corner[t, 0, 1], corner[t, 0, 2]
        uy, uz = corner[t, 1, 1] - y0, corner[t, 1, 2] - z0
        vy, vz = corner[t, 2, 1] - y0, corner[t, 2, 2] - z0
        area = uy * vz - uz * vy
        if area == 0.0:
            continue
        i0 = np.searchsorted(lr, corner[t, :, 1].min())
        j0 = np.searchsorted(si, corner[t, :, 2].min())
        for i in range(i0, len(lr)):
            if lr[i] > corner[t, :, 1].max():
                break
            for j in range(j0, len(si)):
                if si[j] > corner[t, :, 2].max():
                    break
                py, pz = lr[i] - y0, si[j] - z0
                v = (py * vz - pz * vy) / area
                w = (uy * pz - uz * py) / area
                if v >= 0.0 and w >= 0.0 and v + w <= 1.0:
                    if found < len(ray):
                        ray[found] = i * len(si) + j
                        x0 = corner[t, 0, 0]
                        where[found] = x0 + v * (corner[t, 1, 0] - x0) + w * (corner[t, 2, 0] - x0)
                    found += 1
    return found
