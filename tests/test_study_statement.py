"""Stating studies: factors by their quantiles, designs, conditions, one canonical text, messages, the dry run."""

import dataclasses
import itertools
import tomllib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cementflow as cf
from cementflow.case import to_toml
from cementflow.errors import CaseError, InputError
from cementflow.presets import list_presets
from cementflow.study.designs import DRAWN, Design
from cementflow.study.dry_run import dry_run
from cementflow.study.factors import Normal, Range, Values
from cementflow.study.points import shortened
from cementflow.study.read_factors import read_factors
from cementflow.study.statement import load_study, make_study, read_study, study_preset
from cementflow.units import parse_quantity
from command import cementflow, refused

CASE = cf.preset("l3-osteoporotic").replace({"geometry.edge_length": "6 mm", "injection.volume": "0.2 mL"})
PRESSURE = {"low": "0.5 MPa", "high": "3 MPa", "scale": "log"}
FACTORS = {
    "injection.max_pressure": PRESSURE,
    "injection.cannula.tip.ap": {"low": 0.3, "high": 0.5},
    "cement.preset": ["low", "medium", "high"],
}
UNCERTAIN = {
    "bone.permeability": {"median": "1e-8 m2", "spread": 0.37},
    "bone.heterogeneity.seed": {"low": 1, "high": 1000, "whole": True},
}

shares = st.floats(0, 1)
positive = st.floats(1e-9, 1e9)


def one(stated, key="injection.max_pressure"):
    """The one factor of a statement."""
    problems: list[str] = []
    made = read_factors({key: stated}, "factors", Path("/"), problems)
    assert problems == []
    return made[0]


def problems_of(stated, key="injection.max_pressure"):
    problems: list[str] = []
    read_factors({key: stated}, "factors", Path("/"), problems)
    return problems


@st.composite
def ranges(draw):
    low, high = sorted([draw(positive), draw(positive)])
    return Range("a", draw(st.sampled_from(["", "pressure"])), False, 5, low, high * 2, draw(st.booleans()))


@st.composite
def normals(draw):
    center, log = draw(st.floats(1e-3, 1e3)), draw(st.booleans())
    low = draw(st.one_of(st.none(), st.floats(0.5, 1).map(lambda x: x * center)))
    high = draw(st.one_of(st.none(), st.floats(1.1, 3).map(lambda x: x * center)))
    spread = draw(st.floats(0.05, 2)) * (1 if log else center)
    return Normal("a", draw(st.sampled_from(["", "volume"])), False, 3, center, spread, low, high, log)


def number(factor, u):
    value = factor.at(u)
    return parse_quantity(value, factor.dimension) if factor.dimension else value


@given(st.one_of(ranges(), normals()), shares, shares)
def test_quantiles_rise_stay_within_limits_and_are_written_to_the_bit(factor, u, v):
    u, v = sorted([u, v])
    low, high = number(factor, u), number(factor, v)
    assert low <= high * (1 + 1e-12) or low - high <= 1e-9 * abs(getattr(factor, "spread", 0))
    assert factor.low is None or low >= factor.low
    assert factor.high is None or high <= factor.high
    assert low == factor.quantile(u)
    assert factor.cell(factor.at(u)) == low


@given(ranges())
def test_a_grid_of_a_range_goes_from_end_to_end_evenly(factor):
    levels = [factor.cell(v) for v in factor.levels()]
    assert len(levels) == 5
    assert levels[0] == factor.low
    assert levels[-1] == factor.high
    steps = np.diff(np.log(levels) if factor.log else levels)
    assert np.ptp(steps) <= 1e-6 * abs(steps).max()


@given(st.integers(-50, 50), st.integers(1, 9))
def test_whole_numbers_have_equal_shares(low, more):
    factor = Range("a", "", True, None, float(low), float(low + more), False)
    drawn = [factor.at((i + 0.5) / (60 * (more + 1))) for i in range(60 * (more + 1))]
    assert all(isinstance(d, int) for d in drawn)
    assert {d: drawn.count(d) for d in drawn} == dict.fromkeys(range(low, low + more + 1), 60)


@given(st.lists(st.integers(0, 20), min_size=1, max_size=6).filter(any))
def test_values_are_drawn_by_their_weights(weights):
    values = tuple(range(len(weights)))
    factor, total = Values("a", "", values, tuple(map(float, weights))), sum(weights)
    drawn = [factor.at((i + 0.5) / total) for i in range(total)]
    assert [drawn.count(v) for v in values] == weights
    assert weights[factor.at(0.0)] > 0
    assert weights[factor.at(1.0)] > 0


def test_distributions_have_their_quantiles():
    # By tables of the normal distribution: 0.975 lies 1.959964 standard deviations above the mean.
    age = one({"mean": "5 min", "sd": "1 min"}, "cement.age")
    assert age.cell(age.at(0.975)) == pytest.approx(300 + 1.959964 * 60)
    permeability = one({"median": "1e-8 m2", "spread": 0.37}, "bone.permeability")
    assert permeability.cell(permeability.at(0.5)) == pytest.approx(1e-8)
    assert permeability.cell(permeability.at(0.025)) == pytest.approx(1e-8 * np.exp(-1.959964 * 0.37))
    cut = one({"mean": "5 min", "sd": "1 min", "low": "5 min"}, "cement.age")
    assert cut.cell(cut.at(0.5)) == pytest.approx(300 + 0.6744898 * 60)  # median of a half normal
    assert one({"mean": "23 degC", "sd": "2 degC"}, "cement.temperature").spread == 2.0


@pytest.mark.parametrize(
    ("stated", "fragments"),
    [
        ({"low": 1, "high": "3 MPa"}, ["low = 1 needs a unit of pressure"]),
        ({"low": "3 MPa", "high": "1 MPa"}, ["low below high"]),
        ({"low": "1 MPa"}, ["high must be stated"]),
        ({"low": "1 MPa", "high": "2 MPa", "scal": "log"}, ["scal is unknown", '"scale"']),
        ({"low": "1 MPa", "high": "2 MPa", "scale": "lgo"}, ["scale", "linear or log"]),
        ({"low": "1 mL", "high": "2 MPa"}, ["is a volume where a pressure is needed"]),
        ({"low": "1 MPa", "high": "2 MPa", "count": 0}, ["count = 0"]),
        ({"low": "1 MPa", "high": "2 MPa", "whole": True}, ["cannot be whole"]),
        ({"values": ["1 MPa"], "weights": [1, 2]}, ["weights", "list of 1"]),
        ({"values": ["1 MPa", "2 MPa"], "weights": [0, 0]}, ["all zero"]),
        ({"mean": "1 MPa", "sd": "0 MPa"}, ["sd", "above zero"]),
        (
            {"median": "1 MPa", "spread": 0.1, "low": "90 MPa", "high": "99 MPa"},
            ["nothing between low and high"],
        ),
        ({"low": 10**400, "high": "2 MPa"}, ["needs a unit of pressure"]),
        ({"median": "1 MPa", "spread": 10**400}, ["is not a plain number"]),
        ({"values": ["1 MPa"], "weights": [10**400]}, ["weights", "list of 1"]),
        ([], ["at least one value"]),
        ("1 MPa", ["neither a list of values"]),
        (["1 MPa", "2 ml"], ["1 = ", "is a volume"]),
        ({"values": ["1 MPa", "2 MPa"], "labels": ["a", "a"]}, ["not all different"]),
    ],
)
def test_a_factor_says_what_is_wrong(stated, fragments):
    text = "\n".join(problems_of(stated))
    assert 'factors."injection.max_pressure"' in text
    for fragment in fragments:
        assert fragment in text


def test_a_wrong_key_is_told_together_with_a_wrong_value():
    factors = {"cement.preset": ["low", "hgh"], "injection.max_presure": PRESSURE}
    with pytest.raises(CaseError) as error:
        make_study(CASE, factors)
    assert len(error.value.problems) == 3  # and a grid wants a count
    assert 'did you mean "high"' in str(error.value)
    assert 'injection.max_presure is unknown (did you mean "max_pressure"?)' in str(error.value)


def test_one_mistake_is_told_once():
    """A factor or a design that is refused is not asked for again by what hangs on it."""
    factors = {"injection.volume": {"low": "5 mL", "high": "3 mL"}, "injection.max_presure": {"low": "1 MPa"}}
    then = [{"when": {"injection.volume": {"above": "2 mL"}}, "set": {"cement.age": "3 min"}}]
    with pytest.raises(CaseError) as error:
        make_study(CASE, factors, design="sobl", points=4, then=then)
    assert [p.partition(" (")[0] for p in error.value.problems] == [
        'factors."injection.volume" must have low below high',
        'factors."injection.max_presure".high must be stated',
        'design = "sobl" is none of grid, list, lhs, sobol, random, saltelli, morris',
        "injection.max_presure is unknown",
    ]


def test_what_follows_a_factor_has_its_value():
    follow = {"injection.cannula.tip.si": "injection.cannula.tip.ap"}
    study = make_study(CASE, {"injection.cannula.tip.ap": [0.3, 0.5]}, follow=follow)
    assert [p.case.injection.cannula.tip.values[2] for p in study.points()] == [0.3, 0.5]
    assert [list(p.columns) for p in study.points()] == [["injection.cannula.tip.ap"]] * 2
    again = read_study(tomllib.loads(study.to_toml()), "again", Path("/"))
    assert again.to_toml() == study.to_toml()
    assert again.points() == study.points()
    with pytest.raises(CaseError, match="cannot be set too"):
        study.replace({"injection.cannula.tip.si": 0.5})


@pytest.mark.parametrize(
    ("follow", "fragment"),
    [
        (
            {"injection.cannula.tip.si": "injection.cannula.tip.app"},
            'did you mean "injection.cannula.tip.ap"?',
        ),
        ({"injection.cannula.tip.ap": "injection.cannula.tip.ap"}, "is stated elsewhere in the study too"),
        (
            {"injection.canula.tip.si": "injection.cannula.tip.ap"},
            'canula is unknown (did you mean "cannula"?)',
        ),
        ({"injection.cannula.tip.si": 3}, "= 3 is no factor of the study"),
        ([1], "is not a table of factors by dotted key"),
    ],
)
def test_what_cannot_follow(follow, fragment):
    with pytest.raises(CaseError) as error:
        make_study(CASE, {"injection.cannula.tip.ap": [0.3, 0.5]}, follow=follow)
    assert fragment in str(error.value)


def test_a_case_in_place_of_a_study_is_told(tmp_path: Path):
    (tmp_path / "l3.toml").write_text('[geometry]\npreset = "L3"\n[cement]\npreset = "low"\n')
    with pytest.raises(CaseError, match="reads as a case, with geometry, cement; a study names"):
        load_study(tmp_path / "l3.toml")


def test_labels_stand_in_for_whole_tables():
    tips = {
        "values": [{"ap": 0.4, "lr": 0.5, "si": 0.5}, {"ap": 0.6, "lr": 0.5, "si": 0.5}],
        "labels": ["near", "far"],
    }
    study = make_study(CASE, {"injection.cannula.tip": tips})
    assert [p.columns for p in study.points()] == [
        {"injection.cannula.tip": "near"},
        {"injection.cannula.tip": "far"},
    ]
    plain = make_study(CASE, {"injection.cannula.tip": tips["values"]})
    assert plain.points()[0].columns["injection.cannula.tip"] == "{ap = 0.4, lr = 0.5, si = 0.5}"


def test_a_grid_has_every_combination_the_last_factor_fastest():
    study = make_study(
        CASE, {"cement.preset": ["low", "high"], "injection.max_pressure": PRESSURE | {"count": 3}}
    )
    rows = [tuple(p.columns.values()) for p in study.points()]
    assert [p.name for p in study.points()] == [f"{i:04}" for i in range(1, 7)]
    levels = (5e5, pytest.approx(np.sqrt(5e5 * 3e6)), 3e6)
    assert rows == list(itertools.product(("low", "high"), levels))
    assert study.points()[5].case == CASE.replace(
        {"cement.preset": "high", "injection.max_pressure": "3 MPa"}
    )


def test_a_list_takes_the_values_by_position():
    study = make_study(
        CASE, {"cement.preset": ["low", "high"], "cement.age": ["3 min", "6 min"]}, design="list"
    )
    assert [tuple(p.columns.values()) for p in study.points()] == [("low", 180.0), ("high", 360.0)]
    with pytest.raises(CaseError, match=r"cement\.preset 1, cement\.age 2"):
        make_study(CASE, {"cement.preset": ["low"], "cement.age": ["3 min", "6 min"]}, design="list")


@pytest.mark.parametrize("name", DRAWN)
def test_drawn_designs_are_known_by_their_seed(name):
    factors = make_study(CASE, FACTORS, design="random", points=1).factors
    design = Design(name, 8, 3)
    rows = design.values(factors)
    assert len(rows) == design.rows(factors) == 8 * {"saltelli": 5, "morris": 4}.get(name, 1)
    assert rows == design.values(factors)
    assert rows != dataclasses.replace(design, seed=4).values(factors)


def test_a_latin_hypercube_has_one_point_in_each_stratum():
    factor = Range("a", "", False, None, 0.0, 1.0, False)
    rows = np.array(Design("lhs", 16, 1).values((factor, factor)))
    assert [sorted(np.floor(c * 16)) for c in rows.T] == [list(range(16))] * 2
    other = np.array(Design("random", 16, 1).values((factor, factor)))
    assert sorted(np.floor(other[:, 0] * 16)) != list(range(16))


def test_only_powers_of_two_balance_sobol_points():
    assert Design("sobol", 256).note() == ""
    assert "128 or 256" in Design("sobol", 200).note()
    assert Design("lhs", 200).note() == ""


def test_what_is_uncertain_is_the_same_at_every_point():
    study = make_study(CASE, {"cement.preset": ["low", "high"]}, uncertain=UNCERTAIN, draws=3, seed=5)
    drawn = [tuple(p.columns.values())[1:] for p in study.points()]
    assert drawn[:3] == drawn[3:]
    assert len(set(drawn)) == 3
    alone = make_study(CASE, {}, uncertain=UNCERTAIN, draws=3, seed=5)
    assert [tuple(p.columns.values()) for p in alone.points()] == drawn[:3]


def test_conditions_leave_points_out_and_set_more():
    factors = {"cement.preset": ["low", "high"], "injection.max_pressure": PRESSURE | {"count": 3}}
    skip = [{"when": {"cement.preset": "low", "injection.max_pressure": {"above": "2 MPa"}}}]
    then = [{"when": {"cement.preset": "low"}, "set": {"cement.age": "6 min"}}]
    points = make_study(CASE, factors, skip=skip, then=then).points()
    assert len(points) == 5
    assert [p.case.cement.age for p in points] == [360.0] * 2 + [CASE.cement.age] * 3
    ends = [
        {"when": {"injection.max_pressure": {"at_least": "3 MPa"}}},
        {"when": {"cement.preset": {"not": "high"}}},
    ]
    assert [p.columns["cement.preset"] for p in make_study(CASE, factors, skip=ends).points()] == ["high"] * 2
    both = [{"when": {"cement.preset": ["low", "high"]}}]
    assert make_study(CASE, factors, skip=both).points() == ()


def test_a_point_that_cannot_be_made_keeps_its_row():
    points = make_study(CASE, {"injection.cannula.tip.ap": [0.4, 7.0]}).points()
    assert points[0].case is not None
    assert points[1].case is None
    assert "outside" in points[1].reason
    assert points[1].columns == {"injection.cannula.tip.ap": 7.0}


def test_all_problems_are_told_at_once_with_close_matches():
    with pytest.raises(CaseError) as caught:
        read_study(
            {
                "preset": "l3-osteoporotik",
                "desing": "lhs",
                "design": "sobl",
                "points": 8,
                "factors": {"cement.preset": ["lwo"]},
                "skip": [{"when": {"cement.presett": "low"}}],
                "then": [{"when": {"cement.preset": "low"}}],
                "plan": 3,
            },
            "s.toml",
            Path("/"),
        )
    text = str(caught.value)
    for fragment in ("l3-osteoporotic", '"design"', '"sobol"', '"low"', '"cement.preset"', "then.0.set"):
        assert fragment in text


@pytest.mark.parametrize(
    ("stated", "fragment"),
    [
        ({"factors": {"injection.max_presure": ["1 MPa"]}}, '"max_pressure"'),
        ({"factors": {"cement.preset": ["low"]}, "set": {"cement.preset": "high"}}, "cannot be set too"),
        ({"factors": {"cement.preset": ["low"]}, "set": {"cement.agee": "3 min"}}, '"age"'),
        ({"factors": {"injection.max_pressure": PRESSURE}}, "needs a count"),
        ({"factors": {"injection.max_pressure": PRESSURE}, "design": "lhs"}, "points must be stated"),
        ({"factors": {"cement.preset": ["low"]}, "points": 3}, "points cannot be stated"),
        ({"factors": {"cement.preset": ["low"]}, "draws": 3}, "nothing is"),
        ({"factors": {}}, "at least one"),
        ({"uncertain": UNCERTAIN, "draws": 100_001}, "draws"),
        ({"factors": {"cement.age": PRESSURE | {"count": 2}}}, "is a pressure where a time is needed"),
        ({"factors": UNCERTAIN, "design": "morris", "points": 4}, "needs low and high"),
        (
            {
                "factors": {"cement.preset": ["low"]},
                "then": [{"when": {"cement.preset": "low"}, "set": {"bon.x": 1}}],
            },
            "bon",
        ),
    ],
)
def test_a_study_says_what_is_wrong(stated, fragment):
    with pytest.raises(CaseError) as caught:
        read_study(stated, "study", Path("/"), CASE)
    assert fragment in str(caught.value)


def test_base_files_and_meshes_are_found_from_the_study(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "base.toml").write_text(to_toml(CASE))
    path = tmp_path / "sub/s.toml"
    path.write_text('base = "../base.toml"\n[factors]\n"geometry.surface" = ["a.obj", "b.obj"]\n')
    points = load_study(path).points()
    assert points[1].columns["geometry.surface"] == str(tmp_path / "sub/b.obj")
    assert points[0].case.geometry.preset is None
    path.write_text('base = "bas.toml"\n[factors]\n"cement.preset" = ["low"]\n')
    with pytest.raises(CaseError, match=r"base: .*no such file"):
        load_study(path)


factor_tables = st.fixed_dictionaries(
    {},
    optional={
        "injection.max_pressure": st.sampled_from(
            [PRESSURE, {"low": "500 kPa", "high": "3 MPa", "scale": "log"}]
        ),
        "cement.preset": st.sampled_from([["low", "high"], {"values": ["low", "high"], "weights": [1, 3]}]),
        "cement.age": st.sampled_from([["180 s", "6 min"], {"mean": "5 min", "sd": "30 s", "low": "1 min"}]),
        "cement.temperature": st.just({"mean": "23 degC", "sd": "2 K"}),
        "bone.heterogeneity.seed": st.just({"low": 1, "high": 9}),
    },
).filter(bool)


@settings(max_examples=15, deadline=None)
@given(factor_tables, st.sampled_from(["lhs", "sobol", "random"]), st.integers(0, 9))
def test_the_canonical_text_reads_back_to_the_same_points(factors, design, seed):
    study = make_study(
        CASE,
        factors,
        design=design,
        points=3,
        seed=seed,
        uncertain={"bone.permeability": UNCERTAIN["bone.permeability"]},
        draws=2,
        skip=[{"when": {"bone.permeability": {"above": "2e-8 m2"}}}],
    )
    again = read_study(tomllib.loads(study.to_toml()), "again", Path("/elsewhere"))
    assert again.to_toml() == study.to_toml()
    assert again.points() == study.points()


def test_statements_that_mean_the_same_have_the_same_text():
    one, other = (
        make_study(CASE, {"injection.max_pressure": {"low": low, "high": "3 MPa", "count": 2}})
        for low in ("0.5 MPa", "500 kPa")
    )
    assert one.to_toml() == other.to_toml()
    assert one.to_toml() != one.replace({"injection.volume": "0.3 mL"}).to_toml()
    with pytest.raises(CaseError, match="cannot be set too"):
        one.replace({"injection.max_pressure": "1 MPa"})


def test_tables_for_others_are_kept_as_they_are():
    stated = {"factors": {"cement.preset": ["low"]}, "plan": {"keep": {"leaked_ml.total": {"below": 0.2}}}}
    study = read_study(stated, "study", Path("/"), CASE)
    assert tomllib.loads(study.to_toml())["plan"] == study.plan == stated["plan"]
    assert study.cohort is None


def test_python_objects_do_as_values():
    study = make_study(
        CASE, {"injection.cannula.tip.ap": np.linspace(0.3, 0.5, 3), "bone.heterogeneity.seed": range(2)}
    )
    assert len(study.points()) == 6
    without = make_study(CASE, {"stop.leaked": [None, "0.1 mL"]})
    assert [p.case.stop.leaked for p in without.points()] == [None, pytest.approx(1e-7)]
    assert read_study(tomllib.loads(without.to_toml()), "again", Path("/")).points() == without.points()
    assert {p.reason for p in study.points()} == {""}


@pytest.mark.parametrize("name", list_presets("studies"))
def test_presets_have_points_that_can_be_made(name):
    points = study_preset(name).points()
    assert points
    assert {p.reason for p in points} == {""}


def test_a_dry_run_tells_alike_findings_once_and_makes_each_mesh_once(monkeypatch):
    from cementflow.mesh import geometry

    made = []
    build = geometry.build_geometry
    monkeypatch.setattr(geometry, "build_geometry", lambda *a: made.append(a) or build(*a))
    monkeypatch.setattr("cementflow.study.dry_run.seconds_per_vertex", lambda case, geometry: 1e-3)
    study = make_study(
        CASE, {"injection.cannula.tip.ap": [0.4, -0.1, -0.2, 7.0], "geometry.edge_length": ["6 mm", "5 mm"]}
    )
    found = dry_run(study, jobs=2)
    assert len(made) == 2
    assert found.runs == 8
    assert found.failing == 6
    assert [len(m.points) for m in found.meshes] == [3, 3]
    assert sorted(t.points for t in found.troubles if t.level == "error") == [
        ("0003", "0004", "0005", "0006"),
        ("0007", "0008"),
    ]
    small, large = sorted(m.vertices for m in found.meshes)
    assert found.seconds == pytest.approx(1e-3 * max(large, (small + large) / 2))


def test_names_of_points_are_shortened():
    assert shortened(["0001", "0002", "0003", "0007"]) == "0001-0003, 0007"
    assert shortened([f"{i:04}" for i in range(1, 40, 2)]).endswith("0015, ...")


def test_dry_run_on_the_command_line(tmp_path):
    (tmp_path / "s.toml").write_text(
        'preset = "l3-osteoporotic"\n[factors]\n"injection.cannula.tip.ap" = [0.4, 7.0]\n'
    )
    changes = ("--set", "geometry.edge_length=6 mm", "--set", "injection.volume=0.1 mL")
    done = cementflow("sweep", "s.toml", "--dry-run", "--jobs", "2", *changes, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    for fragment in (
        "2 runs: 2 injection.cannula.tip.ap",
        "mesh of ",
        "0002: ",
        "1 of 2 points",
        "estimate: about ",
    ):
        assert fragment in done.stdout
    assert [p.name for p in tmp_path.iterdir()] == ["s.toml"]
    refused(
        cementflow("sweep", "--preset", "viscosity-presure", "--dry-run", cwd=tmp_path), "viscosity-pressure"
    )


def test_without_salib_its_designs_say_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "SALib.sample", None)
    with pytest.raises(InputError, match=r"cementflow\[study\]"):
        Design("morris", 4).values((Range("a", "", False, None, 0.0, 1.0, False),))
