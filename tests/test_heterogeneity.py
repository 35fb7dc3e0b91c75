"""Bone whose permeability varies: the field has the statistics asked for, and belongs to the bone, not to its mesh."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import cementflow as cf
from cementflow.bone import bone_fields, permeability_variation
from cementflow.case import HeterogeneitySpec, read_case
from cementflow.laws.random_field import LogNormalField
from cementflow.mesh.geometry import Geometry, build_geometry

FIELD = LogNormalField(spread=0.8, correlation=2e-3, seed=3)
MIDDLE = {"ap": 0.5, "lr": 0.5, "si": 0.5}


def scattered(n: int, side: float = 0.2, seed: int = 1) -> np.ndarray:
    """Random points in a box so large that the field takes all its values in it [m]."""
    return np.random.default_rng(seed).random((n, 3)) * side


def case(heterogeneity: Any = None, edge: str = "1.5 mm", **bone: Any) -> cf.Case:
    stated = {"porosity": 0.9, "permeability": {"si": "2e-8 m2", "ap": "1e-8 m2", "lr": "1e-8 m2"}} | bone
    table = {
        "geometry": {"preset": "box", "size": "20 mm", "edge_length": edge},
        "bone": stated | ({"heterogeneity": heterogeneity} if heterogeneity is not None else {}),
        "marrow": {"viscosity": "0.1 Pa s"},
        "cement": {"law": "newtonian", "viscosity": "50 Pa s"},
        "injection": {
            "volume": "0.5 mL",
            "flow_rate": "4 mL/min",
            "source": {"center": MIDDLE, "radius": "2 mm"},
        },
        "outlet": [{"at": "all faces"}],
    }
    return read_case(table, "test", ".")


@cache
def body(edge: str = "1.5 mm") -> Geometry:
    return build_geometry(case(edge=edge).geometry)


def permeability(stated: cf.Case, geometry: Geometry) -> np.ndarray:
    return bone_fields(stated.bone, 0.1, geometry).permeability


def test_mean_and_variance_over_a_large_body() -> None:
    logarithm = FIELD.logarithm(scattered(30_000))
    assert np.exp(logarithm).mean() == pytest.approx(1.0, abs=0.03)
    assert logarithm.std() == pytest.approx(0.8, rel=0.02)
    assert logarithm.mean() == pytest.approx(-0.32, abs=0.02)
    # Skewness and kurtosis of a normal distribution.
    z = FIELD.gaussian(scattered(30_000))
    assert (z**3).mean() == pytest.approx(0.0, abs=0.06)
    assert (z**4).mean() == pytest.approx(3.0, abs=0.12)


@pytest.mark.parametrize("apart", [0.5, 1.0, 1.5, 2.0, 3.0])
@pytest.mark.parametrize("direction", [(1.0, 0.0, 0.0), (0.0, 0.6, 0.8), (-0.48, 0.6, 0.64)])
def test_correlation_over_distance(apart: float, direction: tuple[float, float, float]) -> None:
    points = scattered(15_000)
    step = apart * FIELD.correlation * np.array(direction)
    found = (FIELD.gaussian(points) * FIELD.gaussian(points + step)).mean()
    assert found == pytest.approx(np.exp(-0.5 * apart**2), abs=0.05)


@given(spread=st.floats(0.0, 3.0), correlation=st.floats(1e-3, 0.05), seed=st.integers(0, 2**31 - 1))
def test_any_field_is_finite_and_its_own(spread: float, correlation: float, seed: int) -> None:
    field = LogNormalField(spread, correlation, seed)
    points = scattered(50)
    values = field.logarithm(points)
    assert np.isfinite(values).all()
    # A formula: each point for itself, whatever stands beside it.
    np.testing.assert_array_equal(field.logarithm(points[::-1])[::-1], values)
    assert np.array_equal(values, replace(field, seed=seed ^ 1).logarithm(points)) == (spread == 0.0)


def test_the_same_bone_on_two_meshes() -> None:
    """Of a finer mesh, the tetrahedra around the middle of a coarse one have its permeability."""
    spec = HeterogeneitySpec(spread=1.0, correlation=5e-3, seed=2)
    coarse, fine = body("2.5 mm"), body("1.2 mm")
    found = permeability_variation(spec, coarse)
    middle = fine.mesh.points[fine.mesh.tets].mean(axis=1)
    finer = permeability_variation(spec, fine)
    for number in range(0, len(found), 97):
        at = coarse.mesh.points[coarse.mesh.tets[number]].mean(axis=0)
        near = np.linalg.norm(middle - at, axis=1) < 1e-3
        assert finer[near].mean() == pytest.approx(found[number], abs=0.25)
    other = permeability_variation(replace(spec, seed=3), coarse)
    assert abs(np.corrcoef(found, other)[0, 1]) < 0.5


def test_a_bone_that_is_moved_keeps_its_field() -> None:
    spec, home = HeterogeneitySpec(), body("2.5 mm")
    shift = np.array([0.3, -0.2, 0.1])
    mesh = replace(home.mesh, points=home.mesh.points + shift)
    frame = replace(home.frame, low=home.frame.low + home.frame.axes @ shift)
    frame = replace(frame, high=home.frame.high + home.frame.axes @ shift)
    moved = replace(home, mesh=mesh, frame=frame)
    np.testing.assert_allclose(
        permeability_variation(spec, moved), permeability_variation(spec, home), atol=1e-9
    )


def test_the_directions_keep_their_ratio_and_regions_their_own() -> None:
    lesion = {"shape": "ball", "center": MIDDLE, "radius": "5 mm", "permeability": "3e-8 m2"}
    k = permeability(case({"spread": 0.7, "seed": 5}, region=[lesion]), body())
    away = np.linalg.norm(body().mesh.points[body().mesh.tets].mean(axis=1) - 0.01, axis=1)
    outside = k[away > 8e-3]
    np.testing.assert_allclose(outside[:, 2] / outside[:, 0], 2.0)
    assert np.log(outside[:, 0]).std() > 0.4
    np.testing.assert_allclose(k[away < 2e-3][:, :3], 3e-8)


def test_even_bone_is_as_it_was() -> None:
    even = permeability(case(), body())
    assert even.strides[0] == 0  # one row that stands for all
    np.testing.assert_allclose(permeability(case({"spread": 0.0}), body()), even, rtol=1e-12)


@pytest.mark.parametrize(
    ("stated", "message"),
    [
        ({"seed": 1.5}, "bone.heterogeneity.seed = 1.5 is no whole number, 0 to 2147483647"),
        ({"seed": True}, "is no whole number, 0 to 2147483647"),
        ({"seed": -1}, "is no whole number, 0 to 2147483647"),
        ({"spread": 4}, "bone.heterogeneity.spread = 4 is outside 0 to 3"),
        ({"correlation": "0.1 mm"}, "below the smallest sensible value"),
        ({"corelation": "3 mm"}, 'did you mean "correlation"?'),
    ],
)
def test_what_cannot_be_is_refused(stated: dict[str, Any], message: str) -> None:
    with pytest.raises(cf.CaseError) as error:
        case(stated)
    assert message in str(error.value)


def test_check_tells_of_a_field_finer_than_the_mesh() -> None:
    fine = [f.text for f in cf.check(case({"correlation": "4 mm"})) if f.level == "warning"]
    coarse = [f.text for f in cf.check(case({"correlation": "2 mm"})) if f.level == "warning"]
    assert not any("heterogeneity" in text for text in fine)
    assert any("bone.heterogeneity.correlation: 2 mm is below 2 mean edges of 1.5 mm" in t for t in coarse)


def spread_of_the_cloud(marrow: str, spread: float) -> float:
    """Root of the mean square distance of the cement from the tip [m]."""
    stated = case({"spread": spread, "correlation": "3 mm", "seed": 4}, permeability="1e-8 m2").replace(
        {
            "cement.viscosity": "5 Pa s",
            "marrow.viscosity": marrow,
            "injection.volume": "1 mL",
            "output.figures": False,
        }
    )
    grid = cf.run(stated).fields()
    cement = np.asarray(grid.point_data["cement saturation [-]"])
    away = np.linalg.norm(np.asarray(grid.points) - 0.01, axis=1)
    return float(np.sqrt(np.average(away**2, weights=cement)))


def test_a_front_in_uneven_bone_is_rougher_the_thicker_the_marrow() -> None:
    """Below a ratio of one the cement runs ahead where the bone is open, and stays there (Saffman and Taylor 1958)."""
    thin, alike, thick = (
        spread_of_the_cloud(m, 1.0) / spread_of_the_cloud(m, 0.0) - 1.0
        for m in ("0.05 Pa s", "5 Pa s", "50 Pa s")
    )
    assert 0.01 < thin < alike < thick
    assert thick > 1.8 * thin
