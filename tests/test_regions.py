"""Regions of the bone: capsules, slabs, rims, and marrow of their own viscosity."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest

from cementflow.bone import BoneFields, bone_fields, marrow_factor
from cementflow.case import Case, read_case
from cementflow.fem.control_volumes import build_control_volumes
from cementflow.mesh.geometry import Geometry, build_geometry
from cementflow.mesh.regions import capsule_fractions, slab_fractions
from cementflow.model import build_model
from cementflow.sites.outlets import OpenFaces
from problems import face_share, problem, run

SIDE = 20e-3
MIDDLE = {"ap": 0.5, "lr": 0.5, "si": 0.5}
START, END = np.array([5e-3, 9e-3, 10e-3]), np.array([14e-3, 11e-3, 8e-3])
LINE = [{"ap": 0.25, "lr": 0.5, "si": 0.5}, {"ap": 0.75, "lr": 0.5, "si": 0.5}]


@cache
def body() -> Geometry:
    return build_geometry(case().geometry)


def case(*regions: dict[str, Any]) -> Case:
    table = {
        "geometry": {"preset": "box", "size": "20 mm", "edge_length": "1.2 mm"},
        "bone": {"porosity": 0.9, "permeability": "1e-8 m2", "region": list(regions)},
        "marrow": {"viscosity": "0.1 Pa s"},
        "cement": {"law": "newtonian", "viscosity": "10 Pa s"},
        "injection": {
            "volume": "0.1 mL",
            "flow_rate": "4 mL/min",
            "source": {"center": MIDDLE, "radius": "2 mm"},
        },
        "outlet": [{"at": "all faces"}],
    }
    return read_case(table, "test", ".")


def fields(*regions: dict[str, Any]) -> BoneFields:
    return bone_fields(case(*regions).bone, 0.1, body())


def volume(share: np.ndarray) -> float:
    return float(share @ body().mesh.volumes)


def test_a_capsule_is_a_cylinder_with_two_caps() -> None:
    share = capsule_fractions(body().mesh, START, END, 3e-3)
    length = np.linalg.norm(END - START)
    assert volume(share) == pytest.approx(np.pi * 9e-6 * length + 4 / 3 * np.pi * 27e-9, rel=2e-3)
    middle = share @ (body().mesh.volumes[:, None] * body().mesh.points[body().mesh.tets].mean(axis=1))
    np.testing.assert_allclose(middle / volume(share), 0.5 * (START + END), atol=1e-5)


def test_a_slab_lies_between_two_planes() -> None:
    across = np.array([0.0, 0.6, 0.8])
    start = np.array([10e-3, 10e-3, 10e-3])
    share = slab_fractions(body().mesh, start, start + 2e-3 * across)
    # A section through the middle of the box along x: its length across is 20 mm / 0.8.
    assert volume(share) == pytest.approx(SIDE * SIDE / 0.8 * 2e-3, rel=2e-3)
    straight = slab_fractions(body().mesh, start, start + np.array([0.0, 0.0, 3e-3]))
    assert volume(straight) == pytest.approx(SIDE * SIDE * 3e-3, rel=2e-3)


@pytest.mark.parametrize(
    ("shape", "inner", "outer"),
    [
        ({"shape": "ball", "center": MIDDLE, "radius": "5 mm"}, 5e-3, 7e-3),
        ({"shape": "capsule", "points": LINE, "radius": "3 mm"}, 3e-3, 5e-3),
    ],
)
def test_a_rim_is_a_shell_around_the_shape(shape: dict[str, Any], inner: float, outer: float) -> None:
    found = fields(shape | {"porosity": 1.0, "permeability": "1e-6 m2", "rim": "2 mm"})
    mesh = body().mesh
    center = mesh.points[mesh.tets].mean(axis=1)
    if "points" in shape:
        start, end = 0.25 * SIDE, 0.75 * SIDE
        foot = np.stack(
            [
                np.full(len(center), 0.5 * SIDE),
                np.clip(center[:, 1], start, end),
                np.full(len(center), 0.5 * SIDE),
            ],
            1,
        )
        away = np.linalg.norm(center - foot, axis=1)
    else:
        away = np.linalg.norm(center - 0.5 * SIDE, axis=1)
    inside, shell, outside = (
        away < inner - 1e-3,
        np.abs(away - 0.5 * (inner + outer)) < 0.1e-3,
        away > outer + 1e-3,
    )
    np.testing.assert_allclose(found.porosity[inside], 1.0)
    np.testing.assert_allclose(found.permeability[inside, 0], 1e-6)
    assert found.porosity[shell].mean() == pytest.approx(0.6, abs=0.06)
    assert np.log10(found.permeability[shell, 0]).mean() == pytest.approx(-10, abs=0.5)
    np.testing.assert_allclose(found.porosity[outside], 0.9)


def test_thick_marrow_is_a_field_over_the_vertices() -> None:
    bone = fields({"shape": "ball", "center": MIDDLE, "radius": "6 mm", "marrow_viscosity": "5 Pa s"})
    volumes = build_control_volumes(body().mesh, bone.porosity, bone.permeability)
    factor = marrow_factor(bone, volumes)
    away = np.linalg.norm(body().mesh.points - 0.5 * SIDE, axis=1)
    np.testing.assert_allclose(factor[away < 4.5e-3], 50.0)
    np.testing.assert_allclose(factor[away > 7.5e-3], 1.0)
    assert ((factor >= 1.0) & (factor <= 50.0 * (1 + 1e-12))).all()
    # Without such a region one number stands for all, and runs stay as fast as they were.
    even = fields({"shape": "ball", "center": MIDDLE, "radius": "6 mm", "porosity": 0.95})
    assert len(marrow_factor(even, volumes)) == 1


def test_marrow_flows_by_its_own_viscosity() -> None:
    """Two layers in a row: q = k A dp / (mu_1 L_1 + mu_2 L_2)."""
    mesh = body().mesh
    x, thick = mesh.points[:, 0], 20.0
    source = face_share(mesh, x < 1e-9)
    out = np.flatnonzero(x > SIDE - 1e-9).astype(np.int32)
    p = problem(mesh, source, [OpenFaces("end", "C", out, 0.0)], marrow=0.1, rate=1e-8, volume=1e-12)
    layered = replace(p, marrow_factor=np.where(x < 0.5 * SIDE, thick, 1.0))
    # Where nothing but marrow is, between the two faces.
    flow = run(layered)[0].flow
    drop = float(np.sum(source * flow.pressure))
    exact = 1e-8 * 0.1 * (thick + 1.0) * 0.5 * SIDE / (1e-8 * SIDE**2)
    assert drop == pytest.approx(exact, rel=0.06)
    assert float(np.sum(source * run(p)[0].flow.pressure)) == pytest.approx(
        exact * 2.0 / (thick + 1.0), rel=1e-3
    )


@pytest.mark.parametrize("preset", ["soft-tumour", "necrotic-lesion", "cleft", "cavity", "ablated"])
def test_each_kind_of_region_runs(preset: str) -> None:
    stated = case({"preset": preset, "shape": "ball", "center": MIDDLE, "radius": "5 mm"})
    model = build_model(stated, body())
    steps = run(model.problem, model.plan)
    assert steps[-1].stopped == "volume injected"
    assert all(step.state.balance_error(model.problem) < 1e-6 for step in steps)
