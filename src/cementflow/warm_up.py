"""Loads or compiles all kernels, so that the time of a run is that of its physics."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from threading import Timer

import numpy as np

SLOW = 3.0  # s; loading what is compiled takes one
COMPILING = (
    "compiling the kernels, a quarter of a minute, once for this version of cementflow on this machine"
)


def warm_up_telling(tell: Callable[[str], object], heat: bool = False, veins: bool = False) -> None:
    """`warm_up`, which says so where it takes longer than loading: then there is something to compile."""
    notice = Timer(SLOW, tell, [COMPILING])
    notice.daemon = True
    notice.start()
    try:
        warm_up(heat, veins)
    finally:
        notice.cancel()


@cache
def warm_up(heat: bool = False, veins: bool = False) -> None:
    """Run a few steps of a tiny case that touches every kernel, those of heat and of veins where they are asked for.

    Once in a process: what is loaded stays.
    """
    from cementflow.compile_ahead import second_process
    from cementflow.flow.example import transport_example

    with second_process() as compiles_half:
        if compiles_half:
            transport_example()  # or the steps would ask for the solver before it is there
        _few_steps(heat, veins)


def _few_steps(heat: bool, veins: bool) -> None:
    from cementflow.case import preset
    from cementflow.flow.course import Plan
    from cementflow.mesh.geometry import build_geometry
    from cementflow.mesh.quality import mesh_quality
    from cementflow.model import build_model
    from cementflow.simulate import simulate

    case = preset("l3-veins" if veins else "l3-osteoporotic").replace(
        {"geometry.edge_length": "6 mm", "injection.volume": "0.2 mL", "physics.heat": heat}
    )
    geometry = build_geometry(case.geometry)
    mesh_quality(geometry.mesh)
    model = build_model(case, geometry)
    steps = simulate(model.problem, Plan(max_time=1.0), model.problem.make_solver())
    for step, _ in zip(steps, range(4), strict=False):
        if not np.isfinite(step.flow.tip_pressure):
            raise ArithmeticError("the self-test of the kernels gave a pressure that is not finite")
