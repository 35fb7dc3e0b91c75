"""Solves the symmetric positive definite pressure systems of one mesh."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cementflow.fem.coarse_patterns import Grouping, level_patterns
from cementflow.fem.conjugate_gradients import residual, solve_levels
from cementflow.fem.preconditioner import dense_factor, fill_rows
from cementflow.fem.pressure_matrix import PressureMatrix
from cementflow.fem.sweeps import CALL, CLOSED, Levels, Vectors, slate
from cementflow.fem.vertex_groups import VertexGroups, one_group
from cementflow.threads import beside, both, two_threads

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Indices = NDArray[np.uint32]

MAX_ITERATIONS = 5000
# The residual is followed by recurrence; where the true one turns out to be larger, the solver goes on from there.
ROUNDS = 4
# Within such a reduction the recurrence strays by round-off only.
FOLLOWED_WELL = 1e-6
# A residual of so many roundings of |A| |x| cannot be made smaller.
ROUNDINGS, EPS = 4.0, float(np.finfo(float).eps)
# Vectors that begin at the same place of a page get into each other's way in the cache: some 8 % of an iteration.
PAGE, STAGGER = 512, 72


@dataclass(frozen=True, eq=False)
class LinearResult:
    """Solution of one system.

    Parameters
    ----------
    x
        The solution.
    iterations
        Conjugate-gradient iterations.
    converged
        Whether the residual reached the tolerance.
    left
        Sum of what the rows leave.
    """

    x: Floats
    iterations: int
    converged: bool
    left: float = 0.0


class PressureSolver:
    """Conjugate gradients with an incomplete Cholesky factor of each matrix and corrections by groups of vertices.

    Nothing is kept from one system to the next but patterns and memory, so a restarted run goes on with the same bytes.

    Parameters
    ----------
    row_start, columns
        CSR pattern, unsigned, the same for every system.
    pairs
        Pair behind each slot of it, -1 on the diagonal.
    groups
        Groups of vertices, all in one if not given. Vertices that are in none are taken to be tied to no other.
    """

    def __init__(
        self, row_start: Indices, columns: Indices, pairs: Ints, groups: VertexGroups | None = None
    ) -> None:
        n = len(row_start) - 1
        groups = groups if groups is not None else one_group(n)
        self._row_start, self._columns, self._pairs = row_start, columns, pairs.view(np.uint32)
        self._chained = groups.chained or (0,) * (len(groups.levels) + 1)
        self._order, self._patterns, groupings, self._coarsest = level_patterns(
            row_start, columns, pairs, groups.order, groups.levels, self._chained
        )
        rows = [len(p.diagonal) for p in self._patterns] + [len(self._coarsest[0]) - 1]
        triangles = [len(p.column) for p in self._patterns] + [len(self._coarsest[1])]
        # Diagonal and triangle of each level, and a place for what is below.
        self._sizes = [a + b + 1 for a, b in zip(rows, triangles, strict=True)]
        self._alone = np.ones(n, bool)
        self._alone[groups.order] = False
        self._row_base = np.cumsum([0, *rows]).astype(np.uint32)
        self._ap_base = np.cumsum([0, *(len(g.ap_column) for g in groupings)])
        self._levels = self._empty_levels(groupings)
        width = (int(self._row_base[-1]) // PAGE + 1) * PAGE + STAGGER
        block = np.zeros((len(Vectors._fields), width))
        self._vectors = Vectors(*(vector[: self._row_base[-1]] for vector in block))
        self._work = np.zeros(len(rows)), np.zeros(len(rows), np.int64), np.zeros(len(rows))

    def _empty_levels(self, groupings: list[Grouping]) -> Levels:
        patterns, rows, next_rows = self._patterns, int(self._row_base[-1]), self._row_base[1:]

        def joined(parts: list[Indices], base: Indices) -> Indices:
            moved = (part + np.uint32(b) for part, b in zip(parts, base, strict=False))
            return np.concatenate([np.zeros(0, np.uint32), *moved])

        # A row may be made even by one more entry.
        entries = sum(len(p.column) + len(p.diagonal) for p in patterns)
        ends = joined([p.ap_start[1:] for p in patterns], self._ap_base)
        return Levels(
            row_base=self._row_base,
            halves=np.array(
                [base + np.array(p.halves) for p, base in zip(patterns, self._row_base, strict=False)],
                np.uint32,
            ).reshape(-1, 2),
            start=np.zeros(rows, np.uint32),
            stop=np.zeros(rows, np.uint32),
            column=np.zeros(entries, np.uint32),
            value=np.zeros(entries),
            diagonal=np.zeros(rows),
            inverse=np.zeros(rows),
            group=joined([g.group for g in groupings], next_rows),
            ap_start=np.concatenate([np.zeros(1, np.uint32), ends]),
            ap_column=joined([g.ap_column for g in groupings], next_rows),
            ap=np.zeros(int(self._ap_base[-1])),
            dense=np.zeros((0, 0)),
        )

    @property
    def entries(self) -> float:
        """Mean number of entries of a row of the matrix, that on the diagonal included."""
        return len(self._columns) / (len(self._row_start) - 1)

    def solve(self, matrix: PressureMatrix, rhs: Floats, start: Floats, tolerance: float) -> LinearResult:
        """Solve one system.

        Parameters
        ----------
        matrix
            In the pattern of the solver.
        rhs, start
            Right-hand side and first guess, shape (n,).
        tolerance
            Residual to reach, relative to the 2-norm of `rhs`.
        """
        x = start.copy()
        x[self._alone] = rhs[self._alone] / matrix.diagonal[self._alone]
        goal = tolerance * float(np.sqrt(np.sum(rhs * rhs)))
        levels: Levels | None = None
        iterations = 0
        for _ in range(ROUNDS):
            for vector in self._vectors:
                vector[:] = 0.0
            size, left = self._residual(matrix, rhs, x)
            if size <= goal:
                return LinearResult(x, iterations, True, left)
            if len(self._order) == 0:
                break
            levels = levels or self._fill(matrix)
            more, converged = self._iterate(levels, goal, MAX_ITERATIONS - iterations)
            x[self._order] += self._vectors.x[: len(self._order)]
            iterations += more
            if not converged:
                break
            if goal >= FOLLOWED_WELL * size:
                left = float(np.sum(np.abs(self._vectors.r[: len(self._order)])))
                return LinearResult(x, iterations, True, left)
        # What is left may be no more than the rounding of the products that it is summed from.
        sizes = PressureMatrix(np.abs(matrix.diagonal), -np.abs(matrix.conductance))
        least = ROUNDINGS * EPS * self._residual(sizes, np.zeros(len(x)), np.abs(x))[0]
        size, left = self._residual(matrix, rhs, x)
        return LinearResult(x, iterations, size <= max(goal, least), left)

    def _iterate(self, levels: Levels, goal: float, most: int) -> tuple[int, bool]:
        """`solve_levels`, with the help of a second thread where there is one."""
        shared = slate()
        work = levels, self._vectors, shared
        rest = goal, most, *self._work
        other = beside(solve_levels, *work, True, *rest) if two_threads(len(self._order)) else None
        try:
            return solve_levels(*work, False, *rest)
        finally:
            if other is not None and not other.cancel():
                shared.calls[CALL] = CLOSED
                other.result()

    def _residual(self, matrix: PressureMatrix, rhs: Floats, x: Floats) -> tuple[float, float]:
        """Norm of the residual, which becomes that of the first level, and the sum of its sizes.

        Found in the numbering of the matrix: by rows in another order it takes four times as long.
        """
        n = len(x)
        r, tied = np.empty(n), x if len(self._order) == n else np.where(self._alone, 0.0, x)

        def rows(half: int) -> tuple[float, float]:
            begin, end = (0, n // 2) if half == 0 else (n // 2, n)
            return residual(
                self._row_start, self._columns, self._pairs, *matrix, self._alone, rhs, x, tied, r, begin, end
            )

        (first, first_left), (second, second_left) = both(rows, n)
        self._vectors.r[: len(self._order)] = r[self._order]
        return float(np.sqrt(first + second)), first_left + second_left

    def _fill(self, matrix: PressureMatrix) -> Levels:
        """The levels of one matrix."""
        v, entry = self._levels, 0
        v.ap[:] = 0.0
        v.inverse[:] = 0.0
        diagonal, triangle, sign = *matrix, -1.0
        n = len(self._coarsest[0]) - 1
        for k, p in enumerate(self._patterns):
            coarse = self._fill_level(diagonal, triangle, sign, k, entry)
            rows = int(self._row_base[k + 2] - self._row_base[k + 1])
            diagonal, triangle, sign = coarse[:rows], coarse[rows:], 1.0
            entry += len(p.column) + len(p.diagonal)
        dense = np.zeros((n, n))
        dense_factor(diagonal, triangle, *self._coarsest, dense)
        return v._replace(dense=dense)

    def _fill_level(self, diagonal: Floats, triangle: Floats, sign: float, k: int, entry: int) -> Floats:
        """One level from its diagonal and from its triangle times a sign; both of the next, one after the other."""
        v, p, base = self._levels, self._patterns[k], self._row_base[k]
        rows, products = slice(*self._row_base[k : k + 2]), slice(*self._ap_base[k : k + 2])
        n, (half, between) = len(p.diagonal), p.halves
        inverse, ap = v.inverse[rows], v.ap[products]
        first_product = p.ap_start[between]
        coarse = np.zeros((2, self._sizes[k + 1]))
        # What each half adds to the layer between them.
        more = np.zeros(n - between), np.zeros(len(ap) - first_product)
        parts = (0, half), (half, between), (between, n)

        def fill(part: int) -> None:
            begin, end = parts[part]
            fill_rows(
                diagonal,
                triangle,
                sign,
                p.diagonal,
                p.slot,
                p.start,
                p.column,
                p.ap_start,
                p.first_target,
                p.second_target,
                p.coarse,
                begin,
                end,
                between if part < 2 else n,
                n - self._chained[k],
                base,
                np.uint32(entry + p.start[begin] + begin),
                v.start[rows],
                v.stop[rows],
                v.column,
                v.value,
                v.diagonal[rows],
                inverse,
                ap,
                more[0] if part == 1 else inverse[between:],
                more[1] if part == 1 else ap[first_product:],
                coarse[part % 2],
            )

        both(fill, n)
        inverse[between:] += more[0]
        ap[first_product:] += more[1]
        fill(2)
        return coarse[0] + coarse[1]
