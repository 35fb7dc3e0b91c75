"""Ranges that several entries share: what makes sense for a wall, a vein, a wait."""

from __future__ import annotations

from cementflow.case.kinds import Quantity

POROUS = Quantity("permeability", "1e-16 m2", "1e-5 m2")
WALL = Quantity("permeability", "1e-24 m2", "1e-6 m2")
VISCOSITY = Quantity("viscosity", "1e-5 Pa s", "1e7 Pa s")
OUTSIDE = Quantity("pressure", "-50 kPa", "100 kPa")
DRIVE = Quantity("pressure", "1 kPa", "100 MPa")
CLOCK = Quantity("time", "0 s", "24 h")
WAIT = Quantity("time", "1 ms", "24 h")
TEMPERATURE = Quantity("temperature", "0 degC", "60 degC")
COORDINATE = Quantity("length", "-10 m", "10 m")
SITE = Quantity("length", "0.1 mm", "100 mm")
