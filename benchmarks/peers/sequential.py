"""Benchmark A1 as a sequence of pressure solves and implicit upwind transport, on any P1 mesh of a cube.

Shared by the scikit-fem and the NGSolve script, which bring their own mesh, matrix and linear solver. In space the
scheme is that of cementflow: control volumes around vertices, one flux an edge, what fills the pores comes from
upstream. In time it is Heun's method with two pressure fields a step, and smaller transport steps under the same
fluxes. Needs NumPy and SciPy.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from scipy.sparse import coo_array, csr_array, tril
from scipy.sparse.linalg import splu

SIDE, BALL, RATE, POROSITY, PERMEABILITY = 30e-3, 3e-3, 1e-7, 0.8, 5e-9
CEMENT, MARROW = 50.0, 0.1  # Pa s
TIMES = (10.0, 20.0, 30.0)
GROWTH, LONGEST_STEP, COURANT = 0.25, 1.0, 0.5
RINGS = 2  # more than half the transport steps: rings of vertices around the cloud in which transport looks for cement
TRACE = 1e-9  # saturation that counts as none
SAMPLES = 8  # along a control volume, to measure how much of it is in the ball

Solve = Callable[[csr_array, np.ndarray, np.ndarray], np.ndarray]


class LinearSolver(Protocol):
    """What a code brings: it solves systems and counts its iterations."""

    iterations: int

    def solve(self, matrix: csr_array, rhs: np.ndarray, start: np.ndarray) -> np.ndarray:
        """The solution of one system."""
        ...


@dataclass(frozen=True, eq=False)
class Mesh:
    """Vertices, pore volume and source share of each, and the edges between them.

    Parameters
    ----------
    points
        Coordinates, shape (n, 3) [m].
    edges, coefficient
        Vertex pairs, shape (e, 2), and -|e| grad N_a . k grad N_b summed over the elements [m3].
    pores
        Pore volume of each vertex [m3].
    source
        Share of the source.
    inner
        Whether the pressure of a vertex is unknown.
    """

    points: np.ndarray
    edges: np.ndarray
    coefficient: np.ndarray
    pores: np.ndarray
    source: np.ndarray
    inner: np.ndarray


def mesh_from(points: np.ndarray, stiffness: Any, volumes: np.ndarray, spacing: float) -> Mesh:
    """From the vertices, the assembled Laplace matrix (coefficient 1) and the lumped volumes."""
    matrix = coo_array(stiffness)
    keep = (matrix.row < matrix.col) & (matrix.data < -1e-9 * np.abs(matrix.data).max())
    rows, columns = matrix.coords
    edges = np.stack([rows[keep], columns[keep]], axis=1)
    inner = ((points > 1e-9) & (points < SIDE - 1e-9)).all(axis=1)
    offset = ((np.arange(SAMPLES) + 0.5) / SAMPLES - 0.5) * spacing
    share = np.zeros(len(points))
    near = np.flatnonzero(np.linalg.norm(points - SIDE / 2, axis=1) < BALL + spacing)
    for dx in offset:
        for dy in offset:
            for dz in offset:
                at = points[near] + (dx, dy, dz) - SIDE / 2
                share[near] += (at**2).sum(axis=1) <= BALL**2
    return Mesh(
        points, edges, -matrix.data[keep] * PERMEABILITY, POROSITY * volumes, share / share.sum(), inner
    )


def outcome(version: str, cells: int, mesh: Mesh, solver: LinearSolver, start: float) -> dict[str, Any]:
    """Run the benchmark on a mesh; what a script prints of it.

    Parameters
    ----------
    version
        Of the code.
    cells
        Along an edge of the cube.
    mesh, solver
        What the code brings.
    start
        When it began, on the clock of `time.perf_counter`; up to here it was setting up.
    """
    setup = time.perf_counter() - start
    found = run(mesh, solver.solve)
    return {
        "version": version,
        "cells": cells**3,
        "unknowns": int(mesh.inner.sum()),
        "seconds": time.perf_counter() - start,
        "iterations": solver.iterations,
        **found,
        "phases": {"setup": setup, **found["phases"]},
    }


def run(mesh: Mesh, solve: Solve) -> dict[str, Any]:
    """Inject for 30 s; mean pressure in the source at 10, 20 and 30 s [Pa], steps, seconds by phase, balance."""
    spent = {"pressure": 0.0, "transport": 0.0}

    def timed(phase: str, work: Callable[..., Any], *arguments: Any) -> Any:
        start = time.perf_counter()
        found = work(*arguments)
        spent[phase] += time.perf_counter() - start
        return found

    saturation, now, steps, solves, found = np.zeros(len(mesh.points)), 0.0, 0, 1, []
    source_pores = 1.0 / np.sum(mesh.source**2 / mesh.pores)
    pressure, flux = timed("pressure", _pressure, mesh, solve, saturation, np.zeros(len(mesh.points)))
    while now < TIMES[-1] - 1e-9:
        dt = min(
            LONGEST_STEP, GROWTH * (now + source_pores / RATE), min(t for t in TIMES if t > now + 1e-9) - now
        )
        predicted = timed("transport", _transport, mesh, saturation, pressure, flux, dt)
        ahead, end = timed("pressure", _pressure, mesh, solve, predicted, pressure)
        saturation = timed("transport", _transport, mesh, saturation, ahead, 0.5 * (flux + end), dt)
        pressure, flux = timed("pressure", _pressure, mesh, solve, saturation, ahead)
        now, steps, solves = now + dt, steps + 1, solves + 2
        if any(abs(now - t) < 1e-9 for t in TIMES):
            found.append(float(mesh.source @ pressure))
    balance = abs(mesh.pores @ saturation - RATE * now) / (RATE * now)
    return {"pressures_pa": found, "steps": steps, "solves": solves, "phases": spent, "balance": balance}


def _pressure(
    mesh: Mesh, solve: Solve, saturation: np.ndarray, start: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Pressure of a saturation and the flux of each edge; upstream is where the pressure was higher."""
    a, b = mesh.edges.T
    upstream = np.where(start[a] >= start[b], a, b)
    s = saturation[upstream]
    weight = mesh.coefficient * (s / CEMENT + (1.0 - s) / MARROW)
    n = len(mesh.points)
    number = np.cumsum(mesh.inner) - 1
    diagonal = (np.bincount(a, weight, n) + np.bincount(b, weight, n))[mesh.inner]
    both = mesh.inner[a] & mesh.inner[b]
    rows, columns, values = number[a[both]], number[b[both]], -weight[both]
    own = np.arange(len(diagonal))
    matrix = csr_array(
        (
            np.concatenate([values, values, diagonal]),
            (np.concatenate([rows, columns, own]), np.concatenate([columns, rows, own])),
        )
    )
    pressure = np.zeros(n)
    pressure[mesh.inner] = solve(matrix, RATE * mesh.source[mesh.inner], start[mesh.inner])
    return pressure, weight * (pressure[a] - pressure[b])


def _transport(
    mesh: Mesh, saturation: np.ndarray, pressure: np.ndarray, flux: np.ndarray, dt: float
) -> np.ndarray:
    """Saturation after a step with given fluxes, in parts that hold the Courant number at the front down."""
    n = len(mesh.points)
    start = np.where(flux >= 0.0, mesh.edges[:, 0], mesh.edges[:, 1])
    end = np.where(flux >= 0.0, mesh.edges[:, 1], mesh.edges[:, 0])
    through = np.abs(flux)
    out = np.bincount(start, through, n)
    arriving = ((saturation > 0.02) & (saturation < 0.98)) | (mesh.source > 0.0)
    courant = (out[arriving] * dt / mesh.pores[arriving]).max()
    parts = int(np.clip(np.ceil(courant / COURANT), 1, 200))
    cloud = (saturation > TRACE) | (mesh.source > 0.0)
    for _ in range(RINGS + parts // 2):
        cloud[end[cloud[start]]] = True
    order = np.flatnonzero(cloud)
    order = order[np.argsort(-pressure[order], kind="stable")]
    number = np.full(n, -1)
    number[order] = np.arange(len(order))
    inside = cloud[start] & cloud[end]
    coupled = _Coupled(number[start[inside]], number[end[inside]], through[inside], out[order])
    local = saturation[order]
    for _ in range(parts):
        local = _implicit(coupled, mesh.pores[order] * parts / dt, RATE * mesh.source[order], local)
    result = saturation.copy()
    result[order] = local
    return result


class _Coupled:
    """Fluxes between vertices in the order of falling pressure: next to all of them below the diagonal."""

    def __init__(self, start: np.ndarray, end: np.ndarray, flux: np.ndarray, out: np.ndarray) -> None:
        own = np.arange(len(out))
        self._matrix = coo_array(
            (np.concatenate([-flux, out]), (np.concatenate([end, own]), np.concatenate([start, own])))
        ).tocsc()
        self._matrix.sort_indices()
        # The few against the order count in the residual only: with them the factor would fill.
        self._lower = tril(self._matrix, format="csc")
        self._lower.sort_indices()
        self._diagonal = self._lower.indptr[:-1].copy()  # the first of each column

    def net(self, f: np.ndarray) -> np.ndarray:
        """Cement that leaves each vertex, less what arrives there."""
        return self._matrix @ f

    def solve(self, slope: np.ndarray, rhs: np.ndarray) -> np.ndarray:
        """Solution with the lower triangle and this much more on the diagonal."""
        matrix = self._lower.copy()
        matrix.data[self._diagonal] += slope
        return splu(matrix, permc_spec="NATURAL", diag_pivot_thresh=0.0).solve(rhs)


def _implicit(coupled: _Coupled, pores: np.ndarray, source: np.ndarray, s: np.ndarray) -> np.ndarray:
    """One implicit upwind step, for the fractional flow f, as in it the coupling is linear.

    D S(f) + net outflow of f = D S_old + source, with S(f) = M f / (1 + (M - 1) f) concave: Newton's method comes to
    the solution from below, whatever the step.
    """
    ratio = CEMENT / MARROW
    f = s / (s + ratio * (1.0 - s))
    given = pores * s + source
    for _ in range(60):
        below = 1.0 + (ratio - 1.0) * f
        residual = given - pores * ratio * f / below - coupled.net(f)
        if np.abs(residual).max() <= 1e-7 * source.max():
            break
        f = np.maximum(f + coupled.solve(pores * ratio / below**2, residual), 0.0)
    # What an update leaves over goes into the saturation, so that nothing is lost.
    return (given - coupled.net(f)) / pores
