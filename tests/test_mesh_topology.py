"""Edges, matrix patterns, faces and pieces of tetrahedra against straightforward ways to find them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import Delaunay

from cementflow.mesh import topology
from cementflow.mesh.box import box_mesh
from cementflow.mesh.lattice import by_lowest_vertex, lattice_constant
from cementflow.mesh.stuffing import stuff
from cementflow.mesh.tetmesh import TetMesh, components, match_faces, touching


def delaunay(seed: int, n: int = 120) -> np.ndarray:
    """Tetrahedra of random points, as they come."""
    tets: np.ndarray = Delaunay(np.random.default_rng(seed).random((n, 3))).simplices
    return tets.astype(np.int32)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_edges_are_all_distinct_pairs_in_order(seed: int) -> None:
    tets = delaunay(seed)
    edges, tet_edges = topology.number_edges(tets.view(np.uint32), 120)
    pairs = np.sort(tets[:, topology.TET_EDGES], axis=2)
    assert np.array_equal(edges, np.unique(pairs.reshape(-1, 2), axis=0))
    assert np.array_equal(edges[tet_edges], pairs)
    assert edges.dtype == tet_edges.dtype == np.uint32


def test_a_row_has_its_neighbours_and_itself_in_order() -> None:
    tets = delaunay(4)
    edges, _ = topology.number_edges(tets.view(np.uint32), 120)
    start, column, behind = topology.row_pattern(edges, 120)
    joined = np.eye(120, dtype=bool)
    joined[edges[:, 0], edges[:, 1]] = joined[edges[:, 1], edges[:, 0]] = True
    row = np.repeat(np.arange(120), np.diff(start.astype(int)))
    assert np.array_equal(np.stack([row, column], axis=1), np.argwhere(joined))
    off = behind >= 0
    assert np.array_equal(column[~off], np.arange(120))
    assert np.array_equal(row[~off], column[~off])
    assert np.array_equal(np.sort(np.stack([row, column], axis=1)[off], axis=1), edges[behind[off]])


def test_boundary_is_what_one_tetrahedron_alone_has() -> None:
    tets = delaunay(5)
    faces = tets[:, topology.TET_FACES].reshape(-1, 3)
    _, inverse, count = np.unique(np.sort(faces, axis=1), axis=0, return_inverse=True, return_counts=True)
    assert np.array_equal(match_faces(tets).boundary, faces[count[inverse.ravel()] == 1])


def test_badly_shared_faces_are_counted() -> None:
    """Three tetrahedra on the same side of one triangle: one too many, and two pairs that overlap."""
    tets = np.array([[0, 1, 2, 3], [0, 1, 2, 4], [0, 1, 2, 5]], np.int32)
    faces = match_faces(tets)
    assert (faces.crowded, faces.overlapping, len(faces.boundary)) == (1, 2, 9)
    turned = match_faces(np.array([[0, 1, 2, 3], [0, 2, 1, 4]], np.int32))
    assert (turned.crowded, turned.overlapping, len(turned.boundary)) == (0, 0, 6)


@pytest.mark.parametrize("kept", [6, 25, 300])
def test_pieces_are_those_of_the_graph(kept: int) -> None:
    tets = np.ascontiguousarray(delaunay(6)[:kept])
    rows, columns = tets[:, [0, 1, 2]].ravel(), tets[:, [1, 2, 3]].ravel()
    graph = coo_array((np.ones(len(rows)), (rows, columns)), shape=(120, 120))
    count, label = connected_components(graph, directed=False)
    found, own = components(120, tets)
    assert found == count
    assert np.array_equal(own, label)


def test_touching_marks_tetrahedra_by_their_vertices() -> None:
    tets = delaunay(7)
    marked = np.random.default_rng(0).random(120) < 0.05
    assert np.array_equal(touching(tets, marked), marked[tets].any(axis=1))


def test_kernels_read_the_tetrahedra_in_place() -> None:
    mesh = box_mesh([0.01] * 3, 3e-3)
    assert np.shares_memory(mesh.indices, mesh.tets)


def longest_step(mesh: TetMesh) -> int:
    """Largest difference of the numbers of two neighbours: the bandwidth of the matrix."""
    return int((mesh.edges[:, 1] - mesh.edges[:, 0]).max())


def test_vertices_are_numbered_plane_by_plane() -> None:
    """Neighbours are at most two planes of the lattice apart, the planes across the longest side, in any direction."""
    for axis in range(3):
        size = np.full(3, 0.01)
        size[axis] = 0.03
        mesh = box_mesh(size, 1.5e-3)
        plane = (round(0.01 / lattice_constant(1.5e-3)) + 1) ** 2
        assert longest_step(mesh) < 3 * plane
        assert (np.diff(mesh.tets.min(axis=1)) >= 0).all()
    shuffle = np.random.default_rng(0).permutation(len(mesh.points))
    worse = TetMesh.build(mesh.points[np.argsort(shuffle)], shuffle[mesh.tets])
    assert longest_step(worse) > 10 * longest_step(mesh)


def test_a_cut_shape_is_numbered_plane_by_plane_too() -> None:
    stretch = np.array([1.0, 1.0, 2.0])
    mesh = stuff(lambda p: np.linalg.norm(p / stretch, axis=1) - 0.9, -stretch, stretch, 0.12).mesh
    height = mesh.points[:, 2]
    assert np.ptp(height[mesh.edges], axis=1).max() < 2 * lattice_constant(0.12)
    step = np.diff(height)
    assert step.min() > -lattice_constant(0.12)
    assert longest_step(mesh) < 0.12 * len(mesh.points)


def test_order_by_lowest_vertex_keeps_ties_as_they_were() -> None:
    tets = np.array([[5, 6, 7, 3], [4, 1, 2, 3], [9, 8, 7, 3]])
    assert by_lowest_vertex(tets).tolist() == [[4, 1, 2, 3], [5, 6, 7, 3], [9, 8, 7, 3]]
