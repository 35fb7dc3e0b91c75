"""The levels of the linear solver, and what must hold of a solution whatever the matrix."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest
from numba import njit
from scipy.sparse import coo_array, csr_array, diags_array
from scipy.sparse.linalg import spsolve

from cementflow import threads
from cementflow.fem import atomics, conjugate_gradients, linear_solver
from cementflow.fem.coarse_patterns import level_patterns
from cementflow.fem.linear_solver import LinearResult, PressureSolver
from cementflow.fem.pressure_matrix import PressureMatrix
from cementflow.fem.sweeps import CALL, LINES, TAKEN, Levels
from cementflow.fem.vertex_groups import FEW, GROUP_SIZE, VertexGroups, group_vertices, one_group


def lattice(cells: int) -> tuple[np.ndarray, np.ndarray]:
    """Points of a cube of `cells` cells a side, and the edges between them, some of them across the cells."""
    k = np.arange(cells + 1)
    grid = np.stack(np.meshgrid(k, k, k, indexing="ij"), axis=-1).reshape(-1, 3)
    number = (grid[:, 0] * (cells + 1) + grid[:, 1]) * (cells + 1) + grid[:, 2]
    edges = []
    for step in ((1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 0), (0, 1, 1)):
        there = (grid + step <= cells).all(axis=1)
        other = (grid[there] + step) @ [(cells + 1) ** 2, cells + 1, 1]
        edges.append(np.stack([number[there], other], axis=1))
    return grid.astype(float), np.concatenate(edges)


def pattern_of(matrix: csr_array) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pattern of a symmetric matrix with its pairs, which are numbered as they come in the upper triangle."""
    rows, columns = matrix.tocoo().coords
    low, high = np.minimum(rows, columns), np.maximum(rows, columns)
    pairs = np.full(len(rows), -1, np.int32)
    off = rows != columns
    pairs[off] = np.unique(low[off] * matrix.shape[0] + high[off], return_inverse=True)[1]
    return matrix.indptr.astype(np.uint32), matrix.indices.astype(np.uint32), pairs


def stated(matrix: csr_array) -> PressureMatrix:
    """The matrix as the solver takes it."""
    rows, columns = matrix.tocoo().coords
    return PressureMatrix(matrix.diagonal(), -matrix.data[rows < columns])


class System:
    """Conductances on the edges of a lattice, a leak at some vertices, others whose pressure is known to be zero."""

    def __init__(self, cells: int, contrast: float, known: bool = False, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        self.points, edges = lattice(cells)
        n = len(self.points)
        self.fixed = (self.points[:, 0] == 0.0) & known
        middle = self.points[edges].mean(axis=1) - 0.5 * cells
        weight = np.where(np.linalg.norm(middle, axis=1) < 0.3 * cells, 1.0 / contrast, 1.0)
        weight *= rng.uniform(0.5, 1.0, len(edges))
        weight *= np.where(np.diff(self.points[edges][:, :, 2], axis=1).ravel() != 0.0, 0.3, 1.0)
        loose = self.fixed[edges].any(axis=1)
        diagonal = np.bincount(edges.ravel(), np.repeat(weight, 2), minlength=n)
        diagonal[self.points[:, 0] == cells] += 0.1
        rows = np.concatenate([edges[:, 0], edges[:, 1], np.arange(n)])
        columns = np.concatenate([edges[:, 1], edges[:, 0], np.arange(n)])
        off = np.where(loose, 0.0, -weight)
        # Explicit zeros stay in the pattern, as they do in a pressure system.
        self.matrix = csr_array(coo_array((np.concatenate([off, off, diagonal]), (rows, columns))))
        self.matrix.sort_indices()
        self.rhs = np.where(self.fixed, 0.0, rng.random(n) < 0.1).astype(float)
        self.groups = group_vertices(self.points, self.fixed)

    @property
    def pattern(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return pattern_of(self.matrix)

    @property
    def stated(self) -> PressureMatrix:
        return stated(self.matrix)

    def solve(self, tolerance: float, groups: VertexGroups | None = None) -> LinearResult:
        solver = PressureSolver(*self.pattern, groups or self.groups)
        return solver.solve(self.stated, self.rhs, np.zeros(len(self.rhs)), tolerance)

    def residual(self, x: np.ndarray) -> np.ndarray:
        return self.rhs - self.matrix @ x


# --- groups ---


def test_groups_form_a_tree_over_the_vertices_that_take_part() -> None:
    points, _ = lattice(30)
    left_out = points[:, 0] < 3.0
    groups = group_vertices(points, left_out)
    assert np.array_equal(np.sort(groups.order), np.flatnonzero(~left_out))
    size = len(groups.order)
    for level in groups.levels:
        assert len(level) == size
        assert np.array_equal(np.unique(level), np.arange(level.max() + 1))
        size = int(level.max()) + 1
    assert len(groups.levels) == 2 and size < 2 * FEW


def test_groups_are_compact() -> None:
    points, _ = lattice(30)
    groups = group_vertices(points, np.zeros(len(points), bool))
    of_vertex = groups.levels[0]
    places = points[groups.order]
    reach = max(np.ptp(places[of_vertex == g], axis=0).max() for g in range(of_vertex.max() + 1))
    assert reach <= np.cbrt(GROUP_SIZE) + 1.0


@pytest.mark.parametrize(
    "points",
    [
        np.zeros((1, 3)),
        np.zeros((200, 3)),
        np.stack([np.arange(5000.0), np.zeros(5000), np.zeros(5000)], axis=1),
        np.random.default_rng(0).random((5000, 3)) * [1.0, 1.0, 0.0],
        np.random.default_rng(0).random((5000, 3)) * [1.0, 1.0, 1e-9],
    ],
    ids=["one", "all at one place", "line", "plane", "sheet"],
)
def test_odd_clouds_are_grouped(points: np.ndarray) -> None:
    groups = group_vertices(points, np.zeros(len(points), bool))
    assert np.array_equal(np.sort(groups.order), np.arange(len(points)))
    assert int(groups.levels[-1].max()) < 2 * FEW


# --- levels ---


def triangle(levels: Levels, level: int) -> np.ndarray:
    """Diagonal and upper triangle of a level, in the order of its rows."""
    begin, end = levels.row_base[level : level + 2]
    found = np.diag(levels.diagonal[begin:end])
    for i in range(begin, end):
        for slot in range(levels.start[i], levels.stop[i]):
            found[i - begin, levels.column[slot] - begin] += levels.value[slot]
    return found


def whole(triangle: np.ndarray) -> np.ndarray:
    return triangle + np.triu(triangle, 1).T


def test_every_level_is_the_galerkin_product_of_the_one_above() -> None:
    s = System(20, 500.0, known=True)
    solver = PressureSolver(*s.pattern, s.groups)
    levels = solver._fill(s.stated)
    above = s.matrix[solver._order][:, solver._order].toarray()
    for k in range(len(s.groups.levels)):
        begin, end, last = levels.row_base[k : k + 3]
        membership = np.eye(last - end)[levels.group[begin:end] - end]
        expected = membership.T @ above @ membership
        if k + 1 < len(s.groups.levels):
            np.testing.assert_allclose(triangle(levels, k + 1), np.triu(expected), atol=1e-10)
        above = expected
    factor = np.triu(levels.dense)
    np.fill_diagonal(factor, 1.0 / np.diag(levels.dense))
    np.testing.assert_allclose(factor.T @ factor, above, atol=1e-10)


def test_groups_are_those_that_were_given() -> None:
    s = System(20, 1.0, known=True)
    solver = PressureSolver(*s.pattern, s.groups)
    given = np.zeros(len(s.points), int)
    given[s.groups.order] = s.groups.levels[0]
    first = solver._levels.group[: len(solver._order)]
    pairs = np.unique(np.stack([given[solver._order], first]), axis=1)
    assert pairs.shape[1] == len(np.unique(first)) == s.groups.levels[0].max() + 1


def test_no_entry_connects_the_halves() -> None:
    s = System(20, 500.0, known=True)
    levels = PressureSolver(*s.pattern, s.groups)._fill(s.stated)
    for k, (first, second) in enumerate(levels.halves):
        begin, end = levels.row_base[k : k + 2]
        matrix = whole(triangle(levels, k))
        one, two = slice(0, first - begin), slice(first - begin, second - begin)
        assert not matrix[one, two].any()
        assert min(first - begin, second - first) > 0.25 * (end - begin)
    # A layer less, and they are connected.
    assert matrix[: first - begin, first - begin :].any()


def test_the_triangle_has_no_zeros_but_those_that_make_a_row_even() -> None:
    s = System(12, 500.0, known=True)
    s.matrix.data[np.abs(s.matrix.data) < 0.25] = 0.0
    solver = PressureSolver(*s.pattern, s.groups)
    levels = solver._fill(s.stated)
    zeros = 0
    for i in range(len(s.groups.order)):
        row = slice(levels.start[i], levels.stop[i])
        assert (row.stop - row.start) % 2 == 0
        assert np.array_equal(levels.value[row] == 0.0, levels.column[row] == i)
        zeros += int(np.count_nonzero(levels.value[row] == 0.0))
    assert zeros > 0


def test_patterns_are_those_of_the_matrix_alone() -> None:
    s = System(12, 500.0)
    order, first, _, _ = level_patterns(*s.pattern, s.groups.order, s.groups.levels)
    upper = np.triu(s.matrix[order][:, order].toarray(), 1)
    assert np.array_equal(np.sort(order), np.sort(s.groups.order))
    assert len(first[0].column) == np.count_nonzero(upper)


# --- two threads ---


def test_one_thread_and_two_find_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    s = System(20, 500.0, known=True)
    solver = PressureSolver(*s.pattern, s.groups)
    found = []
    for two in (False, True, True, True):
        monkeypatch.setattr(linear_solver, "two_threads", lambda rows, shared=two: shared)
        monkeypatch.setattr(threads, "two_threads", lambda rows, shared=two: shared)
        found.append(solver.solve(s.stated, s.rhs, np.zeros(len(s.rhs)), 1e-10).x.tobytes())
    assert len(set(found)) == 1


@pytest.mark.parametrize("begins", [True, False])
def test_a_second_half_is_done_once(begins: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether the other thread comes to it, or is kept from it until the first has done both."""
    monkeypatch.setattr(threads, "two_threads", lambda rows: True)
    done, gate = [], threading.Event()
    if not begins:
        threads.beside(gate.wait)

    def work(half: int) -> int:
        done.append(half)
        while begins and len(done) < 2:
            time.sleep(1e-3)
        return 10 + half

    try:
        assert threads.both(work, threads.WORTH_IT) == (10, 11)
    finally:
        gate.set()
    assert sorted(done) == [0, 1]


def test_a_call_is_taken_by_one_thread_only() -> None:
    calls, rounds = np.zeros(LINES, np.int64), 20_000
    other: list[int] = []
    helper = threading.Thread(target=lambda: other.append(_take_all(calls, rounds, True)))
    helper.start()
    mine = _take_all(calls, rounds, False)
    helper.join()
    assert mine + other[0] == rounds


@njit(nogil=True)
def _take_all(calls, rounds, follow):
    mine = 0
    for call in range(1, rounds + 1):
        if follow:
            while atomics.read(calls, CALL) < call:
                atomics.give_way()
        else:
            atomics.write(calls, CALL, call)
        mine += atomics.take(calls, TAKEN, call - 1, call)
    return mine


# --- solutions ---


@pytest.mark.parametrize("contrast", [1.0, 500.0, 1e6])
@pytest.mark.parametrize("known", [False, True])
def test_solutions_are_those_of_a_direct_solver(contrast: float, known: bool) -> None:
    s = System(16, contrast, known)
    result = s.solve(1e-12)
    exact = spsolve(s.matrix.tocsc(), s.rhs)
    assert result.converged
    np.testing.assert_allclose(result.x, exact, rtol=1e-6, atol=1e-7 * np.abs(exact).max())


def test_known_vertices_have_their_pressure() -> None:
    s = System(8, 500.0, known=True)
    s.rhs[s.fixed] = 3.0
    x = s.solve(1e-8).x
    np.testing.assert_allclose(x[s.fixed], 3.0 / s.matrix.diagonal()[s.fixed], rtol=1e-15)


@pytest.mark.parametrize("tolerance", [1e-8, 0.0])
def test_a_system_of_known_vertices_alone_needs_no_iteration(tolerance: float) -> None:
    pattern = np.arange(6, dtype=np.uint32), np.arange(5, dtype=np.uint32), np.full(5, -1, np.int32)
    solver = PressureSolver(*pattern, group_vertices(np.zeros((5, 3)), np.ones(5, bool)))
    result = solver.solve(
        PressureMatrix(np.full(5, 0.7), np.zeros(0)), np.full(5, 1.3), np.zeros(5), tolerance
    )
    assert result.converged and result.iterations == 0
    assert np.array_equal(result.x, np.full(5, 1.3 / 0.7))


def test_four_vertices_are_enough() -> None:
    matrix = csr_array(np.full((4, 4), -1.0) + 4.5 * np.eye(4))
    result = PressureSolver(*pattern_of(matrix)).solve(stated(matrix), np.arange(4.0), np.zeros(4), 1e-12)
    assert result.converged
    np.testing.assert_allclose(matrix @ result.x, np.arange(4.0), atol=1e-11)


def test_parts_that_are_cut_off_are_solved_too() -> None:
    """Two cubes that share boxes of the grid of groups but no edge."""
    one = System(9, 500.0)
    both = csr_array(
        coo_array(
            (
                np.tile(one.matrix.tocoo().data, 2),
                tuple(np.concatenate([c, c + len(one.points)]) for c in one.matrix.tocoo().coords),
            )
        )
    )
    both.sort_indices()
    points = np.concatenate([one.points, one.points + 0.5])
    groups = group_vertices(points, np.zeros(len(points), bool))
    solver = PressureSolver(*pattern_of(both), groups)
    rhs = np.concatenate([one.rhs, np.zeros(len(one.rhs))])
    result = solver.solve(stated(both), rhs, np.zeros(len(rhs)), 1e-10)
    assert result.converged
    np.testing.assert_allclose(result.x[: len(one.rhs)], one.solve(1e-12).x, rtol=1e-7)
    assert np.abs(result.x[len(one.rhs) :]).max() < 1e-8 * np.abs(result.x).max()


def test_the_coarsest_groups_balance_however_loose_the_tolerance() -> None:
    """The net imbalance of each is zero, and so is that of the whole: what goes in comes out."""
    s = System(24, 500.0)
    result = s.solve(1e-2)
    coarsest = s.groups.levels[0]
    for level in s.groups.levels[1:]:
        coarsest = level[coarsest]
    left = s.residual(result.x)
    size = np.linalg.norm(s.rhs)
    assert np.linalg.norm(left) > 1e-4 * size
    assert np.abs(np.bincount(coarsest, left[s.groups.order])).max() < 1e-9 * size
    assert abs(left.sum()) < 1e-9 * size


def test_iterations_hardly_grow_with_the_mesh() -> None:
    counts = [System(cells, 500.0).solve(1e-8).iterations for cells in (12, 24, 48)]
    assert counts[2] < 1.5 * counts[0]


def test_without_groups_iterations_grow() -> None:
    """The control of the test above."""
    small, large = System(12, 500.0), System(48, 500.0)
    counts = [s.solve(1e-8, one_group(len(s.points))).iterations for s in (small, large)]
    assert counts[1] > 2.0 * counts[0]


# --- what a caller can rely on ---


def test_nothing_is_carried_from_one_system_to_the_next() -> None:
    s, other = System(14, 500.0), System(14, 1e4, seed=1)
    zero = np.zeros(len(s.rhs))
    solver = PressureSolver(*s.pattern, s.groups)
    fresh = solver.solve(s.stated, s.rhs, zero, 1e-8)
    solver.solve(other.stated, other.rhs, zero, 1e-8)
    for wrong in (-1.0, np.nan):
        assert not solver.solve(stated(wrong * s.matrix), s.rhs, zero, 1e-8).converged
    again = solver.solve(s.stated, s.rhs, zero, 1e-8)
    assert again.iterations == fresh.iterations
    assert np.array_equal(again.x, fresh.x)


def test_converged_is_said_of_the_true_residual(monkeypatch: pytest.MonkeyPatch) -> None:
    s = System(14, 1e6)
    result = s.solve(1e-10)
    assert result.converged
    assert np.linalg.norm(s.residual(result.x)) <= 1e-10 * np.linalg.norm(s.rhs)

    def boastful(*_: object) -> tuple[int, bool]:
        return 1, True

    monkeypatch.setattr(linear_solver, "solve_levels", boastful)
    result = s.solve(1e-10)
    assert not result.converged and result.iterations == linear_solver.ROUNDS


@pytest.mark.parametrize("contrast", [1.0, 500.0, 1e6])
@pytest.mark.parametrize("tolerance", [1e-2, 1e-4, 1e-6])
def test_within_a_loose_tolerance_the_followed_residual_is_the_true_one(
    contrast: float, tolerance: float
) -> None:
    """It then is not found once more; norm and sum of sizes are as good as those of the product with the matrix."""
    s = System(12, contrast, known=True)
    result = s.solve(tolerance)
    left = s.residual(result.x)
    assert result.converged and result.iterations > 1
    assert np.linalg.norm(left) <= tolerance * np.linalg.norm(s.rhs) * (1.0 + 1e-6)
    assert result.left == pytest.approx(np.abs(left).sum(), rel=1e-6)


def test_a_tolerance_below_rounding_ends_converged() -> None:
    s = System(10, 500.0)
    assert s.solve(1e-17).converged


def test_positive_entries_off_the_diagonal_are_allowed() -> None:
    """As obtuse tetrahedra and anisotropic bone give."""
    s = System(14, 500.0)
    square = s.matrix @ s.matrix
    s.matrix = csr_array(s.matrix + 0.05 * square / square.max() + 1e-3 * diags_array(s.matrix.diagonal()))
    s.matrix.sort_indices()
    off = s.matrix.data[s.matrix.indices != np.repeat(np.arange(len(s.rhs)), np.diff(s.matrix.indptr))]
    assert (off > 0.0).any()
    result = s.solve(1e-10)
    assert result.converged
    np.testing.assert_allclose(result.x, spsolve(s.matrix.tocsc(), s.rhs), rtol=1e-6)


def test_an_iteration_is_one_of_the_first_level(monkeypatch: pytest.MonkeyPatch) -> None:
    assert conjugate_gradients.MOST_INNER > 1
    s = System(14, 500.0)
    monkeypatch.setattr(linear_solver, "MAX_ITERATIONS", 2)
    result = s.solve(1e-10)
    assert result.iterations == 2 and not result.converged
