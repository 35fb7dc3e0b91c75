"""Closed surfaces, put in order; signed distance to them."""

from __future__ import annotations

import contextlib
from pathlib import Path

import numpy as np
import pytest
import pyvista as pv
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cementflow.errors import MeshError
from cementflow.mesh.bvh import SurfaceDistance
from cementflow.mesh.surface import Surface, read_surface


def arrays(data: pv.PolyData) -> tuple[np.ndarray, np.ndarray]:
    """Points and triangles of a shape."""
    return np.array(data.points, float), data.triangulate().faces.reshape(-1, 4)[:, 1:].copy()


BALL = arrays(pv.Icosphere(radius=0.02, nsub=3))
RING = arrays(pv.ParametricTorus(ringradius=0.02, crosssectionradius=0.006, u_res=40, v_res=24, w_res=24))
QUERIES = np.random.default_rng(0).uniform(-0.035, 0.035, (400, 3))


def as_text(points: np.ndarray, polygons: list[list[int]], form: str) -> bytes:
    """An OBJ, ASCII STL, or ASCII PLY file."""
    if form == "obj":
        rows = [f"v {x} {y} {z}" for x, y, z in points] + ["vn 0 0 1"]
        rows += ["f " + " ".join(f"{k + 1}//1" for k in p) for p in polygons]
    elif form == "stl":
        rows = ["solid a"]
        for p in polygons:
            rows += ["facet normal 0 0 1", "outer loop"]
            rows += ["vertex {} {} {}".format(*points[k]) for k in p] + ["endloop", "endfacet"]
    else:
        rows = ["ply", "format ascii 1.0", f"element vertex {len(points)}"]
        rows += [f"property double {a}" for a in "xyz"] + [f"element face {len(polygons)}"]
        rows += ["property list uchar int vertex_indices", "end_header"]
        rows += ["{} {} {}".format(*p) for p in points] + [
            f"{len(p)} {' '.join(map(str, p))}" for p in polygons
        ]
    return "\n".join(rows).encode() + b"\n"


def as_bytes(points: np.ndarray, polygons: list[list[int]], order: str) -> bytes:
    """A binary PLY file with an element before the faces and another list after them."""
    name = {"<": "little", ">": "big"}[order]
    head = ["ply", f"format binary_{name}_endian 1.0", "comment x", f"element vertex {len(points)}"]
    head += ["property float x", "property float y", "property float z", "property uchar red"]
    head += ["element extra 2", "property short s", f"element face {len(polygons)}"]
    head += ["property list uchar uint vertex_index", "end_header"]
    row = np.dtype([("p", order + "f4", 3), ("red", "u1")])
    table = np.zeros(len(points), row)
    table["p"] = points
    faces = b"".join(bytes([len(p)]) + np.array(p, order + "u4").tobytes() for p in polygons)
    return "\n".join(head).encode() + b"\n" + table.tobytes() + bytes(4) + faces


CUBE = np.stack(np.meshgrid([0.0, 1.0], [0.0, 1.0], [0.0, 1.0], indexing="ij"), -1).reshape(-1, 3)
SQUARES = [[0, 1, 3, 2], [4, 6, 7, 5], [0, 4, 5, 1], [2, 3, 7, 6], [0, 2, 6, 4], [1, 5, 7, 3]]


@pytest.mark.parametrize("suffix", ["ply", "stl", "vtp"])
@pytest.mark.parametrize("binary", [True, False])
def test_files_that_vtk_writes(tmp_path: Path, suffix: str, binary: bool) -> None:
    path = tmp_path / f"ball.{suffix}"
    pv.Icosphere(radius=20, nsub=3).save(path, binary=binary)
    surface = read_surface(path, 1e-3)
    assert len(surface.points) == 642
    assert surface.notes == ()
    assert surface.volume == pytest.approx(4 / 3 * np.pi * 0.02**3, rel=0.01)


@pytest.mark.parametrize("form", ["obj", "ply", "<", ">"])
def test_squares_become_triangles(tmp_path: Path, form: str) -> None:
    data = as_bytes(CUBE, SQUARES, form) if form in "<>" else as_text(CUBE, SQUARES, form)
    path = tmp_path / ("a.obj" if form == "obj" else "a.ply")
    path.write_bytes(data)
    surface = read_surface(path)
    assert len(surface.triangles) == 12
    assert surface.volume == pytest.approx(1)


@pytest.mark.parametrize("form", ["obj", "stl", "ply", "<", ">"])
def test_own_readers_agree(tmp_path: Path, form: str) -> None:
    points, triangles = BALL
    data = (
        as_bytes(points, triangles.tolist(), form)
        if form in "<>"
        else as_text(points, triangles.tolist(), form)
    )
    path = tmp_path / ("a.ply" if form in "<>" else f"a.{form}")
    path.write_bytes(data)
    surface = read_surface(path)
    assert len(surface.triangles) == len(triangles)
    assert surface.volume == pytest.approx(Surface.build(points, triangles).volume, rel=1e-6)


def test_numbers_of_obj_files_may_count_back(tmp_path: Path) -> None:
    text = as_text(CUBE, [], "obj").decode() + "\n".join(
        "f " + " ".join(str(k - 8) for k in p) for p in SQUARES
    )
    (tmp_path / "a.obj").write_text(text)
    assert read_surface(tmp_path / "a.obj").volume == pytest.approx(1)
    (tmp_path / "a.obj").write_text(text + "\nf 0 1 2")
    with pytest.raises(MeshError, match="numbered from 1"):
        read_surface(tmp_path / "a.obj")


def test_genus_is_reported() -> None:
    assert any("genus 1" in note for note in Surface.build(*RING).notes)
    assert not Surface.build(*BALL).notes


def test_turned_triangles_are_turned_back() -> None:
    points, triangles = BALL
    turned = triangles.copy()
    some = np.random.default_rng(1).choice(len(turned), 30, replace=False)
    turned[some] = turned[some][:, ::-1]
    surface = Surface.build(points, turned)
    assert surface.notes == ("30 of 1280 triangles were turned to face outward",)
    assert surface.volume == pytest.approx(Surface.build(*BALL).volume)


def test_inside_out_surface_is_turned() -> None:
    points, triangles = BALL
    assert Surface.build(points, triangles[:, ::-1]).volume == pytest.approx(Surface.build(*BALL).volume)


def test_holes_are_counted() -> None:
    points, triangles = BALL
    surface = Surface.build(points, np.delete(triangles, [0, 700], axis=0))
    assert surface.notes == ("2 holes (6 open edges); closed by the winding number",)


def test_loose_triangles_are_merged_and_flat_ones_dropped() -> None:
    points, triangles = BALL
    soup = points[triangles].reshape(-1, 3)
    loose = np.vstack([np.arange(len(soup)).reshape(-1, 3), [[0, 0, 1], [0, 1, 2]]])
    surface = Surface.build(soup, loose)
    assert len(surface.points) == len(points)
    assert len(surface.triangles) == len(triangles)
    assert surface.notes == ("1 degenerate triangles dropped", "1 doubled triangles dropped")


def test_separate_pieces_and_crowded_edges_are_noted() -> None:
    points, triangles = BALL
    both = np.vstack([points, points + 0.1])
    twice = np.vstack([triangles, triangles + len(points)])
    assert any("2 separate pieces" in note for note in Surface.build(both, twice).notes)
    fin = np.vstack([points, [[0.05, 0, 0]]])
    edge = np.append(triangles[0][:2], len(points))
    notes = Surface.build(fin, np.vstack([triangles, [edge]])).notes
    assert any("more than two triangles" in note for note in notes)


@pytest.mark.parametrize(
    ("points", "triangles", "words"),
    [
        (BALL[0] * np.nan, BALL[1], "NaN"),
        (BALL[0], BALL[1] + 5, "refer to vertex"),
        (BALL[0][:, :2], BALL[1], "shape"),
        (BALL[0], BALL[1][:0], "m > 0"),
        (BALL[0], BALL[1][:3], "closed surface"),
        (BALL[0] * [1, 1, 0], BALL[1], "no volume"),
        (BALL[0] * 0, BALL[1], "closed surface"),
    ],
)
def test_bad_surfaces_are_refused(points: np.ndarray, triangles: np.ndarray, words: str) -> None:
    with pytest.raises(MeshError, match=words):
        Surface.build(points, triangles)


@pytest.mark.parametrize("form", ["obj", "stl", "ply", "<"])
@given(
    places=st.lists(
        st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=4
    ),
    cut=st.one_of(st.just(1.0), st.floats(0.05, 1.0)),
)
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
def test_damaged_files_raise_nothing_but_mesh_errors(
    tmp_path: Path, form: str, places: list[tuple[float, int]], cut: float
) -> None:
    triangles = [[p[0], p[k], p[k + 1]] for p in SQUARES for k in (1, 2)]
    data = bytearray(as_bytes(CUBE, SQUARES, form) if form == "<" else as_text(CUBE, triangles, form))
    for share, value in places:
        data[int(share * len(data))] = value
    path = tmp_path / ("a.ply" if form == "<" else f"a.{form}")
    path.write_bytes(data[: max(1, int(cut * len(data)))])
    with contextlib.suppress(MeshError):
        assert read_surface(path).volume > 0


def test_distance_and_sign_of_a_ball() -> None:
    """The facets of the ball lie inside of it by at most the sagitta."""
    points, triangles = BALL
    found = SurfaceDistance(points, triangles.astype(np.int32))(QUERIES)
    exact = np.linalg.norm(QUERIES, axis=1) - 0.02
    assert np.abs(found - exact).max() < 1.5e-4
    clear = np.abs(exact) > 1e-3
    assert (np.sign(found) == np.sign(exact))[clear].all()


def test_distance_agrees_with_brute_force() -> None:
    points, triangles = RING
    surface = Surface.build(points, triangles)
    found = SurfaceDistance(surface.points, surface.triangles).distance(QUERIES[:100])
    dense = pv.PolyData(surface.points, np.c_[np.full(len(surface.triangles), 3), surface.triangles].ravel())
    _, closest = dense.find_closest_cell(QUERIES[:100], return_closest_point=True)
    assert np.allclose(found, np.linalg.norm(closest - QUERIES[:100], axis=1), rtol=1e-9, atol=1e-12)


def test_winding_number_of_dipoles_agrees_with_the_sum_of_solid_angles() -> None:
    points, triangles = RING
    surface = Surface.build(points, triangles)
    far = SurfaceDistance(surface.points, surface.triangles).winding(QUERIES)
    corner = surface.points[surface.triangles][None] - QUERIES[:, None, None]
    a, b, c = (corner[:, :, k] for k in range(3))
    la, lb, lc = (np.linalg.norm(v, axis=2) for v in (a, b, c))
    dot = lambda u, v: np.einsum("qti,qti->qt", u, v)  # noqa: E731
    angle = 2 * np.arctan2(
        dot(a, np.cross(b, c)), la * lb * lc + dot(a, b) * lc + dot(b, c) * la + dot(c, a) * lb
    )
    assert np.allclose(far, angle.sum(axis=1) / (4 * np.pi), atol=0.1)
    assert np.abs(far - np.rint(far)).max() < 0.1


def test_sign_survives_holes_and_turned_triangles() -> None:
    points, triangles = BALL
    rng = np.random.default_rng(3)
    bad = np.delete(triangles, rng.choice(len(triangles), 13, replace=False), axis=0)
    turned = rng.choice(len(bad), 13, replace=False)
    bad[turned] = bad[turned][:, ::-1]
    found = SurfaceDistance(points, bad.astype(np.int32))(QUERIES)
    exact = np.linalg.norm(QUERIES, axis=1) - 0.02
    clear = np.abs(exact) > 2e-3
    assert (np.sign(found) == np.sign(exact))[clear].all()


def test_half_a_ball_is_not_taken_for_closed() -> None:
    """Negative control: with half of the triangles gone the winding number is far from 0 and 1."""
    points, triangles = BALL
    middle = points[triangles].mean(axis=1)
    winding = SurfaceDistance(points, triangles[middle[:, 2] > 0].astype(np.int32)).winding(np.zeros((1, 3)))
    assert winding[0] == pytest.approx(0.5, abs=0.05)
