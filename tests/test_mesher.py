"""Isosurface stuffing: angles, volumes, conformity, and surfaces with flaws."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cementflow.errors import MeshError
from cementflow.mesh.bvh import SurfaceDistance
from cementflow.mesh.fidelity import surface_fidelity
from cementflow.mesh.lattice import Lattice, half_coordinates, lattice_constant
from cementflow.mesh.quality import mesh_quality
from cementflow.mesh.stencils import cut_tets
from cementflow.mesh.stuffing import (
    ALPHA_LONG,
    ALPHA_SHORT,
    DIHEDRAL_BOUNDS,
    Distance,
    _snap,
    _touched_tets,
    cut_edges,
    lattice_values,
    stuff,
)
from cementflow.mesh.surface import Surface, read_surface
from cementflow.mesh.tetmesh import TetMesh, match_faces, signed_volumes

DATA = Path(__file__).parents[2] / "shared/data"
SURFACES = [
    *(f"remus_visible_human/L{n}_{part}.obj" for n in (2, 3, 4) for part in ("body", "Schrumpfverpacken")),
    *(f"clouthier_mean_L2-L5/L{n}_mean.ply" for n in (2, 3, 4, 5)),
]
REACH = np.full(3, 1.0)


@cache
def shared_surface(name: str) -> Surface:
    """Surface of the shared data, in metres."""
    if not (DATA / name).is_file():
        pytest.skip(f"{name} is not in the shared data")
    return read_surface(DATA / name, 1e-3 if name.endswith("ply") else 1.0)


def ball(points: np.ndarray) -> np.ndarray:
    """Signed distance to a ball of radius 0.9."""
    return np.linalg.norm(points, axis=1) - 0.9


def assert_within_bounds(mesh: TetMesh) -> None:
    low, high = mesh_quality(mesh).dihedral
    assert low >= DIHEDRAL_BOUNDS[0]
    assert high <= DIHEDRAL_BOUNDS[1]


@pytest.mark.parametrize("name", SURFACES)
def test_real_surfaces(name: str) -> None:
    surface = shared_surface(name)
    distance = SurfaceDistance(surface.points, surface.triangles)
    made = stuff(distance, surface.low, surface.high, 2e-3)
    assert made.notes == ()
    assert_within_bounds(made.mesh)
    assert made.mesh.volumes.sum() == pytest.approx(surface.volume, rel=0.02)
    fidelity = surface_fidelity(made.mesh, surface, distance)
    assert fidelity.to_shape.rms < 0.1e-3
    assert fidelity.from_shape is not None
    assert fidelity.from_shape.largest < 1.5e-3


@pytest.mark.parametrize("name", ["clouthier_mean_L2-L5/L3_mean.ply", "remus_visible_human/L3_body.obj"])
@pytest.mark.parametrize("flaw", ["holes", "turned"])
def test_flawed_surfaces_give_nearly_the_same_mesh(name: str, flaw: str) -> None:
    good = shared_surface(name)
    rng = np.random.default_rng(5)
    some = rng.choice(len(good.triangles), len(good.triangles) // 100, replace=False)
    if flaw == "holes":
        flawed = Surface.build(good.points, np.delete(good.triangles, some, axis=0))
        assert any("holes" in note for note in flawed.notes)
    else:
        triangles = good.triangles.copy()
        triangles[some] = triangles[some][:, ::-1]
        flawed = Surface.build(good.points, triangles)
        assert any(f"{len(some)} of" in note for note in flawed.notes)
    meshes = [
        stuff(SurfaceDistance(s.points, s.triangles), good.low, good.high, 4e-3).mesh for s in (good, flawed)
    ]
    assert_within_bounds(meshes[1])
    assert meshes[1].volumes.sum() == pytest.approx(meshes[0].volumes.sum(), rel=3e-3)
    assert len(meshes[1].tets) == pytest.approx(len(meshes[0].tets), rel=0.01)
    distance = SurfaceDistance(good.points, good.triangles).distance(
        meshes[1].points[np.unique(meshes[1].boundary)]
    )
    assert np.sqrt((distance**2).mean()) < 0.1e-3


def wavy(seed: int, size: float, waves: float) -> tuple[Distance, float]:
    """A lumpy ball as a level set, and its largest slope."""
    rng = np.random.default_rng(seed)
    wave, phase = rng.normal(size=(6, 3)) * waves, rng.uniform(0, 6, 6)
    slope = 1 + size * np.linalg.norm(wave, axis=1).mean()

    def level(points: np.ndarray) -> np.ndarray:
        return np.linalg.norm(points, axis=1) - 0.8 + size * np.sin(points @ wave.T + phase).mean(axis=1)

    return level, slope


@given(st.integers(0, 10**6), st.floats(0, 0.15), st.floats(0.5, 8), st.floats(0.1, 0.3))
@settings(max_examples=8, deadline=None)
def test_any_shape_is_meshed_within_the_bounds(seed: int, size: float, waves: float, edge: float) -> None:
    level, slope = wavy(seed, size, waves)
    mesh = stuff(level, -REACH, REACH, edge, slope).mesh
    assert_within_bounds(mesh)
    on_surface = np.abs(level(mesh.points[np.unique(mesh.boundary)]))
    assert on_surface.max() < 0.02 * edge
    if slope < 2:
        # Chords cut off a share that grows with the square of the edge; thin lumps may lose a little more.
        assert mesh.volumes.sum() == pytest.approx(level_volume(level), rel=0.03 + 1.5 * edge**2)


def level_volume(level: Distance) -> float:
    """Volume where a level set is negative, by counting."""
    x = np.linspace(-1, 1, 61)
    grid = np.stack(np.meshgrid(x, x, x, indexing="ij"), -1).reshape(-1, 3)
    return float((level(grid) < 0).mean() * (2 * 61 / 60) ** 3)


def random_cuts(seed: int, inside: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Tetrahedra cut at random places by random signs, at the worst places more often.

    No smooth surface cuts like this: it is the worst that may happen to the stencils. Returns points,
    tetrahedra and which points are on the surface.
    """
    rng = np.random.default_rng(seed)
    lattice = Lattice(np.zeros(3), 1.0, (16, 16, 16))
    count = lattice.corners + 16**3
    half = half_coordinates(np.arange(count), lattice.shape)
    value = np.where(rng.random(count) < inside, -1.0, 1.0)
    value[((half < 2) | (half > 30)).any(axis=1)] = 1.0
    edges = cut_edges(value, lattice)
    alpha = np.where(edges.long, ALPHA_LONG, ALPHA_SHORT)
    near = 1e-9
    worst = np.stack(
        [alpha + near, 1 - alpha - near, alpha - near, 1 - alpha + near, 0.5 + 0 * alpha], axis=1
    )
    pick = worst[np.arange(len(alpha)), rng.integers(0, 5, len(alpha))]
    fraction = np.where(rng.random(len(alpha)) < 0.7, pick, rng.random(len(alpha)))
    points = lattice.points(np.arange(count))
    cuts = points[edges.a] + fraction[:, None] * (points[edges.b] - points[edges.a])
    snapped = _snap(count, edges, fraction)
    sign = np.sign(value).astype(np.int8)
    sign[snapped >= 0] = 0
    points[snapped >= 0] = cuts[snapped[snapped >= 0]]
    everything = np.concatenate([points, cuts])
    tets = cut_tets(_touched_tets(sign, lattice), sign, edges.a, edges.b, everything, lattice.shape)
    volume = signed_volumes(everything, tets)
    tets[volume < 0] = tets[volume < 0][:, [0, 1, 3, 2]]
    return everything, tets, np.concatenate([sign == 0, np.ones(len(cuts), bool)])


@pytest.mark.parametrize("inside", [0.2, 0.35, 0.5, 0.65, 0.8])
@pytest.mark.parametrize("seed", [1, 2])
def test_stencils_conform_and_keep_the_bounds_for_random_cuts(seed: int, inside: float) -> None:
    points, tets, on_surface = random_cuts(seed, inside)
    low, high = mesh_quality(TetMesh(points, tets, np.zeros(len(tets), np.int32))).dihedral
    assert low >= DIHEDRAL_BOUNDS[0]
    assert high <= DIHEDRAL_BOUNDS[1]
    faces = match_faces(tets)
    assert (faces.crowded, faces.overlapping) == (0, 0)
    # Two tetrahedra that split a shared quadrilateral differently would leave inner faces as boundary.
    assert on_surface[faces.boundary].all()


def test_the_bounds_depend_on_moving_points() -> None:
    """Negative control: without moving lattice points the angles leave the bounds."""
    lattice = Lattice.around(-REACH, REACH, 0.3)
    value = lattice_values(ball, lattice)
    edges = cut_edges(value, lattice)
    share = value[edges.a] / (value[edges.a] - value[edges.b])
    points = lattice.points(np.arange(len(value)))
    cuts = points[edges.a] + share[:, None] * (points[edges.b] - points[edges.a])
    sign = np.sign(value).astype(np.int8)
    everything = np.concatenate([points, cuts])
    tets = cut_tets(_touched_tets(sign, lattice), sign, edges.a, edges.b, everything, lattice.shape)
    volume = signed_volumes(everything, tets)
    tets[volume < 0] = tets[volume < 0][:, [0, 1, 3, 2]]
    tets = tets[volume != 0]
    low, _ = mesh_quality(TetMesh(everything, tets, np.zeros(len(tets), np.int32))).dihedral
    assert low < DIHEDRAL_BOUNDS[0]


def test_ball_converges() -> None:
    volume = [stuff(ball, -REACH, REACH, edge).mesh.volumes.sum() for edge in (0.2, 0.1)]
    error = 1 - np.array(volume) / (4 / 3 * np.pi * 0.9**3)
    assert 0 < error[1] < 0.01
    assert error[0] / error[1] == pytest.approx(4, rel=0.35)


def test_interior_is_an_exact_lattice_with_non_negative_coefficients() -> None:
    mesh = stuff(ball, -REACH, REACH, 0.12).mesh
    edges, value = mesh.edges, mesh_quality(mesh).coefficient
    half = mesh.points / (0.5 * lattice_constant(0.12))
    on_lattice = np.abs(half - np.rint(half)).max(axis=1) < 1e-9
    deep = np.linalg.norm(mesh.points, axis=1) < 0.9 - 2 * lattice_constant(0.12)
    assert on_lattice[deep].all()
    assert value[deep[edges].all(axis=1)].min() > -1e-12
    assert 0 < mesh_quality(mesh).negative_share < 0.2


def test_mean_edge_length_is_close_to_what_was_asked_for() -> None:
    assert stuff(ball, -REACH, REACH, 0.08).mesh.mean_edge_length == pytest.approx(0.08, rel=0.04)


def test_same_input_same_bytes() -> None:
    one, two = (stuff(ball, -REACH, REACH, 0.15).mesh for _ in range(2))
    assert one.points.tobytes() == two.points.tobytes()
    assert one.tets.tobytes() == two.tets.tobytes()


@given(st.tuples(*[st.floats(-50, 50)] * 3))
@settings(max_examples=6, deadline=None)
def test_moved_shape_gets_the_moved_mesh(shift: tuple[float, float, float]) -> None:
    move = np.array(shift)
    level, slope = wavy(4, 0.1, 2.0)
    here = stuff(level, -REACH, REACH, 0.2, slope).mesh
    there = stuff(lambda p: level(p - move), move - REACH, move + REACH, 0.2, slope).mesh
    assert np.array_equal(here.tets, there.tets)
    assert np.allclose(here.points, there.points - move, atol=1e-9)


def test_largest_piece_is_kept_with_a_note() -> None:
    def two(points: np.ndarray) -> np.ndarray:
        small = np.linalg.norm(points - [0.7, 0, 0], axis=1) - 0.2
        return np.minimum(np.linalg.norm(points + [0.4, 0, 0], axis=1) - 0.4, small)

    made = stuff(two, -REACH, REACH, 0.1)
    assert made.mesh.points[:, 0].max() < 0.05
    assert len(made.notes) == 1
    assert "1 separate pieces" in made.notes[0]


def test_flooding_changes_nothing() -> None:
    """Signs found by blocks equal those found point by point."""
    lattice = Lattice.around(-REACH, REACH, 0.06)
    calls = []

    def counted(points: np.ndarray) -> np.ndarray:
        calls.append(len(points))
        return ball(points)

    value = lattice_values(counted, lattice)
    every = ball(lattice.points(np.arange(len(value))))
    assert np.array_equal(np.sign(value), np.sign(every))
    assert sum(calls) < 0.8 * len(value)
    edges = cut_edges(value, lattice)
    ends = np.concatenate([edges.a, edges.b])
    assert np.array_equal(value[ends], every[ends])


def test_jumps_of_the_sign_are_found() -> None:
    """A distance that jumps from inside to outside, as at a hole, is cut at the jump."""
    mesh = stuff(
        lambda p: np.where(p[:, 0] > 0.2, 0.3, np.maximum(ball(p), -0.3)), -REACH, REACH, 0.15, 3.0
    ).mesh
    flat = np.unique(mesh.boundary)
    flat = flat[np.linalg.norm(mesh.points[flat], axis=1) < 0.7]
    assert np.abs(mesh.points[flat, 0] - 0.2).max() < 0.02


@pytest.mark.parametrize(
    ("edge", "words"), [(0.0, "edge length"), (np.nan, "edge length"), (1e-4, "coarsen"), (30.0, "too thin")]
)
def test_impossible_requests(edge: float, words: str) -> None:
    with pytest.raises(MeshError, match=words):
        stuff(lambda p: ball(p) + 0.8999, -REACH, REACH, edge)


def test_distance_that_is_not_finite_is_refused() -> None:
    with pytest.raises(MeshError, match="not finite"):
        stuff(lambda p: np.where(p[:, 0] > 0.4, np.nan, ball(p)), -REACH, REACH, 0.2)
