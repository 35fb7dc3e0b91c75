"""Where viscosities follow the flow: on the reach of the cement they are those of the whole bone."""

from __future__ import annotations

import numpy as np

from cementflow.flow.mobility import mobility
from cementflow.flow.pressure import solve_pressure
from cementflow.flow.reach import Reach, near_cement, with_cement
from cementflow.flow.transport import transport
from cementflow.flow.viscosity import fluids_of, pore_viscosities
from cementflow.laws.ageing import AgeingCement
from cementflow.laws.rheology import PowerLaw
from cementflow.sites.source import ball_weights
from problems import ball, full_state, open_faces, problem, solver_of

THINNING = AgeingCement(PowerLaw(100.0, 0.6))


def test_viscosities_near_the_cement_are_those_of_all_tetrahedra() -> None:
    mesh = ball(8e-3, 1.2e-3)
    p = problem(
        mesh,
        ball_weights(mesh, np.zeros(3), 2e-3),
        [open_faces(mesh)],
        cement=THINNING,
        volume=1e-6,
        rate=1e-8,
    )
    away = np.linalg.norm(mesh.points, axis=1)
    state = full_state(p, np.clip((5e-3 - away) / 1e-3, 0.0, 1.0))
    flow = solve_pressure(p, solver_of(p), state, 1.0)
    here, ahead = near_cement(p, state, flow)
    everywhere = Reach.of(p, np.ones(p.volumes.n, bool))
    m = mobility(p, state.saturation, flow.cement_viscosity, flow.marrow_viscosity)
    fluids = fluids_of(p, state)
    expected, *_ = pore_viscosities(p, m, fluids, 1.1 * flow.pressure, everywhere)
    sums = None
    for reach in (here, ahead):
        found, _, sums = pore_viscosities(p, m, fluids, 1.1 * flow.pressure, reach, begun=sums)
        some = reach.vertices
        # What a vertex adds up is split between two threads in another place.
        np.testing.assert_allclose(found[some], expected[some], rtol=1e-14)
        # Where nothing was asked for, nothing moves; elsewhere it would have.
        others = np.setdiff1d(everywhere.vertices, some)
        np.testing.assert_array_equal(found[others], m.viscosity[others])
        assert (expected[others] != m.viscosity[others]).any()
    assert not np.intersect1d(here.vertices, ahead.vertices).size
    wet = np.flatnonzero(with_cement(p, state.saturation, flow))
    edges = p.volumes.edges[np.isin(p.volumes.edges, wet).any(axis=1)]
    assert np.isin(edges, here.vertices).all()
    assert len(here.tets) < 0.9 * len(everywhere.tets)


def test_cement_that_stays_where_it_is_needs_no_layers_around_it() -> None:
    """A step moves the same from the vertices that pass cement on as from all of them."""
    mesh = ball(8e-3, 1.2e-3)
    p = problem(mesh, ball_weights(mesh, np.zeros(3), 2e-3), [open_faces(mesh)], cement=THINNING, rate=1e-8)
    away = np.linalg.norm(mesh.points, axis=1)
    # Around the cloud lies a trace, too little to pass any on, which takes in all of the bone.
    state = full_state(p, np.clip((4e-3 - away) / 1e-3, 1e-5, 1.0))
    flow = solve_pressure(p, solver_of(p), state, 1.0)
    passing = with_cement(p, state.saturation, flow)
    assert 0 < passing.sum() < 0.5 * p.volumes.n
    some, every = (transport(p, state, flow, flow.fluxes, 1.0, everywhere=flag) for flag in (False, True))
    np.testing.assert_allclose(some.saturation, every.saturation, rtol=1e-13)
    np.testing.assert_allclose(some.share, every.share, rtol=1e-13)
    assert len(some.graph.order) < 0.8 * len(every.graph.order)
    # And it does move: vertices that passed nothing on before do so now.
    assert (every.share[~passing] > 0.0).any()
