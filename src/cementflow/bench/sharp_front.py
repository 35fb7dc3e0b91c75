"""Answers of benchmark A: a sharp front from a ball source at the centre of a cube."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from cementflow.verify import (
    ball_source_pressure,
    cube_equivalent_radius,
    front_radius,
    simple_shear_consistency,
)

TIMES = (10.0, 20.0, 30.0)  # s
RATE, POROSITY, PERMEABILITY, BALL, SIDE, MARROW = 1e-7, 0.8, 5e-9, 3e-3, 30e-3, 0.1
NEWTONIAN, CONSISTENCY, INDEX, GROWTH = 50.0, 100.0, 0.6, 60.0


def radii() -> tuple[float, ...]:
    """Radius of the cloud [m] at the times of the benchmark."""
    return tuple(front_radius(RATE * t, POROSITY) for t in TIMES)


def mean_ball_pressure(case: str) -> tuple[float, ...]:
    """Mean pressure in the source [Pa] at the times of the benchmark."""
    consistency, n = NEWTONIAN, 1.0
    if case != "A1":
        consistency, n = simple_shear_consistency(CONSISTENCY, INDEX, PERMEABILITY, POROSITY), INDEX
    outer = cube_equivalent_radius(SIDE)
    return tuple(
        ball_source_pressure(
            RATE,
            PERMEABILITY,
            BALL,
            r,
            outer,
            consistency * (np.exp(t / GROWTH) if case == "A3" else 1.0),
            MARROW,
            n,
        )
        for r, t in zip(radii(), TIMES, strict=True)
    )


def half_saturated_radius(fields: Path) -> float:
    """Radius [m] of the ball with the volume in which the interpolated saturation is at least one half."""
    import pyvista

    grid = pyvista.read(fields)
    cloud = grid.clip_scalar(scalars="cement saturation [-]", value=0.5, invert=False)
    return float(np.cbrt(3.0 * cloud.compute_cell_sizes()["Volume"].sum() / (4.0 * np.pi)))


def errors(case: str, run: Path) -> dict[str, list[float]]:
    """Relative errors of a run folder: "pressure" and "radius", at each of the times."""
    from cementflow.result import open_result
    from cementflow.views.snapshots import snapshot_files

    history = open_result(run).history
    # Steps end on the output times, so the nearest row is at the time itself.
    at = [int(np.abs(history["time_s"] - t).argmin()) for t in TIMES]
    pressure = 1e3 * history["tip_pressure_kPa"][at]
    stored = snapshot_files(run)
    radius = [half_saturated_radius(min(stored, key=lambda s: abs(s[0] - t))[1]) for t in TIMES]
    return {
        "pressure": (pressure / mean_ball_pressure(case) - 1.0).tolist(),
        "radius": (np.array(radius) / radii() - 1.0).tolist(),
    }
