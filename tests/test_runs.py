"""Run folders: what is in them, that they balance, and that they come out the same however a run gets to its end."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import cementflow as cf
from cementflow import warm_up
from cementflow.fem.linear_solver import LinearResult, PressureSolver
from command import COARSE, COMMAND, ENVIRONMENT, cementflow, refused, settings

# Leaks before the end: an opening in the wall close to the needle.
LEAKY = COARSE | {
    "injection.cannula.tip": {"ap": 0.6, "lr": 0.2, "si": 0.5},
    "injection.cannula.tip_radius": "3 mm",
    "outlet.lateral wall defect.at": {"ap": 0.6, "lr": 0.05, "si": 0.5},
    "outlet.lateral wall defect.radius": "3 mm",
    "injection.volume": "2 mL",
    "output.field_times": ["5 s", "10 s"],
}
# A run of some seconds of wall-clock, so that a signal finds it under way.
LONG = LEAKY | {"geometry.edge_length": "2 mm", "output.fields_every": "3 s", "output.field_times": []}
CLOCK = ("wall_s", "peak_rss_mb")


@pytest.fixture(scope="module")
def case() -> cf.Case:
    return cf.preset("l3-osteoporotic").replace(LEAKY)


@pytest.fixture(scope="module")
def result(case: cf.Case, tmp_path_factory: pytest.TempPathFactory) -> cf.Result:
    return cf.run(case, tmp_path_factory.mktemp("runs") / "leaky")


@pytest.fixture(scope="module")
def long_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An undisturbed run of the long case, by the command line."""
    folder = tmp_path_factory.mktemp("long")
    (folder / "case.toml").write_text(cf.case.to_toml(cf.preset("l3-osteoporotic").replace(LONG)))
    done = cementflow("run", "case.toml", "--out", "undisturbed", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder


def contents(run: Path) -> dict[str, object]:
    """Everything in a run folder that must not depend on how the run went, by file."""
    files: dict[str, object] = {
        str(p.relative_to(run)): p.read_bytes()
        for p in run.rglob("*")
        if p.is_file() and p.name not in ("summary.json", "checkpoint.npz")
    }
    summary = json.loads((run / "summary.json").read_text())
    return files | {"summary.json": {k: v for k, v in summary.items() if k not in CLOCK}}


def assert_same(one: Path, other: Path) -> None:
    a, b = contents(one), contents(other)
    assert set(a) == set(b)
    assert [name for name in a if a[name] != b[name]] == []


# --- the folder


def test_folder_holds_what_the_contract_says(result: cf.Result) -> None:
    assert {p.name for p in result.path.iterdir()} == {
        "case.toml", "summary.json", "history.csv", "fields.pvd", "fields", "checkpoint.npz", "report.html",
    }  # fmt: skip
    assert [p.name for p in sorted((result.path / "fields").iterdir())] == [
        f"fields_000{i}.vtu" for i in range(4)
    ]


def test_summary(result: cf.Result, case: cf.Case) -> None:
    s = result.summary
    assert s["status"] == "completed"
    assert s["stop_reason"] == "volume injected"
    assert s["injected_ml"] == pytest.approx(2.0, rel=1e-7)
    outlets = [o.name for o in case.outlet] + ["cortex"]
    for table in ("leaked_ml", "first_leak_s", "marrow_out_ml"):
        assert set(s[table]) - {"total"} == set(outlets)
    leaked = s["leaked_ml"]["lateral wall defect"]
    assert leaked > 0.01
    assert 0 < s["first_leak_s"]["lateral wall defect"] < 30
    assert s["first_leak_s"]["endplate crack"] is None
    assert sum(v for k, v in s["leaked_ml"].items() if k != "total") == pytest.approx(s["leaked_ml"]["total"])
    assert set(s["leaked_by_type_ml"]) == {"B", "S", "C", "D"}
    assert s["leaked_by_type_ml"]["C"] == pytest.approx(leaked + s["leaked_ml"]["cortex"])
    assert sum(s["leaked_by_type_ml"].values()) == pytest.approx(s["leaked_ml"]["total"])
    assert s["in_bone_ml"] + s["leaked_ml"]["total"] == pytest.approx(s["injected_ml"], rel=1e-6)
    # What is incompressible and goes in comes out.
    out = s["marrow_out_ml"]["total"] + s["leaked_ml"]["total"]
    assert out == pytest.approx(s["injected_ml"], rel=1e-3)
    assert 0 < s["peak_tip_pressure_kPa"] < s["peak_syringe_pressure_kPa"]
    assert s["mesh"]["vertices"] > 500 < s["mesh"]["tets"]
    for counter in ("steps", "pressure_solves", "linear_iterations"):
        assert s[counter] > 0
    assert set(s["wall_s"]) == {"total", "compile", "setup", "pressure", "transport", "output"}
    assert sum(s["wall_s"].values()) <= 2 * s["wall_s"]["total"] * 1.001
    assert s["peak_rss_mb"] > 10
    assert len(s["digest"]) == 64
    assert s["version"]
    assert [e["what"] for e in s["events"]][-1] == "volume injected"


def test_history(result: cf.Result, case: cf.Case) -> None:
    with (result.path / "history.csv").open() as file:
        columns = next(csv.reader(file))
    leaks = [f"leak_{o.name.replace(' ', '_')}_ml" for o in case.outlet] + ["leak_cortex_ml"]
    assert columns == [
        "time_s", "injected_ml", "in_bone_ml", "leaked_ml", *leaks,
        "tip_pressure_kPa", "syringe_pressure_kPa", "flow_rate_ml_min", "balance_error", "limited_by",
    ]  # fmt: skip
    h = result.history
    assert list(h) == columns
    assert len(h["time_s"]) == result.summary["steps"] + 1
    assert (np.diff(h["time_s"]) > 0).all()
    assert h["time_s"][-1] == result.summary["simulated_s"]
    for time_asked in (5.0, 10.0):
        assert np.abs(h["time_s"] - time_asked).min() < 1e-9
    assert np.allclose(h["flow_rate_ml_min"], 4.0)
    assert set(h["limited_by"]) == {"rate"}
    assert np.allclose(sum(h[name] for name in leaks), h["leaked_ml"], atol=1e-12)


def test_every_row_balances(result: cf.Result) -> None:
    h = result.history
    assert (h["balance_error"] <= 1e-6).all()
    apart = np.abs(h["injected_ml"] - h["in_bone_ml"] - h["leaked_ml"])
    assert (apart <= 1e-6 * h["injected_ml"]).all()
    assert result.summary["balance_error"] == h["balance_error"][-1]
    assert result.summary["largest_balance_error"] == h["balance_error"].max()


def test_fields(result: cf.Result) -> None:
    import pyvista

    reader = pyvista.PVDReader(result.path / "fields.pvd")
    assert np.allclose(reader.time_values, [0, 5, 10, 30])
    last = result.fields()
    assert {"pressure [Pa]", "cement saturation [-]"} <= set(last.point_data)
    assert {"region", "porosity [-]", "permeability [m2]", "darcy flux [m/s]"} <= set(last.cell_data)
    assert last.n_points == result.summary["mesh"]["vertices"]
    assert last.n_cells == result.summary["mesh"]["tets"]
    assert last.cell_data["permeability [m2]"].shape == (last.n_cells, 9)
    assert last.cell_data["darcy flux [m/s]"].shape == (last.n_cells, 3)
    # SI: an L3 is some centimetres wide, given in metres.
    assert 0.02 < np.ptp(last.points, axis=0).max() < 0.08
    assert 1e3 < last.point_data["pressure [Pa]"].max() <= 1e3 * result.summary["peak_tip_pressure_kPa"] * 1.5
    saturation = last.point_data["cement saturation [-]"]
    assert saturation.min() >= 0
    assert 0.5 < saturation.max() <= 1
    assert result.fields(0).point_data["cement saturation [-]"].max() == 0
    assert np.array_equal(result.fields(9).points, last.points)
    grown = [(result.fields(t).point_data["cement saturation [-]"] > 0.5).sum() for t in (0, 5, 10, 30)]
    assert grown == sorted(set(grown))


def test_cement_in_the_fields_is_the_cement_in_the_table(result: cf.Result) -> None:
    """Saturation times porosity, integrated over the median-dual volumes by hand."""
    grid = result.fields()
    tets = grid.cells.reshape(-1, 5)[:, 1:]
    corners = np.asarray(grid.points, float)[tets]
    volume = np.abs(np.linalg.det(corners[:, 1:] - corners[:, :1])) / 6
    saturation = np.asarray(grid.point_data["cement saturation [-]"])[tets].mean(axis=1)
    cement = (volume * grid.cell_data["porosity [-]"] * saturation).sum() * 1e6
    assert cement == pytest.approx(result.summary["in_bone_ml"], rel=1e-4)


def test_case_file_reproduces_the_run(result: cf.Result, case: cf.Case, tmp_path: Path) -> None:
    from cementflow.case import digest

    again = cf.load(result.path / "case.toml")
    assert digest(again) == digest(case) == result.summary["digest"]
    assert digest(again.replace({"injection.volume": "2.1 mL"})) != result.summary["digest"]
    assert_same(cf.run(again, tmp_path / "again").path, result.path)


def test_number_of_threads_changes_nothing(result: cf.Result, tmp_path: Path) -> None:
    for threads in ("1", "2"):
        done = cementflow(
            "run", result.path / "case.toml", "--out", threads, cwd=tmp_path,
            NUMBA_NUM_THREADS=threads, OMP_NUM_THREADS=threads, OPENBLAS_NUM_THREADS=threads,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert_same(tmp_path / threads, result.path)


# --- from Python


def test_python_interface(
    result: cf.Result, case: cf.Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = cf.open_result(result.path)
    assert opened.summary == result.summary
    for kind in ("scene", "slices", "bone", "curves"):
        picture = opened.plot(kind, tmp_path / f"{kind}.png")
        assert picture.read_bytes().startswith(b"\x89PNG")
    with pytest.raises(cf.InputError, match="there is no picture 'film'"):
        opened.plot("film")
    monkeypatch.chdir(tmp_path)
    short = case.replace({"stop.time": "0.5 s", "output.fields": False})
    first, second = cf.run(short), cf.run(short)
    assert (first.path.parent, second.path.name) == (Path("runs"), f"{first.path.name}-2")
    assert first.summary["status"] == "stopped"
    assert first.summary["stop_reason"] == "time limit reached"
    assert not (first.path / "fields.pvd").exists()
    with pytest.raises(cf.InputError, match="stored no fields"):
        first.fields()
    with pytest.raises(cf.InputError, match="there is such a folder already"):
        cf.run(short, first.path)


def test_leak_limit_stops_the_run(case: cf.Case, tmp_path: Path) -> None:
    stopped = cf.run(case.replace({"stop.leaked": "0.02 mL", "output.fields": False}), tmp_path / "a")
    assert stopped.summary["status"] == "stopped"
    assert stopped.summary["stop_reason"] == "leak limit reached"
    assert stopped.summary["leaked_ml"]["total"] == pytest.approx(0.02, rel=1e-3)


def test_figures_are_drawn_when_asked_for(case: cf.Case, tmp_path: Path) -> None:
    drawn = cf.run(case.replace({"stop.time": "3 s", "output.figures": True}), tmp_path / "a")
    assert {p.name for p in (drawn.path / "figures").iterdir()} == {"scene.png", "slices.png", "curves.png"}
    assert (drawn.path / "report.html").read_text().count("data:image/png") == 3
    again = drawn.plot("scene", tmp_path / "again.png")
    assert again.read_bytes() == (drawn.path / "figures/scene.png").read_bytes()


def test_run_on_a_machine_that_cannot_draw(
    case: cf.Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Results and flat pictures are kept, and the user is told what is missing."""
    without = "import sys; sys.platform = 'linux'\nfrom cementflow.views import opengl\n"
    (tmp_path / "sitecustomize.py").write_text(without + "opengl._loads = lambda library: False\n")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), ENVIRONMENT["PYTHONPATH"]]))
    told: list[str] = []
    kept = cf.run(
        case.replace({"stop.time": "1 s", "output.figures": True}), tmp_path / "a", tell=told.append
    )
    assert kept.summary["status"] == "stopped"
    assert {p.name for p in (kept.path / "figures").iterdir()} == {"slices.png", "curves.png"}
    assert len([text for text in told if "could not be drawn" in text and "apt-get install" in text]) == 1
    assert "data:image/png" in (kept.path / "report.html").read_text()


def test_warnings_are_told(case: cf.Case, tmp_path: Path) -> None:
    told: list[str] = []
    small = {"injection.cannula.tip_radius": "0.5 mm", "stop.time": "0.5 s"}
    cf.run(case.replace(small), tmp_path / "a", tell=told.append)
    assert any("the tip's radius of 0.5 mm is below 0.75 mean edges" in text for text in told)


# --- interruption


def test_stop_and_go_on(result: cf.Result, case: cf.Case, tmp_path: Path) -> None:
    """Stopped after every third step; each stop is a folder that can be read."""
    path, stops, count = tmp_path / "run", 0, 0

    def every_third() -> bool:
        nonlocal count
        count += 1
        return count % 3 == 0

    part = cf.run(case, path, stop_asked=every_third)
    while part.summary["status"] == "interrupted":
        stops += 1
        assert part.summary["stop_reason"] == "asked to stop"
        assert part.summary["simulated_s"] == part.history["time_s"][-1]
        in_fields = part.fields().point_data["cement saturation [-]"].max()
        assert (in_fields > 0) == (part.summary["injected_ml"] > 0)
        part = cf.run(case, path, resume=True, stop_asked=every_third)
    assert stops >= 2
    assert_same(path, result.path)


def test_resume_of_a_finished_run_returns_it(result: cf.Result, case: cf.Case) -> None:
    before = {p: p.stat().st_mtime_ns for p in result.path.rglob("*")}
    again = cf.run(case, result.path, resume=True)
    assert again.summary == result.summary
    assert {p: p.stat().st_mtime_ns for p in result.path.rglob("*")} == before


def test_resume_refuses_another_case(result: cf.Result, case: cf.Case, tmp_path: Path) -> None:
    with pytest.raises(cf.InputError, match="belongs to another case"):
        cf.run(case.replace({"injection.volume": "3 mL"}), result.path, resume=True)
    done = cementflow("run", "--resume", "--out", result.path, "--set", "injection.volume=3 mL", cwd=tmp_path)
    refused(done, "belongs to another case")


def test_resume_refuses_a_damaged_checkpoint(case: cf.Case, tmp_path: Path) -> None:
    with pytest.raises(cf.InputError, match="no checkpoint to resume from"):
        cf.run(case, tmp_path / "nothing", resume=True)
    assert not (tmp_path / "nothing").exists()
    cf.run(case.replace({"stop.time": "0.5 s"}), tmp_path / "a")
    whole = (tmp_path / "a/checkpoint.npz").read_bytes()
    for damaged in (b"", b"nonsense", whole[: len(whole) // 2], whole[:200] + b"\x00" * 100 + whole[300:]):
        (tmp_path / "a/checkpoint.npz").write_bytes(damaged)
        with pytest.raises(cf.InputError, match="the checkpoint is damaged"):
            cf.run(case.replace({"stop.time": "0.5 s"}), tmp_path / "a", resume=True)


def start(folder: Path, out: str, code: str | None = None) -> subprocess.Popen[str]:
    words = [*COMMAND, "run", "case.toml", "--out", out] if code is None else [sys.executable, "-c", code]
    return subprocess.Popen(
        words, cwd=folder, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def wait_for(file: Path, process: subprocess.Popen[str]) -> None:
    """Wait until a run has written a file; fails if it ends before."""
    until = time.monotonic() + 120
    while not file.exists():
        assert process.poll() is None and time.monotonic() < until, process.communicate()[1]
        time.sleep(0.002)


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_then_resume(number: signal.Signals, long_run: Path) -> None:
    out = long_run / number.name
    process = start(long_run, number.name)
    wait_for(out / "fields/fields_0002.vtu", process)
    process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert "Traceback" not in errors
    interrupted = cf.open_result(out)
    assert interrupted.summary["status"] == "interrupted"
    assert 0 < interrupted.summary["injected_ml"] < 2
    assert interrupted.fields().n_points > 0
    done = cementflow("run", "--resume", "--out", number.name, cwd=long_run)
    assert done.returncode == 0, done.stderr
    assert_same(out, long_run / "undisturbed")
    once_more = cementflow("run", "case.toml", "--resume", "--out", number.name, cwd=long_run)
    assert once_more.returncode == 0
    assert "completed" in once_more.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")
def test_kill_then_resume_from_the_last_checkpoint(long_run: Path) -> None:
    """Killed without warning: the run goes on from its last checkpoint, here one a step, to the same bytes."""
    out = long_run / "killed"
    code = "import cementflow as cf; cf.run(cf.load('case.toml'), 'killed', checkpoint_every=0.0)"
    process = start(long_run, "killed", code)
    wait_for(out / "fields/fields_0003.vtu", process)
    process.kill()
    process.communicate()
    assert not (out / "summary.json").exists()
    with pytest.raises(cf.InputError, match="--resume --out"):
        cf.open_result(out)
    for leftover in out.rglob(".*"):
        leftover.unlink()  # a file that was being written
    done = cementflow("run", "--resume", "--out", "killed", cwd=long_run)
    assert done.returncode == 0, done.stderr
    assert_same(out, long_run / "undisturbed")


def test_checkpoints_come_as_often_as_asked(
    case: cf.Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import cementflow.observers as observers

    written: list[float] = []
    monkeypatch.setattr(
        observers, "write_checkpoint", lambda folder, step, *_: written.append(step.state.time)
    )
    short = case.replace({"stop.time": "2 s", "output.fields": False})
    seldom = cf.run(short, tmp_path / "seldom", checkpoint_every=1e9)
    assert written == [0.0, seldom.summary["simulated_s"]]
    written.clear()
    often = cf.run(short, tmp_path / "often", checkpoint_every=0.0)
    assert written[:-1] == often.history["time_s"].tolist()


# --- failure

# Cement that sets within seconds, and nothing that limits the pressure which pushes it on.
SETTING = COARSE | {
    "cement.reference_age": "4 min",
    "cement.maximum_viscosity": "1e9 Pa s",
    "cement.growth": "1 s",
    "injection.max_pressure": None,
}


def test_failed_run_keeps_what_it_reached(tmp_path: Path) -> None:
    changes = {k: "none" if v is None else v for k, v in SETTING.items()}
    done = cementflow("run", *settings(changes), "--out", "out", cwd=tmp_path)
    assert done.returncode == 3, done.stderr
    assert "cementflow: run failed at t = " in done.stderr
    assert "hint: " in done.stderr
    assert "what was reached before the failure is in out" in done.stderr
    assert "Traceback" not in done.stderr
    failed = cf.open_result(tmp_path / "out")
    assert failed.summary["status"] == "failed"
    assert failed.summary["stop_reason"].startswith("run failed at t = ")
    assert failed.summary["steps"] == len(failed.history["time_s"]) - 1 > 0
    assert failed.history["balance_error"].max() <= 1e-6
    assert failed.fields().n_points > 0
    # Going on from there ends the same way.
    again = cementflow("run", "--resume", "--out", "out", cwd=tmp_path)
    assert again.returncode == 3
    assert cf.open_result(tmp_path / "out").summary["simulated_s"] == failed.summary["simulated_s"]


def test_run_that_fails_at_once_says_so_in_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A linear solver that finds nothing."""
    monkeypatch.setattr("cementflow.warm_up.warm_up", lambda heat, veins: None)
    monkeypatch.setattr(
        PressureSolver, "solve", lambda _, matrix, rhs, start, to: LinearResult(start, 1, False)
    )
    case = cf.preset("l3-osteoporotic").replace(COARSE)
    with pytest.raises(cf.RunFailed, match="the first pressure field was not found"):
        cf.run(case, tmp_path / "out")
    failed = cf.open_result(tmp_path / "out")
    assert failed.summary["status"] == "failed"
    assert failed.summary["injected_ml"] == failed.summary["steps"] == 0
    assert failed.summary["peak_tip_pressure_kPa"] is None
    assert failed.history["time_s"].size == 0


@pytest.mark.parametrize(("seconds", "told"), [(0.3, 1), (0.0, 0)])
def test_compiling_is_told_where_it_takes_its_time(
    monkeypatch: pytest.MonkeyPatch, seconds: float, told: int
) -> None:
    """The first run of all is silent for half a minute otherwise; one that finds its kernels says nothing."""
    said: list[str] = []
    monkeypatch.setattr(warm_up, "SLOW", 0.1)
    monkeypatch.setattr(warm_up, "warm_up", lambda heat, veins: time.sleep(seconds))
    warm_up.warm_up_telling(said.append)
    time.sleep(0.2)
    assert said == told * [warm_up.COMPILING]
