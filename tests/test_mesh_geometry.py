"""From the geometry table of a case to a mesh with a frame and a report."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from cementflow.errors import MeshError
from cementflow.mesh.box import box_mesh
from cementflow.mesh.fidelity import Fidelity, distance_fidelity
from cementflow.mesh.geometry import Geometry, build_geometry
from cementflow.mesh.read import write_mesh
from cementflow.mesh.tetmesh import TetMesh

DATA = Path(__file__).parents[2] / "shared/data"
READY = Path(__file__).parents[1] / "meshes"


@dataclass
class Spec:
    """The attributes of a `GeometrySpec`."""

    preset: str | None = None
    mesh: str | None = None
    surface: str | None = None
    labels: str | None = None
    label: tuple[int, ...] | None = None
    image: str | None = None
    units: str | None = None
    axes: str | None = None
    edge_length: float | None = None
    size: object = None
    radius: float | None = None
    body: object = None


def shared(name: str) -> str:
    """Path of a file of the shared data."""
    if not (DATA / name).is_file():
        pytest.skip(f"{name} is not in the shared data")
    return str((DATA / name).resolve())


def test_box() -> None:
    made = build_geometry(Spec(preset="box", size=(0.03, 0.03, 0.03), edge_length=2.5e-3))
    assert made.report.volume == pytest.approx(27e-6)
    assert made.report.quality.negative_share == 0
    assert np.allclose(made.frame.point(0.5, 0.5, 0.5), 0.015)
    assert build_geometry(Spec(preset="box", size=0.03, edge_length=5e-3)).report.volume == pytest.approx(
        27e-6
    )


def test_ball() -> None:
    made = build_geometry(Spec(preset="ball", radius=0.015, edge_length=2e-3))
    assert made.report.volume == pytest.approx(4 / 3 * np.pi * 0.015**3, rel=0.02)
    assert made.report.fidelity is not None
    assert made.report.fidelity.to_shape.largest < 0.1e-3
    assert np.allclose(made.frame.point(0.5, 0.5, 0.5), 0, atol=1e-6)


def test_fidelity_is_measured_when_it_is_asked_for_and_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run does not show it, so it does not pay for it."""
    calls = []

    def measured(mesh: TetMesh, distance: object) -> Fidelity:
        calls.append(mesh)
        return distance_fidelity(mesh, distance)  # type: ignore[arg-type]

    monkeypatch.setattr("cementflow.mesh.geometry.distance_fidelity", measured)
    made = build_geometry(Spec(preset="ball", radius=0.015, edge_length=4e-3))
    assert calls == []
    assert made.report.fidelity is made.report.fidelity is not None
    assert len(calls) == 1


def test_lumbar_preset() -> None:
    made = build_geometry(Spec(preset="L3", edge_length=2e-3))
    assert made.report.quality.mean_edge_length == pytest.approx(2e-3, rel=0.05)
    assert made.frame.size * 1e3 == pytest.approx([35.0, 46.6, 24.7], abs=0.5)
    assert made.report.warnings == ()
    assert np.allclose(made.frame.fractions([[0, 0, 0]]), 0.5, atol=0.02)


def test_ready_mesh() -> None:
    made = build_geometry(Spec(mesh="L3.vtu", units="m"), READY)
    assert made.report.warnings == ()
    assert made.report.fidelity is None


def test_surface_with_arch() -> None:
    name = shared("remus_visible_human/L3_Schrumpfverpacken.obj")
    made = build_geometry(Spec(surface=name, units="m", axes="ALS", edge_length=2.5e-3))
    assert any("spinal canal" in note for note in made.report.notes)
    assert made.report.fidelity is not None
    assert made.report.fidelity.shape_volume == pytest.approx(made.report.volume, rel=0.02)
    assert made.report.warnings == ()


def test_given_body_wins() -> None:
    body = SimpleNamespace(low=(-0.004, -0.024, 0.09), high=(0.034, 0.024, 0.122))
    name = shared("remus_visible_human/L3_Schrumpfverpacken.obj")
    made = build_geometry(Spec(surface=name, units="m", axes="ALS", edge_length=3e-3, body=body))
    assert np.allclose(made.frame.low, [-0.004, -0.024, 0.09])
    assert "the box of the body was given" in made.report.notes
    elsewhere = SimpleNamespace(low=(1, 1, 1), high=(2, 2, 2))
    made = build_geometry(Spec(surface=name, units="m", axes="ALS", edge_length=4e-3, body=elsewhere))
    assert any("no vertex" in warning for warning in made.report.warnings)


def test_wrong_units_are_named() -> None:
    body = shared("remus_visible_human/L3_body.obj")
    with pytest.raises(MeshError, match="with units = 'm'"):
        build_geometry(Spec(surface=body, axes="ALS", edge_length=2e-3))
    made = build_geometry(Spec(mesh="L3.vtu", units="cm"), READY)
    assert "with units = 'm'" in made.report.warnings[0]


def test_sizes_no_unit_explains(tmp_path: Path) -> None:
    write_mesh(box_mesh([0.002, 0.2, 0.03], 0.01), tmp_path / "odd.vtu")
    made = build_geometry(Spec(mesh="odd.vtu", units="m"), tmp_path)
    assert made.report.warnings == ("the geometry measures 2 x 200 x 30 mm, no vertebra does",)


def test_left_handed_axes_are_noted() -> None:
    made = build_geometry(Spec(mesh="L3.vtu", units="m", axes="LAS"), READY)
    assert any("left-handed" in warning for warning in made.report.warnings)


def test_regions_of_a_mesh_file_are_kept(tmp_path: Path) -> None:
    box = box_mesh([0.03] * 3, 5e-3)
    write_mesh(TetMesh(box.points, box.tets, np.full(len(box.tets), 5, np.int32)), tmp_path / "a.vtu")
    assert set(build_geometry(Spec(mesh="a.vtu", units="m"), tmp_path).mesh.region) == {5}


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        (Spec(), "one of preset, mesh, surface, labels"),
        (Spec(preset="T12"), "no preset geometry 'T12'"),
        (Spec(preset="box"), "needs size"),
        (Spec(preset="ball"), "needs radius"),
        (Spec(mesh="nothing.vtu"), "no such file"),
        (Spec(surface="nothing.obj"), "no such file"),
        (Spec(mesh="L3.vtu", axes="RRS"), "one each of"),
    ],
)
def test_bad_specs(spec: Spec, words: str) -> None:
    with pytest.raises(MeshError, match=words):
        build_geometry(spec, READY)


def test_result_is_a_geometry() -> None:
    assert isinstance(build_geometry(Spec(preset="box", size=(0.01,) * 3, edge_length=5e-3)), Geometry)
