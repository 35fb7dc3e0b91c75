"""What the simulator is held against: observed orders and closed-form solutions of cement flow.

Everything here is independent of the simulator: formulas in SI units, floats in and out. A power-law fluid
enters by its Darcy consistency M [Pa s^n m^(1-n)], for which the pressure gradient is M u^n / k at the Darcy
flux u; for n = 1 it is the viscosity. `cementflow.laws.in_situ.bundle_viscosity` and
`simple_shear_consistency` give M.
"""

from cementflow.verify.balls import (
    MADELUNG,
    ball_source_excess,
    ball_source_pressure,
    ball_source_time,
    cube_equivalent_radius,
    cylinder_pressure_drop,
    front_radius,
    simple_shear_consistency,
    sphere_pressure_drop,
    two_layer_sphere_pressure,
)
from cementflow.verify.compressible import InstantInjection
from cementflow.verify.driven import DrivenBall
from cementflow.verify.fronts import buckley_leverett_front, buckley_leverett_saturation
from cementflow.verify.heat import (
    cooling_ball,
    cooling_mode,
    heated_sphere,
    pennes_ball_source,
    pennes_ball_source_in_time,
    pennes_outside_sphere,
)
from cementflow.verify.order import ObservedOrder, observed_order
from cementflow.verify.pipes import herschel_bulkley_pipe_flow, leak_length, power_law_pipe_front
from cementflow.verify.rods import piston_front, piston_pressure_drop, slab_pressure_drop

__all__ = [
    "MADELUNG",
    "DrivenBall",
    "InstantInjection",
    "ObservedOrder",
    "ball_source_excess",
    "ball_source_pressure",
    "ball_source_time",
    "buckley_leverett_front",
    "buckley_leverett_saturation",
    "cooling_ball",
    "cooling_mode",
    "cube_equivalent_radius",
    "cylinder_pressure_drop",
    "front_radius",
    "heated_sphere",
    "herschel_bulkley_pipe_flow",
    "leak_length",
    "observed_order",
    "pennes_ball_source",
    "pennes_ball_source_in_time",
    "pennes_outside_sphere",
    "piston_front",
    "piston_pressure_drop",
    "power_law_pipe_front",
    "simple_shear_consistency",
    "slab_pressure_drop",
    "sphere_pressure_drop",
    "two_layer_sphere_pressure",
]
