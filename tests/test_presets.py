"""Presets: all of them load, every number in them has a standing, and the checkers can refuse."""

import tomllib
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from cementflow.case import preset, read_case
from cementflow.errors import CaseError
from cementflow.laws.marrow import Marrow
from cementflow.laws.rheology import Newtonian
from cementflow.materials import marrow_law
from cementflow.presets import describe, list_presets, load_preset, overview, parse_preset, read_preset
from cementflow.presets.describe import entry_of
from cementflow.presets.store import KINDS, STANDINGS
from cementflow.series import series_preset
from cementflow.study.statement import study_preset

ALL = [tuple(name.split("/")) for name in list_presets()]


def minimal_case(**sections):
    table = {
        "geometry": {"preset": "L3"},
        "bone": {"preset": "osteoporotic"},
        "cement": {"preset": "medium"},
        "cortex": {"thickness": "0.2 mm", "permeability": "1e-14 m2"},
        "injection": {
            "volume": "4 mL",
            "flow_rate": "4 mL/min",
            "source": {"center": {"ap": 0.5, "lr": 0.5, "si": 0.5}, "radius": "3 mm"},
        },
    }
    return read_case(table | sections, "test", ".")


def test_every_file_in_the_package_is_listed():
    folder = Path(str(files("cementflow.presets")))
    found = {f.relative_to(folder).with_suffix("").as_posix() for f in folder.rglob("*.toml")}
    assert found == set(list_presets())
    assert {k for k, _ in ALL} == set(KINDS)


def with_preset(kind, name):
    """A case with a preset in its place, which has to be found there."""
    shape = {"shape": "ball", "center": {"ap": 0.5, "lr": 0.5, "si": 0.5}, "radius": "5 mm"}
    if kind == "regions":
        case = minimal_case(bone={"preset": "healthy", "region": [{"preset": name, **shape}]})
        found = case.bone.region[0]
    elif kind == "compartments":
        case = minimal_case(compartment=[{"preset": name}])
        found = case.compartment[0]
    elif kind == "series":
        return series_preset(name).levels[0].case
    elif kind == "studies":
        return study_preset(name).base
    else:
        section = {"cements": "cement", "bones": "bone", "marrows": "marrow", "veins": "veins"}[kind]
        case = minimal_case(**{section: {"preset": name}})
        found = getattr(case, section)
    assert found.preset == name
    return case


@pytest.mark.parametrize(("kind", "name"), ALL)
def test_loads_as_part_of_a_case(kind, name):
    case = preset(name) if kind == "cases" else with_preset(kind, name)
    assert case.title or kind != "cases"


@pytest.mark.parametrize(("kind", "name"), ALL)
def test_every_number_has_a_standing(kind, name):
    found = read_preset(kind, name)
    text = (files("cementflow.presets") / kind / f"{name}.toml").read_text(encoding="utf-8")
    assert found.standing
    assert all(s.kind in STANDINGS and len(s.text) > 5 for s in found.standing.values())
    # An independent count: every leaf of the bare values that holds a digit value is covered by a standing.
    for key, value in flat(found.values):
        covered = any(key == k or key.startswith(k + ".") for k in found.standing)
        plain_word = isinstance(value, bool) or (isinstance(value, str) and not value[0].isdigit())
        assert covered or plain_word, key
    assert text.count("value = ") == len(parse_preset(text, name).standing)


def flat(value, key=""):
    """Dotted key and value of every leaf."""
    if isinstance(value, dict | list):
        for name, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from flat(item, f"{key}.{name}" if key else str(name))
    else:
        yield key, value


@pytest.mark.parametrize(("kind", "name"), ALL)
def test_description_shows_every_value_with_meaning_and_standing(kind, name):
    text = describe(f"{kind}/{name}")
    found = read_preset(kind, name)
    assert found.title in text
    joined = " ".join(text.split())
    for key, standing in found.standing.items():
        assert f"{key} = " in text
        assert " ".join(str(standing).split()) in joined
        assert entry_of(kind, key).meaning in joined


def test_description_of_a_shared_name_has_both():
    text = describe("haemangioma")
    assert "bones/haemangioma" in text
    assert "marrows/haemangioma" in text
    assert "cements/high" in describe("high")


def test_a_preset_like_another_states_what_differs():
    own, base = read_preset("cements", "medium-plain"), read_preset("cements", "medium")
    assert own.like == "medium"
    assert own.values["radiopacifier"] == {"material": "BaSO4", "share": 0}
    assert own.values | {"radiopacifier": None} == base.values | {"radiopacifier": None}
    assert own.standing["radiopacifier.share"].text == "plain acrylic"
    assert own.standing["growth"] == base.standing["growth"]
    assert base.values["radiopacifier"]["share"] == 0.2


def test_plain_cement_is_lighter():
    def thermal(name):
        return minimal_case(cement={"preset": name}).cement.thermal

    assert thermal("medium").density == pytest.approx(1380, abs=5)
    assert thermal("medium-plain").density == pytest.approx(1180)


def test_overview_names_all():
    text = overview()
    assert all(name in text for _, name in ALL)


def test_entry_of_unknown_key():
    assert entry_of("cements", "no_such_key") is None
    assert entry_of("cases", "outlet.0.pressure").meaning


@pytest.mark.parametrize(
    ("body", "fragment"),
    [
        ("n = 0.5", "n = 0.5 has no standing"),
        ('growth = "60 s"', "growth = '60 s' has no standing"),
        ("n = {value = 0.5}", "exactly one of source, derived, assumed"),
        ('n = {value = 0.5, source = ""}', "exactly one of"),
        ('n = {value = 0.5, source = " "}', "exactly one of"),
        ('n = {value = 0.5, source = "a", assumed = "b"}', "exactly one of"),
        ('n = {value = 0.5, because = "a"}', "exactly one of"),
        ('[permeability]\nsi = "1e-8 m2"', "permeability.si = '1e-8 m2' has no standing"),
        ('radii = ["1 mm", "2 mm", "3 mm"]', "has no standing"),
        ("[[region]]\nporosity = 1", "region.0.porosity = 1 has no standing"),
        ("pressure = '-1 kPa'", "has no standing"),
        ("x = 2020-01-01", "has no standing"),
    ],
)
def test_value_without_standing_is_refused(body, fragment):
    about = '[about]\ntitle = "t"\nnote = "n"\n'
    with pytest.raises(CaseError) as error:
        parse_preset(f"{body}\n{about}" if not body.startswith("[") else about + body, "here.toml")
    assert fragment in str(error.value)
    assert "here.toml" in str(error.value)


def test_all_values_without_standing_are_named_and_titles_are_wanted():
    with pytest.raises(CaseError) as error:
        parse_preset("a = 1\nb = 2\nlaw = 'power'\nflag = true", "here.toml")
    assert len(error.value.problems) == 4


def test_value_with_standing_is_accepted():
    text = '[about]\ntitle = "t"\nnote = "n"\n[n]\nvalue = 0.5\nassumed = "a guess"'
    assert parse_preset(text, "here.toml").values == {"n": 0.5}


@pytest.mark.parametrize("name", ["osteoporotc", "", "../cases/l3-osteoporotic", 3, None, ["a"]])
def test_unknown_name(name):
    with pytest.raises(CaseError) as error:
        load_preset("bones", name)
    assert "healthy" in str(error.value)
    assert name != "osteoporotc" or 'did you mean "osteoporotic"?' in str(error.value)


@pytest.mark.parametrize("name", ["mediun", "bones/medium", "cements/", ""])
def test_unknown_name_to_describe(name):
    with pytest.raises(CaseError) as error:
        describe(name)
    assert "medium" in str(error.value)


def test_values_are_a_fresh_copy():
    load_preset("bones", "metastatic")["region"][0]["porosity"] = -1
    assert load_preset("bones", "metastatic")["region"][0]["porosity"] > 0


def test_default_case_has_what_the_manual_says():
    case = preset("l3-osteoporotic")
    assert case.geometry.preset == "L3"
    assert sorted(o.type for o in case.outlet) == ["B", "C", "D", "S", "S"]
    assert case.injection.cannula.inner_diameter == 2.4e-3
    assert (case.injection.volume, case.injection.flow_rate) == (4e-6, 4e-6 / 60)
    assert case.cement.maximum_viscosity == 75e3


def test_cements_are_in_order_at_the_same_age():
    def viscosity(name):
        c = minimal_case(cement={"preset": name, "age": "4 min"}).cement
        return c.viscosity_zero * 2.718 ** ((c.age - c.reference_age) / c.growth)

    assert viscosity("low") < viscosity("medium") < viscosity("high")


def test_cements_have_what_the_page_says():
    cements = {n: minimal_case(cement={"preset": n}).cement for n in ("low", "medium", "high")}
    assert [c.yield_stress for c in cements.values()] == [0.0, 20.0, 150.0]
    assert [c.cure.setting_time for c in cements.values()] == [660.0, 780.0, 900.0]
    assert [c.working_window for c in cements.values()] == [(180.0, 540.0), (120.0, 720.0), (120.0, 720.0)]
    assert {c.ageing for c in cements.values()} == {"castro-macosko"}


@pytest.mark.parametrize(
    ("name", "celsius", "viscosity"),
    [
        ("mixed", 37, 0.1),
        ("mixed", 22, 5.0),
        ("cold", 22, 5.0),
        ("cold", 37, 0.1),
        ("yellow", 37, 0.093),
        ("fatty", 37, 0.142),
        ("tumour", 20, 5.0),
        ("warm-bovine", 42, 0.04),
        ("warm-bovine", 20, 100.0),
    ],
)
def test_marrows_over_temperature(name, celsius, viscosity):
    marrow = marrow_law(minimal_case(marrow={"preset": name}).marrow)
    assert marrow.viscosity(np.ones(1), np.array([273.15 + celsius])) == pytest.approx(viscosity, rel=0.01)


def test_bovine_marrow_against_the_ratios_of_bryant():
    """10 and 15 times distal marrow, whose own activation energy from the same two ratios is 286 kJ/mol."""
    proximal = marrow_law(minimal_case(marrow={"preset": "warm-bovine"}).marrow)
    distal = Marrow(Newtonian(0.04), 285.5e3, 310.15, 100.0)
    cool = np.array([308.15, 303.15])
    np.testing.assert_allclose(
        proximal.viscosity(np.ones(2), cool) / distal.viscosity(np.ones(2), cool), [10.0, 15.0], rtol=0.01
    )


def test_blood_thins_under_shear():
    blood = marrow_law(minimal_case(marrow={"preset": "haemangioma-thinning"}).marrow)
    warm = np.array(310.15)
    slow, fast = blood.viscosity(np.array([1e-3, 1e3]), warm)
    assert slow == pytest.approx(0.056, rel=1e-3)
    assert fast == pytest.approx(0.004, rel=0.1)
    assert marrow_law(minimal_case(marrow={"preset": "haemangioma"}).marrow).newtonian


def test_preset_files_are_plain_toml():
    for kind, name in ALL:
        tomllib.loads((files("cementflow.presets") / kind / f"{name}.toml").read_text(encoding="utf-8"))
