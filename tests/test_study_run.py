"""Running studies: the same table for any number of jobs and after anything that may happen on the way."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import cementflow as cf
from cementflow.cli import main
from cementflow.crew import processes
from cementflow.crew.jobs import Job, kept_geometry, run_task
from cementflow.results.seal import damage, write_seal
from cementflow.study.folder import alone_in, room_for_tables, write_tables
from cementflow.study.on_dask import alone
from cementflow.study.parquet import unit_of
from cementflow.study.rows import results_of, scalars
from cementflow.study.run import _Runs, lean
from cementflow.study.statement import Study, make_study
from command import ENVIRONMENT

FACTORS = {"injection.flow_rate": ["3 mL/min", "6 mL/min"], "injection.source.center.ap": [0.5, 0.4, 1.2]}
TABLES = ("table.csv", "table.parquet", "study.json", "sweep.toml")


def box() -> cf.Case:
    return cf.preset("box-newtonian").replace({"geometry.edge_length": "6 mm", "injection.volume": "0.1 mL"})


def tables(path: Path) -> dict[str, bytes]:
    return {name: (path / name).read_bytes() for name in TABLES}


@pytest.fixture(scope="module")
def study() -> Study:
    return make_study(box(), FACTORS)


@pytest.fixture(scope="module")
def done(study: Study, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An undisturbed study by one process."""
    return cf.run_study(study, tmp_path_factory.mktemp("study") / "one", jobs=1).path


def statuses(path: Path) -> dict[str, str]:
    table = cf.open_study(path).table
    return {str(p): str(s) for p, s in zip(table.column("point"), table.column("status"), strict=True)}


# --- the table


def test_a_study_has_a_row_a_point_and_a_reason_where_there_is_no_run(done: Path, study: Study) -> None:
    result = cf.open_study(done)
    table = result.table
    assert table.factors == ("injection.flow_rate [m3/s]", "injection.source.center.ap")
    assert table.column("status") == ["completed", "completed", "invalid"] * 2
    assert "the tip lies outside the bone" in str(table.column("reason")[2])
    assert table.column("reason")[0] == ""
    assert table.numbers("injected_ml")[[0, 1, 3, 4]] == pytest.approx(0.1)
    assert np.isnan(table.numbers("injected_ml")[[2, 5]]).all()
    assert result.study.to_toml() == study.to_toml()
    assert [len(f) for f in (result, result.frame(), table.done().rows)] == [6, 6, 4]
    assert result["status"] == table.column("status")
    assert str(result) == f"{done}: 4 completed, 2 invalid"


def test_the_table_says_what_each_run_alone_says(done: Path, tmp_path: Path) -> None:
    table, second = cf.open_study(done).table, {"injection.source.center.ap": 0.4, "output.figures": False}
    alone = cf.run(box().replace({"injection.flow_rate": "3 mL/min", **second}), tmp_path / "run")
    for name, cell in results_of(alone.summary).items():
        assert table.column(name)[1] == cell, name
    assert table.column("simulated_s")[4] != alone.summary["simulated_s"]


def test_nothing_in_the_table_depends_on_the_clock(done: Path) -> None:
    names = cf.open_study(done).table.names
    assert not [n for n in names if n.startswith("wall_s") or "rss" in n]
    timings = (done / "timings.csv").read_text().splitlines()
    assert timings[0].startswith("point,wall_s.total,")
    assert len(timings) == 7


def test_a_run_of_a_study_keeps_only_its_numbers(done: Path) -> None:
    assert sorted(p.name for p in (done / "0001").iterdir()) == [
        "SHA256SUMS",
        "case.toml",
        "history.csv",
        "summary.json",
    ]


def test_parquet_holds_the_same_with_units_and_provenance(done: Path) -> None:
    import pyarrow.parquet as pq

    table, stored = cf.open_study(done).table, pq.read_table(done / "table.parquet")
    assert tuple(stored.column_names) == table.names
    for name in table.names:
        there = [c if c is not None else "" for c in stored.column(name).to_pylist()]
        assert there == [c if c is not None else "" for c in table.column(name)], name
    assert stored.schema.field("injected_ml").metadata == {b"unit": b"mL"}
    assert stored.schema.field("injection.flow_rate [m3/s]").metadata == {b"unit": b"m3/s"}
    said = json.loads(stored.schema.metadata[b"cementflow"])
    assert said == json.loads((done / "study.json").read_text())
    assert said["version"] == cf.__version__
    assert len(said["digest_of_base"]) == 64


def test_polars_and_xarray_read_the_table_as_it_is(done: Path) -> None:
    polars, pandas = pytest.importorskip("polars"), pytest.importorskip("pandas")
    xarray = pytest.importorskip("xarray")
    rate, ap = cf.open_study(done).table.factors
    leaks = cf.open_study(done).table.numbers("injected_ml")
    for table in (polars.read_parquet(done / "table.parquet"), polars.read_csv(done / "table.csv")):
        assert table.shape == (6, len(cf.open_study(done).table.names))
        np.testing.assert_array_equal(table["injected_ml"].to_numpy(), leaks)
    frame = pandas.read_parquet(done / "table.parquet").set_index([rate, ap])
    grid = xarray.Dataset.from_dataframe(frame)["injected_ml"]
    assert grid.dims == (rate, ap)
    assert grid.sel({rate: 5e-8, ap: 0.4}).item() == leaks[1]


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("bone.permeability [m2]", "m2"),
        ("leaked_ml.left segmental vein", "mL"),
        ("leak_rate_ml_min.crack.peak", "mL/min"),
        ("peak_tip_pressure_kPa", "kPa"),
        ("steps", ""),
        ("sites_seen.small", ""),
    ],
)
def test_units_are_read_off_the_names(name: str, unit: str) -> None:
    assert unit_of(name) == unit


def test_lists_are_no_scalars() -> None:
    assert scalars({"a": {"b": 1.0, "c": [1.0]}, "d": None, "e": True}) == {"a.b": 1.0, "d": None, "e": True}


def test_without_pyarrow_the_user_is_told(
    done: Path, study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(done, tmp_path / "out")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    told: list[str] = []
    cf.run_study(only(study, "6 mL/min"), tmp_path / "new", jobs=1, tell=told.append, stop_asked=lambda: True)
    assert "table.parquet needs pyarrow" in told[0]
    assert "cementflow[study]" in told[0]
    assert (tmp_path / "new/table.csv").is_file()
    assert not (tmp_path / "new/table.parquet").exists()


def only(study: Study, rate: str) -> Study:
    return make_study(study.base, {"injection.flow_rate": [rate]})


def test_pictures_and_fields_only_where_a_point_asks_for_them() -> None:
    first, second = make_study(box(), {"output.fields": [True, False]}).points()
    assert first.case is not None and second.case is not None
    assert [lean(first, first.case).output.fields, lean(second, second.case).output.fields] == [True, False]
    assert not lean(first, first.case).output.figures
    other = make_study(box(), {"injection.flow_rate": ["3 mL/min"]}).points()[0]
    assert other.case is not None and other.case.output.fields
    assert not lean(other, other.case).output.fields


def test_a_sweep_takes_all_that_a_study_is_made_of(tmp_path: Path) -> None:
    found = cf.sweep(
        box(),
        {"injection.source.center.ap": [0.4, 0.5, 0.6]},
        out=tmp_path / "out",
        jobs=1,
        skip=[{"when": {"injection.source.center.ap": {"above": 0.55}}}],
        follow={"injection.source.center.si": "injection.source.center.ap"},
    )
    assert found["injection.source.center.ap"] == [0.4, 0.5]
    assert [p.case.injection.source.center.values[2] for p in found.study.points()] == [0.4, 0.5]  # type: ignore[union-attr]


# --- jobs, going on


def test_two_jobs_make_the_table_of_one_and_a_resumed_study_runs_only_what_is_not_there(
    done: Path, study: Study, tmp_path: Path
) -> None:
    out = tmp_path / "two"
    cf.run_study(study, out, jobs=2)
    assert tables(out) == tables(done)
    # What may be found on going on: a folder cut short, one of another case, a file in its place, and one that is well.
    (out / "0001/summary.json").write_text('{"status": "comp')
    write_seal(out / "0001")
    summary = json.loads((out / "0002/summary.json").read_text())
    (out / "0002/summary.json").write_text(json.dumps({**summary, "digest": "0" * 64, "injected_ml": 7.0}))
    write_seal(out / "0002")
    for file in (out / "0004").iterdir():
        file.unlink()
    (out / "0004").rmdir()
    (out / "0004").write_text("no folder")
    before = (out / "0005/summary.json").stat().st_mtime_ns
    (out / "table.csv").unlink()
    cf.run_study(study, out, jobs=1, resume=True)
    assert tables(out) == tables(done)
    assert (out / "0005/summary.json").stat().st_mtime_ns == before


def test_a_run_that_was_changed_is_told_from_one_that_is_whole(
    done: Path, study: Study, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    shutil.copytree(done, out)
    (out / "0001/history.csv").unlink()
    text = (out / "0002/summary.json").read_text()
    (out / "0002/summary.json").write_text(text.replace("0", "1", 1))
    (out / "0004/SHA256SUMS").write_text("")
    assert [damage(out / name) for name in ("0001", "0002", "0004", "0005")] == [
        "history.csv is missing or cannot be read",
        "summary.json is not as it was written",
        "SHA256SUMS is empty",
        "",
    ]
    table = write_tables(out, study, {}, {"0001", "0002", "0005"}, lambda text: None)
    assert [table.column("status")[i] for i in (0, 1, 4)] == ["failed", "failed", "completed"]
    assert (
        table.column("reason")[1]
        == "its folder was damaged after the run: summary.json is not as it was written"
    )
    cf.run_study(study, out, jobs=1, resume=True)
    assert tables(out) == tables(done)


def test_runs_of_two_versions_are_not_mixed(done: Path, study: Study, tmp_path: Path) -> None:
    out = tmp_path / "out"
    shutil.copytree(done, out)
    summary = json.loads((out / "0002/summary.json").read_text())
    (out / "0002/summary.json").write_text(json.dumps({**summary, "version": "0.0.1"}))
    write_seal(out / "0002")
    with pytest.raises(cf.InputError, match=r"run 0002 is of cementflow 0\.0\.1"):
        cf.run_study(study, out, jobs=1, resume=True)


def test_runs_on_one_mesh_come_one_after_another(tmp_path: Path) -> None:
    factors = {"injection.flow_rate": ["3 mL/min", "6 mL/min"], "geometry.edge_length": ["6 mm", "5 mm"]}
    runs = _Runs(make_study(box(), factors), tmp_path)
    assert [job.name for job in runs._jobs] == ["0001", "0003", "0002", "0004"]


def test_a_killed_study_goes_on_to_the_same_table(done: Path, study: Study, tmp_path: Path) -> None:
    out = tmp_path / "out"
    code = "import sys, cementflow as cf; cf.run_study(cf.open_study(sys.argv[1]).study, sys.argv[2], jobs=2)"
    process = subprocess.Popen([sys.executable, "-c", code, str(done), str(out)], env=ENVIRONMENT)
    until = time.monotonic() + 60.0
    while not list(out.glob("*/summary.json")) and time.monotonic() < until:
        time.sleep(0.005)
    process.kill()
    process.wait()
    assert not (out / "table.csv").exists()
    cf.run_study(study, out, jobs=2, resume=True)
    assert tables(out) == tables(done)


def test_the_command_says_where_reasons_are_and_fails_where_nothing_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    text = """base = "box-newtonian"
[set]
"geometry.edge_length" = "6 mm"
"injection.volume" = "0.1 mL"
[factors]
"injection.source.center.ap" = [1.2, 0.5]
"""
    Path("some.toml").write_text(text)
    Path("none.toml").write_text(text.replace(", 0.5", ""))
    assert main(["sweep", "some.toml", "--out", "some", "--jobs", "1", "--quiet"]) == 0
    said = capsys.readouterr()
    assert said.out == "some: 1 invalid, 1 completed\n"
    assert said.err == (
        "cementflow: why runs failed is in some/table.csv; --resume --out some tries them again\n"
    )
    assert main(["sweep", "none.toml", "--out", "none", "--jobs", "1", "--quiet"]) == 3


def test_another_study_is_not_gone_on_with(done: Path, study: Study, tmp_path: Path) -> None:
    with pytest.raises(cf.InputError, match="another study"):
        cf.run_study(only(study, "6 mL/min"), done, resume=True)
    with pytest.raises(cf.InputError, match="such a folder already"):
        cf.run_study(study, done)
    with pytest.raises(cf.InputError, match="no study to go on with"):
        cf.run_study(study, tmp_path, resume=True)
    with pytest.raises(cf.InputError, match="not the folder of a study"):
        cf.open_study(tmp_path)
    with pytest.raises(cf.InputError, match="jobs must be at least 1"):
        cf.run_study(study, tmp_path / "new", jobs=0)


def test_a_folder_is_for_one_study_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cementflow.study.folder.PATIENCE", 0.0)
    with alone_in(tmp_path), pytest.raises(cf.InputError, match="another process"), alone_in(tmp_path):
        pass
    with alone_in(tmp_path):
        pass


def test_a_stopped_study_has_rows_that_are_missing(study: Study, tmp_path: Path) -> None:
    cf.run_study(study, tmp_path / "out", jobs=1, stop_asked=lambda: True)
    assert set(statuses(tmp_path / "out").values()) == {"missing"}


# --- what goes wrong costs only its own row


# Inside the workers: the second point ends its process, and no file of the third may be longer than a few bytes.
TROUBLE = """import cementflow.crew.worker as w, os, resource, signal
run, no = w.run_task, resource.RLIM_INFINITY
def troubled(task, *rest):
    if task['out'].endswith('0002'):
        os.kill(os.getpid(), signal.SIGKILL)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100 if task['out'].endswith('0003') else no, no))
    return run(task, *rest)
w.run_task = troubled
"""


def test_what_goes_wrong_costs_its_own_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, last = processes._CODE.split("; from", 1)
    monkeypatch.setattr(processes, "_CODE", f"{first}\n{TROUBLE}from{last}")
    study = make_study(
        box(),
        {"injection.flow_rate": ["3 mL/min", "6 mL/min"], "numerics.picard_tolerance": [1e-2, 2e-2, 1e-12]},
    )
    result = cf.run_study(study, tmp_path / "out", jobs=1)
    reasons = [str(r) for r in result.table.column("reason")]
    assert list(statuses(tmp_path / "out").values()) == [
        "completed",
        *["failed"] * 2,
        *["completed"] * 2,
        "failed",
    ]
    assert reasons[1] == "the process that ran it ended all of a sudden"
    assert reasons[2] == f"a file could not be written or read: {os.strerror(errno.EFBIG)}"
    assert reasons[5].startswith("run failed at t = ")
    assert np.isnan(result.table.numbers("injected_ml")[[1, 2, 5]]).all()
    kept = (tmp_path / "out/0004/summary.json").stat().st_mtime_ns
    monkeypatch.undo()
    again = cf.run_study(study, tmp_path / "out", jobs=1, resume=True)
    assert again.table.column("status") == [*["completed"] * 2, "failed"] * 2
    assert (tmp_path / "out/0004/summary.json").stat().st_mtime_ns == kept


def test_a_disk_that_is_full_is_the_reason_whatever_file_it_was(
    study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_space(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(tmp_path / "some-temporary-name"))

    monkeypatch.setattr("cementflow.crew.jobs.run", no_space)
    answer = run_task(Job("a", box(), tmp_path / "a", lean=True).task())
    assert answer["error"] == "a file could not be written or read: No space left on device"
    assert not answer["input"]


def test_the_tables_have_their_room_on_the_disk_from_the_start(
    study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with room_for_tables(tmp_path, 10):
        (kept,) = tmp_path.iterdir()
        assert kept.stat().st_size > 500_000
    assert not list(tmp_path.iterdir())

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("os.posix_fallocate", full)
    with pytest.raises(cf.InputError, match="no room for the tables: No space left"):
        cf.run_study(study, tmp_path / "out", jobs=1)
    monkeypatch.setattr("cementflow.study.folder.write_csv", full)
    with pytest.raises(cf.CementflowError, match=r"could not be written: No space .*(\n.*)make room, then"):
        cf.run_study(study, tmp_path / "new", jobs=1, stop_asked=lambda: True)


def test_one_mesh_serves_all_runs_of_a_process_that_state_the_same(tmp_path: Path) -> None:
    first, second = box(), box().replace({"injection.volume": "0.2 mL"})
    other = box().replace({"geometry.edge_length": "5 mm"})
    made = kept_geometry(first.geometry, first.folder)
    assert kept_geometry(second.geometry, second.folder) is made
    assert kept_geometry(other.geometry, other.folder) is not made


# --- on a cluster


# The first worker that is given the second point ends, as if it were lost.
CLUSTER = """
import os, signal, sys
import cementflow as cf, cementflow.study.on_dask as d, dask
from distributed import Client, LocalCluster

def spoil():
    run = d.run_task

    def once(task):
        if task["out"].endswith("0002") and not os.path.exists(task["out"] + ".lost"):
            open(task["out"] + ".lost", "x").close()
            os.kill(os.getpid(), signal.SIGKILL)
        return run(task)

    d.run_task = once

if __name__ == "__main__":
    study = cf.open_study(sys.argv[1]).study
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 0}),
        LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster,
    ):
        with Client(cluster) as client:
            client.run(spoil)
        first = cf.run_study(study, sys.argv[2], scheduler=cluster.scheduler_address)
        print(first.table.column("status"), first.table.column("reason")[1])
        cf.run_study(study, sys.argv[2], scheduler=cluster.scheduler_address, resume=True)
"""


def test_a_cluster_makes_the_same_table_and_a_lost_worker_costs_only_its_run(
    done: Path, tmp_path: Path
) -> None:
    script = tmp_path / "cluster.py"
    script.write_text(CLUSTER)
    command = [sys.executable, str(script), str(done), str(tmp_path / "out")]
    process = subprocess.run(command, capture_output=True, text=True, timeout=120, env=ENVIRONMENT)
    assert process.returncode == 0, process.stderr
    expected = ["completed", "failed", "invalid", "completed", "completed", "invalid"]
    assert process.stdout.startswith(f"{expected} its Dask worker")
    assert tables(tmp_path / "out") == tables(done)


def test_a_scheduler_that_is_not_there_is_told(
    study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(cf.InputError, match=r"cementflow\[dask\]"):
        cf.run_study(study, tmp_path / "out", scheduler="tcp://127.0.0.1:1")
    assert not (tmp_path / "out").exists()
    with pytest.raises(cf.InputError, match="jobs is for processes of this machine"):
        cf.run_study(study, tmp_path / "out", jobs=2, scheduler="tcp://127.0.0.1:1")


def test_a_worker_of_another_version_runs_nothing(study: Study, tmp_path: Path) -> None:
    point = study.points()[0]
    assert point.case is not None
    answer = alone(Job("a", point.case, tmp_path / "a", lean=True).task(), "0.0.1")
    assert answer["error"] == f"the Dask worker has cementflow {cf.__version__}, not 0.0.1"
    assert not (tmp_path / "a").exists()
