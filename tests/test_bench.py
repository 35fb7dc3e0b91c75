"""`cementflow bench`: what it measures, how it says so, and that its guard can fail."""

from __future__ import annotations

import argparse
import json
import shlex
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cementflow.bench import command, growth, guard, machine, options, peers, solvers, tables
from cementflow.bench.cases import BOXES, BenchCase, box, l3
from cementflow.bench.measure import Outcome, median
from cementflow.bench.section import Section, percent, put_tables
from cementflow.bench.solve_one import METHODS
from cementflow.bench.systems import Systems, pressure_systems
from cementflow.errors import InputError
from cementflow.mesh.box import box_mesh
from command import ENVIRONMENT, cementflow

ROOT = Path(__file__).parents[1]
SECONDS = {
    "load": 1.0,
    "setup": 1.0,
    "linear": 2.0,
    "pressure": 3.0,
    "transport": 1.0,
    "output": 0.5,
    "other": 0.5,
    "total": 6.0,
    "process": 7.5,
}


def outcome(vertices: int = 1000, total: float = 6.0) -> Outcome:
    return Outcome(
        "A1",
        2.0,
        vertices,
        5 * vertices,
        10,
        20,
        200,
        SECONDS | {"total": total},
        300.0,
        200.0,
        13.0,
        1e-15,
        (0.01,),
    )


def stated(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    options.add_options(parser)
    return parser.parse_args(words)


@pytest.fixture(scope="module")
def systems() -> Systems:
    return pressure_systems(l3(2_000))


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ((), [*((n, e) for n in BOXES for e in (2.0, 1.5, 1.0)), ("L3", 1.4), ("L3H", 1.4)]),
        (("--quick",), [("A1", 2.0), ("A2", 2.0), ("A3", 2.0), ("L3", 1.4), ("L3H", 1.4)]),
        (("--cases", "A2", "--edges", "3,0.5mm"), [("A2", 3.0), ("A2", 0.5)]),
        (("--l3", "20k,1M"), [("L3", 1.399), ("L3H", 1.399), ("L3", 0.361), ("L3H", 0.361)]),
        (("--growth",), []),
        (("--solver", "5k", "--cold"), []),
        (("--guard", "x", "--cases", "A1", "--quick"), [("A1", 2.0)]),
    ],
)
def test_cases_that_are_run(words: tuple[str, ...], expected: list[tuple[str, float]]) -> None:
    cases = command.wanted_cases(stated(*words))
    assert [c.name for c in cases] == [name for name, _ in expected]
    np.testing.assert_allclose([c.edge for c in cases], [edge for _, edge in expected], rtol=2e-3)


def test_numbers_of_vertices_and_lengths() -> None:
    asked = stated("--l3", "20k,100k,1M", "--solver", "1.5k", "--edges", "2, 0.67")
    assert asked.l3 == (20_000, 100_000, 1_000_000)
    assert asked.solver == 1_500
    assert asked.edges == (2.0, 0.67)
    assert stated("--solver").solver == 100_000


@pytest.mark.parametrize("words", [("--edges", "50"), ("--repeat", "0"), ("--l3", "many")])
def test_numbers_that_cannot_be(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        stated(*words)
    assert words[0] in capsys.readouterr().err


def test_unknown_names_are_refused() -> None:
    with pytest.raises(InputError, match="A9"):
        command.wanted_cases(stated("--cases", "A1,A9"))
    with pytest.raises(InputError, match="fluent"):
        peers.compare_peers(("fluent",), (30,), [], 1, print)
    with pytest.raises(InputError, match="--growth"):
        command.bench(stated("--plot", "x.png"))


def test_a_case_is_run_and_told(tmp_path: Path) -> None:
    """The whole way: a process of its own, table, JSON and Markdown."""
    words = ("bench", "--cases", "A1", "--edges", "3", "--json", "b.json", "--markdown", "b.md")
    done = cementflow(*words, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    data = json.loads((tmp_path / "b.json").read_text())
    (run,) = data["runs"]
    assert run["steps"] > 5
    assert run["solves"] > run["steps"]
    assert run["iterations"] > run["solves"]
    assert run["balance"] < 1e-6
    assert np.abs(run["radius_errors"]).max() < 0.05
    assert len(run["pressure_errors"]) == 3
    seconds = run["seconds"]
    assert 0.0 < seconds["linear"] < seconds["pressure"] < seconds["total"] < seconds["process"]
    phases = ("setup", "pressure", "transport", "output", "other")
    assert sum(seconds[p] for p in phases) == pytest.approx(seconds["total"], rel=0.05)
    assert data["machine"]["triad_memory"] > 1e8
    for text in (done.stdout, (tmp_path / "b.md").read_text()):
        for word in ("Machine", "Runs", "Profile", "Roofline", str(run["vertices"])):
            assert word in text
    assert list(tmp_path.glob("runs*")) == []


def test_a_run_that_fails_is_told(tmp_path: Path) -> None:
    from cementflow.bench.measure import run_case
    from cementflow.errors import CementflowError

    with pytest.raises(CementflowError, match="A1 at 3 mm failed"):
        run_case(BenchCase("A1", "box-newtonian", 3, {"injection.volume": "-1 mL"}))


def test_medians_are_taken_of_times_only() -> None:
    found = median([outcome(total=t) for t in (3.0, 100.0, 5.0)])
    assert found.seconds["total"] == 5.0
    assert found.solves == 20


def test_shares_of_a_run() -> None:
    o = outcome()
    assert o.outside_solver == pytest.approx(1.0 - 2.0 / 4.5)
    assert o.output_share == pytest.approx(0.5 / 6.0)
    assert o.bytes_per_vertex == pytest.approx((100e6 - 24e3 - 80e3) / 1000)


def test_entries_are_those_of_the_pattern(systems: Systems) -> None:
    solver = systems.make_solver()
    assert solver.entries == len(systems.columns) / systems.n
    assert 9.0 < solver.entries < 15.0
    assert tables.product_bytes(solver.entries) == pytest.approx(12 * solver.entries + 20)


def test_roofline_counts_products() -> None:
    m = machine.Machine("x", 2, "y", 1e10, 2e10)
    least = tables.product_bytes(13.0) / 1e10
    (row,) = tables.roofline([outcome()], m).rows
    assert float(row[-1]) == pytest.approx(2.0 / (200 * 1000) / least, abs=0.06)


def test_growth_finds_the_exponent(tmp_path: Path) -> None:
    sizes = (1_000, 8_000, 64_000)
    outcomes = [outcome(n, 1e-4 * n**1.2) for n in sizes]
    assert growth.exponent(sizes, [o.seconds["total"] for o in outcomes]) == pytest.approx(1.2)
    assert "vertices^1.20" in growth.growth(outcomes).notes[0]
    growth.plot_growth(outcomes, tmp_path / "docs" / "growth.png")
    assert (tmp_path / "docs" / "growth.png").stat().st_size > 5_000
    with pytest.raises(ValueError, match="two sizes"):
        growth.exponent([10.0, 10.0], [1.0, 2.0])


def test_tables_as_text_and_markdown() -> None:
    section = Section("Title", ("name", "n"), (("a", "1"), ("long", "22")), ("a note",))
    assert section.text() == "Title\nname   n\na      1\nlong  22\na note\n"
    assert section.markdown() == (
        "### Title\n\n| name | n |\n| --- | ---: |\n| a | 1 |\n| long | 22 |\n\n- a note\n"
    )
    assert percent((-0.0168, 0.002)) == "-1.7 / +0.2"
    assert percent(()) == "-"


def test_the_manual_states_options_that_there_are() -> None:
    """Those of the commands, even of such as take too long for a test, and all in the table."""
    text = (ROOT / "docs/performance.md").read_text()
    lines = [line for line in text.replace("\\\n", " ").splitlines() if line.startswith("cementflow bench")]
    assert len(lines) >= 5
    for line in lines:
        stated(*shlex.split(line, comments=True)[2:])
    parser = argparse.ArgumentParser(add_help=False)
    options.add_options(parser)
    for option in parser.format_usage().replace("[", " ").split():
        assert not option.startswith("--") or option.rstrip("]") in text, option


def test_tables_go_between_the_marks_of_a_document(tmp_path: Path) -> None:
    document = tmp_path / "a.md"
    put_tables(document, "first")
    document.write_text(f"before\n{document.read_text()}after\n")
    put_tables(document, "second")
    text = document.read_text()
    assert text.startswith("before\n<!-- begin")
    assert text.endswith("<!-- end -->\nafter\n")
    assert "second" in text
    assert "first" not in text


def test_systems_have_the_contrast_and_their_residual(systems: Systems) -> None:
    """Two systems of one pattern; the residual is the true one."""
    x = np.random.default_rng(1).random(systems.n)
    dense = np.zeros((systems.n, systems.n))
    rows = np.repeat(np.arange(systems.n), np.diff(systems.row_start))
    dense[rows, systems.columns] = systems.values[1]
    np.testing.assert_array_equal(dense, dense.T)
    expected = np.linalg.norm(systems.rhs[1] - dense @ x) / np.linalg.norm(systems.rhs[1])
    assert systems.residual(x) == pytest.approx(expected)
    assert not np.array_equal(systems.values[0], systems.values[1])
    off = -systems.values[1][(rows != systems.columns) & (systems.values[1] < 0.0)]
    assert np.percentile(off, 95) / np.percentile(off, 5) > 100.0


def test_our_solver_is_measured(systems: Systems) -> None:
    found = solvers.our_solver(systems, 1)
    assert found.residual <= solvers.TOLERANCE
    assert found.iterations > 0
    assert 0.0 < found.best <= found.kept


def test_other_solvers_are_found_or_named(systems: Systems, monkeypatch: pytest.MonkeyPatch) -> None:
    """SciPy is there; a package that is not is named with its install command; so is one that breaks."""
    chosen = ("SciPy SuperLU", "PETSc ICC + CG")
    monkeypatch.setattr(solvers.solve_one, "METHODS", {name: METHODS[name] for name in chosen})
    ours, lu, petsc = solvers.compare_solvers(systems, [sys.executable], 1, lambda text: None)
    assert lu.residual < 1e-10
    assert lu.missing == ""
    text = solvers.section((ours, lu, replace(petsc, missing="no petsc4py")), systems).text()
    assert "Cheapest way" in text
    assert "not measured: PETSc ICC + CG (no petsc4py)" in text
    if petsc.missing:
        assert "petsc4py" in petsc.missing


def test_a_wrong_solution_does_not_count(systems: Systems) -> None:
    """Negative control: a solver that is fast because it stops early is not called the best of the others."""
    ours = solvers.SolverResult("cementflow", 1.0, 1.0, 1.0, 10, 1e-9)
    early = solvers.SolverResult("early", 0.1, 0.1, 0.1, 1, 1e-3)
    late = solvers.SolverResult("late", 2.0, 2.0, 2.0, 50, 1e-9)
    assert "late 2.000 s, ratio 2.0" in solvers.section((ours, early, late), systems).text()


def test_peers_are_measured_or_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = {"version": "Fake 1", "seconds": 100.0, "pressures_pa": [20e3, 22e3, 24e3], "steps": 3}
    (tmp_path / "fake.py").write_text(f"print({json.dumps(json.dumps(answer))})")
    (tmp_path / "gone.py").write_text('print(\'{"missing": "no such code"}\')')
    (tmp_path / "broken.py").write_text("raise ValueError('boom')")
    known = {name: peers.Peer(name, f"{name}.py", f"install {name}") for name in ("fake", "gone", "broken")}
    monkeypatch.setattr(peers, "PEERS", known)
    monkeypatch.setattr(peers, "run_case", lambda case: replace(outcome(total=4.0), edge=case.edge))
    fake, gone, broken = peers.compare_peers(
        tuple(known), (10,), [sys.executable], 2, lambda text: None, tmp_path
    )
    assert fake.seconds == 100.0
    as_many, same_spacing = fake.ours
    assert same_spacing.outcome.edge == 3.0
    assert (as_many.ratio, same_spacing.ratio) == (25.0, 25.0)
    np.testing.assert_allclose(fake.errors, [0.003, -0.0174, 0.018], atol=1e-3)
    assert gone.missing == "no such code; install gone"
    assert "boom" in broken.missing
    text = peers.section((fake, gone, broken), 2).text()
    assert "25.0" in text
    assert "not measured: gone (no such code; install gone)" in text


@pytest.mark.parametrize(("cells", "cubes"), [(5**3, 3), (10**3, 7)])
def test_a_mesh_of_as_many_control_volumes_as_cells(cells: int, cubes: int) -> None:
    """And none that is coarser has as many."""
    edge = peers.edge_of_as_many(cells)
    edges = edge, edge * cubes / (cubes - 1)
    fine, coarse = (len(box_mesh([0.03] * 3, 1e-3 * e).points) for e in edges)
    assert coarse < cells <= fine < 1.6 * cells


def test_scripts_of_the_peers_say_what_is_missing(tmp_path: Path) -> None:
    """Each runs under this interpreter and either works or names what it lacks."""
    assert {p.script for p in peers.PEERS.values()} <= {p.name for p in peers.peers_folder().glob("*.py")}
    readme = (peers.peers_folder() / "README.md").read_text()
    for peer in peers.PEERS.values():
        assert f"`{peer.install}`" in readme
        found = peers._run_script(peer, peers.peers_folder(), sys.executable, 4)
        assert "missing" in found or len(found["pressures_pa"]) == 3


def test_without_the_scripts_there_is_one_message(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(peers, "__file__", str(tmp_path / "src/cementflow/bench/peers.py"))
    with pytest.raises(InputError, match="benchmarks/peers of the source"):
        peers.peers_folder()


def test_benchmarks_of_a_checkout_are_the_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--help"],
        cwd=ROOT,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0
    assert "--growth" in done.stdout


def test_guard_stays_within_the_stored_ratios() -> None:
    ratios = guard.measure()
    verdicts = guard.compare(ratios, guard.read_ratios(ROOT / "benchmarks/guard.json"))
    assert [v.name for v in verdicts if v.slow] == [], verdicts


@pytest.mark.parametrize("name", guard.WORK)
def test_guard_would_fail_if_the_work_were_more(name: str) -> None:
    """Negative control: three times the work is too slow beside the ratio of the work itself."""
    work = guard.WORK[name]()
    ratio = guard.ratio_to_calibration(work)
    tripled = guard.ratio_to_calibration(lambda: [work() for _ in range(3)])
    assert not guard.compare({name: ratio}, {name: ratio})[0].slow
    assert guard.compare({name: tripled}, {name: ratio})[0].slow


def test_guard_is_stored_and_read(tmp_path: Path) -> None:
    path = tmp_path / "guard.json"
    ratios = dict.fromkeys(guard.WORK, 2.5)
    guard.write_ratios(path, ratios, "a machine")
    assert guard.read_ratios(path) == ratios
    assert "--renew-guard" in json.loads(path.read_text())["renew"]
    verdicts = guard.compare({n: 5.1 for n in ratios}, ratios)
    assert all(v.slow for v in verdicts)
    assert "too slow" in guard.section(verdicts).text()
    path.write_text("{}")
    with pytest.raises(InputError, match="no stored ratios"):
        guard.read_ratios(path)


def test_a_ratio_that_is_no_number_is_too_slow() -> None:
    assert guard.Verdict("x", float("nan"), 1.0).slow


def test_the_boxes_of_the_guard_are_there() -> None:
    assert box("A1", guard.SOLVE_EDGE).preset == "box-newtonian"
