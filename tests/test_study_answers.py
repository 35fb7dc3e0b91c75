"""Answers of studies: effects, maps, fronts and indices, on tables whose truth is known."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cementflow.cli import main
from cementflow.errors import InputError
from cementflow.study.effects import interaction, main_effect, varied_factors
from cementflow.study.levels import levels_of
from cementflow.study.pareto import pareto_front
from cementflow.study.practical_units import in_practical_units
from cementflow.study.result import open_study
from cementflow.study.sensitivity import of_study, sensitivity
from cementflow.study.table import Table, write_csv

RESULTS = ("in_bone_ml", "leaked_ml.total", "peak_tip_pressure_kPa")


def table_of(
    factors: dict[str, Sequence[float | str]], values: Sequence[float], lost: Sequence[int] = ()
) -> Table:
    """A table with one result y; the runs of the numbers `lost` failed."""
    names = ("point", *factors, "status", "reason", "y")
    rows = []
    for i, (cells, y) in enumerate(zip(zip(*factors.values(), strict=True), values, strict=True)):
        given = tuple(c if isinstance(c, str) else float(c) for c in cells)
        end = ("failed", "diverged", None) if i in lost else ("completed", "", float(y))
        rows.append((f"{i + 1:04}", *given, *end))
    return Table(names, tuple(rows))


def columns(rows: np.ndarray) -> dict[str, Sequence[float | str]]:
    return {f"x{i}": list(rows[:, i]) for i in range(rows.shape[1])}


def ishigami(unit: np.ndarray) -> np.ndarray:
    """Ishigami's function with a = 7, b = 0.1 on the unit cube."""
    x = np.pi * (2 * unit - 1)
    return np.asarray(np.sin(x[:, 0]) + 7 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0]))


def ishigami_indices() -> tuple[np.ndarray, np.ndarray]:
    """First and total indices in closed form (Ishigami and Homma, 1990)."""
    a, b = 7.0, 0.1
    one = 0.5 * (1 + b * math.pi**4 / 5) ** 2
    two = a**2 / 8
    both = b**2 * math.pi**8 * (1 / 18 - 1 / 50)
    whole = one + two + both
    return np.array([one, two, 0.0]) / whole, np.array([one + both, two, both]) / whole


def saltelli(points: int = 512, second: bool = False) -> np.ndarray:
    from SALib.sample import sobol

    problem = {"num_vars": 3, "names": ["a", "b", "c"], "bounds": [[0, 1]] * 3}
    return np.asarray(sobol.sample(problem, points, calc_second_order=second, seed=4))


def trajectories(count: int = 12, factors: int = 3) -> np.ndarray:
    from SALib.sample import morris

    names = [str(i) for i in range(factors)]
    problem = {"num_vars": factors, "names": names, "bounds": [[0, 1]] * factors}
    return np.asarray(morris.sample(problem, count, num_levels=4, seed=2))


@pytest.mark.parametrize("second", [False, True])
def test_sobol_indices_of_ishigami(second: bool) -> None:
    rows = saltelli(1024, second)
    found = sensitivity(table_of(columns(rows), ishigami(rows)), "y", "sobol")
    for name, truth in zip(("first", "total"), ishigami_indices(), strict=True):
        # Half a 95 % interval is 1.96 standard errors; 3 of those for six numbers.
        assert (np.abs(found.measures[name] - truth) < 1.53 * found.confidence[name]).all(), name
        assert (found.confidence[name] < 0.13).all()
    assert found.used == len(rows) and found.left_out == 0 and not found.note


def test_results_in_another_order_give_another_answer() -> None:
    """The check above can fail."""
    rows = saltelli()
    shuffled = np.random.default_rng(1).permutation(ishigami(rows))
    found = sensitivity(table_of(columns(rows), shuffled), "y", "sobol")
    first, _ = ishigami_indices()
    assert (np.abs(found.measures["first"] - first) > 1.53 * found.confidence["first"]).any()


def test_rows_in_another_order_are_refused() -> None:
    rows = saltelli(64)
    other = rows.copy()
    other[[3, 8]] = other[[8, 3]]
    for wrong in (other, rows[:-1], rows[::-1], trajectories(10)):
        with pytest.raises(InputError, match="saltelli"):
            sensitivity(table_of(columns(wrong), ishigami(wrong)), "y", "sobol")
    steps = trajectories()
    for wrong in (steps[:-1], np.roll(steps, 1, axis=0), rows[:40]):
        with pytest.raises(InputError, match="morris"):
            sensitivity(table_of(columns(wrong), ishigami(wrong)), "y", "morris")


def test_a_failed_run_costs_its_block() -> None:
    rows = saltelli()
    table = table_of(columns(rows), ishigami(rows), lost=(7, 8, 500))
    found = sensitivity(table, "y", "sobol")
    assert (found.used, found.left_out) == (2560 - 10, 10)
    assert "2 of 512 blocks of 5 runs left out" in found.note
    _, total = ishigami_indices()
    assert (np.abs(found.measures["total"] - total) < 1.53 * found.confidence["total"]).all()
    lost = tuple(range(0, len(rows), 5))
    with pytest.raises(InputError, match=r"512 of 2560 runs have no result.*0 of 512 whole blocks"):
        sensitivity(table_of(columns(rows), ishigami(rows), lost), "y", "sobol")


def test_morris_of_a_linear_function() -> None:
    rows = trajectories()
    slopes = np.array([1.0, -2.0, 0.5])
    found = sensitivity(table_of(columns(rows), rows @ slopes, lost=(5,)), "y", "morris")
    assert found.measures["mu*"] == pytest.approx(np.abs(slopes), rel=1e-12)
    assert found.measures["mu"] == pytest.approx(slopes, rel=1e-12)
    assert found.measures["sigma"] == pytest.approx(np.zeros(3), abs=1e-12)
    assert "1 of 12 trajectories of 4 runs left out" in found.note
    shuffled = np.random.default_rng(1).permutation(rows @ slopes)
    wrong = sensitivity(table_of(columns(rows), shuffled), "y", "morris")
    assert np.abs(wrong.measures["mu*"] - np.abs(slopes)).max() > 0.1


def test_sigma_of_a_product() -> None:
    """The effect of one factor is the other: uniform on 0, 1/3, 2/3 and 1, of deviation sqrt(5) / 6."""
    rows = trajectories(60)
    found = sensitivity(table_of(columns(rows), rows[:, 0] * rows[:, 1]), "y", "morris")
    sigma, half = found.measures["sigma"], found.confidence["sigma"]
    assert (np.abs(sigma[:2] - math.sqrt(5) / 6) < 1.53 * half[:2]).all() and (half[:2] < 0.06).all()
    assert sigma[2] == half[2] == 0.0


def test_indices_of_the_mean_over_draws(tmp_path: Path) -> None:
    """Draws that every point is crossed with add the same to each, and the indices are those of the design."""
    rows, noise = saltelli(256), np.array([-0.3, 0.0, 0.6])
    crossed, drawn = np.repeat(rows, 3, axis=0), np.tile(noise, len(rows))
    factors = {"a": crossed[:, 0], "b [Pa]": crossed[:, 1], "c": crossed[:, 2], "u [m2]": drawn}
    table = table_of({k: list(v) for k, v in factors.items()}, ishigami(crossed) + drawn, lost=(31,))
    stated = 'design = "saltelli"\ndraws = 3\nfactors = {a = 1, b = 1, c = 1}\nuncertain = {u = 1}\n'
    (tmp_path / "sweep.toml").write_text(stated)
    write_csv(tmp_path / "table.csv", table.names, table.rows)
    found = of_study(open_study(tmp_path), "y")
    alone = sensitivity(table_of(columns(rows), ishigami(rows) + 0.1, lost=(10,)), "y", "sobol")
    assert found.factors == ("a", "b [Pa]", "c")
    assert found.measures["total"] == pytest.approx(alone.measures["total"], rel=1e-9)
    assert found.note.startswith("Each is a mean over 3 draws. 1 of 256 blocks")
    write_csv(tmp_path / "table.csv", table.names, table.rows[1:])
    with pytest.raises(InputError, match="rows were moved or left out"):
        of_study(open_study(tmp_path), "y")


def test_morris_steps_that_move_nothing() -> None:
    """A factor of two values stays where it is on some steps; the effects are those of the steps as they are."""
    rows = trajectories(20)
    coarse = rows.copy()
    coarse[:, 1] = rows[:, 1] > 0.2
    y = coarse @ np.array([1.0, 2.0, 0.0])
    found = sensitivity(table_of(columns(coarse), y), "y", "morris")
    moved = np.abs(np.diff(coarse.reshape(20, 4, 3), axis=1)).max(axis=1)
    assert 0 < moved[:, 1].mean() < 1
    assert found.measures["mu*"] == pytest.approx([1.0, 2 * moved[:, 1].mean() * 1.5, 0.0], abs=1e-12)


def test_first_indices_of_any_sample() -> None:
    rows = np.random.default_rng(5).random((600, 3))
    found = sensitivity(table_of(columns(rows), ishigami(rows), lost=(3,)), "y", "sample")
    first, _ = ishigami_indices()
    assert (np.abs(found.measures["first"] - first) < 1.53 * found.confidence["first"]).all()
    assert "1 of 600 runs left out" in found.note


def test_a_sample_in_the_order_of_a_grid() -> None:
    """Where many runs share a value, the order of the table must not give one factor what another does."""
    grid = np.array([(i, j) for i in range(10) for j in range(10)], float)
    found = sensitivity(table_of(columns(grid), grid[:, 1]), "y", "sample")
    assert found.measures["first"] == pytest.approx([0.0, 1.0], abs=0.2)


@pytest.mark.parametrize("method", ["sobol", "morris", "sample"])
def test_a_result_that_never_changes(method: str) -> None:
    rows = {"sobol": saltelli(32), "morris": trajectories(20), "sample": saltelli(32)}[method]
    with pytest.raises(InputError, match="no factor makes a difference"):
        sensitivity(table_of(columns(rows), np.ones(len(rows))), "y", method)


def beaten(x: np.ndarray, y: np.ndarray) -> list[int]:
    """The front by its definition: large x, small y."""
    return [i for i in range(len(x)) if not ((x >= x[i]) & (y <= y[i]) & ((x > x[i]) | (y < y[i]))).any()]


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=40))
@settings(max_examples=60)
def test_the_front_is_that_of_its_definition(points: list[tuple[int, int]]) -> None:
    x, y = np.array(points, float).reshape(-1, 2).T
    assert sorted(pareto_front(x, y)) == beaten(x, y)
    assert sorted(pareto_front(x, y, first_larger=False)) == beaten(-x, y)
    assert sorted(pareto_front(x, y, second_larger=True)) == beaten(x, -y)


def test_the_front_leaves_out_what_has_no_number() -> None:
    x, y = np.array([np.nan, 1.0, 2.0, 2.0]), np.array([0.0, 1.0, 2.0, 2.0])
    assert list(pareto_front(x, y)) == [2, 3, 1]


def test_without_a_factor_that_varies_the_report_says_so(tmp_path: Path) -> None:
    names = ("point", "a", "status", "reason", *RESULTS)
    write_csv(tmp_path / "table.csv", names, [("0001", 1.0, "completed", "", 0.5, 0.1, 9.0)])
    (tmp_path / "sweep.toml").write_text("")
    page = open_study(tmp_path).report().read_text(encoding="utf-8")
    assert "no picture: no factor varies among the runs that came to their end" in page


def test_effects_of_an_additive_result() -> None:
    a, b = (v.ravel() for v in np.meshgrid([1.0, 10.0, 100.0], [0.0, 1.0], indexing="ij"))
    texts = ["on" if v else "off" for v in b]
    table = table_of({"a": list(a), "b": texts, "c": [3.0] * 6}, 2 * np.log10(a) + b, lost=(5,))
    assert varied_factors(table) == ("a", "b")
    effect = main_effect(table, "a", "y")
    assert effect.mean == pytest.approx([0.5, 2.5, 4.0])
    assert effect.spread[:2] == pytest.approx([math.sqrt(0.5)] * 2) and np.isnan(effect.spread[2])
    assert effect.levels.log and effect.size == pytest.approx(3.5)
    pair = interaction(table, "b", "a", "y")
    assert pair.rows.labels == ("off", "on") and pair.columns.labels == ("1", "10", "100")
    assert pair.mean[0] == pytest.approx([0, 2, 4]) and pair.mean[1, :2] == pytest.approx([1, 3])
    assert np.isnan(pair.mean[1, 2]) and pair.runs.tolist() == [[1, 1, 1], [1, 1, 0]]


@given(st.lists(st.floats(-1e3, 1e3), min_size=11, max_size=60), st.integers(2, 8))
@settings(max_examples=60)
def test_bins_hold_every_run_once_and_in_order(values: list[float], bins: int) -> None:
    levels = levels_of(table_of({"a": values}, values), "a", bins)
    assert set(levels.of_row) == set(range(len(levels)))
    order = np.argsort(values, kind="stable")
    assert (np.diff(levels.of_row[order]) >= 0).all()
    for v in set(values):
        assert len({int(k) for k, w in zip(levels.of_row, values, strict=True) if w == v}) == 1


def test_factors_in_practical_units() -> None:
    names = ("point", "p [Pa]", "T [K]", "q [m3/s]", "k [m2]", "plain", "status", "reason", "y [Pa]")
    rows = (
        ("0001", 5e5 + 5e5, 310.15, 1e-7, 1e-8, "low", "completed", "", 7.0),
        ("0002", None, 300.0, 0.0, 1.0, 3.0, "invalid", "", None),
    )
    found = in_practical_units(Table(names, rows))
    # Results keep their names: pages look for them.
    assert found.names == (
        "point",
        "p [MPa]",
        "T [degC]",
        "q [mL/min]",
        "k [m2]",
        "plain",
        "status",
        "reason",
        "y [Pa]",
    )
    assert found.rows[0][1:6] == (1.0, pytest.approx(37.0), pytest.approx(6.0), 1e-8, "low")
    assert found.rows[1][1:6] == (None, pytest.approx(26.85), 0.0, 1.0, 3.0)
    assert [row[-1] for row in found.rows] == [7.0, None]
    # The unit goes by what is in the column.
    small = in_practical_units(
        Table(("point", "p [Pa]", "status", "reason"), (("1", 1500.0, "completed", ""),))
    )
    assert (small.names[1], small.rows[0][1]) == ("p [kPa]", 1.5)


def test_numbers_of_numpy_are_written_as_numbers(tmp_path: Path) -> None:
    names = ("point", "status", "reason", "y")
    write_csv(tmp_path / "table.csv", names, [("0001", "completed", "", np.float64(0.1))])
    assert (tmp_path / "table.csv").read_text().splitlines()[1] == "0001,completed,,0.1"


def study(folder: Path, design: str, factors: dict[str, Sequence[float | str]], y: np.ndarray) -> Path:
    """Folder of a study with the main results made of y."""
    folder.mkdir()
    lines = [f'title = "A study"\npreset = "l3-osteoporotic"\ndesign = "{design}"\n[factors]']
    (folder / "sweep.toml").write_text("\n".join([*lines, *(f'"{name}" = [1, 2]' for name in factors)]))
    names = ("point", *factors, "status", "reason", *RESULTS)
    rows = []
    for i, (cells, v) in enumerate(zip(zip(*factors.values(), strict=True), y, strict=True)):
        given = tuple(c if isinstance(c, str) else float(c) for c in cells)
        end = (3 - float(v), float(v), 100 * float(v))
        last = ("failed", "the <pressure> diverged", None, None, None) if i == 4 else ("completed", "", *end)
        rows.append((f"{i + 1:04}", *given, *last))
    write_csv(folder / "table.csv", names, rows)
    return folder


@pytest.fixture
def grid_study(tmp_path: Path) -> Path:
    cells = [(c, p, s) for c in ("low", "high") for p in (5e5, 1e6, 2e6) for s in (1.0, 2.0)]
    y = np.array([(0.2 if c == "low" else 0.1) * p * 1e-6 + 0.01 * s for c, p, s in cells])
    names = ("cement.preset", "injection.max_pressure [Pa]", "bone.heterogeneity.seed")
    return study(tmp_path / "grid", "grid", dict(zip(names, zip(*cells, strict=True), strict=True)), y)


def test_the_page_of_a_study(grid_study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(grid_study)]) == 0
    page = (grid_study / "report.html").read_text()
    for text in (
        "11 of 12 runs came to their end",
        "the &lt;pressure&gt; diverged",
        "<td>injection.max_pressure [MPa]</td><td>3</td>",
        "Main effects",
        "Fill against leak",
        "SHA-256",
    ):
        assert text in page
    assert page.count("data:image/png") == 3
    before = (grid_study / "figures/map.png").read_bytes()
    out = grid_study / "again.png"
    assert main(["view", str(grid_study), "--kind", "map", "--screenshot", str(out)]) == 0
    assert out.read_bytes() == before
    assert capsys.readouterr().out.splitlines()[-1] == str(out)


def test_what_a_study_has_no_answer_to(grid_study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words, message in (
        (["view", str(grid_study), "--kind", "slices"], "of a study there is no picture 'slices'"),
        (["view", str(grid_study), "--time", "3 s"], "--time is for a run"),
        (["sensitivity", str(grid_study)], "11 runs with a result are too few"),
        (["sensitivity", str(grid_study), "--result", "leaked_ml.totl"], 'did you mean "leaked_ml.total"'),
        (["sensitivity", str(grid_study.parent)], "not the folder of a study"),
        (["compare", str(grid_study)], "two runs or more"),
    ):
        assert main(words) == 2
        assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("design", "rows", "word"),
    [("saltelli", lambda: saltelli(32), "total"), ("morris", trajectories, "mu*")],
)
def test_the_command_knows_the_design(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    design: str,
    rows: Callable[[], np.ndarray],
    word: str,
) -> None:
    made = rows()
    folder = study(tmp_path / design, design, columns(made), made @ np.array([0.1, 1.0, 0.3]))
    assert main(["sensitivity", str(folder)]) == 0
    out = capsys.readouterr().out
    assert word in out and "left out" in out
    assert [line.split()[0] for line in out.splitlines() if line.startswith("x")] == ["x1", "x2", "x0"]
    assert (folder / "figures/sensitivity.png").is_file()
