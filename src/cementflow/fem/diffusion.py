"""Compiled code for heat that spreads: conjugate gradients on systems that the heat capacities dominate."""

from __future__ import annotations

import numpy as np

from cementflow.compiled import kernel

MAX_ITERATIONS = 500


@kernel
def spread(row_start, neighbour, slot_edge, weight, diagonal, rhs, start, tolerance):
    """Solve (diagonal + Laplacian of the edge weights) x = rhs, preconditioned by the diagonal.

    In a step of some seconds heat moves by an edge or two. So the diagonal is most of the matrix, and a few iterations
    are enough; nothing is set up.

    Parameters
    ----------
    row_start, neighbour, slot_edge
        Pattern.
    weight
        Of each edge [W/K].
    diagonal
        What comes on top of the sum of the weights [W/K].
    rhs, start
        [W], [K].
    tolerance
        Largest residual relative to its row's diagonal, in K.

    Returns
    -------
    x, iterations
        Iterations beyond MAX_ITERATIONS tell that the tolerance was not met.
    """
    n = rhs.shape[0]
    x = start.copy()
    value = np.zeros(neighbour.shape[0])
    whole, r, p, q = np.empty(n), np.empty(n), np.empty(n), np.empty(n)
    worst, rho = 0.0, 0.0
    for a in range(n):
        total, product = diagonal[a], 0.0
        for s in range(row_start[a], row_start[a + 1]):
            j = slot_edge[s]
            if j >= 0:
                value[s] = weight[j]
                total += weight[j]
                product += weight[j] * x[neighbour[s]]
        whole[a] = total
        r[a] = rhs[a] - total * x[a] + product
        p[a] = r[a] / total
        rho += r[a] * p[a]
        worst = max(worst, abs(p[a]))
    iterations = 0
    while worst > tolerance and iterations <= MAX_ITERATIONS:
        iterations += 1
        curvature = 0.0
        for a in range(n):
            product = whole[a] * p[a]
            for s in range(row_start[a], row_start[a + 1]):
                product -= value[s] * p[neighbour[s]]
            q[a] = product
            curvature += p[a] * product
        step = rho / curvature
        rho_new, worst = 0.0, 0.0
        for a in range(n):
            x[a] += step * p[a]
            r[a] -= step * q[a]
            z = r[a] / whole[a]
            rho_new += r[a] * z
            worst = max(worst, abs(z))
        ratio = rho_new / rho
        rho = rho_new
        for a in range(n):
            p[a] = r[a] / whole[a] + ratio * p[a]
    return x, iterations
