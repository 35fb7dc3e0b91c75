"""Defects of the wall: areas and cubic laws on any mesh, and what goes through them in a run."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cementflow.case import Case, read_case
from cementflow.case.zoned import MeshField
from cementflow.check import check
from cementflow.errors import CaseError, MeshError
from cementflow.mesh.fields import MeshFields
from cementflow.mesh.geometry import Geometry, build_geometry
from cementflow.mesh.zones import ZONES
from cementflow.model import build_model
from cementflow.sites.defects import GONE, gap_transmissibility, slit_transmissibility
from cementflow.sites.outlets import Opening
from cementflow.sites.wall import Wall
from problems import face_share, problem, run

SIDE = 20e-3
K, OPEN = 1e-8, 1e-5  # m2
EDGES = ("1 mm", "1.6 mm", "2.4 mm")


@cache
def body(preset: str, edge: str) -> Geometry:
    return build_geometry(case(preset, edge).geometry)


def case(preset: str = "box", edge: str = "1.6 mm", **sections: Any) -> Case:
    size = {"size": "20 mm"} if preset == "box" else {}
    table = {
        "geometry": {"preset": preset, "edge_length": edge, **size},
        "bone": {"porosity": 0.9, "permeability": f"{K} m2"},
        "cement": {"law": "newtonian", "viscosity": "10 Pa s"},
        "injection": {
            "volume": "0.1 mL",
            "flow_rate": "4 mL/min",
            "cannula": {"gauge": 11, "length": "120 mm", "tip": {"ap": 0.5, "lr": 0.5, "si": 0.5}},
        },
    }
    return read_case(
        table | {"outlet": [{"at": "posterior wall centre", "type": "B", "radius": "3 mm"}]} | sections,
        "test",
        ".",
    )


def opening(edge: str, preset: str = "box", **stated: Any) -> Opening:
    """The opening of one defect, in a wall of 0.2 mm; bone of a stated permeability, else of K."""
    bone = {"porosity": 0.9, "permeability": f"{stated.pop('bone', K)} m2"}
    defect = {"name": "defect", "type": "C"} | stated
    made = build_model(case(preset, edge, bone=bone, defect=[defect]), body(preset, edge))
    found = next(o for o in made.problem.outlets if o.name == "defect")
    assert isinstance(found, Opening)
    return found


def window_area(edge: str, **stated: Any) -> float:
    """Of the samples inside a hole."""
    return float(np.pi * opening(edge, **stated).radius ** 2)


def test_a_filled_window_passes_its_area() -> None:
    """K A / t, where what fills it resists far more than the bone in front of it."""
    found = opening("1.6 mm", shape="disc", at=MIDDLE, radius="4 mm", permeability="1e-13 m2")
    assert found.transmissibility.sum() == pytest.approx(1e-13 * np.pi * 16e-6 / 0.2e-3, rel=0.01)


MIDDLE = {"ap": 1.0, "lr": 0.47, "si": 0.52}
WINDOWS = {
    "disc": ({"at": MIDDLE, "radius": "4 mm"}, np.pi * 16e-6),
    "ellipse": (
        {"at": MIDDLE, "radii": ["6 mm", "3 mm"], "toward": {"ap": 1.0, "lr": 0.9, "si": 0.8}},
        np.pi * 18e-6,
    ),
    "polygon": (
        {
            "points": [
                {"ap": 1.0, "lr": y, "si": z} for y, z in ((0.3, 0.3), (0.7, 0.3), (0.7, 0.8), (0.5, 0.5))
            ]
        },
        # By the shoelace formula in the plane, of 20 mm a side.
        0.5
        * 400e-6
        * abs(
            (0.3 * 0.3 - 0.7 * 0.3)
            + (0.7 * 0.8 - 0.7 * 0.3)
            + (0.7 * 0.5 - 0.5 * 0.8)
            + (0.5 * 0.3 - 0.3 * 0.5)
        ),
    ),
    "breach": ({"at": MIDDLE}, np.pi * 1.5e-3**2),
}


@pytest.mark.parametrize("edge", EDGES)
@pytest.mark.parametrize("shape", list(WINDOWS))
def test_windows_have_their_area_on_any_mesh(shape: str, edge: str) -> None:
    stated, area = WINDOWS[shape]
    assert window_area(edge, shape=shape, **stated) == pytest.approx(area, rel=0.025)


@pytest.mark.parametrize("radius", ["0.1 mm", "0.2 mm"])
def test_a_window_below_the_samples_keeps_its_area(radius: str) -> None:
    area = np.pi * float(radius.split()[0]) ** 2 * 1e-6
    assert window_area("2.4 mm", shape="disc", at=MIDDLE, radius=radius) == pytest.approx(area, rel=1e-6)


def test_an_ellipse_points_where_it_is_told_to() -> None:
    """Second moments of its area along and across."""
    for toward, axis in (
        ({"ap": 1.0, "lr": 1.0, "si": 0.52}, 0),
        ({"ap": 1.0, "lr": 0.47, "si": 1.0}, 2),
        (None, 2),
    ):
        told = {} if toward is None else {"toward": toward}
        found = opening("1 mm", shape="ellipse", at=MIDDLE, radii=["6 mm", "2 mm"], **told)
        offset = body("box", "1 mm").mesh.points[found.vertices] - found.center
        spread = np.sqrt(found.transmissibility @ offset**2 / found.transmissibility.sum())
        assert spread[axis] == pytest.approx(3e-3, rel=0.05)
        assert spread[2 - axis] == pytest.approx(1e-3, rel=0.15)


@pytest.mark.parametrize("edge", EDGES)
def test_a_crack_obeys_the_cubic_law_on_any_mesh(edge: str) -> None:
    """w^3 l / (12 t), along a bent path that follows no edges of the mesh."""
    points = [{"ap": 1.0, "lr": y, "si": z} for y, z in ((0.2, 0.31), (0.55, 0.47), (0.6, 0.83))]
    length = SIDE * (np.hypot(0.35, 0.16) + np.hypot(0.05, 0.36))
    found = opening(edge, shape="crack", points=points, width="0.1 mm", bone=OPEN)
    assert found.transmissibility.sum() == pytest.approx(0.1e-3**3 * length / (12 * 0.2e-3), rel=1e-3)
    thick = opening(edge, shape="crack", points=points, width="0.1 mm", thickness="0.4 mm", bone=OPEN)
    np.testing.assert_allclose(thick.transmissibility, 0.5 * found.transmissibility, rtol=1e-3)


def test_a_crack_follows_a_curved_wall() -> None:
    """Over the right wall of a vertebra, longer than the straight line between its ends."""
    points = [{"ap": 0.15, "lr": 0.9, "si": 0.5}, {"ap": 0.9, "lr": 0.8, "si": 0.5}]
    found = [
        opening(e, "L3", shape="crack", points=points, width="0.1 mm", bone=OPEN) for e in ("1.5 mm", "3 mm")
    ]
    lengths = [o.transmissibility.sum() * 12 * 0.2e-3 / 0.1e-3**3 for o in found]
    frame = body("L3", "3 mm").frame
    straight = np.linalg.norm(frame.point(0.9, 0.8, 0.5) - frame.point(0.15, 0.9, 0.5))
    assert lengths[0] == pytest.approx(lengths[1], rel=0.02)
    assert straight < lengths[0] < 1.3 * straight


@given(st.floats(1e-5, 1e-3), st.floats(1e-4, 1e-3))
def test_the_cubic_law_by_quadrature_of_the_profile(width: float, thickness: float) -> None:
    """Poiseuille's parabola between two plates, u = (w^2 / 4 - y^2) dp / (2 mu t), summed over y."""
    y = (np.arange(2000) + 0.5) / 2000 * width - 0.5 * width
    flow = np.sum((0.25 * width**2 - y**2) / (2.0 * thickness)) * width / 2000
    assert slit_transmissibility(width, np.array([thickness]))[0] == pytest.approx(flow, rel=1e-6)


def test_the_gap_around_a_needle_is_a_thin_annulus() -> None:
    """Against the exact annulus, pi/8 [R2^4 - R1^4 - (R2^2 - R1^2)^2 / ln(R2 / R1)] dp / (mu L)."""
    inner, width, length = 1.5e-3, 0.05e-3, 40e-3
    outer = inner + width
    exact = np.pi / 8 * (outer**4 - inner**4 - (outer**2 - inner**2) ** 2 / np.log(outer / inner)) / length
    assert gap_transmissibility(2 * inner, width, length) == pytest.approx(exact, rel=0.02)
    found = opening("1.6 mm", shape="track", width="50 um", length="40 mm")
    assert found.transmissibility.sum() == pytest.approx(gap_transmissibility(3e-3, width, length))


def test_a_track_runs_along_the_needle() -> None:
    gap = {"name": "gap", "type": "C", "shape": "track", "width": "50 um", "length": "30 mm"}
    middle, oblique = {"ap": 0.5, "lr": 0.5, "si": 0.5}, {"ap": 0.0, "lr": 0.2, "si": 0.7}
    bone = body("box", "4 mm")

    def way(**needle: Any) -> Any:
        injection = {
            "volume": "0.1 mL",
            "flow_rate": "4 mL/min",
            "needle": [{"name": "n", "gauge": 11, "length": "120 mm", "tip": middle, **needle}],
        }
        made = build_model(case("box", "4 mm", injection=injection, defect=[gap]), bone)
        found = next(o for o in made.problem.outlets if o.name == "gap")
        assert isinstance(found, Opening)
        assert found.exit is not None
        return (found.exit - found.center) / 30e-3, made.needles[0].direction

    straight, _ = way()
    assert straight == pytest.approx(-bone.frame.axes[0])
    along, direction = way(entry=oblique)
    assert along == pytest.approx(-direction)
    assert np.linalg.norm(along - straight) > 0.3


@pytest.mark.parametrize("edge", EDGES)
def test_a_zone_without_wall_lies_open(edge: str) -> None:
    found = opening(edge, shape="zone", zone="anterior wall", thickness="0 mm")
    assert found.transmissibility.sum() == pytest.approx(K * SIDE**2 / GONE, rel=1e-3)


def tumour(ap: float) -> dict[str, Any]:
    """Bone with a ball of 6 mm radius at some depth."""
    region = {
        "name": "tumour",
        "shape": "ball",
        "center": {"ap": ap, "lr": 0.5, "si": 0.5},
        "radius": "6 mm",
        "permeability": f"{K} m2",
    }
    return {"porosity": 0.9, "permeability": f"{K} m2", "region": [region]}


LOST = {"name": "defect", "type": "C", "shape": "zone", "zone": "anterior wall", "within": "tumour"}


@pytest.mark.parametrize("edge", EDGES)
@pytest.mark.parametrize("away", [0.0, 2.0, 4.0])
def test_a_wall_is_lost_where_a_region_reaches_it(edge: str, away: float) -> None:
    """A ball whose middle is some millimetres behind the wall: a disc of the radius sqrt(36 - away^2) mm."""
    lost = LOST | {"permeability": "1e-13 m2"}
    stated = case("box", edge, bone=tumour(1.0 - away / 20.0), defect=[lost])
    made = build_model(stated, body("box", edge))
    found = next(o for o in made.problem.outlets if o.name == "defect")
    assert isinstance(found, Opening)
    assert np.pi * found.radius**2 == pytest.approx(np.pi * (36.0 - away**2) * 1e-6, rel=0.05)


def test_a_wall_that_its_region_does_not_reach_is_whole() -> None:
    stated = case("box", "2.4 mm", bone=tumour(0.5), defect=[LOST | {"thickness": "0 mm"}])
    made = build_model(stated, body("box", "2.4 mm"))
    assert "defect" not in [o.name for o in made.problem.outlets]
    findings = [f.text for f in check(stated)]
    assert "defect.defect: tumour does not reach the anterior wall; nothing is lost" in findings


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"within": "tumor"}, 'within "tumor", which is no region of the bone (did you mean "tumour"?)'),
        ({"shape": "disc", "at": "anterior wall centre", "radius": "2 mm", "zone": None}, "has no meaning"),
    ],
)
def test_what_a_wall_cannot_be_lost_within(changes: dict[str, Any], message: str) -> None:
    stated = {k: v for k, v in (LOST | changes).items() if v is not None}
    with pytest.raises(CaseError) as error:
        case("box", bone=tumour(0.5), defect=[stated])
    assert message in str(error.value)


def drop_through(edge: str, **stated: Any) -> tuple[float, float]:
    """Flow through a defect in the anterior wall under a known pressure in front of it, and that pressure."""
    found = opening(edge, bone=OPEN, **stated)
    mesh = body("box", edge).mesh
    behind = np.abs(mesh.points[:, 1]) < 1e-9
    source = behind / behind.sum()
    # Bone without resistance: what is left is that of the defect.
    p = problem(mesh, source, [found], permeability=1e-4, marrow=0.1, rate=1e-7, volume=1e-9)
    flow = run(p)[0].flow
    return float(flow.fluxes.link.sum()), float(flow.pressure[found.vertices].mean()) - found.pressure


@pytest.mark.parametrize("edge", EDGES)
def test_a_run_through_a_crack_obeys_the_cubic_law(edge: str) -> None:
    points = [{"ap": 1.0, "lr": 0.21, "si": 0.33}, {"ap": 1.0, "lr": 0.77, "si": 0.58}]
    flow, drop = drop_through(edge, shape="crack", points=points, width="0.1 mm")
    length = SIDE * np.hypot(0.56, 0.25)
    assert flow == pytest.approx(1e-7, rel=1e-3)
    assert flow == pytest.approx(0.1e-3**3 * length * drop / (12 * 0.1 * 0.2e-3), rel=2e-3)


def resistance_to(edge: str, **stated: Any) -> float:
    """From one face of the box to a defect in the other, over the viscosity of the marrow [1/m3]."""
    found = opening(edge, **stated)
    mesh = body("box", edge).mesh
    p = problem(
        mesh, face_share(mesh, np.abs(mesh.points[:, 1]) < 1e-9), [found], marrow=0.1, rate=1e-7, volume=1e-9
    )
    flow = run(p)[0].flow
    return (p.tip_pressure(flow.pressure) - found.pressure) / 1e-7 / 0.1


@pytest.mark.parametrize("height", [0.5, 0.47, 0.483])
def test_a_slit_across_the_box_resists_as_it_should_on_any_mesh(height: float) -> None:
    """D / W + ln(W / (2 pi r)) / pi in the plane, r = w / 4, and the slit itself, w^3 / (12 t)."""
    points = [{"ap": 1.0, "lr": y, "si": height} for y in (0.0, 1.0)]
    width = 0.6e-3
    plane = 1.0 + np.log(SIDE / (2.0 * np.pi * 0.25 * width)) / np.pi
    # Off the middle by d: the image array adds -ln(cos(pi d / W)) / pi.
    plane -= np.log(np.cos(np.pi * (height - 0.5))) / np.pi
    exact = plane / (K * SIDE) + 12.0 * 0.2e-3 / (width**3 * SIDE)
    for edge in EDGES:
        assert resistance_to(edge, shape="crack", points=points, width="0.6 mm") == pytest.approx(
            exact, rel=0.02
        )


DRIFT = {
    "crack": {
        "shape": "crack",
        "width": "0.5 mm",
        "points": [{"ap": 1.0, "lr": 0.25, "si": 0.41}, {"ap": 1.0, "lr": 0.75, "si": 0.62}],
    },
    "hole": {"shape": "disc", "at": MIDDLE, "radius": "1 mm"},
    "small hole": {"shape": "disc", "at": MIDDLE, "radius": "0.5 mm"},
    "window": {"shape": "disc", "at": MIDDLE, "radius": "4 mm"},
}


@pytest.mark.parametrize("name", list(DRIFT))
def test_what_a_leak_meets_does_not_drift_with_the_mesh(name: str) -> None:
    found = [resistance_to(edge, **DRIFT[name]) for edge in EDGES]
    np.testing.assert_allclose(found, found[0], rtol=0.08 if name == "small hole" else 0.05)


def test_the_wall_goes_by_its_zones() -> None:
    """Each zone has its own k A / t, and compartments see theirs."""
    cortex = {
        "thickness": {"walls": "0.2 mm", "endplates": "0.5 mm"},
        "permeability": {"elsewhere": "1e-14 m2", "posterior wall": "1e-13 m2"},
    }
    compartments = [{"preset": "canal"}, {"preset": "disc"}]
    stated = case("box", "1.6 mm", cortex=cortex, compartment=compartments, outlet=[])
    found = {o.name: o for o in build_model(stated, body("box", "1.6 mm")).problem.outlets}
    face = SIDE**2
    assert list(found) == ["cortex to canal", "cortex to disc", "cortex"]
    assert [o.type for o in found.values()] == ["C", "D", "C"]
    assert found["cortex to canal"].transmissibility.sum() == pytest.approx(1e-13 * face / 0.2e-3, rel=1e-6)
    assert found["cortex to disc"].transmissibility.sum() == pytest.approx(2e-14 * face / 0.5e-3, rel=1e-6)
    assert found["cortex"].transmissibility.sum() == pytest.approx(3e-14 * face / 0.2e-3, rel=1e-6)


def test_foramina_are_pipes_through_the_walls() -> None:
    cortex = {
        "thickness": "0.2 mm",
        "permeability": "1e-24 m2",
        "foramina": {"number": 12, "diameter": "0.3 mm"},
    }
    (found,) = build_model(
        case("box", "1.6 mm", cortex=cortex, outlet=[]), body("box", "1.6 mm")
    ).problem.outlets
    assert found.transmissibility.sum() == pytest.approx(12 * np.pi * 0.3e-3**4 / (128 * 0.2e-3), rel=1e-3)
    top = body("box", "1.6 mm").mesh.points[found.vertices][:, 2] > SIDE - 1e-9
    # The endplates have none but at their rims.
    assert found.transmissibility[top].sum() < 0.1 * found.transmissibility.sum()


def test_a_defect_takes_its_area_off_the_wall() -> None:
    cortex = {"thickness": "0.2 mm", "permeability": "1e-14 m2"}
    hole = {"name": "hole", "type": "C", "shape": "disc", "at": MIDDLE, "radius": "5 mm"}
    whole, broken = (
        build_model(
            case("box", "1.6 mm", cortex=cortex, outlet=[], defect=d), body("box", "1.6 mm")
        ).problem.outlets[-1]
        for d in ([], [hole])
    )
    missing = whole.transmissibility.sum() - broken.transmissibility.sum()
    assert missing == pytest.approx(1e-14 * np.pi * 25e-6 / 0.2e-3, rel=0.03)


def test_thickness_from_a_field_of_the_mesh() -> None:
    plain = body("box", "1.6 mm")
    mesh = plain.mesh
    fields = MeshFields({"wall": 0.2 + 10 * mesh.points[:, 2]}, {"layer": np.full(len(mesh.tets), 0.3)})
    geometry = replace(plain, fields=fields)
    bone = np.tile([K, K, K, 0, 0, 0], (len(mesh.tets), 1))
    cortex = case(cortex={"thickness": {"field": "wall", "unit": "mm"}, "permeability": "1e-14 m2"}).cortex
    assert cortex is not None
    wall = Wall(geometry, cortex, bone)
    samples = wall.zones.samples
    np.testing.assert_allclose(wall.thickness(samples), 0.2e-3 + 0.01 * samples.center[:, 2])
    by_cell = Wall(geometry, replace(cortex, thickness=MeshField("layer", "mm")), bone)
    np.testing.assert_allclose(by_cell.thickness(samples), 0.3e-3)
    absent = Wall(geometry, replace(cortex, thickness=MeshField("shell", "mm")), bone)
    with pytest.raises(
        MeshError, match=r'no field "shell"; the mesh file has wall \(at points\), layer \(in cells\)'
    ):
        absent.thickness(samples)


def test_what_lies_behind_follows_from_the_wall() -> None:
    places = {"ap": "canal", "lr": "paravertebral", "si": "disc"}
    for axis, name in places.items():
        at = {"ap": 0.5, "lr": 0.5, "si": 0.5} | {axis: 0.0}
        assert opening("2.4 mm", shape="disc", at=at, radius="2 mm").label == name
    assert opening("2.4 mm", shape="zone", zone=ZONES[1]).label == "paravertebral"
    assert opening("2.4 mm", shape="disc", at=MIDDLE, radius="2 mm", behind="disc").label == "disc"
