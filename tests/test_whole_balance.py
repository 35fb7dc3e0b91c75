"""Balance of all fluids with every way out at once: veins, compartments, a crack, lost walls, a thin wall, and heat."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from cementflow.case import preset, read_case, to_toml
from cementflow.flow.carried import heat_imbalance
from cementflow.flow.course import Plan, Step
from cementflow.flow.problem import Problem
from cementflow.mesh.geometry import build_geometry
from cementflow.model import build_model
from cementflow.simulate import simulate
from cementflow.sites.outlets import Opening, Vein
from cementflow.sites.veins import OUTSIDE

CRACK = {
    "name": "endplate crack",
    "type": "D",
    "shape": "crack",
    "points": [{"ap": 0.4, "lr": 0.4, "si": 1.0}, {"ap": 0.6, "lr": 0.6, "si": 1.0}],
    "width": "0.5 mm",
}


@cache
def run() -> tuple[Problem, list[Step]]:
    """Metastatic L3, coarse, heated, with solutions as exact as can be."""
    table = tomllib.loads(to_toml(preset("l3-metastatic")))
    table["defect"].append(CRACK)
    case = read_case(table, "test.toml", ".").replace(
        {
            "geometry.edge_length": "4.5 mm",
            "injection.volume": "0.5 mL",
            "injection.cannula.tip_radius": "4 mm",
            "physics.heat": True,
        }
    )
    problem = build_model(case, build_geometry(case.geometry)).problem
    tight = replace(problem.tolerances, linear=1e-9, picard=1e-3)
    problem = replace(problem, tolerances=tight)
    return problem, list(simulate(problem, Plan(), problem.make_solver()))


def test_every_way_out_is_there() -> None:
    p, steps = run()
    kinds = {o.kind for o in p.outlets}
    assert {"vein", "cortex"} <= kinds
    assert "endplate crack" in {o.name for o in p.outlets}
    assert len(p.compartments) >= 3
    assert steps[-1].stopped == "volume injected"


def test_cement_marrow_and_blood_balance() -> None:
    p, steps = run()
    tree = p.veins
    assert tree is not None
    for step in steps:
        state = step.state
        assert state.balance_error(p) < 1e-9
        # What is pressed in leaves, as cement or as marrow.
        out = state.leaked.sum() + state.marrow_out.sum()
        assert out == pytest.approx(state.injected, rel=1e-6)
        # What the veins took is in them or passed their ends.
        veins = [isinstance(o, Vein) for o in p.outlets]
        held = state.veins.cement.sum() + state.veins.beyond.sum()
        assert held == pytest.approx(state.leaked[veins].sum(), rel=1e-9, abs=1e-20)
        assert heat_imbalance(p, state) < 1e-9
        # Each node passes on what it gets, and blood leaves with it.
        flow = step.flow.fluxes.vein
        net = tree.summed(flow.link) + tree.blood - np.bincount(tree.start, flow.cell, minlength=tree.n_nodes)
        inner = tree.inner
        net += np.bincount(tree.end[inner], flow.cell[inner], minlength=tree.n_nodes)
        assert np.abs(net).max() < 1e-6 * p.drive.rate
        ends = flow.cell[tree.end == OUTSIDE].sum()
        assert ends == pytest.approx(flow.link.sum() + tree.blood.sum(), abs=1e-6 * p.drive.rate)


def test_no_site_gives_back_more_than_it_took() -> None:
    p, steps = run()
    confined = [isinstance(o, Opening) and o.confined for o in p.outlets]
    assert any(confined)
    for step in steps:
        veins = np.array([isinstance(o, Vein) for o in p.outlets])
        # A vein may give back what others of its tree took.
        assert step.state.leaked[~veins].min() >= -1e-15
        assert step.state.leaked[veins].sum() >= 0.0
        assert step.state.marrow_out[confined].min() >= -1e-15
        assert step.state.veins.cement.min() >= 0.0
        assert np.all(step.state.veins.cement <= p.veins.capacity * (1.0 + 1e-9))  # type: ignore[union-attr]
