"""Who would see cement outside the bone: attenuation, noise, shadows and places of leaks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import cementflow as cf
from cementflow.flow.state import State
from cementflow.flow.watch import Sight
from cementflow.laws.imaging import RADIOGRAPHY, TOMOGRAPHY, Picture, Scanner, hounsfield
from cementflow.mesh.box import box_mesh
from cementflow.mesh.geometry import build_geometry
from cementflow.mesh.shadow import PIXEL, build_shadow, control_centers
from cementflow.model import Model, build_model
from cementflow.sites.outlets import OpenFaces, Opening, Tube
from cementflow.sites.outside import Outside, Pieces
from cementflow.sites.veins import VeinCourse
from problems import problem
from vein_problems import with_veins

SHARE = st.floats(0.0, 3.0)
CLEAN = Picture(1e9, 1.0, 0.0, 0.0, 5e-3, 5.0)
ROUGH = Picture(1e9, 1.0, 0.05, 0.13, 5e-3, 5.0)
X, Y, Z = np.eye(3)


@pytest.mark.parametrize(
    ("material", "share", "at_80", "at_120"),
    [
        ("BaSO4", 0.0, 23.3, 21.1),
        ("BaSO4", 0.1, 99.3, 62.5),
        ("BaSO4", 0.2, 188.0, 111.0),
        ("BaSO4", 0.3, 294.0, 169.0),
        ("BaSO4", 0.4, 423.0, 239.0),
        ("ZrO2", 0.1, 68.0, 44.0),
        ("ZrO2", 0.2, 121.0, 72.0),
        ("ZrO2", 0.3, 186.0, 105.0),
        ("ZrO2", 0.4, 265.0, 146.0),
    ],
)
def test_attenuation_of_cement_is_that_of_the_table(
    material: str, share: float, at_80: float, at_120: float
) -> None:
    assert RADIOGRAPHY.cement(material, share) == pytest.approx(at_80, rel=0.012)
    assert TOMOGRAPHY.cement(material, share) == pytest.approx(at_120, rel=0.012)


def test_attenuation_of_a_contrast_agent() -> None:
    """647 mg of iohexol, C19 H26 I3 N3 O9, and 683 mg of water in a mL, each computed as a compound of its own."""
    agent = cf.preset("l3-venogram").cement.radiopacifier
    assert RADIOGRAPHY.cement(agent.material, agent.share) == pytest.approx(
        647 * 0.4413 + 683 * 0.0213, rel=0.012
    )
    assert TOMOGRAPHY.cement(agent.material, agent.share) == pytest.approx(
        647 * 0.2369 + 683 * 0.0189, rel=0.012
    )


def test_a_venogram_is_seen(tmp_path: Path) -> None:
    coarse = {"geometry.edge_length": "4 mm", "injection.cannula.tip_radius": "3 mm"}
    quick = {"injection.volume": "1 mL", "output.figures": False, "output.field_times": []}
    summary = cf.run(cf.preset("l3-venogram").replace(coarse | quick), out=tmp_path / "run").summary
    vein = summary["detectability"]["left segmental vein"]
    assert vein["near_ml"] > 0.005
    assert vein["fluoroscopy"]["AP"] and vein["ct"]


def test_numbers_of_a_tomography() -> None:
    """Above soft tissue of 53 HU: 4870 HU of cement with a fifth of barium sulphate, 1578 HU of bone."""
    assert hounsfield(TOMOGRAPHY.cement("BaSO4", 0.2)) == pytest.approx(4870 - 53, rel=0.01)
    assert hounsfield(TOMOGRAPHY.bone) == pytest.approx(1578 - 53, rel=0.01)


def ratio(picture: Picture, area: float, depth: float, bone: float = 0.0, cloud: float = 0.0) -> float:
    parts = (np.array([x]) for x in (area, depth, area, bone, cloud, 0.0))
    return float(picture.ratio(*parts)[0])


def test_contrast_and_noise_of_a_clear_beam() -> None:
    """Contrast (1 - exp(-d)) / (1 + s), over 1 / sqrt(N A (1 + s)) of counting."""
    area, depth = 4e-6, 0.17
    contrast = float(CLEAN.contrast(np.array(depth), np.array(1.0)))
    assert contrast == pytest.approx(-np.expm1(-depth) / 2.0)
    assert ratio(CLEAN, area, depth) == pytest.approx(contrast * np.sqrt(1e9 * area * 2.0))


def test_counting_photons_gives_the_ratio() -> None:
    """Signal over noise of simulated counts, behind something that lets 40 % through."""
    rng, area, depth, before = np.random.default_rng(1), 4e-6, 0.17, -np.log(0.4)
    number = 1e9 * area
    without = rng.poisson(number * (0.4 + 1.0), 20_000)
    behind = rng.poisson(number * (0.4 * np.exp(-depth) + 1.0), 20_000)
    simulated = (without.mean() - behind.mean()) / without.std()
    parts = (np.array([x]) for x in (area, depth, area, 0.0, 0.0, before))
    assert CLEAN.ratio(*parts)[0] == pytest.approx(simulated, rel=0.03)


@given(st.floats(1e-8, 1e-3), st.floats(1e-4, 3.0), SHARE, SHARE, st.floats(1.01, 3.0))
def test_more_is_seen_better_and_worse_behind_something(
    area: float, depth: float, bone: float, cloud: float, more: float
) -> None:
    here = ratio(ROUGH, area, depth, bone, cloud)
    assert ratio(ROUGH, area, more * depth, bone, cloud) > here
    assert ratio(ROUGH, more * area, depth, bone, cloud) >= here * (1 - 1e-12)
    assert ratio(ROUGH, area, depth, more * bone + 0.01, cloud) < here
    assert ratio(ROUGH, area, depth, bone, more * cloud + 0.01) < here
    assert ratio(CLEAN, area, depth, bone, cloud) >= here * (1 - 1e-12)


def test_cutting_an_object_into_parts_changes_nothing() -> None:
    whole = ratio(ROUGH, 8e-6, 0.3, 0.2, 0.5)
    part, one = np.full(4, 2e-6), np.ones(4)
    parts = ROUGH.ratio(part, 0.3 * one, 8e-6 * one, 0.2 * one, 0.5 * one, 0.0 * one)
    assert np.sqrt(np.sum(parts**2)) == pytest.approx(whole)


def test_a_voxel_shows_the_part_of_it_that_is_filled() -> None:
    scanner = Scanner(1e-3, 20.0, 5.0)

    def seen(volume: float, sides: list[float], shell: float = 0.0) -> float:
        return float(scanner.ratio(np.array([volume]), np.array([sides]), 4800.0, np.array([shell]))[0])

    assert seen(1e-6, [1e-2] * 3) == pytest.approx(4800.0 / 20.0)  # many voxels full
    assert seen(25e-6 * 1e-4, [5e-3, 5e-3, 1e-4]) == pytest.approx(0.1 * 4800.0 / 20.0)  # a film of a tenth
    assert seen(1e-12, [1e-4] * 3) == pytest.approx(1e-3 * 4800.0 / 20.0)  # a speck
    # On a wall of 0.3 mm of bone the same film is lost in what a voxel may hold of the wall.
    assert seen(25e-6 * 1e-4, [5e-3, 5e-3, 1e-4], 1530.0 * 0.3e-3) < 5.0


def test_a_shadow_keeps_volumes_and_is_even_behind_an_even_box() -> None:
    mesh = box_mesh((20e-3, 24e-3, 30e-3), 2.5e-3)
    volume = np.bincount(mesh.tets.ravel(), np.repeat(mesh.volumes / 4.0, 4))
    shadow = build_shadow(control_centers(mesh), volume, X, np.stack([Y, Z]))
    lengths = shadow.lengths(volume)
    assert lengths.sum() * PIXEL**2 == pytest.approx(20e-3 * 24e-3 * 30e-3)
    first, second = shadow.middles
    inner = lengths[np.ix_(np.abs(first - 12e-3) < 8e-3, np.abs(second - 15e-3) < 10e-3)]
    assert inner == pytest.approx(20e-3, rel=0.07)
    outer = lengths[np.ix_(np.abs(first - 12e-3) > 15e-3, np.abs(second - 15e-3) > 18e-3)]
    assert not outer.any()
    # A point is found again, and one far off is in no pixel.
    at = shadow.pixels(np.array([[0.0, 12.4e-3, 15.4e-3], [0.0, 1.0, 0.0]]))
    assert lengths.ravel()[at[0]] == pytest.approx(20e-3, rel=0.07)
    assert at[1] == -1


@pytest.fixture(scope="module")
def outside() -> Outside:
    """A box with a tube, a window, a leaky wall, and a vein that bends outside."""
    mesh = box_mesh((12e-3, 12e-3, 12e-3), 2e-3)
    source = np.zeros(len(mesh.points))
    source[np.linalg.norm(mesh.points - 6e-3, axis=1).argmin()] = 1.0
    face = np.flatnonzero(mesh.points[:, 0] > 12e-3 - 1e-9).astype(np.int32)
    top = np.flatnonzero(mesh.points[:, 2] > 12e-3 - 1e-9).astype(np.int32)
    even = np.full(len(face), 1.0 / len(face))
    spot = np.array([12e-3, 6e-3, 6e-3])
    outlets = (
        Tube("tube", "S", face, even, 1e-3, 20e-3, 0.0, 3.5e-3, spot, X),
        Opening("window", "C", face, 1e-9 * even, 0.0, spot, 3e-3, X),
        Opening("cortex", "C", top, np.full(len(top), 1e-15), 0.0, kind="cortex"),
        OpenFaces("faces", "C", top, 0.0),
    )
    corners = [[6e-3, 6e-3, 6e-3], [6e-3, -4e-3, 6e-3], [6e-3, -4e-3, 16e-3]]
    course = VeinCourse("vein", "S", np.array(corners), (1e-3, 1e-3))
    p = with_veins(problem(mesh, source, outlets), [course])
    return Outside(p.outlets, p.veins, mesh)


def pieces_of(outside: Outside, site: int, volume: float, held: float = 0.0, full: float = 1.0) -> Pieces:
    leaked, in_tubes = np.zeros(5), np.zeros(5)
    leaked[site], in_tubes[site] = volume, held
    cells = np.zeros(len(outside.tree.vein))
    return outside.pieces(leaked, in_tubes, cells, np.full(len(outside.mesh.points), full))


def test_cement_in_a_tube_is_a_rod_along_its_normal(outside: Outside) -> None:
    found = pieces_of(outside, 0, 9.0, np.pi * 1e-6 * 5e-3)  # what passed the end is not seen
    assert found.length == pytest.approx([5e-3])
    assert found.center[0] == pytest.approx([14.5e-3, 6e-3, 6e-3])
    assert found.area(X) == pytest.approx(np.pi * 1e-6)
    assert found.area(Y) == pytest.approx(5e-3 * 2e-3)
    assert not found.at_wall[0]


def test_cement_behind_a_window_is_a_cap_and_then_a_half_ball(outside: Outside) -> None:
    small, large = pieces_of(outside, 1, 10e-9), pieces_of(outside, 1, 1000e-9)
    assert small.volume == pytest.approx(10e-9)
    assert small.diameter == pytest.approx(6e-3)
    assert large.volume == pytest.approx(1000e-9)
    assert large.diameter == pytest.approx(2.0 * np.cbrt(1.5 * 1e-6 / np.pi))
    # Where cement stands behind a quarter of it only, that is where it came out.
    assert pieces_of(outside, 1, 10e-9, full=0.25).diameter == pytest.approx(3.37e-3, rel=0.01)
    assert small.at_wall.all()


def test_what_runs_back_along_a_needle_lies_where_that_leaves_the_bone(outside: Outside) -> None:
    window = outside.outlets[1]
    assert isinstance(window, Opening)
    away = replace(window, exit=np.array([0.0, 0.0, 40e-3]))
    found = replace(outside, outlets=(outside.outlets[0], away, *outside.outlets[2:]))
    assert pieces_of(found, 1, 10e-9).center[0, 2] == pytest.approx(40e-3)


@pytest.mark.parametrize("site", [2, 3])
def test_cement_on_a_leaky_wall_is_a_film(outside: Outside, site: int) -> None:
    found = pieces_of(outside, site, 14.4e-9)
    assert found.volume.sum() == pytest.approx(14.4e-9)
    # At its rim the vertices have a part of their area on the sides.
    assert np.median(found.length) == pytest.approx(1e-4, rel=0.4)
    assert found.area(Z).sum() > 0.9 * 144e-6
    assert len(pieces_of(outside, site, 14.4e-9, full=0.0).site) == 0


def test_cement_in_veins_counts_outside_the_bone_by_straight_stretches(outside: Outside) -> None:
    tree = outside.tree
    n = len(outside.mesh.points)
    found = outside.pieces(np.zeros(5), np.zeros(5), tree.capacity, np.zeros(n))
    assert len(found.site) == 2
    assert (found.site == 4).all()
    assert found.diameter == pytest.approx(2e-3)
    assert found.length[1] == pytest.approx(10e-3)
    assert 2e-3 < found.length[0] < 7e-3  # what lies in the bone is no leak to be seen
    assert np.abs(found.axis) == pytest.approx(np.abs(np.stack([Y, Z])))
    assert found.center[1] == pytest.approx([6e-3, -4e-3, 11e-3])
    assert found.volume.sum() < tree.capacity.sum()
    half = outside.pieces(np.zeros(5), np.zeros(5), 0.5 * tree.capacity, np.zeros(n))
    assert half.length == pytest.approx(0.5 * found.length)


@pytest.fixture(scope="module")
def model() -> Model:
    case = cf.preset("l3-osteoporotic").replace({"geometry.edge_length": "4 mm", "imaging": {}})
    return build_model(case, build_geometry(case.geometry))


def leaking(model: Model, name: str, volume: float, full: float) -> State:
    """So much behind one outlet, and the bone filled to a share."""
    start = State.initial(model.problem)
    number = [o.name for o in model.problem.outlets].index(name)
    leaked = np.zeros(len(model.problem.outlets))
    leaked[number] = volume
    return replace(start, leaked=leaked, held=leaked, saturation=np.full(model.problem.volumes.n, full))


def seen(model: Model, name: str, volume: float, full: float) -> list[bool]:
    watch, state = model.watch, leaking(model, name, volume, full)
    number = [o.name for o in model.problem.outlets].index(name)
    found = watch.sight(state)
    assert found.volume[number] == pytest.approx(volume)
    return (found.ratio[number] >= watch.fluoroscopy.threshold).tolist()


def test_a_leak_is_missed_behind_the_cloud(model: Model) -> None:
    """20 uL in a vein: to the left of the body it is seen from in front, behind it from the side."""
    assert seen(model, "left segmental vein", 20e-9, 0.0) == [True, True]
    assert seen(model, "left segmental vein", 20e-9, 1.0) == [True, False]
    assert seen(model, "basivertebral vein", 60e-9, 1.0) == [False, True]
    assert seen(model, "basivertebral vein", 1e-9, 1.0) == [False, False]


def test_pedicles_hide_what_lies_between_them(model: Model) -> None:
    lateral = model.watch.views[1]
    first, second = lateral.shadow.middles
    behind = np.ix_(first < model.geometry.frame.low[0] - 2e-3, second > 10e-3)
    assert lateral.bone[behind].max() > 0.3  # two pedicles, some 6 mm of solid bone
    assert lateral.bone[first < model.geometry.frame.low[0] - 25e-3].max(initial=0.0) == 0.0


def test_plain_cement_is_not_seen(model: Model) -> None:
    plain = model.case.replace({"cement.radiopacifier.share": 0.0})
    other = build_model(plain, model.geometry)
    assert not any(seen(other, "left segmental vein", 50e-9, 0.0))


def test_nothing_leaked_is_nothing_seen(model: Model) -> None:
    sight = model.watch.sight(State.initial(model.problem))
    assert not sight.ratio.any()
    assert sight.margin(5.0, 0.0) == -1.0
    assert sight.seen_volume(5.0) == 0.0


RATIO, VOLUME = st.floats(0.0, 30.0), st.floats(0.0, 1e-7)
SITES = st.lists(st.tuples(RATIO, RATIO, VOLUME), min_size=1, max_size=6)


@given(SITES, st.just(0.0) | st.floats(1e-12, 1e-7))
def test_the_margin_says_when_enough_is_seen(sites: list, least: float) -> None:
    """Of the sites that are seen the volumes count, of the others nothing; more of anything never lowers it."""
    numbers = np.array(sites)
    sight = Sight(numbers[:, :2], numbers[:, :2], numbers[:, 2])
    enough = bool((sight.ratio >= 5.0).any()) and sight.seen_volume(5.0) >= least
    margin = sight.margin(5.0, least)
    assert (margin >= 0.0) == enough or abs(margin) < 1e-9
    more = Sight(1.1 * sight.ratio, sight.thickness, 1.1 * sight.volume)
    assert more.margin(5.0, least) >= margin - 1e-12


def test_least_thickness_that_is_seen() -> None:
    """What the manual says of 3 x 3 mm on the fluoroscopy, beside the bone and behind 5 and 10 mm of cloud."""
    per_metre, in_bone = (
        RADIOGRAPHY.cement("BaSO4", 0.2) - RADIOGRAPHY.soft,
        0.9 * (188.0 - RADIOGRAPHY.marrow),
    )

    def seen(thickness: float, cloud: float) -> bool:
        return ratio(ROUGH, 9e-6, per_metre * thickness, cloud=in_bone * cloud) >= 5.0

    assert seen(0.5e-3, 0.0) and not seen(0.4e-3, 0.0)
    assert seen(4.4e-3, 5e-3) and not seen(4.2e-3, 5e-3)
    assert not seen(1.0, 10e-3)
