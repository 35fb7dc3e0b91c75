"""The Darcy flux of tetrahedra, and shear rates in their pores, a block of them at a time.

What a block needs is gathered into rows first. The arithmetic then goes along the rows, which the processor does four
tetrahedra at a time: half the time of one after the other.
"""

from __future__ import annotations

import numpy as np

from cementflow.compiled import inner, kernel
from cementflow.fem.kernels import edge_mobility, least_mobility

SKIPS = (64, 8, 1)  # of obtuse tetrahedra between two chosen ones, which may be far apart
BLOCK = 64  # tetrahedra; the rows of so many stay in the fastest cache
# Rows of a block, all in one array so that it is plain that they lie apart. Of each of the vertices a, b, c and d: x,
# y, z, pressure, relative permeability of the cement, mobility of the marrow, viscosity of the cement.
Y, Z, PRESSURE, CEMENT, MARROW, VISCOSITY = BLOCK, 2 * BLOCK, 3 * BLOCK, 4 * BLOCK, 5 * BLOCK, 6 * BLOCK
B, C, D = 7 * BLOCK, 14 * BLOCK, 21 * BLOCK
# Of the tetrahedron, as (xx, yy, zz, yz, xz, xy). Not a plain integer, for each of which what it is handed to would be
# compiled once more.
PERMEABILITY = np.int64(28 * BLOCK)
INVERSE = PERMEABILITY + 6 * BLOCK
# Of the edges ab, ac, ad, bc, bd and cd.
COEFFICIENT = INVERSE + 6 * BLOCK
MOBILITY = COEFFICIENT + 6 * BLOCK
LEAST = MOBILITY + 6 * BLOCK  # mobility
SIX_VOLUMES, BY_SIX_VOLUMES = LEAST + BLOCK, LEAST + 2 * BLOCK
VELOCITY = BY_SIX_VOLUMES + BLOCK
POROSITY = VELOCITY + 3 * BLOCK
SHEAR = POROSITY + BLOCK
SIZE = SHEAR + BLOCK


@kernel
def element_velocity(
    chosen, points, tets, permeability, relative_cement, marrow_mobility, viscosity, pressure, t, obtuse
):
    """Darcy flux of chosen tetrahedra [m/s] rebuilt from their edge fluxes, u = sum f_ab (x_b - x_a) / |e|.

    Exact for P1 with one mobility. In front elements the product of a mean mobility and the gradient would overrate it.
    The coefficients are those of `element_coefficients`, made again: that takes no longer than to read them.

    Parameters
    ----------
    chosen
        Tetrahedra, ascending.
    points, tets
        Of the mesh.
    permeability
        As (xx, yy, zz, yz, xz, xy) [m2], shape (m, 6), or (1, 6) for one that holds everywhere.
    relative_cement, marrow_mobility, viscosity, pressure
        At the vertices, as in `edge_mobility`.
    t, obtuse
        Coefficients of the obtuse tetrahedra, and their numbers.

    Returns
    -------
    ndarray
        Shape (chosen, 3).
    """
    velocity = np.empty((chosen.shape[0], 3))
    rows = np.empty(SIZE)
    _fill_even(rows, PERMEABILITY, permeability)
    next_obtuse = np.int64(0)
    for begin in range(0, chosen.shape[0], BLOCK):
        here = chosen[begin : begin + BLOCK]
        _gather(rows, here, points, tets, permeability, relative_cement, marrow_mobility, viscosity, pressure)
        next_obtuse = _flow(rows, here, t, obtuse, next_obtuse)
        for i in range(here.shape[0]):
            for j in range(3):
                velocity[begin + i, j] = rows[VELOCITY + j * BLOCK + i]
    return velocity


@kernel
def add_shear(
    total,
    chosen,
    points,
    tets,
    permeability,
    inverse_permeability,
    porosity,
    relative_cement,
    marrow_mobility,
    viscosity,
    pressure,
    t,
    obtuse,
):
    """Add u / sqrt(k phi) [1/s] of chosen tetrahedra times their volume at their vertices, in place; k along the flow.

    1/k = (u . K^-1 u) / |u|^2, hence |u| / sqrt(k phi) = sqrt(u . K^-1 u / phi).

    Parameters
    ----------
    total
        At the vertices.
    inverse_permeability
        K^-1 [1/m2], shaped as `permeability`.
    porosity
        Shape (m,) [-], or (1,).
    chosen, points, tets, permeability, relative_cement, marrow_mobility, viscosity, pressure, t, obtuse
        As of `element_velocity`.
    """
    rows = np.empty(SIZE)
    _fill_even(rows, PERMEABILITY, permeability)
    _fill_even(rows, INVERSE, inverse_permeability)
    rows[POROSITY : POROSITY + BLOCK] = porosity[0]
    next_obtuse = np.int64(0)
    for begin in range(0, chosen.shape[0], BLOCK):
        here = chosen[begin : begin + BLOCK]
        _gather(rows, here, points, tets, permeability, relative_cement, marrow_mobility, viscosity, pressure)
        next_obtuse = _flow(rows, here, t, obtuse, next_obtuse)
        if inverse_permeability.shape[0] > 1:
            _gather_tensors(rows, INVERSE, here, inverse_permeability)
        if porosity.shape[0] > 1:
            for i in range(here.shape[0]):
                rows[POROSITY + i] = porosity[here[i]]
        _shear_rates(rows, here.shape[0])
        for i in range(here.shape[0]):
            for k in range(4):
                total[tets[here[i], k]] += rows[SHEAR + i]


@kernel
def mean_around(chosen, sums, around):
    """Sums at chosen vertices over the volume around each."""
    mean = np.empty(chosen.shape[0])
    for i in range(chosen.shape[0]):
        a = chosen[i]
        mean[i] = sums[a] / around[a]
    return mean


@inner
def _fill_even(rows, at, tensors):
    """Put one tensor into the rows, where it is the same everywhere."""
    for j in range(6):
        for i in range(BLOCK):
            rows[at + j * BLOCK + i] = tensors[0, j]


@inner
def _gather_tensors(rows, at, here, tensors):
    """Put those of some tetrahedra into the rows."""
    for i in range(here.shape[0]):
        for j in range(6):
            rows[at + j * BLOCK + i] = tensors[here[i], j]


@inner
def _gather(rows, here, points, tets, permeability, relative_cement, marrow_mobility, viscosity, pressure):
    """Put what some tetrahedra and their vertices are like into the rows."""
    for i in range(here.shape[0]):
        for k in range(4):
            a, at = tets[here[i], k], k * B + i
            rows[at], rows[at + Y], rows[at + Z] = points[a, 0], points[a, 1], points[a, 2]
            rows[at + PRESSURE], rows[at + CEMENT] = pressure[a], relative_cement[a]
            rows[at + MARROW], rows[at + VISCOSITY] = marrow_mobility[a], viscosity[a]
    if permeability.shape[0] > 1:
        _gather_tensors(rows, PERMEABILITY, here, permeability)


@inner
def _flow(rows, here, t, obtuse, next_obtuse):
    """Velocities from what was gathered; the place among the obtuse tetrahedra to go on from."""
    size = here.shape[0]
    _coefficients(rows, size)
    _mobilities(rows, size)
    if next_obtuse < obtuse.shape[0]:
        _least_mobilities(rows, size)
        for i in range(size):
            for skip in SKIPS:
                while next_obtuse + skip <= obtuse.shape[0] and obtuse[next_obtuse + skip - 1] < here[i]:
                    next_obtuse += skip
            if next_obtuse < obtuse.shape[0] and obtuse[next_obtuse] == here[i]:
                for j in range(6):
                    at = j * BLOCK + i
                    given, mobility = t[next_obtuse, j], rows[MOBILITY + at]
                    rows[COEFFICIENT + at] = given
                    rows[MOBILITY + at] = rows[LEAST + i] if given < 0.0 else mobility
    _velocities(rows, size)
    return next_obtuse


@inner
def _coefficients(rows, size):
    """Coefficients of the edges, -|e| grad N_a . K grad N_b."""
    for i in range(size):
        x, y, z = rows[i], rows[i + Y], rows[i + Z]
        bx, by, bz = rows[i + B] - x, rows[i + B + Y] - y, rows[i + B + Z] - z
        cx, cy, cz = rows[i + C] - x, rows[i + C + Y] - y, rows[i + C + Z] - z
        dx, dy, dz = rows[i + D] - x, rows[i + D + Y] - y, rows[i + D + Z] - z
        # Gradients of the last three hat functions times six volumes; the four add up to nothing.
        gbx, gby, gbz = cy * dz - cz * dy, cz * dx - cx * dz, cx * dy - cy * dx
        gcx, gcy, gcz = dy * bz - dz * by, dz * bx - dx * bz, dx * by - dy * bx
        gdx, gdy, gdz = by * cz - bz * cy, bz * cx - bx * cz, bx * cy - by * cx
        xx, yy, zz = rows[i + PERMEABILITY], rows[i + PERMEABILITY + Y], rows[i + PERMEABILITY + Z]
        yz, xz, xy = (
            rows[i + PERMEABILITY + 3 * BLOCK],
            rows[i + PERMEABILITY + 4 * BLOCK],
            rows[i + PERMEABILITY + 5 * BLOCK],
        )
        fx, fy, fz = (
            xx * gcx + xy * gcy + xz * gcz,
            xy * gcx + yy * gcy + yz * gcz,
            xz * gcx + yz * gcy + zz * gcz,
        )
        g_bc = gbx * fx + gby * fy + gbz * fz
        g_cc = gcx * fx + gcy * fy + gcz * fz
        g_cd = gdx * fx + gdy * fy + gdz * fz
        fx, fy, fz = (
            xx * gdx + xy * gdy + xz * gdz,
            xy * gdx + yy * gdy + yz * gdz,
            xz * gdx + yz * gdy + zz * gdz,
        )
        g_bd = gbx * fx + gby * fy + gbz * fz
        g_dd = gdx * fx + gdy * fy + gdz * fz
        fx, fy, fz = (
            xx * gbx + xy * gby + xz * gbz,
            xy * gbx + yy * gby + yz * gbz,
            xz * gbx + yz * gby + zz * gbz,
        )
        g_bb = gbx * fx + gby * fy + gbz * fz
        six_volumes = bx * gbx + by * gby + bz * gbz
        inverse = 1.0 / six_volumes
        scale = inverse / 6.0
        rows[i + SIX_VOLUMES], rows[i + BY_SIX_VOLUMES] = six_volumes, inverse
        rows[i + COEFFICIENT] = (g_bb + g_bc + g_bd) * scale
        rows[i + COEFFICIENT + BLOCK] = (g_bc + g_cc + g_cd) * scale
        rows[i + COEFFICIENT + 2 * BLOCK] = (g_bd + g_cd + g_dd) * scale
        rows[i + COEFFICIENT + 3 * BLOCK] = -g_bc * scale
        rows[i + COEFFICIENT + 4 * BLOCK] = -g_bd * scale
        rows[i + COEFFICIENT + 5 * BLOCK] = -g_cd * scale


@inner
def _mobilities(rows, size):
    """Mobilities of both fluids on the edges."""
    for i in range(size):
        pa, ca, ma, va = rows[i + PRESSURE], rows[i + CEMENT], rows[i + MARROW], rows[i + VISCOSITY]
        b, c, d = i + B, i + C, i + D
        pb, cb, mb, vb = rows[b + PRESSURE], rows[b + CEMENT], rows[b + MARROW], rows[b + VISCOSITY]
        pc, cc, mc, vc = rows[c + PRESSURE], rows[c + CEMENT], rows[c + MARROW], rows[c + VISCOSITY]
        pd, cd, md, vd = rows[d + PRESSURE], rows[d + CEMENT], rows[d + MARROW], rows[d + VISCOSITY]
        rows[i + MOBILITY] = edge_mobility(pa, pb, ca, cb, ma, mb, va, vb)
        rows[i + MOBILITY + BLOCK] = edge_mobility(pa, pc, ca, cc, ma, mc, va, vc)
        rows[i + MOBILITY + 2 * BLOCK] = edge_mobility(pa, pd, ca, cd, ma, md, va, vd)
        rows[i + MOBILITY + 3 * BLOCK] = edge_mobility(pb, pc, cb, cc, mb, mc, vb, vc)
        rows[i + MOBILITY + 4 * BLOCK] = edge_mobility(pb, pd, cb, cd, mb, md, vb, vd)
        rows[i + MOBILITY + 5 * BLOCK] = edge_mobility(pc, pd, cc, cd, mc, md, vc, vd)


@inner
def _least_mobilities(rows, size):
    """What negative coefficients take."""
    for i in range(size):
        b, c, d = i + B, i + C, i + D
        rows[i + LEAST] = least_mobility(
            rows[i + CEMENT],
            rows[b + CEMENT],
            rows[c + CEMENT],
            rows[d + CEMENT],
            rows[i + MARROW],
            rows[b + MARROW],
            rows[c + MARROW],
            rows[d + MARROW],
            rows[i + VISCOSITY],
            rows[b + VISCOSITY],
            rows[c + VISCOSITY],
            rows[d + VISCOSITY],
        )


@inner
def _velocities(rows, size):
    """The sum over the edges, vertex by vertex: what a vertex receives, times its position."""
    for i in range(size):
        x, y, z = rows[i], rows[i + Y], rows[i + Z]
        pa, pb, pc, pd = (
            rows[i + PRESSURE],
            rows[i + B + PRESSURE],
            rows[i + C + PRESSURE],
            rows[i + D + PRESSURE],
        )
        ab, ac, ad = i + COEFFICIENT, i + COEFFICIENT + BLOCK, i + COEFFICIENT + 2 * BLOCK
        bc, bd, cd = ab + 3 * BLOCK, ab + 4 * BLOCK, ab + 5 * BLOCK
        to = MOBILITY - COEFFICIENT
        b_to_c = rows[bc + to] * rows[bc] * (pb - pc)
        b_to_d = rows[bd + to] * rows[bd] * (pb - pd)
        c_to_d = rows[cd + to] * rows[cd] * (pc - pd)
        factor = rows[i + BY_SIX_VOLUMES]
        to_b = (rows[ab + to] * rows[ab] * (pa - pb) - b_to_c - b_to_d) * 6.0 * factor
        to_c = (rows[ac + to] * rows[ac] * (pa - pc) + b_to_c - c_to_d) * 6.0 * factor
        to_d = (rows[ad + to] * rows[ad] * (pa - pd) + b_to_d + c_to_d) * 6.0 * factor
        bx, by, bz = rows[i + B] - x, rows[i + B + Y] - y, rows[i + B + Z] - z
        cx, cy, cz = rows[i + C] - x, rows[i + C + Y] - y, rows[i + C + Z] - z
        dx, dy, dz = rows[i + D] - x, rows[i + D + Y] - y, rows[i + D + Z] - z
        rows[i + VELOCITY] = to_b * bx + to_c * cx + to_d * dx
        rows[i + VELOCITY + Y] = to_b * by + to_c * cy + to_d * dy
        rows[i + VELOCITY + Z] = to_b * bz + to_c * cz + to_d * dz


@inner
def _shear_rates(rows, size):
    """Shear rates u / sqrt(k phi) times the volume."""
    for i in range(size):
        x, y, z = rows[i + VELOCITY], rows[i + VELOCITY + Y], rows[i + VELOCITY + Z]
        xx, yy, zz = rows[i + INVERSE], rows[i + INVERSE + Y], rows[i + INVERSE + Z]
        yz, xz, xy = (
            rows[i + INVERSE + 3 * BLOCK],
            rows[i + INVERSE + 4 * BLOCK],
            rows[i + INVERSE + 5 * BLOCK],
        )
        form = xx * x * x + yy * y * y + zz * z * z + 2.0 * (yz * y * z + xz * x * z + xy * x * y)
        rate = np.sqrt(max(form, 0.0) / rows[i + POROSITY])
        rows[i + SHEAR] = rate * rows[i + SIX_VOLUMES] / 6.0
