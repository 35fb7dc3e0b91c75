"""Series of levels: what is read and refused, the folder that comes out, going on, failures, the command line."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import pytest

import cementflow as cf
from cementflow.crew import processes
from cementflow.crew.jobs import Job
from cementflow.crew.processes import Crew
from cementflow.series import Series, check_series, series_text
from cementflow.series.rows import compared_heads, compared_rows
from command import cementflow, refused

BOXES = """
title = "two boxes"
note = "All of it is assumed."
case = "box-newtonian"
set = {"geometry.edge_length" = "6 mm", "stop.time" = "4 s", "output.figures" = false}

[[level]]
name = "slow"
set = {"injection.flow_rate" = "3 mL/min"}

[[level]]
name = "fast"

[[reported]]
what = "cement"
said = "some"
measure = "injected"

[[reported]]
what = "around"
said = "none"
places = ["all faces"]

[[what_if]]
name = "thick cement"
set = {"cement.viscosity" = "100 Pa s"}
"""
ONE = {"output.figures": False, "output.fields": False}


def boxes(folder: Path, text: str = BOXES) -> Series:
    path = folder / "boxes.toml"
    path.write_text(text)
    return cf.load_series(path)


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the two boxes, run once."""
    folder = tmp_path_factory.mktemp("series")
    return cf.run_series(boxes(folder), folder / "out").path


# --- what is read


def test_the_clinical_case_is_stated() -> None:
    series = cf.series_preset("metastasis-l2-l4")
    cases = [level.case for level in series.levels]
    assert [c.geometry.preset for c in cases] == ["L2", "L3", "L4"]
    assert sum(c.injection.volume for c in cases) == pytest.approx(4e-6, rel=1e-4)
    assert all(c.stop.seen is not None and c.cement.preset == "high" for c in cases)
    assert all(c.ablation.duration == 600.0 for c in cases)
    assert {r.what for r in series.reported} >= {"perivertebral veins", "segmental vein", "epidural space"}
    for what_if in series.what_ifs:
        assert len(what_if.cases) == 3
        changed = [cf.case.digest(a) != cf.case.digest(b) for a, b in zip(cases, what_if.cases, strict=True)]
        assert all(changed), what_if.name


def test_levels_and_what_ifs_are_checked(tmp_path: Path) -> None:
    series = cf.series_preset("metastasis-l2-l4").replace({"geometry.edge_length": "5 mm"})
    few = dataclasses.replace(series, levels=series.levels[:1], what_ifs=series.what_ifs[-1:])
    found = check_series(few)
    assert {f.level for f in found} == {"warning", "note"}
    assert all(f.text.startswith(("L2: ", "later stop at 4 mL a level, L2: ")) for f in found)


def test_a_series_round_trips(tmp_path: Path) -> None:
    series = boxes(tmp_path).replace({"cement.age": "5 min", "stop.time": None})
    path = tmp_path / "again.toml"
    path.write_text(series.to_toml())
    again = cf.load_series(path)
    assert again.to_toml() == series.to_toml()
    assert [cf.case.to_toml(x.case) for x in again.levels] == [cf.case.to_toml(x.case) for x in series.levels]
    assert again.levels[0].case.stop.time is None


def write_case(folder: Path, case: cf.Case) -> Path:
    path = folder / "case.toml"
    path.write_text(cf.case.to_toml(case))
    return path


def test_what_is_set_counts_everywhere_but_not_against_a_what_if(tmp_path: Path) -> None:
    series = boxes(tmp_path).replace({"injection.flow_rate": "6 mL/min", "cement.viscosity": "70 Pa s"})
    assert {x.case.injection.flow_rate for x in series.levels} == {1e-7}
    assert {x.case.cement.viscosity for x in series.levels} == {70.0}
    assert {c.cement.viscosity for c in series.what_ifs[0].cases} == {100.0}
    assert {c.injection.flow_rate for c in series.what_ifs[0].cases} == {1e-7}


def test_a_level_may_be_a_file(tmp_path: Path) -> None:
    case = cf.preset("ball-newtonian")
    (tmp_path / "cases").mkdir()
    write_case(tmp_path / "cases", case)
    text = '[[level]]\nname = "a"\ncase = "cases/case.toml"\n'
    assert boxes(tmp_path, text).levels[0].case.geometry == case.geometry


def test_every_problem_is_told_at_once(tmp_path: Path) -> None:
    text = """
titel = "x"
[[level]]
name = "a"
case = "box-newtonain"
[[level]]
name = "b"
case = "box-newtonian"
set = {"cement.viscosty" = "1 Pa s"}
[[level]]
name = "c"
case = "box-newtonian"
[[level]]
name = "C"
case = "box-newtonian"
[[level]]
name = "../d"
case = "box-newtonian"
[[level]]
name = "what-if"
[[reported]]
what = "x"
said = "y"
places = ["all face"]
[[reported]]
what = "x"
said = "y"
measure = "inject"
[[what_if]]
name = "nothing"
[[what_if]]
name = "odd"
set = {"injection.flow_rate" = "3 mL"}
"""
    with pytest.raises(cf.CaseError) as caught:
        boxes(tmp_path, text)
    problems = "\n".join(caught.value.problems)
    for part in (
        'titel is unknown (did you mean "title"?)',
        'level.0.case: there is no preset "box-newtonain" among the cases (did you mean "box-newtonian"?)',
        'level.1.set: cement.viscosty is unknown (did you mean "viscosity"?)',
        'level "C" is there twice',
        'level.4.name = "../d" must do as the name of a folder',
        "level.5.name cannot be",
        "level.5.case must be stated",
        'reported.0.places has "all face", which no level has (did you mean "all faces"?)',
        'reported.1.measure = "inject" must be one of',
        "what_if.0.set must state what is done otherwise",
        "what_if.1.set: injection.flow_rate",
    ):
        assert part in problems
    assert str(caught.value).startswith(str(tmp_path / "boxes.toml"))


@pytest.mark.parametrize("text", ['level = "a"\n', "level = [1]\n", 'title = "x"\n', "[[level]]\nname = 3\n"])
def test_other_nonsense_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(cf.CaseError, match="level"):
        boxes(tmp_path, text)


# --- what comes out


def test_levels_are_ordinary_runs(done: Path, tmp_path: Path) -> None:
    """The very bytes of a run of its own; a what-if has its numbers only."""
    case = cf.load(done / "fast/case.toml")
    alone = cf.run(case, tmp_path / "alone")
    for name in ("history.csv", "case.toml"):
        assert (done / "fast" / name).read_bytes() == (alone.path / name).read_bytes()
    assert (done / "fast/fields.pvd").is_file()
    other = done / "what-if/thick cement/fast"
    assert not (other / "fields.pvd").exists()
    assert cf.load(other / "case.toml").cement.viscosity == 100.0


def test_the_summary_is_that_of_its_runs(done: Path) -> None:
    series = cf.open_series(done)
    s = series.summary
    runs = {name: series.run(name).summary for name in ("slow", "fast")}
    assert s["status"] == "completed"
    assert list(s["levels"]) == ["slow", "fast"]
    assert s["total"]["injected_ml"] == pytest.approx(sum(r["injected_ml"] for r in runs.values()))
    assert s["total"]["peak_tip_pressure_kPa"] == max(r["peak_tip_pressure_kPa"] for r in runs.values())
    injected, around = s["comparison"]
    assert injected["ml"] == {name: r["injected_ml"] for name, r in runs.items()}
    assert around["ml"] == {name: r["leaked_ml"]["all faces"] for name, r in runs.items()}
    row, heads = compared_rows(s)[0], compared_heads(s)
    assert float(row[heads.index("all [mL]")]) == pytest.approx(s["total"]["injected_ml"], abs=1e-4)
    (thick,) = s["what_if"]
    peaks = [
        series.run(name, "thick cement").summary["peak_tip_pressure_kPa"] / r["peak_tip_pressure_kPa"]
        for name, r in runs.items()
    ]
    assert peaks == pytest.approx([2.0, 2.0], rel=0.05)
    assert thick["total"]["peak_tip_pressure_kPa"] > 1.9 * s["total"]["peak_tip_pressure_kPa"]


def test_text_and_page_tell_of_every_run(done: Path) -> None:
    series = cf.open_series(done)
    for text in (series_text(series), series.page.read_text(encoding="utf-8")):
        for part in (
            "two boxes",
            "slow",
            "fast",
            "around",
            "thick cement",
            "as it was done",
            "All of it is assumed.",
        ):
            assert part in text
        assert f"{series.summary['total']['injected_ml']:.3f}" in text


# --- going on


def test_only_what_is_missing_is_run_again(done: Path, tmp_path: Path) -> None:
    out = tmp_path / "copy"
    shutil.copytree(done, out)
    (gone, kept) = out / "what-if/thick cement/fast", out / "slow/summary.json"
    shutil.rmtree(gone)
    gone.mkdir()  # as a run that was killed before its first step
    before = kept.stat().st_mtime_ns
    series = cf.load_series(out / "series.toml")
    assert cf.run_series(series, out, resume=True).summary == cf.open_series(done).summary
    assert kept.stat().st_mtime_ns == before
    with pytest.raises(cf.InputError, match="another series was run here"):
        cf.run_series(series.replace({"cement.age": "5 min"}), out, resume=True)
    with pytest.raises(cf.InputError, match="there is such a folder already"):
        cf.run_series(series, out)


def test_an_interrupted_series_keeps_what_is_done_and_goes_on(done: Path, tmp_path: Path) -> None:
    series, told = boxes(tmp_path), list[str]()
    out = tmp_path / "out"
    stopped = cf.run_series(
        series, out, progress=True, stop_asked=lambda: bool(told), tell=told.append, processes=1
    )
    assert stopped.summary["status"] == "interrupted"
    assert list(stopped.summary["levels"])[:1] == ["slow"]
    assert stopped.summary["what_if"] == []
    assert "go on with: cementflow run --resume" in series_text(stopped)
    assert cf.run_series(series, out, resume=True).summary == cf.open_series(done).summary


def test_what_is_no_series_is_not_gone_on_with(tmp_path: Path) -> None:
    with pytest.raises(cf.InputError, match=r"has no series\.toml"):
        cf.run_series(boxes(tmp_path), tmp_path, resume=True)
    with pytest.raises(cf.InputError, match="not the folder of a series"):
        cf.open_series(tmp_path)


def test_the_folder_of_a_series_is_no_run(done: Path) -> None:
    with pytest.raises(cf.InputError, match=r"folder of a series; name a run in it, such as .*fast"):
        cf.open_result(done)


# --- failures


def test_a_run_that_fails_leaves_the_others(tmp_path: Path) -> None:
    text = BOXES.replace('"injection.flow_rate" = "3 mL/min"', '"numerics.picard_tolerance" = 1e-12')
    with pytest.raises(cf.CementflowError, match="slow: run failed") as caught:
        cf.run_series(boxes(tmp_path, text), tmp_path / "out")
    assert caught.value.exit_status == 3
    summary = cf.open_series(tmp_path / "out").summary
    assert summary["status"] == "failed"
    assert list(summary["levels"]) == ["fast"]
    assert summary["total"] is None
    assert series_text(cf.open_series(tmp_path / "out"))


def test_bad_input_that_only_the_mesh_shows_names_the_level(tmp_path: Path) -> None:
    series = boxes(tmp_path).replace({"injection.source.center": {"ap": 1.2, "lr": 0.5, "si": 0.5}})
    with pytest.raises(cf.InputError, match="slow: "):
        cf.run_series(series, tmp_path / "out", processes=1)


def test_a_process_that_ends_all_of_a_sudden_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(processes, "_CODE", "import sys; sys.stdin.readline(); {path!r}")
    jobs = [Job("a", cf.preset("box-newtonian"), tmp_path / "a")]
    with Crew(1) as crew:
        failures = crew.work(jobs, lambda: False, lambda *_: None, lambda _: None)
    assert [(f.job, f.input) for f in failures] == [("a", False)]


def test_what_is_said_before_all_jobs_has_no_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    worker = tmp_path / "worker.py"
    worker.write_text(
        """
import json
for answers in (["compiling", ""], ["slow", "completed"]):
    input()
    print(json.dumps({"tell": answers[0]}), flush=True)
    print(json.dumps({"status": answers[1], "error": "", "input": False}), flush=True)
"""
    )
    monkeypatch.setattr(processes, "_CODE", f"exec(open({str(worker)!r}).read()); {{path!r}}")
    said = []
    with Crew(1, warm=(False, False)) as crew:
        crew.work(
            [Job("a", cf.preset("box-newtonian"), tmp_path / "a")],
            lambda: False,
            lambda *told: said.append(told),
            lambda _: None,
        )
    assert said == [("", "compiling"), ("a", "slow")]


# --- the command line


def test_the_command_runs_checks_and_goes_on(done: Path, tmp_path: Path) -> None:
    shutil.copytree(done, tmp_path / "out")
    again = cementflow("run", "--resume", "--out", "out", cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    assert "beside the case report" in again.stdout
    boxes(tmp_path)
    checked = cementflow("check", "boxes.toml", "--set", "geometry.edge_length=5 mm", cwd=tmp_path)
    assert checked.returncode == 0, checked.stderr
    assert "slow: mesh: " in checked.stdout
    refused(
        cementflow("run", "boxes.toml", "--set", "cement.vicosity=1 Pa s", "--out", "no", cwd=tmp_path),
        'level.0.set: cement.vicosity is unknown (did you mean "viscosity"?)',
    )
    assert not (tmp_path / "no").exists()
    refused(cementflow("check", "boxes.toml", "--preset", "metastasis-l2-l4", cwd=tmp_path), "not both")


def test_one_level_of_the_clinical_case(tmp_path: Path) -> None:
    """With ablation, cavity, veins and the wait until the cement is set."""
    text = cf.series_preset("metastasis-l2-l4").to_toml()
    head, _, rest = text.partition("[[level]]")
    reported = rest[rest.index("[[reported]]") :]
    series = boxes(tmp_path, f'{head}[[level]]\nname = "L3"\ncase = "metastasis-level"\n{reported}')
    coarse = {"geometry.edge_length": "4 mm", "injection.volume": "0.5 mL", **ONE}
    s = cf.run_series(series.replace(coarse), tmp_path / "out", processes=1).summary
    assert s["levels"]["L3"]["set_s"] > 0.0
    rows = {row["what"]: row["ml"]["L3"] for row in s["comparison"]}
    assert rows["cement"] == pytest.approx(0.5)
    assert set(rows) >= {"perivertebral soft tissue", "epidural space", "moved after the injection"}
