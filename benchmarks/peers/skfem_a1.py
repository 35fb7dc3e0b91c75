"""Benchmark A1 with scikit-fem (mesh and matrix) and pyamg (pressure): python skfem_a1.py CELLS."""

from __future__ import annotations

import time
from importlib.metadata import version
from typing import Any

import numpy as np
from answer import answer


def benchmark(cells: int) -> dict[str, Any]:
    """The cube with so many cells along an edge, each of them six tetrahedra."""
    import pyamg
    import sequential
    from skfem import Basis, BilinearForm, ElementTetP1, LinearForm, MeshTet

    start = time.perf_counter()
    along = np.linspace(0.0, sequential.SIDE, cells + 1)
    basis = Basis(MeshTet.init_tensor(along, along, along), ElementTetP1())

    @BilinearForm
    def laplace(u: Any, v: Any, _: Any) -> Any:
        return sum(u.grad[i] * v.grad[i] for i in range(3))

    @LinearForm
    def one(v: Any, _: Any) -> Any:
        return v

    mesh = sequential.mesh_from(
        basis.mesh.p.T, laplace.assemble(basis), one.assemble(basis), sequential.SIDE / cells
    )
    return sequential.outcome(
        f"scikit-fem {version('scikit-fem')}, pyamg {version('pyamg')}", cells, mesh, _Kept(pyamg), start
    )


class _Kept:
    """Conjugate gradients with a smoothed-aggregation cycle that is kept while it does its work."""

    MOST = 16

    def __init__(self, pyamg: Any) -> None:
        self._pyamg, self._cycle, self.iterations = pyamg, None, 0

    def solve(self, matrix: Any, rhs: np.ndarray, start: np.ndarray) -> np.ndarray:
        from scipy.sparse import csr_matrix

        matrix = csr_matrix(matrix)
        if self._cycle is None:
            self._cycle = self._pyamg.smoothed_aggregation_solver(matrix).aspreconditioner()
        norms: list[float] = []
        x, _ = self._pyamg.krylov.cg(matrix, rhs, x0=start, tol=1e-6, M=self._cycle, residuals=norms)
        self.iterations += len(norms) - 1
        if len(norms) > self.MOST:
            self._cycle = None
        return np.asarray(x)


if __name__ == "__main__":
    answer(benchmark)
