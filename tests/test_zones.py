"""Zones of the surface: on embedded bodies, on real ones with and without their arch, and on any mesh."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from cementflow.case import read_case
from cementflow.mesh.geometry import Geometry, build_geometry
from cementflow.mesh.zones import ARCH, ZONES, SurfaceZones, surface_zones
from cementflow.sites.locate import NAMED
from cementflow.sites.surface import BoneSurface


@cache
def geometry(**stated: str) -> Geometry:
    table = {
        "geometry": stated,
        "bone": {"preset": "osteoporotic"},
        "cement": {"preset": "medium"},
        "injection": {
            "volume": "1 mL",
            "flow_rate": "4 mL/min",
            "source": {"center": {"ap": 0.5, "lr": 0.5, "si": 0.5}, "radius": "3 mm"},
        },
        "outlet": [{"at": "all faces"}],
    }
    return build_geometry(read_case(table, "test", ".").geometry)


def zones_of(found: Geometry) -> SurfaceZones:
    return surface_zones(found.mesh, found.frame)


def shares(found: Geometry) -> dict[str, float]:
    area = zones_of(found).area.sum(axis=1)
    return dict(zip(ZONES, area / area.sum(), strict=True))


def real(shared_data: Path, file: str, units: str) -> Geometry:
    path = shared_data / file
    if not path.is_file():
        pytest.skip(f"{file} is not in the shared data")
    return geometry(surface=str(path), units=units, axes="ALS", edge_length="2.5 mm")


@pytest.mark.parametrize("name", ["L1", "L2", "L3", "L4", "L5"])
def test_embedded_bodies(name: str) -> None:
    found = geometry(preset=name, edge_length="3 mm")
    zones, share = zones_of(found), shares(found)
    np.testing.assert_allclose(zones.area.sum(axis=0), BoneSurface(found.mesh).area, atol=1e-18)
    assert share["left wall"] == pytest.approx(share["right wall"], rel=1e-6)
    assert 0.18 < share["inferior endplate"] < 0.30
    assert 0.18 < share["superior endplate"] < 0.30
    assert 0.1 < share["posterior wall"] < 0.2
    assert 0.1 < share["anterior wall"] < 0.2
    assert share[ARCH] == 0.0


@pytest.mark.parametrize("name", ["L2", "L3", "L4"])
def test_bodies_of_the_visible_human(name: str, shared_data: Path) -> None:
    share = shares(real(shared_data, f"remus_visible_human/{name}_body.obj", "m"))
    assert share["left wall"] == pytest.approx(share["right wall"], rel=0.05)
    assert 0.17 < share["inferior endplate"] < 0.27
    assert 0.17 < share["superior endplate"] < 0.27
    assert 0.1 < share["posterior wall"] < 0.22
    assert share[ARCH] == 0.0


@pytest.mark.parametrize("name", ["L2", "L3", "L4"])
def test_vertebrae_with_their_arch(name: str, shared_data: Path) -> None:
    found = real(shared_data, f"clouthier_mean_L2-L5/{name}_mean.ply", "mm")
    zones, share = zones_of(found), shares(found)
    np.testing.assert_allclose(zones.area.sum(axis=0), BoneSurface(found.mesh).area, atol=1e-18)
    assert 0.4 < share[ARCH] < 0.65
    body = 1.0 - share[ARCH]
    assert share["left wall"] == pytest.approx(share["right wall"], rel=0.1)
    # The posterior wall is what the pedicles leave of it.
    assert 0.08 < share["posterior wall"] / body < 0.16
    assert 0.18 < share["superior endplate"] / body < 0.28
    fractions = found.frame.fractions(found.mesh.points[zones.inside("posterior wall")])
    assert np.median(fractions[:, 0]) < 0.12


@pytest.mark.parametrize("place", list(NAMED))
def test_the_middle_of_each_wall_is_in_its_zone(place: str) -> None:
    found = geometry(preset="L3", edge_length="3 mm")
    spot = BoneSurface(found.mesh).nearest(found.frame.point(*NAMED[place]))
    zones = zones_of(found)
    nearest, _ = zones.samples.nearest(spot.center)
    assert ZONES[zones.zone[nearest]] == place.removesuffix(" centre")


def test_areas_do_not_jump_with_the_mesh() -> None:
    fine, coarse = (
        zones_of(geometry(preset="L3", edge_length=e)).area.sum(axis=1) for e in ("1.5 mm", "3 mm")
    )
    np.testing.assert_allclose(coarse, fine, rtol=0.02)


def test_a_box_has_six_equal_faces() -> None:
    """Away from its edges, where the averaged normals and the place decide alike."""
    found = geometry(preset="box", size="20 mm", edge_length="2 mm")
    area = zones_of(found).area.sum(axis=1)
    np.testing.assert_allclose(area[:6], 4e-4, rtol=1e-6)


def test_turned_bone_has_the_same_zones() -> None:
    found = geometry(preset="L3", edge_length="3 mm")
    angle = 0.7
    turn = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1.0]])
    mesh = replace(found.mesh, points=found.mesh.points @ turn.T)
    frame = replace(found.frame, axes=found.frame.axes @ turn.T)
    np.testing.assert_allclose(
        surface_zones(mesh, frame).area.sum(axis=1), zones_of(found).area.sum(axis=1), rtol=1e-3, atol=1e-12
    )
    # Without turning the frame the zones are others.
    unturned = surface_zones(mesh, found.frame).area.sum(axis=1)
    assert not np.allclose(unturned, zones_of(found).area.sum(axis=1), rtol=0.05)
