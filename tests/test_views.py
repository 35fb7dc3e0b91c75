"""Pictures of run folders: what they show, where they put it, and how they fail."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cementflow.errors import InputError
from cementflow.views import curves
from cementflow.views.camera import axial, fit, lateral, oblique
from cementflow.views.history import read_history
from cementflow.views.labels import Label, draw_labels
from cementflow.views.page import round_length, scale_bar, spread
from cementflow.views.palette import LEAK
from cementflow.views.quiet import quiet_vtk
from cementflow.views.scene import scene_cameras
from cementflow.views.sheet import Frame, RunSheet, Tip, open_run
from cementflow.views.snapshots import Snapshot, read_snapshot
from cementflow.views.studio import Studio
from cementflow.views.words import caption, volume

SIZE = (640, 400)
RADIUS = 20e-3
# An anatomical frame that is not the file's: +x left, +y posterior, +z superior.
FRAME = {"ap": [0, -1, 0], "lr": [-1, 0, 0], "si": [0, 0, 1]}


def ball_mesh(n: int = 12) -> tuple[np.ndarray, np.ndarray]:
    """A cube of (n-1)^3 cells, each cut in six tetrahedra, bulged to a ball of `RADIUS` [m]."""
    t = np.linspace(-1, 1, n)
    x, y, z = (a.ravel() for a in np.meshgrid(t, t, t, indexing="ij"))
    squared = np.stack([x, y, z], axis=1) ** 2
    others = np.stack([squared[:, [1, 2]], squared[:, [0, 2]], squared[:, [0, 1]]], axis=1)
    bulge = np.sqrt(1 - others.sum(axis=2) / 2 + others.prod(axis=2) / 3)
    points = RADIUS * np.stack([x, y, z], axis=1) * bulge
    i, j, k = (a.ravel() for a in np.meshgrid(*(np.arange(n - 1),) * 3, indexing="ij"))
    corner = {(a, b, c): ((i + a) * n + j + b) * n + k + c for a in (0, 1) for b in (0, 1) for c in (0, 1)}
    tets = []
    for first, second in ((0, 1), (0, 2), (1, 0), (1, 2), (2, 0), (2, 1)):
        one, two = np.zeros(3, int), np.zeros(3, int)
        one[first] = 1
        two[[first, second]] = 1
        ends = [corner[0, 0, 0], corner[1, 1, 1]]
        # Every other one of the six ways along the edges would turn its tetrahedron inside out.
        ends = ends if (second - first) % 3 == 1 else ends[::-1]
        tets.append(np.stack([ends[0], corner[tuple(one)], corner[tuple(two)], ends[1]], axis=1))
    return points, np.concatenate(tets)


@dataclass
class RunFolder:
    """What a synthetic run folder holds; change it before writing."""

    times: tuple[float, ...] = (0.0, 30.0, 60.0)
    cloud: tuple[float, ...] = (0.0, 6e-3, 9e-3)  # radius of the cement [m]
    rows: int = 30
    needle: bool = True
    outlets: dict = field(default_factory=lambda: dict(OUTLETS))
    title: str | None = "Ball with cost 5$ and 7$"

    def write(self, run: Path) -> Path:
        import pyvista

        (run / "fields").mkdir(parents=True)
        points, tets = ball_mesh()
        sets = []
        for i, (time, radius) in enumerate(zip(self.times, self.cloud, strict=True)):
            grid = pyvista.UnstructuredGrid({pyvista.CellType.TETRA: tets}, points)
            away = np.linalg.norm(points, axis=1)
            grid.point_data["pressure [Pa]"] = 2e4 * np.exp(-away / 8e-3)
            grid.point_data["cement saturation [-]"] = np.clip((radius - away) / 3e-3 + 0.5, 0, 1) * (
                radius > 0
            )
            grid.save(run / f"fields/fields_{i:04d}.vtu")
            sets.append(f'<DataSet timestep="{time}" part="0" file="fields/fields_{i:04d}.vtu"/>')
        head = '<?xml version="1.0"?><VTKFile type="Collection" version="0.1"><Collection>'
        (run / "fields.pvd").write_text(head + "".join(sets) + "</Collection></VTKFile>")
        self._tables(run)
        return run

    def _tables(self, run: Path) -> None:
        columns = [f"leak_{name}_ml" for name in self.outlets]
        with (run / "history.csv").open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(
                ["time_s", "injected_ml", "in_bone_ml", "leaked_ml", *columns]
                + ["tip_pressure_kPa", "syringe_pressure_kPa", "flow_rate_ml_min", "balance_error"]
            )
            for t in np.linspace(60 / max(self.rows, 1), 60, self.rows):
                leaks = [o["leaked_ml"] * t / 60 for o in self.outlets.values()]
                total = sum(leaks)
                syringe = 40 * t if self.needle else ""
                writer.writerow([t, t / 20, t / 20 - total, total, *leaks, 20 + t, syringe, 3.0, 1e-12])
        tip = {"center_mm": [0.0, 0.0, 0.0], "radius_mm": 1.5}
        sites = {"tip": tip, "outlets": self.outlets}
        if self.needle:
            sites["cannula"] = {"direction": [0.3, -0.9, -0.1]}
        events = [{"time_s": 20.0, "what": "first leak: vein"}, {"time_s": 60.0, "what": "completed"}]
        summary = {"status": "completed", "sites": sites, "frame": FRAME, "events": events}
        (run / "summary.json").write_text(json.dumps(summary))
        if self.title is not None:
            (run / "case.toml").write_text(f'title = "{self.title}"\n')


def outlet(**changes) -> dict:
    base = {"type": "C", "kind": "patch", "center_mm": [0, 0, 20], "radius_mm": 3.0, "leaked_ml": 0.0}
    base |= {"first_leak_s": None, "reach_mm": None, "tube_length_mm": None, "outward": [0, 0, 1]}
    return base | changes


OUTLETS = {
    "vein": outlet(
        type="B", kind="tube", center_mm=[0, 20, 0], outward=[0, 1, 0], radius_mm=1.5,
        tube_length_mm=15.0, reach_mm=9.0, leaked_ml=0.0636, first_leak_s=20.0,
    ),
    "left wall defect": outlet(center_mm=[20, 0, 0], outward=[1, 0, 0]),
    "cortex": outlet(kind="cortex", center_mm=None, radius_mm=None, outward=None),
}  # fmt: skip


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return RunFolder().write(tmp_path_factory.mktemp("views") / "run")


def pixels(path: Path) -> np.ndarray:
    """RGB of a PNG as integers."""
    from matplotlib.image import imread

    return np.rint(255 * imread(path)[..., :3]).astype(int)


def count(picture: np.ndarray, colour: str, within: int = 12) -> int:
    """Number of pixels near a colour."""
    from matplotlib.colors import to_rgb

    wanted = np.rint(255 * np.array(to_rgb(colour))).astype(int)
    return int((np.abs(picture - wanted).max(axis=-1) <= within).sum())


def vivid(picture: np.ndarray) -> np.ndarray:
    """Where the teal to yellow of the cement is: strong, and not the orange and blue of the marks."""
    red, green, blue = np.moveaxis(picture, -1, 0)
    return (np.ptp(picture, axis=-1) > 40) & (green > 0.95 * blue) & (green > 1.02 * red)


# --- the three pictures ---


def test_make_figures_writes_all_three_and_leaves_nothing_else(run: Path) -> None:
    from cementflow.views import make_figures

    before = {p for p in run.rglob("*") if "figures" not in p.parts}
    made = make_figures(run)
    assert [p.relative_to(run).as_posix() for p in made] == [
        f"figures/{n}.png" for n in ("curves", "slices", "scene")
    ]
    assert sorted(p.name for p in (run / "figures").iterdir()) == ["curves.png", "scene.png", "slices.png"]
    assert {p for p in run.rglob("*") if "figures" not in p.parts} == before
    for path in made:
        assert pixels(path).shape == (1000, 1600, 3)


def test_a_png_holds_the_picture_to_the_last_pixel(tmp_path: Path) -> None:
    from cementflow.views.png import write_png

    picture = np.random.default_rng(1).integers(0, 256, (137, 53, 4), np.uint8)
    write_png(tmp_path / "noise.png", picture)
    assert np.array_equal(pixels(tmp_path / "noise.png"), picture[..., :3])
    write_png(tmp_path / "even.png", np.full_like(picture[:37], 7))
    assert not np.array_equal(pixels(tmp_path / "even.png"), picture[:37, ..., :3])
    assert (tmp_path / "even.png").stat().st_size < 200


def test_pictures_are_the_same_bytes_twice(run: Path, tmp_path: Path) -> None:
    from cementflow.views import plot_curves, render_scene, render_slices

    for draw in (render_scene, render_slices):
        one, two = draw(run, tmp_path / "1.png", size=SIZE), draw(run, tmp_path / "2.png", size=SIZE)
        assert one.read_bytes() == two.read_bytes()
        other = draw(run, tmp_path / "3.png", time=30.0, size=SIZE)
        assert other.read_bytes() != one.read_bytes()
    one, two = plot_curves(run, tmp_path / "1.pdf"), plot_curves(run, tmp_path / "2.pdf")
    assert one.read_bytes() == two.read_bytes()


def test_scene_shows_cement_and_leak_only_where_there_is_any(run: Path, tmp_path: Path) -> None:
    from cementflow.views import render_scene

    full = pixels(render_scene(run, tmp_path / "full.png", size=SIZE))
    empty = pixels(render_scene(run, tmp_path / "empty.png", time=0.0, size=SIZE))
    assert vivid(full)[60:320].sum() > 1500
    assert vivid(empty)[60:320].sum() < 100
    assert count(full, LEAK, 40) > 100
    assert count(empty, LEAK, 40) == 0


def test_photograph_and_camera_agree_on_where_things_are(run: Path) -> None:
    # The silhouette of the ball is a disc of 20 mm whatever the view: this ties pixels, bar and labels to mm.
    sheet = open_run(run)
    shot = read_snapshot(sheet)
    cameras = scene_cameras(sheet, shot, (320, 300))
    bare = RunSheet(sheet.folder, "", Tip(np.zeros(3), 0.1, None), (), sheet.frame, (), sheet.history)
    alone = Snapshot(shot.time, None, shot.mesh, shot.fields, ())
    with Studio() as studio:
        pictures = studio.photograph(bare, alone, None, cameras)
    for camera, picture in zip(cameras, pictures, strict=True):
        rows, columns = np.nonzero((picture < 250).any(axis=-1))
        for found in (np.ptp(rows) + 1, np.ptp(columns) + 1):
            assert found * camera.per_pixel == pytest.approx(40.0, abs=2.5 * camera.per_pixel)
        centre = camera.pixels(np.zeros(3))
        assert (columns.min() + columns.max() + 1) / 2 == pytest.approx(centre[0], abs=1.5)
        assert (rows.min() + rows.max() + 1) / 2 == pytest.approx(centre[1], abs=1.5)


def test_a_used_studio_takes_the_pictures_of_a_new_one(run: Path, tmp_path: Path) -> None:
    from cementflow.views import render_scene

    fresh = {
        time: render_scene(run, tmp_path / f"{time}.png", time, SIZE).read_bytes() for time in (0.0, 60.0)
    }
    assert fresh[0.0] != fresh[60.0]
    with Studio() as studio:
        for time in (60.0, 0.0, 60.0):
            used = render_scene(run, tmp_path / "used.png", time, SIZE, studio)
            assert used.read_bytes() == fresh[time]


def test_a_picture_on_a_page_keeps_its_pixels() -> None:
    from cementflow.views.page import add_panels, add_picture, new_page, panel_size

    page = new_page(SIZE)
    width, height = panel_size(SIZE)
    right = add_panels(page, (width, height), ["", ""])[1]
    picture = np.random.default_rng(1).integers(0, 255, (height, width, 4), dtype=np.uint8)
    picture[..., 3] = 255
    add_picture(right, picture)
    page.canvas.draw()
    shown = np.asarray(page.canvas.buffer_rgba())[..., :3]
    bottom = round(0.07 * SIZE[0])
    # Without the column that the line between the panels covers.
    assert np.array_equal(shown[-bottom - height : -bottom, width + 2 :], picture[::-1, 2:, :3])


def test_scale_bar_has_the_length_it_states(run: Path) -> None:
    from cementflow.views.page import new_page

    camera = scene_cameras(open_run(run), read_snapshot(open_run(run)), (800, 700))[1]
    page = new_page((800, 700))
    axes = page.add_axes((0, 0, 1, 1))
    length = scale_bar(axes, camera.per_pixel, (760.0, 20.0), 200.0)
    start, end = axes.lines[0].get_xdata()
    # Two points that far apart along the picture's horizontal, and what is written.
    apart = camera.pixels(length * camera.right) - camera.pixels(np.zeros(3))
    assert end - start == pytest.approx(apart[0])
    assert axes.texts[0].get_text() == f"{length:g} mm"
    assert 0.3 * 200 < end - start <= 200


def test_slices_show_the_cement_at_its_size(run: Path, tmp_path: Path) -> None:
    from cementflow.views import render_slices

    def share(time: float) -> float:
        """Part of bone and cement that has the dark end of the map (not the blue of the needle)."""
        picture = pixels(render_slices(run, tmp_path / "s.png", time=time, size=SIZE))[52:350]
        red, green, blue = np.moveaxis(picture, -1, 0)
        dark = (red < 90) & (blue > red + 30) & (blue < 1.45 * green)
        return dark.sum() / (np.ptp(picture, axis=-1) > 5).sum()

    # Cement fills discs of 6 and 9 mm in bone of 20 mm, on a mesh that resolves 3.6 mm.
    assert share(0.0) < 0.01
    assert share(30.0) == pytest.approx((6 / 20) ** 2, rel=0.25)
    assert share(60.0) == pytest.approx((9 / 20) ** 2, rel=0.15)


def test_pressures_are_written_on_their_lines_and_apart(run: Path) -> None:
    from matplotlib.tri import LinearTriInterpolator

    from cementflow.views.cuts import flat_mesh
    from cementflow.views.letters import Haloed
    from cementflow.views.page import panel_size
    from cementflow.views.slices import slices_page, tip_planes

    sheet, size = open_run(run), (1600, 1000)
    shot = read_snapshot(sheet)
    page = slices_page(sheet, shot, size)
    renderer = page.canvas.get_renderer()
    for axes, cut, camera in zip(page.axes, *tip_planes(sheet, shot, panel_size(size)), strict=False):
        numbers = [t for t in axes.texts if isinstance(t, Haloed) and t.get_text()[0].isdigit()]
        pressure = LinearTriInterpolator(flat_mesh(cut, camera), cut.fields["pressure [kPa]"])
        assert len(numbers) >= 2
        for number in numbers:
            assert float(pressure(*number.get_position())) == pytest.approx(
                float(number.get_text()), rel=1e-6
            )
        boxes = [number.get_window_extent(renderer) for number in numbers]
        assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])


def test_isolines_are_those_of_matplotlib(run: Path) -> None:
    from matplotlib.figure import Figure

    from cementflow.views.cuts import flat_mesh, isoline
    from cementflow.views.slices import tip_planes

    sheet = open_run(run)
    shot = read_snapshot(sheet)
    for cut, camera in zip(*tip_planes(sheet, shot, (800, 700)), strict=True):
        pressure = cut.fields["pressure [kPa]"]
        for level, closed in ((float(np.quantile(pressure, 0.8)), True), (float(np.median(pressure)), None)):
            line = isoline(cut, pressure, level, camera)
            expected = Figure().subplots().tricontour(flat_mesh(cut, camera), pressure, levels=[level])
            joined = [path.vertices for path in expected.get_paths()[0]._iter_connected_components()]
            whole = sum(np.linalg.norm(np.diff(points, axis=0), axis=1).sum() for points in joined)
            ends = line.points[line.pieces]
            assert np.linalg.norm(ends[:, 1] - ends[:, 0], axis=1).sum() == pytest.approx(whole, rel=1e-9)
            if closed is not None:
                assert line.is_closed == all(np.array_equal(points[0], points[-1]) for points in joined)


def test_lateral_and_axial_views_follow_radiological_convention() -> None:
    frame = Frame(*(np.array(FRAME[name], float) for name in ("ap", "lr", "si")))
    box = 10 * np.array([[1, 1, 1], [-1, -1, -1]])
    side, below = fit([lateral(frame), axial(frame)], box, (100, 100), (0.5, 0.5))
    assert side.right @ frame.ap == pytest.approx(-1)  # front to the left
    assert side.up @ frame.si == pytest.approx(1)
    assert below.right @ frame.lr == pytest.approx(-1)  # the patient's right to the left
    assert below.up @ frame.ap == pytest.approx(1)
    for camera in (side, below, fit([oblique(frame)], box, (100, 100), (0.5, 0.5))[0]):
        assert np.cross(camera.right, camera.up) @ camera.toward == pytest.approx(1)


def test_edge_letters_name_the_direction_beyond_the_edge() -> None:
    from cementflow.views.orientation import draw_edge_letters
    from cementflow.views.page import new_page

    frame = Frame(*(np.array(FRAME[name], float) for name in ("ap", "lr", "si")))
    for view, expected in ((axial, "RLPA"), (lateral, "APIS")):
        (camera,) = fit([view(frame)], np.eye(3), (100, 100), (0.5, 0.5))
        axes = new_page((320, 200)).add_axes((0, 0, 1, 1))
        draw_edge_letters(axes, frame, camera)
        assert "".join(text.get_text() for text in axes.texts) == expected


# --- times, tubes, words ---


@pytest.mark.parametrize(
    ("asked", "stored"), [(None, 60.0), (0.0, 0.0), (30.0, 30.0), (31.0, 30.0), (50.0, 60.0)]
)
def test_nearest_snapshot_is_taken_and_said(run: Path, asked: float | None, stored: float) -> None:
    sheet = open_run(run)
    shot = read_snapshot(sheet, asked)
    assert shot.time == stored
    words = caption(sheet, shot)[0]
    assert words.startswith(f"t = {stored:g} s")
    assert ("nearest to" in words) == (asked not in (None, stored))
    if asked == 31.0:
        assert "(stored fields nearest to 31 s)" in words


def test_caption_reads_the_volumes_of_that_time(run: Path) -> None:
    sheet = open_run(run)
    lines = caption(sheet, read_snapshot(sheet, 30.0))
    assert "injected 1.50 mL" in lines[0] and "in bone 1.47 mL" in lines[0] and "leaked 0.03 mL" in lines[0]
    assert "injected 0.00 mL" in caption(sheet, read_snapshot(sheet, 0.0))[0]
    assert lines[1] == "over the whole surface: cortex (no cement)"


def test_outlets_have_the_state_of_the_time_shown(run: Path) -> None:
    sheet = open_run(run)
    vein = {time: read_snapshot(sheet, time).outlets[0] for time in (0.0, 30.0, 60.0)}
    assert [vein[t].leaks for t in (0.0, 30.0, 60.0)] == [False, True, True]
    # 0.0318 mL in a tube of 1.5 mm radius fill 4.5 mm of it.
    assert vein[30.0].reach == pytest.approx(0.0318e3 / (np.pi * 1.5**2))
    assert vein[60.0].reach == 9.0
    assert not any(state.leaks for state in read_snapshot(sheet).outlets[1:])


def test_labels_say_nothing_is_nothing_and_little_is_little() -> None:
    assert [volume(v) for v in (-1e-17, 0.0, 0.001, 0.12, 4.0)] == [
        "0.00 mL",
        "0.00 mL",
        "< 0.01 mL",
        "0.12 mL",
        "4.00 mL",
    ]


@given(
    st.lists(st.tuples(st.floats(-50, 150), st.floats(1, 8)), min_size=1, max_size=12),
)
@settings(max_examples=100, deadline=None)
def test_labels_do_not_overlap_and_stay_inside(spots: list[tuple[float, float]]) -> None:
    wanted, tall = (np.array(x) for x in zip(*spots, strict=True))
    placed = spread(wanted, tall, 0.0, 100.0)
    order = np.argsort(placed, kind="stable")
    edges = np.stack([placed - tall / 2, placed + tall / 2], axis=1)[order]
    assert edges.min() >= -1e-9 and edges.max() <= 100 + 1e-9
    assert (edges[1:, 0] - edges[:-1, 1] >= -1e-9).all()
    apart = np.argsort(wanted, kind="stable")
    assert (np.diff(placed[apart]) >= -1e-9).all()


@given(st.floats(1e-6, 1e6))
def test_round_length_is_a_large_round_part(at_most: float) -> None:
    length = round_length(at_most)
    assert 0.39 * at_most < length <= at_most * (1 + 1e-9)
    assert f"{length:.0e}"[0] in "125"


def test_crowded_labels_are_cut_and_stay_apart() -> None:
    from cementflow.views.page import new_page

    axes = new_page((800, 800)).add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, 800), ylim=(0, 800))
    many = [Label((300.0 + i, 400.0), f"an outlet with a long name {i}", "0.10 mL", LEAK) for i in range(30)]
    draw_labels(axes, many, (20, 780, 20, 780), 1.0)
    renderer = axes.figure.canvas.get_renderer()
    boxes = [text.get_window_extent(renderer) for text in axes.texts]
    assert len(boxes) == 30 and all("…" in text.get_text() for text in axes.texts)
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])


# --- curves ---


def test_curves_name_lines_outlets_and_events(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages = []
    monkeypatch.setattr(curves, "save_page", lambda page, out: pages.append(page))
    curves.plot_curves(run, tmp_path / "c.png")
    (page,) = pages
    words = {text.get_text() for axes in page.axes for text in axes.texts}
    assert {"syringe", "needle tip", "injected", "in bone", "leaked", "vein"} <= words
    notes = [text.get_text() for text in page.texts]
    assert "no cement through left wall defect, cortex" in notes
    assert any("20 s   first leak: vein" in note for note in notes)
    labels = [axes.get_ylabel() for axes in page.axes]
    assert (
        labels[0].startswith("pressure [kPa]") and "volume [mL]" in labels and "flow rate [mL/min]" in labels
    )
    assert all(axes.get_xlabel() == "time [s]" for axes in page.axes)


@pytest.mark.parametrize("change", ["one row", "no outlets", "no needle", "no title"])
def test_sparse_runs_are_drawn(change: str, tmp_path: Path) -> None:
    from cementflow.views import plot_curves, render_scene, render_slices

    folder = {
        "one row": RunFolder(rows=1),
        "no outlets": RunFolder(outlets={}),
        "no needle": RunFolder(needle=False),
        "no title": RunFolder(title=None),
    }[change]
    run = folder.write(tmp_path / "run")
    for draw in (render_scene, render_slices, plot_curves):
        path = draw(run, tmp_path / f"{draw.__name__}.png", size=SIZE)
        assert (pixels(path) < 128).any(axis=-1).sum() > 300
    if change == "no needle":
        assert open_run(run).tip.word == "source"
    if change == "no title":
        assert open_run(run).title == "run"


def test_a_row_cut_short_by_an_interruption_is_left_out(run: Path, tmp_path: Path) -> None:
    text = (run / "history.csv").read_text()
    cut = tmp_path / "history.csv"
    cut.write_text(text[: text.rstrip().rindex("\n") + 8])
    assert len(read_history(cut)) == len(read_history(run / "history.csv")) - 1


# --- errors ---


def test_no_fields_is_an_error_for_scenes_but_not_for_the_set(tmp_path: Path) -> None:
    from cementflow.views import make_figures, render_scene, render_slices

    run = RunFolder(times=(), cloud=()).write(tmp_path / "run")
    (run / "fields.pvd").unlink()
    for draw in (render_scene, render_slices):
        with pytest.raises(InputError, match="holds no fields"):
            draw(run, tmp_path / "x.png")
    assert not (tmp_path / "x.png").exists()
    assert [path.name for path in make_figures(run)] == ["curves.png"]


def test_empty_history_is_an_error_for_curves_only(tmp_path: Path) -> None:
    from cementflow.views import make_figures, plot_curves

    run = RunFolder(rows=0).write(tmp_path / "run")
    with pytest.raises(InputError, match="no rows"):
        plot_curves(run, tmp_path / "x.png")
    assert [path.name for path in make_figures(run)] == ["slices.png", "scene.png"]


@pytest.mark.parametrize("time", [-1.0, 61.0, float("nan")])
def test_time_out_of_range_names_the_range(run: Path, tmp_path: Path, time: float) -> None:
    from cementflow.views import render_scene

    with pytest.raises(InputError, match="from 0 s to 60 s"):
        render_scene(run, tmp_path / "x.png", time=time)


def test_all_that_a_summary_lacks_is_said_at_once(run: Path, tmp_path: Path) -> None:
    summary = json.loads((run / "summary.json").read_text())
    del summary["frame"]["ap"]
    summary["sites"]["tip"]["radius_mm"] = "wide"
    summary["sites"]["outlets"]["vein"]["outward"] = [0, 0, 0]
    bad = tmp_path / "bad"
    bad.mkdir()
    (bad / "summary.json").write_text(json.dumps(summary))
    with pytest.raises(InputError) as caught:
        open_run(bad)
    text = str(caught.value)
    assert len(caught.value.problems) == 3
    assert "frame.ap" in text and "sites.tip.radius_mm" in text and "vein.outward" in text


@pytest.mark.parametrize(
    ("file", "content", "match"),
    [
        ("summary.json", "{", "not valid JSON"),
        ("summary.json", "[]", "one JSON object"),
        ("history.csv", "", "not even a header"),
        ("history.csv", "time,injected_ml\n1,2\n", "no column 'time_s'.*found 'time'"),
        ("fields.pvd", "<VTKFile", "not a valid collection"),
        ("fields.pvd", "<VTKFile><DataSet file='a.vtu'/></VTKFile>", "not a valid collection"),
        ("fields/fields_0002.vtu", "<VTKFile/>", "cannot be read"),
    ],
)
def test_broken_files_are_named(tmp_path: Path, file: str, content: str, match: str) -> None:
    from cementflow.views import render_scene

    run = RunFolder().write(tmp_path / "run")
    (run / file).write_text(content)
    with pytest.raises(InputError, match=f"(?s){Path(file).name}.*{match}"):
        render_scene(run, tmp_path / "x.png", size=SIZE)


def test_a_missing_field_is_named_with_what_is_there(tmp_path: Path) -> None:
    import pyvista

    run = RunFolder().write(tmp_path / "run")
    path = run / "fields/fields_0002.vtu"
    grid = pyvista.read(path)
    grid.rename_array("pressure [Pa]", "pressure [bar]")
    grid.save(path)
    with pytest.raises(InputError, match=r"no vertex field 'pressure \[Pa\]' \(found 'pressure \[bar\]'\)"):
        read_snapshot(open_run(run))


def test_unknown_endings_sizes_and_folders_are_refused(run: Path, tmp_path: Path) -> None:
    from cementflow.views import plot_curves, render_scene

    with pytest.raises(InputError, match=r"\.png or \.pdf, found '\.bmp'"):
        plot_curves(run, tmp_path / "x.bmp")
    with pytest.raises(InputError, match="at least 320 px"):
        render_scene(run, tmp_path / "x.png", size=(100, 100))
    with pytest.raises(InputError, match="no such run folder"):
        render_scene(tmp_path / "nowhere", tmp_path / "x.png")
    assert list(tmp_path.iterdir()) == []


# --- windows, state, imports ---


def test_show_says_that_there_is_no_display(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from cementflow.views import show

    monkeypatch.setattr(sys, "platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(InputError, match="no display"):
        show(run)


def test_the_window_shows_the_scene(run: Path) -> None:
    from cementflow.views.scene import interactive

    with quiet_vtk():
        plotter = interactive(run, None, off_screen=True)
        camera = plotter.renderer.GetActiveCamera()
        chosen = camera.GetPosition()
        try:
            picture = np.asarray(plotter.screenshot(return_img=True), int)
            seen_from = camera.GetPosition()
        finally:
            plotter.close()
    assert seen_from == pytest.approx(chosen)
    assert vivid(picture).sum() > 3000


def test_no_state_is_left_behind(run: Path, tmp_path: Path) -> None:
    import matplotlib
    import pyvista
    from vtkmodules.vtkCommonCore import vtkLogger, vtkObject

    from cementflow.views import plot_curves, render_scene

    def state() -> tuple:
        theme = pyvista.global_theme.to_dict()
        warnings = vtkObject.GetGlobalWarningDisplay(), vtkLogger.GetCurrentVerbosityCutoff()
        return dict(matplotlib.rcParams), theme, pyvista.OFF_SCREEN, warnings, np.geterr()

    before = state()
    render_scene(run, tmp_path / "a.png", size=SIZE)
    plot_curves(run, tmp_path / "b.png", size=SIZE)
    assert state() == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.png", "b.png"]


def test_importing_the_package_loads_no_drawing_library() -> None:
    code = (
        "import sys, cementflow.views, cementflow.views.sheet\n"
        "heavy = {'pyvista', 'vtkmodules', 'matplotlib', 'meshio'} & set(sys.modules)\n"
        "sys.exit(f'loaded {heavy}' if heavy else 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_unknown_names_are_attribute_errors() -> None:
    import cementflow.views

    with pytest.raises(AttributeError, match="render_film"):
        _ = cementflow.views.render_film
