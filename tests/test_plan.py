"""Plans: the question, the answer on responses of known distribution, and volumes from one run a body."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import cementflow as cf
from cementflow.cli import main
from cementflow.errors import InputError
from cementflow.study.plan_answer import Answer, solve
from cementflow.study.plan_run import _number, run_plan
from cementflow.study.plan_statement import Limit, Plan, plan_of, read_plan
from cementflow.study.plan_text import plan_picture, plan_text
from cementflow.study.plan_volume import answers_all_volumes, kept_at
from cementflow.study.statement import Study, read_study
from cementflow.study.table import Table

TOTAL = Limit("leaked_ml.total", below=0.2)
QUESTION = Plan("injection.volume", 1.0, 6.0, "mL", (TOTAL,), 0.9)
STATED = """
preset = "l3-osteoporotic"
draws = 8
[uncertain]
"marrow.viscosity" = {low = "44 mPa s", high = "142 mPa s"}
"""
PLAN = """
[plan]
vary = {"injection.volume" = {low = "1 mL", high = "6 mL"}}
keep = {"leaked_ml.total" = {below = 0.2}}
"""


def until(critical: Sequence[float], largest: bool = True) -> object:
    """A judge of bodies that keep their limits up to (down to) a critical value each."""
    return lambda values: [[bool(v < c) if largest else bool(v > c) for c in critical] for v in values]


def stratified(count: int) -> np.ndarray:
    """The middles of as many slices of [0, 1]."""
    return (np.arange(count) + 0.5) / count


def test_the_largest_volume_of_a_known_distribution() -> None:
    """Critical volumes log-normal, median 4 mL, spread 0.3: 90 % hold up to 4 exp(-0.3 x 1.2816) = 2.723 mL."""
    from scipy.special import ndtri

    critical = 4.0 * np.exp(0.3 * ndtri(stratified(4000)))
    answer = solve(QUESTION, until(critical))
    exact = 4.0 * math.exp(0.3 * float(ndtri(0.1)))
    step = 5.0 / 6.0 / 8.0  # between levels of the second round
    assert answer.likely is not None and answer.sure is not None
    assert exact - step <= answer.likely <= exact
    assert answer.sure <= answer.likely
    for level in answer.levels:
        assert math.isclose(level.share.value, np.mean(critical > level.value), abs_tol=1e-12)
    # The interval holds the truth, not only the count.
    true = [
        1.0 - float(np.mean(4.0 * np.exp(0.3 * ndtri(stratified(10**5))) <= v.value)) for v in answer.levels
    ]
    assert all(
        v.share.low - 3e-4 <= t <= v.share.high + 3e-4 for v, t in zip(answer.levels, true, strict=True)
    )


def test_the_smallest_age_of_a_known_distribution() -> None:
    """Critical ages uniform from 2 to 6 min: 90 % hold down to 5.6 min."""
    plan = replace(QUESTION, key="cement.age", low=1.0, high=9.0, unit="min", goal="smallest")
    answer = solve(plan, until(2.0 + 4.0 * stratified(1000), largest=False))
    assert answer.likely is not None and answer.sure is not None
    assert 5.6 <= answer.likely <= 5.6 + 8.0 / 6.0 / 8.0
    assert answer.sure >= answer.likely


@given(st.lists(st.floats(0.5, 7.0), min_size=5, max_size=60), st.floats(0.3, 0.95))
def test_all_levels_up_to_the_answer_hold(critical: list[float], probability: float) -> None:
    answer = solve(replace(QUESTION, probability=probability), until(critical))
    for end, bound in ((answer.likely, "value"), (answer.sure, "low")):
        held = [getattr(v.share, bound) >= probability for v in answer.levels]
        good = [v.value for v, h in zip(answer.levels, held, strict=True) if h]
        # Keeping falls with the volume here, so what holds is what lies up to the answer.
        assert end == (max(good) if good else None)
    assert answer.sure is None or (answer.likely is not None and answer.sure <= answer.likely)


def test_an_island_beyond_a_gap_is_no_answer() -> None:
    """Kept at 1, 2 and 5 to 6 mL: 2 mL is the answer, as the levels between do not hold."""
    answer = solve(QUESTION, lambda values: [[v < 2.2 or v > 4.9] * 40 for v in values])
    assert answer.likely is not None
    assert 2.0 <= answer.likely < 2.2


def test_no_level_and_all_levels() -> None:
    never = solve(QUESTION, until([0.1] * 40))
    assert (never.likely, never.sure, len(never.levels)) == (None, None, 7)
    always = solve(QUESTION, until([9.0] * 40))
    assert (always.likely, always.sure, len(always.levels)) == (6.0, 6.0, 7)
    assert "none in the range" in plan_text(never)
    assert "the end of the range" in plan_text(always)


def test_few_draws_are_not_sure() -> None:
    """20 of 20 prove 83 %, not 90 %."""
    answer = solve(QUESTION, until([9.0] * 20))
    assert (answer.likely, answer.sure) == (6.0, None)


def test_a_run_without_a_result_counts_against() -> None:
    answer = solve(QUESTION, lambda values: [[True] * 3 + [None] for _ in values])
    assert answer.likely is None
    assert all(level.failed == 1 and level.share.value == 0.75 for level in answer.levels)
    assert "1 without a result" in plan_text(answer)


def test_limits() -> None:
    assert TOTAL.keeps(0.1) and not TOTAL.keeps(0.2) and not TOTAL.keeps(math.nan)
    both = Limit("x", below=2.0, above=1.0)
    assert both.keeps(1.5) and not both.keeps(1.0) and str(both) == "x below 2 and above 1"


def test_a_plan_is_read(tmp_path: Path) -> None:
    file = tmp_path / "plan.toml"
    file.write_text(STATED + PLAN)
    plan, rest = read_plan(file)
    assert plan == QUESTION
    assert rest["draws"] == 8 and "plan" not in rest
    assert plan.levels() == pytest.approx(np.linspace(1.0, 6.0, 7), rel=1e-5)
    assert plan.text(plan.levels()[1]) == "1.83333 mL"


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    file = tmp_path / "plan.toml"
    file.write_text(
        'preset = "l3-osteoporotic"\n[factors]\n"cement.age" = ["4 min"]\n[plan]\ngoal = "larges"\n'
        'probability = 1.5\nkeep = {"leaked_ml.total" = {belwo = 0.2}}\n'
        'vary = {"injection.volume" = {low = "6 mL", high = "1 mL", scale = "lgo", count = 1}}\n'
    )
    with pytest.raises(InputError) as error:
        read_plan(file)
    text = "\n".join(error.value.problems)
    for part in (
        "[uncertain]",
        "[factors]",
        '"largest"',
        "1.5",
        '"below"',
        "low must be",
        '"log"',
        "count = 1",
    ):
        assert part in text
    file.write_text(STATED + '[plan]\nkeep = {}\nvary = {"a" = {low = "1 mL", high = "2 uL"}}\n')
    with pytest.raises(InputError, match="same unit"):
        read_plan(file)
    file.write_text(STATED)
    with pytest.raises(InputError, match=r"\[plan\] is missing"):
        read_plan(file)


TINY = {
    "geometry.size": "12 mm",
    "geometry.edge_length": "3 mm",
    "injection.volume": "1.5 mL",
    "injection.source.radius": "2 mm",
    "output.field_times": [],
    "output.fields": False,
    "output.figures": False,
}


@pytest.fixture(scope="module")
def tiny() -> cf.Case:
    return cf.preset("box-newtonian").replace(TINY)


def test_one_run_tells_what_smaller_volumes_leak(tiny: cf.Case, tmp_path: Path) -> None:
    """Leak and peak pressure read off the run of 1.5 mL, and off runs of 0.7 and 1.1 mL."""
    cf.run(tiny, tmp_path / "all")
    for volume in (0.7, 1.1):
        alone = cf.run(tiny.replace({"injection.volume": f"{volume} mL"}), tmp_path / str(volume)).summary
        # In four cells a side the pressure jumps by a tenth when cement comes to a vertex, at one step or the next.
        for limit, value, near in (
            ("leaked_ml.total", alone["leaked_ml"]["total"], 0.02 * volume),
            ("peak_tip_pressure_kPa", alone["peak_tip_pressure_kPa"], 0.1 * alone["peak_tip_pressure_kPa"]),
        ):
            for end, kept in ((value + near, True), (value - near, False)):
                plan = replace(QUESTION, keep=(Limit(limit, below=end),))
                assert kept_at(plan, [tmp_path / "all"], [volume]) == [[kept]], (limit, volume, end)
    assert kept_at(QUESTION, [None], [1.0]) == [[None]]


@pytest.mark.parametrize(
    "changes",
    [
        {"stop.until": "20 s"},
        {"injection.stage": [{"inject": "1 mL"}, {"pause": "10 s"}, {"inject": "0.5 mL"}]},
    ],
)
def test_cases_that_look_at_the_volume_are_run_one_by_one(tiny: cf.Case, changes: dict[str, object]) -> None:
    assert answers_all_volumes(QUESTION, [tiny])
    assert not answers_all_volumes(QUESTION, [tiny, tiny.replace(changes)])
    assert not answers_all_volumes(replace(QUESTION, key="cement.age"), [tiny])
    assert not answers_all_volumes(replace(QUESTION, keep=(Limit("in_bone_ml", above=1.0),)), [tiny])


def test_the_picture(tmp_path: Path) -> None:
    answer: Answer = solve(QUESTION, until(list(np.linspace(1.5, 7.0, 60))))
    plan_picture(answer, tmp_path / "plan.png")
    assert (tmp_path / "plan.png").stat().st_size > 10_000


QUICK = """
preset = "box-newtonian"
draws = 3
[set]
"geometry.size" = "12 mm"
"geometry.edge_length" = "3 mm"
"injection.source.radius" = "2 mm"
"output.field_times" = []
"numerics.max_step" = "0.5 s"
[uncertain]
"bone.permeability" = {median = "5e-9 m2", spread = 0.6, scale = "log"}
"injection.source.center.ap" = {low = 0.3, high = 0.7}
[plan]
vary = {"injection.volume" = {low = "0.6 mL", high = "1.2 mL", count = 2}}
keep = {"leaked_ml.total" = {below = 0.1}}
probability = 0.5
"""


def in_process(study: Study, out: Path, **_: object) -> SimpleNamespace:
    """What `run_study` does, without its processes and files of tables."""
    rows = []
    for point in study.points():
        assert point.case is not None
        case = point.case.replace({"output.fields": False, "output.figures": False})
        summary = cf.run(case, out / point.name).summary
        rows.append((point.name, summary["status"], "", summary["leaked_ml"]["total"]))
    table = Table(("point", "status", "reason", "leaked_ml.total"), tuple(rows))
    return SimpleNamespace(table=table, folder=lambda name: out / name)


def test_volumes_one_by_one_agree_with_one_run_of_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cementflow.study.plan_run.run_study", in_process)
    (tmp_path / "plan.toml").write_text(QUICK)
    one, each = (run_plan(tmp_path / "plan.toml", tmp_path / str(e), each_volume=e) for e in (False, True))
    assert one == each
    assert one.likely is not None
    assert sorted(p.name for p in (tmp_path / "False").iterdir()) == ["largest"]
    assert sorted(p.name for p in (tmp_path / "True").iterdir()) == ["round-1", "round-2"]


def test_a_limit_on_what_no_run_tells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cementflow.study.plan_run.run_study", in_process)
    (tmp_path / "plan.toml").write_text(
        QUICK.replace("leaked_ml.total", "leaked_ml.totl").replace("= 3\n[set]", "= 1\n[set]")
    )
    with pytest.raises(InputError, match=r"leaked_ml\.total"):
        run_plan(tmp_path / "plan.toml", tmp_path / "out", each_volume=True)
    (tmp_path / "plan.toml").write_text(QUICK.replace("leaked_ml.total", "leaked_ml.totl"))
    with pytest.raises(InputError, match=r"leaked_ml\.total"):
        run_plan(tmp_path / "plan.toml", tmp_path / "one")


def test_nothing_leaks_by_a_way_that_a_body_lacks(tiny: cf.Case, tmp_path: Path) -> None:
    """One body of two has the outlet: the other keeps any limit on it."""
    cf.run(tiny, tmp_path / "lacks")
    cf.run(tiny.replace({"outlet.0.name": "way"}), tmp_path / "has")
    plan = replace(QUESTION, keep=(Limit("leaked_ml.way", below=1e-12),))
    assert kept_at(plan, [tmp_path / "lacks", tmp_path / "has"], [1.5]) == [[True, False]]
    assert _number(None, "leaked_ml.way") == 0.0
    assert math.isnan(_number(None, "peak_tip_pressure_kPa"))


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "plan.toml").write_text(QUICK.replace("= 3\n[set]", "= 2\n[set]"))
    assert main(["plan", str(tmp_path / "plan.toml"), "--jobs", "1", "--quiet"]) == 0
    assert "By the estimate: " in capsys.readouterr().out
    assert (tmp_path / "plan/plan.png").is_file()


def test_the_plan_of_the_document_is_one() -> None:
    document = Path(__file__).parents[1] / "docs/worked-studies.md"
    text = document.read_text(encoding="utf-8").partition("```toml\n")[2].partition("```")[0]
    plan, rest = plan_of(tomllib.loads(text), str(document))
    levels = [plan.text(v) for v in plan.levels()[:2]]
    study = read_study(rest | {"factors": {plan.key: levels}, "draws": 2}, str(document), Path())
    assert [point.case is not None for point in study.points()] == [True] * 4
