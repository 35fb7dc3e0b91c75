"""Balls as a signed-distance function."""

from __future__ import annotations

import numpy as np

from cementflow.mesh.tetmesh import Floats


def ball_distance(points: Floats, radius: float) -> Floats:
    """Signed distance [m] of points (n, 3) to the ball of a radius [m] around the origin, negative inside."""
    return np.linalg.norm(points, axis=1) - radius
