"""Broken, thinned and missing wall, as openings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from cementflow.case import DefectSpec, RegionSpec
from cementflow.mesh.samples import Samples
from cementflow.sites.compartments import Behind
from cementflow.sites.entrance import BREADTH, crack_entrance, hole_entrance
from cementflow.sites.locate import locate
from cementflow.sites.outlets import Opening
from cementflow.sites.path import surface_path
from cementflow.sites.wall import Wall
from cementflow.sites.windows import Window, window

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
# A wall that is gone stands for this much bone [m]: next to nothing against the millimetres of bone behind it, and
# no larger a conductance than the linear solver takes well.
GONE = 20e-6


def build_defect(
    spec: DefectSpec,
    wall: Wall,
    source: Floats,
    needle: float | None,
    backward: Floats,
    behind: Behind,
    regions: Sequence[RegionSpec] = (),
) -> tuple[Opening, Floats] | None:
    """Opening of a defect, and the area of the wall that it covers at each of its vertices [m2].

    None for a wall that is lost within a region which does not reach it.

    Parameters
    ----------
    spec
        As stated.
    wall
        That it is in.
    source
        Share of the injected cement that enters each vertex, shape (n,): where a track begins.
    needle
        Outer diameter of the needle [m], where its gauge tells.
    backward
        Unit vector from the tip of the needle to its hub.
    behind
        What lies behind it.
    regions
        Of the bone.
    """
    if spec.shape == "track":
        return _track(spec, wall, source, needle, backward, behind)
    if spec.shape == "crack":
        return _crack(spec, wall, behind)
    hole = window(spec, wall, needle, regions)
    return None if hole is None else _hole(spec, wall, hole, behind)


def slit_transmissibility(width: float, thickness: Floats) -> Floats:
    """Of a slit through a wall, for each metre of its length [m2]: w^3 / (12 t).

    Between two plates at a distance w the mean speed is w^2 / (12 mu) dp / t (plane Poiseuille flow), through w of
    height for each metre of length: Q / l = w^3 dp / (12 mu t), the cubic law.
    """
    return width**3 / (12.0 * thickness)


def gap_transmissibility(diameter: float, width: float, length: float) -> float:
    """Of the gap around a needle [m3]: pi D w^3 / (12 L), a slit of the length pi D bent round; for w << D."""
    return np.pi * diameter * width**3 / (12.0 * length)


def _hole(spec: DefectSpec, wall: Wall, hole: Window, behind: Behind) -> tuple[Opening, Floats]:
    samples, spot, mesh = hole.samples, hole.spot, wall.geometry.mesh
    bone = wall.bone_behind(samples)
    k = bone if spec.permeability is None else spec.permeability
    through = samples.area * k / _thickness(spec, wall, samples)
    if spec.shape != "zone" or spec.within is not None:  # nothing converges on a whole wall
        entrance = hole_entrance(hole.radius, mesh.mean_edge_length, float(bone.mean()))
        through /= 1.0 + float(np.sum(through)) * entrance
    _, covered = samples.spread(mesh, samples.area)
    return _opening(
        spec, behind, samples.spread(mesh, through), spot.center, hole.radius, spot.outward
    ), covered


def _crack(spec: DefectSpec, wall: Wall, behind: Behind) -> tuple[Opening, Floats]:
    assert spec.points is not None
    assert spec.width is not None
    mesh = wall.geometry.mesh
    edge = mesh.mean_edge_length
    path = surface_path(
        wall.surface,
        np.array([locate(p, wall.geometry.frame) for p in spec.points]),
        BREADTH * edge,
    )
    length = path.area  # of each piece: a path has lengths in place of areas
    slit = slit_transmissibility(spec.width, _thickness(spec, wall, path))
    through = length * slit / (1.0 + slit * crack_entrance(spec.width, edge, wall.bone_behind(path)))
    _, covered = path.spread(mesh, length * spec.width)
    middle = len(length) // 2
    radius = float(np.sqrt(spec.width * np.sum(length) / np.pi))
    outward = wall.surface.normals[path.face[middle]]
    return _opening(spec, behind, path.spread(mesh, through), path.center[middle], radius, outward), covered


def _track(
    spec: DefectSpec, wall: Wall, source: Floats, needle: float | None, backward: Floats, behind: Behind
) -> tuple[Opening, Floats]:
    """Back-flow along the needle, from where the cement comes out to where the needle enters the bone."""
    assert spec.width is not None
    assert spec.length is not None
    diameter = spec.diameter if spec.diameter is not None else needle or 0.0
    vertices = np.flatnonzero(source > 0.0).astype(np.int32)
    through = gap_transmissibility(diameter, spec.width, spec.length) * source[vertices]
    start = np.sum(source[vertices, None] * wall.geometry.mesh.points[vertices], axis=0)
    opening = _opening(spec, behind, (vertices, through), start, 0.5 * diameter, backward)
    opening = replace(opening, exit=start + spec.length * backward)
    return opening, np.zeros(len(vertices))


def _thickness(spec: DefectSpec, wall: Wall, samples: Samples) -> Floats:
    """What fluid has to go through at some samples [m]."""
    stated = wall.thickness(samples) if spec.thickness is None else np.full(len(samples.area), spec.thickness)
    return np.maximum(stated, GONE)


def _opening(
    spec: DefectSpec,
    behind: Behind,
    through: tuple[Ints, Floats],
    center: Floats,
    radius: float,
    outward: Floats,
) -> Opening:
    return Opening(
        spec.name,
        spec.type,
        *through,
        behind.pressure,
        center,
        radius,
        outward,
        label=behind.name,
        confined=behind.confined,
    )
